# ./callcrm scripts check [FOLDER]: names file, line and what was expected.
# shellcheck shell=bash

run_scripts() {
  [ "${1:-}" = check ] || fail "scripts knows one thing to do: ./callcrm scripts check [FOLDER]"
  local folder
  folder=$(readlink -f "${2:-$repo/scripts-library}")
  [ -d "$folder" ] || fail "there is no folder ${2:-scripts-library}"
  need_dotnet
  build_host >&2
  # The site's own fields are compared while it runs.
  export CallCrm__DataFolder; CallCrm__DataFolder=$(data_folder)
  export CallCrm__ConfigFile=${CallCrm__ConfigFile:-$repo/deploy/callcrm.json}
  cd "$host_folder"
  exec dotnet CallCrm.AllInOne.dll scripts check "$folder"
}
