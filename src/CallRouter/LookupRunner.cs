using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>Identifies callers beside the engine: bounded in time by the engine's patience, bounded in number by the pool.</summary>
sealed partial class LookupRunner(ClientDirectory directory, RouterOptions options, TimeProvider time, ILogger<LookupRunner> log)
{
    static readonly TimeSpan LatePatience = TimeSpan.FromSeconds(10);

    // More at once than the pool has connections would only queue there, out of sight.
    readonly SemaphoreSlim _slots = new(64);

    public void Start(EngineEffect.LookUp lookUp, IInputs inputs, CancellationToken cancel) => _ = RunAsync(lookUp, inputs, cancel);

    async Task RunAsync(EngineEffect.LookUp lookUp, IInputs inputs, CancellationToken cancel)
    {
        try
        {
            var result = await LookUpAsync(lookUp, cancel);
            await inputs.PutAsync(new EngineInput.LookupArrived(lookUp.Call, result with { Late = lookUp.Late }), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
    }

    async Task<LookupResult> LookUpAsync(EngineEffect.LookUp lookUp, CancellationToken cancel)
    {
        var from = time.GetTimestamp();
        using var patience = new CancellationTokenSource(lookUp.Late ? LatePatience : options.LookupTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            await _slots.WaitAsync(both.Token);
            try
            {
                return await directory.IdentifyAsync(lookUp.Caller, lookUp.CallerName, lookUp.Source, mayCreate: true, both.Token);
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new LookupResult(LookupOutcome.TimedOut, []);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(e, lookUp.Call);
            return new LookupResult(LookupOutcome.Failed, []);
        }
        finally
        {
            RouterMetrics.LookupSeconds.Record(time.GetElapsedTime(from).TotalSeconds);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Call {Call}: the caller could not be looked up")]
    partial void LogFailed(Exception e, Guid call);
}
