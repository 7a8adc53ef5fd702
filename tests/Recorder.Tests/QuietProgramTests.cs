namespace CallCrm.Recorder.Tests;

[Trait("Category", "Slow")]
public sealed class QuietProgramTests
{
    private const string Group = "/proc/self/autogroup";

    [Theory]
    [InlineData(8_000, "nice 19", "nice 10")]
    [InlineData(60_000, "nice 19", "nice 19")]
    [InlineData(0, "nice 10", "nice 10")]
    public async Task A_program_gives_way_to_everybody_for_a_while_and_has_its_tenth_from_then_on(int givesWay_ms, string first, string later)
    {
        // Without the kernel's groups of sessions there is the process's own niceness alone.
        if (!File.Exists(Group)) return;

        // Looks until it is what it is to become, or long enough to see that it stays.
        var looks = later == first ? 10 : 600;
        var end = await QuietProgram.RunAsync(
            ["sh", "-c", $"cat {Group} >&2; n=0; while [ $n -lt {looks} ] && {{ [ {looks} = 10 ] || ! grep -q '{later}' {Group}; }}; do sleep 0.1; n=$((n + 1)); done; cat {Group} >&2; exit 3"], folder: null, TimeSpan.FromMilliseconds(givesWay_ms), TimeSpan.FromMinutes(2), TimeProvider.System, CancellationToken.None);

        (end.ExitCode, end.TimedOut).Should().Be((3, false));
        end.Said.Split('\n').Select(l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Should().Equal(first, later);
    }

    [Fact]
    public async Task One_that_is_not_there_is_told_from_one_that_fails_and_a_cancelled_one_is_ended()
    {
        (await RunAsync("no-such-program")).IsMissing.Should().BeTrue();
        var failed = await RunAsync("sh", "-c", "echo why >&2; exit 4");
        (failed.IsMissing, failed.ExitCode, failed.Said).Should().Be((false, 4, "why"));

        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await FluentActions.Awaiting(() => QuietProgram.RunAsync(["sleep", "600"], null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeProvider.System, cancel.Token)).Should().ThrowAsync<OperationCanceledException>();

        static Task<QuietEnd> RunAsync(params string[] command) => QuietProgram.RunAsync(command, null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None);
    }
}
