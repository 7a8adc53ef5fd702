# ./callcrm lab: a real Asterisk, SIP phones that answer, callers that call, and the host in front of it.
# shellcheck shell=bash
. "$parts/up.sh"

lab_name=callcrm
lab_phones=
lab_callers=

run_lab() {
  local port=8080 rate=12 calls=0 verbose=
  while [ $# -gt 0 ]; do
    case $1 in
      --port) port=${2:-}; shift ;;
      --rate) rate=${2:-}; shift ;;
      --calls) calls=${2:-}; shift ;;
      --verbose | -v) verbose=1 ;;
      *) fail "lab does not know '$1' (see ./callcrm help)" ;;
    esac
    shift
  done
  [[ $port =~ ^[0-9]{1,5}$ ]] || fail "--port wants a number, not '$port'"
  [[ $rate =~ ^[1-9][0-9]{0,3}$ ]] || fail "--rate wants calls per minute (1 to 9999), not '$rate'"
  [[ $calls =~ ^[0-9]{1,6}$ ]] || fail "--calls wants a number (0: without end), not '$calls'"
  is_root || fail "the lab's Asterisk lives in a folder of its own (chroot), which needs root: sudo ./callcrm lab"
  need_dotnet
  need_postgresql
  install sip-tester ffmpeg espeak-ng debootstrap || fail "the lab needs $(missing sip-tester ffmpeg espeak-ng debootstrap)"
  "$repo/deploy/lab/make-root" >/dev/null
  build_host
  trap 'stop_lab; exit 0' INT TERM HUP
  trap stop_lab EXIT
  start_lab
  start_host "$(data_folder data-lab)" "$port" "$verbose"
  start_callers "$rate" "$calls"
  say "  Sit down at extension 110, or any from 101 on, and become available: its phone rings and answers by itself."
  say "  A call comes each $((60 / rate > 0 ? 60 / rate : 1)) s or so. Asterisk's console: deploy/lab/lab cli $lab_name 'core show channels'"
  say "  Ctrl-C ends it all; the data stays in $host_data."
  wait_for_host
}

start_lab() {
  # The demo's name, so that the demo's extensions are this Asterisk's, too.
  local node=demo sip=15060 ami=15038 agi=14573 folder
  say "Starting Asterisk ..."
  "$repo/deploy/lab/lab" stop "$lab_name"
  folder=$("$repo/deploy/lab/lab" start "$lab_name" --node "$node" --sip "$sip" --ami "$ami" --agi "127.0.0.1:$agi" 9>&-)
  setsid "$repo/deploy/lab/phone" "$lab_name" answer 101,102,103,104,105,106,110 --ring 4000 --talk 45000 \
    >"$folder/log/phones" 2>&1 </dev/null 9>&- &
  lab_phones=$!
  export Demo__Company=true Router__AgiPort=$agi Pbx__0__Node=$node Pbx__0__Host=127.0.0.1 Pbx__0__AmiPort=$ami \
    Pbx__0__User=callcrm Pbx__0__Secret=lab-secret Pbx__0__TrunkEndpoints__0=PJSIP/trunk Pbx__0__Region=IT \
    Pbx__0__RecordingFolder="$folder/recordings" Recorder__Incoming__0="$folder/recordings"
  lab_folder=$folder
}

# Eight of ten callers wait for a minute, the others give up after ten seconds.
start_callers() {
  local rate=$1 calls=$2 file=$lab_folder/run/callers.csv
  "$repo/deploy/lab/callers" >"$file"
  setsid bash -c '
    "$1/call" "$2" --file "$3" --rate "$(($4 * 8 / 10 > 0 ? $4 * 8 / 10 : 1))" --count "$(($5 * 8 / 10))" --limit 20 --patience 60000 --talk 40000 &
    [ "$4" -lt 5 ] || "$1/call" "$2" --file "$3" --rate "$(($4 * 2 / 10))" --count "$(($5 * 2 / 10))" --limit 5 --patience 10000 --talk 10000 &
    trap "kill \$(jobs -p) 2>/dev/null" TERM
    wait; wait' callers "$repo/deploy/lab" "$lab_name" "$file" "$rate" "$calls" >"$lab_folder/log/callers" 2>&1 </dev/null 9>&- &
  lab_callers=$!
}

stop_lab() {
  trap '' INT TERM HUP
  trap - EXIT
  set +e
  # Callers first: a caller who meets a closing host would only be a fallback nobody wants to see.
  [ -z "$lab_callers" ] || kill -TERM "$lab_callers" 2>/dev/null
  [ -z "$lab_phones" ] || kill -TERM "$lab_phones" 2>/dev/null
  stop_host
  "$repo/deploy/lab/lab" stop "$lab_name" 2>/dev/null
}
