using System.Security.Cryptography;
using System.Text;
using CallCrm.Contracts;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Imports;

/// <summary>What an uploaded file looks like, and what its columns most likely are.</summary>
internal sealed class ImportPreviews(ImportStore store, ImportFiles files, IOptions<SiteOptions> site)
{
    const int Shown = 20;
    const int Sample = 100;
    const int MostTitleRows = 10;

    /// <param name="header">Null: found out; 0: there is none.</param>
    /// <exception cref="TableFileException">It is no table.</exception>
    public async Task<ImportPreview> ReadAsync(Guid id, string fileName, TableReading wished, long? header, CancellationToken cancel)
    {
        var path = files.Table(id);
        var table = TableFile.Open(path, wished);
        var rows = table.Rows().Where(r => !r.IsBlank).Take(Sample + MostTitleRows).ToList();
        if (rows.Count == 0) throw new TableFileException(ImportTexts.EmptyFile);
        var headerRow = header switch { null => HeaderOf(rows), 0 => null, var given => rows.Find(r => r.Number == given)?.Number };
        var names = headerRow is { } at ? rows.Find(r => r.Number == at)!.Cells : [];
        var below = rows.FindAll(r => r.Number > (headerRow ?? 0));
        var width = below.Take(Sample).Select(r => r.Cells.Count).Append(names.Count).Max();
        IReadOnlyList<string> columns = [.. Enumerable.Range(0, width).Select(n => n < names.Count ? names[n].Trim() : "")];
        IReadOnlyList<string> plain = [.. columns.Select(ImportTargets.Plain)];
        var preset = headerRow is null ? null : BitrixColumns.Preset(plain);
        var remembered = headerRow is null ? null : await store.RememberedAsync(KeyOf(columns), cancel);
        var own = (await store.ListsAsync(cancel)).Own;
        // A field that was put away since is nothing to load into.
        remembered = remembered is null ? null : [.. remembered.Where(c => !c.Target.StartsWith(ImportTargets.Own, StringComparison.Ordinal) || own.Any(f => ImportTargets.Own + f.Code == c.Target))];
        return new ImportPreview(id, fileName, table.Format, new FileInfo(path).Length, table.Reading.Encoding, table.Reading.Separator, table.Reading.Sheet, table.Sheets, headerRow, columns,
            [.. below.Take(Shown).Select(r => new ImportPreviewRow(r.Number, [.. r.Cells.Select(Short)], r.Trouble is { } t ? ImportTexts.Of("en", t) : null))],
            remembered ?? ImportGuess.Columns(columns, below, preset, site.Value.Region, own), preset, remembered is not null, BitrixColumns.KindOf(preset), [.. ImportTargets.All.Select(t => new ImportTargetView(t.Code, t.Many)), .. own.Select(f => new ImportTargetView(ImportTargets.Own + f.Code, false, f.Name))],
            BitrixColumns.CompaniesOf(preset), DateOrder.Seen(width, below, site.Value.Region));
    }

    /// <summary>Files with the same headers, in the same order, mean the same; the column of a file that was mended is none of them.</summary>
    public static string KeyOf(IEnumerable<string> header) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', header.Where(h => !ImportTexts.IsExpectedColumn(h.Trim())).Select(ImportTargets.Plain)))));

    /// <summary>Programs put titles above the table: the header is the row that names most fields, else the first one, unless that looks like a client.</summary>
    static long? HeaderOf(List<TableRow> rows)
    {
        var best = rows.Take(MostTitleRows).MaxBy(r => r.Cells.Count(IsKnown))!;
        if (best.Cells.Count(IsKnown) >= 2) return best.Number;
        var first = rows[0];
        return first.Cells.Any(IsKnown) || !first.Cells.Any(c => c.Any(char.IsAsciiDigit) || c.Contains('@')) ? first.Number : null;
    }

    static bool IsKnown(string cell) => ImportTargets.Of(ImportTargets.Plain(cell)) is not null;

    static string Short(string cell) => cell.Length > 200 ? cell[..200] + "…" : cell;
}
