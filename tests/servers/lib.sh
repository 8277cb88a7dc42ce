# What the scripts of test servers share.  Needs bash, and root on Debian.
# Nothing here kills by name: only recorded pairs of process id and start time.
set -euo pipefail
CACHE="${GLANCE_TEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/glance-tests}"
mkdir -p "$CACHE"

say() { echo "# $*" >&2; }
die() { echo "error: $*" >&2; exit 1; }

# need_apt PKG... : install what is missing, without letting it start services
need_apt() {
  local missing=() p
  for p in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  (
    flock 9
    made=
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
      chmod 755 /usr/sbin/policy-rc.d
      made=1
    fi
    trap '[ -z "$made" ] || rm -f /usr/sbin/policy-rc.d' EXIT
    export DEBIAN_FRONTEND=noninteractive
    say "apt-get install ${missing[*]}"
    install=(apt-get install -y -q --no-install-recommends "${missing[@]}")
    "${install[@]}" >"$CACHE/apt.log" 2>&1 ||
      { apt-get update -q >>"$CACHE/apt.log" 2>&1 && "${install[@]}" >>"$CACHE/apt.log" 2>&1; } ||
      { tail -n 20 "$CACHE/apt.log" >&2; die "apt-get install failed"; }
  ) 9>"$CACHE/apt.lock"
}

# BASE/run/NAME.pid holds "pid starttime": a pid used again is not taken for ours
starttime() { awk '{sub(/^.*\) /,""); print $20}' "/proc/$1/stat" 2>/dev/null || true; }
alive() { # alive PIDFILE
  local pid st
  read -r pid st 2>/dev/null <"$1" || return 1
  [ -n "$pid" ] && [ "$(starttime "$pid")" = "$st" ] &&
    [ "$(awk '{sub(/^.*\) /,""); print $1}' "/proc/$pid/stat" 2>/dev/null)" != Z ]
}
# spawn NAME CMD... : start in its own session, record it; log in BASE/log/NAME.log
spawn() {
  local name="$1" pid i
  shift
  mkdir -p "$BASE/run" "$BASE/log"
  setsid "$@" </dev/null >>"$BASE/log/$name.log" 2>&1 &
  pid=$!
  for i in 1 2 3 4 5; do [ -n "$(starttime $pid)" ] && break; sleep 0.02; done
  echo "$pid $(starttime $pid)" >"$BASE/run/$name.pid"
}
# wait_until CMD... : until it succeeds; on a busy machine that takes a while
wait_until() {
  local end=$((SECONDS + 120))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}
gone() { ! alive "$1"; } # gone PIDFILE
# stop_one NAME SIGNAL : signal it, wait, then kill what is left of its group
stop_one() {
  local f="$BASE/run/$1.pid" pid st i
  if alive "$f"; then
    read -r pid st <"$f"
    kill "-$2" "$pid" 2>/dev/null || true
    for i in $(seq 150); do alive "$f" || break; sleep 0.1; done
    if alive "$f"; then
      kill -KILL -- "-$pid" 2>/dev/null || true
      wait_until gone "$f" || die "$1 cannot be killed"
    fi
  fi
  rm -f "$f"
}
children() { local k; for k in $(cat "/proc/$1/task/"*/children 2>/dev/null); do echo "$k"; children "$k"; done; }
port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# as USER CMD... ; reach USER DIR : whether that user can enter DIR
as() { local u="$1"; shift; setpriv --reuid="$u" --regid="$(id -g "$u")" --clear-groups env HOME=/var/tmp "$@"; }
reach() { setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups test -x "$2" 2>/dev/null; }
