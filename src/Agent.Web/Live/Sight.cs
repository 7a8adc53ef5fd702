using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Live;

/// <summary>How an agent's state is shown: ready at a phone that cannot ring is not ready, and what a lost PBX said last is only the last known.</summary>
static class Sight
{
    /// <summary>The PBX of this place, when it is out of sight.</summary>
    public static PbxEventView? Lost(this DeskState state, string? node) =>
        node is not null && state.Pbxs.TryGetValue(node, out var pbx) && !pbx.Connected ? pbx : null;

    /// <summary>Why no calls come although the person is ready; null when they do.</summary>
    public static string? PhoneTrouble(string state, string? reason) => state == "Ready" && reason is "unreachable" or "busy" or "do_not_disturb" ? reason : null;

    public static string Css(string state, string? reason) => PhoneTrouble(state, reason) switch
    {
        "unreachable" => "s-missed",
        "busy" => "s-talking",
        "do_not_disturb" => "s-paused",
        _ => "s-" + state.ToLowerInvariant(),
    };

    /// <summary>In a call or its wrap-up: a pause or the sign-out is for after it.</summary>
    public static bool InCall(AgentStateView me) => me.State is "Reserved" or "Ringing" or "Talking" or "WrapUp";

    /// <summary>What follows the call, in words; null: ready.</summary>
    public static string? After(IStringLocalizer<Texts> t, AgentStateView me, CatalogView? catalog) =>
        !InCall(me) ? null
        : me.Leaves ? t["Presence.After.sign_out"].Value
        : me.Reason is { } pause ? t["Presence.After.pause_of", PauseName(t, pause, catalog)].Value : null;

    /// <summary>What "done" with a wrap-up leads to: ready, unless something else follows.</summary>
    public static string Finish(IStringLocalizer<Texts> t, AgentStateView? me) =>
        me is { Leaves: true } && InCall(me) ? t["WrapUp.FinishThen", t["Presence.After.sign_out"].Value]
        : me is { Reason: not null } && InCall(me) ? t["WrapUp.FinishThen", t["Presence.After.pause"].Value] : t["WrapUp.Finish"];

    /// <summary>As the site calls it, else our own words for our own codes.</summary>
    public static string PauseName(IStringLocalizer<Texts> t, string code, CatalogView? catalog) =>
        catalog?.PauseReasons.FirstOrDefault(r => r.Code == code)?.Name ?? (t["Board.Reason." + code] is { ResourceNotFound: false } known ? known : t["State.Paused"]);

    /// <summary>Paused to practise with simulated calls.</summary>
    public static bool Practises(string state, string? reason) => state == "Paused" && reason == Practice;

    public const string Practice = "practice";

    public static string Name(IStringLocalizer<Texts> t, string state, string? reason) =>
        PhoneTrouble(state, reason) is { } trouble ? t["Phone." + trouble] : Practises(state, reason) ? t["Board.Reason.practice"] : t["State." + state];
}
