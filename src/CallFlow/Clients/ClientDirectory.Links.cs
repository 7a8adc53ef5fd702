using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>Looks up at once what all links of many cards name.</summary>
    static async Task<LinkBook> LinksAsync(NpgsqlTransaction transaction, List<CustomField> fields, IReadOnlyCollection<IReadOnlyDictionary<string, JsonElement>> cards, string region, CancellationToken ct)
    {
        var book = new LinkBook();
        foreach (var target in CustomField.Targets)
        {
            var links = fields.Where(f => f.Kind == CustomField.Link && f.Target == target).ToArray();
            var texts = links.SelectMany(f => cards.Select(c => c.TryGetValue(f.Code, out var value) ? LinkBook.TextOf(f, value) : null)).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
            if (texts.Length == 0) continue;
            await using var command = new NpgsqlCommand(target switch { "client" => FindClientsSql, "deal" => FindDealsSql, _ => FindPeopleSql }, transaction.Connection, transaction);
            command.Parameters.AddWithValue(texts);
            command.Parameters.Add(new NpgsqlParameter { Value = texts.Select(t => Guid.TryParse(t, out var id) ? id : (Guid?)null).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
            if (target == "client") command.Parameters.Add(new NpgsqlParameter { Value = texts.Select(t => PhoneNumbers.Typed(t, region).E164).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
            if (target == "deal")
                command.Parameters.Add(new NpgsqlParameter { Value = texts.Select(t => long.TryParse(t.TrimStart('#'), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : (long?)null).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) book.Add(target, reader.GetString(0), reader.GetFieldValue<Guid[]>(1));
        }

        return book;
    }

    /// <summary>What links lead to, by what was given for it.</summary>
    sealed class LinkBook
    {
        readonly Dictionary<(string Target, string Text), Guid[]> found = [];

        public static string? TextOf(CustomField field, JsonElement value) => field.Read(value)?.GetValue<string>();

        public void Add(string target, string text, Guid[] ids) => found[(target, text)] = ids;

        public void Take(CustomField field, JsonElement value, JsonObject set, Dictionary<string, string[]> errors)
        {
            var ids = TextOf(field, value) is { } text ? found.GetValueOrDefault((field.Target ?? "", text), []) : [];
            if (ids.Length == 1) set[field.Code] = new JsonObject { ["id"] = ids[0].ToString() };
            else errors[$"custom.{field.Code}"] = ["expected " + field.Expected + (ids.Length > 1 ? $"; {ids.Length} fit" : "")];
        }
    }

    // An id is taken also of what was deleted since: it may stand on the card already, and stays.
    const string FindClientsSql = """
        select g.text, array_agg(distinct x.id)
        from unnest($1::text[], $2::uuid[], $3::text[]) g(text, id, e164)
        cross join lateral (
          select client_root(c.id) as id from client c where c.id = g.id
          union
          select r.id from (
            select client_id as id from client_phone where e164 = g.e164
            union all select id from client where email <> '' and lower(email) = lower(g.text)
            union all select client_id from client_email where lower(address) = lower(g.text)
            union all select id from client where name <> '' and lower(name) = lower(g.text)) f
          join client r on r.id = client_root(f.id) and r.deleted_at is null
          where g.id is null) x
        group by 1
        """;

    const string FindDealsSql = """
        select g.text, array_agg(distinct d.id)
        from unnest($1::text[], $2::uuid[], $3::bigint[]) g(text, id, number)
        join lateral (
          select id from deal where id = g.id and deleted_at is null
          union select id from deal where number = g.number and deleted_at is null
          union select id from deal where g.id is null and deleted_at is null and title ilike replace(replace(replace(g.text, '\', '\\'), '%', '\%'), '_', '\_')) d on true
        group by 1
        """;

    // A login is one person's, whoever has it for a name.
    const string FindPeopleSql = """
        select g.text, coalesce((select array[u.id] from app_user u where u.id = g.id or lower(u.login) = lower(g.text) limit 1),
          (select array_agg(u.id) from app_user u where u.active and lower(u.name) = lower(g.text)), '{}')
        from unnest($1::text[], $2::uuid[]) g(text, id)
        """;
}
