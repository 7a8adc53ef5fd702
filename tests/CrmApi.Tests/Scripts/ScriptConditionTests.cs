using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>Conditions over fields: how they are read, compared, and where they lead.</summary>
public sealed class ScriptConditionTests
{
    static readonly DateOnly Today = new(2026, 3, 10);

    static readonly CustomField[] Own =
    [
        new("plan", "Plan", "choice", [new("gold", "Gold"), new("silver", "Silver")]),
        new("interests", "Interests", "choices", [new("roof", "Roof"), new("heat", "Heating")]),
        new("ends", "Ends", "date", []), new("rate", "Rate", "money", []), new("floors", "Floors", "number", []), new("vip", "VIP", "yes_no", []), new("word", "Word", "text", []),
        new("parent", "Parent", "link", []), new("score", "Score", "calculated", []),
    ];

    static Script Where(string conditions) => ScriptText.Good(ScriptText.Minimal(conditions: $"{{ where: {conditions} }}"));

    static ScriptFacts Facts(params (string Field, string Json)[] values) => new(
        values.ToDictionary(v => v.Field, v => ScriptFacts.Of(JsonDocument.Parse(v.Json).RootElement), StringComparer.Ordinal), Today);

    static bool Meets(string condition, string field, string json) => Where($"[{{ field: {field}, {condition} }}]").For.Where.All(Facts((field, json)).Meets);

    [Theory]
    [InlineData("is: Roma", "client.city", "\"roma\"", true)]
    [InlineData("is: Roma", "client.city", "\"Milano\"", false)]
    [InlineData("is_not: Roma", "client.city", "\"Milano\"", true)]
    [InlineData("is_not: Roma", "client.city", "null", true)]
    [InlineData("one_of: [Roma, Milano]", "client.city", "\"Milano\"", true)]
    [InlineData("contains: mil", "client.city", "\"Camilluccia\"", true)]
    [InlineData("contains: rom", "client.city", "\"Milano\"", false)]
    [InlineData("filled: true", "client.city", "\" \"", false)]
    [InlineData("filled: false", "client.city", "null", true)]
    [InlineData("empty: true", "client.city", "\"Roma\"", false)]
    [InlineData("at_least: 1000", "client.custom.rate", """{"amount":1000.00,"currency":"EUR"}""", true)]
    [InlineData("at_least: 1000 USD", "client.custom.rate", """{"amount":5000,"currency":"EUR"}""", false)]
    [InlineData("at_most: 1000 EUR", "client.custom.rate", """{"amount":12.5,"currency":"EUR"}""", true)]
    [InlineData("at_least: 3", "client.custom.floors", "3.0", true)]
    [InlineData("is: 3", "client.custom.floors", "3.00", true)]
    [InlineData("at_least: 3, at_most: 5", "client.custom.floors", "6", false)]
    [InlineData("at_least: 3", "client.custom.floors", "\"many\"", false)]
    [InlineData("is: true", "client.custom.vip", "true", true)]
    [InlineData("is: no", "client.custom.vip", "false", true)]
    [InlineData("is: roof", "client.custom.interests", """["heat","roof"]""", true)]
    [InlineData("is_not: roof", "client.custom.interests", """["heat","roof"]""", false)]
    [InlineData("before: today", "client.custom.ends", "\"2026-03-09\"", true)]
    [InlineData("before: today", "client.custom.ends", "\"2026-03-10\"", false)]
    [InlineData("after: 2026-01-01", "client.custom.ends", "\"2026-03-09\"", true)]
    [InlineData("within_days: 30", "client.custom.ends", "\"2026-04-09\"", true)]
    [InlineData("within_days: 30", "client.custom.ends", "\"2026-04-10\"", false)]
    [InlineData("within_days: 30", "client.custom.ends", "\"2026-03-09\"", false)]
    [InlineData("within_days: -30", "client.custom.ends", "\"2026-02-08\"", true)]
    [InlineData("within_days: -30", "client.custom.ends", "\"2026-03-11\"", false)]
    [InlineData("within_days: 3", "client.custom.ends", "\"not a day\"", false)]
    [InlineData("filled: true", "client.custom.parent", """{"kind":"client","id":"7"}""", true)]
    [InlineData("at_least: 3", "client.custom.score", "4.5", true)]
    [InlineData("contains: <b>", "client.name", "\"<b>Rossi</b>\"", true)]
    public void A_field_is_compared_as_its_value_is(string condition, string field, string json, bool met) => Meets(condition, field, json).Should().Be(met);

    [Fact]
    public void A_field_that_the_site_does_not_have_meets_nothing_not_even_being_empty()
    {
        foreach (var condition in new[] { "is: x", "is_not: x", "empty: true", "filled: true" })
        {
            Where($"{{ field: client.custom.gone, {condition} }}").For.Where.All(Facts().Meets).Should().BeFalse(condition);
        }

        Where("{ field: client.custom.plan, empty: true }").For.Where.All(Facts(("client.custom.plan", "null")).Meets).Should().BeTrue();
        Where("{ field: client.city, empty: true }").For.Where.All(Facts().Meets).Should().BeTrue("of somebody without a card nothing is known");
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "{ field: client.citty, is: Roma }", "5:24 unknown field \"client.citty\", did you mean \"client.city\"?" },
        { "{ field: client.city, more_than: 3 }", "unknown key \"more_than\" in a condition" },
        { "{ field: client.city }", "5:15 a condition that compares nothing, expected one of: is, is_not" },
        { "{ is: Roma }", "5:15 a condition without \"field:\", expected one" },
        { "{ field: client.city, at_least: 3 }", "5:37 \"at_least\" does not fit field \"client.city\", a text, expected one of: is, is_not, one_of, contains, filled, empty" },
        { "{ field: deal.amount, at_least: much }", "5:47 \"at_least\" is \"much\", expected a number such as 1000 or an amount such as 1000 EUR" },
        { "{ field: deal.amount, is: much }", "5:37 \"is\" of field \"deal.amount\" is \"much\", expected an amount such as 1000 or 1000 EUR" },
        { "{ field: deal.quantity, at_least: 3 EUR }", "\"at_least\" of field \"deal.quantity\" is \"3 EUR\", expected a number such as 12.5" },
        { "{ field: client.created, before: soon }", "\"before\" is \"soon\", expected a day such as 2026-03-31, or today" },
        { "{ field: client.created, within_days: 1.5 }", "\"within_days\" is the number 1.5, expected a whole number from -3650 to 3650" },
        { "{ field: client.consent, is: perhaps }", "\"is\" of field \"client.consent\" is \"perhaps\", expected yes or no" },
        { "{ field: client.city, filled: maybe }", "\"filled\" is \"maybe\", expected true or false" },
        { "{ field: client.city, one_of: [] }", "\"one_of\" has 0 values, expected 1 to 50" },
        { "{ field: client.city, is: [Roma] }", "\"is\" is a list, expected a value of 1 to 200 characters" },
        { "[]", "5:15 \"where\" is an empty list, expected at least one condition" },
        { "[Roma]", "text where a condition belongs" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_condition_is_named_by_line_with_what_was_expected(string condition, string problem) =>
        ScriptText.Problems(ScriptText.Minimal(conditions: $"{{ where: {condition} }}")).Should().Contain(p => p.Contains(problem, StringComparison.Ordinal), problem);

    [Fact]
    public void Ten_thousand_conditions_are_one_problem()
    {
        var many = string.Join(", ", Enumerable.Range(0, 10_000).Select(n => $"{{field: client.city, is: c}}"));
        var problems = ScriptText.Problems(ScriptText.Minimal(conditions: $"{{ where: [{many}] }}"));
        problems.Should().ContainSingle().Which.Should().BeOneOf("1:1 the file has more than 262,144 bytes, expected at most that", "5:15 \"where\" has 10000 conditions, expected at most 50");
        var branches = string.Join(", ", Enumerable.Range(0, 4_000).Select(_ => "{when: {field: client.city, is: c}, goto: end}"));
        ScriptText.Problems(ScriptText.WithSteps($"steps: [{{ id: a, title: A, say: B, branches: [{branches}] }}]")).Should().ContainSingle().Which.Should().Contain("\"branches\" has 4000 entries, expected at most 20");
    }

    [Fact]
    public void The_site_names_fields_it_does_not_have_as_warnings_and_those_of_another_kind_as_faults()
    {
        var text = ScriptText.WithSteps("""
            steps:
              - id: a
                title: A
                questions:
                  - { id: gone, ask: "A?", kind: text, fills: client.custom.gone }
                  - { id: floors, ask: "A?", kind: text, fills: client.custom.floors }
                  - { id: plan, ask: "A?", kind: choice, fills: client.custom.plan }
                  - { id: old, ask: "A?", kind: choice, fills: client.custom.plan, answers: [{ id: gold, label: G }, { id: bronze, label: B }] }
                branches:
                  - when: [{ field: client.custom.plam, is: gold }, { field: client.custom.plan, at_least: 3 }, { field: client.custom.plan, is: bronze }]
                    goto: end
              - { id: b, title: B, say: "B.", when: { field: client.custom.parent, at_least: 3 } }
            """);
        var reading = ScriptReader.Read("demo.yaml", System.Text.Encoding.UTF8.GetBytes(text), ScriptShape.Any, Own);

        reading.Problems.Select(p => p.ToString()).Should().Equal(
            "demo.yaml:10:51: warning: this site has no field \"client.custom.gone\", expected one of: plan, interests, ends, rate, floors, vip, word, parent, score; the answer stays with the call",
            "demo.yaml:11:53: field \"client.custom.floors\", a number, cannot take the answers of a text question, expected kind: number",
            "demo.yaml:13:106: warning: \"bronze\" is no option of field \"client.custom.plan\", expected one of gold, silver",
            "demo.yaml:15:25: warning: this site has no field \"client.custom.plam\", did you mean \"plan\"?; a condition on it is never met",
            "demo.yaml:15:86: \"at_least\" does not fit field \"client.custom.plan\", a choice, expected one of: is, is_not, one_of, filled, empty",
            "demo.yaml:15:130: warning: \"bronze\" is no option of field \"client.custom.plan\", expected one of gold, silver");
        reading.Script.Should().BeNull("one of another kind is a fault");
        ScriptText.Read(text).Problems.Should().BeEmpty("a file that knows no site takes them on trust");
        ScriptReader.Read("demo.yaml", System.Text.Encoding.UTF8.GetBytes(text.Replace("floors, ask: \"A?\", kind: text", "floors, ask: \"A?\", kind: number").Replace("at_least: 3 }, ", "is_not: silver }, ")), ScriptShape.Any, Own)
            .Script.Should().NotBeNull("with warnings alone it can be used");
    }

    [Fact]
    public void A_campaign_that_the_site_does_not_have_is_worth_a_warning_where_the_site_is_known()
    {
        var text = ScriptText.Minimal(conditions: "{ campaign: [winter, wintr], queue: Sales }");
        ScriptReader.Read("demo.yaml", System.Text.Encoding.UTF8.GetBytes(text), ScriptShape.Any, null, ["winter", "spring"]).Should().Match<ScriptReading>(r =>
            r.Script != null && r.Problems.Single().Warning && r.Problems.Single().Message == "this site has no campaign \"wintr\", did you mean \"winter\"?; no call is of it");
        ScriptReader.Read("demo.yaml", System.Text.Encoding.UTF8.GetBytes(text), ScriptShape.Any, null, []).Problems.Should().HaveCount(2);
        ScriptText.Read(text).Problems.Should().BeEmpty("a file that knows no site takes it on trust");
        ScriptText.Read(ScriptText.Minimal(conditions: "{ campaign: winter, direction: outbound }")).Problems.Should().BeEmpty("calls out can be made for a campaign");
        ScriptText.Read(ScriptText.Minimal(conditions: "{ campaign: [] }")).Problems.Should().ContainSingle().Which.Message.Should().Contain("\"campaign\" is an empty list");
        ScriptText.Read(ScriptText.Minimal(conditions: "{ campaigns: winter }")).Problems.Should().ContainSingle().Which.Message.Should().Contain("campaign");
    }

    [Fact]
    public void The_command_tells_warnings_apart()
    {
        using var folder = new TestFolder();
        File.WriteAllText(Path.Combine(folder.Path, "a.yaml"), File.ReadAllText(Path.Combine(ScriptLibraryTests.Folder, "known-client.yaml")));
        var output = new StringWriter { NewLine = "\n" };
        ScriptCheck.Run(folder.Path, output, Own).Should().Be(0);
        output.ToString().Should().Contain("a.yaml:").And.Contain(": warning: this site has no field \"client.custom.contract_end\"").And.EndWith("1 script checked, 0 problems, 4 warnings\n");
    }

    const string Walked = """
        steps:
          - id: a
            title: A
            questions:
              - { id: plan, ask: "A?", kind: choice, fills: client.custom.plan }
              - { id: budget, ask: "B?", kind: money, fills: deal.budget }
            branches:
              - when: { field: client.custom.plan, is: gold }
                goto: c
              - when: [{ field: deal.budget, at_least: 1000 }, { field: client.custom.ends, within_days: 30 }]
                goto: end
          - { id: b, title: B, say: "B.", when: { field: client.custom.ends, within_days: 30 } }
          - { id: c, title: C, say: "C.", when: { field: client.custom.vip, is: yes } }
          - { id: d, title: D, say: "D." }
        """;

    static ScriptView View(string text, params (string Field, string Json)[] known)
    {
        var facts = Facts(known);
        var all = Own.ToDictionary(f => ScriptFields.CustomPrefix + f.Code, f => facts.Values.GetValueOrDefault(ScriptFields.CustomPrefix + f.Code) ?? [], StringComparer.Ordinal);
        return ScriptRendering.View(ScriptText.Good(ScriptText.WithSteps(text)), new ScriptContext(new Dictionary<string, string?>(), new TimeOnly(9, 0)) { Facts = new ScriptFacts(all, Today), Fields = Own });
    }

    static string? Next(ScriptView view, string step, params (string Question, string Answer)[] answers) =>
        ScriptWalk.Next(view, view.Steps.Single(s => s.Id == step), answers.ToDictionary(a => a.Question, a => a.Answer, StringComparer.Ordinal));

    [Fact]
    public void Branches_and_passed_steps_follow_what_is_known_and_what_is_said()
    {
        var plain = View(Walked);
        Next(plain, "a").Should().Be("d", "b and c are passed over");
        Next(plain, "a", ("plan", "silver")).Should().Be("d");
        Next(plain, "a", ("plan", "gold")).Should().Be("d", "c is passed over here too");
        Next(View(Walked, ("client.custom.vip", "true")), "a", ("plan", "gold")).Should().Be("c", "what was answered a moment ago counts");
        var ending = View(Walked, ("client.custom.ends", "\"2026-03-20\""), ("client.custom.plan", "\"gold\""));
        Next(ending, "a").Should().Be("d", "what the card says counts where nothing was answered");
        Next(ending, "a", ("plan", "silver")).Should().Be("b", "the answer goes before the card");
        Next(ending, "a", ("plan", "silver"), ("budget", "1000.00")).Should().BeNull("the second branch ends the script");
        Next(ending, "b").Should().Be("d");
        plain.Steps[0].Questions[0].Answers.Select(a => (a.Id, a.Label)).Should().Equal([("gold", "Gold"), ("silver", "Silver")], "the field's own options");
        JsonSerializer.Deserialize(JsonSerializer.Serialize(ending, ContractsJson.Default.ScriptView), ContractsJson.Default.ScriptView).Should().BeEquivalentTo(ending, o => o.Excluding(m => m.Name == nameof(LinePart.Otherwise)));
    }

    [Fact]
    public void Ways_know_of_branches_and_passed_steps()
    {
        var script = ScriptText.Good(ScriptText.WithSteps(Walked));
        var ways = new ScriptWays(script);
        ways.From(script.Steps[0]).Distinct().Should().BeEquivalentTo(["c", "d", "end", "b"]);
        ways.StepsLeft()["a"].Should().Be(1);
        ScriptText.Problems(ScriptText.WithSteps("""
            steps:
              - { id: a, title: A, say: "A.", when: { field: client.city, is: Roma } }
              - { id: b, title: B, say: "B.", when: { field: client.city, is: Roma }, goto: c }
              - { id: c, title: C, say: "C.", when: { field: client.city, is: Roma }, goto: b, branches: [{ when: { field: client.city, is: Roma }, goto: end }] }
              - id: d
                title: D
                questions: [{ id: q, ask: "Q?", kind: yes/no, answers: [{ id: yes, goto: end }, { id: no, goto: end }] }]
                branches: [{ when: { field: client.city, is: Roma }, goto: nowhere }]
            """)).Select(p => p[(p.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Should().BeEquivalentTo(
            "step \"a\" is the first one and is always shown, expected no \"when\": use \"branches\"",
            "when it is passed over, step \"b\" leads back to itself, expected a \"goto\" that leads on",
            "when it is passed over, step \"c\" leads back to itself, expected a \"goto\" that leads on",
            "every answer of step \"d\" leads elsewhere, so \"branches\" are never taken, expected an answer without \"goto\"",
            "\"goto\" names step \"nowhere\", which is not in this script, expected one of: a, b, c, d, end",
            "step \"d\" is never reached, expected a way to it from \"a\"");
    }

    [Fact]
    public void A_view_that_passes_in_circles_ends()
    {
        var step = new StepView("a", "A", [], null, [], "b", 1);
        ScriptConditionView[] never = [new("client.city", ScriptOperator.Is, ["x"], false)];
        var view = new ScriptView("s", "v", "S", "en", [], "a", [step, new StepView("b", "B", [], null, [], "c", 1, never), new StepView("c", "C", [], null, [], "b", 1, never)], []);
        ScriptWalk.Next(view, step, new Dictionary<string, string>()).Should().BeNull();
    }

    [Fact]
    public void A_script_is_chosen_by_fields()
    {
        Script[] library = [ScriptText.Good(ScriptText.Minimal("any")), ScriptText.Good(ScriptText.Minimal("gold", "{ where: [{ field: client.custom.plan, one_of: [gold, silver] }] }")),
            ScriptText.Good(ScriptText.Minimal("gold-ending", "{ where: [{ field: client.custom.plan, is: gold }, { field: client.custom.ends, within_days: 30 }] }"))];
        ChosenScript Choose(params (string, string)[] known) => ScriptChoice.Choose(library, new ScriptCall(ClientKind.Known, ScriptDirection.Inbound) { Facts = Facts(known) })!;

        Choose().Script.Id.Should().Be("any");
        Choose(("client.custom.plan", "\"gold\"")).Script.Id.Should().Be("gold");
        var ending = Choose(("client.custom.plan", "\"gold\""), ("client.custom.ends", "\"2026-03-31\""));
        ending.Script.Id.Should().Be("gold-ending", "two conditions beat one");
        ending.Why.Met.Should().Equal(new ScriptConditionMet("field", "gold", "client.custom.plan", ScriptOperator.Is), new ScriptConditionMet("field", "30", "client.custom.ends", ScriptOperator.WithinDays));
        ScriptChoice.Unmet(library[2].For, new ScriptCall(ClientKind.Known, ScriptDirection.Inbound) { Facts = Facts(("client.custom.plan", "\"gold\"")) })
            .Should().Equal(new ScriptConditionMet("field", "30", "client.custom.ends", ScriptOperator.WithinDays));
        ScriptChoice.InWords(library[2].For).Should().Equal("client.custom.plan is gold", "client.custom.ends within_days 30");
    }

    [Theory]
    [InlineData("plan", "choice", "gold", "gold", null)]
    [InlineData("plan", "choice", "bronze", null, "expected one of: gold, silver")]
    [InlineData("interests", "choices", " heat,roof", "roof,heat", null)]
    [InlineData("interests", "choices", "roof,cellar", null, "expected some of: roof, heat")]
    [InlineData("floors", "number", "3", "3", null)]
    [InlineData("gone", "choice", "whatever they said", "whatever they said", null)]
    [InlineData("word", "choice", "typed, as the field is no choice any more", "typed, as the field is no choice any more", null)]
    public void Answers_fill_the_sites_own_fields(string field, string kind, string answer, string? value, string? expected)
    {
        var script = ScriptText.Good(ScriptText.WithSteps($"steps: [{{ id: a, title: A, questions: [{{ id: q, ask: \"Q?\", kind: {kind}, fills: client.custom.{field} }}] }}]"));
        var filled = ScriptAnswers.Fill(script, new Dictionary<string, string> { ["q"] = answer }, Own);

        filled.Fields.Select(f => f.Value).Should().Equal(value is null ? [] : [value]);
        filled.Refused.Values.Should().Equal(expected is null ? [] : [expected]);
        ScriptAnswers.Shown(script.Questions.First(), "roof,heat", Own).Should().Be(field == "interests" ? "Roof, Heating" : "roof,heat");
    }

    sealed class TestFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("callcrm-scripts").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
