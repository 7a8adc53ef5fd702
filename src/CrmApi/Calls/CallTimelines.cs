using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <summary>Timelines of calls with the names that people know.</summary>
internal sealed class CallTimelines(TimelineReader reader, CallStore calls, LiveViews views, LiveFacts facts, NpgsqlDataSource database, TimeProvider time)
{
    public Task<CallTimeline?> ReadAsync(Guid call, CancellationToken cancel) => reader.ReadAsync(call, cancel);

    /// <param name="listeners">With the supervisors who listened.</param>
    public async Task<CallTimelineView> ViewAsync(CallTimeline timeline, bool listeners, CancellationToken cancel)
    {
        if (!listeners) timeline = WithoutListeners(timeline);
        var row = (await calls.RowsAsync([timeline.Call], cancel))[timeline.Call];
        var clients = await ClientsAsync([.. timeline.Events.Select(e => (e.Entry as CallIdentified)?.Client).OfType<Guid>().Distinct()], cancel);
        var words = new TimelineWords(facts.Names, views, clients);
        return new CallTimelineView(row, timeline.From, timeline.To, time.GetUtcNow(), timeline.Estimated, [.. timeline.Lanes.Select(words.Lane)], [.. timeline.Events.Select(words.Event)]);
    }

    static CallTimeline WithoutListeners(CallTimeline timeline) => timeline with
    {
        Events = [.. timeline.Events.Where(e => e.Entry is not CallListened)],
        Lanes = [.. timeline.Lanes.Select(l => l with { Bars = [.. l.Bars.Where(b => b.Kind != TimelineKind.Listen)] }).Where((l, i) => l.Bars.Count > 0 || timeline.Lanes[i].Bars.Count == 0)],
    };

    async Task<Dictionary<Guid, string>> ClientsAsync(Guid[] ids, CancellationToken cancel)
    {
        if (ids.Length == 0) return [];
        await using var connection = await database.OpenConnectionAsync(cancel);
        var names = await connection.QueryAsync<(Guid Id, string Name)>(new CommandDefinition(
            "select id, coalesce(nullif(name, ''), company) from client where id = any(@ids)", new { ids }, cancellationToken: cancel));
        return names.ToDictionary(n => n.Id, n => n.Name);
    }
}

/// <summary>Entries become what the page makes its sentences of.</summary>
internal sealed class TimelineWords(LiveNames names, LiveViews views, IReadOnlyDictionary<Guid, string> clients)
{
    public LaneView Lane(TimelineLane lane) => new(lane.Id, Lower(lane.Kind), names.Person(lane.Agent), lane.Device,
        [.. lane.Bars.Select(b => new BarView(Lower(b.Kind), b.From, b.To, names.Queue(b.Queue), names.Person(b.With), b.Outcome?.ToString(), b.Estimated))]);

    public TimelineEventView Event(TimelineEvent e)
    {
        var view = new TimelineEventView(e.Kind, e.At, e.Lane);
        return e.Entry switch
        {
            CallStarted s => view with
            {
                Code = s.Direction.ToString(),
                Who = Number(s.Caller),
                Other = names.Number(s.Dialled)?.Name ?? Number(s.Dialled),
                Detail = s.Routed ? null : "observed",
                Estimated = s.Estimated,
            },
            CallRouted r => view with { Who = Number(r.Caller), Other = names.Number(r.Dialled)?.Name ?? Number(r.Dialled) },
            CallDialled d => view with { Code = d.Direction.ToString(), Other = names.Number(d.Dialled)?.Name ?? Number(d.Dialled) },
            CallImported c => view with { Code = c.Outcome.ToString(), Estimated = c.Estimated },
            CallCorrected c => view with { Code = c.Outcome.ToString(), Estimated = c.Estimated },
            CallIdentified i => view with
            {
                Code = i.Outcome.ToString(),
                Who = i.Client is { } client ? clients.GetValueOrDefault(client) : null,
                Other = names.Person(i.ByAgent),
                Number = i.Candidates.IsDefault ? 0 : i.Candidates.Length,
                Detail = i.Late ? "late" : null,
            },
            CallQueued q => view with { Queue = names.Queue(q.Queue), Number = q.Place > 0 ? q.Place : null },
            RouteDecided d => view with { Code = d.Rule.ToString(), Who = names.Person(d.Agent), Route = Route(d) },
            MessageLeft m => view with { Code = m is { Key: not null, State: MailboxState.New } ? "Kept" : m.State.ToString(), Other = m.Mailbox.Replace("@default", "", StringComparison.Ordinal), Span_ms = m.Duration_ms },
            CallListened l => view with { Code = l.Listens ? "begins" : "ends", Who = names.Person(l.By), Other = names.Person(l.Agent) },
            CallTransferred t => view with { Code = t.Transfer.ToString(), Who = names.Person(t.FromAgent), Other = names.Person(t.ToAgent) ?? t.Target },
            TransferChanged t => view with { Code = t.Step.ToString(), Who = names.Person(t.FromAgent), Other = names.Person(t.ToAgent) ?? names.Queue(t.ToQueue) ?? t.Number, Detail = t.Reason },
            CallEnded c => view with { Code = c.Outcome.ToString(), Detail = c.By.ToString(), Number = c.Cause > 0 ? c.Cause : null, Estimated = c.Estimated },
            _ => Party(view, e.Entry),
        };
    }

    /// <summary>What concerns one agent or one leg.</summary>
    TimelineEventView Party(TimelineEventView view, JournalEntry entry) => entry switch
    {
        CallOffered o => view with { Code = o.Rule.ToString(), Who = names.Person(o.Agent), Other = o.Extension, Detail = o.Device, Number = o.Attempt },
        OfferRang r => view with { Who = names.Person(r.Agent) },
        OfferEnded o => view with { Code = o.Outcome.ToString(), Who = names.Person(o.Agent), Number = o.TechCause, Span_ms = o.Ring_ms },
        LegStarted l => view with { Code = l.IsClient ? "client" : l.Agent is null ? "other" : "agent", Who = names.Person(l.Agent), Detail = l.ChannelName, Estimated = l.Estimated },
        LegEnded l => view with
        {
            Code = view.Lane?.Split('.')[0] ?? "other",
            Who = names.Person(l.Agent),
            Number = l.Cause > 0 ? l.Cause : null,
            Span_ms = l.Agent is null ? null : l.Talk_ms,
            Estimated = l.Estimated,
        },
        CallAnswered a => view with { Who = names.Person(a.Agent), Span_ms = a.Wait_ms },
        CallHeld h => view with { Who = names.Person(h.Agent) },
        CallResumed h => view with { Who = names.Person(h.Agent) },
        AgentChanged a => view with { Who = names.Person(a.Agent) },
        WrapUpExtended w => view with { Who = names.Person(w.Agent) },
        _ => view,
    };

    RouteView Route(RouteDecided d) => new(views.Reason(d, d.Rule, d.Agent), names.Queue(d.Queue),
        d.Target is { } target && Guid.TryParse(target, out var queue) ? names.Queue(queue) ?? target : d.Target, d.Place);

    static string? Number(PhoneNumber number) => LiveViews.Caller(number, "").Number is { Length: > 0 } text ? text : null;

    static string Lower<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
