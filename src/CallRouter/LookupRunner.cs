using CallCrm.CallFlow;
using CallCrm.CallRouter.Identity;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>
/// Identifies callers beside the engine: bounded in time by the engine's patience, bounded in number by the pool. While the directory
/// is slow or away, what is remembered of the number is the answer; a card is looked for, or made, when it is back.
/// </summary>
sealed partial class LookupRunner(ClientDirectory directory, CallerMemory memory, RouterOptions options, TimeProvider time, ILogger<LookupRunner> log)
{
    /// <summary>One late attempt, the wait to the next, and how long the card may follow: longer than the database is expected to be away.</summary>
    static readonly TimeSpan LatePatience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan LateAgain = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LateFor = TimeSpan.FromMinutes(15);

    // More at once than the pool has connections would only queue there, out of sight.
    readonly SemaphoreSlim _slots = new(64);

    /// <param name="pbx">Where it was dialled, of a call out; or whose trunk sent the number, of a call that is only observed.</param>
    public void Start(EngineEffect.LookUp lookUp, PbxOptions? pbx, IInputs inputs, CancellationToken cancel)
    {
        var number = pbx is null || lookUp.Caller.Kind != NumberKind.Unparsed ? null
            : !lookUp.MayCreate ? DialNumber.Read(lookUp.Caller.Raw, pbx)
            : PhoneNumbers.Parse(lookUp.Caller.Raw, pbx.Region, restricted: false, _ => false) is { Kind: NumberKind.E164 } caller ? caller : null;
        _ = RunAsync(number is null ? lookUp : lookUp with { Caller = number }, number, inputs, cancel);
    }

    /// <summary>For the memory.</summary>
    public void Learn(JournalEntry entry) => memory.Learn(entry);

    async Task RunAsync(EngineEffect.LookUp lookUp, PhoneNumber? number, IInputs inputs, CancellationToken cancel)
    {
        try
        {
            var from = time.GetTimestamp();
            var result = lookUp.Late ? await LookUpLateAsync(lookUp, cancel) : await LookUpInTimeAsync(lookUp, cancel);
            RouterMetrics.LookupSeconds.Record(time.GetElapsedTime(from).TotalSeconds);
            await inputs.PutAsync(new EngineInput.LookupArrived(lookUp.Call, result with { Late = lookUp.Late, Number = number }), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
    }

    async Task<LookupResult> LookUpInTimeAsync(EngineEffect.LookUp lookUp, CancellationToken cancel)
    {
        // The client library may hang on longer than it is told to, with a server that does not answer: it is not waited for.
        var asked = AskAsync(lookUp, options.LookupTimeout, cancel);
        var remembered = lookUp.Caller.E164 is { } number ? memory.Recall(number) : null;
        if (await CompletesAsync(asked, remembered is null ? options.LookupTimeout : options.LookupTimeout / 3, cancel) && await asked is { Outcome: not (LookupOutcome.TimedOut or LookupOutcome.Failed) } found)
            return found;
        if (remembered is null)
            return asked.IsCompleted ? await asked : new LookupResult(LookupOutcome.TimedOut, []);
        RouterMetrics.LookupsRemembered.Add(1);
        return remembered;
    }

    async Task<LookupResult> LookUpLateAsync(EngineEffect.LookUp lookUp, CancellationToken cancel)
    {
        var from = time.GetTimestamp();
        while (true)
        {
            var result = await AskAsync(lookUp, LatePatience, cancel);
            if (result.Outcome is not (LookupOutcome.TimedOut or LookupOutcome.Failed) || time.GetElapsedTime(from) > LateFor)
                return result;
            await Task.Delay(LateAgain, time, cancel);
        }
    }

    async Task<LookupResult> AskAsync(EngineEffect.LookUp lookUp, TimeSpan within, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(within, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            await _slots.WaitAsync(both.Token);
            try
            {
                var result = await directory.IdentifyAsync(lookUp.Caller, lookUp.CallerName, lookUp.Source, lookUp.MayCreate, both.Token);
                if (lookUp.Caller.E164 is { } number)
                    memory.Keep(number, result);
                return result;
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (OperationCanceledException)
        {
            return new LookupResult(LookupOutcome.TimedOut, []);
        }
        catch (Exception e)
        {
            LogFailed(lookUp.Call, e.Message);
            return new LookupResult(LookupOutcome.Failed, []);
        }
    }

    async Task<bool> CompletesAsync(Task task, TimeSpan within, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var first = await Task.WhenAny(task, Task.Delay(within, time, stop.Token));
        await stop.CancelAsync();
        return first == task;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Call {Call}: the caller could not be looked up: {Reason}")]
    partial void LogFailed(Guid call, string reason);
}
