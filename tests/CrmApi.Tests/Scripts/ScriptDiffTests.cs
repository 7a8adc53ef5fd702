using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

public sealed class ScriptDiffTests
{
    static string Of(string before, string after) => string.Join(' ', ScriptDiff.Lines(before.Replace(' ', '\n'), after.Replace(' ', '\n')).Select(l => (l.Kind switch { ScriptDiffKind.Gone => "-", ScriptDiffKind.Come => "+", _ => "" }) + l.Text));

    [Theory]
    [InlineData("a b c", "a b c", "a b c")]
    [InlineData("a b c", "a x c", "a -b +x c")]
    [InlineData("a b c", "a c", "a -b c")]
    [InlineData("a c", "a b c", "a +b c")]
    [InlineData("", "a b", "+a +b")]
    [InlineData("a b", "", "-a -b")]
    [InlineData("a b c d e", "x b d e f", "-a +x b -c d e +f")]
    [InlineData("a a a", "a a", "a a -a")]
    public void What_went_and_what_came(string before, string after, string lines) => Of(before, after).Should().Be(lines);

    [Fact]
    public void Each_line_carries_its_numbers()
    {
        ScriptDiff.Lines("a\nb\nc\n", "a\nx\ny\nc\n").Select(l => (l.Before, l.After, l.Text)).Should().Equal((1, 1, "a"), (2, null, "b"), (null, 2, "x"), (null, 3, "y"), (3, 4, "c"));
    }

    [Fact]
    public void What_stayed_and_went_is_the_text_before_and_what_stayed_and_came_the_text_after()
    {
        var random = new Random(7);
        for (var run = 0; run < 300; run++)
        {
            var (a, b) = (Some(random), Some(random));
            var lines = ScriptDiff.Lines(a, b);
            string.Join('\n', lines.Where(l => l.Kind != ScriptDiffKind.Come).Select(l => l.Text)).Should().Be(a);
            string.Join('\n', lines.Where(l => l.Kind != ScriptDiffKind.Gone).Select(l => l.Text)).Should().Be(b);
        }
    }

    [Fact]
    public void Texts_too_different_to_compare_are_shown_whole()
    {
        var (a, b) = (string.Join('\n', Enumerable.Range(0, 5_000).Select(n => $"a{n}")), string.Join('\n', Enumerable.Range(0, 5_000).Select(n => $"b{n}")));
        ScriptDiff.Lines(a, b).Should().HaveCount(10_000);
    }

    static string Some(Random random) => string.Join('\n', Enumerable.Range(0, random.Next(1, 12)).Select(_ => ((char)('a' + random.Next(4))).ToString()));
}
