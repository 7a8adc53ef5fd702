using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

public sealed class ScriptReaderTests
{
    [Fact]
    public void A_right_script_is_read_whole()
    {
        var script = ScriptText.Good("""
            id: demo
            title: Demo
            about: For tests.
            language: it
            priority: 7
            for:
              client: known
              direction: outbound
              queue: [Assistenza clienti, service]
              segment: [vip, gold]
              deal_type: sale
              deal_stage: negotiation
            greeting: ["Buongiorno.", "Sono {{agent.name}}."]
            start: ask
            steps:
              - id: ask
                title: Ask
                say: "Allora."
                hint: Quietly.
                questions:
                  - id: ready
                    ask: "Pronto?"
                    kind: yes/no
                    hint: Wait.
                    answers:
                      - id: "no"
                        sets: { deal.amount: 12.5, call.topic: later }
                        goto: end
                  - id: amount
                    ask: "Quanto?"
                    kind: money
                    required: true
                    min: 1
                    max: 9.5
                    fills: deal.budget
              - id: bye
                title: Bye
                say: "Ciao."
            objections:
              - id: why
                when: "Perché?"
                say: "Perché sì."
                goto: bye
            """);

        script.Should().BeEquivalentTo(new { Id = "demo", Title = "Demo", Language = "it", Priority = 7, FirstStep = "ask" });
        script.Version.Should().MatchRegex("^[0-9a-f]{12}$");
        ScriptChoice.InWords(script.For).Should().Equal(
            "client: known", "direction: outbound", "queue: Assistenza clienti, service", "segment: vip, gold", "deal type: sale", "deal stage: negotiation");
        var ready = script.Steps[0].Questions[0];
        ready.Kind.Should().Be(QuestionKind.YesNo);
        ready.Required.Should().BeTrue("an answer that decides the way cannot be left out");
        ready.Answers.Select(a => (a.Id, a.Label, a.Goto?.Step)).Should().Equal(("yes", "Sì", null), ("no", "No", "end"));
        ready.Answers[1].Sets.Should().Equal(new FieldValue("deal.amount", "12.50"), new FieldValue("call.topic", "later"));
        script.Steps[0].Questions[1].Should().BeEquivalentTo(new { Kind = QuestionKind.Money, Required = true, Min = 1m, Max = 9.5m, Field = "deal.budget" });
        script.Steps[0].Default.Step.Should().Be("bye", "without goto the next step in the file follows");
        script.Steps[1].Default.Step.Should().Be("end", "the last step ends the script");
        script.FilledFields.Should().Equal("deal.amount", "call.topic", "deal.budget");
    }

    [Fact]
    public void Yes_and_no_without_quotes_are_text()
    {
        // YAML 1.1 made them booleans; 1.2, which is read here, does not.
        ScriptText.Good(ScriptText.WithSteps("""
            steps:
              - id: a
                title: A
                questions:
                  - { id: q, ask: "Well?", kind: yes/no, answers: [{ id: yes, goto: end }, { id: no }] }
            """)).Steps[0].Questions[0].Answers[0].Id.Should().Be("yes");
    }

    public static TheoryData<string, string> Wrong => new()
    {
        // what is written instead of a line of the minimal script, and what is said about it
        { "", "1:1 the file is empty, expected a script that begins with \"id:\"" },
        { "# nothing", "1:1 the file is empty, expected a script that begins with \"id:\"" },
        { "just words", "1:1 text where a script belongs, expected keys such as \"id:\"" },
        { "[1, 2]", "1:1 a list where a script belongs, expected keys such as \"id:\"" },
        { ScriptText.Minimal().Replace("id: demo", "id: Démo!"), "1:5 \"id\" is \"Démo!\", expected a code of a-z, 0-9, \"-\" and \"_\" that begins with a letter (at most 60)" },
        { ScriptText.Minimal().Replace("id: demo\n", ""), "1:1 a script without \"id:\", expected one" },
        { ScriptText.Minimal().Replace("title: Demo", "title: 12"), "2:8 \"title\" is the number 12, expected text; put it in quotes" },
        { ScriptText.Minimal().Replace("title: Demo", "title: true"), "2:8 \"title\" is true (true or false), expected text; put it in quotes" },
        { ScriptText.Minimal().Replace("title: Demo", "title:"), "2:7 \"title\" is nothing, expected text" },
        { ScriptText.Minimal().Replace("title: Demo", "title: \"  \""), "2:8 \"title\" is empty, expected text" },
        { ScriptText.Minimal().Replace("title: Demo", "title: [a]"), "2:8 \"title\" is a list, expected text" },
        { ScriptText.Minimal().Replace("title: Demo", "title: \"a\\u0007b\""), "2:8 \"title\" holds a control character, expected plain text" },
        { ScriptText.Minimal().Replace("language: en", "language: English"), "3:11 \"language\" is \"English\", expected two small letters of ISO 639-1 such as en, it, ru" },
        { ScriptText.Minimal().Replace("priority: 0", "priority: \"0\""), "4:11 \"priority\" is text, expected a whole number from -1000 to 1000" },
        { ScriptText.Minimal().Replace("priority: 0", "priority: 1.5"), "4:11 \"priority\" is the number 1.5, expected a whole number from -1000 to 1000" },
        { ScriptText.Minimal().Replace("priority: 0", "priority: 1001"), "4:11 \"priority\" is the number 1001, expected a whole number from -1000 to 1000" },
        { ScriptText.Minimal().Replace("priority: 0", "prioriti: 0"), "4:1 unknown key \"prioriti\" in a script, did you mean \"priority\"?" },
        { ScriptText.Minimal(conditions: "{ client: old }"), "5:16 \"client\" is \"old\", expected one of: new, known" },
        { ScriptText.Minimal(conditions: "{ colour: red }"), "5:8 unknown key \"colour\" in \"for\", expected one of: client, deal, direction, queue, segment, deal_type, deal_stage, campaign, where" },
        { ScriptText.Minimal(conditions: "{ segment: [] }"), "5:17 \"segment\" is an empty list, expected at least one code" },
        { ScriptText.Minimal(conditions: "{ segment: [a, 7] }"), "5:21 \"segment\" is the number 7, expected text; put it in quotes" },
        { ScriptText.Minimal(conditions: "{ deal: none, deal_stage: won }"), "5:8 \"deal: none\" beside a deal type or stage can never fit, expected one or the other" },
        { ScriptText.Minimal(conditions: "{ client: new, deal: open }"), "5:8 a new client has no deal, expected \"client: known\" beside conditions on a deal" },
        { ScriptText.Minimal().Replace("priority: 0", "title: Again"), "4:1 key \"title\" is given twice, first on line 2" },
        { ScriptText.Minimal().Replace("title: Demo", "title: &a Demo"), "2:8 anchor \"&a\" is not allowed, expected plain values" },
        { ScriptText.Minimal().Replace("title: Demo", "title: !!str Demo"), "2:8 tag \"tag:yaml.org,2002:str\" is not allowed, expected plain values" },
        { ScriptText.Minimal().Replace("title: Demo", "title: \"Demo"), "2:8 this is not valid YAML: While scanning a multi-line double-quoted scalar, found wrong indentation" },
        { ScriptText.Minimal() + "\n---\nid: b", "14:1 a second document begins here (\"---\"), expected one script per file" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: []"), "10:10 \"say\" is an empty list, expected at least one line" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "goto: last"), "8:5 a step that says and asks nothing, expected \"say:\" or \"questions:\"" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: \"Hi {{client.nam|x}}.\""), "10:10 unknown placeholder \"{{client.nam}}\", did you mean \"client.name\"?" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: \"Hi {{client.name}}.\""), "10:10 \"{{client.name}}\" may be unknown, expected words for that case: \"{{client.name|…}}\"" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: \"Hi {{client.name.\""), "10:10 placeholder without an end, expected \"}}\" after \"{{\"" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: \"Hi }} there\""), "10:10 \"}}\" without \"{{\" before it" },
        { ScriptText.Minimal().Replace("say: \"One.\"", $"say: \"{string.Join(' ', Enumerable.Repeat("word", 31))}\""), "10:10 a spoken line of 31 words, expected at most 30: cut it in two" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: \"One.\"\n    goto: lost"), "11:11 \"goto\" names step \"lost\", which is not in this script, did you mean \"last\"?" },
        { ScriptText.Minimal().Replace("say: \"One.\"", "say: \"One.\"\n    goto: end"), "12:5 step \"last\" is never reached, expected a way to it from \"first\"" },
        { ScriptText.Minimal().Replace("say: \"Two.\"", "say: \"Two.\"\n    goto: first"), "8:5 from here the script never ends: first → last lead only to each other, expected a way to \"end\"" },
        { ScriptText.Minimal().Replace("id: last", "id: first"), "11:5 step id \"first\" is used twice, first on line 8" },
        { ScriptText.Minimal().Replace("id: last", "id: end"), "11:5 a step named \"end\", expected another id: \"goto: end\" ends the script" },
        { ScriptText.Minimal() + "\nstart: nowhere", "14:8 \"start\" names step \"nowhere\", which is not in this script, expected one of: first, last" },
        { ScriptText.Minimal() + "\nobjections: none", "14:13 \"objections\" is text, expected a list: each entry begins with \"- \"" },
        { ScriptText.Minimal() + "\nobjections: [{ id: a, when: \"No\" }]", "14:14 an objection without \"say:\", expected one" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_script_is_refused_by_line_and_column(string text, string problem)
    {
        ScriptText.Problems(text).Should().Contain(problem);
        ScriptText.Read(text).Script.Should().BeNull();
    }

    public static TheoryData<string, string> WrongQuestions => new()
    {
        { "{ id: q, ask: \"A?\" }", "10:9 a question without \"kind:\", expected one" },
        { "{ id: q, kind: text }", "10:9 a question without \"ask:\", expected one" },
        { "{ id: q, ask: \"A?\", kind: maybe }", "10:35 \"kind\" is \"maybe\", expected one of: text, choice, yes/no, number, money, date, choices" },
        { "{ id: q, ask: \"A?\", kind: choice }", "10:9 a question without \"answers:\", expected one" },
        { "{ id: q, ask: \"A?\", kind: choice, answers: [{ id: a, label: A }] }", "10:43 a choice of one answer, expected at least two" },
        { "{ id: q, ask: \"A?\", kind: choice, answers: [{ id: a, label: A }, { id: a, label: B }] }", "10:74 answer id \"a\" is used twice, expected another id here" },
        { "{ id: q, ask: \"A?\", kind: choice, answers: [{ id: a }, { id: b, label: B }] }", "10:53 an answer without \"label:\", expected one" },
        { "{ id: q, ask: \"A?\", kind: yes/no, answers: [{ id: perhaps, label: A }] }", "10:53 answer \"perhaps\" to a yes/no question, expected yes or no" },
        { "{ id: q, ask: \"A?\", kind: text, answers: [{ id: a, label: A }] }", "10:41 \"answers\" beside kind: text, expected them with choice, choices or yes/no only" },
        { "{ id: q, ask: \"A?\", kind: date, min: 1 }", "10:41 \"min\" and \"max\" beside kind: date, expected them with number or money only" },
        { "{ id: q, ask: \"A?\", kind: number, min: 2, max: 1 }", "10:43 \"min\" 2 is above \"max\" 1, expected it at or below" },
        { "{ id: q, ask: \"A?\", kind: number, min: few }", "10:48 \"min\" is text, expected a number" },
        { "{ id: q, ask: \"A?\", kind: text, required: 1 }", "10:51 \"required\" is the number 1, expected true or false" },
        { "{ id: q, ask: \"A?\", kind: text, fills: client.nme }", "10:48 unknown field \"client.nme\", did you mean \"client.name\"?" },
        { "{ id: q, ask: \"A?\", kind: text, fills: deal.amount }", "10:48 field \"deal.amount\" cannot take the answers of a text question, expected kind: money" },
        { "{ id: q, ask: \"A?\", kind: yes/no, answers: [{ id: yes, sets: { deal.amout: 1 } }] }", "10:72 unknown field \"deal.amout\", did you mean \"deal.amount\"?" },
        { "{ id: q, ask: \"A?\", kind: yes/no, answers: [{ id: yes, sets: { deal.amount: lots } }] }", "10:85 field \"deal.amount\" is set to text, expected a money" },
        { "{ id: q, ask: \"A?\", kind: yes/no, answers: [{ id: yes, sets: { deal.decision_date: 2026-01-01 } }] }", "10:72 field \"deal.decision_date\" is a date, which a script cannot know beforehand, expected a date question" },
        { "{ id: q, ask: \"A?\", kind: yes/no, answers: [{ id: yes, goto: nowhere }] }", "10:70 \"goto\" names step \"nowhere\", which is not in this script, expected one of: first, end" },
    };

    [Theory]
    [MemberData(nameof(WrongQuestions))]
    public void A_wrong_question_is_refused_by_line_and_column(string question, string problem)
    {
        ScriptText.Problems(ScriptText.WithSteps($"""
            steps:
              - id: first
                title: First
                questions:
                  - {question}
            """)).Should().Contain(problem);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var problems = ScriptText.Problems("""
            id: demo
            titel: Demo
            language: en
            for: {}
            greeting: "Hello."
            steps:
              - id: first
                title: First
                say: "{{agent.nam}}"
                goto: nowhere
              - id: second
                title: 2
                say: "Two."
            """);

        problems.Should().HaveCount(6, string.Join('\n', problems));
        problems.Select(p => p.Split(' ')[0]).Should().Equal("1:1", "2:1", "9:10", "10:11", "11:5", "12:12");
    }

    [Fact]
    public void A_script_too_thin_for_the_library_is_refused_with_what_it_lacks()
    {
        ScriptText.Problems(ScriptText.Minimal(), ScriptShape.Library).Should().Equal(
            "7:1 the script has 0 fields filled, expected at least 4",
            "7:1 the script has 0 objections, expected at least 3",
            "7:1 the script has 0 steps that branch, expected at least 2",
            "7:1 the script has 2 steps, expected at least 6");
    }

    [Fact]
    public void Two_separate_rings_are_two_problems()
    {
        ScriptText.Problems(ScriptText.WithSteps("""
            steps:
              - id: a
                title: A
                questions:
                  - { id: q, ask: "Which?", kind: choice, answers: [{ id: x, label: X, goto: b }, { id: y, label: Y, goto: c }] }
              - { id: b, title: B, say: "B.", goto: b }
              - { id: c, title: C, say: "C.", goto: d }
              - { id: d, title: D, say: "D.", goto: c }
            """)).Where(p => p.Contains("never ends", StringComparison.Ordinal)).Should().NotBeEmpty()
            .And.OnlyContain(p => p.Contains("a → b → c → d", StringComparison.Ordinal), "they hang together by step a");
    }

    [Fact]
    public void An_objection_is_a_way_in_but_no_way_out()
    {
        ScriptText.Problems(ScriptText.WithSteps("""
            steps:
              - { id: a, title: A, say: "A.", goto: a }
              - { id: b, title: B, say: "B." }
            objections:
              - { id: o, when: "No", say: "Well.", goto: b }
            """)).Should().Equal("7:5 from here the script never ends: a lead only to each other, expected a way to \"end\"");
    }

    [Fact]
    public void An_alias_bomb_is_refused_at_once()
    {
        var bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 25).Select(i =>
            $"{(char)('a' + i)}: &{(char)('a' + i)} [{string.Join(", ", Enumerable.Repeat("*" + (char)('a' + i - 1), 9))}]\n"));

        ScriptText.Problems(bomb).Should().Contain(p => p.StartsWith("2:8 alias \"*a\" is not allowed", StringComparison.Ordinal));
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        ScriptText.Problems(new string('[', 100_000)).Should().Equal("1:13 nested deeper than 12 levels, expected at most 12");
    }

    [Fact]
    public void A_file_beyond_the_limit_is_refused_unread()
    {
        var text = ScriptText.Minimal() + "\n#" + new string('x', ScriptReader.MaxBytes);

        ScriptText.Problems(text).Should().Equal($"1:1 the file has more than {ScriptReader.MaxBytes:N0} bytes, expected at most that");
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_refused_by_line()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes("id: demo\ntitle: "), 0xE9, .. Encoding.UTF8.GetBytes("\n")];

        ScriptReader.Read("demo.yaml", bytes, ScriptShape.Any).Problems.Should().ContainSingle()
            .Which.ToString().Should().Be("demo.yaml:2:1: bytes that are not UTF-8, expected a file saved as UTF-8");
    }

    [Fact]
    public void A_byte_order_mark_is_no_problem() => ScriptText.Read("\uFEFF" + ScriptText.Minimal()).Problems.Should().BeEmpty();
}
