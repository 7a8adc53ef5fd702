using System.Globalization;
using System.Text;

namespace CallCrm.CrmApi.Reports;

/// <summary>
/// A report as RFC 4180: commas, CR LF, quotes doubled; UTF-8 with a byte order mark, so that spreadsheets read the letters right. Figures are bare
/// numbers with a point, times whole seconds; what is not there is empty.
/// </summary>
internal static class ReportCsv
{
    const string NewLine = "\r\n";

    public static string FileName(ReportAsk ask) => string.Create(CultureInfo.InvariantCulture, $"{ask.By}-{ask.Step}-{ask.From:yyyy-MM-dd}-{ask.To:yyyy-MM-dd}.csv").ToLowerInvariant();

    public static async Task WriteAsync(Stream to, ReportAsk ask, IAsyncEnumerable<ReportLine> lines, CancellationToken cancel)
    {
        await using var writer = new StreamWriter(to, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), bufferSize: 16 * 1024, leaveOpen: true) { NewLine = NewLine };
        var header = true;
        await foreach (var line in lines.WithCancellation(cancel))
        {
            // With the first row: a query that fails is still answered with what failed.
            if (header) await writer.WriteLineAsync(Header(ask).AsMemory(), cancel);
            header = false;
            await writer.WriteLineAsync(Row(ask, line).AsMemory(), cancel);
        }

        if (header) await writer.WriteLineAsync(Header(ask).AsMemory(), cancel);
    }

    static string Header(ReportAsk ask) =>
        $"date,hour,utc_offset_min,{ask.By.ToString().ToLowerInvariant()}{(ask.By is ReportBy.Number or ReportBy.Campaign ? ",name" : "")},offered,answered,abandoned,short_abandoned,service_level_s,service_level_percent,abandon_percent,"
        + $"asa_s,aht_s,handled,talk_s,hold_s,wrap_up_s{(ask.By == ReportBy.Agent ? ",occupancy_percent,busy_s,ready_s" : "")},missed,called_back,called_back_in_time,called_back_in_time_percent,time_to_call_back_s"
        + ask.By switch
        {
            ReportBy.Agent => ",outbound,outbound_answered,outbound_talk_s,observed_answered,observed_talk_s,internal,internal_talk_s",
            ReportBy.Number => ",blocked,observed,observed_answered,observed_talk_s",
            ReportBy.Campaign => ",blocked,outbound,outbound_answered,outbound_talk_s,observed,observed_answered,observed_talk_s",
            _ => ",blocked",
        };

    static string Row(ReportAsk ask, ReportLine line)
    {
        var (at, f) = (ReportStore.At(ask, line), line.Figures());
        object?[] cells =
        [
            at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ask.Step == ReportStep.Hour ? at.ToString("HH:mm", CultureInfo.InvariantCulture) : "", (int)at.Offset.TotalMinutes,
            .. ask.By is ReportBy.Number or ReportBy.Campaign ? new object?[] { Text(line.Key), Text(line.Name) } : [Text(line.Name)],
            f.Offered, f.Answered, f.Abandoned, f.ShortAbandoned, f.ServiceLevel_s, f.ServiceLevelPercent, f.AbandonPercent, f.Asa_s, f.Aht_s, f.Handled, f.Talk_s, f.Hold_s, f.WrapUp_s,
            .. ask.By == ReportBy.Agent ? new object?[] { f.OccupancyPercent, f.Busy_s, f.Ready_s } : [],
            f.Missed, f.CalledBack, f.CalledBackInTime, f.InTimePercent, f.CallBack_s,
            .. ask.By switch
            {
                ReportBy.Agent => new object?[] { f.OutboundMade, f.OutboundAnswered, f.OutboundTalk_s, f.ObservedAnswered, f.ObservedTalk_s, f.Internal, f.InternalTalk_s },
                ReportBy.Number => [f.Blocked, f.Observed, f.ObservedAnswered, f.ObservedTalk_s],
                ReportBy.Campaign => [f.Blocked, f.OutboundMade, f.OutboundAnswered, f.OutboundTalk_s, f.Observed, f.ObservedAnswered, f.ObservedTalk_s],
                _ => [f.Blocked],
            },
        ];
        return string.Join(',', cells.Select(c => Convert.ToString(c, CultureInfo.InvariantCulture)));
    }

    /// <summary>What a spreadsheet would take for a formula begins with an apostrophe.</summary>
    internal static string Text(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        if (text.TrimStart(' ') is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '＝' or '＋' or '－' or '＠', ..]) text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 && text[0] != ' ' && text[^1] != ' ' ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
