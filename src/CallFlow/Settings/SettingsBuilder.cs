using System.Collections.Immutable;
using System.Text.Json;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>Rows → the engine's snapshot. A value that makes no sense gets a safe default and is named; one bad row never stops routing.</summary>
internal static class SettingsBuilder
{
    public const int DaysAhead = 15;

    public static EngineSettings Build(string domain, SettingsRows rows, ImmutableArray<PbxSettings> pbxs, EngineOptions options, DateTimeOffset now, Action<string> problem)
    {
        var agents = rows.QueueAgents.ToLookup(a => a.Queue_id);
        var holidays = rows.Holidays.ToLookup(h => h.Queue_id, h => h.Day);
        var devices = rows.Devices.ToLookup(d => (d.Node, d.Extension));
        var queues = rows.Queues.Select(q => Queue(q, agents[q.Id], holidays[q.Id].ToHashSet(), rows, now, problem)).ToImmutableArray();
        var known = queues.Select(q => q.Id).ToHashSet();
        foreach (var number in rows.Numbers.Where(n => !known.Contains(n.Queue_id))) problem($"dialled number {number.Value}: its queue belongs to another domain; the number is left out");
        return new EngineSettings(rows.Version, domain, queues,
            [.. rows.Agents.Select(a => new AgentSettings(a.Id, a.Name, a.Needs_page))],
            [.. rows.Extensions.Select(e => new ExtensionSettings(e.Node, e.Number, [.. devices[(e.Node, e.Number)].Select(d => new DeviceSettings(d.Name, d.Can_answer, d.Can_hold, d.Auto_answer))]))],
            [.. rows.Numbers.Where(n => known.Contains(n.Queue_id)).Select(n => new DialledNumberSettings(n.Value, n.Name, n.Queue_id, n.Source, n.Language, Campaign(n, rows)))],
            pbxs, options)
        {
            RecordInternal = rows.Calls.Record_internal,
            RecordOut = rows.Calls.Record_out,
            WrapUpOut = Seconds(rows.Calls.Wrap_up_out_s),
            UnknownPrivate = rows.Calls.Unknown_private,
            Blocked = [.. rows.Blocks.Where(b => !(b.Until <= now) && (b.Queue_id is null || known.Contains(b.Queue_id.Value))).Select(b => new BlockedNumber(b.E164, b.Queue_id, b.Until))],
        };
    }

    /// <summary>Its days are those of the queue's zone, as the caller lives them.</summary>
    static CampaignSettings? Campaign(SettingsRows.Number number, SettingsRows rows)
    {
        if (number.Campaign is not { } code) return null;
        var zone = Zone(rows.Queues.Find(q => q.Id == number.Queue_id)!.Time_zone, _ => { });
        return new CampaignSettings(code, number.Campaign_name ?? "", Begin(number.From_day), Begin(number.To_day?.AddDays(1)));

        DateTimeOffset? Begin(DateOnly? day) => day is { } date ? OpeningHours.Utc(date.ToDateTime(TimeOnly.MinValue), zone, last: false) : null;
    }

    static QueueSettings Queue(SettingsRows.Queue row, IEnumerable<SettingsRows.QueueAgent> agents, HashSet<DateOnly> holidays, SettingsRows rows, DateTimeOffset now, Action<string> problem)
    {
        void Named(string what) => problem($"queue '{row.Name}': {what}");
        var zone = Zone(row.Time_zone, Named);
        var week = OpeningHours.Parse(row.Hours, Named);
        // Always open, but for holidays: every day from midnight to midnight.
        if (week is null && holidays.Count > 0)
        {
            week = new WeekHours();
            foreach (var day in week.Spans) day.Add((TimeSpan.Zero, TimeSpan.FromDays(1)));
        }

        return new QueueSettings(row.Id, row.Name, Seconds(row.Ring_s), Seconds(row.Wrap_up_s), Seconds(row.Preferred_patience_s), Seconds(row.Max_wait_s),
            Overflow(row.After_max_wait, "after_max_wait", row, rows, Named), Overflow(row.When_closed, "when_closed", row, rows, Named),
            Overflow(row.When_nobody, "when_nobody", row, rows, Named),
            week is null ? null : OpeningHours.Spans(week, zone, holidays, now, DaysAhead),
            TimeSpan.FromDays(row.Last_contact_days), Seconds(row.Last_contact_talk_s), row.Record,
            [.. agents.Select(a => new QueueAgent(a.User_id, a.Level))], row.After_wrap_up == "paused",
            Blocked(row, rows, Named), row.Block_withheld, row.Most_waiting);
    }

    static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    static TimeZoneInfo Zone(string name, Action<string> problem)
    {
        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)) return zone;
        problem($"time_zone '{name}' is no IANA zone such as Europe/Rome; UTC is used");
        return TimeZoneInfo.Utc;
    }

    static Overflow? Blocked(SettingsRows.Queue row, SettingsRows rows, Action<string> problem)
    {
        if (row.When_blocked.Length == 0) return null;
        var wanted = Overflow(row.When_blocked, "when_blocked", row, rows, problem);
        if (wanted.Kind != AfterWait.Queue) return wanted;
        problem("when_blocked: blocked callers are led to no queue; they get the busy tone");
        return null;
    }

    static Overflow Overflow(string json, string column, SettingsRows.Queue row, SettingsRows rows, Action<string> problem)
    {
        var reject = new Overflow(AfterWait.Reject, "");
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var kind = root.GetProperty("kind").GetString();
            var target = root.TryGetProperty("target", out var given) ? given.GetString() ?? "" : "";
            switch (kind)
            {
                case "reject": return reject;
                case "busy": return new Overflow(AfterWait.Busy, "");
                case "queue" when Guid.TryParse(target, out var queue) && queue != row.Id && rows.Queues.Exists(q => q.Id == queue): return new Overflow(AfterWait.Queue, queue.ToString());
                case "queue": problem($"{column}: target '{target}' is not the id of another queue of this domain; the call is rejected instead"); return reject;
                case "voicemail": return new Overflow(AfterWait.Goto, SettingsRules.MessageTarget);
                case "goto" when SettingsRules.IsGotoTarget(target): return new Overflow(AfterWait.Goto, target);
                case "goto": problem($"{column}: target '{target}' is not context,exten,label; the call is rejected instead"); return reject;
                case "play" when SettingsRules.IsSoundName(target): return new Overflow(AfterWait.Play, target);
                case "play": problem($"{column}: target '{target}' is no sound name; the call is rejected instead"); return reject;
                default: problem($"{column}: kind '{kind}' is not queue, voicemail, goto, play, busy or reject; the call is rejected instead"); return reject;
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            problem($$"""{{column}}: expected {"kind":"queue|voicemail|goto|play|busy|reject","target":"…"}; the call is rejected instead""");
            return reject;
        }
    }
}
