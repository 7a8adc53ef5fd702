using System.Text.Json;

namespace CallCrm.CallFlow.Tests.Clients;

public sealed class FormulaTests
{
    static readonly DateOnly Today = new(2026, 11, 28);

    static readonly Dictionary<string, object?> Facts = new(StringComparer.Ordinal)
    {
        ["name"] = "Anna",
        ["company"] = null,
        ["calls"] = 4m,
        ["openDealsSum"] = 1000.10m,
        ["wonDeals"] = 0m,
        ["created"] = new DateOnly(2026, 11, 1),
        ["daysSinceContact"] = null,
    };

    static readonly CustomField[] Own =
    [
        new("floors", "Floors", "number", []), new("budget", "Budget", "money", []), new("born", "Born", "date", []), new("vip", "VIP", "yes_no", []), new("roof", "Roof", "choice", [new("flat", "Flat")]),
        new("friend", "Friend", "link", [], "client"),
    ];

    static readonly CustomField[] Linking = [.. Own, new("reference", "Reference", "link", [], "deal"), new("helper", "Helper", "link", [], "person"), Calculated("twice", "custom.floors * 2")];

    [Fact]
    public void A_formula_looks_at_what_a_link_leads_to()
    {
        var set = FormulaSet.Build([.. Linking, Calculated("x", "CUSTOM.Friend.custom.Budget * 0.5 + coalesce(custom.reference.amount, 1)"), Calculated("y", "custom.x & custom.friend.TaxId"), Calculated("z", "custom.floors")], out var wrong);
        wrong.Should().BeNull();
        (set.IsLinked("x"), set.IsLinked("y"), set.IsLinked("z"), set.IsLinked("twice")).Should().Be((true, true, false, false));
        set.LinksOf("x").Should().Equal("friend", "reference");
        set.LinksOf("y").Should().Equal(["friend", "reference"], "it looks at x");
        set.UsedBy("y").Should().Equal(["custom.budget", "custom.friend", "custom.friend.custom.budget", "custom.friend.taxId", "custom.reference", "custom.reference.amount", "custom.x", "taxId"], "what is sensitive is so on every card");
        set.Links.Select(l => l.Code).Should().Equal("friend", "reference");
        using var friend = JsonDocument.Parse("""{"taxId":"IT1","custom":{"budget":{"amount":9,"currency":"EUR"}}}""");
        using var nothing = JsonDocument.Parse("{}");
        var made = set.Evaluate(n => set.LinkedValue(n, l => l == "friend" ? friend.RootElement : null, d => DateOnly.FromDateTime(d.UtcDateTime)), nothing.RootElement, Today);
        (made["x"]!.ToJsonString(), made["y"]!.GetValue<string>()).Should().Be(("5.5", "5.5IT1"));
    }

    [Theory]
    [InlineData("1 + custom.nobody.city", "at character 5, a link to a client or a deal in front of its field, not custom.nobody")]
    [InlineData("custom.floors.city", "at character 1, a link to a client or a deal in front of its field, not custom.floors")]
    [InlineData("custom.helper.name", "at character 1, a link to a client or a deal in front of its field, not custom.helper")]
    [InlineData("custom.friend.amount", "at character 1, a field that people fill of what custom.friend leads to, not amount")]
    [InlineData("custom.friend.openDeals", "at character 1, a field that people fill of what custom.friend leads to, not openDeals")]
    [InlineData("custom.friend.ageDays", "at character 1, a field that people fill of what custom.friend leads to, not ageDays")]
    [InlineData("custom.friend.custom.twice", "at character 1, a field that people fill of what custom.friend leads to, not custom.twice")]
    [InlineData("custom.friend.custom.x", "at character 1, a field that people fill of what custom.friend leads to, not custom.x")]
    [InlineData("custom.friend.custom.friend.city", "at character 1, a field that people fill of what custom.friend leads to, not custom.friend.city")]
    [InlineData("custom.friend.", "at character 1, a field that people fill of what custom.friend leads to, not ")]
    [InlineData("custom.reference.city", "at character 1, a field that people fill of what custom.reference leads to, not city")]
    [InlineData("2 * custom.friend.city", "at character 5, a number")]
    [InlineData("custom.friend", "at character 1, a field or figure that there is, not custom.friend")]
    public void What_a_link_does_not_lead_to_is_told_with_its_place(string formula, string expected)
    {
        FormulaSet.Build([.. Linking, Calculated("x", formula)], out var wrong);
        wrong!.Value.Expected.Should().Be(expected);
    }

    static CustomField Calculated(string code, string formula) => new(code, code, CustomField.Calculated, [], Expression: formula);

    static string? Value(string formula, string custom = "{}")
    {
        var set = FormulaSet.Build([.. Own, Calculated("x", formula)], out var wrong);
        wrong.Should().BeNull();
        using var json = JsonDocument.Parse(custom);
        return set.Evaluate(Facts.GetValueOrDefault, json.RootElement, Today)["x"]?.ToJsonString();
    }

    static string Fault(string formula)
    {
        FormulaSet.Build([.. Own, Calculated("x", formula)], out var wrong);
        return wrong!.Value.Expected;
    }

    [Theory]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("0.1 + 0.2", "0.3")]
    [InlineData("10 / 4", "2.5")]
    [InlineData("10 / 3", "3.3333333333")]
    [InlineData("8 / 2 / 2", "2")]
    [InlineData("2 - 3 - 4", "-5")]
    [InlineData("-calls * -1", "4")]
    [InlineData("calls / wonDeals", null)]
    [InlineData("coalesce(calls / wonDeals, 0)", "0")]
    [InlineData("calls + daysSinceContact", null)]
    [InlineData("999999999999999 * 999999999999999 * 999999999999999", null)]
    [InlineData("round(2.5)", "3")]
    [InlineData("round(openDealsSum / 3, 2)", "333.37")]
    [InlineData("min(calls, 2, daysSinceContact)", "2")]
    [InlineData("max(created, today())", "\"2026-11-28\"")]
    [InlineData("days(created, today())", "27")]
    [InlineData("today() - created", "27")]
    [InlineData("created + 30", "\"2026-12-01\"")]
    [InlineData("created + 999999999", null)]
    [InlineData("if(calls >= 3 and not wonDeals > 0, 'warm', \"cold\")", "\"warm\"")]
    [InlineData("if(company = empty, 'none', company)", "\"none\"")]
    [InlineData("if(no, 1)", null)]
    [InlineData("Name & ', ' & calls & ' ' & (calls > 1) & company", "\"Anna, 4 yes\"")]
    [InlineData("name = 'ANNA'", "true")]
    [InlineData("'say \"\"' & \"it''s\"", "\"say \\u0022\\u0022it\\u0027\\u0027s\"")]
    [InlineData("company = company or no", "true")]
    [InlineData("daysSinceContact > 5", "false")]
    [InlineData("contains(name, 'NN')", "true")]
    [InlineData("left(upper(name), 2)", "\"AN\"")]
    [InlineData("year(created) * 100 + month(created)", "202611")]
    public void A_formula_gives_what_one_reckons_by_hand(string formula, string? expected) => Value(formula).Should().Be(expected);

    [Fact]
    public void Own_fields_are_reckoned_with_by_their_kind_and_what_is_of_a_former_kind_is_empty()
    {
        const string Custom = """{"floors": 3, "budget": {"amount": 12.5, "currency": "EUR"}, "born": "2000-02-29", "vip": true, "roof": "flat"}""";
        Value("custom.floors * custom.budget", Custom).Should().Be("37.5");
        Value("year(custom.born)", Custom).Should().Be("2000");
        Value("if(custom.vip and custom.roof = 'flat', custom.born + 1, empty)", Custom).Should().Be("\"2000-03-01\"");
        Value("custom.floors + 1", """{"floors": "three"}""").Should().BeNull();
        Value("isempty(custom.floors)").Should().Be("true");
    }

    [Theory]
    [InlineData("", "a formula of 1 to 1000 characters")]
    [InlineData("1 +", "at character 4, a value: a number, a text, a field, a figure or a function")]
    [InlineData("(1 + 2", "at character 7, a closing bracket")]
    [InlineData("1 2", "at character 3, an operator or the end")]
    [InlineData("cals + 1", "at character 1, a field or figure that there is, not cals")]
    [InlineData("custom.nothing", "at character 1, a field or figure that there is, not custom.nothing")]
    [InlineData("custom.friend", "at character 1, a field or figure that there is, not custom.friend")]
    [InlineData("sum(1)", "at character 1, a function that there is, not sum")]
    [InlineData("1 + name", "at character 5, a number or a day; texts are joined with &")]
    [InlineData("calls * created", "at character 9, a number")]
    [InlineData("if(calls, 1, 2)", "at character 4, yes or no")]
    [InlineData("if(yes, 1, 'a')", "at character 12, a value of the same kind as those before it")]
    [InlineData("calls = 'a'", "at character 9, a number")]
    [InlineData("round()", "at character 1, 1 to 2 values in the brackets of round")]
    [InlineData("days(created)", "at character 1, 2 values in the brackets of days")]
    [InlineData("max('a', 'b')", "at character 5, a number or a day")]
    [InlineData("'open", "at character 1, a text with a closing quotation mark")]
    [InlineData("calls ; 1", "at character 7, a sign that formulas know, not ;")]
    [InlineData("1.2.3", "at character 1, a number of at most 15 digits such as 12.5")]
    [InlineData("empty", "a formula that gives a value")]
    [InlineData("round(1", "at character 8, a comma or a closing bracket")]
    [InlineData("round + 1", "at character 1, an opening bracket behind round")]
    [InlineData("custom.x + 1", "a formula that does not lead back to itself: x → x")]
    public void What_is_wrong_is_told_with_its_place(string formula, string expected) => Fault(formula).Should().Be(expected);

    [Fact]
    public void Formulas_may_use_each_other_in_any_order_but_not_in_a_circle()
    {
        var set = FormulaSet.Build([.. Own, Calculated("total", "custom.half * 2 + custom.floors"), Calculated("half", "calls / 2")], out var wrong);
        wrong.Should().BeNull();
        set.Codes.Should().Equal("half", "total");
        set.UsedBy("total").Should().Equal("calls", "custom.floors", "custom.half");
        (set.Needs("calls"), set.Needs("deals"), set.Ages).Should().Be((true, false, false));
        using var json = JsonDocument.Parse("""{"floors": 1, "half": 77}""");
        set.Evaluate(Facts.GetValueOrDefault, json.RootElement, Today).ToJsonString().Should().Be("""{"half":2,"total":5}""");
        FormulaSet.Build([Calculated("a", "custom.b + 1"), Calculated("b", "custom.c"), Calculated("c", "custom.a")], out wrong);
        wrong!.Value.Expected.Should().Be("a formula that does not lead back to itself: a → b → c → a");
    }

    [Fact]
    public void Deep_nesting_is_refused_and_long_rows_are_not()
    {
        Fault(new string('(', 400) + "1" + new string(')', 400)).Should().Be("at character 32, at most 30 brackets within each other");
        Fault(new string('-', 900) + "1").Should().Contain("at most 30 brackets within each other");
        Fault(string.Concat(Enumerable.Repeat("not ", 200)) + "yes").Should().Contain("at most 30 brackets within each other");
        Fault(string.Concat(Enumerable.Repeat("abs(", 200))).Should().Contain("at most 30 brackets within each other");
        Value(string.Join("+", Enumerable.Repeat("1", 500))).Should().Be("500");
        Fault(string.Join("+", Enumerable.Repeat("1", 501))).Should().Be("a formula of 1 to 1000 characters");
    }

    /// <summary>Pieces of formulas in any order, and any characters: every one is either taken, and then gives a value of its kind, or refused with what was expected.</summary>
    [Fact]
    public void No_text_breaks_it()
    {
        string[] pieces = ["1", "0", "2.5", "'a'", "\"b", "name", "company", "calls", "created", "custom.floors", "custom.born", "custom.friend", "(", ")", ",", "+", "-", "*", "/", "&", "=", "<", ">=", "<>", "and", "or", "not",
            "if(", "min(", "max(", "round(", "coalesce(", "days(", "today()", "left(", "text(", "yes", "empty", " ", "é", "\u0001", "\ud83d", "#", "999999999999999"];
        var random = new Random(20261128);
        var taken = 0;
        for (var n = 0; n < 60_000; n++)
        {
            var text = n % 10 == 0
                ? new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(1, 0x2100))])
                : string.Join(random.Next(2) == 0 ? " " : "", Enumerable.Range(0, random.Next(1, 14)).Select(_ => pieces[random.Next(pieces.Length)]));
            var set = FormulaSet.Build([.. Own, Calculated("x", text)], out var wrong);
            if (wrong is not null)
            {
                wrong.Value.Expected.Should().NotBeNullOrEmpty();
                continue;
            }

            taken++;
            using var json = JsonDocument.Parse("""{"floors": 3, "born": "2000-02-29"}""");
            var value = set.Evaluate(Facts.GetValueOrDefault, json.RootElement, Today)["x"];
            if (value is not null)
                value.GetValueKind().Should().BeOneOf(set.KindOf("x") switch { FormulaKind.Number => [JsonValueKind.Number], FormulaKind.YesNo => [JsonValueKind.True, JsonValueKind.False], _ => [JsonValueKind.String] });
        }

        taken.Should().BeGreaterThan(1_000, "seed 20261128");
    }
}
