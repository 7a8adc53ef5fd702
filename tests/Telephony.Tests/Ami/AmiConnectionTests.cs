using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CallCrm.Telephony.Ami;
using CallCrm.TestKit;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.Telephony.Tests.Ami;

[Trait("Category", "Slow")]
public sealed class AmiConnectionTests
{
    [Fact]
    public async Task Every_loss_is_told_and_a_new_session_follows()
    {
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server));
        for (var number = 1; number <= 5; number++)
        {
            (await client.NextAsync<AmiConnected>()).SessionNumber.Should().Be(number);
            var session = await server.NextLoginAsync();
            await session.EventAsync("UserEvent", ("N", number.ToString(CultureInfo.InvariantCulture)));
            (await client.NextAsync<AmiEvent>())["N"].Should().Be(number.ToString(CultureInfo.InvariantCulture));
            if (number % 2 == 0)
                session.Reset();
            else
                session.Close();
            var lost = await client.NextAsync<AmiLost>();
            lost.SessionNumber.Should().Be(number);
            lost.Reason.Should().BeOneOf(AmiLostReason.ClosedByPbx, AmiLostReason.Broken);
        }
    }

    [Fact]
    public async Task Connection_cut_at_any_byte_gives_whole_events_only()
    {
        // An answer to the first keep-alive would stand in the midst of what is sent here.
        await using var server = new AmiTestServer { OnAction = (_, action) => Task.FromResult(action.Name == "Ping") };
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server));
        var message = "Event: UserEvent\r\nText: a: b\n\r\nPrivilege: user,all\r\n\r\n"u8.ToArray();
        long last = 0;
        for (var cut = 0; cut <= message.Length; cut++)
        {
            await client.NextAsync<AmiConnected>();
            var session = await server.NextLoginAsync();
            await session.SendAsync(message.AsMemory(0, cut));
            session.Close();
            if (cut == message.Length)
            {
                var whole = await client.NextAsync<AmiEvent>();
                whole["Text"].Should().Be("a: b\n");
                whole.Sequence.Should().BeGreaterThan(last);
            }

            last = (await client.NextAsync<AmiLost>()).Sequence;
        }
    }

    [Fact]
    public async Task Announced_shutdown_is_named()
    {
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server, new AmiEventFilter().Want("Hangup")));
        await client.NextAsync<AmiConnected>();
        var session = await server.NextLoginAsync();

        await session.EventAsync("Shutdown", ("Shutdown", "Cleanly"), ("Restart", "True"));
        session.Close();

        (await client.NextAsync<AmiLost>()).Reason.Should().Be(AmiLostReason.Shutdown);
    }

    [Fact]
    public async Task Half_open_line_is_given_up_after_the_keep_alive()
    {
        await using var server = new AmiTestServer();
        var dead = false;
        server.OnAction = (_, action) => Task.FromResult(dead && action.Name == "Ping");
        await using var client = new RunningAmiClient(Quick(server));
        await client.NextAsync<AmiConnected>();

        dead = true;
        var lost = await client.NextAsync<AmiLost>();
        lost.Reason.Should().Be(AmiLostReason.KeepAlive);
        lost.Silence.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(1200), "what was known is as old as the last thing heard, not as the noticing");
        dead = false;
        (await client.NextAsync<AmiConnected>()).SessionNumber.Should().Be(2);
    }

    /// <summary>On a busy machine the watch over the line may be about to ask when that has gone: it asks nobody any more.</summary>
    [Fact]
    public async Task A_line_that_goes_while_its_watch_is_held_up_is_followed_by_a_new_one()
    {
        await using var server = new AmiTestServer();
        var time = new HeldUpTime("QuietAsync", TimeSpan.FromSeconds(1.5));
        await using var client = new RunningAmiClient(Quick(server), time);
        await client.NextAsync<AmiConnected>();
        time.Meanwhile = (await server.NextLoginAsync()).Close;
        await client.NextAsync<AmiLost>();
        (await client.NextAsync<AmiConnected>()).SessionNumber.Should().Be(2);
    }

    [Fact]
    public async Task A_PBX_that_speaks_is_asked_for_its_time_alone_and_one_that_is_silent_at_once()
    {
        await using var server = new AmiTestServer();
        var pings = 0;
        server.OnAction = (_, action) => Task.FromResult(action.Name == "Ping" && Interlocked.Increment(ref pings) < 0);
        var time = new FakeTimeProvider();
        // Time runs faster here than answers do.
        var options = new AmiClientOptions { Host = "127.0.0.1", Port = server.Port, User = "callcrm", Secret = "lab", KeepAliveTimeout = TimeSpan.FromHours(1) };
        await using var client = new RunningAmiClient(options, time);
        await client.NextAsync<AmiConnected>();
        var session = await server.NextLoginAsync();
        await Eventually.BeAsync(() => client.Client.ClockOffset is not null, TimeSpan.FromSeconds(20), "the first Ping's answer");
        for (var second = 1; second <= 9; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await session.EventAsync("UserEvent", ("N", "1"));
            await client.NextAsync<AmiEvent>();
        }

        pings.Should().Be(1);
        time.Advance(TimeSpan.FromSeconds(1.01));
        await Eventually.BeAsync(() => pings == 2, TimeSpan.FromSeconds(20), "the Ping that tells the PBX's clock, ten seconds after the first");
        await client.Client.SendAsync(new AmiAction("Ping"), default);
        pings = 0;
        time.Advance(TimeSpan.FromSeconds(1.9));
        await session.EventAsync("UserEvent", ("N", "2"));
        await client.NextAsync<AmiEvent>();
        pings.Should().Be(0);
        // Its timer looks again first, as it heard something meanwhile.
        await Eventually.BeAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return pings >= 1;
        }, TimeSpan.FromSeconds(20), "the Ping into the silence");
        client.Client.Status.State.Should().Be(AmiState.LoggedIn);
    }

    [Fact]
    public async Task What_came_while_nobody_had_time_to_read_it_is_a_sign_of_life()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await using var connection = new AmiConnection(new AmiClientOptions { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndPoint!).Port }, TimeProvider.System);
        (await connection.OpenAsync(default)).Should().BeNull();
        using var pbx = await listener.AcceptAsync();
        connection.HasUnread.Should().BeFalse();
        await pbx.SendAsync("Response: Success\r\n\r\n"u8.ToArray());
        await Eventually.BeAsync(() => connection.HasUnread, TimeSpan.FromSeconds(10), "the bytes to arrive");
        await connection.DisposeAsync();
        connection.HasUnread.Should().BeFalse();
    }

    [Fact]
    public async Task Line_that_brings_events_but_answers_late_is_alive()
    {
        await using var server = new AmiTestServer();
        var pings = 0;
        server.OnAction = async (session, action) =>
        {
            if (action.Name != "Ping")
                return false;
            pings++;
            await session.EventAsync("UserEvent", ("Ping", "unanswered"));
            return true;
        };
        await using var client = new RunningAmiClient(Quick(server));
        await client.NextAsync<AmiConnected>();

        for (var i = 0; i < 2; i++)
            await client.NextAsync<AmiEvent>();

        pings.Should().BeGreaterThanOrEqualTo(2);
        client.Client.Status.State.Should().Be(AmiState.LoggedIn);
    }

    [Fact]
    public async Task Clock_offset_of_the_pbx_is_known_after_a_ping()
    {
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(Quick(server));
        await client.NextAsync<AmiConnected>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (client.Client.ClockOffset is null)
            await poll.WaitForNextTickAsync(limit.Token);

        // The test server's answer bears a time of November 2026.
        (DateTimeOffset.FromUnixTimeSeconds(1795448267) - TimeProvider.System.GetUtcNow() - client.Client.ClockOffset.Value)
            .Should().BeCloseTo(TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Slow_consumer_gets_an_overflow_and_then_whole_events()
    {
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(new AmiClientOptions
        {
            Host = "127.0.0.1",
            Port = server.Port,
            User = "callcrm",
            Secret = "lab",
            QueueLength = 100,
        });
        var session = await server.NextLoginAsync();
        await client.StatusAsync(s => s.State == AmiState.LoggedIn);

        for (var i = 0; i < 250; i++)
            await session.EventAsync("UserEvent", ("N", i.ToString(CultureInfo.InvariantCulture)));
        // The answer comes after the events on the same line, so all of them have been read; nobody was waited for.
        (await client.Client.SendAsync(AmiActions.Ping(), CancellationToken.None)).IsSuccess.Should().BeTrue();

        await client.NextAsync<AmiConnected>();
        var overflow = await client.NextAsync<AmiOverflow>();
        var next = int.Parse((await client.NextAsync<AmiEvent>())["N"]!, CultureInfo.InvariantCulture);
        overflow.Dropped.Should().Be(next, "every event is either counted or delivered");
        for (var n = next + 1; n < 250; n++)
            (await client.NextAsync<AmiEvent>())["N"].Should().Be(n.ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Message_too_long_to_read_is_told_as_a_gap()
    {
        await using var server = new AmiTestServer();
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server));
        await client.NextAsync<AmiConnected>();
        var session = await server.NextLoginAsync();

        await session.EventAsync("UserEvent", ("Big", new string('x', 200_000)));
        await session.EventAsync("UserEvent", ("Big", "no"));

        (await client.NextAsync<AmiOverflow>()).Cause.Should().Be(AmiOverflowCause.MalformedFrame);
        (await client.NextAsync<AmiEvent>())["Big"].Should().Be("no");
    }

    [Fact]
    public async Task Only_wanted_events_are_delivered()
    {
        await using var server = new AmiTestServer();
        var filter = new AmiEventFilter().Want("Hangup", "newchannel").WantVariable("DIALSTATUS");
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server, filter));
        await client.NextAsync<AmiConnected>();
        var session = await server.NextLoginAsync();

        await session.EventAsync("RTCPSent", ("N", "1"));
        await session.EventAsync("Newchannel", ("N", "2"));
        await session.EventAsync("VarSet", ("Variable", "OTHER"), ("Value", "x"));
        await session.EventAsync("VarSet", ("Variable", "DIALSTATUS"), ("Value", "CHANUNAVAIL"));
        await session.EventAsync("Hangup", ("N", "4"));

        (await client.NextAsync<AmiEvent>()).Name.Should().Be("Newchannel");
        (await client.NextAsync<AmiEvent>())["Value"].Should().Be("CHANUNAVAIL");
        (await client.NextAsync<AmiEvent>()).Name.Should().Be("Hangup");
    }

    [Fact]
    public async Task Faulty_predicate_costs_neither_the_line_nor_the_event()
    {
        await using var server = new AmiTestServer();
        var filter = new AmiEventFilter().Want("Hangup", (in AmiMessage _) => throw new InvalidOperationException("bug"));
        await using var client = new RunningAmiClient(RunningAmiClient.Options(server, filter));
        await client.NextAsync<AmiConnected>();

        await (await server.NextLoginAsync()).EventAsync("Hangup");

        await client.NextAsync<AmiEvent>();
    }

    [Fact]
    public void Back_off_doubles_and_never_exceeds_five_seconds()
    {
        var options = new AmiClientOptions { MaxBackOff = TimeSpan.FromMinutes(1) };

        var longest = Enumerable.Range(1, 40).Select(n => AmiClient.BackOff(options, AmiLostReason.Broken, n, 1)).ToArray();
        var shortest = Enumerable.Range(1, 40).Select(n => AmiClient.BackOff(options, AmiLostReason.Broken, n, 0)).ToArray();

        longest[..4].Select(t => t.TotalMilliseconds).Should().Equal(100, 200, 400, 800);
        longest.Max().Should().Be(TimeSpan.FromSeconds(5));
        shortest.Zip(longest).Should().OnlyContain(p => p.First * 2 == p.Second);
    }

    static AmiClientOptions Quick(AmiTestServer server) => new()
    {
        Host = "127.0.0.1",
        Port = server.Port,
        User = "callcrm",
        Secret = "lab",
        FirstBackOff = TimeSpan.FromMilliseconds(10),
        KeepAliveInterval = TimeSpan.FromMilliseconds(20),
        KeepAliveQuiet = TimeSpan.FromMilliseconds(20),
        KeepAliveTimeout = TimeSpan.FromMilliseconds(1200),
    };

    /// <summary>Holds up, once, who asks for the time in a method of this name, while something else happens.</summary>
    sealed class HeldUpTime(string method, TimeSpan length) : TimeProvider
    {
        Action? _meanwhile;

        public Action Meanwhile { set => Volatile.Write(ref _meanwhile, value); }

        public override long GetTimestamp()
        {
            if (Volatile.Read(ref _meanwhile) is not null && new StackTrace().ToString().Contains(method, StringComparison.Ordinal) && Interlocked.Exchange(ref _meanwhile, null) is { } meanwhile)
            {
                meanwhile();
                using var never = new ManualResetEventSlim();
                never.Wait(length);
            }

            return base.GetTimestamp();
        }
    }
}
