using System.Collections.Concurrent;

namespace CallCrm.CallRouter;

/// <summary>
/// Lets an offer out to the PBX when its page has painted the pop, or after PopLead, whichever is first:
/// the agent sees the card before the phone rings, and no caller waits for a slow page.
/// </summary>
sealed class PopGate(TimeProvider time)
{
    readonly ConcurrentDictionary<Guid, TaskCompletionSource> _waiting = new();

    /// <summary>Called before the offer can reach a page, so that a quick page is not missed.</summary>
    public void Expect(Guid offer) => _waiting.TryAdd(offer, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <returns>False for an offer that nobody waits for: unknown, or already let go.</returns>
    public bool Seen(Guid offer) => _waiting.TryGetValue(offer, out var waiter) && waiter.TrySetResult();

    public async Task WaitAsync(Guid offer, TimeSpan lead, CancellationToken cancel)
    {
        if (!_waiting.TryGetValue(offer, out var waiter))
            return;
        var from = time.GetTimestamp();
        try
        {
            await waiter.Task.WaitAsync(lead, time, cancel);
            RouterMetrics.PopsSeen.Add(1);
            RouterMetrics.PopSeconds.Record(time.GetElapsedTime(from).TotalSeconds);
        }
        catch (TimeoutException)
        {
            RouterMetrics.PopsLate.Add(1);
        }
        finally
        {
            _waiting.TryRemove(offer, out _);
        }
    }
}
