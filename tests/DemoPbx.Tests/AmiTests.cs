using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using CallCrm.TestKit;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

[Trait("Category", "Slow")]
public sealed class AmiTests
{
    [Fact]
    public async Task Banner_login_and_farewell_are_those_of_asterisk()
    {
        await using var bench = await Bench.StartAsync([]);
        bench.Ami.Banner.Should().Be("Asterisk Call Manager/11.0.0");
        await bench.Ami.EventAsync("FullyBooted");
        bench.Ami.Messages.Select(m => m.Name).Should().Equal("Success", "FullyBooted");
        var goodbye = await bench.Ami.DoAsync("Logoff");
        goodbye.Name.Should().Be("Goodbye");
        goodbye["Message"].Should().Be("Thanks for all the fish.");
        await bench.Ami.Closed.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Challenge_login_works_and_is_bound_to_the_challenge()
    {
        await using var bench = await Bench.StartAsync([]);
        await using var ami = await AmiProbe.ConnectAsync(bench.Pbx.AmiPort);
        (await ami.DoAsync("Challenge", ("AuthType", "SHA1")))["Message"].Should().Be("Must specify AuthType");
        var challenge = (await ami.DoAsync("Challenge", ("AuthType", "MD5")))["Challenge"];
        var key = Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(challenge + "demo-secret")));
        (await ami.DoAsync("Login", ("AuthType", "MD5"), ("Username", "callcrm"), ("Key", key)))["Message"].Should().Be("Authentication accepted");
        (await ami.DoAsync("Login", ("Username", "callcrm"), ("Secret", "demo-secret")))["Message"].Should().Be("Already authenticated");
    }

    [Theory]
    [InlineData("callcrm", "wrong")]
    [InlineData("callcrm", "")]
    [InlineData("nobody", "demo-secret")]
    [InlineData("open", "")]
    public async Task A_wrong_login_is_refused_after_a_second_and_the_socket_closed(string user, string secret)
    {
        await using var bench = await Bench.StartAsync([], o => o.Users.Add(new DemoAmiUser { Name = "open" }));
        await using var ami = await AmiProbe.ConnectAsync(bench.Pbx.AmiPort);
        var start = TimeProvider.System.GetTimestamp();
        (await ami.DoAsync("Login", ("Username", user), ("Secret", secret)))["Message"].Should().Be("Authentication failed");
        TimeProvider.System.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds(0.9));
        await ami.Closed.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Before_the_login_everything_is_denied_and_no_event_comes()
    {
        await using var bench = await Bench.StartAsync([Hold()]);
        await using var ami = await AmiProbe.ConnectAsync(bench.Pbx.AmiPort);
        (await ami.DoAsync("Ping"))["Message"].Should().Be("Permission denied");
        (await ami.DoAsync("NoSuchAction"))["Message"].Should().Be("Permission denied");
        await bench.Pbx.PlaceCall(Bench.Alice()).Reached(DemoCallPlace.Hold);
        (await ami.DoAsync("Ping"))["Message"].Should().Be("Permission denied");
        ami.Messages.Should().OnlyContain(m => !m.IsEvent);
    }

    [Fact]
    public async Task A_silent_client_is_cut_after_the_login_time()
    {
        await using var bench = await Bench.StartAsync([], o => o.LoginTimeout = TimeSpan.FromMilliseconds(200));
        await using var ami = await AmiProbe.ConnectAsync(bench.Pbx.AmiPort);
        await ami.Closed.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Classes_limit_what_is_read_and_done()
    {
        await using var bench = await Bench.StartAsync([Hold()], o =>
            o.Users.Add(new DemoAmiUser { Name = "viewer", Secret = "s", Read = "call", Write = "" }));
        await using var viewer = await AmiProbe.LogInAsync(bench.Pbx.AmiPort, "viewer", "s");
        var asterisk = TraceLibrary.Load("01").Messages("ami-viewer").ToList();
        foreach (var action in (string[])["Ping", "Hangup", "CoreStatus", "UserEvent", "Redirect", "Status", "CoreShowChannels"])
        {
            var answer = await viewer.DoAsync(action, ("Channel", "x"));
            (answer.Name, answer["Message"]).Should().Be(action == "Ping" ? ("Success", null) : ("Error", "Permission denied"), action);
        }

        asterisk.Should().NotContain(m => m.Name == "FullyBooted");
        await bench.Pbx.PlaceCall(Bench.Alice()).Reached(DemoCallPlace.Hold);
        await viewer.EventAsync("MusicOnHoldStart");
        viewer.Messages.Select(m => m.Name).Should().NotContain(["VarSet", "FullyBooted", "UserEvent", "AGIExecStart"]);
    }

    /// <summary>Actions of trace 01, byte for byte, and what Asterisk answered.</summary>
    [Fact]
    public async Task Malformed_input_gets_the_answers_of_asterisk()
    {
        await using var bench = await Bench.StartAsync([]);
        var trace = TraceLibrary.Load("01");
        foreach (var sent in trace.Sent("ami-malformed").Where(s =>
            !s.Bytes.Contains("Login", StringComparison.Ordinal) && !s.Bytes.Contains("Logoff", StringComparison.Ordinal)))
        {
            await bench.Ami.SendRawAsync(sent.Bytes);
        }

        await bench.Ami.DoAsync("Ping");
        var expected = trace.Messages("ami-malformed").Where(m => m.Kind == "response").Select(m => Answer(m.Name, m.Get("ActionID"), m.Get("Message")))
            .SkipLast(1).Skip(1);
        bench.Ami.Messages.Where(m => !m.IsEvent).Select(m => Answer(m.Name, m["ActionID"], m["Message"])).SkipLast(1).Skip(1)
            .Should().Equal(expected);

        static string Answer(string name, string? id, string? message) => $"{name} {id} {message}";
    }

    [Fact]
    public async Task Plain_answers_have_the_keys_of_asterisk()
    {
        await using var bench = await Bench.StartAsync([]);
        var asterisk = TraceLibrary.Load("01").Messages("ami-plain");
        foreach (var (action, sign) in new[] { ("Ping", "Ping"), ("CoreSettings", "AMIversion"), ("CoreStatus", "CoreStartupDate") })
        {
            var answer = await bench.Ami.DoAsync(action);
            answer.Lines.Select(l => l.Key).Should().Equal(asterisk.First(m => m.Get(sign) is not null).Headers.Select(h => h.Key));
        }

        (await bench.Ami.DoAsync("CoreSettings"))["SystemName"].Should().Be("demo");
        (await bench.Ami.DoAsync("Hangup", ("Channel", "PJSIP/none-00000001")))["Message"].Should().Be("No such channel");
        (await bench.Ami.DoAsync("Redirect", ("Channel", "PJSIP/none-00000001"), ("Context", "x"), ("Exten", "1"), ("Priority", "1")))["Message"]
            .Should().Be("Channel does not exist: PJSIP/none-00000001");
        (await bench.Ami.DoAsync("MixMonitorMute", ("Channel", "PJSIP/none-1"), ("Direction", "both"), ("State", "1")))["Message"]
            .Should().Be("No such channel");
        (await bench.Ami.DoAsync("Status", ("Channel", "PJSIP/none-1")))["Message"].Should().Be("No such channel");
    }

    [Fact]
    public async Task Lists_name_channels_bridge_and_devices()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/101")]);
        (await bench.Ami.ListAsync("CoreShowChannels")).Should().ContainSingle().Which["ListItems"].Should().Be("0");
        var call = await ConformanceTests.TalkAsync(bench, "PJSIP/101");
        var channels = await bench.Ami.ListAsync("CoreShowChannels");
        channels.Should().HaveCount(3);
        channels[0]["BridgeId"].Should().NotBeNullOrEmpty().And.Be(channels[1]["BridgeId"]);
        channels.Take(2).Select(c => c["Linkedid"]).Should().AllBe(call.Uniqueid);
        channels[2]["ListItems"].Should().Be("2");
        (await bench.Ami.DoAsync("CoreStatus"))["CoreCurrentCalls"].Should().Be("2");
        var devices = (await bench.Ami.ListAsync("DeviceStateList")).Where(e => e.Name == "DeviceStateChange").ToDictionary(e => e["Device"]!, e => e["State"]);
        devices.Should().Equal(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["PJSIP/101"] = "INUSE",
            ["PJSIP/102"] = "NOT_INUSE",
            ["PJSIP/109"] = "UNAVAILABLE",
            ["PJSIP/110"] = "NOT_INUSE",
            ["PJSIP/trunk"] = "INUSE",
        });
    }

    [Fact]
    public async Task Filters_and_masks_choose_events()
    {
        await using var bench = await Bench.StartAsync([Hold(), Hold(), Hold()]);
        await using var ami = await AmiProbe.LogInAsync(bench.Pbx.AmiPort);
        (await ami.DoAsync("Filter", ("Operation", "Add"), ("Filter", "!(("), ("x", "")))["Message"].Should().StartWith("Filter did not compile.");
        (await ami.DoAsync("Filter", ("Operation", "Add"), ("MatchCriteria", "name(Foo),bogus(x)")))["Message"].Should().StartWith("Filter was formatted incorrectly.");
        (await ami.DoAsync("Filter", ("Operation", "Add"), ("Filter", "!Event: (VarSet|Newexten|AGIExec)"))).Name.Should().Be("Success");
        (await ami.DoAsync("Filter", ("Operation", "Add"), ("MatchCriteria", "action(exclude),name(UserEvent),header(CallId),method(exact)"), ("Filter", "c0ffee"))).Name.Should().Be("Success");
        await bench.Pbx.PlaceCall(Bench.Alice()).Reached(DemoCallPlace.Hold);
        await ami.EventAsync("MusicOnHoldStart");
        ami.Messages.Select(m => m.Name).Should().NotContain(["VarSet", "Newexten", "AGIExecStart", "UserEvent"]).And.Contain("Newchannel");

        (await ami.DoAsync("Events", ("EventMask", "off")))["Events"].Should().Be("Off");
        var before = ami.Messages.Count;
        await bench.Pbx.PlaceCall(Bench.Alice()).Reached(DemoCallPlace.Hold);
        await ami.DoAsync("Ping");
        ami.Messages.Should().HaveCount(before + 1);

        await using var picky = await AmiProbe.LogInAsync(bench.Pbx.AmiPort);
        await picky.DoAsync("Filter", ("Operation", "Add"), ("Filter", "Event: Newchannel"));
        await bench.Pbx.PlaceCall(Bench.Alice()).Reached(DemoCallPlace.Hold);
        await picky.EventAsync("Newchannel");
        await picky.DoAsync("Ping");
        picky.Messages.Where(m => m.IsEvent).Select(m => m.Name).Should().Equal("FullyBooted", "Newchannel");
    }

    [Fact]
    public async Task User_events_reach_every_client()
    {
        await using var bench = await Bench.StartAsync([]);
        await using var other = await AmiProbe.LogInAsync(bench.Pbx.AmiPort);
        await bench.Ami.DoAsync("UserEvent", ("UserEvent", "Probe"), ("Text", "žluťoučký kůň 🙂"), ("Empty", ""));
        var heard = await other.EventAsync("UserEvent");
        heard["Text"].Should().Be("žluťoučký kůň 🙂");
        heard.Lines.Select(l => l.Key).Should().Equal("Event", "Privilege", "Timestamp", "SystemName", "UserEvent", "ActionID", "Text", "Empty");
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_and_nobody_else_suffers()
    {
        await using var bench = await Bench.StartAsync([], o => o.WriteBacklog_bytes = 200_000);
        using var slow = new TcpClient { ReceiveBufferSize = 8192 };
        await slow.ConnectAsync("127.0.0.1", bench.Pbx.AmiPort);
        await slow.GetStream().WriteAsync("Action: Login\r\nUsername: callcrm\r\nSecret: demo-secret\r\n\r\n"u8.ToArray());
        await WaitUntilAsync(() => bench.Pbx.AmiClients == 2);
        var text = new string('x', 900);
        for (var i = 0; bench.Pbx.AmiClients == 2 && i < 20_000; i++)
        {
            await bench.Ami.SendRawAsync($"Action: UserEvent\r\nUserEvent: Flood\r\nNumber: {i.ToString(CultureInfo.InvariantCulture)}\r\nText: {text}\r\n\r\n");
            if (i % 100 == 0)
            {
                await bench.Ami.DoAsync("Ping");
            }
        }

        bench.Pbx.AmiClients.Should().Be(1);
        (await bench.Ami.DoAsync("Ping"))["Ping"].Should().Be("Pong");
    }

    [Fact]
    public async Task Input_without_end_is_not_kept()
    {
        await using var bench = await Bench.StartAsync([]);
        var text = new string('y', 100_000);
        for (var i = 0; i < 20; i++)
        {
            await bench.Ami.SendRawAsync(text);
        }

        await bench.Ami.SendRawAsync("\r\nActionID: end\r\n\r\n");
        (await bench.Ami.WaitAsync(m => m["ActionID"] == "end"))["Message"].Should().Be("Failed to parse message: line too long");
    }

    [Fact]
    public async Task It_listens_on_loopback_unless_told_otherwise_by_name()
    {
        var options = Bench.Options();
        options.ListenAddress = "0.0.0.0";
        await using var pbx = new DemoPbxServer(options);
        var start = () => pbx.StartAsync();
        (await start.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*AllowRemote*");
        options.AllowRemote = true;
        await pbx.StartAsync();
        pbx.AmiPort.Should().BePositive();
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
        {
            await Task.Delay(10);
        }
    }
}
