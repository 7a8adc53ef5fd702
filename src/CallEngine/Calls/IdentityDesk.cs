using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>Who calls, or is called: asks for it in time, routes without it when it is late, and shows it whenever it comes.</summary>
internal sealed class IdentityDesk(EngineState state, CallBook book, Router router)
{
    /// <returns>Whether routing waits for the answer.</returns>
    public bool Ask(Call call)
    {
        if (call.LookupAsked)
            return call.LookupPending;
        call.LookupAsked = true;
        switch (call.OtherSide.Kind)
        {
            // Seen in AMI alone a number may be a withheld one.
            case NumberKind.E164 or NumberKind.Unparsed when call is { Direction: CallDirection.Inbound, Routed: false, CallerCertain: false }:
                Write(call, LookupOutcome.Unknown, [], null, late: false);
                return false;
            case NumberKind.E164:
            // Dialled on a phone, or as the trunk sent it: what it means only the look-up knows.
            case NumberKind.Unparsed when call.Direction == CallDirection.Outbound || (call is { Direction: CallDirection.Inbound, Routed: false } && call.Caller.Raw.Length > 0):
                call.LookupPending = true;
                LookUp(call, late: false);
                state.Timers.Set(call.LookupTimer ??= new EngineTimer(TimerKind.Lookup, call), state.Now.Stamp + state.Options.LookupTimeout);
                return true;
            case NumberKind.Withheld:
                Write(call, LookupOutcome.Withheld, [], null, late: false);
                return false;
            case NumberKind.Extension:
                Write(call, LookupOutcome.Internal, [], null, late: false);
                return false;
            default:
                Write(call, LookupOutcome.Unknown, [], null, late: false);
                return false;
        }
    }

    /// <summary>Routing needs no name, and nobody gets a card: who it is, is shown when it is known.</summary>
    public void AskAside(Call call)
    {
        if (call.LookupAsked || call.Caller.Kind != NumberKind.E164)
        {
            Ask(call);
            return;
        }

        call.LookupAsked = true;
        state.Out.Add(new EngineEffect.LookUp(call.Id, call.Caller, "", call.Dialled, null, Late: true, MayCreate: false));
    }

    public void Arrived(Call call, LookupResult result)
    {
        var failed = result.Outcome is LookupOutcome.TimedOut or LookupOutcome.Failed;
        if (call.Identified || !call.LookupAsked)
        {
            state.Out.Report(call.Identified ? "lookup_twice" : "lookup_not_asked", $"{call.Id:N} {result.Outcome}");
            return;
        }

        var waited = call.LookupPending;
        call.LookupPending = false;
        state.Timers.Cancel(call.LookupTimer);
        if (!failed)
            Take(call, result, late: !waited || result.Late);
        else if (waited)
            LookUp(call, late: true);
        else if (result.Late)
            Write(call, LookupOutcome.Failed, [], null, late: true);
        if (waited)
            Route(call);
    }

    /// <summary>The look-up is late: the caller goes on without a name, the card follows.</summary>
    public void Late(Call call)
    {
        if (!call.LookupPending)
            return;
        call.LookupPending = false;
        LookUp(call, late: true);
        Route(call);
    }

    /// <summary>The number was clicked on this client's card.</summary>
    public void Clicked(Call call, Guid client)
    {
        call.LookupAsked = true;
        call.ClientId = client;
        Write(call, LookupOutcome.Known, [client], null, late: false);
    }

    /// <summary>An agent said who it is.</summary>
    public void Attach(Call call, Guid client, Agent agent)
    {
        call.ClientId = client;
        if (call.Lookup is { } lookup && !lookup.Candidates.IsDefaultOrEmpty)
            call.DealId = lookup.Candidates.FirstOrDefault(c => c.Client == client)?.Deal;
        else
            call.DealId = null;
        Write(call, LookupOutcome.Known, [client], agent.Id, late: false);
    }

    private void Route(Call call)
    {
        if (call.Request is not { Stage: RequestStage.Open })
            return;
        if (call.Queue is null)
            router.Begin(call);
        else
            router.GoOn(call, again: false);
    }

    private void Take(Call call, LookupResult result, bool late)
    {
        call.Lookup = result;
        if (result.Number is { } number && call is { Direction: CallDirection.Outbound, Dialled.Kind: NumberKind.Unparsed })
            book.DialsOut(call, number);
        else if (result.Number is { } theirs && call is { Direction: CallDirection.Inbound, Routed: false, Caller.Kind: NumberKind.Unparsed })
            book.CallerIs(call, theirs);
        var candidates = result.Candidates.IsDefault ? [] : result.Candidates;
        if (result.Outcome is LookupOutcome.Known or LookupOutcome.Created && candidates.Length > 0)
        {
            call.ClientId = candidates[0].Client;
            call.DealId = candidates[0].Deal;
        }

        Write(call, result.Outcome, [.. candidates.Select(c => c.Client)], null, late);
    }

    private void LookUp(Call call, bool late) =>
        state.Out.Add(call.Direction == CallDirection.Outbound
            ? new EngineEffect.LookUp(call.Id, call.Dialled, "", call.Dialled, null, late, MayCreate: false, call.Node)
            : new EngineEffect.LookUp(call.Id, call.Caller, call.CallerName, call.Dialled, state.Settings.Dialled(call.Dialled)?.SourceAt(call.StartedUtc), late,
                Node: call.Caller.Kind == NumberKind.Unparsed ? call.Node : ""));

    private void Write(Call call, LookupOutcome outcome, ImmutableArray<Guid> candidates, Guid? by, bool late)
    {
        call.Identified = true;
        book.Announce(call);
        if (!call.Announced)
            return;
        state.Out.Write(new CallIdentified(outcome, call.ClientId, call.DealId, candidates, by, late) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
    }
}
