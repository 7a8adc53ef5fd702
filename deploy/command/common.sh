# Shared by the parts of ./callcrm: messages, what the machine must have, the build.
# shellcheck shell=bash

artifacts=$repo/artifacts
host_folder=$artifacts/host

# Where ./callcrm install puts things.
app=/opt/callcrm
state=/var/lib/callcrm
settings=/etc/callcrm
service_user=callcrm

# The installed command has no sources beside it, but the program.
is_installed_copy() { [ ! -d "$repo/src" ] && [ -e "$repo/host/CallCrm.AllInOne.dll" ]; }
! is_installed_copy || host_folder=$repo/host

service_installed() { [ -e /etc/systemd/system/callcrm.service ] && [ -e "$app/host/CallCrm.AllInOne.dll" ]; }

# as_service COMMAND…: as the service's user, with the service's environment.
as_service() {
  local vars=(CallCrm__DataFolder="$state" CallCrm__ConfigFile="$settings/callcrm.json" Scripts__Folder="$settings/scripts" HOME="$state" LANG=C.UTF-8) line value
  if ! is_root; then
    [ "$(id -un)" = "$service_user" ] || fail "this is for root or the user $service_user: sudo $app/callcrm ..."
    env "${vars[@]}" "$@"
    return
  fi
  if [ -r "$settings/environment" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      [[ $line =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || continue
      value=${line#*=}
      case $value in \"*\" | \'*\') value=${value:1:${#value}-2} ;; esac
      vars+=("${line%%=*}=$value")
    done <"$settings/environment"
  fi
  env -i PATH="$PATH" "${vars[@]}" setpriv --reuid "$service_user" --regid "$service_user" --init-groups "$@"
}

# For what works on data of its own: not on the service's.
not_the_services() {
  if service_installed && [ "$(realpath -m "$1")" = "$state" ]; then
    fail "$1 is the data of the installed service callcrm; name another folder: CallCrm__DataFolder=/some/folder ./callcrm $command"
  fi
}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Build processes that outlive the command would look like something left running.
export MSBUILDDISABLENODEREUSE=1

say() { printf '%s\n' "$*"; }
fail() { printf 'callcrm: %s\n' "$*" >&2; exit 1; }

is_root() { [ "$(id -u)" = 0 ]; }

# True when apt-get can be used: as root, or through sudo (which may ask for the password on a terminal).
can_install() {
  command -v apt-get >/dev/null || return 1
  is_root && return 0
  command -v sudo >/dev/null || return 1
  sudo -n true 2>/dev/null || [ -t 0 ]
}

as_root() { if is_root; then "$@"; else sudo "$@"; fi; }

need_dotnet() {
  local home_dotnet=${HOME:-/nonexistent}/.dotnet
  if ! command -v dotnet >/dev/null && [ -x "$home_dotnet/dotnet" ]; then PATH=$home_dotnet:$PATH; fi
  local sdks
  sdks=$(dotnet --list-sdks 2>/dev/null) || true
  # No "| grep -q": it ends at the first match, and dotnet's broken pipe would count as a missing SDK.
  if ! grep -q '^10\.' <<<"$sdks"; then
    fail "the .NET 10 SDK is missing. Install it (https://dotnet.microsoft.com/download/dotnet/10.0, or
  curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0), then start again."
  fi
  [ -n "${HOME:-}" ] || export DOTNET_CLI_HOME=/tmp
}

# present NAME: the thing that package NAME brings is here.
present() {
  case $1 in
    postgresql) [ -n "$(compgen -G '/usr/lib/postgresql/*/bin/initdb')" ] || command -v initdb >/dev/null ;;
    sip-tester) command -v sipp >/dev/null ;;
    systemd-container) command -v systemd-nspawn >/dev/null ;;
    nginx) [ -x /usr/sbin/nginx ] ;;
    debootstrap) [ -x /usr/sbin/debootstrap ] || command -v debootstrap >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# missing NAME…: those that are not here, on one line.
missing() {
  local name list=
  for name in "$@"; do present "$name" || list="$list $name"; done
  printf '%s' "${list# }"
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
    -o Acquire::Retries=3 "$@" >>"$artifacts/install.log" 2>&1
}

# install NAME…: installs those that are missing; false when that cannot be done here.
install() {
  local list; list=$(missing "$@")
  [ -z "$list" ] && return 0
  can_install || return 1
  mkdir -p "$artifacts"
  say "Installing $list ..."
  : >"$artifacts/install.log"
  apt update || say "  (apt-get update failed; trying with the lists that are here)"
  case " $list " in
    *" postgresql "*)
      # CallCrm runs a cluster of its own; the package's would only take port 5432 and memory.
      apt install -y --no-install-recommends postgresql-common || { tail -n 15 "$artifacts/install.log" >&2; return 1; }
      as_root sed -ri 's/^#?\s*create_main_cluster\s*=.*/create_main_cluster = false/' \
        /etc/postgresql-common/createcluster.conf ;;
  esac
  # Programs for the tests are not to be started as services (nginx would take port 80).
  local quiet=''
  case " $list " in *" nginx "*)
    if [ ! -e /usr/sbin/policy-rc.d ]; then
      quiet=1
      printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
      as_root chmod 755 /usr/sbin/policy-rc.d
    fi ;;
  esac
  # shellcheck disable=SC2086
  apt install -y --no-install-recommends $list || { tail -n 15 "$artifacts/install.log" >&2; list=failed; }
  [ -z "$quiet" ] || as_root rm -f /usr/sbin/policy-rc.d
  [ "$list" != failed ] || return 1
  list=$(missing "$@")
  [ -z "$list" ] || { say "  still missing after the installation: $list" >&2; return 1; }
}

need_postgresql() {
  [ -n "${ConnectionStrings__CallCrm:-}" ] && return 0
  install postgresql || fail "PostgreSQL is missing and cannot be installed from here. Install it with
  sudo apt-get install postgresql
or name a server of your own: ConnectionStrings__CallCrm='Host=…;Database=…;Username=…;Password=…'."
}

# The data folder. The embedded PostgreSQL never runs as root; as root it runs as user postgres, who
# must be able to walk down to the folder (not so below /root, for example).
data_folder() {
  local name=${1:-data} fallback=/var/lib/callcrm
  [ "$name" = data ] || fallback=/var/lib/callcrm-${name#data-}
  if [ -n "${CallCrm__DataFolder:-}" ]; then printf '%s' "$CallCrm__DataFolder"
  elif is_root && ! reachable_for_postgres "$repo"; then printf '%s' "$fallback"
  else printf '%s' "$repo/$name"; fi
}

reachable_for_postgres() {
  local user=postgres
  id -u postgres >/dev/null 2>&1 || user=nobody
  setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups test -x "$1" 2>/dev/null
}

# One number for everything the published host is made from.
source_hash() {
  (
    cd "$repo"
    dotnet --version
    find src docs/guides Directory.Build.props Directory.Packages.props global.json BannedSymbols.txt .editorconfig -type f \
      -not -path '*/bin/*' -not -path '*/obj/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  ) | sha256sum | cut -d' ' -f1
}

# publish_host [compiled]: into $host_folder.new. Without the analyzers, which take nearly half of the time, and so apart from what the tests
# compile; "compiled" takes that, when it was just made.
publish_host() {
  local log=$artifacts/build.log apart=(-p:RunAnalyzers=false -p:ArtifactsPath="$artifacts/host-build")
  [ "${1:-}" != compiled ] || apart=()
  mkdir -p "$artifacts"
  rm -rf "$host_folder.new"
  if ! dotnet publish "$repo/src/AllInOne" -c Release -o "$host_folder.new" -v quiet -nologo "${apart[@]}" >"$log" 2>&1 9>&-; then
    tail -n 30 "$log" >&2
    fail "the build failed; all of its output is in $log"
  fi
}

# build_host [compiled]: publishes the all-in-one host, only when its sources changed since the last time.
build_host() {
  local hash stamp=$artifacts/host.stamp started=$SECONDS
  hash=$(source_hash)
  if [ -f "$host_folder/CallCrm.AllInOne.dll" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then return 0; fi
  say "Building (about two minutes the first time) ..."
  rm -f "$stamp"
  publish_host "$@"
  rm -rf "$host_folder"
  mv "$host_folder.new" "$host_folder"
  printf '%s' "$hash" >"$stamp"
  say "  built in $((SECONDS - started)) s"
}

# http_status HOST PORT PATH: the status code, empty when nobody answers. (No curl on a bare Debian.)
http_status() {
  timeout 5 bash -c '
    exec 3<>"/dev/tcp/$0/$1" || exit
    printf "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n" "$2" "$0" "$1" >&3
    read -r _ status _ <&3 && printf %s "$status"' "$1" "$2" "$3" 2>/dev/null || true
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
