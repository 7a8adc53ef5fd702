using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>Which inputs and effects of a replay belong to one call. To be asked after the engine has handled the input.</summary>
sealed class CallWatch(Guid call)
{
    static readonly string[] s_channels =
    [
        "Uniqueid", "DestUniqueid", "TransfererUniqueid", "TransfereeUniqueid", "OrigTransfererUniqueid", "TransferTargetUniqueid", "TargetUniqueid", "SwapUniqueid",
        "LocalOneUniqueid", "LocalTwoUniqueid", "SourceUniqueid",
    ];

    readonly HashSet<Guid> _requests = [];
    readonly HashSet<long> _actions = [];

    /// <summary>The call was seen to begin and to end.</summary>
    public bool Ended { get; private set; }

    public bool Has(CallEngine engine, EngineInput input, IReadOnlyList<EngineEffect> effects)
    {
        var here = engine.State.Calls.GetValueOrDefault(call);
        var has = here is not null && Concerns(engine.State, here, input);
        foreach (var effect in effects)
            has |= Has(engine.State, here, effect);
        return has;
    }

    public bool Has(CallEngine engine, EngineEffect effect) => Has(engine.State, engine.State.Calls.GetValueOrDefault(call), effect);

    bool Has(EngineState state, Call? here, EngineEffect effect)
    {
        switch (effect)
        {
            case EngineEffect.Write { Entry: var entry }:
                Ended |= entry is CallEnded && (entry.Call == call || entry.Call == here?.Id);
                return entry.Call == call || (here is not null && entry.Call == here.Id) || entry is CallMerged { From: var from } && from == call;
            case EngineEffect.AnswerRoute answer when answer.Call == call || answer.Call == here?.Id:
                _requests.Add(answer.Request);
                return true;
            case EngineEffect.Act { What: PbxAction.Originate dial } act when dial.Call == call || dial.Call == here?.Id:
                _actions.Add(act.Action);
                return true;
            case EngineEffect.Act act when here is not null && ChannelOf(act.What) is { } channel && here.Legs.Exists(l => l.ChannelName == channel):
                _actions.Add(act.Action);
                return true;
            case EngineEffect.LookUp lookUp:
                return lookUp.Call == call || lookUp.Call == here?.Id;
            default:
                return false;
        }
    }

    bool Concerns(EngineState state, Call here, EngineInput input)
    {
        switch (input)
        {
            case EngineInput.PbxSaid { Event: var e }:
                return CallOf(state, e) == here;
            case EngineInput.Fact { Value: PbxFact.LegCreated { Leg: var leg } }:
                return CallOf(state, leg) == here;
            case EngineInput.RouteAsked asked when CallOf(state, asked.Leg) == here:
                _requests.Add(asked.Request);
                return true;
            case EngineInput.RouteTaken taken:
                return _requests.Contains(taken.Request);
            case EngineInput.RouteClosed closed:
                return _requests.Contains(closed.Request);
            case EngineInput.ActionDone done:
                return _actions.Contains(done.Action);
            case EngineInput.LookupArrived arrived:
                return state.Calls.GetValueOrDefault(arrived.Call) == here;
            case EngineInput.Command command:
                return CallOf(command.What) is { } named && state.Calls.GetValueOrDefault(named) == here;
            default:
                return false;
        }
    }

    /// <summary>The call of a channel that the event names; a Local channel has none of its own, but its linked id leads there.</summary>
    internal static Call? CallOf(EngineState state, PbxEvent e)
    {
        foreach (var key in s_channels)
        {
            if (e[key] is { Length: > 0 } id && CallOf(state, new LegId(e.Node, id)) is { } call)
                return call;
        }

        return (e["Linkedid"] ?? e["DestLinkedid"]) is { Length: > 0 } linked ? state.Links.GetValueOrDefault(new NodeKey(e.Node, linked)) : null;
    }

    internal static Call? CallOf(EngineState state, LegId leg) => state.Legs.GetValueOrDefault(leg)?.Call;

    internal static Guid? CallOf(AgentCommand what) => what switch
    {
        AgentCommand.Answer c => c.Call,
        AgentCommand.HangUp c => c.Call,
        AgentCommand.Hold c => c.Call,
        AgentCommand.Resume c => c.Call,
        AgentCommand.FinishWrapUp c => c.Call,
        AgentCommand.ExtendWrapUp c => c.Call,
        AgentCommand.AttachClient c => c.Call,
        AgentCommand.Transfer c => c.Call,
        AgentCommand.Consult c => c.Call,
        AgentCommand.Swap c => c.Call,
        AgentCommand.Join c => c.Call,
        AgentCommand.CancelTransfer c => c.Call,
        AgentCommand.CompleteTransfer c => c.Call,
        _ => null,
    };

    static string? ChannelOf(PbxAction what) => what switch
    {
        PbxAction.Redirect a => a.Channel,
        PbxAction.Consult a => a.Client,
        PbxAction.Aside a => a.Channel,
        PbxAction.Bridge a => a.First,
        PbxAction.HangUp a => a.Channel,
        PbxAction.Answer a => a.Channel,
        PbxAction.Hold a => a.Channel,
        _ => null,
    };
}
