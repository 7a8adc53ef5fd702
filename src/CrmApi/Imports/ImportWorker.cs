using System.Threading.Channels;
using CallCrm.CallFlow;
using CallCrm.Contracts;
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
internal sealed partial class ImportWorker(ImportStore store, ImportFiles files, ClientDirectory directory, DealImport deals, TableExport exports, ChangeHints hints, NpgsqlDataSource database, IOptions<SiteOptions> site, SiteClock clock,
    TimeProvider time, ILogger<ImportWorker> log) : BackgroundService
{
    const int BatchRows = 500;
    const int MostAttempts = 10;
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    static readonly TimeSpan KeepUploads = TimeSpan.FromDays(1);
    static readonly TimeSpan KeepFailed = TimeSpan.FromDays(30);
    readonly ClientDirectory directory = directory;
    readonly DealImport deals = deals;
    readonly ChangeHints hints = hints;
    readonly NpgsqlDataSource database = database;
    readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => woken.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var cleaned = DateTimeOffset.MinValue;
        while (true)
        {
            try
            {
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
        var reader = new RowReader(plan, await store.ListsAsync(cancel), job.Id, clock.Zone);
        using var failed = new FailedRows(files.Failed(job.Id), job.FailedBytes, header, plan.HeaderRow is not null, table.Reading.Separator?[0] ?? ';', plan.Language);
        var errors = job.Errors.ToList();
        var last = job.LastRow;
        foreach (var rows in table.Rows().Where(r => r.Number > after && !r.IsBlank).Chunk(BatchRows))
        {
            var step = new Batch(this, job, header, failed, errors, last);
            if (await step.WriteAsync([.. rows.Select(reader.Read)], cancel)) return true;
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

    ImportRule Rule(ImportStart plan) => new(plan.Duplicates switch
    {
        "fill_empty" => ImportDuplicates.FillEmpty,
        "overwrite" => ImportDuplicates.Overwrite,
        "always_new" => ImportDuplicates.AlwaysNew,
        _ => ImportDuplicates.Skip,
    }, plan.MatchNumber, plan.MatchMail, site.Value.Region);

    /// <summary>Some rows, in one transaction.</summary>
    sealed class Batch(ImportWorker worker, ImportJob job, IReadOnlyList<string> header, FailedRows failed, List<ImportErrorView> errors, long from)
    {
        const int MostTries = 5;

        /// <returns>Whether the import is to be cancelled.</returns>
        public async Task<bool> WriteAsync(IReadOnlyList<ReadRow> rows, CancellationToken cancel)
        {
            var before = failed.Length;
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await TryAsync(rows, cancel);
                }
                catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < MostTries)
                {
                    worker.LogAgain(e.SqlState);
                    failed.Cut(before);
                }
            }
        }

        async Task<bool> TryAsync(IReadOnlyList<ReadRow> rows, CancellationToken cancel)
        {
            var valid = rows.Where(r => r.Errors.Count == 0).ToList();
            await using var connection = await worker.database.OpenConnectionAsync(cancel);
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var results = await ImportAsync(transaction, valid, cancel);
            var wrong = rows.Where(r => r.Errors.Count > 0).Select(r => (r.Row, Errors: All(r)))
                .Concat(valid.Zip(results).Where(v => v.Second is ClientImported.Invalid).Select(v => (v.First.Row, Errors: Told(v.First, (ClientImported.Invalid)v.Second)))).OrderBy(w => w.Row.Number).ToList();
            var owners = valid.Zip(results).Where(v => v.First.Deal is not null && Client(v.Second) is not null).Select(v => (Client(v.Second)!.Value, v.First.Deal!)).ToList();
            var made = await worker.deals.AddAsync(transaction, owners, cancel);
            if (made > 0) await worker.directory.RecalculateAsync(transaction, [.. owners.Select(o => o.Value)], cancel);
            foreach (var (row, why) in wrong) failed.Add(row, why);
            var kept = errors.Concat(wrong.SelectMany(w => w.Errors.Select(e => View(w.Row.Number, e)))).Take(ImportStore.MostErrors).ToList();
            var step = new ImportStep(rows[^1].Row.Number, results.Count(r => r is ClientImported.Made), results.Count(r => r is ClientImported.Changed), results.Count(r => r is ClientImported.Skipped), wrong.Count, made, failed.Flush(), kept);
            if (await ImportStore.StepAsync(transaction, job.Id, from, step, cancel) is not { } cancelAsked) throw new InvalidOperationException($"Import {job.Id} is loaded by another process as well.");
            await transaction.CommitAsync(cancel);
            errors.Clear();
            errors.AddRange(kept);
            worker.hints.Wake();
            return cancelAsked;
        }

        /// <summary>What the database refuses although it was checked is found by taking the rows one by one.</summary>
        async Task<IReadOnlyList<ClientImported>> ImportAsync(NpgsqlTransaction transaction, List<ReadRow> rows, CancellationToken cancel)
        {
            var rule = worker.Rule(job.Plan);
            await transaction.SaveAsync("rows", cancel);
            try
            {
                return await worker.directory.ImportAsync(transaction, rows.ConvertAll(r => r.Client), rule, cancel);
            }
            catch (PostgresException e) when (IsOfTheData(e))
            {
                await transaction.RollbackAsync("rows", cancel);
            }

            var results = new List<ClientImported>();
            foreach (var row in rows)
            {
                await transaction.SaveAsync("rows", cancel);
                try
                {
                    results.AddRange(await worker.directory.ImportAsync(transaction, [row.Client], rule, cancel));
                }
                catch (PostgresException e) when (IsOfTheData(e))
                {
                    await transaction.RollbackAsync("rows", cancel);
                    results.Add(new ClientImported.Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { [ImportTexts.Database] = [e.MessageText] }));
                }
            }

            return results;
        }

        // Data exceptions and violated constraints.
        static bool IsOfTheData(PostgresException e) => e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal);

        static Guid? Client(ClientImported result) => result switch
        {
            ClientImported.Made made => made.Id,
            ClientImported.Changed changed => changed.Id,
            ClientImported.Skipped skipped => skipped.Id,
            _ => null,
        };

        /// <summary>Everything that is wrong at once, so that a row is mended once.</summary>
        IReadOnlyList<CellError> All(ReadRow row) => row.Row.Trouble is not null
            ? row.Errors
            : [.. row.Errors.Concat(ClientDirectory.Wrong(row.Client.Fields, worker.Rule(job.Plan).Region).Select(e => Told(row, e.Key, e.Value[0]))).OrderBy(e => e.Column ?? int.MaxValue)];

        /// <summary>The directory names fields; here they are columns.</summary>
        IReadOnlyList<CellError> Told(ReadRow row, ClientImported.Invalid invalid) => [.. invalid.Errors.Select(e => Told(row, e.Key, e.Value[0]))];

        CellError Told(ReadRow row, string field, string expected)
        {
            if (field.StartsWith("phones[", StringComparison.Ordinal) && int.TryParse(field.AsSpan(7, field.IndexOf(']', StringComparison.Ordinal) - 7), out var n)) return new CellError(row.PhoneColumns[n], ImportTexts.Phone, row.Client.Fields.Numbers[n].Number);
            return field switch
            {
                "name" => new CellError(Column(ImportTargets.Name) ?? Column(ImportTargets.LastName) ?? Column(ImportTargets.FirstName) ?? Column(ImportTargets.Company), ImportTexts.Name, row.Client.Fields.Name),
                "email" => new CellError(Column(ImportTargets.Email), ImportTexts.Email, row.Client.Fields.Email),
                "taxId" => new CellError(Column(ImportTargets.TaxId), ImportTexts.TaxId, row.Client.Fields.More!.TaxId ?? "", expected["expected ".Length..]),
                _ when field.StartsWith(ImportTargets.Own, StringComparison.Ordinal) => new CellError(Column(field), ImportTexts.Own, "", $"{field[ImportTargets.Own.Length..]}: {expected}"),
                "phones" => new CellError(Column(ImportTargets.Phone), ImportTexts.ManyPhones, ""),
                "language" => new CellError(Column(ImportTargets.Language), ImportTexts.Language, row.Client.Fields.Language ?? ""),
                _ => new CellError(null, ImportTexts.Database, "", expected),
            };
        }

        int? Column(string target) => job.Plan.Columns.FirstOrDefault(c => c.Target == target)?.Index;

        ImportErrorView View(long row, CellError error) => new(row, error.Column is { } c ? c < header.Count && header[c].Length > 0 ? header[c] : $"{c + 1}" : null,
            error.Value.Length > 100 ? error.Value[..100] : error.Value, ImportTexts.Of(job.Plan.Language, error.Code, error.Given));
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
