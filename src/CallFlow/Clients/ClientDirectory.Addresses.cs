using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    const int MostAddresses = 20;

    static List<ClientAddress> CheckAddresses(IReadOnlyList<ClientAddress> given, Dictionary<string, string[]> errors)
    {
        if (given.Count > MostAddresses) errors["addresses"] = [$"expected at most {MostAddresses} addresses"];
        var addresses = new List<ClientAddress>();
        for (var n = 0; n < given.Count && n < MostAddresses; n++)
        {
            var address = given[n].Clean();
            if (!ClientAddress.Kinds.Contains(address.Kind, StringComparer.Ordinal)) errors[$"addresses[{n}].kind"] = [$"expected one of {string.Join(", ", ClientAddress.Kinds)}"];
            else if (address.Text.Length > 0 && !addresses.Contains(address)) addresses.Add(address);
        }

        // Two of one kind that read the same are one.
        return [.. addresses.DistinctBy(a => (a.Kind, a.Text))];
    }

    /// <summary>Who knows one address only writes it as one text: it becomes the first of them.</summary>
    /// <returns>Null: it is as it was.</returns>
    static async Task<IReadOnlyList<ClientAddress>?> WithFirstAsync(NpgsqlTransaction transaction, Guid id, string text, Dictionary<string, string[]> errors, CancellationToken ct)
    {
        var addresses = await AddressesAsync(transaction, id, ct);
        if (text == (addresses.Count > 0 ? addresses[0].Text : "")) return null;
        var first = new ClientAddress(addresses.Count > 0 ? addresses[0].Kind : ClientAddress.Actual, text);
        return CheckAddresses([first, .. addresses.Skip(1)], errors);
    }

    static async Task<List<ClientAddress>> AddressesAsync(NpgsqlTransaction transaction, Guid id, CancellationToken ct)
    {
        await using var command = Command(transaction, "select kind, line, city, postal_code, region, country from client_address where client_id = $1 order by position, kind, key", [id]);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var addresses = new List<ClientAddress>();
        while (await reader.ReadAsync(ct)) addresses.Add(new ClientAddress(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5)));
        return addresses;
    }

    /// <summary>The addresses become exactly these, in this order.</summary>
    static async Task WriteAddressesAsync(NpgsqlTransaction transaction, Guid id, IReadOnlyList<ClientAddress>? addresses, CancellationToken ct)
    {
        if (addresses is null) return;
        await DoAsync(transaction, ChangedAddressesSql, ct, id, addresses.Select(a => $"{a.Kind} {a.Text}").ToArray());
        await DoAsync(transaction, "delete from client_address where client_id = $1", ct, id);
        await AddAddressesAsync(transaction, [.. addresses.Select((a, n) => (id, a, n + 1))], ct);
    }

    /// <summary>Behind those that the cards have.</summary>
    static async Task AddAddressesAsync(NpgsqlTransaction transaction, IReadOnlyList<(Guid Client, ClientAddress Address, int Position)> addresses, CancellationToken ct)
    {
        if (addresses.Count == 0) return;
        await using var command = new NpgsqlCommand(AddAddressesSql, transaction.Connection, transaction) { Parameters = { new() { Value = addresses.Select(a => a.Client).ToArray() } } };
        foreach (var part in (Func<ClientAddress, string>[])[a => a.Kind, a => a.Line, a => a.City, a => a.PostalCode, a => a.Region, a => a.Country, a => a.Text])
            command.Parameters.Add(new NpgsqlParameter { Value = addresses.Select(a => part(a.Address)).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = addresses.Select(a => a.Position).ToArray() });
        await command.ExecuteNonQueryAsync(ct);
    }

    // As of numbers and mails, for which triggers do: those are never written anew as they were.
    const string ChangedAddressesSql = """
        update client set contact_changed_at = now() where id = $1 and version > 1
          and array(select kind || ' ' || text from client_address where client_id = $1 order by 1) <> array(select distinct a from unnest($2::text[]) a order by 1)
        """;

    const string ChangedCardsSql = "update client set contact_changed_at = now() where id = any ($1) and version > 1";

    const string AddAddressesSql = """
        insert into client_address (client_id, kind, line, city, postal_code, region, country, text, position)
        select g.client_id, g.kind, g.line, g.city, g.postal_code, g.region, g.country, g.text, g.n + coalesce((select max(a.position) from client_address a where a.client_id = g.client_id), 0)
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[]) as g(client_id, kind, line, city, postal_code, region, country, text, n)
        on conflict (client_id, kind, key) do nothing
        """;

    // The card that stays has the addresses of both; the other's come first where that one's was taken.
    const string MergeAddressesSql = """
        insert into client_address (client_id, kind, line, city, postal_code, region, country, text, position)
        select $1, kind, line, city, postal_code, region, country, text, position + case when $3 then -1000 else 1000 end from client_address where client_id = $2
        on conflict (client_id, kind, key) do update set position = least(client_address.position, excluded.position)
        """;

    const string UnmergeAddressesSql = """
        with m as (
          select winner_before -> 'addresses' as before, winner_after -> 'addresses' as after from client_merge where id = $2
        ), gone as (
          delete from client_address a using m where a.client_id = $1
            and exists (select from jsonb_to_recordset(m.after) x (kind text, key text) where x.kind = a.kind and x.key = a.key)
            and not exists (select from jsonb_to_recordset(m.before) x (kind text, key text) where x.kind = a.kind and x.key = a.key)
        )
        update client_address a set position = x.position from m cross join lateral jsonb_to_recordset(m.before) x (kind text, key text, position integer)
        where a.client_id = $1 and x.kind = a.kind and x.key = a.key
        """;

    const string FirstAddressSql = """
        update client c set address = coalesce((select a.text from client_address a where a.client_id = c.id order by a.position, a.kind, a.key limit 1), '')
        where c.id = any ($1)
        """;
}
