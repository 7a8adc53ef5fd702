using System.Text.RegularExpressions;
using CallCrm.CrmApi.Scripts;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>The scripts that are delivered: what they are promised to be, by file and step.</summary>
public sealed partial class ScriptLibraryTests
{
    private static readonly string[] Languages = ["en", "it", "ru"];

    internal static string Folder { get; } = Path.Combine(Repository.Folder, "scripts-library");

    private static Script[] Delivered => [.. new ScriptFolder(Folder, ScriptShape.Library, TimeProvider.System, _ => null).Read().Scripts];

    /// <summary>The same script in its languages: <c>support</c>, <c>support-it</c>, <c>support-ru</c>.</summary>
    private static string Family(Script script) => script.Language == "en" ? script.Id : script.Id.EndsWith("-" + script.Language, StringComparison.Ordinal) ? script.Id[..^3] : "?" + script.Id;

    [Fact]
    public void Every_delivered_script_passes_the_check()
    {
        var output = new StringWriter();

        var exit = ScriptCheck.Run(Folder, output);

        exit.Should().Be(0, output.ToString());
        Delivered.Should().HaveCount(Directory.GetFiles(Folder).Length, "every file is a script in use");
    }

    [Fact]
    public void At_least_eight_useful_scripts_are_there_in_every_language()
    {
        var families = Delivered.GroupBy(Family, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Select(s => s.Language).Order(StringComparer.Ordinal).ToArray(), StringComparer.Ordinal);

        families.Should().HaveCountGreaterThanOrEqualTo(8);
        families.Keys.Should().Contain(["new-caller", "known-client", "open-deal", "deal-in-negotiation", "receivables-reminder", "support", "complaint", "cold-call", "appointment-confirmation", "client-check-in"]);
        families.Should().OnlyContain(f => f.Value.SequenceEqual(Languages), "a script that lacks a language fails those who speak it");
    }

    /// <summary>What the card or the deal has a field for is not left with the call's answers alone.</summary>
    [Theory]
    [InlineData("new-caller", "client.name client.company client.email client.city client.need deal.amount")]
    [InlineData("known-client", "client.notes client.need client.custom.renewal deal.title deal.amount")]
    [InlineData("open-deal", "client.need deal.amount")]
    [InlineData("deal-in-negotiation", "client.notes deal.amount")]
    [InlineData("client-check-in", "client.email client.notes client.need deal.title deal.amount")]
    [InlineData("cold-call", "client.email client.notes client.need")]
    [InlineData("appointment-confirmation", "client.email client.notes client.need")]
    [InlineData("complaint", "client.email client.notes")]
    [InlineData("support", "client.email")]
    [InlineData("receivables-reminder", "client.email client.notes")]
    public void Answers_that_have_a_field_of_the_card_or_the_deal_fill_it_in_every_language(string family, string fields)
    {
        string[] real = ["client.name", "client.company", "client.email", "client.city", "client.language", "client.notes", "client.need", "deal.title", "deal.amount"];
        foreach (var script in Delivered.Where(s => Family(s) == family))
            script.FilledFields.Where(f => real.Contains(f) || ScriptFields.IsCustom(f)).Should().Contain(fields.Split(' '), script.File);
        Delivered.Count(s => Family(s) == family).Should().Be(Languages.Length);
    }

    [Fact]
    public void Each_has_what_makes_it_useful()
    {
        var wrong = new List<string>();
        foreach (var script in Delivered)
        {
            var ways = new ScriptWays(script);
            Least(script.Steps.Count, 6, "steps");
            Least(script.Steps.Count(s => ways.From(s).Distinct(StringComparer.Ordinal).Skip(1).Any()), 2, "steps that branch");
            Least(script.FilledFields.Count(), 4, "fields filled");
            Least(script.Objections.Count, 3, "objections");
            wrong.AddRange(ways.Targets.Where(t => t.Step != Script.End && !ways.Has(t.Step)).Select(t => $"{script.File}:{t.At.Line}: leads to \"{t.Step}\", which is not there"));
            wrong.AddRange(script.Steps.Where(s => !ways.Reached.Contains(s.Id)).Select(s => $"{script.File} step {s.Id}: never reached"));
            wrong.AddRange(script.FilledFields.Where(f => !ScriptFields.Fillable.ContainsKey(f) && !ScriptFields.IsCustom(f)).Select(f => $"{script.File}: fills {f}, which is no field"));

            void Least(int has, int least, string what)
            {
                if (has < least) wrong.Add($"{script.File}: {has} {what}, expected at least {least}");
            }
        }

        wrong.Should().BeEmpty();
    }

    [Fact]
    public void No_spoken_line_is_longer_than_a_breath()
    {
        var wrong = from script in Delivered
                    from line in Spoken(script)
                    let words = WordsOf(line.Text)
                    where words > 30
                    select $"{script.File} {line.Where}: {words} words: {line.Text}";

        wrong.Should().BeEmpty();
    }

    [Fact]
    public void Clients_are_addressed_with_courtesy_throughout()
    {
        var wrong = from script in Delivered
                    from line in Spoken(script)
                    let rude = script.Language switch { "it" => TooFamiliarInItalian().Match(line.Text), "ru" => TooFamiliarInRussian().Match(line.Text), _ => Match.Empty }
                    where rude.Success
                    select $"{script.File} {line.Where}: \"{rude.Value}\" in: {line.Text}";

        wrong.Should().BeEmpty();
    }

    /// <summary>An agent who changes the language finds the same steps, and a report counts the same ways.</summary>
    [Fact]
    public void The_languages_of_a_script_have_the_same_skeleton()
    {
        foreach (var family in Delivered.GroupBy(Family, StringComparer.Ordinal))
        {
            var english = Skeleton(family.Single(s => s.Language == "en"));
            foreach (var other in family.Where(s => s.Language != "en")) Skeleton(other).Should().Equal(english, other.File);
        }
    }

    [Fact]
    public void Nothing_was_left_in_english()
    {
        var english = Delivered.Where(s => s.Language == "en").ToDictionary(s => s.Id, s => Shown(s).ToArray(), StringComparer.Ordinal);
        var wrong = from script in Delivered
                    where script.Language != "en"
                    from pair in Shown(script).Zip(english[Family(script)])
                    where pair.First.Text == pair.Second.Text || (script.Language == "ru" && !pair.First.Text.Any(c => c is >= 'А' and <= 'я'))
                    select $"{script.File} {pair.First.Where}: {pair.First.Text}";

        wrong.Should().BeEmpty();
    }

    [Fact]
    public void The_example_in_the_docs_is_right()
    {
        var page = File.ReadAllText(Path.Combine(Folder, "..", "docs", "scripts.md"));
        var yaml = page.Split("```yaml\n")[1].Split("```")[0];

        ScriptText.Read(yaml).Problems.Should().BeEmpty();
    }

    [Fact]
    public void The_docs_name_every_field()
    {
        var page = File.ReadAllText(Path.Combine(Folder, "..", "docs", "scripts.md"));

        ScriptFields.Readable.Keys.Where(f => !page.Contains($"`{f}`", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("it", "Ti richiamo domani.", true)]
    [InlineData("it", "La richiamo domani.", false)]
    [InlineData("it", "Puoi ripetere?", true)]
    [InlineData("ru", "Перезвоню вам завтра.", true)]
    [InlineData("ru", "Перезвоню Вам завтра.", false)]
    [InlineData("ru", "Когда тебе удобно?", true)]
    public void What_counts_as_too_familiar(string language, string line, bool rude) =>
        (language == "it" ? TooFamiliarInItalian() : TooFamiliarInRussian()).IsMatch(line).Should().Be(rude);

    private static string Text(SpokenLine line) => string.Concat(line.Parts.Select(p => p.Text));

    /// <summary>Counted here by itself: what stands in the file, a placeholder's other words included.</summary>
    private static int WordsOf(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Count(w => w.Any(char.IsLetterOrDigit));

    private static IEnumerable<(string Where, string Text)> Spoken(Script script) =>
    [
        .. script.Greeting.Select(l => ("greeting", Text(l))),
        .. script.Steps.SelectMany(s => s.Say.Select(l => ($"step {s.Id}", Text(l))).Concat(s.Questions.Select(q => ($"step {s.Id} question {q.Id}", Text(q.Ask))))),
        .. script.Objections.SelectMany(o => o.Say.Select(l => ($"objection {o.Id}", Text(l)))),
    ];

    private static IEnumerable<(string Where, string Text)> Shown(Script script) =>
    [
        ("title", script.Title),
        .. Spoken(script).Where(l => WordsOf(l.Text) > 1),
        .. script.Steps.SelectMany(s => s.Questions.SelectMany(q => q.Answers.Where(a => a.Id is not ("yes" or "no")).Select(a => ($"step {s.Id} answer {a.Id}", a.Label)).Append(($"step {s.Id}", q.Hint ?? ""))).Append(($"step {s.Id}", s.Hint ?? "")).Append(($"step {s.Id} title", s.Title)))
            .Where(t => t.Item2.Length > 0),
        .. script.Objections.Select(o => ($"objection {o.Id}", o.When)),
    ];

    private static string[] Skeleton(Script script) =>
    [
        $"{script.FirstStep} {script.Priority} {string.Join("; ", ScriptChoice.InWords(script.For))}",
        .. script.Steps.Select(s => $"{s.Id} → {s.Default.Step}: {string.Join(", ", s.Questions.Select(q =>
            $"{q.Id} {q.Kind} {q.Required} {q.Field} {q.Min} {q.Max} [{string.Join(" ", q.Answers.Select(a => $"{a.Id}→{a.Goto?.Step} {string.Join(" ", a.Sets.Select(f => f.Field))}"))}]"))}"),
        .. script.Objections.Select(o => $"{o.Id} → {o.Goto?.Step}"),
    ];

    [GeneratedRegex(@"\b(?:tu|ti|tuo|tua|tuoi|tue|ciao|vuoi|puoi|devi|hai|dimmi|senti|scusami)\b", RegexOptions.IgnoreCase)]
    private static partial Regex TooFamiliarInItalian();

    [GeneratedRegex(@"\b(?:[Тт](?:ы|ебя|ебе|обой|вой|воя|воё|вои|воего|воей)|[Пп]ривет|вы|вас|вам|вами|ваш|ваша|ваше|ваши|вашего|вашей|вашему|вашим|вашу|ваших)\b")]
    private static partial Regex TooFamiliarInRussian();
}
