#!/bin/bash
# A private PostgreSQL or MariaDB on 127.0.0.1, with a database and a user "glance".
#   db.sh start BASE PORT postgres|mariadb    prints the database's URL; installs what is missing
#   db.sh stop|kill9|wipe BASE
# kill9 kills the server as a crash would; a start after it finds the same data.
source "$(dirname "$0")/lib.sh"
act="${1:-}"; BASE="${2:-}"; PORT="${3:-}"; KIND="${4:-}"
[ -n "$act" ] && [ -n "$BASE" ] || die "usage: db.sh start BASE PORT postgres|mariadb; db.sh stop|kill9|wipe BASE"
mkdir -p "$BASE"; BASE="$(cd "$BASE" && pwd)"
[ "$(id -u)" = 0 ] || die "needs root: the servers run as their own system users"

datadir() { # datadir USER : one that USER can get to, even if BASE is below a closed home
  if reach "$1" "$BASE"; then echo "$BASE/db"; return; fi
  [ -e "$BASE/db.path" ] || mktemp -d /var/tmp/glance-test-db.XXXXXX >"$BASE/db.path"
  chmod 755 "$(cat "$BASE/db.path")"
  echo "$(cat "$BASE/db.path")/db"
}

wait_for() { # wait_for CMD... : until it succeeds, while the server lives
  come() { "$@" >/dev/null 2>&1 || gone "$BASE/run/db.pid"; }
  wait_until come "$@" || true
  "$@" >/dev/null 2>&1 && return 0
  tail -n 20 "$BASE/log/db.log" >&2
  stop_one db KILL
  die "the server did not come up"
}

start_postgres() {
  need_apt postgresql
  local bin D
  bin="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)"
  D="$(datadir postgres)"
  if [ ! -e "$D/PG_VERSION" ]; then
    mkdir -p "$D"; chown postgres: "$D"; chmod 700 "$D"
    as postgres "$bin/initdb" -D "$D" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >"$BASE/initdb.log" 2>&1 ||
      { cat "$BASE/initdb.log" >&2; die initdb; }
  fi
  rm -f "$D/postmaster.pid"
  spawn db setpriv --reuid=postgres --regid="$(id -g postgres)" --clear-groups "$bin/postgres" -D "$D" -p "$PORT" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c shared_buffers=64MB
  wait_for "$bin/pg_isready" -q -h 127.0.0.1 -p "$PORT"
  q() { "$bin/psql" -qAt -h 127.0.0.1 -p "$PORT" -U postgres "$@"; }
  [ "$(q -c "select 1 from pg_roles where rolname='glance'")" = 1 ] ||
    q -c "create role glance login superuser password 'glance'"
  # It sorts as people do, so that tests see whether the tables ask for their own order.
  [ "$(q -c "select 1 from pg_database where datname='glance'")" = 1 ] ||
    q -c "create database glance owner glance template template0 locale_provider icu icu_locale 'en-US'"
  echo "postgresql://glance:glance@127.0.0.1:$PORT/glance"
}

start_mariadb() {
  need_apt mariadb-server
  local D
  D="$(datadir mysql)"
  if [ ! -e "$D/mysql" ]; then
    mkdir -p "$D"; chown mysql: "$D"
    mariadb-install-db --no-defaults --user=mysql --datadir="$D" --auth-root-authentication-method=normal \
      --skip-test-db >"$BASE/install-db.log" 2>&1 || { tail "$BASE/install-db.log" >&2; die mariadb-install-db; }
  fi
  # No character set is asked for: the tables have to say what they need.
  spawn db mariadbd --no-defaults --user=mysql --datadir="$D" --port="$PORT" --bind-address=127.0.0.1 \
    --socket="$D/s.sock" --pid-file="$D/own.pid" --skip-log-bin --innodb-flush-log-at-trx-commit=2 \
    --innodb-buffer-pool-size=64M --skip-name-resolve
  q() { mariadb --no-defaults -N -h 127.0.0.1 -P "$PORT" -u root "$@"; }
  wait_for q -e 'select 1'
  q -e "create database if not exists glance;
    create user if not exists glance@'127.0.0.1' identified by 'glance'; grant all on *.* to glance@'127.0.0.1'"
  echo "mysql://glance:glance@127.0.0.1:$PORT/glance"
}

case "$act" in
  start)
    port_free "$PORT" || die "port $PORT is taken"
    mkdir -p "$BASE/run"
    echo "$PORT" >"$BASE/run/port"
    case "$KIND" in
      postgres) start_postgres ;;
      mariadb) start_mariadb ;;
      *) die "unknown kind of database: $KIND" ;;
    esac ;;
  # INT is PostgreSQL's fast shutdown; MariaDB takes it for nothing.
  stop)
    if [ -e "$BASE/run/db.pid" ]; then
      read -r pid _ <"$BASE/run/db.pid"
      case "$(cat "/proc/$pid/comm" 2>/dev/null)" in postgres) stop_one db INT ;; *) stop_one db TERM ;; esac
    fi ;;
  kill9)
    alive "$BASE/run/db.pid" || die "not running"
    read -r pid _ <"$BASE/run/db.pid"
    port="$(cat "$BASE/run/port")"
    # Of a process with threads it may be the last of these that closes the port.
    dead() { gone "$BASE/run/db.pid" && port_free "$port"; }
    kill -KILL "$pid" $(children "$pid") 2>/dev/null || true
    wait_until dead || die "the server cannot be killed"
    rm -f "$BASE/run/db.pid" ;;
  wipe)
    stop_one db KILL
    [ ! -e "$BASE/db.path" ] || rm -rf "$(cat "$BASE/db.path")"
    rm -rf "$BASE/db" "$BASE/db.path" "$BASE/log" "$BASE/run" ;;
  *) die "unknown action $act" ;;
esac
