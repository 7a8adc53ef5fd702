using System.Globalization;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>One comparison of a field, and where it is written.</summary>
/// <param name="OperatorAt">Of the operator's key.</param>
internal sealed record ScriptCondition(string Field, Place At, ScriptOperator Operator, Place OperatorAt, IReadOnlyList<string> Values)
{
    public static readonly Dictionary<string, ScriptOperator> Words = new(StringComparer.Ordinal)
    {
        ["is"] = ScriptOperator.Is,
        ["is_not"] = ScriptOperator.IsNot,
        ["one_of"] = ScriptOperator.OneOf,
        ["at_least"] = ScriptOperator.AtLeast,
        ["at_most"] = ScriptOperator.AtMost,
        ["before"] = ScriptOperator.Before,
        ["after"] = ScriptOperator.After,
        ["within_days"] = ScriptOperator.WithinDays,
        ["contains"] = ScriptOperator.Contains,
        ["filled"] = ScriptOperator.Filled,
        ["empty"] = ScriptOperator.Empty,
    };

    public static string Word(ScriptOperator op) => Words.First(w => w.Value == op).Key;

    /// <summary>What is wrong with comparing a field of this kind so; null: nothing.</summary>
    /// <param name="kind">The form of the field's values.</param>
    public string? Misfit(QuestionKind kind)
    {
        var fitting = Fitting(kind);
        if (!fitting.Contains(Operator)) return $"\"{Word(Operator)}\" does not fit field \"{Field}\", {ScriptFields.Said(kind)}, expected one of: {string.Join(", ", fitting.Select(Word))}";
        return Values.FirstOrDefault(v => !Reads(kind, v)) is { } wrong ? $"\"{Word(Operator)}\" of field \"{Field}\" is \"{wrong}\", expected {Expected(kind)}" : null;
    }

    public ScriptConditionMet Told() => new("field", string.Join(", ", Values), Field, Operator);

    static ScriptOperator[] Fitting(QuestionKind kind) => kind switch
    {
        QuestionKind.Text => [ScriptOperator.Is, ScriptOperator.IsNot, ScriptOperator.OneOf, ScriptOperator.Contains, ScriptOperator.Filled, ScriptOperator.Empty],
        QuestionKind.YesNo => [ScriptOperator.Is, ScriptOperator.IsNot, ScriptOperator.Filled, ScriptOperator.Empty],
        QuestionKind.Number or QuestionKind.Money => [ScriptOperator.Is, ScriptOperator.IsNot, ScriptOperator.OneOf, ScriptOperator.AtLeast, ScriptOperator.AtMost, ScriptOperator.Filled, ScriptOperator.Empty],
        QuestionKind.Date => [ScriptOperator.Is, ScriptOperator.IsNot, ScriptOperator.Before, ScriptOperator.After, ScriptOperator.WithinDays, ScriptOperator.Filled, ScriptOperator.Empty],
        _ => [ScriptOperator.Is, ScriptOperator.IsNot, ScriptOperator.OneOf, ScriptOperator.Filled, ScriptOperator.Empty],
    };

    bool Reads(QuestionKind kind, string value) => kind switch
    {
        QuestionKind.YesNo => value is "yes" or "no",
        QuestionKind.Number => ScriptTest.Sum(value) is { Currency: null },
        QuestionKind.Money => ScriptTest.Sum(value) is not null,
        QuestionKind.Date => Operator == ScriptOperator.WithinDays || ScriptTest.Day(value, default) is not null,
        _ => true,
    };

    static string Expected(QuestionKind kind) => kind switch
    {
        QuestionKind.YesNo => "yes or no",
        QuestionKind.Number => "a number such as 12.5",
        QuestionKind.Money => "an amount such as 1000 or 1000 EUR",
        _ => "a day such as 2026-03-31, or today",
    };
}

/// <summary>Reads conditions: a block of a field and what it is compared with, or a list of them, all of which must be met.</summary>
internal static class ConditionReader
{
    public const int Most = 50;
    const int MostValues = 50, LongestValue = 200, MostDays = 3650;

    public static IReadOnlyList<ScriptCondition> Read(YamlNode? node, string what, ProblemList problems)
    {
        switch (node)
        {
            case null:
                return [];
            case YamlList { Items.Count: 0 }:
                problems.Add(node.At, $"\"{what}\" is an empty list, expected at least one condition");
                return [];
            case YamlList { Items.Count: > Most } list:
                problems.Add(node.At, $"\"{what}\" has {list.Items.Count} conditions, expected at most {Most}");
                return [];
            case YamlList list:
                return [.. list.Items.SelectMany(n => One(n, problems))];
            default:
                return One(node, problems);
        }
    }

    /// <summary>Several operators in one block are as many conditions.</summary>
    static List<ScriptCondition> One(YamlNode node, ProblemList problems)
    {
        var keys = new KeyReader(node, "a condition", problems);
        var field = keys.TextNode("field", required: true);
        var read = new List<ScriptCondition>();
        var any = false;
        foreach (var (word, op) in ScriptCondition.Words)
        {
            if (keys.Node(word) is not { } value) continue;
            any = true;
            if (Values(word, op, value, problems) is not { } values || field is null) continue;
            // "filled: false" is "empty: true", and the other way round.
            var said = op is ScriptOperator.Filled or ScriptOperator.Empty && values[0] == "no" ? op == ScriptOperator.Filled ? ScriptOperator.Empty : ScriptOperator.Filled : op;
            read.Add(new ScriptCondition(field.Value, field.At, said, keys.KeyAt(word), op is ScriptOperator.Filled or ScriptOperator.Empty ? [] : values));
        }

        keys.RefuseOthers();
        if (!any && keys.Usable) problems.Add(keys.At, $"a condition that compares nothing, expected one of: {string.Join(", ", ScriptCondition.Words.Keys)}");
        if (field is null || ScriptFields.IsCustom(field.Value)) return read;
        if (!ScriptFields.Readable.TryGetValue(field.Value, out var kind))
        {
            problems.Add(field.At, $"unknown field \"{field.Value}\"{Nearest.Hint(field.Value, ScriptFields.Readable.Keys.Order(StringComparer.Ordinal))}");
            return [];
        }

        foreach (var condition in read)
        {
            if (condition.Misfit(kind) is { } misfit) problems.Add(condition.OperatorAt, misfit);
        }

        return read;
    }

    /// <summary>Null, and reported, when they have not the form that the operator asks for whatever the field.</summary>
    static List<string>? Values(string word, ScriptOperator op, YamlNode node, ProblemList problems)
    {
        if (op == ScriptOperator.OneOf && node is YamlList list)
        {
            if (list.Items.Count is 0 or > MostValues)
            {
                problems.Add(node.At, $"\"{word}\" has {list.Items.Count} values, expected 1 to {MostValues}");
                return null;
            }

            var all = list.Items.Select(i => Value(word, op, i, problems)).ToList();
            return all.Contains(null) ? null : [.. all.OfType<string>()];
        }

        return Value(word, op, node, problems) is { } one ? [one] : null;
    }

    static string? Value(string word, ScriptOperator op, YamlNode node, ProblemList problems)
    {
        var text = node is YamlText { Scalar: not YamlScalar.Nothing } scalar ? scalar.Scalar == YamlScalar.Flag ? bool.Parse(scalar.Value) ? "yes" : "no" : scalar.Value.Trim() : null;
        var (fits, expected) = op switch
        {
            ScriptOperator.AtLeast or ScriptOperator.AtMost => (text is not null && ScriptTest.Sum(text) is not null, "a number such as 1000 or an amount such as 1000 EUR"),
            ScriptOperator.Before or ScriptOperator.After => (text is not null && ScriptTest.Day(text, default) is not null, "a day such as 2026-03-31, or today"),
            ScriptOperator.WithinDays => (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var days) && Math.Abs((long)days) <= MostDays, $"a whole number from -{MostDays} to {MostDays}"),
            ScriptOperator.Filled or ScriptOperator.Empty => (node is YamlText { Scalar: YamlScalar.Flag }, "true or false"),
            _ => (text is { Length: > 0 and <= LongestValue } && !text.Any(char.IsControl), $"a value of 1 to {LongestValue} characters"),
        };
        if (fits) return text;
        problems.Add(node.At, $"\"{word}\" is {(node is YamlText { Scalar: YamlScalar.Text } wrong ? $"\"{Short(wrong.Value)}\"" : node.Kind)}, expected {expected}");
        return null;
    }

    static string Short(string text) => text.Length > 40 ? text[..40] + "…" : text;
}

/// <summary>What is known of the fields of a call, for conditions.</summary>
/// <param name="Values">By field; several of a list, none of an empty field. One of the site's own fields that is not here does not exist.</param>
/// <param name="Today">Where the caller is greeted.</param>
internal sealed record ScriptFacts(IReadOnlyDictionary<string, IReadOnlyList<string>> Values, DateOnly Today)
{
    public static ScriptFacts None { get; } = new(new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal), default);

    public bool Meets(ScriptCondition condition) => Values.TryGetValue(condition.Field, out var has)
        ? ScriptTest.Meets(condition.Operator, condition.Values, has, Today)
        : !ScriptFields.IsCustom(condition.Field) && ScriptTest.Meets(condition.Operator, condition.Values, [], Today);

    /// <summary>A value of one of the site's own fields, by its shape: so kinds to come and values of a kind that was changed are compared too.</summary>
    public static IReadOnlyList<string> Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? [text] : [],
        JsonValueKind.Number => [value.TryGetDecimal(out var number) ? number.ToString(CultureInfo.InvariantCulture) : value.GetRawText()],
        JsonValueKind.True => ["yes"],
        JsonValueKind.False => ["no"],
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(Of)],
        JsonValueKind.Object when value.TryGetProperty("amount", out var amount) && value.TryGetProperty("currency", out var currency) && Of(amount) is [var sum] && Of(currency) is [var code] => [$"{sum} {code}"],
        JsonValueKind.Object => [.. value.EnumerateObject().SelectMany(p => Of(p.Value))],
        _ => [],
    };
}

/// <summary>What only the site knows: its campaigns and its own fields. One that it does not have is worth a warning, as scripts may be older or newer than the fields; one of another kind is a fault.</summary>
internal static class ScriptSite
{
    public static void Check(Script script, IReadOnlyList<CustomField> fields, ProblemList problems)
    {
        var conditions = script.For.Where.Concat(script.Steps.SelectMany(s => s.When.Concat(s.Branches.SelectMany(b => b.When))));
        foreach (var condition in conditions.Where(c => ScriptFields.IsCustom(c.Field)))
        {
            if (Find(condition.Field, fields) is not { } field) Unknown(condition.Field, condition.At, "a condition on it is never met");
            else if (ScriptFields.KindOf(field) is { } kind && condition.Misfit(kind) is { } misfit) problems.Add(condition.OperatorAt, misfit);
            else if (field.HasOptions && condition.Values.FirstOrDefault(v => field.Options.All(o => !o.Code.Equals(v, StringComparison.OrdinalIgnoreCase))) is { } value)
                problems.Add(condition.OperatorAt, $"\"{value}\" is no option of field \"{condition.Field}\", expected {field.Expected}", warning: true);
        }

        foreach (var question in script.Questions.Where(q => q.Field is not null && ScriptFields.IsCustom(q.Field)))
        {
            if (Find(question.Field!, fields) is not { } field)
            {
                Unknown(question.Field!, question.FieldAt, "the answer stays with the call");
                continue;
            }

            if (ScriptFields.KindOf(field) is not { } kind)
                problems.Add(question.FieldAt, $"field \"{question.Field}\" is of the kind {field.Kind}, expected one that answers can fill", warning: true);
            else if (!ScriptFields.Takes(kind, question.Kind))
                problems.Add(question.FieldAt, $"field \"{question.Field}\", {ScriptFields.Said(kind)}, cannot take the answers of a {ScriptReader.Word(question.Kind)} question, expected kind: {ScriptReader.Word(kind)}");
            else if (field.HasOptions)
            {
                foreach (var answer in question.Answers.Where(a => field.Parse(a.Value) is null))
                    problems.Add(answer.At, $"\"{answer.Value}\" is no option of field \"{question.Field}\", expected {field.Expected}", warning: true);
            }
        }

        foreach (var (answer, set) in script.Questions.SelectMany(q => q.Answers).SelectMany(a => a.Sets.Where(s => ScriptFields.IsCustom(s.Field)).Select(s => (a, s))))
        {
            if (Find(set.Field, fields) is not { } field) Unknown(set.Field, answer.At, "nothing is set");
            else if (field.Parse(set.Value) is null) problems.Add(answer.At, $"field \"{set.Field}\" is set to \"{set.Value}\", expected {field.Expected}", warning: field.HasOptions);
        }

        void Unknown(string field, Place at, string so) => problems.Add(at, $"this site has no field \"{field}\"{Near(field)}; {so}", warning: true);

        string Near(string field) => fields.Count == 0 ? "" : Nearest.Hint(field[ScriptFields.CustomPrefix.Length..], fields.Select(f => f.Code));
    }

    public static void CheckCampaigns(Script script, IReadOnlyCollection<string> campaigns, ProblemList problems)
    {
        foreach (var code in script.For.Campaigns.Where(c => !campaigns.Contains(c, StringComparer.OrdinalIgnoreCase)))
            problems.Add(script.For.CampaignsAt, $"this site has no campaign \"{code}\"{(campaigns.Count == 0 ? "" : Nearest.Hint(code, campaigns))}; no call is of it", warning: true);
    }

    public static CustomField? Find(string field, IReadOnlyList<CustomField> fields) =>
        ScriptFields.IsCustom(field) ? fields.FirstOrDefault(f => f.Code == field[ScriptFields.CustomPrefix.Length..]) : null;
}
