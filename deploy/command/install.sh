# ./callcrm install: CallCrm as a systemd service under a user of its own. Run again, it brings what is missing and changes
# neither settings nor data; a new program comes by ./callcrm upgrade, which makes a backup first.
# shellcheck shell=bash

unit_folder=/etc/systemd/system

run_install() {
  local port=8080 agi_port=4573 demo=false backups='' remove='' given_port='' names='' https_port=443 certificate='' key=''
  while [ $# -gt 0 ]; do
    case $1 in
      --port) port=${2:-}; given_port=1; shift ;;
      --agi-port) agi_port=${2:-}; shift ;;
      --backup) backups=${2:-}; [ -n "$backups" ] || fail "--backup needs a folder"; shift ;;
      --https) names=${2:-}; [ -n "$names" ] || fail "--https needs the name by which browsers come, such as callcenter.example.com (several: with commas)"; shift ;;
      --https-port) https_port=${2:-}; shift ;;
      --certificate) certificate=${2:-}; shift ;;
      --key) key=${2:-}; shift ;;
      --demo) demo=true ;;
      --uninstall) remove=1 ;;
      *) fail "install does not know '$1' (see ./callcrm help)" ;;
    esac
    shift
  done
  is_port "$port" || fail "--port wants a number from 1 to 65535, not '$port'"
  is_port "$agi_port" || fail "--agi-port wants a number from 1 to 65535, not '$agi_port'"
  [[ -z $backups || $backups =~ ^/[A-Za-z0-9._/-]+$ ]] || fail "--backup wants a whole path of letters, digits, '.', '_' and '-', not '$backups'"
  check_https "$names" "$https_port" "$certificate" "$key"
  [ "$port" != "$agi_port" ] || fail "--port and --agi-port are both $port: two services cannot share a port"
  [ -z "$names" ] || { [ "$https_port" != "$port" ] && [ "$https_port" != "$agi_port" ]; } || fail "--https-port is $https_port, as --port or --agi-port is: two services cannot share a port"
  is_root || fail "install needs root: sudo ./callcrm install"
  if [ -n "$remove" ]; then uninstall; return; fi
  [ -d /run/systemd/system ] || fail "no systemd runs this machine (there is no /run/systemd/system): start CallCrm by ./callcrm up instead"
  check_first "$given_port" "$port" "$names" "$https_port" "$certificate" "$key"
  need_dotnet
  unset ConnectionStrings__CallCrm
  need_postgresql
  install ffmpeg || say "ffmpeg is missing and cannot be installed: recordings cannot be played until it is."
  service_active || check_ports "$port" "$agi_port"
  [ -z "$names" ] || service_active || ! port_taken "$https_port" || fail "port $https_port, where browsers of other machines come, is in use by another program: end it, or choose another with --https-port"
  build_host
  make_user
  check_readable "$certificate" "$key"
  take_over_data
  put_runtime
  put_program
  put_command
  put_settings "$port" "$agi_port" "$demo" "$names" "$https_port" "$certificate" "$key"
  put_units "$backups"
  [ -z "$names" ] || [ -n "$certificate" ] || [ -e "$state/tls/ca.pem" ] || own_certificate "$names"
  start_service
  tell_installed
}

# check_first GIVEN_PORT PORT NAMES HTTPS_PORT CERTIFICATE KEY: run again, the same does no harm (one that failed half way has written
# the settings already); what would be changed is not, and that is said instead of passed over.
check_first() {
  local file=$settings/callcrm.json given=''
  [ -e "$file" ] || return 0
  [ -z "$1" ] || [ "$2" = "$(page_port)" ] || fail "--port is for the first installation; now the port stands in $file (Web:Urls)"
  [ -n "$3" ] || return 0
  [ -z "$5" ] || given="\"CertificateFile\": \"$5\", \"CertificateKeyFile\": \"$6\""
  grep -q "https://[^\";/]*:$4[\";]" "$file" && if [ -n "$given" ]; then grep -qF "$given" "$file"; else ! grep -q '"CertificateFile"' "$file"; fi ||
    fail "--https is for the first installation; now its port and certificate stand in $file (Web; docs/operations.md, HTTPS)"
}

# check_https NAMES PORT CERTIFICATE KEY: what can be said before anything is made.
check_https() {
  local names=$1 port=$2 certificate=$3 key=$4 file check
  if [ -z "$names" ]; then
    [ -z "$certificate$key" ] || fail "--certificate and --key go with --https NAME, the name that the certificate is for"
    return 0
  fi
  [[ $names =~ ^[A-Za-z0-9.:_-]+(,[A-Za-z0-9.:_-]+)*$ ]] || fail "--https wants names or addresses with commas between them, not '$names'"
  is_port "$port" || fail "--https-port wants a number from 1 to 65535, not '$port'"
  if [ -z "$certificate$key" ]; then return 0; fi
  [ -n "$certificate" ] && [ -n "$key" ] || fail "--certificate and --key are given together: the certificate's chain and its key, both PEM files"
  for file in "$certificate" "$key"; do
    [[ $file =~ ^/[A-Za-z0-9._/-]+$ ]] || fail "--certificate and --key want whole paths of letters, digits, '.', '_' and '-', not '$file'"
    [ -s "$file" ] || fail "there is no file $file"
    case $(readlink -f "$file") in
      /home/* | /root/* | /run/user/* | /tmp/* | /var/tmp/*) fail "$file is where the service cannot look (no home, no /tmp): lay a copy into /etc/ssl/callcrm, renewed by your certificate's own hook" ;;
    esac
  done
  grep -q -- '-----BEGIN CERTIFICATE-----' "$certificate" || fail "$certificate is no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
  grep -q -- '-----BEGIN .*PRIVATE KEY-----' "$key" || fail "$key is no key in PEM form (-----BEGIN PRIVATE KEY-----)"
  command -v openssl >/dev/null || return 0
  openssl x509 -in "$certificate" -noout -checkend 0 >/dev/null 2>&1 || fail "the certificate $certificate has ended, or cannot be read: $(openssl x509 -in "$certificate" -noout -enddate 2>&1 | tail -n 1)"
  [ "$(openssl x509 -in "$certificate" -noout -pubkey 2>/dev/null)" = "$(openssl pkey -in "$key" -pubout 2>/dev/null </dev/null)" ] || fail "$key is not the key of the certificate $certificate, or has a password"
  for file in ${names//,/ }; do
    # To -checkip, whatever is no address "does match" (OpenSSL 3.0).
    check=-checkhost
    [[ $file =~ ^[0-9.]+$ || $file == *:* ]] && check=-checkip
    openssl x509 -in "$certificate" -noout $check "$file" 2>/dev/null | grep -q 'does match' ||
      fail "the certificate $certificate is not for $file: $(openssl x509 -in "$certificate" -noout -ext subjectAltName 2>/dev/null | tail -n 1)"
  done
}

# The service reads them where they lie, so that a renewal is taken without a restart.
check_readable() {
  local file
  for file in "$@"; do
    [ -z "$file" ] || as_service test -r "$file" ||
      fail "the user $service_user cannot read $file: lay copies where it can, such as /etc/ssl/callcrm (chown root:$service_user, chmod 640), renewed by your certificate's own hook"
  done
}

# An authority of its own and a certificate for these names; prints how each system comes to trust it.
own_certificate() {
  local names
  IFS=, read -r -a names <<<"$1"
  (cd / && as_service "$app/dotnet/dotnet" "$app/host/CallCrm.AllInOne.dll" certificate "${names[@]}") ||
    fail "the certificate could not be made; what it said stands above. Again: $app/callcrm certificate ${names[*]}"
}

is_port() { [[ $1 =~ ^[0-9]{1,5}$ ]] && [ "$1" -ge 1 ] && [ "$1" -le 65535 ]; }

service_active() { systemctl is-active --quiet callcrm.service; }

# The port of the page as the settings name it.
page_port() {
  local found
  found=$(sed -nE 's#.*"Urls"[[:space:]]*:[[:space:]]*"https?://[^"/]*:([0-9]+).*#\1#p' "$settings/callcrm.json" 2>/dev/null | head -n 1)
  printf '%s' "${found:-8080}"
}

check_ports() {
  local port=$1
  [ ! -e "$settings/callcrm.json" ] || port=$(page_port)
  if port_taken "$port"; then
    fail "port $port is in use by another program: end it (is ./callcrm up running?), or choose another with --port$([ ! -e "$settings/callcrm.json" ] || echo ", now Web:Urls in $settings/callcrm.json")"
  fi
  [ -e "$settings/callcrm.json" ] || ! port_taken "$2" || fail "port $2, where the PBX asks for routes, is in use by another program: end it, or choose another with --agi-port"
}

make_user() {
  id -u "$service_user" >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$service_user" ||
    fail "the user $service_user could not be made"
  # The PBX on this machine: its recordings and its CEL file are its group's.
  ! getent group asterisk >/dev/null || usermod -aG asterisk "$service_user"
}

# What ./callcrm up as root may have left here belongs to other users.
take_over_data() {
  . "$parts/reset.sh"
  command install -d -m 750 "$state"
  if [ "$(stat -c %U "$state")" != "$service_user" ]; then
    if [ -e "$state/postgres/PG_VERSION" ]; then
      check_not_running "$state"
      say "The data in $state is the service's from now on."
    fi
    chown -R "$service_user:$service_user" "$state"
  fi
}

# The .NET that runs it: the system's, or a copy where that lies in somebody's home, which the service cannot see.
put_runtime() {
  local from name
  from=$(dirname "$(readlink -f "$(command -v dotnet)")")
  command install -d -m 755 "$app"
  case $from in
    /root/* | /home/* | /tmp/*)
      # Not under a running host without need.
      [ ! -L "$app/dotnet" ] && [ "$(ls "$app/dotnet/shared/Microsoft.AspNetCore.App" 2>/dev/null)" = "$(ls "$from/shared/Microsoft.AspNetCore.App")" ] && return 0
      rm -rf "$app/dotnet.new"
      mkdir "$app/dotnet.new"
      for name in dotnet host shared LICENSE.txt ThirdPartyNotices.txt; do [ ! -e "$from/$name" ] || cp -r "$from/$name" "$app/dotnet.new/"; done
      rm -rf "$app/dotnet"
      mv "$app/dotnet.new" "$app/dotnet" ;;
    *)
      [ -L "$app/dotnet" ] || rm -rf "$app/dotnet"
      ln -sfn "$from" "$app/dotnet" ;;
  esac
  as_service "$app/dotnet/dotnet" --list-runtimes 2>/dev/null | grep -c '^Microsoft.AspNetCore.App 10\.' >/dev/null ||
    fail "the user $service_user cannot run .NET in $from: install the ASP.NET Core 10 runtime for the whole machine"
}

put_program() {
  if [ -e "$app/host/CallCrm.AllInOne.dll" ] && [ -e "$state/postgres/PG_VERSION" ]; then
    [ "$(cat "$app/host.stamp" 2>/dev/null)" = "$(cat "$artifacts/host.stamp")" ] ||
      say "The installed program is of another source than the one here; ./callcrm upgrade DIR brings this one, with a backup first."
    return 0
  fi
  rm -rf "$app/host.new"
  cp -r "$host_folder" "$app/host.new"
  give_to_root "$app/host.new"
  rm -rf "$app/host"
  mv "$app/host.new" "$app/host"
  cp "$artifacts/host.stamp" "$app/host.stamp"
}

give_to_root() { chown -R root:root "$1"; chmod -R u=rwX,go=rX "$1"; }

# The command for this installation: backup, restore, doctor and so on, run as the service's user.
put_command() {
  rm -rf "$app/deploy"
  mkdir -p "$app/deploy"
  cp -r "$repo/deploy/command" "$repo/deploy/systemd" "$app/deploy/"
  cp "$repo/callcrm" "$app/callcrm"
  give_to_root "$app/deploy"
  chown root:root "$app/callcrm"
  chmod 755 "$app/callcrm"
}

# The service cannot write its settings (ProtectSystem=strict); restore, which runs as the same user, can.
put_settings() {
  local zone urls="http://127.0.0.1:$1" files=''
  [ -z "$4" ] || urls="$urls;https://0.0.0.0:$5"
  [ -z "$6" ] || files=", \"CertificateFile\": \"$6\", \"CertificateKeyFile\": \"$7\""
  command install -d -m 750 -o "$service_user" -g "$service_user" "$settings"
  if [ ! -e "$settings/callcrm.json" ]; then
    zone=$(timedatectl show -p Timezone --value 2>/dev/null || cat /etc/timezone 2>/dev/null || true)
    [[ $zone =~ ^[A-Za-z]+/[A-Za-z_/+-]+$ && $zone != Etc/* ]] || zone=Europe/Rome
    cat >"$settings/callcrm.json" <<JSON
{
  "Router": { "Domain": "main", "AgiAddress": "127.0.0.1", "AgiPort": $2 },
  "Pbx": [],
  "Demo": { "Enabled": $3 },
  "Web": { "Urls": "$urls"$files },
  "Site": { "TimeZone": "$zone" }
}
JSON
  fi
  chown "$service_user:$service_user" "$settings/callcrm.json"
  chmod 640 "$settings/callcrm.json"
  if [ ! -d "$settings/scripts" ]; then
    cp -r "$repo/scripts-library" "$settings/scripts"
    chown -R "$service_user:$service_user" "$settings/scripts"
    chmod -R u=rwX,g=rX,o= "$settings/scripts"
  fi
  if [ ! -e "$settings/environment" ]; then
    (
      umask 077
      cat >"$settings/environment" <<'TEXT'
# Secrets and whatever else goes over callcrm.json: Section__Key=value, one a line. Read by root alone.
#Pbx__0__Secret=
#ConnectionStrings__CallCrm=Host=db.example;Database=callcrm;Username=callcrm;Password=
TEXT
    )
  fi
}

# put_units BACKUPS: sets "units_changed" when the service must be told.
put_units() {
  local backups=$1
  units_changed=
  put_unit callcrm.service cat "$repo/deploy/systemd/callcrm.service"
  if [ -n "$backups" ]; then
    [ -d "$backups" ] || command install -d -m 700 -o "$service_user" -g "$service_user" "$backups"
    as_service test -w "$backups" || fail "the user $service_user cannot write to $backups: chown $service_user $backups"
    put_unit callcrm-backup.service sed "s#@FOLDER@#$backups#" "$repo/deploy/systemd/callcrm-backup.service"
    put_unit callcrm-backup.timer cat "$repo/deploy/systemd/callcrm-backup.timer"
  fi
  systemctl daemon-reload
  [ -z "$backups" ] || systemctl enable --quiet --now callcrm-backup.timer
}

put_unit() {
  local name=$1; shift
  if "$@" | cmp -s - "$unit_folder/$name"; then return 0; fi
  "$@" >"$unit_folder/$name.new"
  chmod 644 "$unit_folder/$name.new"
  mv "$unit_folder/$name.new" "$unit_folder/$name"
  [ "$name" != callcrm.service ] || units_changed=1
}

# Returns when the host has said that it is ready.
start_service() {
  local how=start
  [ -z "$units_changed" ] || how=restart
  systemctl enable --quiet callcrm.service
  systemctl reset-failed callcrm.service 2>/dev/null || true
  if ! systemctl "$how" callcrm.service; then
    journalctl -u callcrm.service -n 30 -o cat --no-pager >&2 || true
    fail "the service callcrm did not start; what it said stands above (journalctl -u callcrm)"
  fi
}

tell_installed() {
  local n link='' invocation others
  invocation=$(systemctl show -p InvocationID --value callcrm.service)
  say
  say "CallCrm runs as the service callcrm: http://127.0.0.1:$(page_port)"
  others=$(sed -nE 's#.*"Urls"[[:space:]]*:[[:space:]]*"[^"]*https://[^":]*:([0-9]+).*#\1#p' "$settings/callcrm.json" | head -n 1)
  if [ -n "$others" ]; then say "  for other machines by HTTPS, port $others"; else say "  for this machine alone; other machines need HTTPS: docs/operations.md"; fi
  for n in 1 2 3 4 5 6 7 8 9 10; do
    link=$(journalctl -o cat --no-pager "_SYSTEMD_INVOCATION_ID=$invocation" 2>/dev/null | grep '^Sign in:' || true)
    [ -z "$link" ] || break
    [ -z "$units_changed" ] && [ "$n" -ge 3 ] && break
    sleep 0.3
  done
  [ -z "$link" ] || sed 's/^/  /' <<<"$link"
  cat <<TEXT
  program $app, data $state, settings $settings/callcrm.json, scripts $settings/scripts,
  secrets $settings/environment (then: systemctl restart callcrm), log: journalctl -u callcrm
  $app/callcrm doctor | backup | restore | certificate
TEXT
}

uninstall() {
  [ -e "$unit_folder/callcrm.service" ] || [ -e "$app/host/CallCrm.AllInOne.dll" ] || fail "CallCrm is not installed here"
  if [ -d /run/systemd/system ]; then
    systemctl disable --quiet --now callcrm-backup.timer 2>/dev/null || true
    systemctl disable --quiet --now callcrm.service 2>/dev/null || true
  fi
  rm -f "$unit_folder"/callcrm.service "$unit_folder"/callcrm-backup.service "$unit_folder"/callcrm-backup.timer
  [ ! -d /run/systemd/system ] || systemctl daemon-reload
  # Only what an installation has made.
  rm -rf "$app/host" "$app/host.new" "$app/host.old" "$app/host.stamp" "$app/dotnet" "$app/deploy" "$app/callcrm"
  rmdir "$app" 2>/dev/null || say "$app holds something else and stays."
  say "The service and its program are gone. Data ($state), settings ($settings) and the user $service_user stay; ./callcrm install takes them up again.
To delete them for good: rm -r $state $settings; userdel $service_user"
}
