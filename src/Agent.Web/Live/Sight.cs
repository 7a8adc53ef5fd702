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

    public static string Name(IStringLocalizer<Texts> t, string state, string? reason) =>
        PhoneTrouble(state, reason) is { } trouble ? t["Phone." + trouble] : t["State." + state];
}
