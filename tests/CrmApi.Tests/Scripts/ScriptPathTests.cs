using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

public sealed class ScriptPathTests
{
    [Theory]
    [InlineData("", "a b", "start a, next b", "the first move tells where it began")]
    [InlineData("a b", "a b c", "next c", "on")]
    [InlineData("a b c", "a b", "back b", "back by one")]
    [InlineData("a b c", "a", "back a", "back by two at once")]
    [InlineData("a b c", "a b d e", "back b, next d, next e", "back and on along another way before it was kept")]
    [InlineData("a b", "a b", "", "nothing happened")]
    [InlineData("a b", "a b a b", "next a, next b", "an objection led round again")]
    [InlineData("a", "b", "start b", "another beginning")]
    public void What_was_done_between_two_paths(string before, string after, string moves, string because) =>
        string.Join(", ", ScriptPath.Between(before.Split(' ', StringSplitOptions.RemoveEmptyEntries), after.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(m => $"{m.Came} {m.Step}")).Should().Be(moves, because);

    [Theory]
    [InlineData("first last end", "first last end")]
    [InlineData("first nowhere last", "first")]
    [InlineData(" first  last ", "first last")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void Only_steps_of_the_script_are_taken(string? written, string read) =>
        string.Join(' ', ScriptPath.Read(written, ScriptText.Good(ScriptText.Minimal()))).Should().Be(read);

    [Fact]
    public void A_path_without_end_is_cut() =>
        ScriptPath.Read(string.Join(' ', Enumerable.Repeat("first last", 10_000)), ScriptText.Good(ScriptText.Minimal())).Should().HaveCount(ScriptPath.Most);
}
