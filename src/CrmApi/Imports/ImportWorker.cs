using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Exports;
using CallCrm.CrmApi.Files;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Imports;

/// <summary>
/// Loads the files, one at a time in the whole site: some rows in one transaction with how far it is, so a host that ends in the middle goes on behind the last
/// committed row, and no row is loaded twice. What the file of failing rows has beyond that is cut off at the next start.
/// </summary>
internal sealed partial class ImportWorker(ImportStore store, ImportFiles files, ClientDirectory directory, CardAudit audit, DealImport deals, TableExport exports, ChangeHints hints, NpgsqlDataSource database, IOptions<SiteOptions> site, SiteClock clock,
    TimeProvider time, ILogger<ImportWorker> log) : BackgroundService
{
    const int BatchRows = 500;
    const int RowsWithoutBook = 200;
    const int MostAttempts = 10;
    const int MostTries = 5;
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    static readonly TimeSpan KeepUploads = TimeSpan.FromDays(1);
    static readonly TimeSpan KeepFailed = TimeSpan.FromDays(30);
    readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => woken.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var cleaned = DateTimeOffset.MinValue;
        while (true)
        {
            try
            {
                // Not there before the first upload, nor after a restore: files that are gone are told from a folder that is.
                Directory.CreateDirectory(files.Folder);
                await WorkAsync(stoppingToken);
                if (time.GetUtcNow() - cleaned > TimeSpan.FromHours(1))
                {
                    await CleanAsync(stoppingToken);
                    cleaned = time.GetUtcNow();
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                LogLater(e.Message);
            }

            await WaitAsync(stoppingToken);
        }
    }

    async Task WaitAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var wake = woken.Reader.WaitToReadAsync(patience.Token).AsTask();
        await Task.WhenAny(wake, Task.Delay(Every, time, patience.Token));
        await patience.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        woken.Reader.TryRead(out _);
    }

    async Task WorkAsync(CancellationToken cancel)
    {
        await using var lockConnection = await database.OpenConnectionAsync(cancel);
        await using var take = new NpgsqlCommand("select pg_try_advisory_lock(hashtextextended('import', 9))", lockConnection);
        if (await take.ExecuteScalarAsync(cancel) is not true) return;
        try
        {
            while (await store.TakeAsync(cancel) is { } job) await RunAsync(job, cancel);
        }
        finally
        {
            await using var give = new NpgsqlCommand("select pg_advisory_unlock(hashtextextended('import', 9))", lockConnection);
            await give.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    async Task RunAsync(ImportJob job, CancellationToken cancel)
    {
        var language = job.Plan.Language;
        if (job.Attempts > MostAttempts)
        {
            await EndAsync(job.Id, "broken", ImportTexts.Of(language, ImportTexts.NoProgress, job.LastRow.ToString(System.Globalization.CultureInfo.InvariantCulture)), cancel);
            return;
        }

        try
        {
            var cancelled = await LoadAsync(job, cancel);
            await EndAsync(job.Id, cancelled ? "cancelled" : "done", null, cancel);
        }
        catch (TableFileException e)
        {
            await EndAsync(job.Id, "broken", ImportTexts.Of(language, e.Code, e.Given), cancel);
        }
        catch (FileNotFoundException)
        {
            await EndAsync(job.Id, "broken", ImportTexts.Of(language, ImportTexts.FileGone), cancel);
        }
        catch (Exception e) when (e is not (OperationCanceledException or NpgsqlException or TimeoutException or IOException))
        {
            // Ours, not the file's: it would fail again in the same way.
            LogBroken(e, job.Id);
            await EndAsync(job.Id, "broken", e.Message, cancel);
        }
    }

    async Task EndAsync(Guid id, string state, string? problem, CancellationToken cancel)
    {
        await directory.ForgetCompaniesAsync(id, cancel);
        await store.EndAsync(id, state, problem, cancel);
        File.Delete(files.Table(id));
        LogEnded(id, state);
    }

    async Task<bool> LoadAsync(ImportJob job, CancellationToken cancel)
    {
        var plan = job.Plan;
        var table = TableFile.Open(files.Table(job.Id), new TableReading(plan.Encoding, plan.Separator, plan.Sheet));
        var after = Math.Max(job.LastRow, plan.HeaderRow ?? 0);
        if (job.TotalRows is null) await store.CountedAsync(job.Id, table.Rows().LongCount(r => r.Number > (plan.HeaderRow ?? 0) && !r.IsBlank), cancel);
        var header = plan.HeaderRow is { } at ? table.Rows().First(r => r.Number == at).Cells : [];
        var lists = await store.ListsAsync(cancel);
        // From the first row on, also when it goes on in the middle: the order is that of the whole column.
        var reader = new RowReader(plan, lists, job.Id, clock.Zone, DateOrder.MonthFirstColumns(plan, lists.Own, table.Rows().Where(r => r.Number > (plan.HeaderRow ?? 0) && !r.IsBlank), site.Value.Region));
        using var failed = new FailedRows(files.Failed(job.Id), job.FailedBytes, header, plan.HeaderRow is not null, table.Reading.Separator?[0] ?? ';', plan.Language);
        var rule = ImportBatch.RuleOf(plan, site.Value.Region, job.StartedAt, job.Id);
        // Each name is a search of its own in the database: for a file of many rows all names are read once.
        var names = rule.Alike != ImportAlike.Ignore && table.Rows().Where(r => r.Number > after).Skip(RowsWithoutBook).Any() ? await NameBook.ReadAsync(database, job.StartedAt, cancel) : null;
        var batch = new ImportBatch(directory, audit, deals, job.User, plan, rule, names, header);
        var seen = new ImportSeen(job.Seen);
        var last = job.LastRow;
        foreach (var rows in table.Rows().Where(r => r.Number > after && !r.IsBlank).Chunk(BatchRows))
        {
            if (await StepAsync(job, batch, failed, seen, last, [.. rows.Select(reader.Read)], cancel)) return true;
            last = rows[^1].Number;
        }

        return false;
    }

    async Task CleanAsync(CancellationToken cancel)
    {
        var (tables, old) = await store.ForgetAsync(KeepUploads, KeepFailed, cancel);
        foreach (var id in tables.Concat(old)) File.Delete(files.Table(id));
        foreach (var id in old) File.Delete(files.Failed(id));
        Upload.RemoveLeft(files.Folder, time.GetUtcNow() - KeepUploads);
        exports.RemoveLeft(time.GetUtcNow() - KeepUploads);
    }

    /// <summary>Some rows, in one transaction, tried again when others stood in the way.</summary>
    async Task<bool> StepAsync(ImportJob job, ImportBatch batch, FailedRows failed, ImportSeen seen, long from, IReadOnlyList<ReadRow> rows, CancellationToken cancel)
    {
        var before = failed.Length;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(job, batch, failed, seen, from, rows, cancel);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < MostTries)
            {
                LogAgain(e.SqlState);
                failed.Cut(before);
            }
        }
    }

    /// <returns>Whether the import is to be cancelled.</returns>
    async Task<bool> TryAsync(ImportJob job, ImportBatch batch, FailedRows failed, ImportSeen seen, long from, IReadOnlyList<ReadRow> rows, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var done = await batch.WriteAsync(transaction, rows, cancel);
        foreach (var (row, why) in done.Wrong) failed.Add(row, why);
        var now = seen.With(done);
        var step = new ImportStep(rows[^1].Row.Number, done.Count<ClientImported.Made>(), done.Count<ClientImported.Changed>(), done.Count<ClientImported.Skipped>(), done.Wrong.Count, done.Deals, failed.Flush(),
            done.Results.Count(r => r is ClientImported.Made { Match: not null }), done.Results.Count(r => r.MadeCompany), now);
        if (await ImportStore.StepAsync(transaction, job.Id, from, step, cancel) is not { } cancelAsked) throw new InvalidOperationException($"Import {job.Id} is loaded by another process as well.");
        await transaction.CommitAsync(cancel);
        seen.Take(now);
        hints.Wake();
        return cancelAsked;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Import {Run} is {State}")]
    private partial void LogEnded(Guid run, string state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The imports wait: {Reason}")]
    private partial void LogLater(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rows are loaded again after {SqlState}")]
    private partial void LogAgain(string sqlState);

    [LoggerMessage(Level = LogLevel.Error, Message = "Import {Run} broke")]
    private partial void LogBroken(Exception exception, Guid run);
}
