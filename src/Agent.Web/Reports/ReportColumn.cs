using System.Globalization;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Reports;

/// <summary>A figure of the report: its name and how it is counted are the texts Report.Col and Report.Def of its key.</summary>
/// <param name="OwnForAgents">Of agents it is counted otherwise, as Report.Def of key.agent says.</param>
sealed record ReportColumn(string Key, Func<ReportFigures, string> Value, bool OwnForAgents = false)
{
    static readonly ReportColumn[] All =
    [
        new("Offered", f => Number(f.Offered), OwnForAgents: true),
        new("Answered", f => Number(f.Answered), OwnForAgents: true),
        new("Abandoned", f => Number(f.Abandoned), OwnForAgents: true),
        new("Short", f => Number(f.ShortAbandoned)),
        new("Level", f => Percent(f.ServiceLevelPercent), OwnForAgents: true),
        new("Asa", f => Time(f.Asa_s), OwnForAgents: true),
        new("Aht", f => Time(f.Aht_s), OwnForAgents: true),
        new("Occupancy", f => Percent(f.OccupancyPercent)),
        new("Missed", f => Number(f.Missed), OwnForAgents: true),
        new("CalledBack", f => Number(f.CalledBack), OwnForAgents: true),
        new("InTime", f => Percent(f.InTimePercent), OwnForAgents: true),
        new("CallBack", f => Time(f.CallBack_s), OwnForAgents: true),
        new("Blocked", f => Number(f.Blocked)),
        new("Outbound", f => Number(f.OutboundMade), OwnForAgents: true),
        new("OutboundAnswered", f => Number(f.OutboundAnswered)),
        new("OutboundTalk", f => Span(f.OutboundTalk_s), OwnForAgents: true),
        new("Observed", f => Number(f.Observed)),
        new("ObservedAnswered", f => Number(f.ObservedAnswered), OwnForAgents: true),
        new("ObservedTalk", f => Span(f.ObservedTalk_s)),
        new("Internal", f => Number(f.Internal)),
        new("InternalTalk", f => Span(f.InternalTalk_s)),
    ];

    public static IEnumerable<ReportColumn> Of(string by) => All.Where(c => c.Key switch
    {
        "Occupancy" or "Internal" or "InternalTalk" => by == "agent",
        "Outbound" or "OutboundAnswered" or "OutboundTalk" => by is "agent" or "campaign",
        "ObservedAnswered" or "ObservedTalk" => by != "queue",
        "Observed" => by is "number" or "campaign",
        "Blocked" => by != "agent",
        _ => true,
    });

    public string Name(IStringLocalizer<Texts> t) => t["Report.Col." + Key];

    public string Definition(IStringLocalizer<Texts> t, string by) => t["Report.Def." + Key + (OwnForAgents && by == "agent" ? ".agent" : "")];

    /// <summary>What the figure was divided by, or is for.</summary>
    public string? Detail(IStringLocalizer<Texts> t, ReportFigures f) => Key switch
    {
        "Level" => t["Report.Within", f.ServiceLevel_s].Value,
        "Aht" when f.Handled > 0 => t["Report.AhtParts", f.Handled, Span(f.Talk_s), Span(f.Hold_s), Span(f.WrapUp_s)].Value,
        "Occupancy" when f.OccupancyPercent is not null => t["Report.OccupancyParts", Span(f.Busy_s), Span(f.Ready_s)].Value,
        "InTime" when f.CalledBackInTime > 0 => t["Report.InTimeCount", f.CalledBackInTime].Value,
        "Abandoned" when f.AbandonPercent is not null => t["Report.AbandonPercent", Percent(f.AbandonPercent)].Value,
        _ => null,
    };

    static string Number(long count) => count.ToString("N0", CultureInfo.CurrentCulture);

    static string Percent(decimal? value) => value is { } v ? v.ToString("0.#", CultureInfo.CurrentCulture) + " %" : "–";

    static string Time(int? seconds) => seconds is { } s ? Texts.Span(s) : "–";

    static string Span(long seconds) => Texts.Span(TimeSpan.FromSeconds(seconds));
}
