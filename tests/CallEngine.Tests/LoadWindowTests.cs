namespace CallCrm.Engine.Tests;

public sealed class LoadWindowTests
{
    [Fact]
    public void The_divisor_is_at_least_fifteen_minutes()
    {
        var load = new LoadWindow(TimeSpan.Zero);
        load.Accrue(TimeSpan.FromSeconds(90), busy: true, signedIn: true);
        load.Tenths.Should().Be(100);
    }

    [Fact]
    public void A_minute_older_than_sixty_is_forgotten()
    {
        var load = new LoadWindow(TimeSpan.Zero);
        load.Accrue(TimeSpan.FromMinutes(1), busy: true, signedIn: true);
        load.Accrue(TimeSpan.FromMinutes(59.99), busy: false, signedIn: true);
        load.Tenths.Should().Be(16);
        load.Accrue(TimeSpan.FromMinutes(60), busy: false, signedIn: true);
        load.Tenths.Should().Be(0);
    }

    [Fact]
    public void A_day_without_a_word_counts_its_last_hour()
    {
        var load = new LoadWindow(TimeSpan.Zero);
        load.Accrue(TimeSpan.FromHours(24), busy: true, signedIn: true);
        load.Tenths.Should().Be(1000);
        load.Accrue(TimeSpan.FromHours(48), busy: false, signedIn: true);
        load.Tenths.Should().Be(0);
    }

    [Fact]
    public void What_is_stored_can_be_restored_before_the_clocks_zero()
    {
        var load = new LoadWindow(TimeSpan.Zero);
        load.Accrue(TimeSpan.FromMinutes(7), busy: true, signedIn: true);
        load.Accrue(TimeSpan.FromMinutes(20), busy: false, signedIn: true);
        var other = new LoadWindow(TimeSpan.FromSeconds(3));
        other.Restore(TimeSpan.FromSeconds(3), load.ToMinutes());
        other.Tenths.Should().Be(load.Tenths).And.Be(350);
        other.Accrue(TimeSpan.FromMinutes(38), busy: false, signedIn: false);
        other.Tenths.Should().Be(350);
        other.Accrue(TimeSpan.FromMinutes(60), busy: false, signedIn: false);
        other.Tenths.Should().Be(0);
    }

    [Fact]
    public void It_equals_a_naive_count_over_random_spans()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var random = new Random(seed);
            var load = new LoadWindow(TimeSpan.Zero);
            var spans = new List<(long From, long To, bool Busy, bool In)>();
            long now = 0;
            for (var i = 0; i < 200; i++)
            {
                var next = now + random.Next(1, 400_000);
                var (busy, signedIn) = (random.Next(2) == 0, random.Next(4) != 0);
                spans.Add((now, next, busy, signedIn));
                load.Accrue(TimeSpan.FromMilliseconds(next), busy, signedIn);
                now = next;
                var from = Math.Max(0, ((now / 60_000) - 59) * 60_000);
                long Sum(Func<(long From, long To, bool Busy, bool In), bool> which) => spans.Where(which).Sum(s => Math.Max(0, s.To - Math.Max(s.From, from)));
                var expected = Math.Min(1000, Sum(s => s.Busy) * 1000 / Math.Max(Sum(s => s.In), 900_000));
                load.Tenths.Should().Be((int)expected, $"seed {seed} step {i}");
            }
        }
    }
}
