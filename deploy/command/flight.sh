# ./callcrm replay, ./callcrm bundle: what the flight recorder kept. Paths are the caller's own, so the folder is not changed.
# shellcheck shell=bash

run_flight() {
  need_dotnet
  build_host >&2
  export CallCrm__DataFolder; CallCrm__DataFolder=$(data_folder)
  export CallCrm__ConfigFile=${CallCrm__ConfigFile:-$repo/deploy/callcrm.json}
  exec dotnet "$host_folder/CallCrm.AllInOne.dll" "$@"
}
