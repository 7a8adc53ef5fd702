using System.Globalization;
using System.IO.Compression;
using CallCrm.CrmApi.Files;
using ExcelDataReader;
using ExcelDataReader.Exceptions;

namespace CallCrm.CrmApi.Imports;

/// <summary>How a table file is read. What is null is found out.</summary>
/// <param name="Sheet">Of a workbook; null: the first that is not empty.</param>
internal sealed record TableReading(string? Encoding = null, string? Separator = null, string? Sheet = null);

/// <summary>The file cannot be read at all.</summary>
/// <param name="code">Of <see cref="ImportTexts"/>.</param>
internal sealed class TableFileException(string code, string? given = null, Exception? inner = null) : Exception(ImportTexts.Of("en", code, given), inner)
{
    public string Code { get; } = code;

    public string? Given { get; } = given;
}

/// <summary>A CSV, XLSX or XLS file with its rows, one after the other.</summary>
internal sealed class TableFile
{
    /// <summary>A workbook is packed: what it may hold unpacked.</summary>
    const long MostUnpacked_bytes = 2L << 30;
    const long MostTexts_bytes = 400L << 20;

    readonly string path;

    TableFile(string path, string format, TableReading reading, IReadOnlyList<string> sheets) => (this.path, Format, Reading, Sheets) = (path, format, reading, sheets);

    /// <summary>csv, xlsx, xls.</summary>
    public string Format { get; }

    public TableReading Reading { get; }

    public IReadOnlyList<string> Sheets { get; }

    /// <exception cref="TableFileException">No table, and what it is instead.</exception>
    public static TableFile Open(string path, TableReading wished)
    {
        using var file = OpenFile(path);
        var kind = ContentKind.Of(file);
        return kind.Code switch
        {
            "text" => OpenText(path, file, wished),
            "xlsx" or "xls" => OpenBook(path, kind.Code, file, wished),
            "encrypted" => throw new TableFileException(ImportTexts.Password),
            "empty" => throw new TableFileException(ImportTexts.EmptyFile),
            _ => throw new TableFileException(ImportTexts.NoTable, kind.Name),
        };
    }

    public IEnumerable<TableRow> Rows() => Format == "csv" ? TextRows() : BookRows();

    static FileStream OpenFile(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.SequentialScan);

    static TableFile OpenText(string path, Stream file, TableReading wished)
    {
        var encoding = wished.Encoding ?? TextSniff.Detect(file);
        var separator = wished.Separator ?? TextSniff.Separator(() => new StreamReader(OpenFile(path), TextSniff.EncodingOf(encoding)));
        return new TableFile(path, "csv", new TableReading(encoding, separator), []);
    }

    IEnumerable<TableRow> TextRows()
    {
        using var text = new StreamReader(OpenFile(path), TextSniff.EncodingOf(Reading.Encoding!), detectEncodingFromByteOrderMarks: false);
        foreach (var row in new CsvRows(text, Reading.Separator![0])) yield return row;
    }

    static TableFile OpenBook(string path, string format, Stream file, TableReading wished)
    {
        if (format == "xlsx") EnsureBounded(file);
        file.Position = 0;
        var sheets = Safe(() =>
        {
            using var reader = Reader(file);
            var names = new List<(string Name, bool HasRows)>();
            do
            {
                names.Add((reader.Name, HasRows(reader)));
            }
            while (reader.NextResult());
            return names;
        });
        if (!sheets.Exists(s => s.HasRows)) throw new TableFileException(ImportTexts.EmptyFile);
        var sheet = sheets.Exists(s => s.Name == wished.Sheet) ? wished.Sheet : sheets.Find(s => s.HasRows).Name;
        return new TableFile(path, format, new TableReading(Sheet: sheet), [.. sheets.Where(s => s.HasRows).Select(s => s.Name)]);
    }

    static bool HasRows(IExcelDataReader reader)
    {
        for (var n = 0; n < 100 && reader.Read(); n++)
        {
            for (var c = 0; c < reader.FieldCount; c++)
            {
                if (Text(reader, c).Length > 0) return true;
            }
        }

        return false;
    }

    static void EnsureBounded(Stream file)
    {
        file.Position = 0;
        using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
        if (zip.Entries.Sum(e => e.Length) > MostUnpacked_bytes || zip.Entries.Any(e => e.Name == "sharedStrings.xml" && e.Length > MostTexts_bytes)) throw new TableFileException(ImportTexts.TooBig);
    }

    static IExcelDataReader Reader(Stream file) => ExcelReaderFactory.CreateReader(file, new ExcelReaderConfiguration { FallbackEncoding = TextSniff.EncodingOf(TextSniff.Windows1251), LeaveOpen = true });

    IEnumerable<TableRow> BookRows()
    {
        using var file = OpenFile(path);
        using var reader = Safe(() => Reader(file));
        while (Safe(() => reader.Name) != Reading.Sheet)
        {
            if (!Safe(reader.NextResult)) yield break;
        }

        for (long number = 1; Safe(reader.Read); number++)
        {
            yield return new TableRow(number, Safe(() => Enumerable.Range(0, reader.FieldCount).Select(c => Text(reader, c)).ToArray()));
        }
    }

    /// <summary>A damaged workbook ends in all kinds of exceptions.</summary>
    static T Safe<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidPasswordException e)
        {
            throw new TableFileException(ImportTexts.Password, null, e);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or TableFileException))
        {
            throw new TableFileException(ImportTexts.Damaged, e.Message, e);
        }
    }

    /// <summary>Numbers without an exponent and with a point, dates as ISO 8601: what a person sees there, as far as it can be told.</summary>
    static string Text(IExcelDataReader reader, int column) => reader.GetValue(column) switch
    {
        null => "",
        string text => text,
        double number => Number(number),
        DateTime { TimeOfDay.Ticks: 0 } day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTime at => at.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        var other => other.ToString() ?? "",
    };

    // Excel keeps 15 digits.
    static string Number(double number) =>
        Math.Abs(number) < 1e15 ? ((decimal)number).ToString("0.###############", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture);
}
