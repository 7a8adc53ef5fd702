using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CallCrm.AgentWeb;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Localization;

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
    public void The_audit_can_be_narrowed_to_every_action_that_it_has_words_for() =>
        Keys("Texts.resx").Keys.Where(k => k.StartsWith("Audit.Action.", StringComparison.Ordinal)).Select(k => k["Audit.Action.".Length..]).Should().BeSubsetOf(AuditActions.All);

    [Fact]
    public void Every_name_the_server_may_send_has_a_text()
    {
        var known = Keys("Texts.resx");
        string[] wanted =
        [
            .. States.Select(s => "State." + s),
            .. AuditActions.All.Select(a => "Audit.Action." + a),
            .. new[] { "Routing", "Waiting", "Ringing", "Talking", "Held", "Ended", "OwnPhone", "Calling" }.Select(s => "Call." + s),
            .. new[] { "Answered", "AnsweredElsewhere", "Busy", "CallerGaveUp", "Cancelled", "Declined", "DoNotDisturb", "NoAnswer", "Unreachable" }.Select(s => "Offer." + s),
            .. new[] { "pending", "ready", "missing", "broken" }.SelectMany(s => new[] { "Recording." + s, "Recording.short." + s }),
            .. new[] { "unreachable", "busy", "do_not_disturb" }.SelectMany(s => new[] { "Told." + s, "Phone." + s }),
            .. new[] { "LastContacted", "Responsible", "LeastBusy", "Hold", "QueueClosed", "NobodySignedIn", "MaxWait", "UnknownNumber", "Fallback", "Pickup", "Transfer", "Blocked", "BlockedBy", "TransferBack", "Consult", "Observed" }.Select(s => "Why." + s),
            .. new[] { "ConnectFailed", "TlsFailed", "NotAmi", "LoginRefused", "LoginTimedOut", "ClosedByPbx", "Shutdown", "Broken", "KeepAlive" }.Select(s => "Band.PbxWhy." + s),
            .. new[] { "wait", "offer", "ring", "talk", "hold", "park", "conference", "listen", "message", "wrapup" }.Select(s => "Bar." + s),
            .. new[] { "Inbound", "Outbound", "Internal" }.Select(s => "Event.call_started." + s),
            .. new[] { "Known", "Several", "Created", "Withheld", "Internal", "Unknown", "TimedOut", "Failed", "by" }.Select(s => "Event.call_identified." + s),
            .. new[] { "Answered", "AnsweredElsewhere", "Busy", "CallerGaveUp", "Cancelled", "Declined", "DoNotDisturb", "NoAnswer", "Unreachable" }.Select(s => "Event.offer_ended." + s),
            .. new[] { "client", "agent", "other" }.SelectMany(s => new[] { "Event.leg_started." + s, "Event.leg_ended." + s }),
            .. new[] { "call_routed", "call_queued", "call_offered", "offer_rang", "call_answered", "call_held", "call_held.other", "call_resumed", "call_resumed.other", "recording_started", "recording_unkept", "call_merged",
                "call_listened.begins", "call_listened.ends", "call_transferred.Blind", "call_transferred.Attended", "wrap_up_started", "wrap_up_extended", "observed", "late" }.Select(s => "Event." + s),
            .. new[] { "New", "Kept", "Heard", "Removed" }.Select(s => "Event.message_left." + s),
            .. new[] { "heard", "removed" }.Select(s => "Missed.Phone." + s),
            .. new[] { "Agent", "Caller", "Pbx", "System" }.Select(s => "Event.by." + s),
            .. new[] { "hold", "wait" }.Select(s => "Player.Part." + s),
            .. new[] { "no_answer", "unreachable", "page_gone", "taken_over", "wrap_up_over", "after_call" }.SelectMany(s => new[] { "Told." + s, "Board.Reason." + s }),
            .. new[] { "Agent", "Caller", "Pbx", "System", "Unknown" }.Select(s => "EndedBy." + s),
            .. new[] { "Busy", "NoAnswer", "Cancelled", "Failed" }.SelectMany(s => new[] { "Out." + s, "Outcome." + s }),
            .. new[] { "in_call", "number_not_understood", "own_extension", "pbx_away", "phone_busy", "phone_unreachable", "stage_retired", "answers_not_taken", "campaign_over" }.Select(s => "Trouble." + s),
            .. new[] { "Ringing", "Consulting", "WithClient", "Together" }.SelectMany(s => new[] { "Transfer.Step." + s, "Transfer.Asked." + s }),
            .. new[] { "Ringing", "Consulting", "WithClient", "Together", "Returning", "Done", "Failed", "Cancelled" }.Select(s => "Event.transfer_changed." + s),
            .. new[] { "busy", "no_answer", "declined", "unreachable", "cancelled", "left", "pbx_refused" }.Select(s => "Transfer.Why." + s),
            .. new[] { "open", "queue_closed", "queue_full", "queue_empty" }.Select(s => "Transfer.State." + s),
            .. new[] { "not_talking", "no_client", "transfer_runs", "no_transfer", "not_answered_yet", "target_missing", "to_oneself", "target_unknown", "target_signed_out", "target_away", "target_busy",
                "target_unreachable", "target_elsewhere", "queue_closed", "queue_full", "queue_empty", "nobody_free", "held_resume_first", "phone_holds" }.Select(s => "Trouble." + s),
            .. new[] { "system", "light", "dark" }.Select(s => "Theme." + s),
            .. new[] { "call", "client", "script" }.Select(s => "Tab." + s),
            .. new[] { "Abandoned", "Short", "Closed", "Refused", "Down" }.Select(s => "Missed.Kind." + s),
            .. new[] { "Called", "Rang", "mail", "solved", "wrong_number", "spam", "other" }.Select(s => "Missed.How." + s),
            .. new[] { "queue", "agent", "number" }.Select(s => "Report.By." + s),
            .. new[] { "hour", "day", "whole" }.Select(s => "Report.Step." + s),
            .. new[] { "today", "yesterday", "last_7_days", "this_month", "own" }.Select(s => "Report.Period." + s),
            .. new[] { "client.new", "client.known", "deal.none", "deal.open", "direction.inbound", "direction.outbound", "queue", "segment", "deal_type", "deal_stage" }.Select(s => "Script.Why." + s),
            .. Enum.GetNames<ScriptLanguageOf>().Select(s => "Script.Why.Language." + s),
            .. new[] { "Offered", "Answered", "Abandoned", "Short", "Level", "Asa", "Aht", "Occupancy", "Missed", "CalledBack" }.SelectMany(s => new[] { "Report.Col." + s, "Report.Def." + s }),
            .. new[] { "Offered", "Answered", "Abandoned", "Level", "Asa", "Missed", "CalledBack" }.Select(s => $"Report.Def.{s}.agent"),
            "Report.HowTime.call", "Report.HowTime.agent", "Report.Col.Blocked", "Report.Def.Blocked", "Outcome.Blocked", "Admin.Kind.blocked",
            .. new[] { "busy", "reject", "queue", "goto", "play" }.Select(s => "Admin.Overflow." + s),
            .. new[] { "client", "responsible", "deals", "own_number" }.SelectMany(s => new[] { "Spam.Doubt." + s, "Blocked.Error." + s }),
            .. new[] { "no_number", "list_full", "offline", "failed" }.Select(s => "Spam.Failed." + s),
            .. new[] { "spam", "robot", "abuse", "other" }.Select(s => "Blocked.Reason." + s),
            .. new[] { "number", "queue", "until", "note", "text" }.Select(s => "Blocked.Expected." + s),
            "Blocked.Error.not_a_number", "Blocked.Error.list_full", "Blocked.already_blocked", "Blocked.list_full", "Review.confirm_needed", "Review.already_blocked",
            .. new[] { "open", "mine", "closed" }.SelectMany(s => new[] { "Missed.State." + s, "Missed.Empty." + s }),
        ];
        wanted.Where(k => !known.ContainsKey(k)).Should().BeEmpty();
    }

    /// <summary>What only a page made wrongly could provoke.</summary>
    static readonly string[] NoPersonsFault =
    [
        "a UUID made by the page", "a new UUID", "an id that was not used before", "the call's id", "the id of the address", "the number of the address", "node and number of the address",
        "what follows the # of the link", "the code of the address", "the role it is copied from", "true: people are deactivated by leave, which asks who inherits", "note, disposition, next_step, next_at, subject, contact, deal, deal_type, deal_title, deal_stage, deal_amount, prefill, script.step, answer.7, card.7", "names of queues, at most 7", "numbers of extensions, at most 7",
    ];

    static IEnumerable<string> ServerFiles() => new[] { "CrmApi", "CallFlow/Clients" }.SelectMany(d => Directory.EnumerateFiles(Path.Combine(Source(), "..", d), "*.cs", SearchOption.AllDirectories))
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [Fact]
    public void Every_error_and_every_expectation_of_the_server_is_told_in_each_language()
    {
        var source = ServerFiles().Select(File.ReadAllText).ToArray();
        var errors = source.SelectMany(s => ErrorId().Matches(s).Select(m => m.Groups[1].Value)).Distinct(StringComparer.Ordinal).ToArray();
        errors.Should().HaveCountGreaterThan(25);
        errors.Where(id => !Keys("Texts.resx").ContainsKey("Failure." + id)).Should().BeEmpty();

        var expected = source.SelectMany(s => Expected().Matches(s).Select(m => Hole().Replace(m.Groups[1].Value, "7"))).Distinct(StringComparer.Ordinal).ToArray();
        expected.Should().HaveCountGreaterThan(50);
        var before = CultureInfo.CurrentUICulture;
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo("ru");
        using var services = new ServiceCollection().AddLogging().AddLocalization(o => o.ResourcesPath = "Resources").BuildServiceProvider();
        var texts = services.GetRequiredService<IStringLocalizer<Texts>>();
        expected.Except(NoPersonsFault).Where(e => !Expectation.Of(texts, e).Any(c => c is >= 'А' and <= 'я')).Should().BeEmpty();
        Expectation.Of(texts, "expected at most 20 numbers").Should().Be("не больше 20 номеров");
        Expectation.Of(texts, "PJSIP/101 belongs to 102").Should().Be("PJSIP/101 принадлежит 102");
        Expectation.Of(texts, "something new").Should().Be("something new");
        CultureInfo.CurrentUICulture = before;
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

    /// <summary>Abbreviations that are not translated.</summary>
    static readonly string[] Abbreviations = ["Board.Asa", "Report.Col.Asa", "Report.Col.Aht"];

    /// <summary>The same word in both languages.</summary>
    static readonly string[] SameInItalian = ["Client.Email", "Audit.Field.email", "SignIn.Password", "Tab.script", "Practice.Script", "Report.By", .. Abbreviations];

    [Fact]
    public void No_text_was_left_in_english()
    {
        var (english, italian, russian) = (Keys("Texts.resx"), Keys("Texts.it.resx"), Keys("Texts.ru.resx"));
        italian.Where(t => t.Value == english[t.Key] && Words().IsMatch(t.Value)).Select(t => t.Key).Should().BeEquivalentTo(SameInItalian);
        russian.Where(t => Words().IsMatch(Filled().Replace(t.Value, "")) && !t.Value.Any(c => c is >= 'А' and <= 'я')).Select(t => t.Key).Should().BeEquivalentTo(Abbreviations);
    }

    [Fact]
    public void No_text_of_the_other_alphabet_slipped_in()
    {
        Keys("Texts.resx").Concat(Keys("Texts.it.resx")).Where(t => t.Value.Any(c => c is >= 'А' and <= 'я')).Select(t => t.Key).Should().BeEmpty();
    }

    /// <summary>The product's name, keys, what a language calls itself, and what the PBX calls a device.</summary>
    static readonly string[] NotTranslated = ["CallCrm", "Esc", "Ctrl K", "Ctrl ↵", "English", "Italiano", "Русский", "PJSIP/101"];

    [Fact]
    public void No_page_shows_words_that_are_in_no_text_file()
    {
        var files = Files().Where(f => f.EndsWith(".razor", StringComparison.Ordinal)).ToArray();
        files.Should().HaveCountGreaterThan(50);
        files.SelectMany(f => RazorWords.Of(File.ReadAllText(f)).Except(NotTranslated).Select(w => $"{Path.GetFileName(f)}: {w}")).Should().BeEmpty();
    }

    [Theory]
    [InlineData("<p>Hello there</p>", "Hello there")]
    [InlineData("<button title=\"Hang up\" class=\"btn stop\">@T[\"HangUp\"]</button>", "Hang up")]
    [InlineData("<p class=\"@(a ? \"s-missed chip\" : \"\")\">@(a > 3 ? \"too many calls\" : b)</p>", "too many calls")]
    [InlineData("<p>@T[\"A.B\"] und <b>@(x.Count)</b></p>", "und")]
    [InlineData("@if (a > 2 && b < 3)\n{\n    <span>@a.Name?.Trim()</span>\n}\nelse if (c is { Length: > 0 } d)\n{\n    <i>@T[\"X\", d] · @d</i>\n}\n@code {\n string Text = \"not markup\"; }", null)]
    [InlineData("<button @onclick='() => Do(\"hang_up\", x)' disabled=\"@(a && !b)\"><kbd>F4</kbd></button>", null)]
    public void What_the_finder_finds(string razor, string? found) => RazorWords.Of(razor).Should().Equal(found is null ? [] : [found]);

    static HashSet<string> Places(string text) => [.. Place().Matches(text).Select(m => m.Value)];

    [GeneratedRegex("""\b[Tt]\["([A-Za-z_.]+[A-Za-z_])"[\],]""")]
    private static partial Regex Used();

    [GeneratedRegex("""(?:Problems\.Of\([^,]+, |\["errorId"\] = )"([a-z_.]+)"[,} ]""")]
    private static partial Regex ErrorId();

    [GeneratedRegex("""(?:Invalid\("[^"]*", |\.Add\(\$?"[^"]*", |\.Unless\([^"\n]*(?:"[^"]*"[^"\n]*)*, \$?"[^"]*", |rrors\[\$?"[^"]*"\] = \[)\$?"((?=[A-Za-z0-9{])(?:[^"{]|\{[^{}]*\})*)"[\])]""")]
    private static partial Regex Expected();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Hole();

    [GeneratedRegex("[A-Za-z]{3}")]
    private static partial Regex Words();

    /// <summary>Placeholders that are shown as such.</summary>
    [GeneratedRegex(@"\{\{[^}]*\}\}")]
    private static partial Regex Filled();

    [GeneratedRegex("""\{\d\}""")]
    private static partial Regex Place();
}
