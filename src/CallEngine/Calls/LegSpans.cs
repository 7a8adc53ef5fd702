namespace CallCrm.Engine;

/// <summary>Writes what each leg did, and from that alone books its talk and hold, so that the figures and the spans cannot differ.</summary>
internal sealed class LegSpans(EngineState state)
{
    /// <summary>Asterisk tells one change in several events: what lies between them nobody did.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>A fact that was read late may have happened before what the leg has already done: one follows the other.</summary>
    public void Begin(Leg leg, Doing? doing)
    {
        leg.Doing = doing;
        var since = state.Happened.Stamp;
        if (doing is { Kind: SpanKind.Talk or SpanKind.Hold or SpanKind.Conference } && leg.RestoredTalk is { } restored)
            (since, leg.RestoredTalk) = (restored, null);
        leg.DoingSince = since > leg.DoneUntil ? since : leg.DoneUntil;
    }

    /// <summary>What it did until now is over.</summary>
    public void End(Leg leg)
    {
        if (leg.Doing is not { } doing)
            return;
        leg.Doing = null;
        var (from, to) = (leg.DoingSince, state.Happened.Stamp);
        if (to - from < Shortest || (!leg.Logged && doing.Kind != SpanKind.Listen))
            return;
        leg.DoneUntil = to;
        if (doing.Kind is SpanKind.Talk or SpanKind.Conference)
            leg.Talk += to - from;
        else if (doing.Kind == SpanKind.Hold)
            leg.Hold += to - from;
        state.Out.Write(new LegSpan(leg.Id.Node, leg.Id.UniqueId, leg.Agent?.Id, doing.Kind, doing.Bridge, leg.Call.UtcOf(from), leg.Call.UtcOf(to), doing.Other?.Id.UniqueId)
        {
            Seq = state.Out.TakeSeq(),
            At = state.Happened.Utc,
            Call = CallOf(leg, doing),
        });
    }

    private static Guid CallOf(Leg leg, Doing doing) => doing is { Kind: SpanKind.Listen, Other: { Call.Announced: true } heard } ? heard.Call.Id : leg.Call.Id;
}
