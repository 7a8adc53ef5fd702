namespace CallCrm.Engine;

/// <summary>Callers who are not let through: on the block list, with a withheld number where those are not taken, or turned away by an agent.</summary>
internal sealed partial class Router
{
    private const int UserBusy = 17;

    /// <summary>It will not be let through by the queue it asks for.</summary>
    public bool IsBlocked(Call call) => QueueOf(call) is { } queue && IsBlocked(call, queue);

    /// <summary>While it rings or is about to: the caller gets the busy tone, and nobody else the call.</summary>
    public void TurnAway(Call call, Agent by)
    {
        Decide(call, RouteRule.Blocked, by, null, default, [], 0, null);
        (call.Unwanted, call.Final, call.FinalKind, call.By) = (true, RouteRule.Blocked, AfterWait.Busy, EndedBy.Agent);
        state.Out.Act(call.Node, new PbxAction.HangUp(call.Client!.ChannelName, UserBusy), null);
    }

    /// <summary>The block list or the queue's settings changed: whoever waits in line and is blocked now leaves it.</summary>
    public void Sift(QueueState queue)
    {
        foreach (var call in queue.Line.ToArray())
        {
            if (call is { State: CallState.Waiting, Offer: null, Redirect: null, Plan: null } && ReferenceEquals(call.Queue, queue) && IsBlocked(call, queue))
                Refuse(call, queue);
        }
    }

    /// <summary>Whom an agent spoke with is somebody: they are not turned away when they are transferred to a queue that blocks them.</summary>
    private bool IsBlocked(Call call, QueueState queue)
    {
        if (call.Unwanted)
            return true;
        if (call.Direction != CallDirection.Inbound || call.AnsweredAt is not null)
            return false;
        return call.Caller.Kind switch
        {
            NumberKind.E164 => call.Caller.E164 is { } e164 && state.Settings.Blocks(e164, queue.Id, state.Now.Utc),
            NumberKind.Withheld => queue.Settings.BlockWithheld,
            // Our own extensions, and what is no number.
            _ => false,
        };
    }

    private void Refuse(Call call, QueueState queue)
    {
        var wanted = queue.Settings.WhenBlocked ?? new Overflow(AfterWait.Busy, "");
        RouteAnswer answer = wanted switch
        {
            { Kind: AfterWait.Goto, Target.Length: > 0 } => new RouteAnswer.Goto(wanted.Target),
            { Kind: AfterWait.Play, Target.Length: > 0 } => new RouteAnswer.Play(wanted.Target),
            { Kind: AfterWait.Reject } => new RouteAnswer.Reject(21),
            _ => new RouteAnswer.Reject(UserBusy),
        };
        Leave(call, RouteRule.Blocked, wanted.Target.Length > 0 ? wanted.Target : null, answer, wanted.Kind);
    }
}
