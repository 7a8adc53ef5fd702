using System.Globalization;
using CallCrm.CallRouter.Doctor;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests.Doctor;

/// <summary>Each fault of a PBX is named once, with its remedy; a PBX without faults has none.</summary>
[Trait("Category", "Slow")]
public sealed class PbxDoctorTests : IAsyncDisposable
{
    static readonly DoctorDevice Desk = new("pbx-1", "PJSIP/101", "101", Remote: false);

    readonly AmiTestServer _server = new();
    readonly PbxOptions _pbx;
    readonly HashSet<string> _missingContexts = [];
    readonly HashSet<string> _silent = [];
    readonly HashSet<string> _allowed = ["Redirect", "Originate", "CoreShowChannels", "UserEvent"];
    string _label = "callcrm";
    string _snippet = AgiCheck.SnippetVersion;
    string _agi = "SUCCESS";
    string _action = AgiCheck.Answer;
    string _systemName = "pbx-1";
    string _deviceState = "NOT_INUSE";
    string? _writeTimeout;
    string _read = "system,call,agent,user,cdr,dtmf,reporting,dialplan";
    string _privilege = "agent,all";
    string _phones = "Dial:PJSIP/${FILTER(0-9+,${EXTEN})}@trunk,60,b(callcrm-record^s^1)";
    string _page = "Goto:phones,${EXTEN},1";
    bool _records = true;
    TimeSpan _ahead;
    bool _stamped = true;
    int _mailboxes;

    public PbxDoctorTests()
    {
        _pbx = new PbxOptions { Node = "pbx-1", Host = "127.0.0.1", AmiPort = _server.Port, User = "callcrm", Secret = "lab", RecordingFolder = Directory.CreateTempSubdirectory("callcrm-doctor").FullName };
        _server.OnAction = AnswerAsync;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        if (Directory.Exists(_pbx.RecordingFolder))
            Directory.Delete(_pbx.RecordingFolder, recursive: true);
    }

    [Fact]
    public async Task A_PBX_as_it_should_be_has_no_faults_and_all_is_told()
    {
        (_writeTimeout, _pbx.CelFile) = ("5000", Path.Combine(_pbx.RecordingFolder!, "cel.csv"));
        await File.WriteAllTextAsync(_pbx.CelFile, "");

        var found = await ExamineAsync();

        found.Where(f => f.State != FindingState.Fine).Should().BeEmpty();
        found.Select(f => f.Check).Should().Contain(["ami", "systemname", "right.read.system", "right.read.call", "right.read.user", "right.read.dialplan", "right.write.call",
            "right.write.originate", "right.write.reporting", "right.write.user", "right.write.agent", "right.read.agent", "right.read.cdr", "right.read.dtmf", "right.read.reporting", "writetimeout", "clock", "dialplan", "dialplan.version", "agi", "devices", "record.out", "record.dialled", "recordings", "cel"]);
    }

    [Theory]
    [InlineData("secret", "ami", "Secret the same")]
    [InlineData("away", "ami", "cannot be reached")]
    [InlineData("name", "systemname", "systemname in asterisk.conf")]
    [InlineData("nameless", "systemname", "set systemname = pbx-1")]
    [InlineData("booted", "right.read.system", "\"system\"")]
    [InlineData("Redirect", "right.write.call", "add \"call\" to write")]
    [InlineData("Originate", "right.write.originate", "add \"originate\" to write")]
    [InlineData("CoreShowChannels", "right.write.reporting", "add \"reporting\" to write")]
    [InlineData("command", "right.write.command", "take \"command\" out")]
    [InlineData("remote", "right.write.system", "add \"system\" to write")]
    [InlineData("newchannel", "right.read.call", "add \"call\" to read")]
    [InlineData("userevent", "right.read.user", "add \"user\" to read")]
    [InlineData("varset", "right.read.dialplan", "add \"dialplan\" to read")]
    [InlineData("stamp", "timestampevents", "timestampevents = yes")]
    [InlineData("writetimeout", "writetimeout", "set writetimeout = 5000")]
    [InlineData("clock", "clock", "time server")]
    [InlineData("route", "dialplan.callcrm-route", "reload the dialplan")]
    [InlineData("fallback", "dialplan.callcrm-fallback", "write this context")]
    [InlineData("old", "dialplan.callcrm-check", "reload the dialplan")]
    [InlineData("label", "dialplan.label", "labelled callcrm")]
    [InlineData("version", "dialplan.version", "copy deploy/asterisk/callcrm.conf")]
    [InlineData("agi", "agi", "set CALLCRM_AGI")]
    [InlineData("mute", "agi", "gives no answer")]
    [InlineData("late", "agi", "no answer in 2 s")]
    [InlineData("device", "device", "knows no PJSIP/101")]
    [InlineData("out", "record.out", "callcrm-outbound,_X.,1: add b(callcrm-record^s^1)")]
    [InlineData("dialled", "record.dialled", "beyond,_X.,1: add b(callcrm-record^s^1)")]
    [InlineData("recordings", "recordings", "does not exist")]
    [InlineData("cel", "cel", "mount its folder")]
    [InlineData("mailboxes", "mailboxes", "setfacl")]
    public async Task Each_fault_is_named_alone_with_its_remedy(string what, string check, string remedy)
    {
        var device = Desk;
        switch (what)
        {
            case "secret": _pbx.Secret = "another"; break;
            case "away": await _server.DisposeAsync(); break;
            case "name": _systemName = "pbx-2"; break;
            case "nameless": _systemName = ""; break;
            case "booted": _server.FullyBooted = null; break;
            case "Redirect" or "Originate" or "CoreShowChannels": _allowed.Remove(what); break;
            case "command": _allowed.Add("Command"); break;
            case "remote": device = Desk with { Remote = true }; break;
            case "newchannel" or "userevent" or "varset": _silent.Add(what); break;
            case "stamp": _stamped = false; break;
            case "writetimeout": _writeTimeout = "100"; break;
            case "clock": _ahead = TimeSpan.FromSeconds(7); break;
            case "route" or "fallback": _missingContexts.Add("callcrm-" + what); break;
            case "old": _missingContexts.Add("callcrm-check"); break;
            case "label": _label = ""; break;
            case "version": _snippet = "0"; break;
            case "agi": (_agi, _action) = ("FAILURE", ""); break;
            case "mute": _action = ""; break;
            case "late": (_agi, _action) = ("LATE", "none"); break;
            case "device": _deviceState = "INVALID"; break;
            case "out": _page = "Dial:PJSIP/${EXTEN}@trunk,60"; break;
            case "dialled": (_page, _phones) = ("Dial:SIP/trunk/${EXTEN},60,${OPTIONS}", "Include:beyond"); break;
            case "recordings": Directory.Delete(_pbx.RecordingFolder!); break;
            case "cel": _pbx.CelFile = "/nowhere/cel.csv"; break;
            case "mailboxes": (_mailboxes, _pbx.VoicemailFolder) = (3, "/nowhere/voicemail"); break;
        }

        var fault = (await ExamineAsync(device)).Should().ContainSingle(f => f.State == FindingState.Fault).Subject;

        fault.Check.Should().Be(check);
        fault.Text.Should().Contain(remedy).And.EndWith(".");
    }

    [Fact]
    public async Task What_is_missing_and_can_be_done_without_is_a_note()
    {
        (_writeTimeout, _read, _privilege) = ("5000", "system,call,user,dialplan", "some,all");
        _allowed.Remove("UserEvent");

        var found = await ExamineAsync();

        found.Should().NotContain(f => f.State == FindingState.Fault);
        found.Where(f => f.State == FindingState.Untold).Select(f => f.Check).Should().BeEquivalentTo(
            "cel", "right.write.user", "right.write.agent", "right.read.agent", "right.read.cdr", "right.read.dtmf", "right.read.reporting");
        found.Single(f => f.Check == "cel").Text.Should().Contain("never known");
    }

    [Fact]
    public async Task Read_classes_that_nobody_tells_are_one_note() =>
        (await ExamineAsync()).Should().ContainSingle(f => f.Check == "right.read").Which.Should().Match<Finding>(f => f.State == FindingState.Untold && f.Text.Contains("agent, cdr, dtmf, reporting"));

    [Fact]
    public async Task Recording_is_looked_for_only_where_somebody_wants_it_and_what_is_not_seen_is_a_note()
    {
        _phones = "Dial:Local/${EXTEN}@elsewhere/n";
        (await ExamineAsync()).Should().ContainSingle(f => f.Check == "record.dialled").Which.State.Should().Be(FindingState.Untold);
        _records = false;
        (await ExamineAsync()).Should().NotContain(f => f.Check.StartsWith("record.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Mailboxes_are_looked_for_only_when_the_PBX_has_some()
    {
        _pbx.VoicemailFolder = "/nowhere/voicemail";
        (await ExamineAsync()).Should().NotContain(f => f.Check == "mailboxes");
        (_mailboxes, _pbx.VoicemailFolder) = (3, "");
        (await ExamineAsync()).Should().ContainSingle(f => f.Check == "mailboxes").Which.Should().Match<Finding>(f => f.State == FindingState.Untold && f.Text.Contains("3 mailboxes"));
        _pbx.VoicemailFolder = Directory.CreateDirectory(Path.Combine(_pbx.RecordingFolder!, "voicemail")).FullName;
        (await ExamineAsync()).Should().ContainSingle(f => f.Check == "mailboxes").Which.State.Should().Be(FindingState.Fine);
    }

    [Fact]
    public async Task A_PBX_that_hangs_does_not_hold_up_the_others()
    {
        _server.Banner = "";
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        var found = await new PbxDoctor(_pbx, TimeProvider.System).RunAsync(Settings(Desk), limit.Token).WaitAsync(TimeSpan.FromSeconds(8));

        found.Should().ContainSingle(f => f.State == FindingState.Fault).Which.Check.Should().Be("ami");
    }

    [Fact]
    public void The_snippet_has_the_version_the_doctor_expects()
    {
        File.ReadAllText(Path.Combine(Repository.Folder, "deploy/asterisk/callcrm.conf")).Should().Contain($"Set(CALLCRM_SNIPPET={AgiCheck.SnippetVersion})\n");
    }

    async Task<IReadOnlyCollection<Finding>> ExamineAsync(DoctorDevice? device = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await new PbxDoctor(_pbx, TimeProvider.System).RunAsync(Settings(device ?? Desk), limit.Token);
    }

    Task<DoctorSettings?> Settings(DoctorDevice device) => Task.FromResult<DoctorSettings?>(new DoctorSettings([device], _records));

    static string Stamp(TimeSpan ahead) => ((TimeProvider.System.GetUtcNow() + ahead).ToUnixTimeMilliseconds() / 1000.0).ToString("F6", CultureInfo.InvariantCulture);

    async Task<bool> AnswerAsync(AmiTestSession session, AmiTestAction action)
    {
        switch (action.Name)
        {
            case "CoreSettings":
                await session.RespondAsync(action, "Success", $"AsteriskVersion: 22.10.1\r\nSystemName: {_systemName}\r\n");
                return true;
            case "Ping":
                await session.RespondAsync(action, "Success", $"Ping: Pong\r\nTimestamp: {Stamp(_ahead)}\r\n");
                return true;
            case "ListCommands":
                var all = _writeTimeout is null ? _allowed : _allowed.Append("GetConfig");
                await session.RespondAsync(action, "Success", string.Concat(all.Select(a => $"{a}: What it does.  (Priv: {_privilege})\r\n")));
                return true;
            case "GetConfig":
                await session.RespondAsync(action, "Success", $"Category-000000: callcrm\r\nLine-000000-000000: read={_read}\r\nLine-000000-000001: writetimeout={_writeTimeout}\r\n");
                return true;
            case "Getvar" when action["Variable"] == "PJSIP_ENDPOINT(101,context)":
                await session.RespondAsync(action, "Success", $"Variable: {action["Variable"]}\r\nValue: phones\r\n");
                return true;
            case "Getvar":
                await session.RespondAsync(action, "Success", $"Variable: {action["Variable"]}\r\nValue: {_deviceState}\r\n");
                return true;
            case "VoicemailUsersList" when _mailboxes > 0:
                await session.RespondAsync(action, "Success", "EventList: start\r\nMessage: Voicemail user list will follow\r\n");
                for (var n = 0; n < _mailboxes; n++)
                    await session.SendAsync($"Event: VoicemailUserEntry\r\nActionID: {action.ActionId}\r\nVMContext: default\r\nVoiceMailbox: {100 + n}\r\n\r\n");
                await session.SendAsync($"Event: VoicemailUserEntryComplete\r\nActionID: {action.ActionId}\r\nEventList: Complete\r\nListItems: {_mailboxes}\r\n\r\n");
                return true;
            case "ShowDialPlan":
                await ShowAsync(session, action);
                return true;
            case "Originate":
                await session.RespondAsync(action, "Success", "Message: Originate successfully queued\r\n");
                await CheckAsync(session, action["Channel"]!);
                return true;
            default:
                return false;
        }
    }

    async Task ShowAsync(AmiTestSession session, AmiTestAction action)
    {
        if (_missingContexts.Contains(action["Context"]!))
        {
            await session.RespondAsync(action, "Error", $"Message: Did not find context {action["Context"]}\r\n");
            return;
        }

        await session.RespondAsync(action, "Success", "EventList: start\r\nMessage: DialPlan list will follow\r\n");
        await session.SendAsync($"Event: ListDialplan\r\nActionID: {action.ActionId}\r\nContext: {action["Context"]}\r\nExtension: s\r\nExtensionLabel: {_label}\r\nPriority: 1\r\n\r\n");
        var application = action["Context"] switch { "callcrm-outbound" => _page, "phones" => _phones, "beyond" => "Dial:PJSIP/${EXTEN}@trunk,60,t", _ => "NoOp:" };
        var (name, data) = (application[..application.IndexOf(':', StringComparison.Ordinal)], application[(application.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        await session.SendAsync($"Event: ListDialplan\r\nActionID: {action.ActionId}\r\nContext: {action["Context"]}\r\n"
            + (name == "Include" ? $"IncludeContext: {data}\r\n\r\n" : $"Extension: _X.\r\nPriority: 1\r\nApplication: {name}\r\nAppData: {data}\r\n\r\n"));
        await session.SendAsync($"Event: ShowDialPlanComplete\r\nActionID: {action.ActionId}\r\nEventList: Complete\r\nListItems: 2\r\n\r\n");
    }

    async Task CheckAsync(AmiTestSession session, string channel)
    {
        var id = channel["Local/".Length..channel.IndexOf('@', StringComparison.Ordinal)];
        (string, string)[] common = [("Channel", channel + "-00000001;2"), .. _stamped ? [("Timestamp", Stamp(TimeSpan.Zero))] : Array.Empty<(string, string)>()];
        if (!_silent.Contains("newchannel"))
            await session.EventAsync("Newchannel", common);
        if (!_silent.Contains("varset"))
            await session.EventAsync("VarSet", [.. common, ("Variable", "DIALSTATUS"), ("Value", "CHECK")]);
        if (!_silent.Contains("userevent"))
            await session.EventAsync("UserEvent", [.. common, ("UserEvent", "CallCrmCheck"), ("Id", id), ("Agi", _agi), ("Action", _action), ("Url", "agi://10.0.0.9:4573/route"), ("Snippet", _snippet)]);
    }
}
