# ./callcrm bench [NAME…]: one JSON line per figure on stdout, everything else on stderr.
# shellcheck shell=bash

run_bench() {
  need_dotnet
  install postgresql chromium sip-tester baresip ffmpeg espeak-ng debootstrap >&2 ||
    say "Some parts are missing ($(missing postgresql chromium sip-tester baresip ffmpeg espeak-ng debootstrap)); figures that need them are left out." >&2
  build_host >&2
  dotnet build "$repo/tests/Benchmarks" -c Release -v quiet -nologo >"$artifacts/build.log" 2>&1 ||
    { tail -n 30 "$artifacts/build.log" >&2; fail "the build failed; all of its output is in $artifacts/build.log"; }
  cd "$repo"
  exec dotnet "$repo/tests/Benchmarks/bin/Release/net10.0/CallCrm.Benchmarks.dll" "$@"
}
