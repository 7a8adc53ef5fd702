using System.Text.Json.Nodes;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>
/// Reads a filter from the address: <c>custom.CODE</c> is equal (of a link: the record it leads to), <c>custom.CODE.from</c> and <c>custom.CODE.to</c> a range with both ends, <c>custom.CODE.below</c> its end without it,
/// <c>custom.CODE.currency</c> the currency of an amount, <c>without=CODE,custom.CODE</c> fields in which nothing stands. A field that is hidden from somebody is not there for them.
/// </summary>
internal sealed class ClientFilters(NpgsqlDataSource database)
{
    const int MostOwn = 10;
    const int MostWithout = 20;
    const string Currency = "currency";

    public async Task<(ClientFilter? Filter, ProblemHttpResult? Refused)> ReadAsync(HttpRequest request, Person person, ClientAsk ask, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var filter = ask.Filter();
        if (filter.Kind is not (null or "person" or "company")) errors["kind"] = ["person or company"];
        if (filter.Language is { } language && !(language.Length == 2 && language.All(char.IsAsciiLetter))) errors["clientLanguage"] = ["two letters such as en (ISO 639-1)"];
        if (filter.City is not null && person.Veil.Hides("city")) errors["city"] = ["fields that you see"];
        var asked = request.Query.Where(q => q.Key.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal)).Select(q => (q.Key, Text: q.Value.ToString())).ToList();
        var without = ask.Lacking;
        if (asked.Count > MostOwn) errors[CardFieldCodes.CustomPrefix + "CODE"] = ["at most 10 of them"];
        if (without.Count > MostWithout) errors["without"] = ["at most 20 of them"];
        if (errors.Count > 0) return (null, Problems.Invalid(errors));
        var own = new List<OwnCondition>();
        if (asked.Count + without.Count > 0)
        {
            await using var connection = await database.OpenConnectionAsync(cancel);
            var (fields, linked) = await FieldsAsync(connection, person, cancel);
            foreach (var (key, text) in asked) await ReadAsync(connection, fields, linked, person, key, text, own, errors, cancel);
            Lacking(without, fields, linked, person.Veil, own, errors);
        }

        return errors.Count > 0 ? (null, Problems.Invalid(errors)) : (filter with { Own = own }, null);
    }

    /// <summary>Calculated ones under the kind of their result. What is calculated over links is told by the rights to other records: only who sees all of those may ask for it.</summary>
    static async Task<(Dictionary<string, CustomField> All, HashSet<string> Linked)> FieldsAsync(NpgsqlConnection connection, Person person, CancellationToken cancel)
    {
        var seesAll = CardLinks.SeesAllRecords(person);
        var fields = (await connection.QueryAsync<(string Code, string Name, string Kind, string Options, string? Target, string? Expression, string? Result, bool OverLinks)>(new CommandDefinition(
            $"select {CustomField.Columns}, links <> '{{}}' from client_field where not archived", cancellationToken: cancel)))
            .Where(f => (seesAll || !f.OverLinks) && !person.Veil.HidesCustom(f.Code)).ToList();
        return (fields.ToDictionary(f => f.Code, f => CustomField.Of(f.Code, f.Name, f.Kind, f.Options, f.Target, f.Expression, f.Result), StringComparer.Ordinal),
            fields.Where(f => f.OverLinks).Select(f => f.Code).ToHashSet(StringComparer.Ordinal));
    }

    static async Task ReadAsync(NpgsqlConnection connection, Dictionary<string, CustomField> fields, HashSet<string> linked, Person person, string key, string text, List<OwnCondition> own, Dictionary<string, string[]> errors, CancellationToken cancel)
    {
        var parts = key.Split('.');
        var sign = parts.Length == 2 ? "=" : parts is [_, _, "from"] ? ">=" : parts is [_, _, "to"] ? "<=" : parts is [_, _, "below"] ? "<" : parts is [_, _, Currency] ? Currency : null;
        if (sign is null || !fields.TryGetValue(parts[1], out var field))
        {
            errors[key] = ["an own field that there is, with .from, .to or .below behind it for a range, .currency of an amount; one that is calculated over links only for who sees all clients and deals"];
            return;
        }

        var kind = KindOf(field);
        if (sign == Currency)
        {
            if (kind == "money" && text.Length == 3 && text.All(char.IsAsciiLetter)) own.Add(OwnCondition.Is(field.Code, new JsonObject { ["currency"] = text.ToUpperInvariant() }));
            else errors[key] = ["a currency such as EUR, of an amount only"];
        }
        else if (sign != "=" && kind is not ("number" or "money" or "date")) errors[key] = ["a range of a number, an amount or a date only"];
        else if (kind == CustomField.Link)
        {
            if (await LedToAsync(connection, field, person, text, cancel) is { Count: > 0 } ids) own.Add(OwnCondition.LeadsTo(field.Code, ids));
            else errors[key] = [$"the id of {field.Target switch { "deal" => "a deal", "person" => "a colleague", _ => "a client" }} that you see"];
        }
        else if (Read(field, field with { Kind = kind }, text, sign) is { } condition) own.Add(linked.Contains(field.Code) ? condition.OverLinks() : condition);
        else errors[key] = [(field with { Kind = kind }).Expected];
    }

    static string KindOf(CustomField field) => field.Kind == CustomField.Calculated ? field.Result ?? "text" : field.Kind;

    static OwnCondition? Read(CustomField field, CustomField held, string text, string sign)
    {
        // A formula makes texts as it likes, with blanks at their ends.
        if (field.Kind == CustomField.Calculated && held.Kind == "text")
            return text.Length is > 0 and <= CustomField.LongestText && !text.Contains('\0', StringComparison.Ordinal) ? OwnCondition.Is(field.Code, JsonValue.Create(text)) : null;
        if (sign == "=") return held.Parse(text) is { } value ? OwnCondition.Is(field.Code, value) : null;
        // Of an amount the sum alone, whichever its currency.
        var bound = held.Kind == "money" ? (held with { Kind = "number" }).Parse(text) ?? held.Parse(text)?["amount"]?.DeepClone() : held.Parse(text);
        return bound is null ? null : OwnCondition.Bound(field.Code, held.Kind, sign, bound);
    }

    /// <summary>As the report on clients names them: a client by its card or one that was merged into it, and only what the person may see. Empty: there is no such record for them.</summary>
    static async Task<IReadOnlyList<Guid>> LedToAsync(NpgsqlConnection connection, CustomField link, Person person, string text, CancellationToken cancel)
    {
        if (!Guid.TryParse(text, out var id)) return [];
        var ids = await connection.QueryAsync<Guid>(new CommandDefinition(link.Target switch
        {
            "deal" => $"select d.id from deal d where d.id = @id and {CardLinks.SeenDeal("d")}",
            "person" => "select id from app_user where id = @id",
            _ => "select f.id from client x cross join lateral client_family(x.id) f (id) where x.id = client_root(@id) and x.deleted_at is null and (@clients::uuid[] is null or x.responsible_id = any(@clients))",
        }, new { id, clients = person.Within(Rights.WorkWithClients).People, deals = person.Within(Rights.SeeDeals).People }, cancellationToken: cancel));
        return ids.AsList();
    }

    static void Lacking(IReadOnlyList<string> without, Dictionary<string, CustomField> fields, HashSet<string> linked, Veil veil, List<OwnCondition> own, Dictionary<string, string[]> errors)
    {
        foreach (var code in without)
        {
            if (code.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal) && fields.TryGetValue(code[CardFieldCodes.CustomPrefix.Length..], out var field))
            {
                var none = OwnCondition.None(field.Code, KindOf(field));
                own.Add(linked.Contains(field.Code) ? none with { Sql = none.Sql.Replace("c.custom", "c.linked", StringComparison.Ordinal) } : none);
            }

            else if (!ClientFilter.CanLack.Contains(code) || veil.Hides(code)) errors["without"] = [$"some of {string.Join(", ", ClientFilter.CanLack.Where(c => !veil.Hides(c)))}, custom.CODE"];
        }
    }
}
