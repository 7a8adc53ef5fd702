using System.Diagnostics;
using System.Globalization;
using CallCrm.Benchmarks.Database;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Imports;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.Benchmarks.Imports;

/// <summary>Rows of a CSV file a second, read, checked, compared with a million clients and committed: one half new, one half of clients who are there and get a city.</summary>
sealed class ImportRowsFigure : IFigure
{
    const int Rows = 20_000;
    const int BatchRows = 500;

    public string Name => "import.rows";

    public string Unit => "rows/s";

    public string Better => "higher";

    public string Goal => "≥ 2,000";

    public async Task<double[]> RunAsync()
    {
        await using var database = await BenchDatabase.StartAsync(clients: true);
        await using var hints = new ChangeHints(database.Pages, TimeProvider.System, NullLogger<ChangeHints>.Instance);
        var directory = new ClientDirectory(database.Pages, database.Router, hints, TimeProvider.System);
        await RunAsync(database, directory, 0, Rows / 4);
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
            runs[run] = await RunAsync(database, directory, run + 1, Rows);
        return runs;
    }

    static async Task<double> RunAsync(BenchDatabase database, ClientDirectory directory, int run, int rows)
    {
        var file = Path.Combine(Path.GetTempPath(), $"callcrm-import-{Guid.NewGuid():N}.csv");
        try
        {
            await File.WriteAllLinesAsync(file, Lines(run, rows));
            var from = Stopwatch.GetTimestamp();
            await LoadAsync(database, directory, file);
            return rows / Stopwatch.GetElapsedTime(from).TotalSeconds;
        }
        finally
        {
            File.Delete(file);
        }
    }

    static IEnumerable<string> Lines(int run, int rows)
    {
        yield return "Name;Phone;Phone 2;E-mail;City;Note";
        for (var n = 0; n < rows; n++)
        {
            var known = n % 2 == 0 ? BenchDatabase.Number((run * 100_000) + n + 1) : string.Create(CultureInfo.InvariantCulture, $"+39347{(run * 100_000) + n:D7}");
            yield return string.Create(CultureInfo.InvariantCulture, $"Import {run} {n};{known};;import{run}x{n}@example.com;Milano;\"a note; with a semicolon\"");
        }
    }

    static async Task LoadAsync(BenchDatabase database, ClientDirectory directory, string file)
    {
        ImportColumn[] columns = [new(0, "name"), new(1, "phone", "mobile"), new(2, "phone", ""), new(3, "email"), new(4, "city"), new(5, "note")];
        var reader = new RowReader(new ImportStart(columns, 1, "auto", "fill_empty", true, true), new ImportLists([], [], [], []), Guid.CreateVersion7(), TimeZoneInfo.Utc);
        var began = TimeProvider.System.GetUtcNow();
        var rule = new ImportRule(ImportDuplicates.FillEmpty, ByNumber: true, ByMail: true, "IT", ByTaxId: true, ImportAlike.Make, ImportCompanies.Text, began);
        var names = await NameBook.ReadAsync(database.Pages, began, CancellationToken.None);
        foreach (var rows in TableFile.Open(file, new TableReading()).Rows().Skip(1).Chunk(BatchRows))
        {
            await using var connection = await database.Pages.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            var results = await directory.ImportAsync(transaction, [.. rows.Select(r => reader.Read(r).Client)], rule, CancellationToken.None, names);
            if (results.Any(r => r is ClientImported.Invalid or ClientImported.Skipped))
                throw new InvalidOperationException("Every row is to be written.");
            await transaction.CommitAsync();
        }
    }
}
