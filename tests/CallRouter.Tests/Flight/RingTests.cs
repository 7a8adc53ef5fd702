using CallCrm.CallRouter.Flight;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Tests.Flight;

/// <summary>What is put comes out, in its order and with its moment, whatever the clocks do.</summary>
public sealed class RingTests
{
    static readonly DateTimeOffset Start = new(2026, 11, 29, 9, 0, 0, TimeSpan.Zero);

    static readonly JournalEntry Entry = new CallHeld(null) { Seq = 1, At = Start };

    [Theory]
    [InlineData(1, 0)] // Inputs alone: their times fill a chunk before they do.
    [InlineData(3, 5)] // Many entries for each: the chunk is full first.
    [InlineData(1000, 1)]
    public void What_is_put_comes_out_in_order(int every, int entries)
    {
        var ring = new FlightRing(1 << 16);
        var put = new List<(Moment At, object Item)>();
        var random = new Random(7);
        var at = new Moment(TimeSpan.Zero, Start);
        for (var i = 0; i < 2_000; i++)
        {
            // Days of silence, and a wall clock that is set by years or runs off by a little.
            at = new Moment(at.Stamp + new TimeSpan(random.Next(50) == 0 ? TimeSpan.TicksPerDay * random.Next(30) : random.Next(10_000_000)), at.Utc);
            at = at with { Utc = Start + at.Stamp + new TimeSpan(random.Next(100) == 0 ? TimeSpan.TicksPerDay * random.Next(-4000, 4000) : random.Next(-500, 500)) };
            var item = new object();
            ring.TryPut(at, item).Should().BeTrue();
            put.Add((at, item));
            for (var n = 0; n < entries && i % every == 0; n++)
            {
                ring.TryPut(Entry).Should().BeTrue();
                put.Add((at, Entry));
            }
        }

        ring.Count.Should().Be(put.Count);
        foreach (var (wanted, item) in put)
        {
            ring.TryTake(out var moment, out var taken).Should().BeTrue();
            moment.Should().Be(wanted);
            taken.Should().BeSameAs(item);
        }

        ring.TryTake(out _, out _).Should().BeFalse();
        ring.Count.Should().Be(0);
    }

    [Fact]
    public void Full_it_refuses_and_takes_again_what_there_is_room_for()
    {
        var ring = new FlightRing(512);
        var at = new Moment(TimeSpan.FromDays(3), Start);
        for (var i = 0; i < 512; i++)
            ring.TryPut(at, new object()).Should().BeTrue();
        ring.TryPut(at, new object()).Should().BeFalse();
        ring.TryPut(Entry).Should().BeFalse();
        for (var i = 0; i < 2_000; i++)
        {
            ring.TryTake(out _, out _).Should().BeTrue();
            (i % 2 == 0 ? ring.TryPut(at, new object()) : ring.TryPut(Entry)).Should().BeTrue();
            ring.TryPut(at, new object()).Should().BeFalse();
        }

        ring.Count.Should().Be(512);
    }

    [Fact]
    public Task One_puts_and_one_takes_at_the_same_time() => AtOnceAsync(pause: 0);

    [Fact]
    public Task One_takes_more_slowly_than_the_other_puts() => AtOnceAsync(pause: 3_000);

    static async Task AtOnceAsync(int pause)
    {
        const int Inputs = 200_000;
        var ring = new FlightRing(1 << 12);
        var taking = Task.Factory.StartNew(() =>
        {
            for (var n = 0; n < Inputs;)
            {
                if (!ring.TryTake(out var at, out var item))
                    continue;
                if (item is JournalEntry)
                    continue;
                if (at.Stamp.Ticks != (long)item || at.Utc != Start.AddTicks((long)item))
                    throw new InvalidOperationException($"{item} came with {at}");
                if (++n % 64 == 0)
                    Thread.SpinWait(pause);
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (var n = 0L; n < Inputs; n++)
        {
            var stamp = n * 1000 + (n / 5000 << 33);
            while (!taking.IsCompleted && !ring.TryPut(new Moment(new TimeSpan(stamp), Start.AddTicks(stamp)), stamp))
                await Task.Yield();
            if (n % 3 == 0)
                ring.TryPut(Entry);
        }

        await taking.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
