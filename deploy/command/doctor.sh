# ./callcrm doctor: what is wrong with host and PBX. Works whether or not the host runs.
# shellcheck shell=bash

run_doctor() {
  # 1 would say that there are faults; what keeps the doctor from running is 2.
  (need_dotnet; build_host >&2) || exit 2
  need_dotnet
  export CallCrm__DataFolder; CallCrm__DataFolder=$(data_folder)
  export CallCrm__ConfigFile=${CallCrm__ConfigFile:-$repo/deploy/callcrm.json}
  exec dotnet "$host_folder/CallCrm.AllInOne.dll" doctor "$@"
}
