using System.Runtime.CompilerServices;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Missed;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Reports;

/// <summary>What was counted of one queue, agent, number or campaign in one hour or day; added up before anything is divided.</summary>
/// <param name="N">Which hour or day, from 1.</param>
/// <param name="Waited">The answered ones with a wait of their own.</param>
/// <param name="WithinTarget">Of the target beside them.</param>
/// <param name="WithinShortest">Of the shortest target of all queues.</param>
/// <param name="Talk_s">Whole seconds of each conversation, as the call log shows them; of Talk_ms averages are made.</param>
/// <param name="CallBack_s">Summed, of those who were called back.</param>
/// <param name="InTime">Called back within the time for it.</param>
/// <param name="Late">Not called back within that time, when it is over.</param>
internal sealed record ReportLine(int N, string Key, string? Name, int Target_s, long Offered, long Answered, long Abandoned, long ShortAbandoned, long Waited, long WithinTarget,
    long WithinShortest, long Wait_ms, long Handled, long Talk_ms, long Hold_ms, long WrapUp_ms, decimal Busy_ms, decimal Ready_ms, long Missed, long CalledBack, long Blocked = 0,
    long Outbound = 0, long OutboundAnswered = 0, long OutboundTalk_s = 0, long Observed = 0, long ObservedAnswered = 0, long ObservedTalk_s = 0, long Internal = 0, long InternalTalk_s = 0,
    decimal CallBack_s = 0, long InTime = 0, long Late = 0, long Talk_s = 0, long Hold_s = 0, long Wrapped_s = 0)
{
    public static ReportLine None(int target_s) => new(0, "", null, target_s, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>A sum is over several queues: it is of their shortest target.</summary>
    public ReportLine Plus(ReportLine o) => this with
    {
        Offered = Offered + o.Offered,
        Answered = Answered + o.Answered,
        Abandoned = Abandoned + o.Abandoned,
        ShortAbandoned = ShortAbandoned + o.ShortAbandoned,
        Waited = Waited + o.Waited,
        WithinTarget = WithinTarget + o.WithinShortest,
        WithinShortest = WithinShortest + o.WithinShortest,
        Wait_ms = Wait_ms + o.Wait_ms,
        Handled = Handled + o.Handled,
        Talk_ms = Talk_ms + o.Talk_ms,
        Hold_ms = Hold_ms + o.Hold_ms,
        WrapUp_ms = WrapUp_ms + o.WrapUp_ms,
        Busy_ms = Busy_ms + o.Busy_ms,
        Ready_ms = Ready_ms + o.Ready_ms,
        Missed = Missed + o.Missed,
        CalledBack = CalledBack + o.CalledBack,
        Blocked = Blocked + o.Blocked,
        Outbound = Outbound + o.Outbound,
        OutboundAnswered = OutboundAnswered + o.OutboundAnswered,
        OutboundTalk_s = OutboundTalk_s + o.OutboundTalk_s,
        Observed = Observed + o.Observed,
        ObservedAnswered = ObservedAnswered + o.ObservedAnswered,
        ObservedTalk_s = ObservedTalk_s + o.ObservedTalk_s,
        Internal = Internal + o.Internal,
        InternalTalk_s = InternalTalk_s + o.InternalTalk_s,
        CallBack_s = CallBack_s + o.CallBack_s,
        InTime = InTime + o.InTime,
        Late = Late + o.Late,
        Talk_s = Talk_s + o.Talk_s,
        Hold_s = Hold_s + o.Hold_s,
        Wrapped_s = Wrapped_s + o.Wrapped_s,
    };

    public ReportFigures Figures() => new(Offered, Answered, Abandoned, ShortAbandoned, Target_s, CallFigures.ServiceLevelPercent(WithinTarget, Waited, Abandoned, ShortAbandoned),
        CallFigures.AbandonPercent(Offered, Abandoned, ShortAbandoned), CallFigures.Average_s(Wait_ms, Waited), CallFigures.Average_s(Talk_ms + Hold_ms + WrapUp_ms, Handled),
        Handled, Talk_s, Hold_s, Wrapped_s, CallFigures.OccupancyPercent(Busy_ms, Ready_ms),
        CallFigures.Whole_s(Busy_ms), CallFigures.Whole_s(Ready_ms), Missed, CalledBack, Blocked,
        Outbound, OutboundAnswered, OutboundTalk_s, Observed, ObservedAnswered, ObservedTalk_s, Internal, InternalTalk_s,
        InTime, CallFigures.InTimePercent(InTime, Late), CallFigures.CallBack_s(CallBack_s, CalledBack));
}

/// <summary>The reports, from the tables of the call log as they are.</summary>
internal sealed class ReportStore(NpgsqlDataSource database, IOptions<RouterRoadOptions> road, IOptions<MissedOptions> missed, TimeProvider time)
{
    /// <summary>More than anybody reads on a page.</summary>
    const int MostRows = 2000;

    public async Task<ReportView> ViewAsync(ReportAsk ask, CancellationToken cancel)
    {
        var rows = new List<ReportRow>();
        var total = ReportLine.None(await TargetAsync(cancel));
        var more = false;
        await foreach (var line in ReadAsync(ask, cancel))
        {
            total = total.Plus(line);
            more = rows.Count == MostRows;
            if (!more) rows.Add(new ReportRow(At(ask, line), line.Key.Length > 0 ? line.Key : null, line.Name, line.Figures()));
        }

        return new ReportView(ask.By.ToString().ToLowerInvariant(), ask.Step.ToString().ToLowerInvariant(), ask.From, ask.To, ask.Zone.Id, rows, total.Figures(), more);
    }

    /// <summary>When the line's hour or day began, with the zone's offset of then.</summary>
    public static DateTimeOffset At(ReportAsk ask, ReportLine line) => TimeZoneInfo.ConvertTime(ask.Edges[line.N - 1], ask.Zone);

    /// <summary>As they come from the database, in order of time and name.</summary>
    public async IAsyncEnumerable<ReportLine> ReadAsync(ReportAsk ask, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await foreach (var line in connection.QueryUnbufferedAsync<ReportLine>(ReportSql.Of(ask.By), Parameters(ask)).WithCancellation(cancel)) yield return line;
    }

    public object Parameters(ReportAsk ask) => new
    {
        domain = road.Value.Domain,
        from = ask.Begins,
        to = ask.Ends,
        edges = ask.Edges,
        days = ask.Days,
        of = ask.Of,
        now = time.GetUtcNow(),
        callBackWithin = missed.Value.CallBackWithin,
        within = ask.Within.People,
    };

    async Task<int> TargetAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<int>(new CommandDefinition($"select {CallFigures.Target_s}", new { domain = road.Value.Domain }, cancellationToken: cancel));
    }
}
