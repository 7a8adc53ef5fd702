using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>What a PBX says, as it says it: the engine's <see cref="PbxModel"/> makes facts of it, so that a log of inputs replays the model, too.</summary>
public abstract partial record EngineInput
{
    /// <summary>An AMI event that <see cref="PbxModel.EventNames"/> names, cut to <see cref="PbxModelHeaders"/>.</summary>
    /// <param name="NewCall">The call's id should this event begin one; needed when <see cref="PbxModel.MayBeginCall"/>.</param>
    public sealed record PbxSaid(PbxEvent Event, Guid NewCall = default) : EngineInput;

    /// <summary>After each login, and when events were lost: the lists of CoreShowChannels and DeviceStateList, which follow each other.</summary>
    /// <param name="NewCall">Ids of calls found in them are derived from it.</param>
    public sealed record PbxLists(string Node, ImmutableArray<PbxEvent> Channels, ImmutableArray<PbxEvent> Devices, Guid NewCall) : EngineInput;

    /// <summary>What our login may do there, after each login.</summary>
    /// <param name="Notifies">Send SIP NOTIFY to phones.</param>
    public sealed record PbxRights(string Node, bool Notifies) : EngineInput;

    /// <summary>The AMI connection ended; a <see cref="PbxLists"/> follows the next login.</summary>
    /// <param name="Silence">How long nothing had been heard when that was noticed.</param>
    public sealed record PbxLost(string Node, string Reason, TimeSpan Silence = default) : EngineInput;
}
