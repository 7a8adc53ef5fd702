using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.CallFlow.Tests;

public sealed class StartLeavingsTests
{
    readonly FakeTimeProvider time = new();

    [Fact]
    public async Task What_the_start_left_is_gone_once_the_parts_have_settled()
    {
        using var leavings = new StartLeavings(time, NullLogger<StartLeavings>.Instance);
        var began = time.GetUtcNow();
        await leavings.StartAsync(CancellationToken.None);
        var left = Leave();
        // It begins on a thread of its own, so the clock may run ahead of it.
        while (!leavings.ExecuteTask!.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }

        await leavings.ExecuteTask;
        (time.GetUtcNow() - began).Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(20));
        left.IsAlive.Should().BeFalse();
    }

    [Fact]
    public async Task A_process_that_ends_before_does_not_wait_for_it()
    {
        using var leavings = new StartLeavings(time, NullLogger<StartLeavings>.Instance);
        await leavings.StartAsync(CancellationToken.None);
        await leavings.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        leavings.ExecuteTask!.IsCanceled.Should().BeTrue();
    }

    /// <summary>So large that nothing but a full collection takes it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static WeakReference Leave() => new(new byte[10_000_000]);
}
