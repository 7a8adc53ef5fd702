namespace CallCrm.Engine;

/// <summary>The PBX owns live calls: after each login its snapshot corrects what we believe.</summary>
internal sealed class PbxHealing(EngineState state, AgentBoard board, CallBook book, LegFacts legs, RouteDesk routes, Router router)
{
    /// <summary>AGI is a stream of its own: it may tell of a channel that began after the snapshot's lists were made. AMI's own word follows then.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SameAge = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DoubtTime = TimeSpan.FromSeconds(5);

    public void Connected(PbxFact.Connected fact)
    {
        var node = Node(fact.Node);
        if (node.Connected && string.Equals(node.Version, fact.Version, StringComparison.Ordinal))
            return;
        node.Connected = true;
        node.Version = fact.Version;
        ForgetEnded(node);
        Write(node, null);
    }

    /// <summary>States are kept; devices count as unknown until the snapshot.</summary>
    public void Lost(PbxFact.Lost fact)
    {
        var node = Node(fact.Node);
        if (!node.Connected)
            return;
        node.Connected = false;
        node.Up = false;
        Write(node, fact.Reason);
        foreach (var call in state.OpenCallsInOrder())
            call.Marked &= !string.Equals(call.Node, fact.Node, StringComparison.Ordinal);
        board.RefreshAll();
    }

    public void Snapshot(PbxFact.Snapshot fact, Guid newCall)
    {
        var node = Node(fact.Node);
        if (!node.Connected)
        {
            node.Connected = true;
            Write(node, null);
        }

        foreach (var (name, deviceState) in fact.Devices)
        {
            if (state.FindDevice(fact.Node, name) is { } device)
                device.State = deviceState;
        }

        EndVanished(fact);
        var adopted = 0;
        foreach (var leg in fact.Legs)
            adopted += Take(leg, newCall, adopted + 1) ? 1 : 0;
        foreach (var leg in fact.Legs)
            Repair(leg);
        node.Up = true;
        board.RefreshAll();
        Resume(fact);
    }

    private void EndVanished(PbxFact.Snapshot fact)
    {
        var living = new Dictionary<LegId, SnapshotLeg>(fact.Legs.Length);
        foreach (var leg in fact.Legs)
            living[leg.Leg] = leg;
        foreach (var leg in state.LiveLegsInOrder(fact.Node))
        {
            if (living.TryGetValue(leg.Id, out var seen))
            {
                if (IsOther(leg, seen))
                {
                    legs.Gone(leg, cause: 0, null, hungUp: false, estimated: true);
                    state.Legs.Remove(leg.Id);
                }

                continue;
            }

            // One that began before us cannot be ahead of the snapshot.
            if (leg.Restored || state.Now.Stamp - leg.CreatedAt >= Young)
                legs.Gone(leg, cause: 0, null, hungUp: false, estimated: true);
            else
                state.Timers.Set(leg.DoubtTimer ??= new EngineTimer(TimerKind.Doubt, leg), state.Now.Stamp + DoubtTime);
        }
    }

    /// <summary>A PBX that was replaced, or whose clock was set back, gives ids again: a channel clearly younger than ours is another one.</summary>
    /// <remarks>What the last router left is dated by the wall clock, which may have been set since: it is believed.</remarks>
    private bool IsOther(Leg ours, SnapshotLeg seen) => !ours.Restored && state.Now.Stamp - ours.CreatedAt - seen.Age > SameAge;

    /// <summary>After a login nothing comes late of what was before it, and ids of ended channels may be those of new ones.</summary>
    private void ForgetEnded(PbxNode node)
    {
        foreach (var leg in state.Legs.Values.Where(l => !l.Live && string.Equals(l.Id.Node, node.Name, StringComparison.Ordinal)).ToArray())
            state.Legs.Remove(leg.Id);
    }

    private bool Take(SnapshotLeg seen, Guid newCall, int number)
    {
        if (state.Legs.TryGetValue(seen.Leg, out var known))
        {
            if (known.Live)
                book.Link(known, seen.LinkedId);
            else
                state.Out.Report("snapshot_of_ended_leg", seen.Leg.ToString());
            return false;
        }

        var isTrunk = state.Settings.IsTrunk(seen.Leg.Node, seen.Device);
        var call = CallOf(seen);
        var isNew = call is null;
        if (call is null)
        {
            if (newCall == default)
            {
                state.Out.Report("no_new_call_id", seen.Leg.ToString());
                return false;
            }

            call = Adopt(seen, DerivedId.From(newCall, DerivedId.AdoptedCall, number), isTrunk);
        }

        if (isTrunk && call.Client is null && call.Direction == CallDirection.Internal)
            call.Direction = CallDirection.Outbound;
        var leg = book.AddLeg(call, seen.Leg, seen.ChannelName, seen.Device, seen.LinkedId, isTrunk, estimated: true);
        leg.Dials = isNew && leg.Agent is not null && string.Equals(seen.Leg.UniqueId, seen.LinkedId, StringComparison.Ordinal);
        return isNew;
    }

    private Call? CallOf(SnapshotLeg seen)
    {
        if (seen.CallId is { } text && Guid.TryParse(text, out var id) && state.Calls.TryGetValue(id, out var ours) && !ours.Ended)
            return ours;
        return state.Links.TryGetValue(new NodeKey(seen.Leg.Node, seen.LinkedId), out var linked) && !linked.Ended ? linked : null;
    }

    private Call Adopt(SnapshotLeg seen, Guid id, bool isTrunk)
    {
        var call = book.Begin(id, seen.Leg.Node);
        call.StartedAt -= seen.Age;
        call.StartedUtc -= seen.Age;
        call.Estimated = true;
        var toExtension = state.Extensions.ContainsKey(new NodeKey(seen.Leg.Node, seen.DialledNumber));
        call.Direction = isTrunk ? CallDirection.Inbound : CallDirection.Internal;
        call.Caller = CallRules.Read(seen.CallerNumber, seen.NumberRestricted, state.Extensions.ContainsKey(new NodeKey(seen.Leg.Node, seen.CallerNumber)));
        call.CallerName = seen.CallerName;
        call.Dialled = CallRules.Read(seen.DialledNumber, restricted: false, toExtension);
        book.AnnounceSoon(call);
        return call;
    }

    private void Repair(SnapshotLeg seen)
    {
        if (legs.Live(seen.Leg) is not { } leg)
            return;
        book.Announce(leg.Call);
        leg.Rang |= seen.Ringing;
        if (seen.BridgeId is { } bridge)
        {
            if (leg.Call.Offer is { IsDialled: true } offer && !leg.IsClient && leg.Agent is { } agent && ReferenceEquals(offer.Agent, agent))
                legs.AnsweredUnseen(offer, leg);
            if (!string.Equals(leg.Bridge, bridge, StringComparison.Ordinal))
                legs.Join(leg, bridge);
        }
        else if (leg.Bridge is { } old)
        {
            legs.Left(new PbxFact.LegLeft(seen.Leg.Node, null, seen.Leg, old));
        }
        else if (leg is { Restored: true, InTalkSince: not null })
        {
            legs.NoTalk(leg);
        }
    }

    /// <summary>Callers whose hold mark we missed can be fetched again; those whose dial ended unseen ask by themselves.</summary>
    private void Resume(PbxFact.Snapshot fact)
    {
        foreach (var seen in fact.Legs)
        {
            // One who waits, and neither asks nor rings, is in the hold loop.
            if (string.Equals(seen.Context, "callcrm-route", StringComparison.Ordinal) && seen.Application is not ("" or "AGI" or "Dial" or "Answer"))
                legs.HoldMarked(seen.Leg);
        }

        foreach (var call in state.OpenCallsInOrder())
        {
            if (!string.Equals(call.Node, fact.Node, StringComparison.Ordinal))
                continue;
            routes.DialResultKnown(call);
            if (call.State == CallState.Waiting && call.Queue is { Reachable: 0 } queue)
                router.Emptied(queue);
        }
    }

    private PbxNode Node(string name)
    {
        if (!state.Nodes.TryGetValue(name, out var node))
            state.Nodes.Add(name, node = new PbxNode(name));
        return node;
    }

    private void Write(PbxNode node, string? reason) =>
        state.Out.Write(new PbxChanged(node.Name, node.Connected, reason, node.Version) { Seq = state.Out.TakeSeq(), At = state.Now.Utc });
}
