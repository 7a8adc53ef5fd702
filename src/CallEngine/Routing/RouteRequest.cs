namespace CallCrm.Engine;

internal enum RequestStage
{
    /// <summary>Waits for our answer.</summary>
    Open,

    /// <summary>Came while a Redirect is on its way, or before the PBX's word on the last dial: answered when that is known.</summary>
    Parked,

    /// <summary>Answered; the PBX has not confirmed it yet.</summary>
    Answered,
}

/// <summary>
/// One FastAGI request. Allowed steps: Open → Parked, Answered; Parked → Answered; it leaves with RouteTaken, RouteClosed, the
/// call's next request, or the call's end.
/// </summary>
internal sealed class RouteRequest(Guid id, Call call, RequestState state)
{
    public Guid Id { get; } = id;

    public Call Call { get; set; } = call;

    public RequestState State { get; } = state;

    public RequestStage Stage { get; set; }

    public DialResult? LastDial { get; init; }

    public EngineTimer? DueTimer { get; set; }

    public EngineTimer? DialResultTimer { get; set; }

    public static bool May(RequestStage from, RequestStage to) => to > from;
}
