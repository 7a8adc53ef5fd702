namespace CallCrm.Engine;

/// <summary>
/// Allowed steps of a call:
/// <code>
/// from \ to   Routing  Waiting  Ringing  Talking  Ended
/// Routing        ·        x        x        x       x
/// Waiting        x        ·        x        x       x     to Routing: it left the line for somewhere else
/// Ringing        x        x        ·        x       x
/// Talking        x        x        x        ·       x     back: the agent left, the caller stayed
/// Ended                                             ·
/// </code>
/// </summary>
internal static class CallSteps
{
    public static bool May(CallState from, CallState to) => from != CallState.Ended && from != to;
}
