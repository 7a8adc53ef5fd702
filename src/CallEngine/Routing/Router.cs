using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>Where a call goes: its queue, its agent, its place in line, or elsewhere.</summary>
internal sealed class Router(EngineState state, OfferDesk offers, CallBook book)
{
    private const int MostHops = 5;

    /// <summary>A turn of the hold loop is music and, when the place is new, its announcement before.</summary>
    private static readonly TimeSpan Announcements = TimeSpan.FromSeconds(15);

    /// <summary>Routes a call that asked (or just entered a queue) on the state of this moment.</summary>
    public void Begin(Call call)
    {
        var row = state.Settings.Dialled(call.Dialled);
        var id = row?.Queue ?? state.Settings.Pbx(call.Node)?.DefaultQueue;
        if (id is null || !state.Queues.TryGetValue(id.Value, out var queue))
        {
            Leave(call, RouteRule.UnknownNumber, null, new RouteAnswer.Fallback(), null);
            return;
        }

        call.Hops = 0;
        Enter(call, queue);
    }

    /// <summary>Goes on with a call that asked again: same queue, same place.</summary>
    public void GoOn(Call call, bool again)
    {
        if (call.Plan is { } plan)
        {
            offers.LeaveLine(call);
            call.Plan = null;
            Answer(call, plan, null);
            return;
        }

        if (call.Queue is not { Removed: false } queue)
            Begin(call);
        else if (state.Now.Stamp - call.WaitingSince >= queue.Settings.MaxWait)
            Overflow(call, queue.Settings.AfterMaxWait, RouteRule.MaxWait);
        else
            Serve(call, queue, again);
    }

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

    /// <summary>Brings the caller back to us by Redirect, if the PBX can be told; else they come round by themselves.</summary>
    public bool SendOn(Call call, Guid? awaitPop)
    {
        if (call.Client is not { Live: true, ChannelName.Length: > 0 } client || call.Redirect is not null || !state.IsUp(call.Node))
            return false;
        var action = state.Out.Act(call.Node, new PbxAction.Redirect(client.ChannelName), awaitPop);
        var redirect = new Redirect(action, call);
        redirect.Timer = new EngineTimer(TimerKind.Redirect, redirect);
        state.Timers.Set(redirect.Timer, state.Now.Stamp + state.Options.RedirectTimeout);
        state.Redirects.Add(action, redirect);
        call.Redirect = redirect;
        call.Marked = false;
        return true;
    }

    public void Answer(Call call, RouteAnswer answer, Guid? awaitPop)
    {
        if (call.Request is not { Stage: not RequestStage.Answered } request)
        {
            state.Out.Report("nobody_asked", $"{call.Id:N} {answer.GetType().Name}");
            return;
        }

        request.Stage = RequestStage.Answered;
        state.Timers.Cancel(request.DueTimer);
        state.Timers.Cancel(request.DialResultTimer);
        state.Out.Add(new EngineEffect.AnswerRoute(request.Id, call.Id, answer, awaitPop));
    }

    /// <summary>Dial, for an offer whose caller is asking now.</summary>
    public void AnswerWithDial(Call call, Offer offer)
    {
        var shown = offer.Shown;
        if (!shown)
            Decide(call, offer.Rule, offer.Agent, null, AgentChoice.Prefer(state, call, call.Queue!), AgentChoice.Figures(state, call.Queue), call.Queue!.Free.Count, null);
        offers.Show(offer);
        offers.Sent(offer, call.Request);
        Answer(call, new RouteAnswer.Dial(offer.Device.Name, offer.RingTime, call.Queue?.Settings.Record ?? false), shown ? null : offer.Id);
    }

    public void Overflow(Call call, Overflow overflow, RouteRule rule)
    {
        if (++call.Hops > MostHops)
        {
            Leave(call, RouteRule.Fallback, "too many queues", new RouteAnswer.Fallback(), null);
            return;
        }

        switch (overflow.Kind)
        {
            case AfterWait.Queue when Guid.TryParse(overflow.Target, out var id) && state.Queues.TryGetValue(id, out var queue):
                Decide(call, rule, null, overflow.Target, default, [], 0, null);
                offers.LeaveLine(call);
                Enter(call, queue);
                break;
            case AfterWait.Goto when overflow.Target.Length > 0:
                Leave(call, rule, overflow.Target, new RouteAnswer.Goto(overflow.Target), overflow.Kind);
                break;
            case AfterWait.Play when overflow.Target.Length > 0:
                Leave(call, rule, overflow.Target, new RouteAnswer.Play(overflow.Target), overflow.Kind);
                break;
            case AfterWait.Reject:
                Leave(call, rule, null, new RouteAnswer.Reject(21), overflow.Kind);
                break;
            default:
                state.Out.Report("overflow_target", $"{rule} {overflow.Kind} '{overflow.Target}'");
                Leave(call, RouteRule.Fallback, overflow.Target, new RouteAnswer.Fallback(), null);
                break;
        }
    }

    /// <summary>The settings lost the queue a caller waits in.</summary>
    public void QueueRemoved(Call call)
    {
        offers.LeaveLine(call);
        Leave(call, RouteRule.Fallback, "queue removed", new RouteAnswer.Fallback(), null);
    }

    /// <summary>We cannot answer in time: the dialplan serves the caller by itself.</summary>
    public void GiveUp(Call call) => Leave(call, RouteRule.Fallback, "late", new RouteAnswer.Fallback(), null);

    private void Enter(Call call, QueueState queue)
    {
        call.Queue = queue;
        call.WaitingSince = state.Now.Stamp;
        call.QueuedAt ??= state.Now.Stamp;
        call.QueuedUtc ??= state.Now.Utc;
        call.HoldTold = false;
        call.PatienceUntil = queue.Settings.PreferredPatience > TimeSpan.Zero ? state.Now.Stamp + queue.Settings.PreferredPatience : null;
        state.Out.Write(new CallQueued(queue.Id, queue.PlaceOf(call)) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
        if (!queue.IsOpen(state.Now.Utc))
        {
            Overflow(call, queue.Settings.WhenClosed, RouteRule.QueueClosed);
            return;
        }

        state.Timers.Set(call.MaxWaitTimer ??= new EngineTimer(TimerKind.MaxWait, call), state.Now.Stamp + queue.Settings.MaxWait);
        Serve(call, queue, again: false);
    }

    private void Serve(Call call, QueueState queue, bool again)
    {
        if (queue.Reachable == 0)
        {
            Overflow(call, queue.Settings.WhenNobody, RouteRule.NobodySignedIn);
            return;
        }

        var preferred = AgentChoice.Prefer(state, call, queue);
        var choice = AgentChoice.Choose(state, call, queue, preferred, again);
        if (choice.Agent is { } agent && !OthersFirst(call, queue))
        {
            if (call.Request is { Stage: not RequestStage.Answered })
                Dial(call, queue, agent, choice.Rule, preferred);
            else if (state.IsUp(call.Node))
                Give(call, agent, preferred);
            if (call.Offer is not null)
                return;
        }

        Hold(call, queue, preferred);
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

    private void Dial(Call call, QueueState queue, Agent agent, RouteRule rule, Preference preferred)
    {
        var figures = AgentChoice.Figures(state, queue);
        var count = queue.Free.Count;
        if (offers.Reserve(call, agent, rule) is not { } offer)
            return;
        Decide(call, rule, agent, null, preferred, figures, count, null);
        offers.Show(offer);
        offers.Sent(offer, call.Request);
        Answer(call, new RouteAnswer.Dial(offer.Device.Name, offer.RingTime, queue.Settings.Record), offer.Id);
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

    /// <summary>Not past what happens next, so that a caller is served by AGI alone, too.</summary>
    private TimeSpan TurnOf(Call call, QueueState queue)
    {
        var turn = state.Options.HoldTurn;
        var left = call.WaitingSince + queue.Settings.MaxWait - state.Now.Stamp;
        if (left < turn)
            turn = left;
        if (call.PatienceUntil is { } until && until > state.Now.Stamp && until - state.Now.Stamp < turn)
            turn = until - state.Now.Stamp;
        return turn < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(Math.Ceiling(turn.TotalSeconds));
    }

    private void Leave(Call call, RouteRule rule, string? target, RouteAnswer answer, AfterWait? kind)
    {
        Decide(call, rule, null, target, default, [], 0, null);
        call.Final = rule;
        call.FinalKind = kind;
        state.Timers.Cancel(call.MaxWaitTimer);
        if (call.Request is { Stage: not RequestStage.Answered })
        {
            offers.LeaveLine(call);
            Answer(call, answer, null);
            return;
        }

        call.Plan = answer;
        if (call.Marked)
            SendOn(call, null);
    }

    private void Decide(Call call, RouteRule rule, Agent? agent, string? target, Preference preferred, ImmutableArray<RouteCandidate> candidates, int count, int? place) =>
        state.Out.Write(new RouteDecided(rule, agent?.Id, call.Queue?.Id, target, preferred.First?.Id, preferred.By, preferred.First?.State,
            preferred.LastContactAt, candidates, count, place) { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
}
