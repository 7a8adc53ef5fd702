# ./callcrm backup, ./callcrm restore: DIR is the caller's own, so the folder is not changed.
# shellcheck shell=bash
. "$parts/reset.sh"

run_backup() {
  need_dotnet
  # A timer must not exchange the program under a running host: source that came meanwhile waits for the upgrade.
  knows_backup "$host_folder" || build_host >&2
  backup_settings
  # Calls come first.
  exec nice -n 10 dotnet "$host_folder/CallCrm.AllInOne.dll" backup "$@"
}

run_restore() {
  need_dotnet
  case " $* " in *" --check "*) ;; *)
    [ -n "${ConnectionStrings__CallCrm:-}" ] || need_postgresql
    check_not_running "$(data_folder)" ;;
  esac
  build_host >&2
  backup_settings
  exec dotnet "$host_folder/CallCrm.AllInOne.dll" restore "$@"
}

run_certificate() {
  need_dotnet
  build_host >&2
  backup_settings
  exec dotnet "$host_folder/CallCrm.AllInOne.dll" certificate "$@"
}

knows_backup() { grep -qs BackupCommand "$1/CallCrm.CallFlow.dll"; }

# Where things lie, as the host is told when it starts.
backup_settings() {
  export CallCrm__DataFolder; CallCrm__DataFolder=$(data_folder)
  export CallCrm__ConfigFile=${CallCrm__ConfigFile:-$repo/deploy/callcrm.json}
  export Scripts__Folder=${Scripts__Folder:-$repo/scripts-library}
}
