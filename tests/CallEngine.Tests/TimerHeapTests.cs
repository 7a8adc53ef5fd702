namespace CallCrm.Engine.Tests;

public sealed class TimerHeapTests
{
    [Fact]
    public void Timers_fire_in_order_of_time_then_of_setting_whatever_was_moved_or_cancelled()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var random = new Random(seed);
            var heap = new TimerHeap();
            var timers = Enumerable.Range(0, 100).Select(i => new EngineTimer(TimerKind.Forget, i)).ToArray();
            var expected = new Dictionary<EngineTimer, (int Due, int Order)>();
            for (var step = 0; step < 1000; step++)
            {
                var timer = timers[random.Next(timers.Length)];
                if (random.Next(3) == 0)
                {
                    heap.Cancel(timer);
                    expected.Remove(timer);
                }
                else
                {
                    var due = random.Next(50);
                    heap.Set(timer, TimeSpan.FromSeconds(due));
                    expected[timer] = (due, step);
                }
            }

            heap.Count.Should().Be(expected.Count);
            var fired = new List<EngineTimer>();
            while (heap.TakeDue(TimeSpan.MaxValue, inclusive: true) is { } next)
                fired.Add(next);
            fired.Should().Equal(expected.OrderBy(e => e.Value.Due).ThenBy(e => e.Value.Order).Select(e => e.Key), $"seed {seed}");
        }
    }

    [Fact]
    public void A_limit_can_be_before_or_at_the_deadline()
    {
        var heap = new TimerHeap();
        heap.Set(new EngineTimer(TimerKind.Forget, 1), TimeSpan.FromSeconds(1));
        heap.TakeDue(TimeSpan.FromSeconds(1), inclusive: false).Should().BeNull();
        heap.TakeDue(TimeSpan.FromSeconds(1), inclusive: true).Should().NotBeNull();
        heap.NextDue.Should().BeNull();
    }
}
