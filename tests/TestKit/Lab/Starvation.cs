using System.Collections.Concurrent;

namespace CallCrm.TestKit.Lab;

/// <summary>
/// How much of its time this machine gave to nobody who asked for it: our own timer, due each 20 ms, came so much too late. What a program under test took longer than it may is
/// held against it only beyond that.
/// </summary>
public sealed class Starvation : IAsyncDisposable
{
    static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);
    readonly ConcurrentQueue<(DateTimeOffset From, DateTimeOffset To)> _gaps = new();
    readonly CancellationTokenSource _stop = new();
    readonly Task _running;

    public Starvation() => _running = RunAsync();

    /// <summary>In the time between these two.</summary>
    public TimeSpan Between(DateTimeOffset from, DateTimeOffset to)
    {
        var lost = TimeSpan.Zero;
        foreach (var gap in _gaps)
        {
            var inside = (gap.To < to ? gap.To : to) - (gap.From > from ? gap.From : from);
            lost += inside > TimeSpan.Zero ? inside : TimeSpan.Zero;
        }

        return lost;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    async Task RunAsync()
    {
        try
        {
            for (var due = TimeProvider.System.GetUtcNow() + Pace; ; due = TimeProvider.System.GetUtcNow() + Pace)
            {
                await Task.Delay(Pace, _stop.Token);
                // A timer is a little late on any machine.
                if (TimeProvider.System.GetUtcNow() is var now && now - due > Pace)
                    _gaps.Enqueue((due, now));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
