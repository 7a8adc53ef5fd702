namespace CallCrm.DemoPbx.Core;

/// <summary>The dialplan snippet's contexts, and which targets exist.</summary>
internal static class SnippetContexts
{
    public const string In = "callcrm-in";
    public const string Route = "callcrm-route";
    public const string Consult = "callcrm-consult";
    public const string Listen = "callcrm-listen";
    public const string Fallback = "callcrm-fallback";
    public const string Message = "callcrm-message";

    /// <summary>Whether a label can be found (ast_findlabel_extension); numbers are never checked by Redirect.</summary>
    public static bool HasLabel(DemoPbxOptions options, DialplanPoint point) =>
        point == new DialplanPoint(Route, "s", "callcrm") || (point is { Context: Consult, Priority: "callcrm" } && ConsultLeg.IsTarget(point.Exten)) || point == new DialplanPoint(Message, "s", "1") || IsDestination(options, point, exactly: true);

    public static bool IsDestination(DemoPbxOptions options, DialplanPoint point, bool exactly = false) =>
        options.Destinations.Any(d => d.Split(',', StringSplitOptions.TrimEntries) is [var context, var exten, var priority]
            && context == point.Context && exten == point.Exten
            && (priority == point.Priority || (!exactly && int.TryParse(point.Priority, out _))));
}
