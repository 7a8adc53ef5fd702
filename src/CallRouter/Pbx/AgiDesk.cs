using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Engine;
using CallCrm.Telephony.FastAgi;

namespace CallCrm.CallRouter.Pbx;

/// <summary>
/// Answers the PBX's question where a call shall go. One session is one question; no answer in time means the dialplan's
/// fallback, so every way out of here but a full answer closes the socket without one.
/// </summary>
sealed partial class AgiDesk(Replies<Guid, RouteReply> routes, TimeProvider time, ILogger<AgiDesk> log)
{
    const int LongestName = 200;

    // The dialplan leaves AGI at 2.0 s; an answer after 1.5 s could cross that line half written.
    static readonly TimeSpan AnswerWithin = TimeSpan.FromMilliseconds(1500);

    public async Task ServeAsync(AgiSession session, PbxLink link, IInputs inputs, IExtensions extensions, CancellationToken cancel)
    {
        var from = time.GetTimestamp();
        var question = Read(session, link, extensions);
        if (question is null)
            return;
        using var patience = new CancellationTokenSource(AnswerWithin, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        var taken = false;
        try
        {
            var reply = routes.Expect(question.Request);
            await inputs.PutAsync(question, both.Token);
            var (call, answer) = await reply.WaitAsync(both.Token);
            RouterMetrics.RouteSeconds.Record(time.GetElapsedTime(from).TotalSeconds);
            taken = await TellAsync(session, call, answer, link.Options, both.Token);
        }
        catch (OperationCanceledException)
        {
            CountFallback(patience.IsCancellationRequested ? "late" : "closed");
        }
        finally
        {
            routes.Forget(question.Request);
            // Also when the session's own token has ended: the engine holds a reservation for it.
            await inputs.PutAsync(taken ? new EngineInput.RouteTaken(question.Request) : new EngineInput.RouteClosed(question.Request), CancellationToken.None);
        }
    }

    EngineInput.RouteAsked? Read(AgiSession session, PbxLink link, IExtensions extensions)
    {
        var env = session.Request;
        RequestState? state = env.Argument(1) switch
        {
            "new" => RequestState.New,
            "next" => RequestState.Next,
            "held" => RequestState.Held,
            "redirected" => RequestState.Redirected,
            _ => null,
        };
        if (state is not { } known || env.UniqueId is not { Length: > 0 and <= 150 } uniqueId)
        {
            LogNotUnderstood(link.Node, env.Argument(1));
            CountFallback("not_understood");
            return null;
        }

        return new EngineInput.RouteAsked(
            Guid.CreateVersion7(time.GetUtcNow()), Guid.CreateVersion7(time.GetUtcNow()),
            new LegId(link.Node, uniqueId), env.Channel, known,
            PhoneNumbers.Parse(env.CallerId, link.Options.Region, IsRestricted(env.CallingPresentation), extensions.Contains),
            NameOf(env.CallerIdName),
            PhoneNumbers.Parse(env.Argument(2), link.Options.Region, restricted: false, extensions.Contains),
            LastDial(env.Argument(3)),
            TellsFallback: env.Argument(4) == "tells");
    }

    /// <summary>AGI writes a caller without a name as the word "unknown".</summary>
    static string NameOf(string callerName) => callerName == "unknown" ? "" : PlainText.Clean(callerName, LongestName);

    /// <summary>Bits 5 and 6 of agi_callingpres (Q.951): 1 = restricted, 2 = not available.</summary>
    static bool IsRestricted(int callingPresentation) => (callingPresentation & 0x60) == 0x20;

    static DialResult? LastDial(string? dialStatus) => dialStatus switch
    {
        "NOANSWER" => DialResult.NoAnswer,
        "BUSY" => DialResult.Busy,
        "CHANUNAVAIL" => DialResult.Unreachable,
        "CONGESTION" => DialResult.Congestion,
        "CANCEL" => DialResult.Cancelled,
        "ANSWER" => DialResult.Answered,
        _ => null,
    };

    /// <returns>True when the last SET VARIABLE got its 200: the answer counts as sent.</returns>
    static async Task<bool> TellAsync(AgiSession session, Guid call, RouteAnswer answer, PbxOptions pbx, CancellationToken cancel)
    {
        if (answer is RouteAnswer.Fallback)
        {
            CountFallback("engine");
            return false;
        }

        await session.SetVariableAsync("__CALLCRM_CALLID", call.ToString("N"), cancel);
        foreach (var (name, value) in Variables(answer, pbx))
        {
            var reply = await session.SetVariableAsync(name, value, cancel);
            if (!reply.IsOk)
                return false;
        }

        return true;
    }

    /// <summary>The action comes last: before it the dialplan sees no answer at all.</summary>
    static IEnumerable<(string Name, string Value)> Variables(RouteAnswer answer, PbxOptions pbx)
    {
        switch (answer)
        {
            case RouteAnswer.Dial dial:
                yield return ("CALLCRM_DEVICE", dial.Device);
                yield return ("CALLCRM_RING", Seconds(dial.Ring));
                yield return ("CALLCRM_RECORD", dial.Record ? "1" : "0");
                if (dial.Lift)
                    yield return ("CALLCRM_LIFT", "1");
                yield return ("CALLCRM_ACTION", "dial");
                break;
            case RouteAnswer.Hold hold:
                yield return ("CALLCRM_HOLD", Seconds(hold.Turn));
                yield return ("CALLCRM_PLACE", hold.Place.ToString(CultureInfo.InvariantCulture));
                yield return ("CALLCRM_ACTION", "hold");
                break;
            case RouteAnswer.Call call:
                yield return ("CALLCRM_NUMBER", DialNumber.Of(call.Number, pbx));
                yield return ("CALLCRM_FROM", call.From);
                yield return ("CALLCRM_RING", Seconds(call.Ring));
                yield return ("CALLCRM_ACTION", "call");
                break;
            case RouteAnswer.Keep keep:
                yield return ("CALLCRM_HOLD", Seconds(keep.Turn));
                yield return ("CALLCRM_ACTION", "keep");
                break;
            case RouteAnswer.Join join:
                yield return ("CALLCRM_PEER", join.Channel);
                yield return ("CALLCRM_ACTION", "join");
                break;
            case RouteAnswer.Goto there:
                yield return ("CALLCRM_GOTO", there.Target);
                yield return ("CALLCRM_ACTION", "goto");
                break;
            case RouteAnswer.Play play:
                yield return ("CALLCRM_PLAY", play.Sound);
                yield return ("CALLCRM_ACTION", "play");
                break;
            case RouteAnswer.Reject reject:
                yield return ("CALLCRM_CAUSE", reject.Cause.ToString(CultureInfo.InvariantCulture));
                yield return ("CALLCRM_ACTION", "reject");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(answer), answer.GetType().Name, "no variables for it");
        }
    }

    static string Seconds(TimeSpan span) => ((int)Math.Max(1, span.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    static void CountFallback(string reason) => RouterMetrics.Fallbacks.Add(1, new KeyValuePair<string, object?>("reason", reason));

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node} asked with state '{State}', expected new, next, held or redirected")]
    partial void LogNotUnderstood(string node, string state);
}

/// <summary>Which numbers are own extensions, by the current settings.</summary>
interface IExtensions
{
    bool Contains(string number);
}
