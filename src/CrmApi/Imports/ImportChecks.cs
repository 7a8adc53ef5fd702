using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Imports;

/// <summary>What would become of a file's first rows: they are written as the import writes them, in a transaction that never ends well.</summary>
internal sealed class ImportChecks(ImportStore store, ImportFiles files, ClientDirectory directory, CardAudit audit, DealImport deals, NpgsqlDataSource database, IOptions<SiteOptions> site, SiteClock clock)
{
    const int Rows = 100;

    public async Task<ImportCheckView> CheckAsync(Guid id, ImportStart plan, Guid user, CancellationToken cancel)
    {
        var table = TableFile.Open(files.Table(id), new TableReading(plan.Encoding, plan.Separator, plan.Sheet));
        var header = plan.HeaderRow is { } at ? table.Rows().FirstOrDefault(r => r.Number == at)?.Cells ?? [] : [];
        var lists = await store.ListsAsync(cancel);
        var below = table.Rows().Where(r => r.Number > (plan.HeaderRow ?? 0) && !r.IsBlank);
        var reader = new RowReader(plan, lists, id, clock.Zone, DateOrder.MonthFirstColumns(plan, lists.Own, below, site.Value.Region));
        var rows = below.Take(Rows).Select(reader.Read).ToList();
        var batch = new ImportBatch(directory, audit, deals, user, plan, ImportBatch.RuleOf(plan, site.Value.Region, null, id), names: null, header);
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var done = await batch.WriteAsync(transaction, rows, cancel);
        await transaction.RollbackAsync(cancel);
        return new ImportCheckView(rows.Count, done.Count<ClientImported.Made>(), done.Count<ClientImported.Changed>(), done.Count<ClientImported.Skipped>(), done.Wrong.Count, done.Matches, done.Errors);
    }
}
