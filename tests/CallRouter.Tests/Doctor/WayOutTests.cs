using CallCrm.CallRouter.Doctor;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Tests.Doctor;

/// <summary>What dials out in a dialplan as <c>ShowDialPlan</c> lists it.</summary>
public sealed class WayOutTests
{
    [Theory]
    [InlineData("PJSIP/101,20", "")] // a colleague
    [InlineData("PJSIP/${PJSIP_DIAL_CONTACTS(101)},20", "")]
    [InlineData("Local/${EXTEN}@others/n,20", "")]
    [InlineData("${OUT_1}/${OUTNUM},300,${DIAL_TRUNK_OPTIONS}", "")]
    [InlineData("PJSIP/${OUTNUM}@trunk,300,${DIAL_TRUNK_OPTIONS}", "recorded")]
    [InlineData("PJSIP/${FILTER(0-9+,${EXTEN})}@trunk,60,Tb(callcrm-record^s^1)", "recorded")]
    [InlineData("PJSIP/${FILTER(0-9+,${EXTEN})}@trunk,60", "bare")]
    [InlineData("PJSIP/101&PJSIP/0347111@trunk,20,tr", "bare")]
    [InlineData("PJSIP/${IF($[1]?a,b)}@trunk", "bare")]
    [InlineData("SIP/provider/${EXTEN},20,b(others^s^1)", "bare")]
    [InlineData("DAHDI/g1/${EXTEN}", "bare")]
    [InlineData("", "")]
    public async Task A_Dial_to_the_outside_is_told_with_and_without_a_recording(string data, string told)
    {
        var way = await ReadAsync(("phones", [("Dial", data)]));

        way.Recorded.Should().Be(told == "recorded");
        way.Bare.Should().Equal(told == "bare" ? ["phones,_X.,1"] : []);
    }

    [Fact]
    public async Task Contexts_that_are_included_or_gone_to_are_read_once_each_and_circles_end()
    {
        var way = await ReadAsync(
            ("phones", [("Include", "colleagues"), ("Include", "out"), ("Goto", "later"), ("Goto", "${WHERE},s,1"), ("NoOp", "PJSIP/1@trunk")]),
            ("colleagues", [("Include", "phones"), ("Dial", "PJSIP/${EXTEN},20")]),
            ("out", [("Dial", "PJSIP/${EXTEN}@trunk,60,b(callcrm-record^s^1)"), ("Goto", "emergency,${EXTEN},1")]),
            ("emergency", [("Dial", "PJSIP/${EXTEN}@trunk")]));

        way.Should().BeEquivalentTo(new WayOut(["emergency,_X.,1"], Recorded: true));
    }

    [Fact]
    public async Task A_dialplan_without_end_is_not_read_to_its_end()
    {
        var asked = 0;
        await WayOut.ReadAsync("0", _ => Task.FromResult(Lines(("Include", $"{++asked}"))));
        asked.Should().Be(100);
    }

    static Task<WayOut> ReadAsync(params (string Context, (string Application, string Data)[] Lines)[] dialplan) =>
        WayOut.ReadAsync(dialplan[0].Context, name => Task.FromResult(Lines(dialplan.FirstOrDefault(c => c.Context == name).Lines ?? [])));

    static IReadOnlyList<AmiEvent> Lines(params (string Application, string Data)[] lines) => [.. lines.Select((line, n) => line.Application == "Include"
        ? Event(("IncludeContext", line.Data))
        : Event(("Extension", "_X."), ("Priority", $"{n + 1}"), ("Application", line.Application), ("AppData", line.Data)))];

    static AmiEvent Event(params (string Key, string Value)[] headers) => new("ListDialplan", new AmiHeaders([.. headers.Select(h => KeyValuePair.Create(h.Key, h.Value))]));
}
