using System.Text.Json.Nodes;
using CallCrm.Engine;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow;

/// <summary>What becomes of a row whose client is there already.</summary>
public enum ImportDuplicates { Skip, FillEmpty, Overwrite, AlwaysNew }

/// <param name="Region">How numbers without a country code are read.</param>
public sealed record ImportRule(ImportDuplicates Duplicates, bool ByNumber, bool ByMail, string Region);

/// <param name="Id">The same whenever the same row of the same file is loaded.</param>
/// <param name="Fields">What is empty or null the file says nothing about.</param>
public sealed record ImportedClient(Guid Id, ClientFields Fields, string Source);

public abstract record ClientImported
{
    public sealed record Made(Guid Id) : ClientImported;

    public sealed record Changed(Guid Id) : ClientImported;

    /// <summary>There already, and nothing was to be written.</summary>
    public sealed record Skipped(Guid Id) : ClientImported;

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
    /// <returns>For each row what became of it. The caller wakes the hints after the commit.</returns>
    public async Task<IReadOnlyList<ClientImported>> ImportAsync(NpgsqlTransaction transaction, IReadOnlyList<ImportedClient> rows, ImportRule rule, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var formulas = await FormulasAsync(transaction, ct);
        // Fields stay as they are until the rows are written: no value of a former kind comes in.
        var codes = rows.SelectMany(r => r.Fields.More?.Custom?.Keys ?? []).Distinct(StringComparer.Ordinal).ToArray();
        var own = codes.Length > 0 ? await FieldsAsync(transaction, codes, ct) : [];
        var links = await LinksAsync(transaction, own, [.. rows.Select(r => r.Fields.More?.Custom).OfType<IReadOnlyDictionary<string, System.Text.Json.JsonElement>>()], rule.Region, ct);
        var read = rows.Select(r => Read(r, rule.Region, own, links)).ToList();
        var numbers = read.SelectMany(r => r.Numbers).Select(n => n.E164).Distinct(StringComparer.Ordinal).ToArray();
        await LockNumbersAsync(transaction, numbers, ct);
        var book = rule.Duplicates == ImportDuplicates.AlwaysNew
            ? new ImportBook([])
            : new ImportBook(await KnownAsync(transaction, rule.ByNumber ? numbers : [], rule.ByMail ? read.Select(r => r.Mail).Where(m => m.Length > 0).Distinct(StringComparer.Ordinal).ToArray() : [], ct));
        var results = read.ConvertAll(r => r.Errors.Count > 0 ? new ClientImported.Invalid(r.Errors) : book.Take(r, rule));
        await WriteAsync(transaction, book, ct);
        await RecalculateAsync(transaction, formulas, [.. book.New.Concat(book.Changed).Select(h => h.Id)], ct);
        return results;
    }

    /// <summary>What is wrong with a card, by field, as <see cref="ClientSaved.Invalid"/> tells it; empty: nothing.</summary>
    public static IReadOnlyDictionary<string, string[]> Wrong(ClientFields fields, string region)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        Check(fields, region, errors);
        return errors;
    }

    static ImportedRow Read(ImportedClient row, string region, List<CustomField> own, LinkBook links)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        var numbers = Check(row.Fields, region, errors);
        var f = row.Fields;
        var custom = f.More?.Custom is { Count: > 0 } given ? CheckCustom(own, given, links, errors).Set : NoCustom;
        var head = new ImportHead(row.Id, f.Kind, PlainText.Clean(f.Name, 200), PlainText.Clean(f.Company, 200), PlainText.Clean(f.Email, 254), PlainText.Clean(f.City, 100), PlainText.CleanLines(f.Note, 20_000),
            f.Language, f.Segment, f.ResponsibleId, PlainText.Clean(row.Source, 100), Confirmed: true, CleanTaxId(f.More?.TaxId), custom);
        return new ImportedRow(head, numbers, errors);
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

    /// <summary>Cards that have one of these numbers or addresses, merged ones followed, locked against others who save.</summary>
    static async Task<List<KnownClient>> KnownAsync(NpgsqlTransaction transaction, string[] numbers, string[] mails, CancellationToken ct)
    {
        var known = new Dictionary<Guid, KnownClient>();
        await using (var command = new NpgsqlCommand(KnownSql, transaction.Connection, transaction) { Parameters = { new() { Value = numbers }, new() { Value = mails } } })
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                var id = reader.GetGuid(1);
                if (!known.TryGetValue(id, out var client))
                {
                    known[id] = client = new KnownClient(new ImportHead(id, reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6), reader.GetString(7),
                        TextOrNull(reader, 8), TextOrNull(reader, 9), Nullable(reader, 10), reader.GetString(11), reader.GetBoolean(12), reader.GetString(14), reader.GetString(15)), reader.GetFieldValue<DateTime>(13));
                }

                client.Keys.Add(reader.GetString(0));
            }
        }

        if (known.Count == 0) return [];
        await using var phones = new NpgsqlCommand("select client_id, e164 from client_phone where client_id = any ($1)", transaction.Connection, transaction) { Parameters = { new() { Value = known.Keys.ToArray() } } };
        await using var rows = await phones.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct)) known[rows.GetGuid(0)].Numbers.Add(rows.GetString(1));
        return [.. known.Values];
    }

    static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    async Task WriteAsync(NpgsqlTransaction transaction, ImportBook book, CancellationToken ct)
    {
        var now = time.GetUtcNow().UtcDateTime;
        if (book.New.Count > 0)
        {
            await using var insert = new NpgsqlCommand(ImportInsertSql, transaction.Connection, transaction);
            AddHeads(insert, book.New, now);
            await insert.ExecuteNonQueryAsync(ct);
        }

        if (book.Changed.Count > 0) await UpdateAsync(transaction, book.Changed, now, ct);
        if (book.Numbers.Count == 0) return;
        await using var numbers = new NpgsqlCommand(ImportNumbersSql, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = book.Numbers.Select(n => n.Client).ToArray() }, new() { Value = book.Numbers.Select(n => n.Number.E164).ToArray() },
                new() { Value = book.Numbers.Select(n => n.Number.Raw).ToArray() }, new() { Value = book.Numbers.Select(n => n.Number.Label).ToArray() },
                new() { Value = book.Numbers.Select(n => n.Number.IsMain).ToArray() }, new() { Value = now },
            },
        };
        await numbers.ExecuteNonQueryAsync(ct);
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

    static void AddHeads(NpgsqlCommand command, IReadOnlyCollection<ImportHead> heads, DateTime now)
    {
        command.Parameters.AddWithValue(heads.Select(h => h.Id).ToArray());
        foreach (var text in (Func<ImportHead, string?>[])[h => h.Kind, h => h.Name, h => h.Company, h => h.Email, h => h.City, h => h.Note, h => h.Language, h => h.Segment, h => h.Source])
            command.Parameters.Add(new NpgsqlParameter { Value = heads.Select(text).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter { Value = heads.Select(h => h.ResponsibleId).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(heads.Select(h => h.TaxId).ToArray());
        command.Parameters.AddWithValue(heads.Select(h => h.Custom).ToArray());
    }

    // The lock on the card is taken after what is asked was found, and what is asked is looked at again: a card merged meanwhile is not given.
    const string KnownSql = """
        with recursive way(key, id) as (
          select e164, client_id from client_phone where e164 = any ($1::text[])
          union
          select lower(email), id from client where email <> '' and lower(email) = any ($2::text[])
          union
          select w.key, c.merged_into from way w join client c on c.id = w.id where c.merged_into is not null
        )
        select w.key, c.id, c.kind, c.name, c.company, c.email, c.city, c.note, c.language, c.segment, c.responsible_id, c.source, c.confirmed, c.created_at, c.tax_id, c.custom::text
        from way w join client c on c.id = w.id
        where c.merged_into is null
        order by c.id
        for update of c
        """;

    const string Heads = "unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[], $13::text[], $14::text[]) as g(id, kind, name, company, email, city, note, language, segment, source, responsible_id, tax_id, custom)";

    const string ImportInsertSql = $"""
        insert into client (id, kind, name, company, email, city, note, language, segment, source, responsible_id, created_at, updated_at, tax_id, custom)
        select g.id, g.kind, g.name, g.company, g.email, g.city, g.note, g.language, g.segment, g.source, g.responsible_id, $12, $12, g.tax_id, g.custom::jsonb from {Heads}
        on conflict (id) do nothing
        """;

    const string ImportUpdateSql = $"""
        update client c set kind = g.kind, name = g.name, company = g.company, email = g.email, city = g.city, note = g.note, language = g.language, segment = g.segment,
          source = g.source, responsible_id = g.responsible_id, tax_id = g.tax_id, custom = g.custom::jsonb, confirmed = true, hidden_at = null, hidden_by = null, version = c.version + 1, updated_at = $12
        from {Heads}
        where c.id = g.id
        returning c.id, c.version
        """;

    const string ImportNumbersSql = """
        insert into client_phone (client_id, e164, raw, label, is_main, added_at)
        select client_id, e164, raw, label, is_main, $6 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[]) as g(client_id, e164, raw, label, is_main)
        on conflict (client_id, e164) do nothing
        """;

    const string NoCustom = "{}";

    /// <param name="Custom">JSON; as it stands in the database while nothing of it changes.</param>
    sealed record ImportHead(Guid Id, string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment, Guid? ResponsibleId, string Source, bool Confirmed, string TaxId, string Custom);

    sealed record ImportedRow(ImportHead Head, List<Number> Numbers, Dictionary<string, string[]> Errors)
    {
        public string Mail { get; } = Head.Email.ToLowerInvariant();
    }

    sealed record KnownClient(ImportHead Head, DateTime CreatedAt)
    {
        public List<string> Keys { get; } = [];

        public HashSet<string> Numbers { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>The cards of one batch as they are, and as its rows leave them.</summary>
    sealed class ImportBook
    {
        readonly Dictionary<string, Guid> byKey = new(StringComparer.Ordinal);
        readonly Dictionary<Guid, (ImportHead Head, HashSet<string> Numbers)> cards = [];
        readonly Dictionary<Guid, ImportHead> made = [];
        readonly Dictionary<Guid, ImportHead> changed = [];

        public ImportBook(IEnumerable<KnownClient> known)
        {
            // Of several who share a number: a confirmed card, then the oldest.
            foreach (var client in known.OrderBy(k => !k.Head.Confirmed).ThenBy(k => k.CreatedAt).ThenBy(k => k.Head.Id))
            {
                cards[client.Head.Id] = (client.Head, client.Numbers);
                foreach (var key in client.Keys) byKey.TryAdd(key, client.Head.Id);
            }
        }

        public IReadOnlyCollection<ImportHead> New => made.Values;

        public IReadOnlyCollection<ImportHead> Changed => changed.Values;

        public List<(Guid Client, Number Number)> Numbers { get; } = [];

        public ClientImported Take(ImportedRow row, ImportRule rule)
        {
            if (rule.Duplicates == ImportDuplicates.AlwaysNew || Find(row, rule) is not { } found) return Make(row, rule);
            var (head, numbers) = cards[found];
            var after = rule.Duplicates switch
            {
                ImportDuplicates.Overwrite => Over(head, row.Head),
                ImportDuplicates.Skip when head.Confirmed => head,
                _ => Fill(head, row.Head),
            };
            var adds = after == head && rule.Duplicates == ImportDuplicates.Skip ? [] : row.Numbers.FindAll(n => numbers.Add(n.E164));
            if (after == head && adds.Count == 0) return new ClientImported.Skipped(found);
            for (var n = 0; n < adds.Count; n++) Numbers.Add((found, adds[n] with { IsMain = numbers.Count == adds.Count && n == 0 }));
            cards[found] = (after, numbers);
            (made.ContainsKey(found) ? made : changed)[found] = after;
            Know(row, rule, found);
            return new ClientImported.Changed(found);
        }

        Guid? Find(ImportedRow row, ImportRule rule)
        {
            if (rule.ByNumber)
            {
                foreach (var number in row.Numbers)
                {
                    if (byKey.TryGetValue(number.E164, out var id)) return id;
                }
            }

            return rule.ByMail && row.Mail.Length > 0 && byKey.TryGetValue(row.Mail, out var byMail) ? byMail : null;
        }

        ClientImported.Made Make(ImportedRow row, ImportRule rule)
        {
            var head = row.Head;
            made[head.Id] = head;
            cards[head.Id] = (head, row.Numbers.Select(n => n.E164).ToHashSet(StringComparer.Ordinal));
            for (var n = 0; n < row.Numbers.Count; n++) Numbers.Add((head.Id, row.Numbers[n] with { IsMain = n == 0 }));
            Know(row, rule, head.Id);
            return new ClientImported.Made(head.Id);
        }

        void Know(ImportedRow row, ImportRule rule, Guid id)
        {
            if (rule.ByNumber) row.Numbers.ForEach(n => byKey.TryAdd(n.E164, id));
            if (rule.ByMail && row.Mail.Length > 0) byKey.TryAdd(row.Mail, id);
        }

        static ImportHead Fill(ImportHead card, ImportHead row) => Joined(card, card, row) with { Kind = card.Confirmed ? card.Kind : row.Kind };

        static ImportHead Over(ImportHead card, ImportHead row) => Joined(card, row, card) with { Kind = row.Kind };

        /// <summary>Field by field what <paramref name="one"/> says, else the other. Where it came from first stays.</summary>
        static ImportHead Joined(ImportHead card, ImportHead one, ImportHead other) => card with
        {
            Name = First(one.Name, other.Name),
            Company = First(one.Company, other.Company),
            Email = First(one.Email, other.Email),
            City = First(one.City, other.City),
            Note = First(one.Note, other.Note),
            Language = one.Language ?? other.Language,
            Segment = one.Segment ?? other.Segment,
            ResponsibleId = one.ResponsibleId ?? other.ResponsibleId,
            Source = First(card.Source, First(one.Source, other.Source)),
            Confirmed = true,
            TaxId = First(one.TaxId, other.TaxId),
            Custom = Together(card.Custom, one.Custom, other.Custom),
        };

        static string Together(string card, string one, string other)
        {
            if (one == NoCustom || other == NoCustom) return one == NoCustom ? other : one;
            var (both, stronger) = (JsonNode.Parse(other)!.AsObject(), JsonNode.Parse(one)!.AsObject());
            foreach (var (code, value) in stronger) both[code] = value?.DeepClone();
            return JsonNode.DeepEquals(both, JsonNode.Parse(card)) ? card : CustomField.Json(both);
        }

        static string First(string one, string other) => one.Length > 0 ? one : other;
    }
}
