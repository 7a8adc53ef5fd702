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
            .. new[] { "Routing", "Waiting", "Ringing", "Talking", "Held", "Ended", "OwnPhone", "Calling" }.Select(s => "Call." + s),
            .. new[] { "Answered", "AnsweredElsewhere", "Busy", "CallerGaveUp", "Cancelled", "Declined", "DoNotDisturb", "NoAnswer", "Unreachable" }.Select(s => "Offer." + s),
            .. new[] { "pending", "ready", "missing", "broken" }.SelectMany(s => new[] { "Recording." + s, "Recording.short." + s }),
            .. new[] { "unreachable", "busy", "do_not_disturb" }.SelectMany(s => new[] { "Told." + s, "Phone." + s }),
            .. new[] { "LastContacted", "Responsible", "LeastBusy", "Hold", "QueueClosed", "NobodySignedIn", "MaxWait", "UnknownNumber", "Fallback", "Pickup", "Transfer", "Observed" }.Select(s => "Why." + s),
            .. new[] { "ConnectFailed", "TlsFailed", "NotAmi", "LoginRefused", "LoginTimedOut", "ClosedByPbx", "Shutdown", "Broken", "KeepAlive" }.Select(s => "Band.PbxWhy." + s),
            .. new[] { "wait", "offer", "ring", "talk", "hold", "park", "conference", "listen", "wrapup" }.Select(s => "Bar." + s),
            .. new[] { "Inbound", "Outbound", "Internal" }.Select(s => "Event.call_started." + s),
            .. new[] { "Known", "Several", "Created", "Withheld", "Internal", "Unknown", "TimedOut", "Failed", "by" }.Select(s => "Event.call_identified." + s),
            .. new[] { "Answered", "AnsweredElsewhere", "Busy", "CallerGaveUp", "Cancelled", "Declined", "DoNotDisturb", "NoAnswer", "Unreachable" }.Select(s => "Event.offer_ended." + s),
            .. new[] { "client", "agent", "other" }.SelectMany(s => new[] { "Event.leg_started." + s, "Event.leg_ended." + s }),
            .. new[] { "call_routed", "call_queued", "call_offered", "offer_rang", "call_answered", "call_held", "call_held.other", "call_resumed", "call_resumed.other", "recording_started", "call_merged",
                "call_listened.begins", "call_listened.ends", "call_transferred.Blind", "call_transferred.Attended", "wrap_up_started", "wrap_up_extended", "observed", "late" }.Select(s => "Event." + s),
            .. new[] { "Agent", "Caller", "Pbx", "System" }.Select(s => "Event.by." + s),
            .. new[] { "hold", "wait" }.Select(s => "Player.Part." + s),
            .. new[] { "no_answer", "unreachable", "page_gone", "taken_over", "wrap_up_over", "after_call" }.SelectMany(s => new[] { "Told." + s, "Board.Reason." + s }),
            .. new[] { "Agent", "Caller", "Pbx", "System", "Unknown" }.Select(s => "EndedBy." + s),
            .. new[] { "Busy", "NoAnswer", "Cancelled", "Failed" }.SelectMany(s => new[] { "Out." + s, "Outcome." + s }),
            .. new[] { "in_call", "number_not_understood", "own_extension", "pbx_away", "phone_busy", "phone_unreachable" }.Select(s => "Trouble." + s),
            .. new[] { "system", "light", "dark" }.Select(s => "Theme." + s),
            .. new[] { "call", "client", "script" }.Select(s => "Tab." + s),
            .. new[] { "Abandoned", "Short", "Closed", "Refused", "Down" }.Select(s => "Missed.Kind." + s),
            .. new[] { "Called", "Rang", "mail", "solved", "wrong_number", "spam", "other" }.Select(s => "Missed.How." + s),
            .. new[] { "queue", "agent", "number" }.Select(s => "Report.By." + s),
            .. new[] { "hour", "day", "whole" }.Select(s => "Report.Step." + s),
            .. new[] { "today", "yesterday", "last_7_days", "this_month", "own" }.Select(s => "Report.Period." + s),
            .. new[] { "Offered", "Answered", "Abandoned", "Short", "Level", "Asa", "Aht", "Occupancy", "Missed", "CalledBack" }.SelectMany(s => new[] { "Report.Col." + s, "Report.Def." + s }),
            .. new[] { "Offered", "Answered", "Abandoned", "Level", "Asa", "Missed", "CalledBack" }.Select(s => $"Report.Def.{s}.agent"),
            "Report.HowTime.call", "Report.HowTime.agent",
            .. new[] { "open", "mine", "closed" }.SelectMany(s => new[] { "Missed.State." + s, "Missed.Empty." + s }),
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
