using CallCrm.Telephony.FastAgi;

namespace CallCrm.CallRouter.Doctor;

/// <summary>
/// The question of the dialplan's context callcrm-check: does the PBX get through to whoever answers FastAGI here? Its channels are Local
/// ones that the doctor's Originate makes; they ring nobody and are no call.
/// </summary>
static class AgiCheck
{
    public const string Context = "callcrm-check";

    public const string Answer = "check";

    /// <summary>CALLCRM_SNIPPET of deploy/asterisk/callcrm.conf.</summary>
    public const string SnippetVersion = "4";

    const string InChannel = "@" + Context + "-";

    public static bool IsAsked(AgiSession session) => session.Request.Argument(1) == "check";

    public static Task AnswerAsync(AgiSession session, CancellationToken cancel) => session.SetVariableAsync("CALLCRM_ACTION", Answer, cancel);

    public static bool IsChannel(string? name) => name is not null && name.StartsWith("Local/", StringComparison.Ordinal) && name.Contains(InChannel, StringComparison.Ordinal);
}
