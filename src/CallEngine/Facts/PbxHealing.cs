namespace CallCrm.Engine;

/// <summary>The PBX owns live calls: after each login its snapshot corrects what we believe.</summary>
internal sealed class PbxHealing(EngineState state, AgentBoard board, CallBook book, LegFacts legs, RouteDesk routes, Router router, ListenDesk listens)
{
    /// <summary>AGI is a stream of its own: it may tell of a channel that began after the snapshot's lists were made. AMI's own word follows then.</summary>
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SameAge = TimeSpan.FromSeconds(10);

    /// <summary>What AMI has to say of it is behind the lists in the same stream.</summary>
    private static readonly TimeSpan DoubtTime = TimeSpan.FromMilliseconds(900);

    public void Connected(PbxFact.Connected fact)
    {
        var node = Node(fact.Node);
        node.Connected = true;
        node.Version = fact.Version;
        ForgetEnded(node);
    }

    public void Rights(EngineInput.PbxRights rights) => Node(rights.Node).Notifies = rights.Notifies;

    /// <summary>States are kept; devices count as unknown until the snapshot. It is out of sight since it was last heard, not since that was noticed.</summary>
    public void Lost(PbxFact.Lost fact)
    {
        var node = Node(fact.Node);
        node.Connected = false;
        node.Up = false;
        var heard = new Moment(state.Now.Stamp - fact.Silence, state.Now.Utc - fact.Silence);
        node.LostAt ??= heard;
        state.ClockOf(fact.Node).Forget();
        if (node.ToldUp is false)
            return;
        Write(node, fact.Reason, heard);
        foreach (var call in state.OpenCallsInOrder())
            call.Marked &= !string.Equals(call.Node, fact.Node, StringComparison.Ordinal);
        board.RefreshAll();
    }

    public void Snapshot(PbxFact.Snapshot fact, Guid newCall)
    {
        var node = Node(fact.Node);
        node.Connected = true;
        TakeDevices(fact, afterLoss: !node.Up);
        state.Timers.Set(node.PhonesTimer ??= new EngineTimer(TimerKind.PhonesReturn, node), state.Now.Stamp + state.Options.PhonesReturnWithin);
        EndVanished(fact, node.LostAt);
        node.LostAt = null;
        var adopted = 0;
        var living = new HashSet<string>(StringComparer.Ordinal);
        foreach (var leg in fact.Legs)
            living.Add(leg.Leg.UniqueId);
        // A call is what its first channel says of it, wherever the PBX lists that.
        foreach (var leg in fact.Legs.OrderBy(l => !string.Equals(l.Leg.UniqueId, l.LinkedId, StringComparison.Ordinal)))
            adopted += Take(leg, newCall, adopted + 1, living) ? 1 : 0;
        foreach (var leg in fact.Legs)
            Repair(leg);
        node.Up = true;
        board.RefreshAll();
        Resume(fact);
        // Only now is what people see true again: a login alone takes no warning away.
        if (node.ToldUp is not true || !string.Equals(node.ToldVersion, node.Version, StringComparison.Ordinal))
            Write(node, null, state.Now);
    }

    /// <summary>Phones that have not come back by now are gone.</summary>
    public void PhonesDue(PbxNode node)
    {
        foreach (var (key, device) in state.Devices)
            device.MayReturn &= !string.Equals(key.Node, node.Name, StringComparison.Ordinal);
        board.RefreshAll();
    }

    /// <summary>A device that the PBX does not list is unknown to it, whatever it was before.</summary>
    private void TakeDevices(PbxFact.Snapshot fact, bool afterLoss)
    {
        var listed = new Dictionary<string, DeviceState>(StringComparer.Ordinal);
        foreach (var (name, deviceState) in fact.Devices)
            listed[name] = deviceState;
        foreach (var (key, device) in state.Devices)
        {
            if (!string.Equals(key.Node, fact.Node, StringComparison.Ordinal))
                continue;
            var wasThere = device.MayReturn || device is { Gone: false, State: not DeviceState.Unknown };
            device.State = listed.GetValueOrDefault(key.Name);
            device.MayReturn = device.Gone && wasThere && (afterLoss || device.MayReturn);
        }
    }

    private void EndVanished(PbxFact.Snapshot fact, Moment? lostAt)
    {
        var living = new Dictionary<LegId, SnapshotLeg>(fact.Legs.Length);
        foreach (var leg in fact.Legs)
            living[leg.Leg] = leg;
        var gone = new List<Leg>();
        foreach (var leg in state.LiveLegsInOrder(fact.Node))
        {
            var isOther = living.TryGetValue(leg.Id, out var seen) && IsOther(leg, seen);
            if (seen is not null && !isOther)
                continue;
            leg.VanishedAt = LastKnown(leg, lostAt);
            if (isOther || leg.InAmi || leg.DoubtTimer is { IsSet: true } || state.Now.Stamp - leg.CreatedAt >= Young)
                gone.Add(leg);
            else
                state.Timers.Set(leg.DoubtTimer ??= new EngineTimer(TimerKind.Doubt, leg), state.Now.Stamp + DoubtTime);
        }

        // In the order in which they went: nobody talks on with a leg that was gone before.
        foreach (var leg in gone.OrderBy(l => l.VanishedAt?.Stamp ?? state.Now.Stamp))
        {
            legs.Gone(leg, cause: 0, null, hungUp: false, estimated: true);
            // A PBX that came back at once may give the very id to its first new channel.
            if (lostAt is not null || living.ContainsKey(leg.Id))
                state.Legs.Remove(leg.Id);
        }
    }

    /// <summary>It was there until the line was last heard, or as long as is booked of it. Of who came, or asked by AGI, since then nothing is known but that they are gone now.</summary>
    private Moment? LastKnown(Leg leg, Moment? lostAt)
    {
        if (lostAt is not { } lost)
            return null;
        var known = leg is { IsClient: true, Call.AskedAt: { } asked } && asked > leg.CreatedAt ? asked : leg.CreatedAt;
        if (lost.Stamp < known)
            return null;
        return lost.Stamp >= leg.DoneUntil ? lost : new Moment(leg.DoneUntil, state.Now.Utc - (state.Now.Stamp - leg.DoneUntil));
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

    private bool Take(SnapshotLeg seen, Guid newCall, int number, HashSet<string> living)
    {
        if (state.Legs.TryGetValue(seen.Leg, out var known))
        {
            known.InAmi = true;
            known.ChannelName = seen.ChannelName;
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
            call.Remnant = seen.BridgeId is null && !living.Contains(seen.LinkedId);
        }

        if (isTrunk && call.Client is null && call.Direction == CallDirection.Internal)
            call.Direction = CallDirection.Outbound;
        var leg = book.AddLeg(call, seen.Leg, seen.ChannelName, seen.Device, seen.LinkedId, isTrunk && !call.ReachesOut, estimated: true);
        leg.InAmi = true;
        if (isNew && leg.ListensFor is not null)
            listens.Stray(leg);
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
        // It asks us, or asked in vain and is served by the dialplan's fallback, or has just come to a number of ours and is on the way to ask.
        var fallback = IsInFallback(seen);
        var coming = !seen.Up && seen.Application is not ("Dial" or "Queue") && state.Settings.Dialled(call.Dialled) is not null;
        call.Routed = isTrunk && (fallback || coming || string.Equals(seen.Context, "callcrm-route", StringComparison.Ordinal));
        if (call.Routed && fallback)
            call.Final = RouteRule.Fallback;
        book.AnnounceSoon(call);
        return call;
    }

    private void Repair(SnapshotLeg seen)
    {
        if (legs.Live(seen.Leg) is not { } leg)
            return;
        book.AnnounceUnlessRemnant(leg.Call);
        leg.Rang |= seen.Ringing;
        leg.Waits = seen.Waits;
        state.Touch(leg.Call);
        // Whoever is up at an own device speaks, or dials: also when we did not see how it began.
        leg.Answered |= seen.Up && !leg.IsClient;
        if (leg is { Agent: not null, Clicked: false })
            leg.Dials = IsDialler(seen) || (leg.Dials && !IsRung(seen));
        if (leg is { Rang: true, Answered: false })
            legs.RingsByItself(leg.Call, leg);
        if (seen.BridgeId is { } bridge)
        {
            if (leg.Call.Offer is { IsDialled: true } offer && !leg.IsClient && leg.Agent is { } agent && ReferenceEquals(offer.Agent, agent))
                legs.AnsweredUnseen(offer, leg);
            if (!string.Equals(leg.Bridge, bridge, StringComparison.Ordinal))
            {
                // Since when is not known, be it the agent's side or, at the first talk, the client's: CEL may tell.
                leg.Call.EndEstimated |= leg.RestoredTalk is null && (!leg.IsClient || leg.Call.AnsweredAt is null);
                legs.Join(leg, bridge, seen.Conference);
            }
        }
        else
        {
            leg.RestoredTalk = null;
            if (leg.Bridge is { } old)
                legs.Left(new PbxFact.LegLeft(seen.Leg.Node, null, seen.Leg, old));
        }
    }

    /// <summary>The root channel of its call, which the PBX did not ring itself (AppDial2: an Originate).</summary>
    private static bool IsDialler(SnapshotLeg seen) =>
        string.Equals(seen.Leg.UniqueId, seen.LinkedId, StringComparison.Ordinal) && !IsRung(seen);

    private static bool IsInFallback(SnapshotLeg seen) => seen.Context.StartsWith("callcrm-fallback", StringComparison.Ordinal);

    private static bool IsRung(SnapshotLeg seen) => seen.Ringing || seen.Application is "AppDial" or "AppDial2" or "AppQueue";

    /// <summary>Callers whose hold mark we missed can be fetched again; those whose dial ended unseen ask by themselves.</summary>
    private void Resume(PbxFact.Snapshot fact)
    {
        foreach (var seen in fact.Legs)
        {
            if ((seen.BridgeId is not null || seen.Application is not ("" or "AGI" or "Dial")) && legs.Live(seen.Leg) is { Call: var dialled } asker && ReferenceEquals(dialled.Client, asker))
                legs.DialOver(dialled);
            // One who waits, and neither asks nor rings, is in the hold loop.
            if (string.Equals(seen.Context, "callcrm-route", StringComparison.Ordinal) && seen.Application is not ("" or "AGI" or "Dial" or "Answer"))
                legs.HoldMarked(seen.Leg);
            else if (seen.Context is not ("" or "callcrm-route") && legs.Live(seen.Leg) is { Call: var call } leg && ReferenceEquals(call.Client, leg))
            {
                if (IsInFallback(seen) && call.AnsweredAt is null)
                    call.Final ??= RouteRule.Fallback;
                routes.Adrift(call);
            }
        }

        foreach (var call in state.OpenCallsInOrder())
        {
            if (!string.Equals(call.Node, fact.Node, StringComparison.Ordinal))
                continue;
            routes.DialResultKnown(call);
            legs.Steer(call);
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

    private void Write(PbxNode node, string? reason, Moment since)
    {
        (node.ToldUp, node.ToldVersion) = (node.Up, node.Version);
        state.Out.Write(new PbxChanged(node.Name, node.Up, reason, node.Version) { Seq = state.Out.TakeSeq(), At = since.Utc });
    }
}
