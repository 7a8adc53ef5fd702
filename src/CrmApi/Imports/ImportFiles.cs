using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Exports;

namespace CallCrm.CrmApi.Imports;

/// <summary>Where uploaded tables and their failing rows lie: <c>imports</c> in the data folder, until the import is over or forgotten.</summary>
internal sealed class ImportFiles(IConfiguration configuration)
{
    public string Folder { get; } = Path.Combine(DataFolder.From(configuration), "imports");

    public string Table(Guid run) => Path.Combine(Folder, $"{run:N}.table");

    public string Failed(Guid run) => Path.Combine(Folder, $"{run:N}.failed.csv");
}

/// <summary>
/// The rows that failed, to be mended and loaded again: the file's own columns and one more that says what was expected. UTF-8 with a byte order mark.
/// What stands behind the length that was committed belongs to rows that will be loaded again, and is cut off.
/// </summary>
internal sealed class FailedRows : IDisposable
{
    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    readonly FileStream file;
    readonly IReadOnlyList<string> header;
    readonly char separator;
    readonly string language;
    bool unwritten;

    public FailedRows(string path, long committed_bytes, IReadOnlyList<string> header, bool hasHeader, char separator, string language)
    {
        (this.header, this.separator, this.language) = (header, separator, language);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, BufferSize = 64 * 1024 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        file = new FileStream(path, options);
        Cut(committed_bytes);
        if (committed_bytes > 0) return;
        file.Write(Encoding.UTF8.Preamble);
        if (hasHeader) Write([.. header, ImportTexts.Of(language, ImportTexts.Expected)]);
    }

    public void Add(TableRow row, IEnumerable<CellError> errors)
    {
        var expected = string.Join("; ", errors.Select(e => $"{(e.Column is { } c ? (c < header.Count && header[c].Length > 0 ? header[c] : $"{c + 1}") + ": " : "")}{ImportTexts.Of(language, e.Code, e.Given)}").Distinct(StringComparer.Ordinal));
        Write([.. row.Cells.Select(Cells.Plain), .. Enumerable.Repeat("", Math.Max(0, header.Count - row.Cells.Count)), expected]);
    }

    public long Length => file.Length;

    public void Cut(long length)
    {
        file.SetLength(length);
        file.Seek(0, SeekOrigin.End);
    }

    /// <returns>The length that holds all rows so far, on the disk.</returns>
    public long Flush()
    {
        if (unwritten) file.Flush(flushToDisk: true);
        unwritten = false;
        return file.Length;
    }

    void Write(IEnumerable<string> cells)
    {
        file.Write(Utf8.GetBytes(CsvText.Line(cells, separator)));
        unwritten = true;
    }

    public void Dispose() => file.Dispose();
}
