using System.Collections;
using System.Text;

namespace CallCrm.CrmApi.Imports;

/// <summary>A row as the file has it.</summary>
/// <param name="Number">From 1, as a spreadsheet counts.</param>
/// <param name="Trouble">Why it cannot be read as it should; a code of <see cref="ImportTexts"/>.</param>
internal sealed record TableRow(long Number, IReadOnlyList<string> Cells, string? Trouble = null)
{
    public bool IsBlank => Trouble is null && Cells.All(string.IsNullOrWhiteSpace);
}

/// <summary>
/// The rows of a CSV file (RFC 4180, and what programs write instead: a bare quote inside a cell, rows of different length, any line end). Read once, and never
/// more than a row in memory. A quote that is not closed spoils its own line, not the rest of the file: for that it is our own reader.
/// </summary>
internal sealed class CsvRows(TextReader text, char separator) : IEnumerable<TableRow>
{
    const int MostLines = 200;
    const int LongestRow = 1_000_000;
    readonly Queue<string> back = new();
    readonly char[] buffer = new char[16 * 1024];
    int at, filled;

    public IEnumerator<TableRow> GetEnumerator()
    {
        for (long number = 1; NextLine(out var trouble) is { } line; number++)
        {
            // What Excel writes to tell the separator.
            if (number == 1 && line is ['s', 'e', 'p', '=', _]) continue;
            yield return trouble is null ? Row(number, line) : new TableRow(number, [line[..200]], trouble);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    TableRow Row(long number, string first)
    {
        if (TryParse(first) is { } whole) return new TableRow(number, whole);
        var (lines, text) = (new List<string>(), new StringBuilder(first));
        while (lines.Count < MostLines && text.Length < LongestRow && NextLine(out _) is { } line)
        {
            lines.Add(line);
            text.Append('\n').Append(line);
            // Only a line with a quote can end it.
            if (line.Contains('"') && TryParse(text.ToString()) is { } cells) return new TableRow(number, cells);
        }

        // Those after it are rows of their own.
        var rest = back.ToArray();
        back.Clear();
        foreach (var line in lines.Concat(rest)) back.Enqueue(line);
        return new TableRow(number, first.Split(separator), ImportTexts.OpenQuote);
    }

    /// <returns>Null when it ends inside quotes.</returns>
    List<string>? TryParse(string line)
    {
        var (cells, cell, n) = (new List<string>(), new StringBuilder(), 0);
        while (true)
        {
            cell.Clear();
            var start = n;
            while (n < line.Length && line[n] == ' ') n++;
            if (n < line.Length && line[n] == '"')
            {
                for (n++; ; n++)
                {
                    if (n >= line.Length) return null;
                    if (line[n] != '"') cell.Append(line[n]);
                    else if (n + 1 < line.Length && line[n + 1] == '"') cell.Append(line[n++]);
                    else break;
                }

                n++;
            }
            else
            {
                n = start;
            }

            for (; n < line.Length && line[n] != separator; n++) cell.Append(line[n]);
            cells.Add(cell.ToString());
            if (n++ >= line.Length) return cells;
        }
    }

    string? NextLine(out string? trouble)
    {
        trouble = null;
        if (back.TryDequeue(out var kept)) return kept;
        var line = new StringBuilder();
        var any = false;
        while (at < filled || Fill())
        {
            any = true;
            var rest = buffer.AsSpan(at, filled - at);
            var end = rest.IndexOfAny('\r', '\n');
            var part = end < 0 ? rest : rest[..end];
            if (line.Length + part.Length <= LongestRow) line.Append(part);
            else trouble = ImportTexts.LongRow;
            at += part.Length;
            if (end < 0) continue;
            var isReturn = buffer[at++] == '\r';
            if (isReturn && (at < filled || Fill()) && buffer[at] == '\n') at++;
            return line.ToString();
        }

        return any ? line.ToString() : null;
    }

    bool Fill()
    {
        (at, filled) = (0, text.Read(buffer, 0, buffer.Length));
        return filled > 0;
    }
}
