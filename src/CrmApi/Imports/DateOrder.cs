using System.Globalization;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Imports;

/// <summary>
/// Whether the dates of a column have the day or the month first. One cell may not say it; the column does by any part above 12. What nothing tells is read as
/// the site's country writes it, which is with the day first in all but a few.
/// </summary>
internal sealed partial class DateOrder
{
    public const string DayFirst = "day_first", MonthFirst = "month_first";
    public static readonly string[] All = [DayFirst, MonthFirst];

    /// <summary>Rows that decide; a million of them would keep the import waiting.</summary>
    const int MostRows = 100_000;

    /// <summary>Countries that write the month first (ISO 3166).</summary>
    static readonly string[] MonthFirstRegions = ["US", "PH", "FM", "MH", "PW", "GU", "PR", "VI", "AS", "MP"];

    int days;
    int months;

    /// <summary>There are such dates, whose order matters.</summary>
    public bool Any { get; private set; }

    /// <summary>The column says it; where it contradicts itself, most of its cells do.</summary>
    public bool IsTold => days + months > 0;

    public string Of(string region) => days == months ? (days == 0 && Array.IndexOf(MonthFirstRegions, region.ToUpperInvariant()) >= 0 ? MonthFirst : DayFirst) : days > months ? DayFirst : MonthFirst;

    public void See(string cell)
    {
        if (Numeric().Match(cell.Trim()) is not { Success: true } date) return;
        Any = true;
        var (first, second) = (int.Parse(date.Groups["first"].ValueSpan, CultureInfo.InvariantCulture), int.Parse(date.Groups["second"].ValueSpan, CultureInfo.InvariantCulture));
        if (first > 12 && second <= 12) days++;
        else if (second > 12 && first <= 12) months++;
    }

    /// <summary>The columns of dates that have the month first: as was chosen, else as the column itself has it.</summary>
    public static IReadOnlySet<int> MonthFirstColumns(ImportStart plan, IReadOnlyList<CustomField> own, IEnumerable<TableRow> rows, string region)
    {
        var dates = plan.Columns.Where(c => IsDate(c.Target, own)).ToList();
        var open = dates.Where(c => Array.IndexOf(All, c.Label) < 0).ToDictionary(c => c.Index, _ => new DateOrder());
        if (open.Count > 0)
        {
            foreach (var row in rows.Take(MostRows))
            {
                foreach (var (column, order) in open)
                {
                    if (column < row.Cells.Count) order.See(Cells.Plain(row.Cells[column]));
                }
            }
        }

        return dates.Where(c => (open.TryGetValue(c.Index, out var order) ? order.Of(region) : c.Label) == MonthFirst).Select(c => c.Index).ToHashSet();
    }

    public static bool IsDate(string target, IReadOnlyList<CustomField> own) => target == ImportTargets.DealDate || own.Any(f => f.Kind == "date" && ImportTargets.Own + f.Code == target);

    /// <summary>Of the first rows, for each column that has such dates, whatever it goes to.</summary>
    public static IReadOnlyList<ImportDatesView> Seen(int columns, IReadOnlyList<TableRow> rows, string region)
    {
        var seen = new List<ImportDatesView>();
        for (var n = 0; n < columns; n++)
        {
            var order = new DateOrder();
            foreach (var row in rows)
            {
                if (n < row.Cells.Count) order.See(Cells.Plain(row.Cells[n]));
            }

            if (order.Any) seen.Add(new ImportDatesView(n, order.Of(region), order.IsTold));
        }

        return seen;
    }

    [GeneratedRegex(@"^(?<first>[0-9]{1,2})[./-](?<second>[0-9]{1,2})[./-](?:[0-9]{4}|[0-9]{2})(?:[ T,].*)?$", RegexOptions.NonBacktracking)]
    private static partial Regex Numeric();
}
