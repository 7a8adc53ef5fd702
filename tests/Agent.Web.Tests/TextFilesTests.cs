using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The text files against the source: no key shown raw, no language with a hole.</summary>
public sealed partial class TextFilesTests
{
    static readonly string[] States = ["SignedOut", "Ready", "Reserved", "Ringing", "Talking", "WrapUp", "Paused", "Away"];

    static string Source([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "src", "Agent.Web"));

    static Dictionary<string, string> Keys(string file) =>
        XDocument.Load(Path.Combine(Source(), "Resources", file)).Root!.Elements("data").ToDictionary(d => d.Attribute("name")!.Value, d => d.Element("value")!.Value, StringComparer.Ordinal);

    static IEnumerable<string> Files() => new[] { "*.razor", "*.cs" }.SelectMany(p => Directory.EnumerateFiles(Source(), p, SearchOption.AllDirectories))
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Every_key_in_the_source_has_a_text()
    {
        var known = Keys("Texts.resx");
        var used = Files().SelectMany(f => Used().Matches(File.ReadAllText(f)).Select(m => m.Groups[1].Value)).Distinct(StringComparer.Ordinal).ToArray();
        used.Should().HaveCountGreaterThan(100);
        used.Where(k => !known.ContainsKey(k)).Should().BeEmpty();
    }

    [Fact]
    public void Every_name_the_server_may_send_has_a_text()
    {
        var known = Keys("Texts.resx");
        string[] wanted =
        [
            .. States.Select(s => "State." + s),
            .. new[] { "Routing", "Waiting", "Ringing", "Talking", "Held", "Ended" }.Select(s => "Call." + s),
            .. new[] { "Answered", "AnsweredElsewhere", "Busy", "CallerGaveUp", "Cancelled", "Declined", "DoNotDisturb", "NoAnswer", "Unreachable" }.Select(s => "Offer." + s),
            .. new[] { "pending", "ready", "missing", "broken" }.SelectMany(s => new[] { "Recording." + s, "Recording.short." + s }),
            .. new[] { "no_answer", "unreachable", "page_gone", "taken_over" }.SelectMany(s => new[] { "Told." + s, "Board.Reason." + s }),
            .. new[] { "Agent", "Caller", "Pbx", "System", "Unknown" }.Select(s => "EndedBy." + s),
            .. new[] { "system", "light", "dark" }.Select(s => "Theme." + s),
            .. new[] { "call", "client", "script" }.Select(s => "Tab." + s),
        ];
        wanted.Where(k => !known.ContainsKey(k)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("it")]
    [InlineData("ru")]
    public void Every_language_has_every_text_with_the_same_places(string language)
    {
        var english = Keys("Texts.resx");
        var other = Keys($"Texts.{language}.resx");
        other.Keys.Should().BeEquivalentTo(english.Keys);
        english.Where(e => !Places(e.Value).SetEquals(Places(other[e.Key]))).Select(e => e.Key).Should().BeEmpty();
        other.Where(e => e.Value.Length == 0).Should().BeEmpty();
    }

    static HashSet<string> Places(string text) => [.. Place().Matches(text).Select(m => m.Value)];

    [GeneratedRegex("""\b[Tt]\["([A-Za-z_.]+[A-Za-z_])"[\],]""")]
    private static partial Regex Used();

    [GeneratedRegex("""\{\d\}""")]
    private static partial Regex Place();
}
