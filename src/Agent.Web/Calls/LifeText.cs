using System.Globalization;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Calls;

/// <summary>The sentences of a call's timeline, in the reader's language.</summary>
sealed class LifeText(IStringLocalizer<Texts> t)
{
    /// <summary>What happened; null for what people need not read (a kind that this page does not know).</summary>
    public string? Sentence(TimelineEventView e) => e.Kind switch
    {
        "call_started" => Say($"call_started.{e.Code}", e.Who ?? t["Caller.Withheld"], e.Other ?? "–"),
        "call_routed" => Say("call_routed", e.Who ?? t["Caller.Withheld"], e.Other ?? "–"),
        "call_identified" => e.Other is { } by ? Say("call_identified.by", e.Who ?? "–", by) : Say($"call_identified.{e.Code}", e.Who ?? "–", e.Number ?? 0),
        "call_dialled" => Say("call_dialled", e.Other ?? "–"),
        "call_queued" => Say("call_queued", e.Queue ?? "–"),
        "route_decided" when e.Route is { } route => Capital(Texts.Why(t, route.Reason)),
        "call_offered" => Say("call_offered", Who(e), e.Other ?? "–"),
        "offer_ended" or "leg_started" or "leg_ended" => Say($"{e.Kind}.{e.Code}", Who(e)),
        "call_answered" => Say("call_answered", Who(e), Texts.Span(TimeSpan.FromMilliseconds(e.Span_ms ?? 0))),
        "call_held" or "call_resumed" => e.Who is null ? Say(e.Kind + ".other") : Say(e.Kind, e.Who),
        "transfer_changed" => Say($"transfer_changed.{e.Code}", Who(e), e.Other ?? "–"),
        "message_left" => Say($"message_left.{e.Code}", e.Other ?? "–"),
        "call_listened" => Say($"call_listened.{e.Code}", Who(e), e.Other ?? "–"),
        "call_transferred" => Say($"call_transferred.{e.Code}", Who(e), e.Other ?? "–"),
        "call_ended" => $"{t["Outcome." + e.Code]}{(Find("by." + e.Detail) is { } by ? ": " + by : "")}",
        var kind => Say(kind, Who(e)),
    };

    /// <summary>The small figures beside it.</summary>
    public string Detail(TimelineEventView e)
    {
        List<string?> parts = e.Kind switch
        {
            "call_started" or "call_identified" => [e.Detail is { } mark ? Find(mark) : null],
            "call_queued" => [e.Number is { } place ? t["Life.Place", place].Value : null],
            "route_decided" => [e.Route?.Queue, e.Route?.Place is { } place ? t["Life.Place", place].Value : null, e.Route?.Target is { } target ? t["Life.Target", target].Value : null],
            "call_offered" => [e.Number is > 1 ? t["Event.attempt", e.Number].Value : null, e.Detail],
            "offer_ended" => [e.Span_ms is > 0 ? t["Event.rang", Seconds(e.Span_ms.Value)].Value : null, e.Number is { } sip ? "SIP " + sip.ToString(CultureInfo.InvariantCulture) : null],
            "leg_started" => [e.Detail],
            "leg_ended" => [e.Span_ms is > 0 ? t["Event.talk", Texts.Span(TimeSpan.FromMilliseconds(e.Span_ms.Value))].Value : null, Cause(e.Number)],
            "call_ended" => [Cause(e.Number)],
            _ => [],
        };
        if (e.Estimated)
            parts.Add(t["Bar.Estimated"]);
        return string.Join(" · ", parts.Where(p => p is { Length: > 0 }));
    }

    public string BarName(BarView bar)
    {
        var name = bar.Outcome is { } outcome && bar.Outcome != "Answered" ? t["Offer." + outcome].Value : t["Bar." + bar.Kind].Value;
        return string.Join(' ', new[] { name, bar.Queue, bar.With is { } with ? t["Bar.With", with].Value : null }.Where(p => p is { Length: > 0 }));
    }

    /// <summary>One state, one colour; what an agent or their phone did not take is red.</summary>
    public static string BarCss(BarView bar) => bar switch
    {
        { Kind: "ring" or "offer", Outcome: "NoAnswer" or "Declined" or "Busy" or "DoNotDisturb" or "Unreachable" } => $"s-missed k-{bar.Kind}",
        { Kind: "ring" or "offer" } => $"s-ringing k-{bar.Kind}",
        { Kind: "wait" } => "s-ringing k-wait",
        { Kind: "hold" or "park" } => $"s-hold k-{bar.Kind}",
        { Kind: "wrapup" } => "s-wrapup k-wrapup",
        { Kind: "message" } => "s-missed k-message",
        { Kind: "listen" } => "s-paused k-listen",
        _ => $"s-talking k-{bar.Kind}",
    };

    public string LaneName(LaneView lane) => lane.Kind switch
    {
        "client" => t["Life.Client"],
        "agent" => lane.Name ?? t["Event.nobody"],
        _ => lane.Device ?? t["Life.Other"],
    };

    string Who(TimelineEventView e) => e.Who ?? t["Event.nobody"];

    string? Cause(int? cause) => cause is not { } number ? null
        : t["Cause." + number.ToString(CultureInfo.InvariantCulture)] is { ResourceNotFound: false } words ? words.Value
        : t["Event.cause", number];

    string? Say(string key, params object[] args) => t["Event." + key, args] is { ResourceNotFound: false } text ? text.Value : null;

    string? Find(string key) => t["Event." + key] is { ResourceNotFound: false } text ? text.Value : null;

    string Seconds(int ms) => (ms / 1000.0).ToString("0.#", CultureInfo.CurrentCulture) + " s";

    static string Capital(string text) => text.Length == 0 ? text : char.ToUpper(text[0], CultureInfo.CurrentCulture) + text[1..];
}
