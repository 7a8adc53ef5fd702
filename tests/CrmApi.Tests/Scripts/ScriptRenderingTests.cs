using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

public sealed class ScriptRenderingTests
{
    private const string Text = """
        id: demo
        title: Demo
        language: en
        for: {}
        greeting: "{{day.greeting}}, {{client.name|there}}. {{agent.name}} of {{ company.name }}."
        steps:
          - id: a
            title: A
            say: "Is {{client.company|your company}} well?"
            questions:
              - { id: q, ask: "Well?", kind: yes/no, fills: client.consent, answers: [{ id: no, goto: end, sets: { call.topic: refused } }] }
              - { id: company, ask: "Which company?", kind: text, fills: client.company }
          - id: b
            title: B
            questions:
              - { id: how_many, ask: "How many?", kind: number, min: 1, max: 10, fills: deal.quantity }
              - { id: how_much, ask: "How much?", kind: money, fills: deal.amount }
              - { id: when, ask: "When?", kind: date, fills: deal.start_date, required: true }
          - { id: c, title: C, say: "Bye." }
        objections:
          - { id: stay, when: "Hm", say: "Well." }
          - { id: leave, when: "No", say: "Bye.", goto: end }
        """;

    private static readonly ScriptReason Because = new([new("client", "new")], "en", ScriptLanguageOf.Agent);

    private static ScriptView View(params (string Name, string Value)[] values) => ScriptRendering.View(
        ScriptText.Good(Text),
        new ScriptContext(values.ToDictionary(v => v.Name, string? (v) => v.Value, StringComparer.Ordinal), new TimeOnly(9, 30)),
        Because);

    [Fact]
    public void Placeholders_are_filled_and_unknown_ones_say_their_other_words()
    {
        View(("client.name", "Anna"), ("agent.name", "Luca"), ("company.name", "ACME")).Greeting[0].Text
            .Should().Be("Good morning, Anna. Luca of ACME.");
        View(("client.name", " "), ("agent.name", "Luca"), ("company.name", "ACME")).Greeting[0].Text
            .Should().Be("Good morning, there. Luca of ACME.");
    }

    [Theory]
    [InlineData("<b onclick=alert(1)>Bob</b>", "<b onclick=alert(1)>Bob</b>")]
    [InlineData("{{agent.name}}", "{{agent.name}}")]
    [InlineData("Bo\r\nb\u0000", "Bo  b")]
    [InlineData("\u202Ebob", "bob")]
    [InlineData("Zoë 🎉", "Zoë 🎉")]
    public void Values_stay_plain_text(string name, string spoken)
    {
        View(("client.name", name)).Greeting[0].Parts.Select(p => (p.Text, p.Field)).Should().Contain((spoken, "client.name"));
    }

    [Fact]
    public void A_name_of_500_characters_is_cut()
    {
        View(("client.name", new string('x', 500))).Greeting[0].Parts[2].Text.Should().Be(new string('x', ScriptContext.MaxLength) + "…");
    }

    [Theory]
    [InlineData("en", 4, "Good evening")]
    [InlineData("en", 5, "Good morning")]
    [InlineData("en", 12, "Good afternoon")]
    [InlineData("en", 18, "Good evening")]
    [InlineData("it", 12, "Buongiorno")]
    [InlineData("it", 13, "Buon pomeriggio")]
    [InlineData("it", 17, "Buonasera")]
    [InlineData("ru", 11, "Доброе утро")]
    [InlineData("ru", 17, "Добрый день")]
    [InlineData("ru", 18, "Добрый вечер")]
    public void The_greeting_follows_the_time_of_day_and_the_language(string language, int hour, string greeting)
    {
        new ScriptContext(new Dictionary<string, string?>(), new TimeOnly(hour, 0), language).Value("day.greeting").Should().Be(greeting);
    }

    [Fact]
    public void A_line_takes_up_what_is_learned_in_this_call()
    {
        var line = View(("client.company", "Old Ltd")).Steps[0].Say[0];

        line.Text.Should().Be("Is Old Ltd well?");
        line.With(new Dictionary<string, string> { ["client.company"] = "New Ltd" }).Should().Be("Is New Ltd well?");
    }

    [Fact]
    public void The_page_walks_the_script_without_the_server()
    {
        var view = View();

        view.FirstStep.Should().Be("a");
        ScriptWalk.Missing(view.Steps[0], new Dictionary<string, string>())!.Id.Should().Be("q");
        ScriptWalk.Missing(view.Steps[0], new Dictionary<string, string> { ["q"] = "yes" }).Should().BeNull();
        ScriptWalk.Next(view, view.Steps[0], new Dictionary<string, string> { ["q"] = "yes" }).Should().Be("b");
        ScriptWalk.Next(view, view.Steps[0], new Dictionary<string, string> { ["q"] = "no" }).Should().BeNull("this answer ends the script");
        ScriptWalk.Next(view, view.Steps[2], new Dictionary<string, string>()).Should().BeNull();
        view.Steps.Select(s => s.StepsLeft).Should().Equal(1, 2, 1);
        view.Objections.Select(o => (o.Branches, o.Goto)).Should().Equal((false, null), (true, null));
        view.Why.Should().Be(Because);
    }

    [Fact]
    public void The_view_survives_the_wire()
    {
        var view = View(("client.name", "Anna"));
        var json = JsonSerializer.Serialize(view, ContractsJson.Default.ScriptView);

        JsonSerializer.Deserialize(json, ContractsJson.Default.ScriptView).Should().BeEquivalentTo(view, o => o.Excluding(m => m.Name == nameof(LinePart.Otherwise)));
        json.Should().Contain("\"kind\":\"YesNo\"").And.NotContain("\"text\":\"Good morning, Anna.");
    }

    [Fact]
    public void Answers_fill_checked_fields()
    {
        var filled = ScriptAnswers.Fill(ScriptText.Good(Text), new Dictionary<string, string>
        {
            ["q"] = "yes",
            ["company"] = " ACME ",
            ["how_many"] = "4",
            ["how_much"] = "12.5",
            ["when"] = "2026-03-05",
            ["unknown"] = "x",
        }, []);

        filled.Refused.Should().BeEmpty();
        filled.Fields.Should().Equal(
            new FieldValue("client.consent", "yes"), new FieldValue("client.company", "ACME"),
            new FieldValue("deal.quantity", "4"), new FieldValue("deal.amount", "12.50"), new FieldValue("deal.start_date", "2026-03-05"));
    }

    [Fact]
    public void A_client_who_refuses_consent_fills_no_field_of_the_card()
    {
        var filled = ScriptAnswers.Fill(ScriptText.Good(Text), new Dictionary<string, string> { ["q"] = "no", ["company"] = "ACME", ["how_many"] = "4" }, []);

        filled.Fields.Should().Equal(new FieldValue("client.consent", "no"), new FieldValue("call.topic", "refused"), new FieldValue("deal.quantity", "4"));
    }

    [Theory]
    [InlineData("q", "maybe", "expected one of: yes, no")]
    [InlineData("how_many", "many", "expected a number such as 12.5")]
    [InlineData("how_many", "0", "expected 1 or more")]
    [InlineData("how_many", "11", "expected 10 or less")]
    [InlineData("how_much", "1,5", "expected an amount such as 1250.00")]
    [InlineData("how_much", "1.505", "expected an amount such as 1250.00")]
    [InlineData("when", "5.3.2026", "expected a day such as 2026-03-05")]
    [InlineData("when", "2026-02-30", "expected a day such as 2026-03-05")]
    public void An_answer_that_does_not_fit_fills_nothing(string question, string answer, string expected)
    {
        var filled = ScriptAnswers.Fill(ScriptText.Good(Text), new Dictionary<string, string> { [question] = answer }, []);

        filled.Fields.Should().BeEmpty();
        filled.Refused.Should().Equal(new Dictionary<string, string> { [question] = expected });
    }
}
