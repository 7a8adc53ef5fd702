using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>What a list of clients is narrowed to; null is any.</summary>
/// <param name="Department">Cards of the people of this one and of all below it.</param>
/// <param name="CreatedTo">Exclusive.</param>
/// <param name="Own">By the site's own fields.</param>
internal sealed record ClientFilter(string? Tag, string? Kind, string? Segment, Guid? Responsible, Guid? Department, string? Source, DateTimeOffset? CreatedFrom, DateTimeOffset? CreatedTo, IReadOnlyList<OwnCondition> Own)
{
    public static ClientFilter None { get; } = new(null, null, null, null, null, null, null, null, []);

    /// <summary>SQL of conditions on a card <c>c</c> that begins with and, or nothing.</summary>
    public string Sql(DynamicParameters parameters)
    {
        var sql = new StringBuilder();
        void When(object? value, string name, string condition)
        {
            if (value is null) return;
            parameters.Add(name, value);
            sql.Append(" and ").Append(condition);
        }

        When(Tag is null ? null : new[] { Tag }, "tags", "c.tags @> @tags");
        When(Kind, "kind", "c.kind = @kind");
        When(Segment, "segment", "c.segment = @segment");
        When(Responsible, "responsible", "c.responsible_id = @responsible");
        // Read once: a list of people, by which the index of who is responsible is used.
        When(Department, "department",
            "c.responsible_id = any(array(with recursive under (id) as (select @department union select d.id from under u join department d on d.parent_id = u.id) select p.id from under u join app_user p on p.department_id = u.id))");
        When(Source, "source", "c.source <> '' and c.source = @source");
        When(CreatedFrom?.ToUniversalTime(), "createdFrom", "c.created_at >= @createdFrom");
        When(CreatedTo?.ToUniversalTime(), "createdTo", "c.created_at < @createdTo");
        for (var n = 0; n < Own.Count; n++) When(Own[n].Value, string.Create(CultureInfo.InvariantCulture, $"own{n}"), Own[n].Sql(n));
        return sql.ToString();
    }
}

/// <param name="Value">JSON: of equality the object that the card holds, else <c>{"v": …}</c>.</param>
/// <param name="Sign">=, &gt;=, &lt;= or &lt;.</param>
internal sealed record OwnCondition(string Value, string Path, string Sign)
{
    // A stored value of another kind, from before the field's kind was changed, fulfils nothing: jsonpath compares like with like. Codes are letters, digits and _ alone.
    public string Sql(int n) => Sign == "=" ? string.Create(CultureInfo.InvariantCulture, $"c.custom @> @own{n}::jsonb")
        : string.Create(CultureInfo.InvariantCulture, $"jsonb_path_exists(c.custom, '$.{Path} ? (@ {Sign} $v)', @own{n}::jsonb)");
}

/// <summary>Reads a filter from the address: <c>custom.CODE</c> is equal, <c>custom.CODE.from</c> and <c>custom.CODE.to</c> a range with both ends, <c>custom.CODE.below</c> its end without it, <c>custom.CODE.currency</c> the currency of an amount. A field that is hidden from somebody is not there for them.</summary>
internal sealed class ClientFilters(NpgsqlDataSource database)
{
    const int MostOwn = 10;
    const string Currency = "currency";

    public async Task<(ClientFilter? Filter, ProblemHttpResult? Refused)> ReadAsync(HttpRequest request, Veil veil, string? tag, string? kind, string? segment, Guid? responsible, Guid? department, string? source,
        DateTimeOffset? createdFrom, DateTimeOffset? createdTo, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (Texts.CleanOrNull(kind) is not (null or "person" or "company")) errors["kind"] = ["person or company"];
        var asked = request.Query.Where(q => q.Key.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal)).ToList();
        if (asked.Count > MostOwn) errors[CardFieldCodes.CustomPrefix + "CODE"] = ["at most 10 of them"];
        var own = asked.Count is 0 or > MostOwn ? [] : await OwnAsync([.. asked.Select(q => (q.Key, Texts.Clean(q.Value.ToString())))], veil, errors, cancel);
        return errors.Count > 0 ? (null, Problems.Invalid(errors))
            : (new ClientFilter(Texts.CleanOrNull(tag?.Trim()), Texts.CleanOrNull(kind), Texts.CleanOrNull(segment), responsible, department, Texts.CleanOrNull(source), createdFrom, createdTo, own), null);
    }

    async Task<IReadOnlyList<OwnCondition>> OwnAsync((string Key, string Text)[] asked, Veil veil, Dictionary<string, string[]> errors, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var fields = (await connection.QueryAsync<(string Code, string Name, string Kind, string Options, string? Target, string? Expression, string? Result)>(new CommandDefinition(
                $"select {CustomField.Columns} from client_field where not archived", cancellationToken: cancel)))
            .Select(f => CustomField.Of(f.Code, f.Name, f.Kind, f.Options, f.Target, f.Expression, f.Result))
            // What is calculated, and what links lead to, is told by the rights to other records: no filter may ask for it beside them.
            .Where(f => f.Kind is not (CustomField.Link or CustomField.Calculated) && !veil.HidesCustom(f.Code)).ToDictionary(f => f.Code, StringComparer.Ordinal);
        var own = new List<OwnCondition>();
        foreach (var (key, text) in asked)
        {
            var parts = key.Split('.');
            var sign = parts.Length == 2 ? "=" : parts is [_, _, "from"] ? ">=" : parts is [_, _, "to"] ? "<=" : parts is [_, _, "below"] ? "<" : parts is [_, _, Currency] ? Currency : null;
            if (sign is null || !fields.TryGetValue(parts[1], out var field)) errors[key] = ["an own field that there is, with .from, .to or .below behind it for a range, .currency of an amount; none that is linked or calculated"];
            else if (sign == Currency)
            {
                if (field.Kind == "money" && text.Length == 3 && text.All(char.IsAsciiLetter)) own.Add(new OwnCondition(CustomField.Json(new JsonObject { [field.Code] = new JsonObject { ["currency"] = text.ToUpperInvariant() } }), field.Code, "="));
                else errors[key] = ["a currency such as EUR, of an amount only"];
            }
            else if (sign != "=" && field.Kind is not ("number" or "money" or "date")) errors[key] = ["a range of a number, an amount or a date only"];
            else if (Read(field, text, sign) is { } condition) own.Add(condition);
            else errors[key] = [field.Expected];
        }

        return own;
    }

    static OwnCondition? Read(CustomField field, string text, string sign)
    {
        if (sign == "=") return field.Parse(text) is { } value ? new OwnCondition(CustomField.Json(new JsonObject { [field.Code] = value }), field.Code, sign) : null;
        // Of an amount the sum alone, whichever its currency.
        var bound = field.Kind == "money" ? (field with { Kind = "number" }).Parse(text) ?? field.Parse(text)?["amount"]?.DeepClone() : field.Parse(text);
        return bound is null ? null : new OwnCondition(CustomField.Json(new JsonObject { ["v"] = bound }), field.Kind == "money" ? $"{field.Code}.amount" : field.Code, sign);
    }
}
