using System.Globalization;

namespace CallCrm.Engine.Tests;

/// <summary>One line of plain text for each effect, so that a story can be read.</summary>
internal static class EffectText
{
    public static string Of(EngineEffect effect, Func<Guid, string> name)
    {
        string Who(Guid? id) => id is { } known ? name(known) : "-";
        return effect switch
        {
            EngineEffect.Write w => Of(w.Entry, name),
            EngineEffect.AnswerRoute a => Join("answer", Who(a.Request), Of(a.Answer), a.AwaitPop is { } pop ? $"after pop {Who(pop)}" : ""),
            EngineEffect.Act a => Join($"act #{a.Action.ToString(CultureInfo.InvariantCulture)}", Of(a.What), a.AwaitPop is { } pop ? $"after pop {Who(pop)}" : ""),
            EngineEffect.LookUp l => Join("look up", Who(l.Call), l.Caller.Display, l.Source is null ? "" : $"source {l.Source}", l.Late ? "late" : "", l.MayCreate ? "" : "only"),
            EngineEffect.AnswerCommand c => c.Accepted ? $"{Who(c.Command)} accepted" : Join($"{Who(c.Command)} refused {c.Reason}", c.Other is { } other ? $"({Who(other)})" : ""),
            EngineEffect.Breach b => Join("breach", b.Code, b.Call is { } of ? Who(of) : "", b.Node ?? ""),
            EngineEffect.Look l => $"look {l.Node}",
            EngineEffect.Report r => $"report {r.Code}",
            _ => effect.ToString(),
        };
    }

    private static string Of(JournalEntry entry, Func<Guid, string> name)
    {
        string Who(Guid? id) => id is { } known ? name(known) : "-";
        var call = Who(entry.Call);
        return entry switch
        {
            CallStarted e => Join(call, "started", e.Direction.ToString(), Number(e.Caller), "to", Number(e.Dialled), e.Routed ? "routed" : "observed", e.Estimated ? "estimated" : ""),
            CallRouted e => Join(call, "routed", Number(e.Caller), "to", Number(e.Dialled)),
            CallDialled e => Join(call, "is", e.Direction.ToString(), "to", Number(e.Dialled)),
            CallIdentified e => Join(call, "is", e.Outcome.ToString(), Who(e.Client), e.Candidates.Length > 1 ? $"of {e.Candidates.Length}" : "", e.ByAgent is { } by ? $"by {Who(by)}" : "", e.Late ? "late" : ""),
            CallQueued e => $"{call} queued {Who(e.Queue)} place {e.Place}",
            RouteDecided e => Join(call, "decided", e.Rule.ToString(), e.Agent is null ? "" : Who(e.Agent), e.Target is null ? "" : $"target {Target(e.Target, name)}",
                e.PreferredBy is null ? "" : $"rather {Who(e.Preferred)} ({e.PreferredBy}, {e.PreferredState})", e.CandidateCount > 0 ? $"of {e.CandidateCount}" : "", e.Place is { } place ? $"place {place}" : ""),
            CallOffered e => $"{call} offered {Who(e.Offer)} {Who(e.Agent)} {e.Device} {e.Ring_s}s {e.Rule}",
            OfferRang e => $"{Who(e.Offer)} rang",
            OfferEnded e => Join($"{Who(e.Offer)} ended", e.Outcome.ToString(), e.TechCause is { } tech ? $"({tech})" : "", e.Ring_ms > 0 ? $"{e.Ring_ms}ms" : "", e.AnsweredBy is { } by ? $"by {Who(by)}" : ""),
            LegStarted e => Join(call, "leg", e.UniqueId, e.IsClient ? "client" : "", e.Agent is null ? "" : Who(e.Agent), e.Estimated ? "estimated" : ""),
            LegEnded e => Join(call, "leg", e.UniqueId, "ended", e.Cause.ToString(CultureInfo.InvariantCulture), e.Agent is null ? "" : $"{Who(e.Agent)} talk {e.Talk_ms} hold {e.Hold_ms}", e.Estimated ? "estimated" : ""),
            CallAnswered e => $"{call} answered {Who(e.Agent)} by {Who(e.Offer)} wait {e.Wait_ms}{(e.Estimated ? " estimated" : "")}",
            CallHeld e => $"{call} held by {Who(e.Agent)}",
            CallResumed e => $"{call} resumed by {Who(e.Agent)}",
            RecordingStarted e => $"{call} recorded on {e.UniqueId}",
            RecordingUnkept e => $"{call} recording on {e.UniqueId} not kept",
            CallMerged e => $"{call} merged from {Who(e.From)}",
            CallTransferred e => $"{call} transferred {e.Transfer} {Who(e.FromAgent)} to {Who(e.ToAgent)} ({e.Target})",
            TransferChanged e => Join(call, "transfer", e.Step.ToString(), e.Transfer.ToString(), Who(e.FromAgent), "to", e.ToAgent is null ? "" : Who(e.ToAgent), e.ToQueue is null ? "" : Who(e.ToQueue), e.Number ?? "", e.Reason is null ? "" : $"({e.Reason})"),
            CallEnded e => Join(call, "ended", e.Outcome.ToString(), $"by {e.By}", $"agent {Who(e.Agent)}", $"wait {e.Wait_ms} talk {e.Talk_ms} hold {e.Hold_ms}", e.Estimated ? "estimated" : ""),
            CallCorrected e => Join(call, "corrected", e.Outcome.ToString(), $"by {e.By}", $"agent {Who(e.Agent)}", $"wait {e.Wait_ms} talk {e.Talk_ms}", $"legs {e.Legs.Length}", e.Estimated ? "estimated" : ""),
            CallImported e => Join(call, "imported", e.Direction.ToString(), Number(e.Caller), "to", Number(e.Dialled), e.Outcome.ToString(), $"by {e.By}", $"agent {Who(e.Agent)}", $"client {Who(e.Client)}",
                $"wait {e.Wait_ms} talk {e.Talk_ms}", $"legs {e.Legs.Length}", e.Estimated ? "estimated" : ""),
            CallerRead e => $"{call} is from {Number(e.Caller)}",
            CallListened e => $"{call} {Who(e.By)} {(e.Listens ? "listens" : "listens no longer")} to {Who(e.Agent)}",
            AgentChanged e => Join(Who(e.Agent), e.State.ToString(), e.Reason is null ? "" : $"({e.Reason})", e.Leaves ? "leaves" : "", e.Call is null ? "" : $"in {call}"),
            WrapUpExtended e => $"{Who(e.Agent)} wrap-up extended to {e.Until.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}",
            SeatAsked e => $"ask {Who(e.Ask)} of {Who(e.Agent)} to {Who(e.Holder)} for {e.Extension} until {e.Until.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}",
            SeatAnswered e => $"ask {Who(e.Ask)} of {Who(e.Agent)} to {Who(e.Holder)} for {e.Extension} ended {e.Outcome}",
            PbxChanged e => Join($"pbx {e.Node}", e.Connected ? "connected" : "lost", e.Reason ?? ""),
            _ => entry.ToString(),
        };
    }

    private static string Target(string target, Func<Guid, string> name) => Guid.TryParse(target, out var id) ? name(id) : target;

    private static string Number(PhoneNumber number) => number.Kind == NumberKind.Withheld ? "withheld" : number.Display;

    private static string Of(RouteAnswer answer) => answer switch
    {
        RouteAnswer.Dial d => Join($"dial {d.Device} {d.Ring.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s", d.Record ? "record" : "", d.Lift ? "lift" : ""),
        RouteAnswer.Hold h => $"hold {h.Turn.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s place {h.Place}",
        RouteAnswer.Call c => $"call {Number(c.Number)} from {c.From} {c.Ring.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s",
        RouteAnswer.Keep k => $"keep {k.Turn.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s",
        RouteAnswer.Join j => $"join {j.Channel}",
        RouteAnswer.Goto g => $"goto {g.Target}",
        RouteAnswer.Play p => $"play {p.Sound}",
        RouteAnswer.Reject r => $"reject {r.Cause}",
        _ => "fallback",
    };

    private static string Of(PbxAction action) => action switch
    {
        PbxAction.Redirect r => $"redirect {r.Channel}{(r.UnlessBridged ? " unless bridged" : "")}",
        PbxAction.Originate o => Join($"ring {o.Device} for {o.Ring.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s from {o.From} then call", Number(o.Number), o.Record ? "record" : "", o.Lift ? "lift" : ""),
        PbxAction.Consult c => $"consult {c.Client} {c.Own} {c.Device ?? Number(c.Number!)}",
        PbxAction.Aside a => $"aside {a.Channel}{(a.Held ? " held" : "")}",
        PbxAction.Bridge b => $"bridge {b.First} {b.Second}",
        PbxAction.Listen l => $"ring {l.Device} for {l.Ring.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s to hear {l.Heard} of {l.From}",
        PbxAction.HangUp h => $"hang up {h.Channel} {h.Cause}",
        PbxAction.Answer a => $"answer {a.Device} {a.Channel}",
        PbxAction.Hold h => $"hold {h.Device} {h.Channel}",
        _ => action.ToString(),
    };

    private static string Join(params string[] parts) => string.Join(' ', parts.Where(p => p.Length > 0));
}
