using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>What else a card holds; null leaves what is there.</summary>
/// <param name="Emails">Addresses beside the main one.</param>
/// <param name="TimeZone">IANA; empty: none.</param>
/// <param name="Address">The first address as one text; looked at only without Addresses.</param>
/// <param name="CompanyId">The company a person belongs to; an empty id: none.</param>
/// <param name="Roles">Of client, supplier, partner.</param>
/// <param name="Source">Where the client comes from.</param>
/// <param name="IsInn">Whoever gives the tax id calls it an INN.</param>
/// <param name="Custom">By the field's code; JSON null empties a field. Fields not named stay as they are.</param>
public sealed record ClientMore(IReadOnlyList<ClientEmail>? Emails = null, string? TaxId = null, string? TimeZone = null, string? Address = null, IReadOnlyList<string>? Tags = null,
    IReadOnlyDictionary<string, JsonElement>? Custom = null, Guid? CompanyId = null, IReadOnlyList<string>? Roles = null, IReadOnlyList<ClientAddress>? Addresses = null, string? SecondTaxId = null, bool IsInn = false, string? Source = null);

public sealed record ClientEmail(string Address, string Label);

/// <summary>Why a field cannot become what was asked: so many stored values do not fit, such as these.</summary>
public sealed record ValuesDoNotFit(long Count, IReadOnlyList<string> Examples);

public sealed partial class ClientDirectory
{
    /// <summary>What is expected of a card's company.</summary>
    public const string NoCompany = "expected the id of a company, of a person's card";

    const int MostEmails = 20, MostTags = 30, LongestTag = 50, MostExamples = 3;

    /// <summary>Cleaned and checked, as the statements want it.</summary>
    sealed record MoreToWrite(IReadOnlyList<ClientEmail>? Emails, string? TaxId, string? TimeZone, IReadOnlyList<ClientAddress>? Addresses, string[]? Tags, string CustomSet, string[] CustomCleared, Guid? CompanyId, string[]? Roles, string? SecondTaxId, string? Source);

    static readonly MoreToWrite NothingMore = new(null, null, null, null, null, "{}", [], null, null, null, null);

    /// <summary>What a client may be to us.</summary>
    public static IReadOnlyList<string> KnownRoles { get; } = ["client", "supplier", "partner"];

    /// <summary>Within the transaction that writes: a field's kind does not change before it ends.</summary>
    static async Task<MoreToWrite> CheckMoreAsync(NpgsqlTransaction transaction, Guid id, ClientFields fields, string region, Dictionary<string, string[]> errors, CancellationToken ct)
    {
        if (fields.More is not { } more) return NothingMore;
        var plain = CheckPlain(fields, errors);
        var addresses = more.Addresses is null && more.Address is { } text ? await WithFirstAsync(transaction, id, PlainText.CleanLines(text, 500), errors, ct) : plain.Addresses;
        var tax = more.TaxId is { } typed ? CleanTaxId(typed) : null;
        var (set, cleared) = more.Custom is { Count: > 0 } custom ? await CheckCustomAsync(transaction, custom, region, errors, ct) : ("{}", []);
        var company = more.CompanyId;
        if (company is { } asked && asked != Guid.Empty)
        {
            company = fields.Kind == "person" && await ScalarAsync(transaction, "select id from client where id = client_root($1) and kind = 'company' and id <> $2", ct, asked, id) is Guid found ? found : null;
            if (company is null) errors["companyId"] = [NoCompany];
        }

        return new MoreToWrite(plain.Emails, tax, more.TimeZone, addresses, plain.Tags, set, cleared, company, plain.Roles, SecondTaxId(more), more.Source is { } source ? PlainText.Clean(source, 100) : null);
    }

    /// <summary>What can be told without the database; null: nothing is said of it.</summary>
    static (IReadOnlyList<ClientEmail>? Emails, IReadOnlyList<ClientAddress>? Addresses, string[]? Tags, string[]? Roles) CheckPlain(ClientFields fields, Dictionary<string, string[]> errors)
    {
        if (fields.More is not { } more) return default;
        if (more.TimeZone is { Length: > 0 } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) errors["timeZone"] = ["expected an IANA time zone such as Europe/Rome"];
        if (more.Roles is { } roles && roles.Any(r => !KnownRoles.Contains(r))) errors["roles"] = [$"expected some of {string.Join(", ", KnownRoles)}"];
        return (more.Emails is { } emails ? CheckEmails(emails, fields.Email, errors) : null, more.Addresses is { } addresses ? CheckAddresses(addresses, errors) : null,
            more.Tags is { } tags ? CheckTags(tags, errors) : null, more.Roles?.Distinct(StringComparer.Ordinal).ToArray());
    }

    /// <summary>As tax ids are compared: without spaces, in capitals.</summary>
    public static string CleanTaxId(string? typed) => string.Concat(PlainText.Clean(typed, 60).Where(c => !char.IsWhiteSpace(c))).ToUpperInvariant();

    /// <summary>Null: nothing is said of it. The first once more is no second.</summary>
    static string? SecondTaxId(ClientMore more) => more.SecondTaxId is { } typed ? CleanTaxId(typed) is var second && second == CleanTaxId(more.TaxId) ? "" : second : null;

    static string? WrongTaxId(string clean, ClientFields fields, string region)
    {
        var countries = (fields.More?.Addresses ?? []).Select(a => a.Country.Trim()).ToList();
        return WrongTaxId(clean, fields.More?.IsInn == true || TaxIds.IsRussian(countries, fields.Language, region), TaxIds.IsItalian(countries, fields.Language, region));
    }

    static string? WrongTaxId(string clean, bool russian, bool italian) =>
        clean.Length > 30 || !clean.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c is '-' or '/' or '.') ? "at most 30 letters and digits" : TaxIds.Expected(clean, russian, italian);

    static List<ClientEmail> CheckEmails(IReadOnlyList<ClientEmail> given, string main, Dictionary<string, string[]> errors)
    {
        if (given.Count > MostEmails) errors["emails"] = [$"expected at most {MostEmails} addresses"];
        var emails = new List<ClientEmail>();
        for (var n = 0; n < given.Count && n < MostEmails; n++)
        {
            var address = PlainText.Clean(given[n].Address, 255);
            if (!LooksLikeEmail(address)) errors[$"emails[{n}].address"] = ["expected an address such as anna@example.com"];
            else if (!address.Equals(main.Trim(), StringComparison.OrdinalIgnoreCase) && !emails.Exists(e => e.Address.Equals(address, StringComparison.OrdinalIgnoreCase)))
                emails.Add(new ClientEmail(address, PlainText.Clean(given[n].Label, 50)));
        }

        return emails;
    }

    static string[] CheckTags(IReadOnlyList<string> given, Dictionary<string, string[]> errors)
    {
        var tags = given.Select(t => PlainText.Clean(t, LongestTag + 1)).Where(t => t.Length > 0).DistinctBy(t => t.ToUpperInvariant()).ToArray();
        if (tags.Length > MostTags || Array.Exists(tags, t => t.Length > LongestTag || t.Contains(',', StringComparison.Ordinal)))
            errors["tags"] = [$"expected at most {MostTags} tags of at most {LongestTag} characters without commas"];
        return tags;
    }

    static async Task<(string Set, string[] Cleared)> CheckCustomAsync(NpgsqlTransaction transaction, IReadOnlyDictionary<string, JsonElement> given, string region, Dictionary<string, string[]> errors, CancellationToken ct)
    {
        var known = await FieldsAsync(transaction, [.. given.Keys], ct);
        return CheckCustom(known, given, await LinksAsync(transaction, known, [given], region, ct), errors);
    }

    static (string Set, string[] Cleared) CheckCustom(List<CustomField> known, IReadOnlyDictionary<string, JsonElement> given, LinkBook links, Dictionary<string, string[]> errors)
    {
        var set = new JsonObject();
        var cleared = new List<string>();
        foreach (var (code, value) in given)
        {
            if (known.Find(f => f.Code == code) is not { } field) errors[$"custom.{code}"] = ["expected the code of a field that is in use"];
            else if (field.Kind == CustomField.Calculated) errors[$"custom.{code}"] = ["expected " + field.Expected];
            else if (value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined || (value.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(value.GetString()))
                || (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)) cleared.Add(code);
            else if (field.Kind == CustomField.Link) links.Take(field, value, set, errors);
            else if (field.Read(value) is { } read) set[code] = read;
            else errors[$"custom.{code}"] = ["expected " + field.Expected];
        }

        return (CustomField.Json(set), [.. cleared]);
    }

    /// <summary>The fields in use of these codes; they stay as they are until the transaction ends.</summary>
    static async Task<List<CustomField>> FieldsAsync(NpgsqlTransaction transaction, string[] codes, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"select {CustomField.Columns} from client_field where code = any ($1) and not archived order by code for share", transaction.Connection, transaction)
        {
            Parameters = { new() { Value = codes } },
        };
        return await ReadFieldsAsync(command, ct);
    }

    static async Task<List<CustomField>> ReadFieldsAsync(NpgsqlCommand command, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        var fields = new List<CustomField>();
        while (await reader.ReadAsync(ct))
            fields.Add(CustomField.Of(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), TextOrNull(reader, 4), TextOrNull(reader, 5), TextOrNull(reader, 6)));
        return fields;
    }

    static void AddMore(NpgsqlCommand command, MoreToWrite more)
    {
        void Add(object? value, NpgsqlDbType type) => command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value, NpgsqlDbType = type });
        Add(more.TaxId, NpgsqlDbType.Text);
        Add(more.TimeZone, NpgsqlDbType.Text);
        Add(more.Addresses is { } addresses ? addresses.Count > 0 ? addresses[0].Text : "" : null, NpgsqlDbType.Text);
        Add(more.Tags, NpgsqlDbType.Array | NpgsqlDbType.Text);
        Add(more.CustomSet, NpgsqlDbType.Jsonb);
        Add(more.CustomCleared, NpgsqlDbType.Array | NpgsqlDbType.Text);
        Add(more.CompanyId, NpgsqlDbType.Uuid);
        Add(more.Roles, NpgsqlDbType.Array | NpgsqlDbType.Text);
        Add(more.SecondTaxId, NpgsqlDbType.Text);
        Add(more.Source, NpgsqlDbType.Text);
    }

    /// <summary>The addresses beside the main one become exactly these; given none, only what is now the main one goes.</summary>
    static async Task WriteEmailsAsync(NpgsqlTransaction transaction, Guid id, IReadOnlyList<ClientEmail>? emails, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(emails is null ? MainEmailSql : WriteEmailsSql, transaction.Connection, transaction) { Parameters = { new() { Value = id } } };
        if (emails is not null)
        {
            command.Parameters.AddWithValue(emails.Select(e => e.Address).ToArray());
            command.Parameters.AddWithValue(emails.Select(e => e.Label).ToArray());
        }

        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Stored values of a field become what it will hold from now on, all of them or none; the caller changes the field in the same transaction.</summary>
    public async Task<ValuesDoNotFit?> ConvertAsync(NpgsqlTransaction transaction, CustomField from, CustomField to, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(from);
        var (before, after, misfits, examples) = (new List<string>(), new List<string>(), 0L, new List<string>());
        await using (var read = new NpgsqlCommand("select (custom -> $1)::text, count(*), min(number) from client where custom ? $1 group by 1 order by 3", transaction.Connection, transaction) { Parameters = { new() { Value = from.Code } } })
        {
            await using var reader = await read.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                var stored = reader.GetString(0);
                using var value = JsonDocument.Parse(stored);
                if (from.Convert(value.RootElement, to) is { } fits)
                {
                    before.Add(stored);
                    after.Add(CustomField.Json(fits));
                    continue;
                }

                misfits += reader.GetInt64(1);
                if (examples.Count < MostExamples) examples.Add($"“{PlainText.Clean(from.Text(value.RootElement), 60)}” (#{reader.GetInt64(2)})");
            }
        }

        if (misfits > 0) return new ValuesDoNotFit(misfits, examples);
        await using var write = new NpgsqlCommand(ConvertSql, transaction.Connection, transaction)
        {
            Parameters = { new() { Value = from.Code }, new() { Value = before.ToArray() }, new() { Value = after.ToArray() }, new() { Value = time.GetUtcNow().UtcDateTime } },
        };
        await write.ExecuteNonQueryAsync(ct);
        return null;
    }

    const string MainEmailSql = "delete from client_email e using client c where c.id = $1 and e.client_id = c.id and lower(e.address) = lower(c.email)";

    const string WriteEmailsSql = """
        with gone as (
          delete from client_email where client_id = $1 and address <> all ($2)
        )
        insert into client_email (client_id, address, label, position)
        select $1, g.address, g.label, g.n from unnest($2::text[], $3::text[]) with ordinality as g(address, label, n)
        on conflict (client_id, address) do update set label = excluded.label, position = excluded.position
        """;

    // Who has the card open with a value of the old kind is told that it changed.
    const string ConvertSql = """
        update client c set custom = jsonb_set(c.custom, array[$1], m.after::jsonb), version = c.version + 1, updated_at = $4
        from unnest($2::text[], $3::text[]) as m(before, after)
        where c.custom ? $1 and c.custom -> $1 = m.before::jsonb and m.before::jsonb <> m.after::jsonb
        """;
}
