namespace CallCrm.Engine;

/// <summary>Clients whom an agent has spoken with: where a queue would hang up on a caller, nobody hangs up on them.</summary>
internal sealed partial class Router
{
    /// <summary>
    /// Back to who handed them on; else into another queue of theirs in which somebody is; else they wait on, as long as somebody may still come;
    /// else the dialplan serves them by itself.
    /// </summary>
    private void Spare(Call call, RouteRule rule)
    {
        var queue = call.Queue!;
        var asks = call.Request is { Stage: not RequestStage.Answered };
        // Nobody can be fetched now: they come round by themselves, and ask.
        if ((!asks && !state.IsUp(call.Node)) || GiveBack(call, rule, asks))
            return;
        if (call.Hops < MostHops && AnotherOf(call) is { } other)
        {
            call.Hops++;
            Decide(call, rule, null, other.Id.ToString(), default, [], 0, null);
            offers.LeaveLine(call);
            Enter(call, other);
        }
        else if (queue.Reachable > 0)
        {
            WaitOn(call, queue);
        }
        else
        {
            GiveUp(call, "transfer");
        }
    }

    /// <summary>To who spoke with them last, if their phone can ring now and has not just rung in vain.</summary>
    private bool GiveBack(Call call, RouteRule rule, bool asks)
    {
        if (call.NotTakenBack || call.Offer is not null || call.LastAgent is not { } sender || TransferDesk.MayRing(call, sender) is not null
            || offers.Reserve(call, sender, RouteRule.TransferBack) is not { } offer)
        {
            return false;
        }

        Decide(call, rule, null, null, default, [], 0, null);
        if (asks)
            AnswerWithDial(call, offer);
        else if (call.Marked)
            Bring(call, offer);
        else
            offers.Keep(offer);
        return true;
    }

    private QueueState? AnotherOf(Call call) =>
        call.LastAgent?.Memberships.Find(m => m.Queue is { Removed: false, Reachable: > 0 } queue && !ReferenceEquals(queue, call.Queue) && queue.IsOpen(state.Now.Utc))?.Queue;

    /// <summary>For another longest wait, at the same place in line.</summary>
    private void WaitOn(Call call, QueueState queue)
    {
        var longer = queue.Settings.MaxWait > state.Options.HoldTurn ? queue.Settings.MaxWait : state.Options.HoldTurn;
        call.WaitsUntil = state.Now.Stamp + longer;
        state.Timers.Set(call.MaxWaitTimer ??= new EngineTimer(TimerKind.MaxWait, call), state.Now.Stamp + longer);
        Serve(call, queue, again: false);
    }
}
