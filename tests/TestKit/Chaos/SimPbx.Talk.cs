namespace CallCrm.TestKit.Chaos;

/// <summary>What people do once they talk.</summary>
internal sealed partial class SimPbx
{
    /// <summary>
    /// The caller's talk, until somebody hangs up or the caller is sent elsewhere. Afterwards <paramref name="sentTo"/> names the phone of a
    /// blind transfer, else both are gone.
    /// </summary>
    IEnumerable<double> Talk(SimLeg caller, SimLeg phone, List<string> sentTo)
    {
        // The agent enters first, then the caller.
        var bridge = Join(phone);
        if (Chance(20))
            yield return Between(1, 20);
        Enter(caller, bridge);
        caller.Talks = true;
        for (var scene = _random.Next(3); scene >= 0 && !caller.Interrupted; scene--)
        {
            yield return Between(500, 12_000);
            if (caller.Interrupted)
                break;
            switch (_random.Next(8))
            {
                case 0 or 1:
                    Emit("Hold", phone);
                    yield return Between(300, 6_000);
                    if (!caller.Interrupted || Chance(50))
                        Emit("Unhold", phone);
                    break;
                case 2 when Idle() is { } target:
                    SendBlind(caller, phone, target, sentTo);
                    yield break;
                case 3 when Idle() is { } target && Agents.Contains(phone.Channel.Device):
                    var taken = new List<SimLeg>();
                    foreach (var wait in Consult(caller, phone, target, taken))
                        yield return wait;
                    if (taken.Count > 0)
                        phone = taken[0];
                    break;
            }
        }

        caller.Talks = false;
        EndBoth(caller, phone, caller.HangUpDue || Chance(50) ? caller : phone);
    }

    void SendBlind(SimLeg caller, SimLeg phone, string target, List<string> sentTo)
    {
        caller.Talks = false;
        Emit("Unhold", phone);
        Emit("BlindTransfer", [
            new("TransfererUniqueid", phone.Channel.UniqueId), new("TransfereeUniqueid", caller.Channel.UniqueId), new("Extension", target["PJSIP/".Length..]), new("Result", "Success"),
        ]);
        var bridge = caller.Channel.Bridge;
        Leave(phone);
        Leave(caller);
        if (bridge is not null)
            Emit("BridgeDestroy", [new("BridgeUniqueid", bridge)]);
        HangUp(phone, 16);
        sentTo.Add(target);
    }

    /// <summary>Attended transfer by REFER with Replaces (trace 10); the colleague may not take it, then the agent comes back.</summary>
    IEnumerable<double> Consult(SimLeg caller, SimLeg phone, string target, List<SimLeg> taken)
    {
        Emit("Hold", phone);
        yield return Between(100, 1_500);
        var second = NewLeg(phone.Channel.Device, "4", number: phone.Channel.Device["PJSIP/".Length..], exten: target["PJSIP/".Length..], context: "callcrm-agents");
        var told = new SimDialled();
        foreach (var wait in Dial(second, target, 8_000, told))
            yield return wait;
        if (told.Other is not { } colleague)
        {
            HangUp(second, 16);
            Emit("Unhold", phone);
            yield break;
        }

        var bridge = Join(colleague, second);
        yield return Between(300, 5_000);
        Emit("Unhold", phone);
        Emit("Unhold", second);
        if (caller.Interrupted || Chance(20))
        {
            EndBoth(second, colleague, second);
            yield break;
        }

        Leave(caller);
        Leave(second);
        var old = phone.Channel.Bridge;
        Adopt(colleague, caller.Channel.LinkedId);
        Enter(caller, bridge, swap: second);
        Emit("AttendedTransfer", [
            new("OrigTransfererUniqueid", phone.Channel.UniqueId), new("SecondTransfererUniqueid", second.Channel.UniqueId), new("TransfereeUniqueid", caller.Channel.UniqueId),
            new("TransferTargetUniqueid", colleague.Channel.UniqueId), new("Result", "Success"),
        ]);
        HangUp(phone, 16);
        if (old is not null)
            Emit("BridgeDestroy", [new("BridgeUniqueid", old)]);
        yield return Between(0, 3);
        HangUp(second, 16);
        taken.Add(colleague);
    }

    /// <summary>The older linked id wins; the next event of the channel tells.</summary>
    static void Adopt(SimLeg leg, string linked) => (leg.Channel.FormerLinkedId, leg.Channel.LinkedId) = (leg.Channel.LinkedId, linked);

    string? Idle()
    {
        var idle = Agents.Where(IsIdle).ToArray();
        return idle.Length == 0 ? null : idle[_random.Next(idle.Length)];
    }
}
