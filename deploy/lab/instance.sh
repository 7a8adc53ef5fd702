# Shared by lab, phone and call: where an instance lies and what it listens on.
# shellcheck shell=bash
root=${CALLCRM_LAB_CACHE:-/var/cache/callcrm/lab}/root
self=$(basename "$0")
fail() { printf '%s: %s\n' "$self" "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "needs root (chroot and raw sockets do)"

# use_instance NAME: sets home (as Asterisk sees it), folder (as we do).
use_instance() {
  [[ ${1:-} =~ ^[A-Za-z0-9-]{1,40}$ ]] || fail "which instance? (a name of letters, digits, dashes)"
  name=$1
  home=/lab/$name
  folder=$root$home
}

# read_settings: sip, ami, agi, rtp, trunk, node, secret of an instance that was started.
read_settings() {
  [ -f "$folder/run/settings" ] || fail "$name was never started (lab start $name)"
  . "$folder/run/settings"
}

# A UDP port nobody uses on this machine, outside of the range the system hands out by itself.
free_udp_port() {
  local n port
  for n in $(seq 50); do
    port=$((21000 + RANDOM % 9000))
    grep -qi ":$(printf %04X "$port") " /proc/net/udp || { echo "$port"; return; }
  done
  fail "no free UDP port"
}

# A whole number or the end.
number() { [[ $2 =~ ^[0-9]+$ ]] || fail "$1 wants a number, not '$2'"; }
