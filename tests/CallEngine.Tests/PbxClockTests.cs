namespace CallCrm.Engine.Tests;

/// <summary>Times are seconds; the host started at 0, the PBX's clock is an hour ahead.</summary>
public sealed class PbxClockTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);
    private readonly PbxClock _clock = new();

    private double Happened(double pbx_s, double read_s, double ahead_s = 3600) =>
        _clock.Happened(Start.AddSeconds(pbx_s + ahead_s), new Moment(TimeSpan.FromSeconds(read_s), Start.AddSeconds(read_s))).Stamp.TotalSeconds;

    [Fact]
    public void An_event_read_late_happened_when_the_PBX_says()
    {
        Happened(1, 1.002).Should().BeApproximately(1.002, 1e-6);
        Happened(2, 6).Should().BeApproximately(2.002, 0.001);
        Happened(5.5, 6).Should().BeApproximately(5.502, 0.001);
        _clock.Delay.TotalSeconds.Should().BeApproximately(0.498, 0.001);
        _clock.Offset!.Value.TotalSeconds.Should().BeApproximately(-3600 + 0.002, 0.001);
    }

    [Fact]
    public void Without_a_timestamp_the_time_of_reading_counts()
    {
        var read = new Moment(TimeSpan.FromSeconds(7), Start);
        _clock.Happened(null, read).Should().Be(read);
        _clock.Offset.Should().BeNull();
    }

    [Fact]
    public void Nothing_happens_in_the_future_and_nothing_before_what_was_told_earlier()
    {
        Happened(1, 1.1).Should().BeApproximately(1.1, 1e-6);
        Happened(3, 3.02).Should().BeApproximately(3.02, 1e-6, "a shorter way is learnt at once");
        Happened(3.05, 3.5).Should().BeApproximately(3.07, 0.001);
        Happened(3.01, 3.6).Should().BeApproximately(3.07, 0.001, "threads of the PBX stamp side by side");
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(0)]
    [InlineData(7200)]
    public void A_clock_that_is_set_is_learnt_anew(double ahead_s)
    {
        Happened(1, 1);
        Happened(10, 10);
        Happened(20, 20.001, ahead_s).Should().BeApproximately(20.001, 1e-6);
        Happened(21, 24, ahead_s).Should().BeApproximately(21.001, 0.001);
    }

    [Fact]
    public void After_a_cut_line_the_clock_is_learnt_anew()
    {
        Happened(1, 1);
        _clock.Forget();
        Happened(30, 35).Should().BeApproximately(35, 1e-6);
    }

    [Fact]
    public void Clocks_that_drift_apart_are_followed()
    {
        // The PBX's quartz is 50 ppm slow: after a day it is 4.3 s behind.
        for (var second = 0; second <= 86_400; second += 60)
            Happened(second * (1 - 50e-6), second).Should().BeApproximately(second, 0.005);
    }
}
