using System.Collections.Concurrent;

namespace CallCrm.CallRouter;

/// <summary>Those who wait for an effect of the engine: FastAGI sessions by request, HTTP commands by command id.</summary>
sealed class Replies<TKey, TReply> where TKey : notnull
{
    readonly ConcurrentDictionary<TKey, TaskCompletionSource<TReply>> _waiting = new();

    /// <summary>The same key twice (a repeated command under way) waits for the same answer.</summary>
    public Task<TReply> Expect(TKey key) =>
        _waiting.GetOrAdd(key, static _ => new TaskCompletionSource<TReply>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Answer(TKey key, TReply reply)
    {
        if (_waiting.TryRemove(key, out var waiter))
            waiter.TrySetResult(reply);
    }

    public void Forget(TKey key)
    {
        if (_waiting.TryRemove(key, out var waiter))
            waiter.TrySetCanceled();
    }

    public void ForgetAll()
    {
        foreach (var key in _waiting.Keys)
            Forget(key);
    }
}
