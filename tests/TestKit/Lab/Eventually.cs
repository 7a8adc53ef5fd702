using System.Diagnostics;

namespace CallCrm.TestKit;

/// <summary>Waits for what another process does.</summary>
public static class Eventually
{
    /// <summary>Asks every 20 ms until the answer is not null, and returns it.</summary>
    public static async Task<T> GetAsync<T>(Func<T?> ask, TimeSpan within, string what) where T : class
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            if (ask() is { } answer)
                return answer;
            if (Stopwatch.GetElapsedTime(since) > within)
                throw new TimeoutException($"Not within {within}: {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>Asks every 20 ms until it is so.</summary>
    public static Task BeAsync(Func<bool> ask, TimeSpan within, string what) => GetAsync<object>(() => ask() ? true : null, within, what);
}
