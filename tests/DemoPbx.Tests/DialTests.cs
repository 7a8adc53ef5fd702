using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

public sealed class DialTests
{
    [Fact]
    public async Task Answered_call_talks_until_the_caller_hangs_up()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101")]);
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/101");
        (await bench.Pbx.Phone("PJSIP/101").Answer()).Should().BeTrue();
        await call.Reached(DemoCallPlace.Talking, "PJSIP/101");
        call.HangUp();
        await call.Ended;

        call.Cause.Should().Be(16);
        call.CallId.Should().Be("c0ffee");
        await bench.Ami.EventAsync("Hangup", m => m["Channel"] == call.Channel);
        bench.Pbx.LiveChannels.Should().BeEmpty();
        bench.Agi.Talks.Should().ContainSingle().Which.Arguments.Should().Be("new|560001|");
    }
}
