using System.Collections.Immutable;

namespace CallCrm.Engine;

/// <summary>The engine at one moment, immutable.</summary>
/// <param name="Reports">Inputs that made no sense so far, by code.</param>
public sealed record EngineView(Moment At, long LastSeq, int OpenCalls, ImmutableArray<QueueView> Queues, ImmutableArray<AgentView> Agents,
    ImmutableArray<PbxView> Pbxs, ImmutableArray<KeyValuePair<string, long>> Reports)
{
    internal static EngineView Of(EngineState state)
    {
        var agents = ImmutableArray.CreateBuilder<AgentView>(state.AgentOrder.Count);
        foreach (var agent in state.AgentOrder)
            agents.Add(new AgentView(agent.Id, agent.State, agent.Reason, agent.SinceUtc, AgentBoard.CallOf(agent), agent.Free, agent.LoadTenths / 10m));
        var queues = ImmutableArray.CreateBuilder<QueueView>(state.QueueOrder.Count);
        foreach (var queue in state.QueueOrder)
            queues.Add(new QueueView(queue.Id, [.. queue.Line.Select(c => new WaitingView(c.Id, state.Now.Stamp - (c.QueuedAt ?? c.WaitingSince)))], queue.Free.Count, queue.Reachable));
        return new EngineView(state.Now, state.Out.NextSeq - 1, state.OpenCalls, queues.MoveToImmutable(), agents.MoveToImmutable(),
            [.. state.Nodes.Values.Select(n => new PbxView(n.Name, n.Connected, n.Up, state.Clocks.GetValueOrDefault(n.Name)?.Offset, state.Clocks.GetValueOrDefault(n.Name)?.Delay ?? TimeSpan.Zero))], [.. state.Out.Reports]);
    }
}

/// <param name="Waiting">In line, first first.</param>
public sealed record QueueView(Guid Queue, ImmutableArray<WaitingView> Waiting, int FreeAgents, int ReachableAgents);

public readonly record struct WaitingView(Guid Call, TimeSpan Wait);

public readonly record struct AgentView(Guid Agent, AgentState State, string? Reason, DateTimeOffset Since, Guid? Call, bool Free, decimal LoadPercent);

/// <summary>An extension, as one looks for a place.</summary>
/// <param name="Holder">Null: free.</param>
/// <param name="InCall">The holder's: it cannot be had now.</param>
/// <param name="HasPage">The holder can be asked; else the place is given at once.</param>
/// <param name="Registered">Null: nobody knows now.</param>
/// <param name="Asker">Who asks for it already.</param>
public readonly record struct SeatView(string Node, string Number, Guid? Holder, AgentState? HolderState, bool InCall, bool HasPage, bool? Registered, Guid? Asker, ImmutableArray<SeatPhone> Phones = default)
{
    internal static ImmutableArray<SeatView> Of(EngineState state, PageWatch pages) =>
    [
        .. state.Extensions.Values.OrderBy(e => e.Node, StringComparer.Ordinal).ThenBy(e => e.Number, StringComparer.Ordinal).Select(e => new SeatView(e.Node, e.Number,
            e.Holder?.Id, e.Holder?.State, e.Holder is { } holder && (holder.Offer is not null || holder.Legs.Count > 0), e.Holder is { Id: var id } && pages.IsSeen(id),
            AgentRules.IsRegistered(e, state.IsUp(e.Node)), state.SeatAsks.Find(a => ReferenceEquals(a.Extension, e))?.Asker.Id,
            [.. e.Devices.Select(d => new SeatPhone(d.Name, AgentRules.IsRegistered(d, state.IsUp(e.Node))))])),
    ];
}

/// <summary>A device of a place.</summary>
/// <param name="Registered">Null: nobody knows now.</param>
public readonly record struct SeatPhone(string Device, bool? Registered);

/// <param name="InSync">Connected, and its snapshot taken in.</param>
/// <param name="ClockOffset">Host's clock minus the PBX's, with the shortest way of an event; null when its events carry no Timestamp.</param>
/// <param name="EventDelay">How much later than that its last event was read.</param>
public readonly record struct PbxView(string Node, bool Connected, bool InSync, TimeSpan? ClockOffset = null, TimeSpan EventDelay = default);
