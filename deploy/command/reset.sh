# ./callcrm reset: deletes the data folder, after asking, never under a running host.
# shellcheck shell=bash

run_reset() {
  local yes= folder folders=
  case ${1:-} in
    --yes | -y) yes=1 ;;
    '') ;;
    *) fail "reset does not know '$1' (see ./callcrm help)" ;;
  esac
  for folder in "$(data_folder)" "$(data_folder data-lab)"; do
    [ -d "$folder" ] || continue
    case " $folders " in *" $folder "*) continue ;; esac
    not_the_services "$folder"
    check_not_running "$folder"
    folders="$folders $folder"
  done
  [ -n "$folders" ] || { say "There is no data."; return 0; }
  if [ -z "$yes" ]; then
    [ -t 0 ] || fail "reset asks before it deletes; without a terminal say ./callcrm reset --yes"
    read -r -p "Delete all clients, calls and recordings in$folders? Type yes: " answer
    [ "$answer" = yes ] || { say "Nothing deleted."; return 1; }
  fi
  for folder in $folders; do delete_data "$folder"; done
}

check_not_running() {
  local pid
  if [ -e "$1/callcrm.lock" ]; then
    exec 8<"$1/callcrm.lock"
    flock -n 8 || fail "CallCrm is running on $1; end it first (Ctrl-C where it was started)"
    exec 8<&-
  fi
  # The database outlives a host that was killed.
  while read -r pidfile; do
    pid=$(head -n 1 "$pidfile" 2>/dev/null || true)
    if [[ $pid =~ ^[0-9]+$ ]] && grep -qs postgres "/proc/$pid/comm"; then
      fail "PostgreSQL (process $pid) still runs on $1. It belongs to a host that runs or was killed:
  start ./callcrm up again and end it with Ctrl-C, or stop it: kill -INT $pid"
    fi
  done < <(find "$1" -maxdepth 3 -name postmaster.pid 2>/dev/null)
}

delete_data() {
  # Only what a host has made: a mistyped CallCrm__DataFolder must not cost somebody's home.
  [ -e "$1/callcrm.lock" ] || fail "$1 does not look like a data folder of CallCrm (no callcrm.lock in it); nothing deleted"
  rm -rf --one-file-system "$1"
  say "Deleted $1."
}
