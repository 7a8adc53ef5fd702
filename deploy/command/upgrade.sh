# ./callcrm upgrade DIR: from the program that was built last to the one whose source lies here now. Whatever fails, the
# former program and a backup of its data remain, and how to go back is said.
# shellcheck shell=bash
. "$parts/backup.sh"
. "$parts/install.sh"

upgrade_backup=
upgrade_swapped=
# With ./callcrm install the program lies in /opt/callcrm and the data are the service's.
of_service=
stamp=$artifacts/host.stamp

run_upgrade() {
  local dir= keep=() port=8080
  while [ $# -gt 0 ]; do
    case $1 in
      --keep) keep=(--keep "${2:-}"); shift ;;
      --port) port=${2:-}; shift ;;
      -*) fail "upgrade does not know '$1' (see ./callcrm help)" ;;
      *) [ -z "$dir" ] || fail "upgrade takes one folder for the backup, not also '$1'"; dir=$1 ;;
    esac
    shift
  done
  [ -n "$dir" ] || fail "upgrade needs the folder for the backup that is made first: ./callcrm upgrade DIR"
  [[ $port =~ ^[0-9]{1,5}$ ]] || fail "--port wants a number, not '$port'"
  need_dotnet
  if service_installed && [ -z "${CallCrm__DataFolder:-}" ]; then
    prepare_service "$dir"
    dir=$(realpath -m "$dir")
  else
    backup_settings
  fi
  [ -e "$host_folder/CallCrm.AllInOne.dll" ] || fail "there is no former program in $host_folder: a new installation needs no upgrade, only ./callcrm up"
  if [ "$(cat "$stamp" 2>/dev/null)" = "$(source_hash)" ]; then
    say "The program is already built from the source that lies here: nothing to upgrade. Bring the new source first (git pull)."
    return 0
  fi
  trap 'upgrade_failed $?' EXIT
  say "1 of 4: building the new program beside the running one ..."
  build_beside
  say "2 of 4: backup ..."
  back_up "$dir" "${keep[@]}"
  say "3 of 4: the new program takes its place ..."
  swap_program
  say "4 of 4: database and restart ..."
  restart_host "$port"
  trap - EXIT
  say "Upgraded. The backup before it: $upgrade_backup; the former program: $host_folder.old"
}

prepare_service() {
  of_service=1
  is_root || fail "the service callcrm is upgraded by root: sudo ./callcrm upgrade $1"
  mkdir -p "$artifacts"
  host_folder=$app/host
  stamp=$app/host.stamp
  [ -e "$1" ] || command install -d -m 700 -o "$service_user" -g "$service_user" "$1"
  as_service test -w "$(realpath -m "$1")" || fail "the user $service_user cannot write to $1, where the backup goes: chown $service_user $1"
}

build_beside() {
  publish_host
  source_hash >"$host_folder.new.stamp"
  [ -z "$of_service" ] || give_to_root "$host_folder.new"
}

# By the new program, which reads any older database; the former may not know how.
back_up() {
  local line run=(nice -n 10 dotnet)
  [ -z "$of_service" ] || { run=(as_service nice -n 10 "$app/dotnet/dotnet"); cd /; }
  line=$("${run[@]}" "$host_folder.new/CallCrm.AllInOne.dll" backup "$@" | tee >(cat >&2) | grep '^callcrm backup: OK ') || fail "without a backup nothing is upgraded"
  upgrade_backup=${line#callcrm backup: OK }
  upgrade_backup=${upgrade_backup%%: database *}
}

swap_program() {
  rm -rf "$host_folder.old"
  mv "$host_folder" "$host_folder.old"
  upgrade_swapped=1
  mv "$host_folder.new" "$host_folder"
  mv "$host_folder.new.stamp" "$stamp"
  if [ -n "$of_service" ]; then
    put_runtime
    put_command
    put_units ''
  fi
}

# The database is migrated by the host as it starts; where none runs, here, so that a fault shows now.
restart_host() {
  local port=$1 pid='' given=''
  if [ -n "$of_service" ] && service_active; then
    # It comes back when the host has said that it is ready.
    systemctl restart callcrm.service || fail "the service callcrm did not start: journalctl -u callcrm -n 50"
  elif [ -n "$of_service" ]; then
    as_service "$app/dotnet/dotnet" "$host_folder/CallCrm.AllInOne.dll" migrate || fail "the database could not be brought to the new version"
    say "The service is not running; start it: systemctl start callcrm"
  elif ! host_runs; then
    dotnet "$host_folder/CallCrm.AllInOne.dll" migrate || fail "the database could not be brought to the new version"
    say "Start it: ./callcrm up"
  elif read -r pid given <"$CallCrm__DataFolder/callcrm.lock" && [ -n "$pid" ] && kill -USR1 "$pid" 2>/dev/null; then
    # It stops first; its answers until then are not the new program's.
    while [ "$(http_status 127.0.0.1 "$given" /health/ready)" = 200 ]; do sleep 0.2; done
    until_ready "$given" "CallCrm, in the terminal where it runs," kill -0 "$pid"
  else
    say "CallCrm runs with the former program: end it where it was started and start ./callcrm up again. It migrates as it starts."
  fi
}

# until_ready PORT WHO COMMAND…: as long as COMMAND says that there is somebody to wait for.
until_ready() {
  local port=$1 who=$2 began=$SECONDS; shift 2
  until [ "$(http_status 127.0.0.1 "$port" /health/ready)" = 200 ]; do
    { "$@" 2>/dev/null && [ $((SECONDS - began)) -lt 200 ]; } || fail "$who did not become ready on port $port"
    sleep 0.5
  done
}

host_runs() { [ -e "$CallCrm__DataFolder/callcrm.lock" ] && ! (flock -n 8) 8<"$CallCrm__DataFolder/callcrm.lock"; }

upgrade_failed() {
  [ "$1" != 0 ] || return 0
  rm -rf "$host_folder.new" "$host_folder.new.stamp"
  if [ -z "$upgrade_swapped" ]; then
    say "The upgrade failed before anything was changed: the former program and its data are as they were." >&2
    return 0
  fi
  # Swapped halfway: the former comes back by itself.
  [ -e "$host_folder" ] || mv "$host_folder.old" "$host_folder"
  if [ -n "$of_service" ]; then
    cat >&2 <<TEXT
The upgrade failed. To go back to the former program and the data from before:
  1. systemctl stop callcrm
  2. rm -r $host_folder; mv $host_folder.old $host_folder; rm $stamp
  3. $app/callcrm restore $upgrade_backup --replace --no-config
  4. systemctl start callcrm
TEXT
    return 0
  fi
  cat >&2 <<TEXT
The upgrade failed. To go back to the former program and the data from before:
  1. end CallCrm where it runs (Ctrl-C)
  2. bring the former source back (git checkout of the former version); restore builds it
  3. ./callcrm restore $upgrade_backup --replace --no-config
  4. ./callcrm up
TEXT
}
