using System.Globalization;

namespace CallCrm.TestKit.Lab;

/// <summary>A call detail record as <c>cdr_csv</c> writes it (<c>newcdrcolumns</c>, <c>loguniqueid</c>, <c>loguserfield</c>, <c>usegmtime</c>): times in whole seconds, cut off.</summary>
/// <param name="DstChannel">Who was dialled; empty: nobody yet.</param>
/// <param name="Disposition">Never tells whether a caller was served: one who gave up on hold is ANSWERED.</param>
public sealed record CdrRow(string Uniqueid, string Linkedid, string Channel, string DstChannel, double StartSeconds, double? AnswerSeconds, double EndSeconds, int Duration_s, int Billsec_s, string Disposition)
{
    /// <summary>All whole lines of <c>cdr-csv/Master.csv</c>.</summary>
    public static IReadOnlyList<CdrRow> Read(string file)
    {
        if (!File.Exists(file))
            return [];
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(CelRow.Fields)
            .Where(f => f.Count >= 21)
            .Select(f => new CdrRow(f[16], f[19], f[5], f[6], Seconds(f[9])!.Value, Seconds(f[10]), Seconds(f[11])!.Value, Int(f[12]), Int(f[13]), f[14]))
            .ToArray();
    }

    static double? Seconds(string text) => text.Length == 0 ? null
        : DateTimeOffset.ParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeSeconds();

    static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
