using CallCrm.Engine;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>What a person may write on a client's card.</summary>
/// <param name="Kind">person or company.</param>
/// <param name="Name">1 to 200 characters.</param>
public sealed record ClientFields(string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment,
    Guid? ResponsibleId, IReadOnlyList<ClientNumber> Numbers)
{
    /// <summary>Null: what else the card holds stays as it is.</summary>
    public ClientMore? More { get; init; }
}

/// <param name="Number">As typed, perhaps with its extension behind it.</param>
/// <param name="Extension">1 to 10 digits; empty: none. Null, and none behind the number: what the card has for it stays.</param>
public sealed record ClientNumber(string Number, string Label, bool IsMain, string? Extension = null);

public abstract record ClientSaved
{
    public sealed record Done(Guid Id, int Version) : ClientSaved;

    /// <summary>Somebody saved in between; <paramref name="Version"/> is theirs.</summary>
    public sealed record Conflict(int Version) : ClientSaved;

    public sealed record NotFound : ClientSaved;

    /// <summary>Who asked for it refused it before the commit.</summary>
    public sealed record Refused : ClientSaved;

    /// <param name="Errors">Field (<c>name</c>, <c>phones[0].number</c>) to what was expected.</param>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : ClientSaved;
}

public sealed partial class ClientDirectory
{
    /// <summary>A card made by a person: confirmed. Repeating it with the same id changes nothing.</summary>
    /// <param name="region">How numbers without a country code are read.</param>
    /// <param name="mayCommit">Sees the card as it is about to be; false: it is not saved.</param>
    public async Task<ClientSaved> CreateAsync(Guid id, ClientFields fields, string source, string region, CancellationToken ct, Func<NpgsqlTransaction, Task<bool>>? mayCommit = null)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var numbers = Check(fields, region, errors);
        await using var connection = await pages.OpenConnectionAsync(ct);
        await CheckReferencesAsync(connection, id, fields, errors, ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var formulas = await FormulasAsync(transaction, ct);
        var more = await CheckMoreAsync(transaction, id, fields, region, errors, ct);
        if (errors.Count > 0) return new ClientSaved.Invalid(errors);
        var now = time.GetUtcNow();
        await using var insert = new NpgsqlCommand(InsertCardSql, connection, transaction);
        AddFields(insert, id, fields, now);
        insert.Parameters.AddWithValue(PlainText.Clean(source, 100));
        AddMore(insert, more);
        if (await insert.ExecuteScalarAsync(ct) is null) return await AlreadyMadeAsync(connection, transaction, id, ct);
        await WriteNumbersAsync(connection, transaction, id, Settled(numbers, []), now, ct);
        await WriteEmailsAsync(transaction, id, more.Emails, ct);
        await WriteAddressesAsync(transaction, id, more.Addresses, ct);
        await RecalculateAsync(transaction, formulas, [id], ct);
        if (mayCommit is not null && !await mayCommit(transaction)) return new ClientSaved.Refused();
        await hints.AddAsync(transaction, "client", id.ToString(), 1, null, ct);
        await transaction.CommitAsync(ct);
        hints.Wake();
        return new ClientSaved.Done(id, 1);
    }

    /// <summary>Saves the whole editable head and confirms the card, unless somebody saved since <paramref name="version"/> was read.</summary>
    /// <param name="mayCommit">As with <see cref="CreateAsync(Guid, ClientFields, string, string, CancellationToken, Func{NpgsqlTransaction, Task{bool}})"/>.</param>
    public async Task<ClientSaved> SaveAsync(Guid id, ClientFields fields, int version, string region, Guid? callId, CancellationToken ct, Func<NpgsqlTransaction, Task<bool>>? mayCommit = null)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var numbers = Check(fields, region, errors);
        await using var connection = await pages.OpenConnectionAsync(ct);
        await CheckReferencesAsync(connection, id, fields, errors, ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var formulas = await FormulasAsync(transaction, ct);
        var more = await CheckMoreAsync(transaction, id, fields, region, errors, ct);
        if (errors.Count > 0) return new ClientSaved.Invalid(errors);
        var now = time.GetUtcNow();
        await using var update = new NpgsqlCommand(UpdateCardSql, connection, transaction);
        AddFields(update, id, fields, now);
        update.Parameters.AddWithValue(version);
        AddMore(update, more);
        if (await update.ExecuteScalarAsync(ct) is not int saved) return await WhyNotAsync(connection, transaction, id, ct);
        await WriteNumbersAsync(connection, transaction, id, Settled(numbers, numbers.Exists(n => n.Extension is null) ? await ExtensionsAsync(transaction, id, ct) : []), now, ct);
        await WriteEmailsAsync(transaction, id, more.Emails, ct);
        await WriteAddressesAsync(transaction, id, more.Addresses, ct);
        await RecalculateAsync(transaction, formulas, [id], ct);
        if (mayCommit is not null && !await mayCommit(transaction)) return new ClientSaved.Refused();
        await hints.AddAsync(transaction, "client", id.ToString(), saved, callId, ct);
        await transaction.CommitAsync(ct);
        hints.Wake();
        return new ClientSaved.Done(id, saved);
    }

    static void AddFields(NpgsqlCommand command, Guid id, ClientFields fields, DateTimeOffset now)
    {
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(fields.Kind);
        command.Parameters.AddWithValue(PlainText.Clean(fields.Name, 200));
        command.Parameters.AddWithValue(PlainText.Clean(fields.Company, 200));
        command.Parameters.AddWithValue(PlainText.Clean(fields.Email, 254));
        command.Parameters.AddWithValue(PlainText.Clean(fields.City, 100));
        command.Parameters.AddWithValue(PlainText.CleanLines(fields.Note, 20_000));
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)fields.Language ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)fields.Segment ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)fields.ResponsibleId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        command.Parameters.AddWithValue(now.UtcDateTime);
    }

    /// <param name="Extension">Null: nothing is said of it, until <see cref="Settled"/>.</param>
    readonly record struct Number(string E164, string? Extension, string Raw, string Label, bool IsMain)
    {
        public string Key => KeyOf(E164, Extension ?? "");

        /// <summary>A number with its extension is another one than without.</summary>
        public static string KeyOf(string e164, string extension) => $"{e164};{extension}";
    }

    static List<Number> Check(ClientFields fields, string region, Dictionary<string, string[]> errors)
    {
        if (fields.Kind is not ("person" or "company")) errors["kind"] = ["expected person or company"];
        if (PlainText.Clean(fields.Name, 201).Length is 0 or > 200) errors["name"] = ["expected 1 to 200 characters"];
        if (fields.Email.Length > 0 && !LooksLikeEmail(fields.Email.Trim())) errors["email"] = ["expected an address such as anna@example.com"];
        foreach (var (field, given) in new[] { ("taxId", fields.More?.TaxId), ("secondTaxId", fields.More?.SecondTaxId) })
        {
            if (given is not null && WrongTaxId(CleanTaxId(given), fields, region) is { } expected) errors[field] = ["expected " + expected];
        }

        if (fields.Language is { } language && (language.Length != 2 || !language.All(char.IsAsciiLetterLower))) errors["language"] = ["expected two letters such as en (ISO 639-1)"];
        if (fields.Numbers.Count > 20) errors["phones"] = ["expected at most 20 numbers"];
        var numbers = new List<Number>();
        for (var n = 0; n < fields.Numbers.Count; n++)
        {
            var given = fields.Numbers[n];
            var (e164, behind) = PhoneNumbers.Typed(given.Number, region);
            var named = given.Extension?.Trim();
            var extension = behind.Length > 0 ? behind : named;
            if (e164 is null) errors[$"phones[{n}].number"] = ["expected a telephone number such as +39 02 1234 5678"];
            if (extension is not null && (!PhoneNumbers.IsExtension(extension) || (named is { Length: > 0 } && named != extension))) errors[$"phones[{n}].extension"] = ["expected an extension of 1 to 10 digits, one for each number"];
            else if (e164 is not null) numbers.Add(new Number(e164, extension, PhoneNumbers.Clean(given.Number), PlainText.Clean(given.Label, 50), given.IsMain));
        }

        return numbers;
    }

    /// <summary>Each number once. Where nothing is said of an extension, the card's own stay with their number, in order: who knows of none takes none away.</summary>
    static List<Number> Settled(List<Number> numbers, IReadOnlyCollection<(string E164, string Extension)> known)
    {
        var left = known.Where(k => !numbers.Exists(n => n.E164 == k.E164 && n.Extension == k.Extension)).GroupBy(k => k.E164, k => k.Extension, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new Queue<string>(g), StringComparer.Ordinal);
        return [.. numbers.Select(n => n.Extension is null ? n with { Extension = left.TryGetValue(n.E164, out var own) && own.TryDequeue(out var next) ? next : "" } : n).DistinctBy(n => n.Key)];
    }

    /// <summary>In the order in which the card shows them.</summary>
    static async Task<List<(string, string)>> ExtensionsAsync(NpgsqlTransaction transaction, Guid id, CancellationToken ct)
    {
        var known = new List<(string, string)>();
        await using var command = Command(transaction, "select e164, extension from client_phone where client_id = $1 order by is_main desc, added_at, e164, extension", [id]);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) known.Add((reader.GetString(0), reader.GetString(1)));
        return known;
    }

    /// <summary>One @, and behind it a name of a domain with a point in it, of letters of any alphabet.</summary>
    static bool LooksLikeEmail(string text)
    {
        if (text.Length > 254 || text.IndexOf('@') is not (> 0 and <= 64 and var at) || at != text.LastIndexOf('@') || text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is ',' or ';' or '<' or '>' or '"')) return false;
        if (text[0] == '.' || text[at - 1] == '.' || text.AsSpan(0, at).Contains("..", StringComparison.Ordinal)) return false;
        var labels = text[(at + 1)..].Split('.');
        return labels.Length > 1 && labels[^1].Length > 1 && Array.TrueForAll(labels, l => l.Length is > 0 and <= 63 && l[0] != '-' && l[^1] != '-' && l.All(c => char.IsLetterOrDigit(c) || c == '-'));
    }

    static async Task CheckReferencesAsync(NpgsqlConnection connection, Guid id, ClientFields fields, Dictionary<string, string[]> errors, CancellationToken ct)
    {
        if (fields.Segment is null && fields.ResponsibleId is null) return;
        await using var command = new NpgsqlCommand(
            "select exists (select from segment where code = $1 and (not retired or exists (select from client where id = $3 and segment = $1))), exists (select from app_user where id = $2)", connection)
        {
            Parameters = { new() { Value = fields.Segment ?? "" }, new() { Value = fields.ResponsibleId ?? Guid.Empty }, new() { Value = id } },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        if (fields.Segment is not null && !reader.GetBoolean(0)) errors["segment"] = ["expected the code of a segment"];
        if (fields.ResponsibleId is not null && !reader.GetBoolean(1)) errors["responsibleId"] = ["expected the id of a user"];
    }

    /// <summary>The numbers become exactly these; the first is the main one unless another says so.</summary>
    static async Task WriteNumbersAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid id, List<Number> numbers, DateTimeOffset now, CancellationToken ct)
    {
        var main = Math.Max(0, numbers.FindIndex(n => n.IsMain));
        await using var command = new NpgsqlCommand(WriteNumbersSql, connection, transaction)
        {
            Parameters =
            {
                new() { Value = id }, new() { Value = numbers.Select(n => n.E164).ToArray() }, new() { Value = numbers.Select(n => n.Raw).ToArray() },
                new() { Value = numbers.Select(n => n.Label).ToArray() }, new() { Value = numbers.Select((_, n) => n == main).ToArray() }, new() { Value = now.UtcDateTime },
                new() { Value = numbers.Select(n => n.Extension ?? "").ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    static async Task<ClientSaved> AlreadyMadeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid id, CancellationToken ct) =>
        await WhyNotAsync(connection, transaction, id, ct) is ClientSaved.Conflict same ? new ClientSaved.Done(id, same.Version) : new ClientSaved.NotFound();

    static async Task<ClientSaved> WhyNotAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid id, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select version from client where id = $1", connection, transaction) { Parameters = { new() { Value = id } } };
        return await command.ExecuteScalarAsync(ct) is int version ? new ClientSaved.Conflict(version) : new ClientSaved.NotFound();
    }

    const string InsertCardSql = """
        insert into client (id, kind, name, company, email, city, note, language, segment, responsible_id, created_at, updated_at, source,
          tax_id, time_zone, address, tags, custom, company_id, roles, second_tax_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, coalesce($22, $12),
          coalesce($13, ''), coalesce($14, ''), coalesce($15, ''), coalesce($16, '{}'), $17 - $18,
          nullif($19, '00000000-0000-0000-0000-000000000000'::uuid), coalesce($20, '{}'), coalesce($21, ''))
        on conflict (id) do nothing
        returning version
        """;

    const string UpdateCardSql = """
        update client set kind = $2, name = $3, company = $4, email = $5, city = $6, note = $7, language = $8, segment = $9, responsible_id = $10,
          tax_id = coalesce($13, tax_id), time_zone = coalesce($14, time_zone), address = coalesce($15, address), tags = coalesce($16, tags), custom = (custom || $17) - $18, source = coalesce($22, source),
          -- What becomes the first is no second any more.
          second_tax_id = case when coalesce($21, second_tax_id) = coalesce($13, tax_id) then '' else coalesce($21, second_tax_id) end,
          company_id = case when $2 = 'company' then null when $19 is null then company_id else nullif($19, '00000000-0000-0000-0000-000000000000'::uuid) end, roles = coalesce($20, roles),
          confirmed = true, hidden_at = null, hidden_by = null, version = version + 1, updated_at = $11
        where id = $1 and version = $12 and merged_into is null and deleted_at is null
        returning version
        """;

    const string WriteNumbersSql = """
        with given as (
          select * from unnest($2::text[], $3::text[], $4::text[], $5::boolean[], $7::text[]) as g(e164, raw, label, is_main, extension)
        ), gone as (
          delete from client_phone p where p.client_id = $1 and not exists (select from given g where g.e164 = p.e164 and g.extension = p.extension)
        )
        insert into client_phone (client_id, e164, extension, raw, label, is_main, added_at)
        select $1, e164, extension, raw, label, is_main, $6 from given
        on conflict (client_id, e164, extension) do update set raw = excluded.raw, label = excluded.label, is_main = excluded.is_main
        """;
}
