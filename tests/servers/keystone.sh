#!/bin/bash
# A private Keystone on 127.0.0.1, with SQLite.  Needs no root.
#   keystone.sh start BASE PORT    prints its URL; installs what is missing.  The user
#                                  admin has the password admin-secret and the role admin
#                                  in the project admin; the region is one
#   keystone.sh stop BASE
#   keystone.sh again BASE PORT    starts it once more, with all that it knew
#   keystone.sh wipe BASE
# The environment may have TOKEN_LIFE, in seconds.
source "$(dirname "$0")/lib.sh"
act="${1:-}"; BASE="${2:-}"; PORT="${3:-}"
[ -n "$act" ] && [ -n "$BASE" ] || die "usage: keystone.sh start|again BASE PORT; keystone.sh stop|wipe BASE"
mkdir -p "$BASE"; BASE="$(cd "$BASE" && pwd)"
SCRIPTS="$(cd "$(dirname "$0")" && pwd)"
VENV="$CACHE/keystone-30.0.0"

configure() { # configure DIRECTORY
  mkdir -p "$1"
  cat >"$1/keystone.conf" <<E
[database]
connection = sqlite:///$1/keystone.db
[token]
expiration = ${TOKEN_LIFE:-3600}
[fernet_tokens]
key_repository = $1/fernet
[credential]
key_repository = $1/credential
[fernet_receipts]
key_repository = $1/fernet
[identity]
password_hash_rounds = 4
E
}

install_it() { # a database with the admin in it is made once, and copied: that takes a while
  (
    flock 9
    [ -e "$VENV/complete" ] && exit 0
    say "pip install keystone"
    made="$VENV/template"
    log="$CACHE/keystone.log"
    fail() { tail -n 20 "$log" >&2; die "$1"; }
    python3 -m venv --clear "$VENV"
    "$VENV/bin/pip" install -q "keystone==30.0.0" "waitress==3.0.2" >"$log" 2>&1 || fail "pip install failed"
    configure "$made"
    own="--keystone-user $(id -un) --keystone-group $(id -gn)"
    for deed in db_sync "fernet_setup $own" "credential_setup $own" \
      "bootstrap --bootstrap-password admin-secret --bootstrap-region-id one"; do
      "$VENV/bin/keystone-manage" --config-file "$made/keystone.conf" $deed >"$log" 2>&1 || fail "keystone-manage $deed"
    done
    touch "$VENV/complete"
  ) 9>"$CACHE/keystone.lock"
}

wait_for_port() {
  come() { ! port_free "$PORT" || gone "$BASE/run/keystone.pid"; }
  wait_until come || true
  port_free "$PORT" || return 0
  tail -n 20 "$BASE/log/keystone.log" >&2
  stop_one keystone KILL
  die "the server did not come up"
}

run_it() {
  export OS_KEYSTONE_CONFIG_FILES="$BASE/home/keystone.conf" PYTHONWARNINGS=ignore
  spawn keystone "$VENV/bin/python" "$SCRIPTS/keystone_run.py" "$PORT"
  wait_for_port
}

case "$act" in
  start)
    install_it
    port_free "$PORT" || die "port $PORT is taken"
    cp -r "$VENV/template" "$BASE/home"
    configure "$BASE/home"
    run_it
    echo "http://127.0.0.1:$PORT" ;;
  again) run_it ;;
  stop) stop_one keystone TERM ;;
  wipe)
    stop_one keystone TERM
    rm -rf "$BASE/home" "$BASE/log" "$BASE/run" ;;
  *) die "unknown action $act" ;;
esac
