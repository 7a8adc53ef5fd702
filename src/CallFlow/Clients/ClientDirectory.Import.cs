using System.Text.Json.Nodes;
using CallCrm.Engine;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>What becomes of a row whose client is there already.</summary>
public enum ImportDuplicates { Skip, FillEmpty, Overwrite, AlwaysNew }

/// <summary>What becomes of a row of which only the name is like that of a client who is there: it is never merged.</summary>
public enum ImportAlike { Ignore, Make, Refuse }

/// <summary>What the company of a person becomes: a text on the card, a link to its card where it has one, or to a card that is made for it.</summary>
public enum ImportCompanies { Text, Link, Make }

/// <param name="Region">How numbers without a country code are read.</param>
/// <param name="Before">Names are compared with cards that were there before, not with what the file itself brings; null: with all.</param>
/// <param name="Run">The import, whose later rows fill the cards that it made for the companies of people; null: there are no later rows.</param>
public sealed record ImportRule(ImportDuplicates Duplicates, bool ByNumber, bool ByMail, string Region, bool ByTaxId = false, ImportAlike Alike = ImportAlike.Ignore, ImportCompanies Companies = ImportCompanies.Text,
    DateTimeOffset? Before = null, Guid? Run = null);

/// <param name="Id">Of the card that is made for it; the same whenever the same row is loaded.</param>
public sealed record ImportedCompany(Guid Id, string Name, string TaxId);

/// <param name="Id">The same whenever the same row of the same file is loaded.</param>
/// <param name="Fields">What is empty or null the file says nothing about.</param>
/// <param name="Company">To which a person belongs.</param>
public sealed record ImportedClient(Guid Id, ClientFields Fields, string Source, ImportedCompany? Company = null);

/// <summary>A client who is there, and why a row may be the same one: reasons of <see cref="ClientLikeness"/>.</summary>
/// <param name="Percent">How alike the names are; null: the name is no reason.</param>
public sealed record ImportMatch(Guid Client, IReadOnlyList<string> Reasons, int? Percent = null, long? Number = null);

public abstract record ClientImported
{
    /// <summary>A card was made for the company as well.</summary>
    public bool MadeCompany { get; init; }

    /// <param name="Match">Whose name is like it; null: nobody's.</param>
    public sealed record Made(Guid Id, ImportMatch? Match = null) : ClientImported;

    /// <param name="Changes">Fields as a save names them, what stood there and what does now: people, companies and segments as ids and codes.</param>
    public sealed record Changed(Guid Id, ImportMatch Match, IReadOnlyDictionary<string, (string Before, string After)> Changes) : ClientImported;

    /// <summary>There already, and nothing was to be written.</summary>
    public sealed record Skipped(Guid Id, ImportMatch Match) : ClientImported;

    /// <summary>Nothing was written, as the name is like somebody's.</summary>
    public sealed record Alike(ImportMatch Match) : ClientImported;

    /// <param name="Errors">As in <see cref="ClientSaved.Invalid"/>.</param>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : ClientImported;
}

public sealed partial class ClientDirectory
{
    /// <summary>
    /// Writes many rows in the caller's transaction, in a few statements whatever their number. Numbers are locked as for a caller who makes a card, so a
    /// call that comes meanwhile finds the new card. Rows see what rows before them made. A card made from a call, which nobody has written yet, is filled
    /// even when duplicates are to be skipped.
    /// </summary>
    /// <param name="names">Finds alike names fast, for files of many rows; null: the database is asked for each.</param>
    /// <returns>For each row what became of it. The caller wakes the hints after the commit.</returns>
    public async Task<IReadOnlyList<ClientImported>> ImportAsync(NpgsqlTransaction transaction, IReadOnlyList<ImportedClient> rows, ImportRule rule, CancellationToken ct, NameBook? names = null)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(rule);
        var formulas = await FormulasAsync(transaction, ct);
        // Fields stay as they are until the rows are written: no value of a former kind comes in.
        var codes = rows.SelectMany(r => r.Fields.More?.Custom?.Keys ?? []).Distinct(StringComparer.Ordinal).ToArray();
        var own = codes.Length > 0 ? await FieldsAsync(transaction, codes, ct) : [];
        var links = await LinksAsync(transaction, own, [.. rows.Select(r => r.Fields.More?.Custom).OfType<IReadOnlyDictionary<string, System.Text.Json.JsonElement>>()], rule.Region, ct);
        var companies = await CompaniesAsync(transaction, rows, rule, ct);
        var read = rows.Select(r => Read(r, rule, own, links, companies)).ToList();
        var numbers = read.SelectMany(r => r.Numbers).Select(n => n.E164).Distinct(StringComparer.Ordinal).ToArray();
        await LockNumbersAsync(transaction, numbers, ct);
        var isNew = rule.Duplicates == ImportDuplicates.AlwaysNew;
        var made = await MadeForPeopleAsync(transaction, read, rule, ct);
        var book = new ImportBook(isNew && made.Count == 0 ? [] : await KnownAsync(transaction, made, rule.ByNumber && !isNew ? numbers : [], rule.ByMail && !isNew ? [.. read.SelectMany(r => r.Mails).Distinct(StringComparer.Ordinal)] : [],
            rule.ByTaxId && !isNew ? [.. read.SelectMany(r => r.Head.TaxIds).Distinct(StringComparer.Ordinal)] : [], ct), companies, made);
        var alike = isNew || rule.Alike == ImportAlike.Ignore ? [] : await AlikeAsync(transaction, read.FindAll(r => r.Errors.Count == 0 && book.Find(r, rule) is null && book.Own(r) is null), names, rule, ct);
        // Companies before the people who belong to them, wherever they stand among these rows.
        var results = new ClientImported[read.Count];
        foreach (var n in Enumerable.Range(0, read.Count).OrderBy(n => read[n].Head.Kind != "company"))
            results[n] = read[n].Errors.Count > 0 ? new ClientImported.Invalid(read[n].Errors) : book.Take(read[n], rule, alike.GetValueOrDefault(read[n].Head.Id));
        await WriteAsync(transaction, book, ct);
        await KeepMadeAsync(transaction, book, rule, ct);
        await RecalculateAsync(transaction, formulas, [.. book.New.Concat(book.Changed).Select(h => h.Id)], ct);
        return results;
    }

    /// <summary>What is wrong with a card, by field, as <see cref="ClientSaved.Invalid"/> tells it; empty: nothing.</summary>
    public static IReadOnlyDictionary<string, string[]> Wrong(ClientFields fields, string region)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        Check(fields, region, errors);
        CheckPlain(fields, errors);
        return errors;
    }

    static ImportedRow Read(ImportedClient row, ImportRule rule, List<CustomField> own, LinkBook links, CompanyBook companies)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var numbers = Settled(Check(row.Fields, rule.Region, errors), []);
        var f = row.Fields;
        var (emails, addresses, tags, roles) = CheckPlain(f, errors);
        var custom = f.More?.Custom is { Count: > 0 } given ? CheckCustom(own, given, links, errors).Set : NoCustom;
        var company = companies.Asked(row, rule, errors);
        var head = new ImportHead(row.Id, f.Kind, PlainText.Clean(f.Name, 200), PlainText.Clean(f.Company, 200), PlainText.Clean(f.Email, 254), PlainText.Clean(f.City, 100), PlainText.CleanLines(f.Note, 20_000),
            f.Language, f.Segment, f.ResponsibleId, PlainText.Clean(row.Source, 100), Confirmed: true, CleanTaxId(f.More?.TaxId), custom)
        {
            TimeZone = f.More?.TimeZone ?? "",
            Tags = tags ?? [],
            Roles = roles ?? [],
            Address = addresses is { Count: > 0 } ? addresses[0].Text : "",
            SecondTaxId = f.More is { } more ? SecondTaxId(more) ?? "" : "",
        };
        return new ImportedRow(head, numbers, emails ?? [], addresses ?? [], company, errors);
    }

    /// <summary>Always in the same order, or two who lock the same numbers would wait for each other.</summary>
    static async Task LockNumbersAsync(NpgsqlTransaction transaction, string[] numbers, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select pg_advisory_xact_lock(k) from (select distinct hashtextextended(e, 7) as k from unnest($1::text[]) as e order by 1) l", transaction.Connection, transaction)
        {
            Parameters = { new() { Value = numbers } },
        };
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Cards that have one of these numbers, addresses or tax ids, merged ones followed, locked against others who save.</summary>
    static async Task<List<KnownClient>> KnownAsync(NpgsqlTransaction transaction, List<MadeCompany> made, string[] numbers, string[] mails, string[] taxIds, CancellationToken ct)
    {
        var known = new Dictionary<Guid, KnownClient>();
        if (numbers.Length + mails.Length + taxIds.Length + made.Count == 0) return [];
        await using (var command = Command(transaction, KnownSql, [numbers, mails, taxIds, made.ConvertAll(m => m.Id).ToArray()]))
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                var id = reader.GetGuid(2);
                if (!known.TryGetValue(id, out var client))
                {
                    var head = new ImportHead(id, reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.GetString(7), reader.GetString(8),
                        TextOrNull(reader, 9), TextOrNull(reader, 10), Nullable(reader, 11), reader.GetString(12), reader.GetBoolean(13), reader.GetString(15), reader.GetString(16))
                    {
                        TimeZone = reader.GetString(17),
                        Tags = reader.GetFieldValue<string[]>(18),
                        Roles = reader.GetFieldValue<string[]>(19),
                        CompanyId = Nullable(reader, 20),
                        Address = reader.GetString(21),
                        SecondTaxId = reader.GetString(22),
                    };
                    known[id] = client = new KnownClient(head, reader.GetFieldValue<DateTime>(14));
                }

                client.Keys.Add(Key(reader.GetString(1), reader.GetString(0)));
            }
        }

        if (known.Count == 0) return [];
        await using var lists = Command(transaction, KnownListsSql, [known.Keys.ToArray()]);
        await using var rows = await lists.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct)) known[rows.GetGuid(0)].Has.Add(rows.GetString(1));
        return [.. known.Values];
    }

    /// <summary>No tax id is taken for a number.</summary>
    static string Key(string reason, string key) => reason == ClientLikeness.TaxId ? "tax " + key : key;

    static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    async Task WriteAsync(NpgsqlTransaction transaction, ImportBook book, CancellationToken ct)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (book.New is { Count: > 0 } made)
        {
            await using var insert = new NpgsqlCommand(ImportInsertSql, transaction.Connection, transaction);
            AddHeads(insert, made, now);
            // As the triggers would: they find the words there and need not write the card a second time.
            var numbers = book.Numbers.ToLookup(n => n.Client, n => n.Number.Extension is { Length: > 0 } extension ? $"{n.Number.E164} {extension}" : n.Number.E164);
            var mails = book.Mails.ToLookup(m => m.Client, m => m.Mail.Address);
            insert.Parameters.AddWithValue(made.Select(h => Words(numbers[h.Id])).ToArray());
            insert.Parameters.AddWithValue(made.Select(h => Words(mails[h.Id])).ToArray());
            await insert.ExecuteNonQueryAsync(ct);
        }

        if (book.Changed.Count > 0) await UpdateAsync(transaction, book.Changed, now, ct);
        if (book.Numbers.Count > 0)
        {
            await DoAsync(transaction, ImportNumbersSql, ct, book.Numbers.Select(n => n.Client).ToArray(), book.Numbers.Select(n => n.Number.E164).ToArray(), book.Numbers.Select(n => n.Number.Raw).ToArray(),
                book.Numbers.Select(n => n.Number.Label).ToArray(), book.Numbers.Select(n => n.Number.IsMain).ToArray(), now, book.Numbers.Select(n => n.Number.Extension ?? "").ToArray());
        }

        if (book.Mails.Count > 0)
            await DoAsync(transaction, ImportMailsSql, ct, book.Mails.Select(m => m.Client).ToArray(), book.Mails.Select(m => m.Mail.Address).ToArray(), book.Mails.Select(m => m.Mail.Label).ToArray());
        // What was a further address of a card and is its main one now.
        if (book.Changed.Count > 0) await DoAsync(transaction, ImportMainMailsSql, ct, book.Changed.Select(h => h.Id).ToArray());
        await DoAsync(transaction, ChangedCardsSql, ct, book.Addresses.Select(a => a.Client).Distinct().ToArray());
        await AddAddressesAsync(transaction, [.. book.Addresses.Select((a, n) => (a.Client, a.Address, n + 1))], ct);
        if (book.Alike.Count > 0)
            await DoAsync(transaction, ImportAlikeSql, ct, book.Alike.Select(a => a.Client).ToArray(), book.Alike.Select(a => a.Match.Client).ToArray(), book.Alike.Select(a => a.Match.Percent ?? 0).ToArray());
    }

    async Task UpdateAsync(NpgsqlTransaction transaction, IReadOnlyCollection<ImportHead> heads, DateTime now, CancellationToken ct)
    {
        var saved = new List<ChangeHint>(heads.Count);
        await using (var update = new NpgsqlCommand(ImportUpdateSql, transaction.Connection, transaction))
        {
            AddHeads(update, heads, now);
            await using var reader = await update.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) saved.Add(new ChangeHint("client", reader.GetGuid(0).ToString(), reader.GetInt32(1), null, default));
        }

        // Pages that show one of them read it again; new cards nobody shows yet.
        await hints.AddAsync(transaction, saved, ct);
    }

    static string Words(IEnumerable<string> words) => string.Join(' ', words.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    static void AddHeads(NpgsqlCommand command, IReadOnlyCollection<ImportHead> heads, DateTime now)
    {
        command.Parameters.AddWithValue(heads.Select(h => h.Id).ToArray());
        foreach (var text in (Func<ImportHead, string?>[])[h => h.Kind, h => h.Name, h => h.Company, h => h.Email, h => h.City, h => h.Note, h => h.Language, h => h.Segment, h => h.Source])
            command.Parameters.Add(new NpgsqlParameter { Value = heads.Select(text).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = heads.Select(h => h.ResponsibleId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(heads.Select(h => h.TaxId).ToArray());
        command.Parameters.AddWithValue(heads.Select(h => h.Custom).ToArray());
        command.Parameters.AddWithValue(heads.Select(h => h.TimeZone).ToArray());
        command.Parameters.Add(new NpgsqlParameter { Value = heads.Select(h => h.CompanyId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        command.Parameters.AddWithValue(heads.Select(h => h.Address).ToArray());
        // Lists of several lengths are no array of arrays.
        command.Parameters.AddWithValue(heads.Select(h => Lines(h.Tags)).ToArray());
        command.Parameters.AddWithValue(heads.Select(h => Lines(h.Roles)).ToArray());
        command.Parameters.AddWithValue(heads.Select(h => h.SecondTaxId).ToArray());

        static string Lines(string[] list) => string.Join('\n', list);
    }

    // The lock on the card is taken after what is asked was found, and what is asked is looked at again: a card merged meanwhile is not given.
    static readonly string KnownSql = $"""
        with recursive way(key, id, reason) as (
          select key, id, reason from ({ClientLikeness.Sure("$1", "$2", "$3")} union all select 'made ' || m, m, 'made' from unnest($4::uuid[]) m) sure
          union
          select w.key, c.merged_into, w.reason from way w join client c on c.id = w.id where c.merged_into is not null
        )
        select w.key, w.reason, c.id, c.kind, c.name, c.company, c.email, c.city, c.note, c.language, c.segment, c.responsible_id, c.source, c.confirmed, c.created_at, c.tax_id, c.custom::text,
          c.time_zone, c.tags, c.roles, c.company_id, c.address, c.second_tax_id
        from way w join client c on c.id = w.id
        where c.merged_into is null and c.deleted_at is null
        order by c.id
        for update of c
        """;

    const string KnownListsSql = """
        select client_id, e164 || ';' || extension from client_phone where client_id = any ($1)
        union all select client_id, lower(address) from client_email where client_id = any ($1)
        union all select client_id, kind || ' ' || text from client_address where client_id = any ($1)
        """;

    const string Heads = """
        unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[], $13::text[], $14::text[], $15::text[], $16::uuid[], $17::text[], $18::text[], $19::text[], $20::text[])
          as g(id, kind, name, company, email, city, note, language, segment, source, responsible_id, tax_id, custom, time_zone, company_id, address, tags, roles, second_tax_id)
        """;

    const string ImportInsertSql = $"""
        insert into client (id, kind, name, company, email, city, note, language, segment, source, responsible_id, created_at, updated_at, tax_id, custom, time_zone, company_id, address, tags, roles, second_tax_id, phone_words, email_words)
        select g.id, g.kind, g.name, g.company, g.email, g.city, g.note, g.language, g.segment, g.source, g.responsible_id, $12, $12, g.tax_id, g.custom::jsonb, g.time_zone, g.company_id, g.address,
          string_to_array(g.tags, E'\n'), string_to_array(g.roles, E'\n'), g.second_tax_id, w.phones, w.mails
        from {Heads} join unnest($1::uuid[], $21::text[], $22::text[]) as w(id, phones, mails) on w.id = g.id
        on conflict (id) do nothing
        """;

    const string ImportUpdateSql = $"""
        update client c set kind = g.kind, name = g.name, company = g.company, email = g.email, city = g.city, note = g.note, language = g.language, segment = g.segment,
          source = g.source, responsible_id = g.responsible_id, tax_id = g.tax_id, custom = g.custom::jsonb, time_zone = g.time_zone, company_id = g.company_id, address = g.address,
          tags = string_to_array(g.tags, E'\n'), roles = string_to_array(g.roles, E'\n'), second_tax_id = g.second_tax_id,
          confirmed = true, hidden_at = null, hidden_by = null, version = c.version + 1, updated_at = $12
        from {Heads}
        where c.id = g.id
        returning c.id, c.version
        """;

    const string ImportNumbersSql = """
        insert into client_phone (client_id, e164, extension, raw, label, is_main, added_at)
        select client_id, e164, extension, raw, label, is_main, $6 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $7::text[]) as g(client_id, e164, raw, label, is_main, extension)
        on conflict (client_id, e164, extension) do nothing
        """;

    const string ImportMailsSql = """
        insert into client_email (client_id, address, label, position)
        select client_id, address, label, n + coalesce((select max(position) from client_email e where e.client_id = g.client_id), 0) from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as g(client_id, address, label, n)
        on conflict (client_id, address) do nothing
        """;

    const string ImportMainMailsSql = "delete from client_email e using client c where c.id = any ($1) and e.client_id = c.id and lower(e.address) = lower(c.email)";

    const string ImportAlikeSql = """
        insert into client_alike (client_id, other_id, alike_percent)
        select * from unnest($1::uuid[], $2::uuid[], $3::integer[]) on conflict (client_id, other_id) do nothing
        """;
}
