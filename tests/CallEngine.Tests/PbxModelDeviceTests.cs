namespace CallCrm.CallEngine.Tests;

public sealed class PbxModelDeviceTests
{
    readonly PbxModelCalls _calls = new();

    [Theory]
    [InlineData("NOT_INUSE", "NotInUse")]
    [InlineData("INUSE", "InUse")]
    [InlineData("BUSY", "Busy")]
    [InlineData("INVALID", "Invalid")]
    [InlineData("UNAVAILABLE", "Unavailable")]
    [InlineData("RINGING", "Ringing")]
    [InlineData("RINGINUSE", "RingInUse")]
    [InlineData("ONHOLD", "OnHold")]
    [InlineData("UNKNOWN", "Unknown")]
    [InlineData("NEWER_WORD", "Unknown")]
    public void Words_of_DeviceStateChange(string word, string state) =>
        Device("PJSIP/101", word).Should().Equal("device     PJSIP/101 " + state);

    [Fact]
    public void State_is_said_when_it_changes()
    {
        Device("PJSIP/101", "INUSE").Should().ContainSingle();
        Device("PJSIP/101", "INUSE").Should().BeEmpty();
        Device("PJSIP/101", "NOT_INUSE").Should().ContainSingle();
    }

    [Theory]
    [InlineData("Queue:support_pause_PJSIP/101")]
    [InlineData("Queue:support_avail")]
    [InlineData("Custom:DND102")]
    [InlineData("confbridge:8000")]
    [InlineData("park:701@parkedcalls")]
    [InlineData("OutgoingSpoolFailed")]
    [InlineData("CBAnn/8000")]
    [InlineData("Local/101@from-queue")]
    [InlineData("PJSIP/")]
    public void What_is_no_phone_says_nothing(string device) => Device(device, "INUSE").Should().BeEmpty();

    [Fact]
    public void Hints_and_contacts_tell_of_devices_that_DeviceStateChange_never_named()
    {
        Hint("PJSIP/101", 8).Should().Equal("device     PJSIP/101 Ringing");
        Hint("PJSIP/101,CustomPresence:101", 1).Should().Equal("device     PJSIP/101 InUse");
        Contact("101", "Reachable").Should().BeEmpty("a contact knows less than a hint");
        Device("PJSIP/101", "INUSE").Should().BeEmpty("it is known");
        Hint("PJSIP/101", 0).Should().BeEmpty("it has a better source now");

        Contact("102", "Unreachable").Should().Equal("device     PJSIP/102 Unavailable");
        Contact("102", "NonQualified").Should().BeEmpty();
        Contact("102", "Reachable").Should().Equal("device     PJSIP/102 NotInUse");
        Contact("102", "Reachable").Should().BeEmpty();
        Contact("102", "Removed").Should().Equal("device     PJSIP/102 Unavailable");
    }

    [Theory]
    [InlineData("PJSIP/102&Custom:DND102,CustomPresence:102", 2)]
    [InlineData("PJSIP/102&PJSIP/103", 1)]
    [InlineData("Custom:DND102", 2)]
    [InlineData("PJSIP/102", -1)]
    [InlineData("PJSIP/102", 77)]
    [InlineData("", 0)]
    public void Hint_of_several_devices_or_none_is_no_devices_state(string hint, int status) => Hint(hint, status).Should().BeEmpty();

    IEnumerable<string> Device(string device, string word) => _calls.Send("DeviceStateChange", "Device: " + device, "State: " + word).Said();

    IEnumerable<string> Hint(string hint, int status) => _calls.Send("ExtensionStatus", "Exten: 1", "Hint: " + hint, $"Status: {status}").Said();

    IEnumerable<string> Contact(string endpoint, string status) =>
        _calls.Send("ContactStatus", "EndpointName: " + endpoint, "ContactStatus: " + status, "URI: sip:x").Said();
}
