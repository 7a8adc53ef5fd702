using System.Globalization;
using System.Text.Json;

namespace CallCrm.CallFlow;

/// <param name="Name">As formulas write it: <c>custom.LINK.FIELD</c>.</param>
/// <param name="Link">The code of the link.</param>
/// <param name="Field">Of the record it leads to: <c>city</c>, <c>amount</c>, <c>custom.CODE</c>.</param>
public sealed record FormulaLink(string Name, string Link, string Field, FormulaKind Kind);

/// <summary>
/// Fields of the client or deal that a link leads to. Those alone that people fill, neither figures nor calculated ones: so a value depends on other records by one step, cannot lead back to
/// itself through them, and changes only when such a record is saved.
/// </summary>
internal static class FormulaLinks
{
    static readonly Dictionary<string, (string Name, FormulaKind Kind)> OfDeal = new (string Name, FormulaKind Kind)[]
    {
        ("title", FormulaKind.Text), ("dealType", FormulaKind.Text), ("stage", FormulaKind.Text), ("currency", FormulaKind.Text), ("amount", FormulaKind.Number),
        ("created", FormulaKind.Date), ("stageSince", FormulaKind.Date), ("closed", FormulaKind.Date),
    }.ToDictionary(f => f.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether it is written as a field of another record.</summary>
    public static bool Is(string name) => name.StartsWith(FormulaNames.CustomPrefix, StringComparison.OrdinalIgnoreCase) && name.IndexOf('.', FormulaNames.CustomPrefix.Length) > 0;

    /// <param name="expected">Null where there is one.</param>
    public static FormulaLink? Find(string name, IReadOnlyDictionary<string, CustomField> fields, out string? expected)
    {
        var point = name.IndexOf('.', FormulaNames.CustomPrefix.Length);
        var (code, rest) = (name[FormulaNames.CustomPrefix.Length..point], name[(point + 1)..]);
        if (!fields.TryGetValue(code, out var link) || link.Kind != CustomField.Link || link.Target is not ("client" or "deal"))
        {
            expected = $"a link to a client or a deal in front of its field, not {name[..point]}";
            return null;
        }

        var found = link.Target == "deal" ? OfDeal.TryGetValue(rest, out var ofDeal) ? ofDeal : ((string, FormulaKind)?)null : OfClient(rest, fields);
        expected = found is null ? $"a field that people fill of what {name[..point]} leads to, not {rest}" : null;
        return found is var (field, kind) ? new FormulaLink($"{FormulaNames.CustomPrefix}{link.Code}.{field}", link.Code, field, kind) : null;
    }

    static (string, FormulaKind)? OfClient(string rest, IReadOnlyDictionary<string, CustomField> fields)
    {
        if (FormulaNames.Find(rest) is { Group: "card", Ages: false } known) return (known.Name, known.Kind);
        return rest.StartsWith(FormulaNames.CustomPrefix, StringComparison.OrdinalIgnoreCase) && fields.TryGetValue(rest[FormulaNames.CustomPrefix.Length..], out var own) && FormulaSet.KindOf(own) is { } kind
            ? (FormulaNames.CustomPrefix + own.Code, kind) : null;
    }

    /// <param name="record">As <see cref="RecordsSql"/> reads it.</param>
    public static object? Value(FormulaLink link, JsonElement record, IReadOnlyDictionary<string, CustomField> fields, Func<DateTimeOffset, DateOnly> day)
    {
        if (link.Field.StartsWith(FormulaNames.CustomPrefix, StringComparison.Ordinal))
        {
            var code = link.Field[FormulaNames.CustomPrefix.Length..];
            return record.TryGetProperty("custom", out var custom) && custom.TryGetProperty(code, out var stored) ? FormulaSet.Value(fields[code], stored) : null;
        }

        if (!record.TryGetProperty(link.Field, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return link.Kind switch
        {
            FormulaKind.Number => value.TryGetDecimal(out var number) ? number : null,
            FormulaKind.Date => DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? day(at) : null,
            _ => value.GetString() is { Length: > 0 } text ? text : null,
        };
    }

    /// <summary>By the codes $4 of links to targets $5: what they lead to. What lies in the bin is nothing; of a merged client it is the card that it went into.</summary>
    public const string RecordsSql = """
        select jsonb_object_agg(v.code, v.record)::text as links from (
          select f.code, case f.target
            when 'client' then (
              select to_jsonb(x) from (
                select t.name, t.company, t.email, t.city, t.note, t.address, t.kind, t.language, t.segment, t.source, t.tax_id as "taxId", t.time_zone as "timeZone", array_to_string(t.tags, ', ') as tags,
                  t.created_at as created, t.custom
                from client t where t.id = client_root(g.id) and t.deleted_at is null) x)
            else (
              select to_jsonb(x) from (
                select e.title, e.deal_type as "dealType", e.stage, e.currency, e.amount, e.created_at as created, e.stage_since as "stageSince", e.closed_at as closed
                from deal e where e.id = g.id and e.deleted_at is null) x) end as record
          from unnest($4::text[], $5::text[]) f (code, target) cross join lateral (select (c.custom -> f.code ->> 'id')::uuid as id) g where g.id is not null) v
        """;
}
