using CallCrm.Engine;

namespace CallCrm.CallEngine.Tests;

/// <summary>What app_voicemail tells by AMI; the capture mailbox-messages has it as a real one says it.</summary>
public sealed class PbxModelMailboxTests
{
    readonly PbxModel _model = new(PbxModelTraces.Node);

    IReadOnlyList<PbxFact> Say(string name, params (string Key, string Value)[] fields) =>
        _model.Handle(new PbxEvent(PbxModelTraces.Node, name, [.. fields.Select(f => KeyValuePair.Create(f.Key, f.Value))], null));

    void Caller(string id, string channel = "PJSIP/trunk-1", string state = "4") =>
        Say("Newchannel", ("Channel", channel), ("Uniqueid", id), ("Linkedid", id), ("ChannelState", state), ("CallerIDNum", "+391"), ("Exten", "1"), ("Context", "in"));

    IReadOnlyList<PbxFact> Enters(string id, string data) => Say("Newexten", ("Uniqueid", id), ("Application", "VoiceMail"), ("AppData", data));

    IReadOnlyList<PbxFact> Status(string id, string value) => Say("VarSet", ("Uniqueid", id), ("Variable", "VMSTATUS"), ("Value", value));

    [Theory]
    [InlineData("145@default,us", "145@default")]
    [InlineData("145", "145@default")]
    [InlineData("101@sales&102@sales,u", "101@sales")]
    [InlineData("", "")]
    public void The_mailbox_is_the_first_that_the_application_was_given(string data, string mailbox)
    {
        Caller("1");
        Enters("1", data).Should().BeEmpty();
        Status("1", "SUCCESS").Should().ContainSingle().Which.Should().BeEquivalentTo(new { Leg = new LegId(PbxModelTraces.Node, "1"), Mailbox = mailbox });
    }

    [Theory]
    [InlineData("FAILED")]
    [InlineData("USEREXIT")]
    [InlineData("")]
    public void Who_left_nothing_has_left_no_message(string status)
    {
        Caller("1");
        Enters("1", "145@default,us");
        Status("1", status).Should().BeEmpty();
    }

    [Fact]
    public void Without_the_step_before_it_the_message_is_told_without_its_mailbox_and_a_channel_that_is_gone_has_none()
    {
        Caller("1");
        Status("1", "SUCCESS").Should().ContainSingle().Which.Should().BeOfType<PbxFact.MessageLeft>().Which.Mailbox.Should().BeEmpty();
        Status("2", "SUCCESS").Should().BeEmpty();
        Enters("2", "145@default").Should().BeEmpty();
    }

    [Fact]
    public void Who_comes_to_the_mailbox_through_a_Local_channel_is_the_caller_behind_it()
    {
        Caller("1");
        Say("Newchannel", ("Channel", "Local/145@vm-0001;1"), ("Uniqueid", "2"), ("Linkedid", "1"), ("ChannelState", "0"));
        Say("Newchannel", ("Channel", "Local/145@vm-0001;2"), ("Uniqueid", "3"), ("Linkedid", "1"), ("ChannelState", "4"));
        Say("DialBegin", ("Channel", "PJSIP/trunk-1"), ("Uniqueid", "1"), ("DestChannel", "Local/145@vm-0001;1"), ("DestUniqueid", "2"), ("DialString", "145@vm"));
        Enters("3", "145@default,u");
        Status("3", "SUCCESS").OfType<PbxFact.MessageLeft>().Should().ContainSingle().Which.Leg.UniqueId.Should().Be("1");
    }

    [Fact]
    public void Who_was_in_the_mailbox_when_the_list_was_read_leaves_a_message_there()
    {
        _model.TakeSnapshot([new PbxEvent(PbxModelTraces.Node, "CoreShowChannel", [new("Uniqueid", "1"), new("Linkedid", "1"), new("Channel", "PJSIP/trunk-1"), new("ChannelState", "6"),
            new("Application", "VoiceMail"), new("ApplicationData", "145@default,us"), new("Context", "lab-mailbox")], null)], []);
        Status("1", "SUCCESS").Should().ContainSingle().Which.Should().BeOfType<PbxFact.MessageLeft>().Which.Mailbox.Should().Be("145@default");
    }
}
