using CallCrm.Engine;

namespace CallCrm.CallFlow.Tests;

/// <summary>Writes journal entries as the engine would, with numbers and times.</summary>
sealed class CallScript(long nextSeq = 1)
{
    public static readonly DateTimeOffset Begin = new(2026, 11, 23, 10, 0, 0, TimeSpan.Zero);
    public static readonly PhoneNumber Caller = new("+390212345678", NumberKind.E164, "+390212345678");
    public static readonly PhoneNumber Dialled = new("0200000", NumberKind.Unparsed);
    DateTimeOffset now = Begin;

    public List<JournalEntry> Entries { get; } = [];

    public long NextSeq { get; private set; } = nextSeq;

    public CallScript After(double seconds)
    {
        now += TimeSpan.FromSeconds(seconds);
        return this;
    }

    public CallScript Say(JournalEntry entry, Guid? call = null)
    {
        Entries.Add(entry with { Seq = NextSeq++, At = now, Call = call });
        return this;
    }

    public CallScript Start(Guid call, string unique = "1.1", string name = "Mario") => this
        .Say(new CallStarted("n1", unique, unique, CallDirection.Inbound, Caller, Dialled, name, true, false) { Seq = 0, At = default }, call)
        .Say(new LegStarted("n1", unique, "PJSIP/trunk-1", null, true, false) { Seq = 0, At = default }, call);

    public CallScript Agent(Guid agent, AgentState state, AgentState before, double beforeSeconds, Guid? call = null, string? reason = null, DateTimeOffset? until = null, bool leaves = false) =>
        Say(new AgentChanged(agent, state, reason, "n1", "101", until, before, (int)(beforeSeconds * 1000), leaves) { Seq = 0, At = default }, call);

    public CallScript Offer(Guid call, Guid offer, Guid agent, Guid queue, int attempt = 1) =>
        Say(new CallOffered(offer, agent, "n1", "101", "PJSIP/101", queue, null, attempt, 20, RouteRule.LeastBusy, true, true) { Seq = 0, At = default }, call);

    /// <summary>The agent's leg rings and talks, then the client's is held by it.</summary>
    public CallScript Spans(Guid call, Guid agent) => this
        .Say(new LegSpan("n1", "1.2", agent, SpanKind.Ring, null, Begin.AddSeconds(1), Begin.AddSeconds(3.5)) { Seq = 0, At = default }, call)
        .Say(new LegSpan("n1", "1.2", agent, SpanKind.Talk, "b1", Begin.AddSeconds(3.5), Begin.AddSeconds(7.5)) { Seq = 0, At = default }, call)
        .Say(new LegSpan("n1", "1.1", null, SpanKind.Hold, "b1", Begin.AddSeconds(7.5), Begin.AddSeconds(8.75), "1.2") { Seq = 0, At = default }, call);

    /// <summary>In line 3 s, rings 5 s, talks 60 s with 10 s of hold between, the caller hangs up, wrap-up 20 s.</summary>
    public CallScript WholeCall(Guid call, Guid client, Guid agent, Guid queue)
    {
        var offer = DerivedId.From(call, DerivedId.Offer, 1);
        return Start(call)
            .Say(new CallIdentified(LookupOutcome.Known, client, null, [client], null, false) { Seq = 0, At = default }, call)
            .Say(new CallQueued(queue, 1) { Seq = 0, At = default }, call)
            .After(3)
            .Say(new RouteDecided(RouteRule.LeastBusy, agent, queue, null, null, null, null, null, [new RouteCandidate(agent, 1, 12.5m, 60)], 1, null) { Seq = 0, At = default }, call)
            .Offer(call, offer, agent, queue)
            .Agent(agent, AgentState.Reserved, AgentState.Ready, 100, call)
            .Say(new OfferRang(offer, agent) { Seq = 0, At = default }, call)
            .Agent(agent, AgentState.Ringing, AgentState.Reserved, 0.5, call)
            .Say(new LegStarted("n1", "1.2", "PJSIP/101-2", agent, false, false) { Seq = 0, At = default }, call)
            .After(5)
            .Say(new OfferEnded(offer, agent, OfferOutcome.Answered, null, 5000) { Seq = 0, At = default }, call)
            .Say(new CallAnswered(offer, agent, "n1", "1.2", 8000) { Seq = 0, At = default }, call)
            .Agent(agent, AgentState.Talking, AgentState.Ringing, 5, call)
            .Say(new RecordingStarted("n1", "1.1") { Seq = 0, At = default }, call)
            .After(20)
            .Say(new CallHeld(agent) { Seq = 0, At = default }, call)
            .After(10)
            .Say(new CallResumed(agent) { Seq = 0, At = default }, call)
            .After(40)
            .Say(new LegEnded("n1", "1.1", null, 16, null, 0, 0, false) { Seq = 0, At = default }, call)
            .Say(new LegEnded("n1", "1.2", agent, 16, 200, 60_000, 10_000, false) { Seq = 0, At = default }, call)
            .Say(new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, agent, client, queue, 8000, 60_000, 10_000, false) { Seq = 0, At = default }, call)
            .Agent(agent, AgentState.WrapUp, AgentState.Talking, 70, call, until: now.AddSeconds(30))
            .Say(new WrapUpExtended(agent, now.AddSeconds(60)) { Seq = 0, At = default })
            .After(20)
            .Agent(agent, AgentState.Ready, AgentState.WrapUp, 20);
    }
}
