using System.Globalization;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi;

/// <summary>What a list can be sorted by.</summary>
/// <param name="Said">SQL: the value as the cursor carries it.</param>
/// <param name="Read">Back from there; null: no such value.</param>
/// <param name="Unique">No two rows have the same: the id is not needed.</param>
internal sealed record SortKey(string Name, string Sql, string Said, Func<string, object?> Read, bool Unique = false)
{
    /// <summary>A whole number; compared as one, so that an index of it is used.</summary>
    public static SortKey Whole(string name, string sql, bool unique = false) =>
        new(name, sql, $"({sql})::text", text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null, unique);

    public static SortKey Time(string name, string sql) => new(name, sql, $"""to_char({sql} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
        text => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null);

    public static SortKey Amount(string name, string sql) => new(name, sql, $"({sql})::text", text => decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var amount) ? amount : null);

    public static SortKey Text(string name, string sql) => new(name, sql, sql, text => Texts.Clean(text));
}

/// <summary>
/// A list's order, and where a page of it goes on: after a value and an id, so that nothing is missed or comes twice when rows are added meanwhile. The cursor
/// carries list and order: one of others throws <see cref="BadCursorException"/>.
/// </summary>
internal sealed class ListOrder
{
    readonly SortKey key;
    readonly string direction;
    readonly string asked;
    readonly string list;
    readonly (object Value, Guid Id)? after;

    ListOrder(string list, SortKey key, string asked, string? cursor)
    {
        (this.list, this.key, this.asked, direction) = (list, key, asked, asked[0] == '-' ? "desc" : "asc");
        if (Cursor.Place(cursor) is not { } place) return;
        after = place.Order == $"{list} {asked}" && key.Read(place.Value) is { } value ? (value, place.Id) : throw new BadCursorException();
    }

    /// <summary>A key's name; with - before it backwards.</summary>
    public string Asked => asked;

    /// <param name="list">Whose cursors fit no other.</param>
    /// <param name="asked">A key's name; with - before it backwards.</param>
    public static (ListOrder? Order, ProblemHttpResult? Refused) Of(string list, string? asked, string usual, string? cursor, params SortKey[] keys)
    {
        asked = asked is { Length: > 0 } ? asked : usual;
        return Array.Find(keys, k => k.Name == asked.TrimStart('-')) is { } key && asked.LastIndexOf('-') <= 0
            ? (new ListOrder(list, key, asked, cursor), null)
            : (null, Problems.Invalid("sort", $"one of {string.Join(", ", keys.Select(k => k.Name))}, with - before it for the other way round"));
    }

    /// <summary>SQL: the last column of the list.</summary>
    public string Place => key.Said + " as place";

    public string By(string id) => key.Unique ? $"order by {key.Sql} {direction}" : $"order by {key.Sql} {direction}, {id} {direction}";

    /// <summary>SQL: a condition that begins with and, or nothing.</summary>
    public string After(string id, DynamicParameters parameters)
    {
        if (after is not { } last) return "";
        parameters.Add("afterValue", last.Value);
        var sign = direction == "desc" ? "<" : ">";
        if (key.Unique) return $"and {key.Sql} {sign} @afterValue";
        parameters.Add("afterId", last.Id);
        return $"and ({key.Sql}, {id}) {sign} (@afterValue, @afterId)";
    }

    public string Next(string place, Guid id) => Cursor.Of($"{list} {asked}", place, id);
}
