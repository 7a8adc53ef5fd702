using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    const int MostNear = 5;

    /// <summary>Of each row the card whose name is likest, by the row's id.</summary>
    static async Task<Dictionary<Guid, ImportMatch>> AlikeAsync(NpgsqlTransaction transaction, List<ImportedRow> rows, NameBook? names, ImportRule rule, CancellationToken ct)
    {
        var asked = rows.FindAll(r => r.Head.Name.Length >= ClientLikeness.ShortestName).DistinctBy(r => r.Head.Id).ToList();
        var found = new Dictionary<Guid, ImportMatch>();
        if (asked.Count == 0) return found;
        var (places, near) = (new List<int>(), new List<Guid>());
        for (var n = 0; names is not null && n < asked.Count; n++)
        {
            var likely = names.Near(asked[n].Head.Name, MostNear);
            places.AddRange(Enumerable.Repeat(n + 1, likely.Count));
            near.AddRange(likely);
        }

        if (names is not null && near.Count == 0) return found;
        if (names is null) await DoAsync(transaction, ClientLikeness.SetLeast, ct);
        object[] values = [asked.ConvertAll(r => r.Head.Name).ToArray(), asked.ConvertAll(r => r.Head.Company).ToArray(), asked.ConvertAll(r => r.Head.City).ToArray()];
        values = names is null ? [.. values, (rule.Before ?? DateTimeOffset.MaxValue).UtcDateTime] : [.. values, places.ToArray(), near.ToArray()];
        await using var command = Command(transaction, names is null ? AlikeSql : AlikeOfSql, values);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            found[asked[(int)reader.GetInt64(0) - 1].Head.Id] = new ImportMatch(reader.GetGuid(1), [ClientLikeness.Name, .. reader.GetFieldValue<string[]>(4)], (int)Math.Round(reader.GetFloat(3) * 100), reader.GetInt64(2));
        }

        return found;
    }

    static string LikestSql(string near) => $"""
        select distinct on (g.n) g.n, c.id, c.number, near.alike, {ClientLikeness.Beside("c", "g.company", "g.city")} as beside
        from unnest($1::text[], $2::text[], $3::text[]) with ordinality as g(name, company, city, n)
        cross join lateral ({near}) near
        join client c on c.id = client_root(near.id) and c.deleted_at is null
        order by g.n, near.alike desc, c.number
        """;

    static readonly string AlikeSql = LikestSql($"select id, similarity(name, g.name) as alike from client where name % g.name and created_at < $4 order by 2 desc, number limit {MostNear}");

    static readonly string AlikeOfSql = LikestSql($"""
        select a.id, similarity(a.name, g.name) as alike from unnest($4::integer[], $5::uuid[]) as k(n, id) join client a on a.id = k.id
        where k.n = g.n and similarity(a.name, g.name) >= {ClientLikeness.Least.ToString(System.Globalization.CultureInfo.InvariantCulture)}::real
        """);

    /// <summary>The companies that people of these rows may belong to.</summary>
    static async Task<CompanyBook> CompaniesAsync(NpgsqlTransaction transaction, IReadOnlyList<ImportedClient> rows, ImportRule rule, CancellationToken ct)
    {
        var book = new CompanyBook();
        if (rule.Companies == ImportCompanies.Text) return book;
        var asked = rows.Select(r => r.Company).OfType<ImportedCompany>().ToList();
        if (asked.Count == 0) return book;
        // One after the other: two imports, or two batches of one, do not make the same company at the same time.
        await DoAsync(transaction, "select pg_advisory_xact_lock(hashtextextended('import companies', 7))", ct);
        await using var command = Command(transaction, CompaniesSql, [asked.Select(c => c.Name.ToLowerInvariant()).Where(n => n.Length > 0).Distinct(StringComparer.Ordinal).ToArray(),
            asked.Select(c => c.TaxId).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal).ToArray()]);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) book.Know(reader.GetGuid(0), [reader.GetString(1), reader.GetString(2)], reader.GetString(3), reader.GetString(4));
        return book;
    }

    const string CompaniesSql = """
        select id, name, company, tax_id, second_tax_id from (
          select id, name, company, tax_id, second_tax_id, kind, merged_into, deleted_at, number from client where name <> '' and lower(name) = any ($1)
          union select id, name, company, tax_id, second_tax_id, kind, merged_into, deleted_at, number from client where company <> '' and kind = 'company' and lower(company) = any ($1)
          union select id, name, company, tax_id, second_tax_id, kind, merged_into, deleted_at, number from client where tax_id <> '' and tax_id = any ($2)
          union select id, name, company, tax_id, second_tax_id, kind, merged_into, deleted_at, number from client where second_tax_id <> '' and second_tax_id = any ($2)) c
        where kind = 'company' and merged_into is null and deleted_at is null
        order by number
        """;

    /// <summary>Companies by tax id and name, those that the rows make among them.</summary>
    sealed class CompanyBook
    {
        readonly Dictionary<string, Guid> byTaxId = new(StringComparer.Ordinal);
        readonly Dictionary<string, List<(Guid Id, string[] TaxIds)>> byName = new(StringComparer.OrdinalIgnoreCase);

        public void Know(Guid id, IEnumerable<string> names, params string[] taxIds)
        {
            var known = taxIds.Where(t => t.Length > 0).ToArray();
            foreach (var tax in known) byTaxId.TryAdd(tax, id);
            foreach (var name in names.Where(n => n.Length > 0).Distinct(StringComparer.OrdinalIgnoreCase))
            {
                if (!byName.TryGetValue(name, out var all)) byName[name] = all = [];
                if (!all.Exists(c => c.Id == id)) all.Add((id, known));
            }
        }

        /// <summary>Null: there is none.</summary>
        public Guid? Of(ImportedCompany asked) => asked.TaxId.Length > 0 && byTaxId.TryGetValue(asked.TaxId, out var known) ? known : Named(asked) is [var one, ..] ? one.Id : null;

        /// <summary>Of the name; one with another tax id is another company.</summary>
        List<(Guid Id, string[] TaxIds)> Named(ImportedCompany asked) =>
            byName.TryGetValue(asked.Name, out var all) ? asked.TaxId.Length == 0 ? all : all.FindAll(c => c.TaxIds.Length == 0 || c.TaxIds.Contains(asked.TaxId, StringComparer.Ordinal)) : [];

        /// <returns>The company that a row asks for; null: none, or its name stays a text.</returns>
        public ImportedCompany? Asked(ImportedClient row, ImportRule rule, Dictionary<string, string[]> errors)
        {
            if (rule.Companies == ImportCompanies.Text || row.Fields.Kind != "person" || row.Company is not { } given) return null;
            var asked = given with { Name = PlainText.Clean(given.Name, 200), TaxId = CleanTaxId(given.TaxId) };
            if (asked.Name.Length + asked.TaxId.Length == 0) return null;
            if (asked.TaxId.Length > 0 && WrongTaxId(asked.TaxId, row.Fields, rule.Region) is { } expected) errors["companyTaxId"] = ["expected " + expected];
            if (!byTaxId.ContainsKey(asked.TaxId) && Named(asked).Count > 1) errors["companyId"] = ["expected a company that is told by its tax id: several have this name"];
            return asked;
        }
    }
}
