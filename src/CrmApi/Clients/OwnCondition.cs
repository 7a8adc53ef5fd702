using System.Globalization;
using System.Text.Json.Nodes;
using CallCrm.CallFlow;

namespace CallCrm.CrmApi.Clients;

/// <summary>A condition on the own fields of a card <c>c</c>.</summary>
/// <param name="Sql">Its one parameter is <c>@own</c>.</param>
/// <param name="Value">Null: it has none.</param>
internal sealed record OwnCondition(string Sql, object? Value = null)
{
    public static OwnCondition Is(string code, JsonNode value) => new("c.custom @> @own::jsonb", Json(code, value));

    /// <summary>One of several records, as a card and those that were merged into it.</summary>
    public static OwnCondition LeadsTo(string code, IReadOnlyList<Guid> ids) => ids is [var one]
        ? Is(code, new JsonObject { ["id"] = one.ToString() })
        : new("c.custom @> any(@own::jsonb[])", ids.Select(id => Json(code, new JsonObject { ["id"] = id.ToString() })).ToArray());

    /// <param name="kind">number, money (the sum alone, whichever its currency) or date.</param>
    public static OwnCondition Bound(string code, string kind, string sign, JsonNode value) => new($"{OwnValues.Measure(code, kind, "c.")} {sign} @own", kind == "date" ? value.GetValue<string>() : value.GetValue<decimal>());

    public static OwnCondition None(string code, string kind) => new(OwnValues.None(kind, $"(c.custom -> '{code}')"));

    /// <summary>Of a field that is calculated over links: its values stand apart.</summary>
    public OwnCondition OverLinks() => this with { Sql = $"(c.linked <> '{{}}' and {Sql.Replace("c.custom", "c.linked", StringComparison.Ordinal)})" };

    /// <summary>With a name of its own for the parameter.</summary>
    public (string Sql, string Name) Named(int n)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"own{n}");
        return (Sql.Replace("@own", "@" + name, StringComparison.Ordinal), name);
    }

    static string Json(string code, JsonNode value) => CustomField.Json(new JsonObject { [code] = value });
}

/// <summary>What counts as no value of an own field, for lists and reports alike: nothing there, or a value of another kind from before the field's kind was changed.</summary>
internal static class OwnValues
{
    /// <summary>SQL: what a range compares; null where the value is of another kind. As the indexes of ranges have it. Codes are letters, digits and _ alone.</summary>
    public static string Measure(string code, string kind, string table) => kind switch
    {
        "money" => $"own_number({table}custom -> '{code}' -> 'amount')",
        "date" => $"own_day({table}custom -> '{code}') collate \"C\"",
        _ => $"own_number({table}custom -> '{code}')",
    };

    /// <param name="kind">What the field holds; of a calculated one the kind of its result.</param>
    /// <param name="value">SQL: the stored JSON, null where there is none.</param>
    public static string None(string kind, string value) => kind switch
    {
        "number" => $"jsonb_typeof({value}) is distinct from 'number'",
        "money" => $"jsonb_typeof({value} -> 'amount') is distinct from 'number'",
        "choices" => $"(jsonb_typeof({value}) is distinct from 'array' or {value} = '[]')",
        "yes_no" => $"jsonb_typeof({value}) is distinct from 'boolean'",
        "date" => $@"(jsonb_typeof({value}) is distinct from 'string' or {value} #>> '{{}}' !~ '^\d{{4}}-\d\d-\d\d$')",
        CustomField.Link => $"coalesce({value} ->> 'id', '') = ''",
        _ => $"(jsonb_typeof({value}) is distinct from 'string' or {value} #>> '{{}}' = '')",
    };
}
