#!/bin/bash
# A private OpenStack Swift on 127.0.0.1, of one node and one replica: tempauth, large
# objects, quotas, and s3api, which checks signatures.  Needs memcached, and so root
# on Debian where that isn't installed.
#   swift.sh start BASE PROXY ACCOUNT CONTAINER OBJECT MEMCACHED
#                        the last five are ports.  Prints the URL of the proxy;
#                        installs what is missing
#   swift.sh wipe BASE
# The environment may have MAX_FILE_SIZE and TOKEN_LIFE, in bytes and seconds, and
# KEYSTONE, the URL of a Keystone that has a user "swift" for it.
# Users: glance:glance, whose key is glance-secret; glance:guest, with guest-secret,
# who may not do anything; admin:admin, with admin-secret.  They are keys of s3api, too.
source "$(dirname "$0")/lib.sh"
act="${1:-}"; BASE="${2:-}"
[ -n "$act" ] && [ -n "$BASE" ] || die "usage: swift.sh start BASE PORT PORT PORT PORT PORT; swift.sh wipe BASE"
mkdir -p "$BASE"; BASE="$(cd "$BASE" && pwd)"
SCRIPTS="$(cd "$(dirname "$0")" && pwd)"
SERVERS="account container object proxy"
python="$CACHE/swift-2.38.3/bin/python"

install_it() {
  need_apt memcached curl
  (
    flock 9
    [ -e "$CACHE/swift-2.38.3/complete" ] && exit 0
    say "pip install swift"
    python3 -m venv --clear "$CACHE/swift-2.38.3"
    "$CACHE/swift-2.38.3/bin/pip" install -q "swift==2.38.3" "python-swiftclient==4.11.0" \
      "keystonemiddleware==13.0.1" "setuptools<81" >"$CACHE/swift.log" 2>&1 ||
      { tail -n 20 "$CACHE/swift.log" >&2; die "pip install failed"; }
    touch "$CACHE/swift-2.38.3/complete"
  ) 9>"$CACHE/swift.lock"
}

common() { # common PORT : the beginning of each file
  cat <<E
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $1
workers = 0
user = $(id -un)
swift_dir = $BASE/etc
devices = $BASE/data
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_address = /dev/null
recon_cache_path = $BASE/cache
# Its servers wait for each other, however busy the machine is: what a container isn't
# told in time it doesn't list, and nobody tells it later.
conn_timeout = 60
node_timeout = 60
container_update_timeout = 60
E
}

configure_proxy() { # configure_proxy PORT MEMCACHED
  local auth="s3api tempauth"
  [ -z "${KEYSTONE:-}" ] || auth="authtoken keystoneauth"
  common "$1"
  cat <<E
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk $auth copy container-quotas account-quotas slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$2
connect_timeout = 60
pool_timeout = 60
io_timeout = 60
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
dns_compliant_bucket_names = yes
check_bucket_owner = false
min_segment_size = 1
[filter:tempauth]
use = egg:swift#tempauth
token_life = ${TOKEN_LIFE:-86400}
user_glance_glance = glance-secret .admin
user_glance_guest = guest-secret
user_admin_admin = admin-secret .admin .reseller_admin
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = ${KEYSTONE:-}
auth_url = ${KEYSTONE:-}
auth_type = password
username = swift
password = swift-secret
user_domain_id = default
project_name = service
project_domain_id = default
delay_auth_decision = true
[filter:keystoneauth]
use = egg:swift#keystoneauth
operator_roles = admin, member
[filter:copy]
use = egg:swift#copy
[filter:container-quotas]
use = egg:swift#container_quotas
[filter:account-quotas]
use = egg:swift#account_quotas
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
E
}

configure_rest() { # configure_rest ACCOUNT CONTAINER OBJECT
  local kind
  cat >"$BASE/etc/swift.conf" <<E
[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = tests
[storage-policy:0]
name = gold
default = yes
[swift-constraints]
max_file_size = ${MAX_FILE_SIZE:-5368709122}
# Of some file systems an inode takes no more than 4 kB of attributes.
max_meta_overall_size = 2048
E
  for kind in account container object; do
    common "$1" >"$BASE/etc/$kind-server.conf"
    cat >>"$BASE/etc/$kind-server.conf" <<E
[pipeline:main]
pipeline = healthcheck $kind-server
[app:$kind-server]
use = egg:swift#$kind
[filter:healthcheck]
use = egg:swift#healthcheck
E
    "$python" - "$BASE/etc/$kind.ring.gz" "$1" <<'P'
import sys
from swift.common.ring import RingBuilder
builder = RingBuilder(6, 1, 0)
builder.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=int(sys.argv[2]), device="d1", weight=1.0,
                     replication_ip="127.0.0.1", replication_port=int(sys.argv[2]), meta=""))
builder.rebalance()
builder.get_ring().save(sys.argv[1])
P
    shift
  done
}

give_up() {
  local kind
  tail -n 20 "$BASE"/log/*.log >&2
  for kind in $SERVERS memcached; do stop_one "$kind" KILL; done
  die "$1"
}

wait_for() { # wait_for PORT NAME : until it answers, while it lives
  ask() { curl -sf --noproxy '*' -o /dev/null -m 60 "http://127.0.0.1:$1/healthcheck"; }
  come() { ask "$1" || gone "$BASE/run/$2.pid"; }
  wait_until come "$@" || true
  ask "$1" && return 0
  give_up "the $2 server did not come up"
}

start_it() { # start_it PROXY ACCOUNT CONTAINER OBJECT MEMCACHED
  local port kind
  for port in "$@"; do port_free "$port" || die "port $port is taken"; done
  mkdir -p "$BASE/etc" "$BASE/data/d1" "$BASE/cache"
  "$python" - "$BASE/data" <<'P' || die "$BASE takes no attributes of files; use another TMPDIR"
import os, sys, tempfile
with tempfile.NamedTemporaryFile(dir=sys.argv[1]) as file:
    os.setxattr(file.name, "user.t", b"x" * 2000)
P
  configure_proxy "$1" "$5" >"$BASE/etc/proxy-server.conf"
  configure_rest "$2" "$3" "$4"
  spawn memcached memcached -u "$(id -un)" -l 127.0.0.1 -p "$5" -U 0 -m 64
  export PYTHONWARNINGS=ignore
  for kind in $SERVERS; do
    spawn "$kind" "$python" "$SCRIPTS/swift_run.py" "$BASE/etc" "$kind" "$BASE/etc/$kind-server.conf" -v
  done
  wait_for "$2" account
  wait_for "$3" container
  wait_for "$4" object
  wait_for "$1" proxy
  echo "http://127.0.0.1:$1"
}

case "$act" in
  start)
    shift 2
    [ $# = 5 ] || die "five ports are needed"
    install_it
    start_it "$@" ;;
  wipe)
    for kind in proxy object container account memcached; do stop_one "$kind" TERM; done
    rm -rf "$BASE"/data "$BASE"/etc "$BASE"/cache "$BASE"/log "$BASE"/run ;;
  *) die "unknown action $act" ;;
esac
