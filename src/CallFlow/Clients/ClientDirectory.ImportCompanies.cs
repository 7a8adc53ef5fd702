using Npgsql;

namespace CallCrm.CallFlow;

public sealed partial class ClientDirectory
{
    /// <summary>The import is over: what comes later is of another file.</summary>
    public async Task ForgetCompaniesAsync(Guid run, CancellationToken ct)
    {
        await using var connection = await pages.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand("delete from import_company where run_id = $1", connection) { Parameters = { new() { Value = run } } };
        await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Cards that rows before these made for the companies of people, and that are these companies' own rows to fill.</summary>
    static async Task<List<MadeCompany>> MadeForPeopleAsync(NpgsqlTransaction transaction, IReadOnlyList<ImportedRow> rows, ImportRule rule, CancellationToken ct)
    {
        var made = new List<MadeCompany>();
        var own = rows.Where(r => r.Head.Kind == "company").ToList();
        if (rule is not { Companies: ImportCompanies.Make, Run: { } run } || own.Count == 0) return made;
        await using var command = Command(transaction, MadeForPeopleSql, [run, own.SelectMany(r => MadeCompany.NamesOf(r.Head)).Distinct(StringComparer.Ordinal).ToArray(),
            own.SelectMany(r => r.Head.TaxIds).Distinct(StringComparer.Ordinal).ToArray()]);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) made.Add(new MadeCompany(reader.GetGuid(0), reader.GetString(1), reader.GetString(2)));
        return made;
    }

    static async Task KeepMadeAsync(NpgsqlTransaction transaction, ImportBook book, ImportRule rule, CancellationToken ct)
    {
        if (rule.Run is not { } run) return;
        if (book.MadeForPeople.Count > 0)
        {
            await DoAsync(transaction, "insert into import_company (run_id, name, client_id) select $1, * from unnest($2::text[], $3::uuid[]) on conflict do nothing", ct,
                run, book.MadeForPeople.Select(m => m.Name).ToArray(), book.MadeForPeople.Select(m => m.Id).ToArray());
        }

        // One row each: a second one of that name is another company.
        if (book.Claimed.Count > 0) await DoAsync(transaction, "delete from import_company where run_id = $1 and client_id = any ($2)", ct, run, book.Claimed.ToArray());
    }

    /// <param name="Name">In small letters, as the people's rows have it.</param>
    sealed record MadeCompany(Guid Id, string Name, string TaxId)
    {
        public static IEnumerable<string> NamesOf(ImportHead head) => new[] { head.Name, head.Company }.Where(n => n.Length > 0).Select(n => n.ToLowerInvariant()).Distinct(StringComparer.Ordinal);

        /// <summary>Of its tax id, else of its name where no tax id says otherwise.</summary>
        public bool Is(ImportHead row) => TaxId.Length > 0 && row.TaxIds.Any() ? row.TaxIds.Contains(TaxId, StringComparer.Ordinal) : NamesOf(row).Contains(Name, StringComparer.Ordinal);
    }

    const string MadeForPeopleSql = """
        select distinct m.client_id, m.name, c.tax_id from (
          select client_id, name from import_company where run_id = $1 and name = any ($2)
          union all
          select m.client_id, m.name from client t join import_company m on m.client_id = t.id and m.run_id = $1 where t.tax_id <> '' and t.tax_id = any ($3)) m
        join client c on c.id = m.client_id
        where c.merged_into is null and c.deleted_at is null
        """;
}
