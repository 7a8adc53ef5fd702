# /opt/callcrm/callcrm: what can be done with the installed CallCrm, all of it as the service's user.
# shellcheck shell=bash

run_installed() {
  local command=$1; shift
  case $command in
    doctor | replay | bundle) as_service "$app/dotnet/dotnet" "$host_folder/CallCrm.AllInOne.dll" "$command" "$@" ;;
    backup) back_up_installed "$@" ;;
    restore) restore_installed "$@" ;;
    certificate) as_service "$app/dotnet/dotnet" "$host_folder/CallCrm.AllInOne.dll" certificate "$@" ;;
    scripts) as_service "$app/dotnet/dotnet" "$host_folder/CallCrm.AllInOne.dll" scripts check "$settings/scripts" ;;
    install) [ "${1:-}" = --uninstall ] || fail "install is run from the source folder; here only install --uninstall"
      . "$parts/install.sh"; run_install "$@" ;;
    help | -h | --help) usage ;;
    *) fail "'$command' is run from the source folder; here: doctor, backup, restore, certificate, replay, bundle, scripts check, install --uninstall" ;;
  esac
}

back_up_installed() {
  local args=() word
  for word in "$@"; do
    case $word in
      -* | [0-9] | [0-9][0-9] | [0-9][0-9][0-9]) args+=("$word") ;;
      *) args+=("$(realpath -m -- "$word")")
        # Root may make a folder where the service's user may not.
        if is_root && [ ! -e "$word" ]; then command install -d -m 700 -o "$service_user" -g "$service_user" "$word"; fi ;;
    esac
  done
  cd /
  as_service nice -n 10 "$app/dotnet/dotnet" "$host_folder/CallCrm.AllInOne.dll" backup "${args[@]}"
}

restore_installed() {
  local args=() word
  case " $* " in *" --check "*) ;; *)
    ! systemctl is-active --quiet callcrm.service 2>/dev/null || fail "CallCrm is running: systemctl stop callcrm, then restore again" ;;
  esac
  for word in "$@"; do case $word in -*) args+=("$word") ;; *) args+=("$(realpath -m -- "$word")") ;; esac; done
  cd /
  as_service "$app/dotnet/dotnet" "$host_folder/CallCrm.AllInOne.dll" restore "${args[@]}"
  chmod 640 "$settings/callcrm.json"
}
