using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Who changed what on a card, from which value to which: written in the transaction of the change itself, from the card as it is about to be.</summary>
internal sealed class CardAudit(AuditStore audit)
{
    public const string Subject = "client", Changed = "client.changed", Created = "client.created";

    /// <param name="before">As it was read.</param>
    /// <param name="version">That the save replaces. Of another than was read nobody could say what was there before.</param>
    /// <returns>False: the card was changed after it was read.</returns>
    public async Task<bool> WriteAsync(NpgsqlTransaction transaction, Person person, string action, ClientCardView before, int version, CancellationToken cancel)
    {
        if (before.Version != version) return false;
        if (await NowAsync(transaction, before.Id, cancel) is { } after) await WriteAsync(transaction, person, action, before.Id, Differences(before, after), cancel);
        return true;
    }

    public async Task<bool> WriteCreatedAsync(NpgsqlTransaction transaction, Person person, Guid id, CancellationToken cancel)
    {
        if (await NowAsync(transaction, id, cancel) is { } after) await WriteAsync(transaction, person, Created, id, Differences(null, after), cancel);
        return true;
    }

    /// <summary>What an import or a web form changed on cards that were there, in its transaction; of new cards their own line says where they come from.</summary>
    public async Task WriteImportedAsync(NpgsqlTransaction transaction, Guid user, IEnumerable<ClientImported> rows, CancellationToken cancel)
    {
        var changed = rows.OfType<ClientImported.Changed>().Where(c => c.Changes.Count > 0).ToList();
        if (changed.Count == 0) return;
        var named = changed.SelectMany(c => Named.Where(c.Changes.ContainsKey).SelectMany(f => new[] { c.Changes[f].Before, c.Changes[f].After })).Where(v => v.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
        var names = named.Length == 0 ? [] : (await transaction.Connection!.QueryAsync<(string Id, string Name)>(new CommandDefinition(
            """
            select id::text, name from app_user where id::text = any(@named)
            union all select code, name from segment where code = any(@named)
            union all select c.id::text, coalesce(nullif(c.company, ''), c.name) from client c where c.id = any(@ids)
            """, new { named, ids = named.Select(n => Guid.TryParse(n, out var id) ? id : (Guid?)null).OfType<Guid>().ToArray() }, transaction, cancellationToken: cancel))).DistinctBy(n => n.Id).ToDictionary(n => n.Id, n => n.Name, StringComparer.Ordinal);
        string Shown(string field, string value) => Array.IndexOf(Named, field) >= 0 ? names.GetValueOrDefault(value, value) : value;
        await audit.AddChangesAsync(transaction, user, Changed, Subject, [.. changed.Select(c => (c.Id.ToString(),
            JsonSerializer.Serialize(c.Changes.ToDictionary(f => f.Key, f => Shown(f.Key, f.Value.Before))), JsonSerializer.Serialize(c.Changes.ToDictionary(f => f.Key, f => Shown(f.Key, f.Value.After)))))], cancel);
    }

    /// <summary>Told by their names.</summary>
    static readonly string[] Named = ["companyId", "segment", "responsibleId"];

    public Task<bool> IsByAsync(Person person, Guid id, CancellationToken cancel) => audit.HasAsync(person.Id, Created, Subject, id.ToString(), cancel);

    /// <summary>Fields as a save names them (the site's own: <c>custom.CODE</c>), with what was and what is. What is not there is empty.</summary>
    /// <param name="before">Null: the card is new.</param>
    public static Dictionary<string, (string Before, string After)> Differences(ClientCardView? before, ClientCardView after)
    {
        var changed = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        Note("kind", c => c.Kind);
        Note("name", c => c.Name);
        Note("company", c => c.Company);
        Note("companyId", c => c.CompanyId?.ToString(), c => c.CompanyName);
        Note("roles", c => string.Join(", ", c.Roles ?? []));
        Note("phones", c => string.Join("; ", c.Phones.OrderByDescending(p => p.IsMain).ThenBy(p => p.E164, StringComparer.Ordinal).Select(p => string.Join(' ', new[] { p.E164, p.Extension.Length > 0 ? "ext. " + p.Extension : "", p.Label }.Where(t => t.Length > 0)))));
        Note("email", c => c.Email);
        Note("emails", c => string.Join("; ", (c.Emails ?? []).Select(e => $"{e.Address} {e.Label}".TrimEnd())));
        Note("city", c => c.City);
        Note("address", Addresses);
        Note("taxId", c => c.TaxId);
        Note("secondTaxId", c => c.SecondTaxId);
        Note("language", c => c.Language);
        Note("timeZone", c => c.TimeZone);
        Note("segment", c => c.Segment, c => c.SegmentName);
        Note("responsibleId", c => c.ResponsibleId?.ToString(), c => c.ResponsibleName);
        Note("tags", c => string.Join(", ", c.Tags ?? []));
        Note("note", c => c.Note);
        // Of a new card its own line says where it comes from.
        if (before is not null) Note("source", c => c.Source);
        foreach (var code in Own(before).Keys.Union(Own(after).Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (was, now) = (Value(before, code), Value(after, code));
            if (was is { } a && now is { } b ? !JsonElement.DeepEquals(a, b) : was is not null || now is not null) changed[CardFieldCodes.CustomPrefix + code] = (Text(was), Text(now));
        }

        return changed;

        // Two of one name are two: compared is what identifies them.
        void Note(string field, Func<ClientCardView, string?> value, Func<ClientCardView, string?>? shown = null)
        {
            var (was, now) = (before is null ? "" : value(before) ?? "", value(after) ?? "");
            if (was != now) changed[field] = (before is null ? "" : shown?.Invoke(before) ?? was, shown?.Invoke(after) ?? now);
        }
    }

    /// <summary>One where the client is needs no word that says so.</summary>
    static string Addresses(ClientCardView card) => card.Addresses is { } all && (all.Count > 1 || all.Any(a => a.Kind != ClientAddress.Actual))
        ? string.Join("; ", all.Select(a => $"{a.Kind}: {new ClientAddress(a.Kind, a.Line, a.City, a.PostalCode, a.Region, a.Country).Text}"))
        : card.Address;

    static IReadOnlyDictionary<string, JsonElement> Own(ClientCardView? card) => card?.Custom ?? new Dictionary<string, JsonElement>();

    static JsonElement? Value(ClientCardView? card, string code) => Own(card).TryGetValue(code, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    static string Text(JsonElement? value) => value?.GetRawText() ?? "";

    /// <summary>A save that changed nothing leaves no line.</summary>
    async Task WriteAsync(NpgsqlTransaction transaction, Person person, string action, Guid id, Dictionary<string, (string Before, string After)> changed, CancellationToken cancel)
    {
        if (changed.Count == 0) return;
        await audit.AddChangeAsync(transaction, person.Id, action, Subject, id.ToString(), JsonSerializer.Serialize(changed.ToDictionary(c => c.Key, c => c.Value.Before)),
            JsonSerializer.Serialize(changed.ToDictionary(c => c.Key, c => c.Value.After)), cancel);
    }

    static async Task<ClientCardView?> NowAsync(NpgsqlTransaction transaction, Guid id, CancellationToken cancel)
    {
        await using var results = await transaction.Connection!.QueryMultipleAsync(new CommandDefinition(CardReader.Sql, new { clients = new[] { id } }, transaction, cancellationToken: cancel));
        return (await CardReader.ReadAsync(results)).GetValueOrDefault(id);
    }
}
