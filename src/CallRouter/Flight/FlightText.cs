using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>What happened, as people read it; agents and queues by the names in the settings.</summary>
sealed class FlightText(EngineSettings settings)
{
    readonly Dictionary<Guid, string> _agents = settings.Agents.DistinctBy(a => a.Id).ToDictionary(a => a.Id, a => a.Name);
    readonly Dictionary<Guid, string> _queues = settings.Queues.DistinctBy(q => q.Id).ToDictionary(q => q.Id, q => q.Name);

    public EngineSettings Settings => settings;

    /// <summary>Who, and what they said.</summary>
    public (string Who, string What) Of(EngineInput input) => input switch
    {
        EngineInput.PbxSaid said => ("PBX", Of(said.Event)),
        EngineInput.PbxLists lists => ("PBX", $"lists {lists.Channels.Length} channels of {lists.Node}"),
        EngineInput.PbxLost lost => ("PBX", $"{lost.Node} lost: {lost.Reason}"),
        EngineInput.Fact fact => ("PBX", fact.Value.GetType().Name),
        EngineInput.RouteAsked a => ("PBX", Join("asks for a route", $"({a.State.ToString().ToLowerInvariant()})", $"{Number(a.Caller)} to {Number(a.Dialled)}", a.LastDial is { } last ? $"after {last}" : "")),
        EngineInput.RouteTaken => ("PBX", "has the answer"),
        EngineInput.RouteClosed => ("PBX", "closed the request without taking an answer"),
        EngineInput.LookupArrived l => ("look-up", Join(l.Result.Outcome.ToString(), l.Result.Candidates.IsDefaultOrEmpty ? "" : $"{l.Result.Candidates.Length} found", l.Result.Late ? "late" : "")),
        EngineInput.ActionDone d => ("PBX", d.Ok ? $"action {d.Action} done" : $"action {d.Action} failed: {d.Message}"),
        EngineInput.Command c => (Agent(c.Agent), $"asks{(c.By is null ? "" : " by a supervisor")}: {Words(c.What.GetType().Name)}{(c.What is AgentCommand.Dial dial ? Join(" " + Number(dial.Number), dial.Campaign is { } campaign ? $"for the campaign {campaign}" : "") : "")}"),
        EngineInput.SettingsChanged s => ("settings", $"version {s.Settings.Version}"),
        EngineInput.Tick => ("time", "due"),
        _ => ("router", Words(input.GetType().Name)),
    };

    public string Of(EngineEffect effect) => effect switch
    {
        EngineEffect.Write w => Of(w.Entry),
        EngineEffect.AnswerRoute a => Join("answers the PBX:", Of(a.Answer), a.AwaitPop is null ? "" : "once the card is painted"),
        EngineEffect.Act a => Join($"asks the PBX (action {a.Action}):", Of(a.What), a.AwaitPop is null ? "" : "once the card is painted"),
        EngineEffect.LookUp l => Join("looks up", Number(l.Caller), l.Late ? "(already routed)" : ""),
        EngineEffect.AnswerCommand c => c.Accepted ? "accepted" : $"refused: {c.Reason}",
        EngineEffect.Report r => $"report {r.Code}: {r.Detail}",
        _ => effect.GetType().Name,
    };

    string Of(JournalEntry entry) => entry switch
    {
        CallStarted e => Join("call started,", e.Direction.ToString().ToLowerInvariant() + ":", Number(e.Caller), e.CallerName, "to", Number(e.Dialled), e.Routed ? "" : "(observed)", e.Estimated ? "(start estimated)" : ""),
        CallRouted e => $"asked us for a route after all: {Number(e.Caller)} to {Number(e.Dialled)}",
        CallIdentified e => Join("caller is", e.Client is { } client ? $"client {client}" : e.Outcome.ToString().ToLowerInvariant(), e.Candidates.Length > 1 ? $"(of {e.Candidates.Length})" : "", e.ByAgent is { } by ? $"says {Agent(by)}" : "", e.Late ? "late" : ""),
        CallQueued e => $"enters queue {Queue(e.Queue)} at place {e.Place}",
        RouteDecided e => Decision(e),
        CallOffered e => $"offered to {Agent(e.Agent)} at {e.Device} for {e.Ring_s} s (attempt {e.Attempt})",
        OfferRang e => $"rings at {Agent(e.Agent)}",
        OfferEnded e => Join($"offer to {Agent(e.Agent)} ended: {Words(e.Outcome.ToString())}", e.TechCause is { } tech ? $"(SIP {tech})" : "", $"after {Seconds(e.Ring_ms)} of ringing"),
        LegStarted e => Join($"leg {e.ChannelName}", e.IsClient ? "(client)" : "", e.Agent is { } agent ? $"({Agent(agent)})" : "", e.Estimated ? "(found in the PBX's list)" : ""),
        LegEnded e => Join($"leg {e.UniqueId} ended, cause {e.Cause}", e.Agent is { } agent ? $"({Agent(agent)}: talk {Seconds(e.Talk_ms)}, hold {Seconds(e.Hold_ms)})" : "", e.Estimated ? "(estimated)" : ""),
        LegSpan e => Join(e.Agent is { } agent ? Agent(agent) : $"leg {e.UniqueId}", $"was in {Words(e.What.ToString())} for {Seconds((int)(e.ToAt - e.FromAt).TotalMilliseconds)}"),
        CallDialled e => $"is outbound to {e.Dialled.E164 ?? e.Dialled.Raw}",
        CallerRead e => $"the caller's number is {Number(e.Caller)}",
        CallListened e => $"{Agent(e.By)} {(e.Listens ? "listens" : "listens no longer")} to {Agent(e.Agent)}",
        CallCorrected e => Join($"corrected from the PBX's record: {Words(e.Outcome.ToString())}", $"talk {Seconds(e.Talk_ms)}"),
        CallImported e => Join($"added from the PBX's record: {Words(e.Outcome.ToString())}", $"talk {Seconds(e.Talk_ms)}"),
        CallAnswered e => $"answered by {Agent(e.Agent)} after {Seconds(e.Wait_ms)}",
        CallHeld e => $"held by {Agent(e.Agent)}",
        CallResumed e => $"taken off hold by {Agent(e.Agent)}",
        RecordingStarted e => $"recorded on {e.UniqueId}",
        RecordingUnkept e => $"the recording on {e.UniqueId} is not to be kept",
        MessageLeft e => Join($"left a message in mailbox {e.Mailbox}", e.Duration_ms is { } length ? $"of {Seconds(length)}" : "", e.State == MailboxState.New ? "" : $"({Words(e.State.ToString())} on the phone)"),
        CallMerged e => $"is one with call {e.From}",
        CallTransferred e => $"{e.Transfer.ToString().ToLowerInvariant()} transfer by {Agent(e.FromAgent)} to {(e.ToAgent is null ? e.Target : Agent(e.ToAgent))}",
        TransferChanged e => Join($"transfer by {Agent(e.FromAgent)} to {(e.ToAgent is { } to ? Agent(to) : e.ToQueue is { } queue ? Queue(queue) : e.Number)}:", Words(e.Step.ToString()), e.Reason is null ? "" : $"({e.Reason})"),
        CallEnded e => Join($"call ended: {Words(e.Outcome.ToString())}, by {e.By.ToString().ToLowerInvariant()}, cause {e.Cause};", $"wait {Seconds(e.Wait_ms)}, talk {Seconds(e.Talk_ms)}, hold {Seconds(e.Hold_ms)}", e.Estimated ? "(estimated)" : ""),
        AgentChanged e => Join($"{Agent(e.Agent)} is {Words(e.State.ToString())}", e.Reason is null ? "" : $"({e.Reason})", e.State == e.Before ? "" : $"after {Seconds(e.Before_ms)} {Words(e.Before.ToString())}"),
        SeatAsked e => $"{Agent(e.Agent)} asks {Agent(e.Holder)} for extension {e.Extension}",
        SeatAnswered e => $"{Agent(e.Agent)} asked {Agent(e.Holder)} for extension {e.Extension}: {Words(e.Outcome.ToString())}",
        WrapUpExtended e => $"wrap-up of {Agent(e.Agent)} extended to {e.Until:HH:mm:ss}",
        _ => Words(entry.GetType().Name),
    };

    /// <summary>Why the call goes there: the rule, who was rather wanted, and the figures it was decided on.</summary>
    string Decision(RouteDecided e) => Join(
        $"decided: {Words(e.Rule.ToString())}",
        e.Agent is { } agent ? $"→ {Agent(agent)}" : e.Target is { Length: > 0 } target ? $"→ {(Guid.TryParse(target, out var queue) ? Queue(queue) : target)}" : "",
        e.Place is { } place ? $"place {place}" : "",
        e.Preferred is { } preferred && preferred != e.Agent ? $"rather {Agent(preferred)} ({Words(e.PreferredBy?.ToString() ?? "")}), who is {Words(e.PreferredState?.ToString() ?? "")};" : "",
        e.Candidates.IsDefaultOrEmpty ? "" : $"free: {string.Join(", ", e.Candidates.Take(5).Select(c => $"{Agent(c.Agent)} (level {c.Level}, load {c.LoadPercent.ToString(CultureInfo.InvariantCulture)} %, idle {c.Idle_s} s)"))}{(e.CandidateCount > 5 ? $" and {e.CandidateCount - 5} more" : "")}");

    static string Of(PbxEvent e) => Join(e.Name, e["Channel"] ?? "", e.Name switch
    {
        "Newchannel" or "Newstate" => StateOf(e["ChannelState"]),
        "DialBegin" => $"dials {e["DestChannel"]}",
        "DialState" or "DialEnd" => $"{e["DestChannel"]} {e["DialStatus"]}",
        "BridgeEnter" or "BridgeLeave" => $"bridge {e["BridgeUniqueid"]}",
        "Hangup" or "HangupRequest" => Join($"cause {e["Cause"] ?? "-"}", e["TechCause"] is { } tech ? $"SIP {tech}" : ""),
        "VarSet" => $"{e["Variable"]}={e["Value"]}",
        "UserEvent" => e["UserEvent"] ?? "",
        "Newexten" => Join(e["Application"] ?? "", e["AppData"] ?? ""),
        "BlindTransfer" => $"to {e["Extension"]}",
        _ => "",
    });

    /// <summary>As AST_STATE of Asterisk's channel.h.</summary>
    static string StateOf(string? state) => state switch { "0" => "down", "4" => "calls", "5" => "rings", "6" => "up", _ => "" };

    static string Of(RouteAnswer answer) => answer switch
    {
        RouteAnswer.Dial d => $"dial {d.Device} for {d.Ring.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s{(d.Record ? ", recorded" : "")}",
        RouteAnswer.Hold h => $"hold for {h.Turn.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s at place {h.Place}",
        RouteAnswer.Call c => $"call {Number(c.Number)} for {c.Ring.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
        RouteAnswer.Keep k => $"keep for the agent for {k.Turn.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s",
        RouteAnswer.Join j => $"join {j.Channel}",
        RouteAnswer.Goto g => $"go to {g.Target}",
        RouteAnswer.Play p => $"play {p.Sound}",
        RouteAnswer.Reject r => $"reject with cause {r.Cause}",
        _ => "serve the caller by the dialplan's fallback",
    };

    static string Of(PbxAction action) => action switch
    {
        PbxAction.Redirect r => $"fetch {r.Channel} from the hold loop",
        PbxAction.Consult c => $"set {c.Client} aside, and ring {c.Device ?? Number(c.Number!)} from {c.Own}",
        PbxAction.Aside a => $"set {a.Channel} aside{(a.Held ? " with music" : "")}",
        PbxAction.Bridge b => $"bridge {b.First} with {b.Second}",
        PbxAction.Originate o => $"ring {o.Device}, then call {Number(o.Number)}{(o.Record ? ", recorded" : "")}",
        PbxAction.HangUp h => $"hang up {h.Channel} with cause {h.Cause}",
        PbxAction.Answer a => $"answer at {a.Device}",
        PbxAction.Hold h => $"hold at {h.Device}",
        _ => action.GetType().Name,
    };

    public string Agent(Guid? id) => id is not { } known ? "nobody of ours" : _agents.GetValueOrDefault(known) ?? $"agent {known}";

    string Queue(Guid id) => _queues.GetValueOrDefault(id) ?? $"queue {id}";

    static string Number(PhoneNumber number) => number.Kind == NumberKind.Withheld ? "withheld" : number.Display;

    static string Seconds(int ms) => (ms / 1000.0).ToString("0.0", CultureInfo.InvariantCulture) + " s";

    /// <summary><c>LastContacted</c> → last contacted.</summary>
    static string Words(string name) => string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    static string Join(params string[] parts) => string.Join(' ', parts.Where(p => p.Length > 0));
}
