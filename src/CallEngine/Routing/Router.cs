using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>Where a call goes: its queue, its agent, its place in line, or elsewhere.</summary>
internal sealed partial class Router(EngineState state, OfferDesk offers, CallBook book)
{
    private const int MostHops = 5;

    /// <summary>A turn of the hold loop is music and, when the place is new, its announcement before.</summary>
    private static readonly TimeSpan Announcements = TimeSpan.FromSeconds(15);

    /// <summary>Routes a call that asked (or just entered a queue) on the state of this moment.</summary>
    public void Begin(Call call)
    {
        if (QueueOf(call) is not { } queue)
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
        else if (IsBlocked(call, queue))
            Refuse(call, queue);
        else if (state.Now.Stamp >= WaitEnd(call, queue))
            Overflow(call, queue.Settings.AfterMaxWait, RouteRule.MaxWait);
        else if (call.NotTakenBack && !queue.IsOpen(state.Now.Utc))
            Overflow(call, queue.Settings.WhenClosed, RouteRule.QueueClosed);
        else
            Serve(call, queue, again);
    }

    /// <summary>Brings the caller back to us by Redirect, if the PBX can be told; else they come round by themselves.</summary>
    public bool SendOn(Call call, Guid? awaitPop, bool unlessBridged = false) =>
        call.Client is { } client && SendOn(call, new PbxAction.Redirect(client.ChannelName, unlessBridged), awaitPop);

    /// <param name="what">Moves the client to where it asks us.</param>
    public bool SendOn(Call call, PbxAction what, Guid? awaitPop)
    {
        if (call.Client is not { Live: true, ChannelName.Length: > 0 } || call.Redirect is not null || !state.IsUp(call.Node))
            return false;
        var action = state.Out.Act(call.Node, what, awaitPop);
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

    /// <summary>Dial, for an offer that no queue's rules made.</summary>
    public void Ring(Call call, Offer offer)
    {
        offers.Show(offer);
        offers.Sent(offer, call.Request);
        Answer(call, new RouteAnswer.Dial(offer.Device.Name, offer.RingTime, call.Queue?.Settings.Record ?? false), offer.Id);
    }

    /// <summary>An agent sent it into a queue: like a new caller there.</summary>
    public void Requeue(Call call, QueueState queue)
    {
        call.Hops = 0;
        call.Plan = null;
        call.Final = null;
        call.FinalKind = null;
        Enter(call, queue);
    }

    /// <summary>The same offer's phone again, which now answers by itself.</summary>
    public void AnswerWithLift(Call call, Offer offer)
    {
        offers.LiftSent(offer, call.Request);
        Answer(call, new RouteAnswer.Dial(offer.Device.Name, offer.RingTime, call.Queue?.Settings.Record ?? false, Lift: true), null);
    }

    public void Overflow(Call call, Overflow overflow, RouteRule rule)
    {
        if (call.AnsweredAt is not null && overflow.Kind is AfterWait.Reject or AfterWait.Busy or AfterWait.Play)
        {
            Spare(call, rule);
            return;
        }

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
            case AfterWait.Busy:
                Leave(call, rule, null, new RouteAnswer.Reject(17), overflow.Kind);
                break;
            default:
                state.Out.Report("overflow_target", $"{rule} {overflow.Kind} '{overflow.Target}'");
                Leave(call, RouteRule.Fallback, overflow.Target, new RouteAnswer.Fallback(), null);
                break;
        }
    }

    /// <summary>We cannot answer in time, or have no place for it: the dialplan serves the caller by itself.</summary>
    public void GiveUp(Call call, string why = "late") => Leave(call, RouteRule.Fallback, why, new RouteAnswer.Fallback(), null);

    private QueueState? QueueOf(Call call)
    {
        var id = state.Settings.Dialled(call.Dialled)?.Queue ?? state.Settings.Pbx(call.Node)?.DefaultQueue;
        return id is { } known ? state.Queues.GetValueOrDefault(known) : null;
    }

    private void Enter(Call call, QueueState queue)
    {
        call.Queue = queue;
        if (IsBlocked(call, queue))
        {
            Refuse(call, queue);
            return;
        }

        call.WaitingSince = state.Now.Stamp;
        call.WaitsUntil = null;
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
            preferred.LastContactAt, candidates, count, place)
        { Seq = state.Out.TakeSeq(), At = state.Now.Utc, Call = call.Id });
}
