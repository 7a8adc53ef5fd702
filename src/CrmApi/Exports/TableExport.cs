using System.Globalization;
using System.Text;
using CallCrm.CallFlow;
using Microsoft.AspNetCore.Http.HttpResults;
using SpreadCheetah;

namespace CallCrm.CrmApi.Exports;

/// <summary>
/// Lists as files for spreadsheets, row by row as they come from the database: as CSV (UTF-8 with a byte order mark; semicolons where commas part fractions, so
/// that a double click opens it right), or as XLSX, which is made on the disk first, as its parts name each other.
/// </summary>
internal sealed class TableExport(IConfiguration configuration)
{
    const int RowsPerSheet = 1_000_000;
    readonly string folder = Path.Combine(DataFolder.From(configuration), "exports");

    /// <param name="rows">Texts, whole numbers, times (local, as the reader's clock shows them); null is empty.</param>
    public async Task<Results<FileStreamHttpResult, PushStreamHttpResult>> AnswerAsync(HttpContext http, string name, string format, string language, IReadOnlyList<string> header, IAsyncEnumerable<object?[]> rows,
        CancellationToken cancel)
    {
        http.Response.Headers.CacheControl = "private, no-store";
        if (format == "csv") return TypedResults.Stream(body => CsvAsync(body, language, header, rows, cancel), "text/csv; charset=utf-8", name + ".csv");
        Directory.CreateDirectory(folder);
        // Gone when it is closed, whoever closes it.
        var file = new FileStream(Path.Combine(folder, Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        try
        {
            await XlsxAsync(file, header, rows, cancel);
            file.Position = 0;
            return TypedResults.Stream(file, Files.ContentKind.Xlsx.MediaType, name + ".xlsx");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    static async Task CsvAsync(Stream to, string language, IReadOnlyList<string> header, IAsyncEnumerable<object?[]> rows, CancellationToken cancel)
    {
        var separator = language is "it" or "ru" ? ';' : ',';
        await using var writer = new StreamWriter(to, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), bufferSize: 16 * 1024, leaveOpen: true);
        await using var all = rows.GetAsyncEnumerator(cancel);
        // The first row before the header: a query that fails is still answered with what failed.
        var more = await all.MoveNextAsync();
        await writer.WriteAsync(CsvText.Line(header, separator).AsMemory(), cancel);
        for (; more; more = await all.MoveNextAsync()) await writer.WriteAsync(CsvText.Line(all.Current.Select(Text), separator).AsMemory(), cancel);
    }

    static async Task XlsxAsync(Stream to, IReadOnlyList<string> header, IAsyncEnumerable<object?[]> rows, CancellationToken cancel)
    {
        await using var book = await Spreadsheet.CreateNewAsync(to, cancellationToken: cancel);
        var (count, sheet) = (0, 0);
        await StartAsync();
        await foreach (var row in rows.WithCancellation(cancel))
        {
            if (count++ == RowsPerSheet)
            {
                count = 1;
                await StartAsync();
            }

            await book.AddRowAsync(row.Select(Cell).ToArray(), cancel);
        }

        await book.FinishAsync(cancel);

        async Task StartAsync()
        {
            await book.StartWorksheetAsync(string.Create(CultureInfo.InvariantCulture, $"{++sheet}"), token: cancel);
            await book.AddRowAsync(header.Select(h => new DataCell(h)).ToArray(), cancel);
        }
    }

    static string Text(object? value) => value switch
    {
        null => "",
        DateTime at => at.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        var other => other.ToString() ?? "",
    };

    // A text is a text there, until somebody edits the cell or saves it as CSV.
    static DataCell Cell(object? value) => value switch
    {
        null => default,
        DateTime at => new DataCell(at),
        int number => new DataCell(number),
        long number => new DataCell(number),
        decimal number => new DataCell(number),
        var other => new DataCell(CsvText.Safe(Text(other))),
    };

    /// <summary>What a process that was killed left.</summary>
    public void RemoveLeft(DateTimeOffset before)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var left in Directory.EnumerateFiles(folder).Where(f => File.GetLastWriteTimeUtc(f) < before.UtcDateTime)) File.Delete(left);
    }
}
