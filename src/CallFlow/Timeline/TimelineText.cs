using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>A call's life as plain English lines: for the command line, and for tests to read.</summary>
/// <param name="name">Of agents, queues and clients; their id where it knows none.</param>
public sealed class TimelineText(Func<Guid, string> name)
{
    public string Of(CallTimeline timeline)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        List<string> lines = [];
        foreach (var lane in timeline.Lanes)
        {
            var bars = lane.Bars.Select(b => Join(b.Kind.ToString(), Span(timeline, b), b.Queue is { } q ? name(q) : "", b.With is { } w ? "with " + name(w) : "", b.Outcome?.ToString() ?? "", b.Estimated ? "estimated" : ""));
            lines.Add($"{(lane.Kind == LaneKind.Agent ? name(lane.Agent!.Value) : lane.Kind == LaneKind.Client ? "client" : lane.Device ?? "other")}: {string.Join(", ", bars)}".TrimEnd());
        }

        foreach (var e in timeline.Events) lines.Add($"{Offset(timeline, e.At)} {Of(e.Entry)}");
        return string.Join('\n', lines);
    }

    public string Of(JournalEntry entry) => entry switch
    {
        CallStarted e => Join($"{e.Direction} call from {Number(e.Caller)} to {Number(e.Dialled)}", e.Routed ? "" : "(observed)", e.Estimated ? "(estimated)" : ""),
        CallRouted e => $"asked for a route: from {Number(e.Caller)} to {Number(e.Dialled)}",
        CallIdentified e => Join("identified:", e.Outcome.ToString(), Who(e.Client), e.ByAgent is { } by ? "by " + name(by) : "", e.Late ? "(late)" : ""),
        CallQueued e => Join("entered queue", name(e.Queue), e.Place > 0 ? $"at place {e.Place}" : ""),
        RouteDecided e => Decision(e),
        CallOffered e => $"offered to {name(e.Agent)} at {e.Extension} ({e.Device}), attempt {e.Attempt}",
        OfferRang e => $"rings at {name(e.Agent)}",
        OfferEnded e => Join($"offer to {name(e.Agent)} ended:", e.Outcome.ToString(), e.TechCause is { } cause ? $"({cause})" : ""),
        LegStarted e => Join("leg", e.ChannelName, e.IsClient ? "of the client" : e.Agent is { } a ? "of " + name(a) : ""),
        LegEnded e => Join($"leg ended, cause {e.Cause}", e.Agent is { } a ? $"{name(a)} talk {Seconds(e.Talk_ms)} hold {Seconds(e.Hold_ms)}" : "", e.Estimated ? "(estimated)" : ""),
        CallAnswered e => $"{name(e.Agent)} answered after {Seconds(e.Wait_ms)}",
        CallHeld e => Join("on hold", e.Agent is { } a ? "by " + name(a) : ""),
        CallResumed e => Join("off hold", e.Agent is { } a ? "by " + name(a) : ""),
        RecordingStarted => "recording began",
        RecordingUnkept => "the recording is not kept",
        MessageLeft e => Join($"left a message in mailbox {e.Mailbox}", e.Duration_ms is { } length ? $"of {Seconds(length)}" : "", e.State switch { MailboxState.Heard => "(heard on the phone)", MailboxState.Removed => "(deleted on the phone)", _ => "" }),
        CallMerged e => $"call {e.From} became part of this one",
        CallTransferred e => Join($"{e.Transfer} transfer", e.FromAgent is { } a ? "by " + name(a) : "", "to", e.ToAgent is { } t ? name(t) : e.Target),
        TransferChanged e => Join($"transfer by {name(e.FromAgent)}", "to", e.ToAgent is { } t ? name(t) : e.ToQueue is { } q ? name(q) : e.Number ?? "", e.Step.ToString(), e.Reason is { } why ? $"({why})" : ""),
        CallEnded e => Join($"ended: {e.Outcome} by {e.By}, wait {Seconds(e.Wait_ms)} talk {Seconds(e.Talk_ms)} hold {Seconds(e.Hold_ms)}", e.Estimated ? "(estimated)" : ""),
        CallDialled e => $"the PBX dials {Number(e.Dialled)}",
        CallerRead e => $"the caller's number is {Number(e.Caller)}",
        CallListened e => Join(name(e.By), e.Listens ? "listens" : "listens no longer", e.Agent is { } a ? "to " + name(a) : ""),
        CallImported e => Join("not seen: told from the PBX's own record", e.Estimated ? "(estimated)" : ""),
        CallCorrected e => Join("its end was not seen: corrected from the PBX's own record", e.Estimated ? "(estimated)" : ""),
        AgentChanged e => $"{name(e.Agent)} wraps up",
        WrapUpExtended e => $"{name(e.Agent)} extended the wrap-up",
        _ => JournalText.KindOf(entry),
    };

    string Decision(RouteDecided e) => Join($"routed by {e.Rule}", e.Agent is { } a ? "to " + name(a) : e.Target is { } t ? "to " + t : "", e.Place is { } place ? $"place {place}" : "",
        e.Preferred is { } p ? $"rather {name(p)} ({e.PreferredBy}, {e.PreferredState})" : "",
        e.CandidateCount > 0 ? $"of {e.CandidateCount}: {string.Join(", ", e.Candidates.Select(c => string.Create(CultureInfo.InvariantCulture, $"{name(c.Agent)} level {c.Level} load {c.LoadPercent} % idle {c.Idle_s} s")))}" : "");

    string Who(Guid? id) => id is { } known ? name(known) : "";

    static string Number(PhoneNumber number) => number.Kind == NumberKind.Withheld ? "withheld" : number.Display;

    static string Span(CallTimeline timeline, TimelineBar bar) => $"{Offset(timeline, bar.From)}–{(bar.To is { } to ? Offset(timeline, to) : "…")}";

    /// <summary>m:ss.fff since the beginning.</summary>
    static string Offset(CallTimeline timeline, DateTimeOffset at)
    {
        var since = at - timeline.From;
        return string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalMinutes}:{since.Seconds:00}.{since.Milliseconds:000}");
    }

    static string Seconds(int ms) => (ms / 1000m).ToString("0.0", CultureInfo.InvariantCulture) + " s";

    static string Join(params string[] parts) => string.Join(' ', parts.Where(p => p.Length > 0));
}
