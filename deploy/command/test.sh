# ./callcrm test: installs what the tests need, builds once, runs every project, sums up.
# shellcheck shell=bash

run_test() {
  local tier=default names=() started=$SECONDS
  while [ $# -gt 0 ]; do
    case $1 in
      --fast) tier=fast ;;
      --long) tier=long ;;
      -*) fail "test does not know '$1' (see ./callcrm help)" ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  local needs=(postgresql ffmpeg) filter='Category!=Lab&Category!=EndToEnd&Category!=Long&Category!=Slow'
  if [ "$tier" != fast ]; then
    needs+=(chromium sip-tester baresip sox espeak-ng debootstrap nginx)
    filter='Category!=Long'
  fi
  # A service is installed in a container with its own systemd.
  [ "$tier" = long ] && filter= && needs+=(systemd-container)
  choose "$tier" "${names[@]}"
  need_dotnet
  if ! install "${needs[@]}"; then
    [ "${CI:-}" = true ] && fail "not everything the tests need is here: $(missing "${needs[@]}")"
    say "Not here and not installable without root or sudo: $(missing "${needs[@]}"); tests that need them are skipped."
  fi
  build_tests "$tier"
  run_projects "$tier" "$filter"
  sum_up "$started"
}

prepare_lab() {
  if is_root; then
    "$repo/deploy/lab/make-root" >/dev/null && return
  fi
  [ "${CI:-}" = true ] && fail "the lab's Asterisk cannot be made here (root, debootstrap and the network are needed)"
  say "No lab Asterisk on this machine (making it needs root): tests that need it are skipped."
}

# The lab is made meanwhile: it waits for the network more than for a core.
build_tests() {
  local log=$artifacts/build.log began=$SECONDS lab=
  mkdir -p "$artifacts"
  [ "$1" = fast ] || { prepare_lab & lab=$!; }
  say "Building ..."
  if ! dotnet build "$repo/CallCrm.sln" -c Release -v quiet -nologo >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    fail "the build failed; all of its output is in $log"
  fi
  # The end-to-end tests start what a user would start: the published host.
  [ "$1" = fast ] || { build_host compiled; export CALLCRM_HOST=$host_folder/CallCrm.AllInOne.dll; }
  [ -z "$lab" ] || wait "$lab" || exit 1
  say "  $((SECONDS - began)) s"
}

# Alphabetical, the slow end-to-end project last.
test_projects() {
  (cd "$repo/tests" && grep -ls 'Microsoft.NET.Test.Sdk' ./*/*.csproj) | cut -d/ -f2 | LC_ALL=C sort |
    awk '$0 == "EndToEnd" { last = $0; next } { print } END { if (last) print last }'
}

# choose TIER NAME…: the projects that are run, in "chosen".
choose() {
  local tier=$1 project; shift
  chosen=()
  for project in $(test_projects); do
    wanted "$project" "$@" || continue
    [ "$tier" = fast ] && [ "$project" = EndToEnd ] && continue
    chosen+=("$project")
  done
  [ ${#chosen[@]} != 0 ] || fail "no test project has a name like: $*"
}

wanted() {
  local project=$1 name; shift
  [ $# = 0 ] && return 0
  for name in "$@"; do case ${project,,} in *"${name,,}"*) return 0 ;; esac; done
  return 1
}

# The fast tier (without what takes seconds: category Slow) runs four projects at a time; the others one, because timing is among what they test.
# Of the end-to-end tests, those of the dialplan alone mostly wait for phones: they, and then those of the agents' days, run beside those of whole calls, each with an
# Asterisk of its own.
run_projects() {
  local tier=$1 filter=$2 pids=() running=() runs=() n width=1
  results=$artifacts/test-results
  rm -rf "$results"
  mkdir -p "$results"
  [ "$tier" = fast ] && width=4
  trap 'for n in "${pids[@]}"; do kill -TERM "$n" 2>/dev/null; done; exit 130' INT TERM HUP
  for n in "${chosen[@]}"; do
    if [ "$n" = EndToEnd ]; then runs+=(EndToEnd-Site EndToEnd-Snippet EndToEnd-Calls EndToEnd-Days); else runs+=("$n"); fi
  done
  for n in "${runs[@]}"; do
    [ "$n" != EndToEnd-Calls ] || width=2
    [ "${#pids[@]}" -lt "$width" ] || report
    run_project "$tier" "$filter" "$n" >"$results/$n.report" 2>&1 &
    pids+=($!) running+=("$n")
  done
  while [ "${#pids[@]}" != 0 ]; do report; done
}

# Waits for the first of those that run and shows what it had to say.
report() {
  wait "${pids[0]}" || { say "    the run of ${running[0]} broke"; touch "$results/${running[0]}.broken"; }
  cat "$results/${running[0]}.report"
  pids=("${pids[@]:1}") running=("${running[@]:1}")
}

# run_project TIER FILTER PROJECT[-PART]: a part is a folder of the project, Site what stands in no other part.
run_project() {
  local tier=$1 filter=$2 run=$3 project=${3%%-*} part= limit=600 code=0 began=$SECONDS counts
  [ "$project" = EndToEnd ] && limit=1800
  [ "$tier" = long ] && limit=14400
  limit=${CALLCRM_TEST_TIMEOUT:-$limit}
  case $run in
    *-Site) part='FullyQualifiedName!~EndToEnd.Snippet.&FullyQualifiedName!~EndToEnd.Calls.&FullyQualifiedName!~EndToEnd.Days.' ;;
    *-*) part="FullyQualifiedName~${run/-/.}." ;;
  esac
  filter=$filter${filter:+${part:+&}}$part
  local dll=$repo/tests/$project/bin/Release/net10.0/CallCrm.$project.dll log=$results/$run.log
  local args=(test "$dll" --logger "trx;LogFileName=$run.trx" --logger 'console;verbosity=minimal' --results-directory "$results")
  [ -z "$filter" ] || args+=(--filter "$filter")
  # Profiles for the second compilation cost more than a run this short gives back, in tests and in the hosts they start.
  export DOTNET_TieredPGO=0
  timeout --kill-after=20 "$limit" dotnet "${args[@]}" >"$log" 2>&1 </dev/null &
  local pid=$!
  trap 'kill -TERM "$pid" 2>/dev/null; exit 130' INT TERM HUP
  wait "$pid" || code=$?
  counts=$(outcomes "$results/$run.trx" | awk '{ n[$1]++ } END { printf "%d %d %d", n["Passed"], n["Failed"], n["NotExecuted"] }')
  read -r passed failed skipped <<<"$counts"
  printf '  %-20s %5d passed %4d failed %4d skipped %5d s\n' "$run" "$passed" "$failed" "$skipped" $((SECONDS - began))
  if [ "$code" = 124 ] || [ "$code" = 137 ]; then
    touch "$results/$run.broken"; say "    not done after $limit s and stopped; its output:"; tail -n 60 "$log"
  elif [ "$failed" != 0 ]; then
    grep -v -e '^Starting test' -e '^A total of' "$log" | tail -n 200
  elif [ "$code" != 0 ]; then
    touch "$results/$run.broken"; say "    the test run itself broke (exit code $code):"; tail -n 60 "$log"
  elif [ $((passed + skipped)) = 0 ]; then
    touch "$results/$run.broken"; say "    no test ran"
  fi
}

# outcomes TRX…: "Outcome seconds name" per test.
outcomes() {
  { cat "$@" 2>/dev/null | grep -o '<UnitTestResult [^>]*>' || true; } | awk '
    function attribute(name,   at, rest) {
      at = index($0, " " name "=\""); if (!at) return ""
      rest = substr($0, at + length(name) + 3)
      return substr(rest, 1, index(rest, "\"") - 1)
    }
    {
      split(attribute("duration"), t, ":")
      printf "%s %.3f %s\n", attribute("outcome"), t[1] * 3600 + t[2] * 60 + t[3], attribute("testName")
    }' | sed 's/&quot;/"/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g'
}

sum_up() {
  local all passed failed skipped broken
  broken=$(find "$results" -name '*.broken' | wc -l)
  all=$(outcomes "$results"/*.trx)
  passed=$(grep -c '^Passed ' <<<"$all" || true)
  skipped=$(grep -c '^NotExecuted ' <<<"$all" || true)
  # Every other outcome (Failed, Timeout, Aborted, …) is a failure, and so is a project that broke.
  failed=$(($(grep -c . <<<"$all" || true) - passed - skipped + broken))
  say "Slowest:"
  LC_ALL=C sort -k2,2 -rn <<<"$all" | awk 'NF && n++ < 10 { s = $2; $1 = $2 = ""; printf "  %8.2f s %s\n", s, $0 }'
  if [ "$skipped" != 0 ]; then
    say "Skipped:"
    awk '$1 == "NotExecuted" && n++ < 20 { $1 = $2 = ""; print "  " $0 }' <<<"$all"
    [ "${CI:-}" != true ] || say "Here (CI=true) nothing may be skipped."
  fi
  say "$((SECONDS - $1)) s in all; details in ${results#"$repo"/}"
  say "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ] && [ "$passed" != 0 ] || exit 1
  [ "${CI:-}" != true ] || [ "$skipped" = 0 ] || exit 1
}
