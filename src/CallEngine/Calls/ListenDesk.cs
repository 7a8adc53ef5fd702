using System.Globalization;

namespace CallCrm.Engine;

/// <summary>
/// Supervisors who listen to a live call. Their channel is asked of the PBX, and heard of by ChanSpy's own events; it is no call and no leg of
/// the one that is heard, and it ends when that does. Its id says that it listens and for whom, so that no router takes it for anything else.
/// </summary>
internal sealed class ListenDesk(EngineState state, AgentBoard board, CallBook book)
{
    private const string Prefix = "callcrm-listen-";

    /// <summary>As for a clicked call: a phone that can be rung has a channel within milliseconds.</summary>
    private static readonly TimeSpan ChannelWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RefusedDoubt = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan OwnRing = TimeSpan.FromSeconds(30);

    /// <summary>Living, in the order they were asked for.</summary>
    private readonly List<Leg> _listeners = [];

    /// <summary>For whom the channel of this id listens; null: it is no listener of ours.</summary>
    public static Guid? ByOf(LegId leg) =>
        IsListener(leg.UniqueId) && leg.UniqueId.Length >= Prefix.Length + 32
        && Guid.TryParseExact(leg.UniqueId.AsSpan(Prefix.Length, 32), "N", out var by) ? by : null;

    public static bool IsListener(string uniqueId) => uniqueId.StartsWith(Prefix, StringComparison.Ordinal);

    /// <returns>Why not; null when the PBX was asked.</returns>
    public string? Listen(Agent heard, Guid by, Guid command, AgentCommand.Listen what)
    {
        if (book.Find(what.Call) is not { } call)
            return "no_such_call";
        if (heard.Legs.Find(l => ReferenceEquals(l.Call, call) && l is { Answered: true }) is not { } talks || call.Listens)
            return "not_talking";
        if (heard.Id == by)
            return "own_call";
        if (_listeners.Exists(l => l.ListensFor == by))
            return "listens_already";
        var own = state.Agents.GetValueOrDefault(by);
        if (own is { Offer: not null } or { Legs.Count: > 0 })
            return "in_call";
        if (PlaceOf(own, what) is not { } place)
            return what.Extension is null ? "no_extension" : "extension_unknown";
        if (place.Holder is { } holder && !ReferenceEquals(holder, own))
            return "extension_taken";
        if (!string.Equals(place.Node, talks.Id.Node, StringComparison.Ordinal))
            return "other_pbx";
        if (!state.IsUp(place.Node))
            return "pbx_away";
        if (AgentRules.Rings(place, nodeUp: true) is not { } device)
            return place.Devices.Exists(d => d.Busy) ? "phone_busy" : "phone_unreachable";
        var id = DerivedId.From(command, DerivedId.Listening, 1);
        if (command == default || state.Calls.ContainsKey(id))
            return "command_unknown";
        Begin(id, by, place, device, talks, heard);
        return null;
    }

    public string? Stop(Guid by, Guid call)
    {
        var found = book.Find(call);
        if (_listeners.Find(l => l.ListensFor == by && ((l.ListensTo ?? l.MeantFor)?.Call is { } heard && ReferenceEquals(heard, found))) is not { } leg)
            return "not_listening";
        if (!state.IsUp(leg.Id.Node))
            return "pbx_away";
        End(leg);
        return null;
    }

    /// <returns>False: it was no listener of ours that failed.</returns>
    public bool Done(EngineInput.ActionDone done)
    {
        if (done.Ok || _listeners.Find(l => l.Action == done.Action) is not { } leg)
            return false;
        if (!leg.InAmi)
            state.Timers.Set(leg.DoubtTimer ??= new EngineTimer(TimerKind.Doubt, leg), state.Now.Stamp + RefusedDoubt);
        state.Out.Report("listen_refused", done.Message);
        return true;
    }

    /// <summary>ChanSpy began or ended on this leg, or whom it heard is gone.</summary>
    public void Heard(Leg listener)
    {
        if (listener.ListensFor is not { } by)
            return;
        var call = listener.ListensTo?.Call;
        // What it heard may have become part of another call.
        if (listener.ListenTold is { } told)
            listener.ListenTold = book.Find(told.Id) ?? told;
        if (listener.ListenTold is { } before && !ReferenceEquals(before, call))
        {
            listener.ListenTold = null;
            Write(listener, by, listener.MeantFor?.Agent, before, listens: false);
        }

        if (call is null || listener.ListenTold is not null)
            return;
        book.Announce(call);
        listener.ListenTold = call;
        listener.MeantFor = listener.ListensTo;
        Write(listener, by, listener.ListensTo!.Agent, call, listens: true);
    }

    /// <summary>A leg is gone: as a listener it is over, and whoever listens to it, or was about to, has nothing to hear any more.</summary>
    public void Gone(Leg gone)
    {
        if (gone.ListensFor is not null)
        {
            _listeners.Remove(gone);
            Heard(gone);
        }

        foreach (var listener in _listeners)
        {
            if (ReferenceEquals(listener.MeantFor, gone))
                End(listener);
        }
    }

    /// <summary>A listener nobody here asked for: one that an earlier router did. Who listens must be known, so it ends.</summary>
    public void Stray(Leg leg)
    {
        leg.Call.Listens = true;
        state.Out.Act(leg.Id.Node, new PbxAction.HangUp(leg.ChannelName, 16), null);
    }

    private Extension? PlaceOf(Agent? own, AgentCommand.Listen what)
    {
        if (own?.Extension is { } held)
            return held;
        return what is { Node: { } node, Extension: { } number } ? state.Extensions.GetValueOrDefault(new NodeKey(node, number)) : null;
    }

    private void Begin(Guid id, Guid by, Extension place, Device device, Leg talks, Agent heard)
    {
        var call = book.Begin(id, place.Node);
        call.Listens = true;
        call.Direction = CallDirection.Internal;
        call.Caller = new PhoneNumber(place.Number, NumberKind.Extension);
        var channel = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{by:N}-{id:N}");
        var leg = book.AddLeg(call, new LegId(place.Node, channel), device.Name, device.Name, channel, isClient: false, clicked: true);
        leg.MeantFor = talks;
        _listeners.Add(leg);
        state.Timers.Set(leg.DoubtTimer = new EngineTimer(TimerKind.Doubt, leg), state.Now.Stamp + ChannelWithin);
        leg.Action = state.Out.Act(place.Node, new PbxAction.Listen(channel, device.Name, talks.ChannelName, heard.Extension?.Number ?? "", OwnRing, device.CanAnswer && device.AutoAnswer), null);
        if (leg.Agent is { } agent)
            board.Refresh(agent);
    }

    /// <summary>One that the PBX has not told of yet ends as soon as it does.</summary>
    private void End(Leg leg)
    {
        leg.Unwanted = true;
        if (leg.InAmi)
            state.Out.Act(leg.Id.Node, new PbxAction.HangUp(leg.ChannelName, 16), null);
    }

    private void Write(Leg listener, Guid by, Agent? agent, Call call, bool listens) =>
        state.Out.Write(new CallListened(by, agent?.Id, listener.Id.Node, listener.Id.UniqueId, listens) { Seq = state.Out.TakeSeq(), At = state.Happened.Utc, Call = call.Id });
}
