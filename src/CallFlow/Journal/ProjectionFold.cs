using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>
/// Folds batches of entries into rows. Open calls and agents stay in memory between batches; what a batch needs besides is
/// loaded before (<see cref="Missing"/>). After a failed transaction <see cref="Forget"/> and load anew.
/// </summary>
internal sealed class ProjectionFold(string domain)
{
    /// <summary>Ended calls are kept a while for what comes after the end (wrap-up, an attached client).</summary>
    const int MostKept = 20_000;

    readonly Dictionary<Guid, CallAggregate> calls = [];
    readonly Dictionary<Guid, AgentRow> agents = [];

    public HashSet<CallAggregate> Touched { get; } = [];

    public HashSet<AgentRow> TouchedAgents { get; } = [];

    public List<SpanRow> Spans { get; } = [];

    public List<LegSpanRow> LegSpans { get; } = [];

    /// <summary>By the listener's channel: its beginning and its end may be in one batch.</summary>
    public Dictionary<(string Node, string UniqueId), ListenRow> Listeners { get; } = [];

    /// <summary>By the message, of which the last word counts.</summary>
    public Dictionary<Guid, MessageRow> Messages { get; } = [];

    /// <summary>Calls that became part of others in this batch, in order: their spans go along.</summary>
    public List<(Guid From, Guid Into)> Merges { get; } = [];

    public List<DecisionRow> Decisions { get; } = [];

    public Dictionary<Guid, SeatAskRow> SeatAsks { get; } = [];

    public Dictionary<string, PbxRow> Pbxs { get; } = new(StringComparer.Ordinal);

    public void Forget()
    {
        calls.Clear();
        agents.Clear();
        Clear();
    }

    /// <summary>Calls that the batch speaks of and that are not here.</summary>
    /// <param name="certain">False: entries may have been committed before, so even a call that starts here may exist.</param>
    public HashSet<Guid> Missing(IReadOnlyList<JournalLine> batch, bool certain)
    {
        var missing = new HashSet<Guid>();
        var begun = new HashSet<Guid>();
        foreach (var line in batch)
        {
            if (certain && line is { Entry: CallStarted, Call: { } started }) begun.Add(started);
            if (line.Entry is not (LegSpan or CallListened or MessageLeft)) Need(line.Call);
            if (line.Entry is CallMerged merged) Need(merged.From);
            if (line.Entry is AgentChanged { Before: AgentState.WrapUp } changed && agents.GetValueOrDefault(changed.Agent)?.CallId is { } wrapped) Need(wrapped);
        }

        return missing;

        void Need(Guid? id)
        {
            if (id is { } call && !calls.ContainsKey(call) && !begun.Contains(call)) missing.Add(call);
        }
    }

    public HashSet<Guid> MissingAgents(IReadOnlyList<JournalLine> batch) =>
        [.. batch.Select(l => l.Entry switch { AgentChanged e => e.Agent, WrapUpExtended e => e.Agent, _ => Guid.Empty }).Where(a => a != Guid.Empty && !agents.ContainsKey(a))];

    public void Add(CallAggregate loaded) => calls[loaded.Call.Id] = loaded;

    public void Add(AgentRow loaded) => agents[loaded.AgentId] = loaded;

    public void Apply(JournalEntry entry)
    {
        switch (entry)
        {
            case AgentChanged e: Changed(e); return;
            case WrapUpExtended e: Extended(e); return;
            case SeatAsked e:
                SeatAsks[e.Ask] = new SeatAskRow { Id = e.Ask, Domain = domain, Node = e.Node, Extension = e.Extension, AgentId = e.Agent, HolderId = e.Holder, AskedAt = e.At, Until = e.Until };
                return;
            case SeatAnswered e:
                // Without a question, or with one of an earlier batch, whose row has its times.
                var asked = SeatAsks.GetValueOrDefault(e.Ask) ?? new SeatAskRow { Id = e.Ask, Domain = domain, Node = e.Node, Extension = e.Extension, AgentId = e.Agent, HolderId = e.Holder, AskedAt = e.At };
                (asked.EndedAt, asked.Outcome) = (e.At, e.Outcome);
                SeatAsks[e.Ask] = asked;
                return;
            case PbxChanged e:
                Pbxs[e.Node] = new PbxRow { Domain = domain, Node = e.Node, Connected = e.Connected, Reason = e.Reason, Version = e.Version, Since = e.At };
                return;
        }

        if (entry.Call is not { } id) return;
        if (entry is LegSpan span)
        {
            // A row of its own that nothing of the call depends on.
            LegSpans.Add(new LegSpanRow
            {
                Domain = domain,
                Seq = span.Seq,
                CallId = id,
                Node = span.Node,
                UniqueId = span.UniqueId,
                AgentId = span.Agent,
                Kind = span.What,
                Bridge = span.Bridge,
                OtherId = span.Other,
                FromAt = span.FromAt,
                ToAt = span.ToAt,
            });
            return;
        }

        if (entry is MessageLeft message)
        {
            Messages[message.Id] = new MessageRow
            {
                Id = message.Id,
                Domain = domain,
                CallId = id,
                Node = message.Node,
                UniqueId = message.UniqueId,
                Mailbox = message.Mailbox,
                MessageKey = message.Key,
                LeftAt = message.LeftAt,
                DurationMs = message.Duration_ms,
                State = message.State,
                StateAt = message.At,
                LastSeq = message.Seq,
            };
            return;
        }

        if (entry is CallListened listened)
        {
            Listened(id, listened);
            return;
        }

        if (!calls.TryGetValue(id, out var call)) calls[id] = call = CallAggregate.Begin(domain, entry);
        Touched.Add(call);
        if (entry is CallMerged merged) Merge(call, merged);
        else call.Apply(entry);
        if (entry is RouteDecided) Decisions.Add(new DecisionRow { Domain = domain, Seq = entry.Seq, CallId = id, At = entry.At, Body = new RawJson(CallAggregate.Text(entry)) });
    }

    void Listened(Guid call, CallListened e)
    {
        if (!Listeners.TryGetValue((e.Node, e.UniqueId), out var row))
        {
            Listeners[(e.Node, e.UniqueId)] = row = new ListenRow
            {
                Domain = domain,
                Node = e.Node,
                UniqueId = e.UniqueId,
                CallId = call,
                UserId = e.By,
                AgentId = e.Agent,
                StartedAt = e.At,
            };
        }

        if (!e.Listens) row.EndedAt = e.At;
    }

    void Merge(CallAggregate older, CallMerged e)
    {
        Merges.Add((e.From, older.Call.Id));
        if (!calls.TryGetValue(e.From, out var younger)) return;
        Touched.Add(younger);
        older.TakeOver(younger, e);
    }

    void Changed(AgentChanged e)
    {
        var before = agents.GetValueOrDefault(e.Agent);
        if (before is not null && e.Seq <= before.LastSeq) return;
        var call = before?.CallId ?? (e.State == AgentState.WrapUp ? e.Call : null);
        if (e.Before != AgentState.SignedOut && e.Before_ms > 0)
        {
            Spans.Add(new SpanRow
            {
                AgentId = e.Agent,
                Domain = domain,
                Seq = e.Seq,
                State = e.Before,
                Reason = before?.Reason,
                FromAt = e.At - TimeSpan.FromMilliseconds(e.Before_ms),
                SpanMs = e.Before_ms,
                CallId = call,
                Node = before?.Node,
                Extension = before?.Extension,
            });
        }

        if (e.Before == AgentState.WrapUp && call is { } wrapped && calls.TryGetValue(wrapped, out var aggregate))
        {
            aggregate.WrapUp(e.Agent, e.Before_ms);
            Touched.Add(aggregate);
        }

        var row = new AgentRow
        {
            AgentId = e.Agent,
            Domain = domain,
            State = e.State,
            Reason = e.Reason,
            Node = e.Node,
            Extension = e.Extension,
            CallId = e.Call,
            Since = e.At,
            Until = e.Until,
            Leaves = e.Leaves,
            LastSeq = e.Seq,
        };
        if (before is not null) TouchedAgents.Remove(before);
        agents[e.Agent] = row;
        TouchedAgents.Add(row);
    }

    void Extended(WrapUpExtended e)
    {
        if (!agents.TryGetValue(e.Agent, out var row) || e.Seq <= row.LastSeq) return;
        (row.Until, row.LastSeq) = (e.Until, e.Seq);
        TouchedAgents.Add(row);
    }

    /// <summary>The batch is committed.</summary>
    public void Saved()
    {
        foreach (var call in Touched) call.Saved();
        Clear();
        if (calls.Count <= MostKept) return;
        foreach (var ended in calls.Values.Where(c => c.Call.State == CallState.Ended).OrderBy(c => c.Call.LastSeq).Take(MostKept / 2).ToList()) calls.Remove(ended.Call.Id);
    }

    void Clear()
    {
        Touched.Clear();
        TouchedAgents.Clear();
        Spans.Clear();
        LegSpans.Clear();
        Listeners.Clear();
        Messages.Clear();
        Merges.Clear();
        Decisions.Clear();
        SeatAsks.Clear();
        Pbxs.Clear();
    }
}
