# ./callcrm up: builds if needed, starts the all-in-one host, says where it is, ends it on Ctrl-C.
# shellcheck shell=bash

host_pid=
restart_wanted=

run_up() {
  local port=8080 verbose='' args=("$@")
  while [ $# -gt 0 ]; do
    case $1 in
      --port) port=${2:-}; shift ;;
      --verbose | -v) verbose=1 ;;
      *) fail "up does not know '$1' (see ./callcrm help)" ;;
    esac
    shift
  done
  [[ $port =~ ^[0-9]{1,5}$ ]] || fail "--port wants a number, not '$port'"
  need_dotnet
  need_postgresql
  not_the_services "$(data_folder)"
  build_host
  trap 'stop_host; exit 0' INT TERM HUP
  start_host "$(data_folder)" "$port" "$verbose"
  say "Ctrl-C ends it; the data stays in $host_data."
  # An upgrade asks for a restart by this signal, and finds here whom to ask.
  trap 'restart_wanted=1' USR1
  printf '%s %s\n' "$$" "$port" >&9
  wait_for_host "${args[@]}"
}

# start_host DATA PORT VERBOSE: starts it and returns when it answers, having printed the sign-ins.
start_host() {
  local data=$1 port=$2 verbose=${3:-} started=$SECONDS shown=0 looks=5
  # A new company has sign-ins to tell; where somebody can sign in already, nothing comes.
  [ -e "$data/callcrm.lock" ] || looks=50
  host_data=$data
  host_log=$artifacts/host.log
  mkdir -p "$data"
  exec 9>"$data/callcrm.lock"
  flock -n 9 || fail "CallCrm is already running on $data"
  if port_taken "$port"; then fail "port $port is in use by another program; choose one with --port"; fi
  [ -f "$host_log" ] && mv -f "$host_log" "$host_log.1"
  say "Starting ..."
  # A process of its own group, so that a Ctrl-C reaches it once, by stop_host, and in order.
  (
    cd "$host_folder"
    export CallCrm__DataFolder=$data CallCrm__ConfigFile=${CallCrm__ConfigFile:-$repo/deploy/callcrm.json}
    export Scripts__Folder=${Scripts__Folder:-$repo/scripts-library}
    exec setsid dotnet CallCrm.AllInOne.dll --urls "http://127.0.0.1:$port" 9>&-
  ) >"$host_log" 2>&1 </dev/null &
  host_pid=$!
  [ -z "$verbose" ] || tail -n +1 -F --pid="$host_pid" "$host_log" 2>/dev/null &
  until [ "$(http_status 127.0.0.1 "$port" /health/ready)" = 200 ]; do
    if ! kill -0 "$host_pid" 2>/dev/null; then
      tail -n 40 "$host_log" >&2
      fail "the host ended while starting; its output is in $host_log"
    fi
    if [ $((SECONDS - started)) -ge 170 ]; then
      tail -n 40 "$host_log" >&2
      stop_host
      fail "the host did not become ready within 170 s; its output is in $host_log"
    fi
    if [ $((SECONDS - started)) -ge $((shown + 10)) ]; then
      shown=$((SECONDS - started))
      say "  $shown s: $(grep -E '^ *Progress: ' "$host_log" | tail -n 1 | sed 's/^ *Progress: //' | grep . || echo 'preparing the database')"
    fi
    sleep 0.2
  done
  say
  say "CallCrm is ready: http://127.0.0.1:$port   ($((SECONDS - started)) s)"
  # They are printed right after the start.
  local n
  for n in $(seq "$looks"); do
    grep -qE '^ *Sign in:' "$host_log" && break
    sleep 0.2
  done
  grep -E '^ *Sign in:' "$host_log" | sed 's/^ */  /' || true
  say
}

# wait_for_host ARGS: waits for the host, which ends by Ctrl-C or by a fault of its own; or starts "up ARGS" anew.
wait_for_host() {
  local code=0
  wait "$host_pid" || code=$?
  if [ -n "$restart_wanted" ]; then
    stop_host
    # What is ignored now could never be caught in the next life.
    trap - INT TERM HUP
    exec "$self" up "$@"
  fi
  host_pid=
  if [ "$code" != 0 ]; then
    tail -n 30 "$host_log" >&2
    fail "the host ended by itself (exit code $code); its output is in $host_log"
  fi
}

# The host stops pages, router, journal and PostgreSQL in this order by itself; 30 s must do.
stop_host() {
  trap '' INT TERM HUP
  # The terminal may be gone; what follows must happen all the same.
  set +e
  [ -n "$host_pid" ] || return 0
  kill -0 "$host_pid" 2>/dev/null || return 0
  say
  say "Stopping ..."
  kill -TERM "$host_pid" 2>/dev/null || true
  local n
  for n in $(seq 150); do
    kill -0 "$host_pid" 2>/dev/null || break
    sleep 0.2
  done
  if kill -0 "$host_pid" 2>/dev/null; then
    say "  it did not stop within 30 s and was killed; see $host_log"
    kill -KILL "$host_pid" 2>/dev/null || true
  fi
  wait "$host_pid" 2>/dev/null || true
  host_pid=
}
