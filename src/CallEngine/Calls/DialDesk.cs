namespace CallCrm.Engine;

/// <summary>
/// Calls out by click. The leg at the agent's own phone is known before the PBX tells of it, in doubt until it does; from then on the call
/// is like one dialled on the phone. What becomes of it the channels tell: OriginateResponse says nothing more, and less surely.
/// </summary>
internal sealed class DialDesk(EngineState state, AgentBoard board, CallBook book, LegFacts legs, IdentityDesk identity)
{
    /// <summary>A phone that can be rung has a channel within milliseconds.</summary>
    private static readonly TimeSpan ChannelWithin = TimeSpan.FromSeconds(3);

    /// <summary>Refused, or the line broke meanwhile: what came of it is then behind in the same stream, or in the next snapshot.</summary>
    private static readonly TimeSpan RefusedDoubt = TimeSpan.FromMilliseconds(300);

    /// <summary>How long the own phone rings.</summary>
    private static readonly TimeSpan OwnRing = TimeSpan.FromSeconds(30);

    /// <summary>The unique id that Originate gives the own phone's channel of a clicked call.</summary>
    public static string ChannelOf(Guid call) => $"callcrm-{call:N}";

    /// <returns>Why not; null when the PBX was asked.</returns>
    public string? Dial(Agent agent, Guid command, AgentCommand.Dial dial)
    {
        var extension = agent.Extension!;
        if (agent.Offer is not null || agent.Legs.Count > 0)
            return "in_call";
        if (NumberOf(extension, dial.Number) is not { } number)
            return "number_not_understood";
        if (number.Kind == NumberKind.Extension && string.Equals(number.Raw, extension.Number, StringComparison.Ordinal))
            return "own_extension";
        if (!state.IsUp(extension.Node))
            return "pbx_away";
        if (AgentRules.Rings(agent, nodeUp: true) is not { } device)
            return extension.Devices.Exists(d => d.Busy) ? "phone_busy" : "phone_unreachable";
        var id = DerivedId.From(command, DerivedId.DialledCall, 1);
        if (command == default || state.Calls.ContainsKey(id))
            return "command_unknown";
        Begin(agent, extension, device, id, number, dial);
        return null;
    }

    /// <returns>False: it was no action of ours that failed.</returns>
    public bool Done(EngineInput.ActionDone done)
    {
        if (done.Ok)
            return false;
        foreach (var agent in state.AgentOrder)
        {
            foreach (var leg in agent.Legs)
            {
                if (!leg.Clicked || leg.Action != done.Action)
                    continue;
                if (!leg.InAmi)
                    state.Timers.Set(leg.DoubtTimer ??= new EngineTimer(TimerKind.Doubt, leg), state.Now.Stamp + RefusedDoubt);
                state.Out.Report("dial_refused", done.Message);
                return true;
            }
        }

        return false;
    }

    /// <summary>A leg was not heard of. Whether the PBX began one while it is out of sight, only its snapshot tells.</summary>
    public void DoubtOver(Leg leg)
    {
        if (leg is { Clicked: true, InAmi: false } && !state.IsUp(leg.Id.Node))
            return;
        if (leg is { Clicked: true, InAmi: false, Call.By: EndedBy.Unknown })
            leg.Call.By = EndedBy.Pbx;
        legs.Gone(leg, cause: 0, null, hungUp: false, estimated: !leg.Clicked || leg.InAmi);
    }

    private PhoneNumber? NumberOf(Extension own, PhoneNumber number)
    {
        if (state.Extensions.ContainsKey(new NodeKey(own.Node, number.Raw)))
            return new PhoneNumber(number.Raw, NumberKind.Extension);
        return number.Kind == NumberKind.E164 || IsShort(number.Raw) ? number : null;
    }

    /// <summary>
    /// Emergency (112) and short numbers of the country or the carrier belong to no numbering plan that could be checked: they are dialled as typed.
    /// Digits alone, so few that no subscriber has them, no prefix of another country, and no extension of another PBX of the site.
    /// </summary>
    private bool IsShort(string typed) =>
        typed.Length is >= 3 and <= 6 && !typed.AsSpan().ContainsAnyExceptInRange('0', '9') && !typed.StartsWith("00", StringComparison.Ordinal)
        && !state.Extensions.Keys.Any(k => string.Equals(k.Name, typed, StringComparison.Ordinal));

    private void Begin(Agent agent, Extension extension, Device device, Guid id, PhoneNumber number, AgentCommand.Dial dial)
    {
        var call = book.Begin(id, extension.Node);
        call.Direction = number.Kind == NumberKind.Extension ? CallDirection.Internal : CallDirection.Outbound;
        call.Caller = new PhoneNumber(extension.Number, NumberKind.Extension);
        call.Dialled = number;
        call.Campaign = call.Direction == CallDirection.Outbound ? dial.Campaign : null;
        var channel = ChannelOf(id);
        var leg = book.AddLeg(call, new LegId(extension.Node, channel), device.Name, device.Name, channel, isClient: false, clicked: true);
        book.Announce(call);
        state.Timers.Set(leg.DoubtTimer = new EngineTimer(TimerKind.Doubt, leg), state.Now.Stamp + ChannelWithin);
        if (dial.Client is { } known && call.Direction == CallDirection.Outbound)
            identity.Clicked(call, known);
        else
            identity.Ask(call);
        call.Kept = CallRules.IsRecorded(call.Direction, agent, state.Settings.Settings);
        leg.Action = state.Out.Act(extension.Node, new PbxAction.Originate(channel, device.Name, number, extension.Number, id, OwnRing, call.Kept.Value, device.CanAnswer && device.AutoAnswer), null);
        board.Refresh(agent);
    }
}
