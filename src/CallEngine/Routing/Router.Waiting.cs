using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>Callers in line: who is fetched for whom, and when waiting ends.</summary>
internal sealed partial class Router
{
    /// <summary>An agent became free: the first caller of their queues who may have them.</summary>
    public void Match(Agent agent)
    {
        if (!agent.Free)
            return;
        Call? first = null;
        var level = 0;
        foreach (var membership in agent.Memberships)
        {
            foreach (var call in membership.Queue.Line)
            {
                if (first is not null && (call.WaitingSince > first.WaitingSince || (call.WaitingSince == first.WaitingSince && membership.Level >= level)))
                    break;
                if (!state.IsUp(call.Node) || !AgentChoice.MayTake(state, call, membership.Queue, agent))
                    continue;
                first = call;
                level = membership.Level;
                break;
            }
        }

        if (first is not null)
            Give(first, agent, AgentChoice.Prefer(state, first, first.Queue!));
    }

    /// <summary>The caller is in the hold loop now: what waited for that happens.</summary>
    public void Marked(Call call)
    {
        call.Marked = true;
        call.MarkLate = false;
        if (call.Plan is not null)
            SendOn(call, null);
        else if (call.Offer is { Stage: OfferStage.Kept } kept)
            Bring(call, kept);
        else if (call.State == CallState.Waiting && call.Redirect is null)
            TryAgents(call);
    }

    /// <summary>The longest wait is over, or patience for the preferred agent.</summary>
    public void WaitOver(Call call)
    {
        if (call.State == CallState.Waiting && call.Queue is { } queue && call.Offer is null && call.Redirect is null)
            Overflow(call, queue.Settings.AfterMaxWait, RouteRule.MaxWait);
    }

    /// <summary>Nothing came of fetching the caller, who is still in the hold loop: back to the same place in line.</summary>
    public void KeepWaiting(Call call)
    {
        if (call is { State: CallState.Routing, Offer: null, Queue: { Removed: false } queue } && call.TurnEnds > state.Now.Stamp)
            Hold(call, queue, AgentChoice.Prefer(state, call, queue));
    }

    public void PatienceOver(Call call)
    {
        if (call.State == CallState.Waiting && call.Offer is null)
            TryAgents(call);
    }

    /// <summary>The last reachable agent of a queue left: nobody is kept waiting for no one.</summary>
    public void Emptied(QueueState queue)
    {
        if (queue.Reachable > 0 || queue.Line.Count == 0)
            return;
        foreach (var call in queue.Line.ToArray())
        {
            if (call.State == CallState.Waiting && ReferenceEquals(call.Queue, queue) && call.Offer is null)
                Overflow(call, queue.Settings.WhenNobody, RouteRule.NobodySignedIn);
        }
    }

    /// <summary>The settings lost the queue a caller waits in.</summary>
    public void QueueRemoved(Call call)
    {
        offers.LeaveLine(call);
        Leave(call, RouteRule.Fallback, "queue removed", new RouteAnswer.Fallback(), null);
    }

    /// <summary>
    /// While AMI is away nobody can be fetched from the hold loop: callers come round by themselves, and one who asks takes an agent
    /// only if those ahead in line, who will ask within their turn, are provided for.
    /// </summary>
    private bool OthersFirst(Call call, QueueState queue)
    {
        if (state.IsUp(call.Node))
            return false;
        var ahead = 0;
        foreach (var other in queue.Line)
        {
            if (ReferenceEquals(other, call) || LineOrder.Instance.Compare(other, call) > 0)
                break;
            if (other.TurnEnds >= state.Now.Stamp && other.Offer is null)
                ahead++;
        }

        return queue.Free.Count <= ahead;
    }

    private void TryAgents(Call call)
    {
        var queue = call.Queue!;
        var preferred = AgentChoice.Prefer(state, call, queue);
        if (state.IsUp(call.Node) && AgentChoice.Choose(state, call, queue, preferred, again: false).Agent is { } agent)
            Give(call, agent, preferred);
    }

    /// <summary>A waiting caller, who does not ask now, gets this agent: by Redirect when the hold mark is seen, else when it is.</summary>
    private void Give(Call call, Agent agent, Preference preferred)
    {
        var rule = ReferenceEquals(agent, preferred.LastContacted) ? RouteRule.LastContacted
            : ReferenceEquals(agent, preferred.Responsible) ? RouteRule.Responsible : RouteRule.LeastBusy;
        if (offers.Reserve(call, agent, rule) is not { } offer)
            return;
        if (call.Marked)
            Bring(call, offer);
        else
            offers.Keep(offer);
    }

    private void Bring(Call call, Offer offer)
    {
        var queue = call.Queue!;
        Decide(call, offer.Rule, offer.Agent, null, AgentChoice.Prefer(state, call, queue), Figures(offer, queue), queue.Free.Count + (offer.Agent.Free ? 0 : 1), null);
        offer.Step(OfferStage.Redirecting);
        offers.Show(offer);
        if (SendOn(call, offer.Id))
            return;
        call.MarkLate = true;
        offers.End(offer, OfferOutcome.Cancelled, null);
        KeepWaiting(call);
    }

    /// <summary>The one chosen, who is reserved already, stands first among the candidates.</summary>
    private ImmutableArray<RouteCandidate> Figures(Offer offer, QueueState queue)
    {
        var figures = AgentChoice.Figures(state, queue);
        if (offer.Agent.Free)
            return figures;
        var own = new RouteCandidate(offer.Agent.Id, offer.Agent.In(queue)?.Level ?? 0, new decimal(offer.Agent.LoadTenths, 0, 0, false, 1),
            (int)(state.Now.Stamp - offer.Agent.IdleSince).TotalSeconds);
        return [own, .. figures.Take(19)];
    }

    private void Hold(Call call, QueueState queue, Preference preferred)
    {
        call.NotTakenBack = false;
        if (call.State != CallState.Waiting)
        {
            book.Step(call, CallState.Waiting);
            queue.Join(call);
        }

        var place = queue.PlaceOf(call);
        if (!call.HoldTold)
        {
            call.HoldTold = true;
            Decide(call, RouteRule.Hold, null, null, preferred, AgentChoice.Figures(state, queue), queue.Free.Count, place);
        }

        if (call.PatienceUntil is { } until && until > state.Now.Stamp)
            state.Timers.Set(call.PatienceTimer ??= new EngineTimer(TimerKind.Patience, call), until);
        if (call.Request is not { Stage: not RequestStage.Answered })
            return;
        var turn = TurnOf(call, queue);
        call.TurnEnds = state.Now.Stamp + turn + Announcements;
        Answer(call, new RouteAnswer.Hold(turn, place), null);
    }

    private static TimeSpan WaitEnd(Call call, QueueState queue) => call.WaitsUntil ?? call.WaitingSince + queue.Settings.MaxWait;

    /// <summary>Not past what happens next, so that a caller is served by AGI alone, too.</summary>
    private TimeSpan TurnOf(Call call, QueueState queue)
    {
        var turn = state.Options.HoldTurn;
        var left = WaitEnd(call, queue) - state.Now.Stamp;
        if (left < turn)
            turn = left;
        if (call.PatienceUntil is { } until && until > state.Now.Stamp && until - state.Now.Stamp < turn)
            turn = until - state.Now.Stamp;
        return turn < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(Math.Ceiling(turn.TotalSeconds));
    }
}
