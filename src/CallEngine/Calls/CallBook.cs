namespace CallCrm.Engine;

/// <summary>Calls and their legs: how they begin, become one, and end (by <see cref="End"/>, once).</summary>
internal sealed partial class CallBook(EngineState state, AgentBoard board, OfferDesk offers, LegSpans spans)
{
    /// <summary>AMI may see a call before it asks us for a route: so long an inbound call may yet turn out to be routed.</summary>
    private static readonly TimeSpan AnnounceDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>When the client's leg is gone the others follow within milliseconds; after this the call is over without them.</summary>
    private static readonly TimeSpan GoneGrace = TimeSpan.FromSeconds(2);

    /// <summary>An ended call is remembered for late facts and look-ups.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan LongestLookup = TimeSpan.FromMinutes(20);

    public Call? Find(Guid id) => state.Calls.GetValueOrDefault(id);

    public Call Begin(Guid id, string node)
    {
        var call = new Call(id, state.NextCallOrder(), node, state.Happened);
        state.Calls.Add(id, call);
        state.OpenCalls++;
        return call;
    }

    public Leg AddLeg(Call call, LegId id, string channelName, string device, string linkedId, bool isClient, bool estimated = false, bool clicked = false)
    {
        var leg = new Leg(id, call)
        {
            ChannelName = channelName,
            Device = device,
            Estimated = estimated,
            Clicked = clicked,
            Dials = clicked,
            ListensFor = ListenDesk.ByOf(id),
            CreatedAt = state.Happened.Stamp,
            DoneUntil = state.Happened.Stamp,
            CreatedUtc = state.Happened.Utc,
        };
        state.Legs[id] = leg;
        call.Legs.Add(leg);
        Link(leg, linkedId);
        if (state.FindDevice(id.Node, device)?.Extension?.Holder is { } holder)
            Give(leg, holder);
        // The number is tried over another line: whom the first did not reach is not gone.
        if (isClient && call is { Direction: CallDirection.Outbound, Client.Live: false })
            Serve(call, leg);
        else if (isClient)
            MakeClient(call, leg);
        if (call.Announced)
            Log(leg);
        return leg;
    }

    public void Link(Leg leg, string linkedId)
    {
        leg.LinkedId = linkedId;
        var key = new NodeKey(leg.Id.Node, linkedId);
        if (state.Links.TryGetValue(key, out var call) && ReferenceEquals(call, leg.Call))
            return;
        state.Links[key] = leg.Call;
        leg.Call.Links.Add(key);
    }

    public void Give(Leg leg, Agent agent)
    {
        leg.Agent = agent;
        agent.Legs.Add(leg);
    }

    public void MakeClient(Call call, Leg leg)
    {
        leg.IsClient = true;
        call.Client ??= leg;
        state.Touch(call);
    }

    /// <summary>Who asks us for a route is who is served.</summary>
    public void Serve(Call call, Leg leg)
    {
        leg.IsClient = true;
        call.Client = leg;
        call.ClientGoneAt = null;
        state.Touch(call);
        state.Timers.Cancel(call.GoneTimer);
    }

    /// <summary>A call that began at a phone of ours, or was originated, goes out; or what its number means is known.</summary>
    public void DialsOut(Call call, PhoneNumber number)
    {
        (call.Direction, call.Dialled) = (CallDirection.Outbound, number);
        if (call.Announced)
            state.Out.Write(new CallDialled(call.Direction, number) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
    }

    /// <summary>What an observed caller's number means is known.</summary>
    public void CallerIs(Call call, PhoneNumber number)
    {
        call.Caller = number;
        if (call.Announced)
            state.Out.Write(new CallerRead(number) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
    }

    public void AnnounceSoon(Call call) => state.Timers.Set(call.AnnounceTimer ??= new EngineTimer(TimerKind.Announce, call), state.Now.Stamp + AnnounceDelay);

    /// <summary>At an end, or in a snapshot: what may be the last of another call needs more than that to be one.</summary>
    public void AnnounceUnlessRemnant(Call call)
    {
        if (!call.Remnant)
            Announce(call);
    }

    /// <summary>Writes CallStarted and the legs so far; from here on everything about the call is written as it happens.</summary>
    public void Announce(Call call)
    {
        if (call.Announced || call.Listens || call.Legs.Count == 0)
            return;
        call.Remnant = false;
        call.Announced = true;
        state.Timers.Cancel(call.AnnounceTimer);
        var root = call.Client ?? call.Legs[0];
        state.Out.Write(new CallStarted(call.Node, root.Id.UniqueId, root.LinkedId, call.Direction, call.Caller, call.Dialled, call.CallerName,
            call.Routed, call.Estimated, CampaignOf(call))
        { Seq = state.Out.TakeSeq(), At = call.Estimated ? state.Now.Utc : call.StartedUtc, Call = call.Id });
        foreach (var leg in call.Legs)
            Log(leg);
    }

    /// <summary>What its caller dialled it for, when it began. An agent's own call is for what they said when they clicked.</summary>
    public string? CampaignOf(Call call) => call.Direction == CallDirection.Inbound ? state.Settings.Dialled(call.Dialled)?.CampaignAt(call.StartedUtc)?.Code : call.Campaign;

    public void Step(Call call, CallState to)
    {
        if (call.State == to)
            return;
        if (!CallSteps.May(call.State, to))
        {
            state.Out.Report("call_step", $"{call.Id:N} {call.State} to {to}");
            return;
        }

        offers.LeaveLine(call);
        call.State = to;
        state.Touch(call);
    }

    /// <summary>Two calls came to share a channel or a bridge: the older stays.</summary>
    public Call Merge(Call a, Call b)
    {
        if (ReferenceEquals(a, b) || a.Ended || b.Ended)
            return a;
        var (older, younger) = CallRules.IsOlder(a, b) ? (a, b) : (b, a);
        Announce(older);
        if (younger.Offer is { } offer)
            offers.End(offer, OfferOutcome.Cancelled, null);
        offers.EndRings(younger, OfferOutcome.Cancelled);
        offers.LeaveLine(younger);
        DropRequest(younger);
        CancelTimers(younger);
        younger.State = CallState.Ended;
        state.OpenCalls--;
        if (younger.Announced)
            state.Out.Write(new CallMerged(younger.Id) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = older.Id });
        CallRules.TakeOver(older, younger);
        state.Calls[younger.Id] = older;
        foreach (var leg in younger.Legs)
        {
            leg.Call = older;
            older.Legs.Add(leg);
            if (leg.IsClient)
                older.Client ??= leg;
            if (leg.Live)
                Log(leg);
        }

        foreach (var id in younger.Merged)
            state.Calls[id] = older;
        foreach (var key in younger.Links)
        {
            if (state.Links.TryGetValue(key, out var linked) && ReferenceEquals(linked, younger))
                state.Links[key] = older;
            older.Links.Add(key);
        }

        state.Touch(older);
        return older;
    }

    private void Log(Leg leg)
    {
        if (leg.Logged)
            return;
        leg.Logged = true;
        var holds = leg.Agent is not null && state.FindDevice(leg.Id.Node, leg.Device) is { } device && state.CanHold(leg.Id.Node, device);
        state.Out.Write(new LegStarted(leg.Id.Node, leg.Id.UniqueId, leg.ChannelName, leg.Agent?.Id, leg.IsClient, leg.Estimated, holds)
        {
            Seq = state.Out.TakeSeq(),
            At = leg.CreatedUtc,
            Call = leg.Call.Id,
        });
    }
}
