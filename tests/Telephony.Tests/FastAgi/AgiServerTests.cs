using System.Net;
using CallCrm.Telephony.FastAgi;

namespace CallCrm.Telephony.Tests.FastAgi;

[Trait("Category", "Slow")]
public sealed class AgiServerTests
{
    static readonly AgiServerOptions s_patient = new() { Port = 0, CommandTimeout = TimeSpan.FromSeconds(30) };

    static readonly AgiServerOptions s_hasty = new()
    {
        Port = 0,
        EnvironmentTimeout = TimeSpan.FromMilliseconds(900),
        CommandTimeout = TimeSpan.FromMilliseconds(300),
    };

    [Fact]
    public async Task Request_carries_path_query_arguments_and_values_as_sent()
    {
        var asked = new TaskCompletionSource<AgiRequest>();
        await using var server = Started(s_patient, session =>
        {
            asked.SetResult(session.Request);
            return Task.CompletedTask;
        });
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.SendAsync("agi_network: yes\nagi_network_script: route/x?did=%2B39&flag&did=2\nagi_channel: PJSIP/trunk-1\n"
            + "agi_callerid: 420777\nagi_calleridname: Žaneta \\\"Ž\\\" O'Brien, 🙂 <x>: \\\\ tel\nagi_callingpres: 32\n"
            + "agi_arg_1: new\nagi_arg_2: \nagi_arg_3:  two spaces \n\n");

        var request = await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));

        request.Path.Should().Be("route/x");
        request.Query.Should().BeEquivalentTo(new Dictionary<string, string> { ["did"] = "+39", ["flag"] = "" });
        request.Arguments.Should().Equal("new", "", " two spaces ");
        request.Argument(4).Should().BeEmpty();
        request.CallerIdName.Should().Be("Žaneta \\\"Ž\\\" O'Brien, 🙂 <x>: \\\\ tel");
        request.CallingPresentation.Should().Be(32);
        request["agi_nothing"].Should().BeEmpty();
    }

    [Theory]
    [InlineData("plain", "SET VARIABLE X \"plain\"")]
    [InlineData("a \"b\" c\\d", "SET VARIABLE X \"a \\\"b\\\" c\\\\d\"")]
    [InlineData("\\", "SET VARIABLE X \"\\\\\"")]
    [InlineData("žluť 🙂 ${EXTEN}", "SET VARIABLE X \"žluť 🙂 ${EXTEN}\"")]
    [InlineData("", "SET VARIABLE X \"\"")]
    public async Task Values_are_quoted_so_that_they_stay_one_value(string value, string line)
    {
        await using var server = Started(s_patient, async session => await session.SetVariableAsync("X", value, CancellationToken.None));
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();

        (await peer.CommandAsync()).Should().Be(line);
    }

    [Theory]
    [InlineData("X", "a\nHANGUP")]
    [InlineData("X", "a\rb")]
    [InlineData("X", "a\0b")]
    [InlineData("X Y", "v")]
    [InlineData("X\" \"", "v")]
    [InlineData("", "v")]
    public async Task What_would_break_the_line_is_not_sent(string name, string value)
    {
        var reply = new TaskCompletionSource<AgiReply>();
        await using var server = Started(s_patient, async session => reply.SetResult(await session.SetVariableAsync(name, value, CancellationToken.None)));
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();

        (await reply.Task.WaitAsync(TimeSpan.FromSeconds(30))).Outcome.Should().Be(AgiOutcome.NotSent);
        (await peer.CommandAsync()).Should().BeNull();
    }

    [Theory]
    [InlineData("HANGUP\n200 result=1 (v)\n")]
    [InlineData("200 result=1 (v)\nHANGUP\n")]
    [InlineData("HANGUP\nHANGUP\n200 result=1 (v)\n")]
    public async Task Hangup_at_any_moment_is_told_and_costs_no_reply(string answer)
    {
        var result = new TaskCompletionSource<(string?, string?)>();
        var hungUp = new TaskCompletionSource();
        await using var server = Started(s_patient, async session =>
        {
            session.HangupToken.Register(hungUp.SetResult);
            var first = await session.GetVariableAsync("X", CancellationToken.None);
            var second = await session.GetVariableAsync("Y", CancellationToken.None);
            result.SetResult((first, second));
        });
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();
        (await peer.CommandAsync()).Should().Be("GET VARIABLE X");
        await peer.SendAsync(answer);
        (await peer.CommandAsync()).Should().Be("GET VARIABLE Y");
        await peer.SendAsync("200 result=1 (w)\n");

        (await result.Task.WaitAsync(TimeSpan.FromSeconds(30))).Should().Be(("v", "w"));
        await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Hangup_while_nothing_is_asked_leaves_the_session_open()
    {
        var hungUp = new TaskCompletionSource();
        var token = default(CancellationToken);
        await using var server = new AgiServer(s_patient, async (session, end) =>
        {
            token = end;
            session.HangupToken.Register(hungUp.SetResult);
            await hungUp.Task;
            (await session.SetVariableAsync("X", "1", end)).IsOk.Should().BeTrue();
        });
        server.Start();
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();
        await peer.SendAsync("HANGUP\n");
        await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(30));

        token.IsCancellationRequested.Should().BeFalse("the caller may live on elsewhere");
        (await peer.CommandAsync()).Should().StartWith("SET VARIABLE X");
    }

    [Fact]
    public async Task Value_with_line_ends_stays_one_reply()
    {
        var value = new TaskCompletionSource<string?>();
        await using var server = Started(s_patient, async session => value.SetResult(await session.GetVariableAsync("X", CancellationToken.None)));
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();
        await peer.CommandAsync();
        await peer.SendAsync("200 result=1 (one\ntwo\nthree)\n");

        (await value.Task.WaitAsync(TimeSpan.FromSeconds(30))).Should().Be("one\ntwo\nthree");
    }

    [Fact]
    public async Task Connection_lost_ends_the_wait_and_the_handlers_token()
    {
        var reply = new TaskCompletionSource<AgiReply>();
        var ended = new TaskCompletionSource();
        await using var server = new AgiServer(s_patient, async (session, end) =>
        {
            reply.SetResult(await session.SendAsync("NOOP", TimeSpan.FromSeconds(30), CancellationToken.None));
            await using var _ = end.Register(ended.SetResult);
            await ended.Task;
        });
        server.Start();
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();
        await peer.CommandAsync();
        peer.Reset();

        (await reply.Task.WaitAsync(TimeSpan.FromSeconds(30))).Outcome.Should().Be(AgiOutcome.Closed);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Reply_that_does_not_come_ends_the_session()
    {
        var replies = new TaskCompletionSource<AgiOutcome[]>();
        await using var server = Started(s_hasty, async session => replies.SetResult(
        [
            (await session.SendAsync("NOOP", CancellationToken.None)).Outcome,
            (await session.SendAsync("NOOP", CancellationToken.None)).Outcome,
        ]));
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await peer.EnvironmentAsync();

        (await replies.Task.WaitAsync(TimeSpan.FromSeconds(30))).Should().Equal(AgiOutcome.TimedOut, AgiOutcome.Closed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("agi_network: yes\nagi_chan")]
    [InlineData("agi_network: yes\n")]
    public async Task Peer_that_stalls_in_its_environment_is_closed_and_blocks_nobody(string start)
    {
        var handled = 0;
        await using var server = Started(s_hasty, _ =>
        {
            Interlocked.Increment(ref handled);
            return Task.CompletedTask;
        });
        using var stalled = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await stalled.SendAsync(start);
        using var other = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await other.EnvironmentAsync();

        (await other.CommandAsync()).Should().BeNull("its handler is done");
        (await stalled.CommandAsync()).Should().BeNull();
        handled.Should().Be(1);
    }

    [Theory]
    [InlineData("one endless line", "", "x", 1_000_000)]
    [InlineData("endless lines", "", "agi_x: y\n", 100_000)]
    [InlineData("a browser", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", 0)]
    [InlineData("noise after the environment", "agi_network: yes\n\n", "noise\n", 100_000)]
    [InlineData("replies nobody asked for", "agi_network: yes\n\n", "200 result=1\n", 100_000)]
    [InlineData("one endless reply", "agi_network: yes\n\n", "2", 1_000_000)]
    [InlineData("a usage text without end", "agi_network: yes\n\n520-Usage\n", "more\n", 100_000)]
    [InlineData("a value without end", "agi_network: yes\n\n200 result=1 (\n", "more\n", 100_000)]
    public async Task Flood_is_cut_off_and_the_next_caller_is_served(string what, string start, string repeated, int times)
    {
        await using var server = new AgiServer(new AgiServerOptions { Port = 0 }, async (session, end) =>
        {
            await session.VerboseAsync("hello", 1, end);
            await Task.Delay(Timeout.Infinite, end);
        });
        server.Start();
        using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        try
        {
            await peer.SendAsync(start + string.Concat(Enumerable.Repeat(repeated, times)));
        }
        catch (IOException)
        {
            // Cut off already.
        }

        var said = await peer.CommandAsync();
        if (said is not null)
            (await peer.CommandAsync()).Should().BeNull(what);
        using var next = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await next.EnvironmentAsync();
        (await next.CommandAsync()).Should().StartWith("VERBOSE");
    }

    [Fact]
    public async Task Strangers_are_refused_until_they_are_allowed()
    {
        await using var server = new AgiServer(
            new AgiServerOptions { Port = 0, Address = IPAddress.Any, AllowedPeers = new HashSet<IPAddress> { IPAddress.Parse("127.0.0.3") } },
            async (session, end) => await session.VerboseAsync("hello", 1, end));
        server.Start();
        var at = new IPEndPoint(IPAddress.Loopback, server.LocalEndPoint.Port);

        using var stranger = await AgiPeer.ConnectAsync(at);
        (await stranger.CommandAsync()).Should().BeNull();
        using var pbx = await AgiPeer.ConnectAsync(at, IPAddress.Parse("127.0.0.3"));
        await pbx.EnvironmentAsync();
        (await pbx.CommandAsync()).Should().Be("VERBOSE \"hello\" 1");
        server.AllowedPeers = new HashSet<IPAddress> { IPAddress.Parse("::ffff:127.0.0.1") };
        using var again = await AgiPeer.ConnectAsync(at);
        await again.EnvironmentAsync();
        (await again.CommandAsync()).Should().Be("VERBOSE \"hello\" 1");
    }

    [Fact]
    public async Task Sessions_beyond_the_limit_are_closed_at_once()
    {
        var release = new TaskCompletionSource();
        await using var server = new AgiServer(new AgiServerOptions { Port = 0, MaxSessions = 2 }, async (session, end) =>
        {
            await session.SendAsync("NOOP", end);
            await release.Task;
        });
        server.Start();
        using var first = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        using var second = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await first.EnvironmentAsync();
        await second.EnvironmentAsync();
        (await first.CommandAsync()).Should().Be("NOOP");
        (await second.CommandAsync()).Should().Be("NOOP");

        using (var third = await AgiPeer.ConnectAsync(server.LocalEndPoint))
            (await third.CommandAsync()).Should().BeNull();
        await first.SendAsync("200 result=0\n");
        release.SetResult();
        (await first.CommandAsync()).Should().BeNull();

        // The place is free a moment after the peer has seen the end.
        string? command = null;
        for (var i = 0; i < 1000 && command is null; i++)
        {
            using var fourth = await AgiPeer.ConnectAsync(server.LocalEndPoint);
            try
            {
                await fourth.EnvironmentAsync();
                command = await fourth.CommandAsync();
            }
            catch (IOException)
            {
                // Refused.
            }
        }

        command.Should().Be("NOOP");
    }

    [Fact]
    public async Task Three_hundred_sessions_at_once_are_all_answered()
    {
        await using var server = Started(new AgiServerOptions { Port = 0 }, async session =>
            await session.SetVariableAsync("CALLCRM_ACTION", session.Request.Argument(1), CancellationToken.None));

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
            await peer.EnvironmentAsync("route", $"n{i}");
            var command = await peer.CommandAsync();
            await peer.SendAsync("200 result=1\n");
            (await peer.CommandAsync()).Should().BeNull();
            return command;
        }));

        answers.Should().Equal(Enumerable.Range(0, 300).Select(i => $"SET VARIABLE CALLCRM_ACTION \"n{i}\""));

        // A place is free a moment after its peer has seen the end.
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (server.OpenSessions > 0)
            await Task.Delay(10, late.Token);
    }

    [Fact]
    public async Task Faulty_handler_closes_its_session_only()
    {
        var told = new TaskCompletionSource<Exception>();
        var options = new AgiServerOptions { Port = 0, HandlerFailed = (_, e) => told.TrySetResult(e) };
        await using var server = Started(options, _ => throw new InvalidOperationException("bug"));
        for (var i = 0; i < 3; i++)
        {
            using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
            await peer.EnvironmentAsync();
            (await peer.CommandAsync()).Should().BeNull();
        }

        (await told.Task.WaitAsync(TimeSpan.FromSeconds(30))).Message.Should().Be("bug");
    }

    [Fact]
    public async Task Stopping_closes_all_sessions()
    {
        var started = new TaskCompletionSource();
        var server = new AgiServer(new AgiServerOptions { Port = 0 }, async (_, end) =>
        {
            started.SetResult();
            await Task.Delay(Timeout.Infinite, end);
        });
        server.Start();
        using var busy = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await busy.EnvironmentAsync();
        using var silent = await AgiPeer.ConnectAsync(server.LocalEndPoint);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await server.DisposeAsync();

        (await busy.CommandAsync()).Should().BeNull();
        (await silent.CommandAsync()).Should().BeNull();
        server.OpenSessions.Should().Be(0);
    }

    static AgiServer Started(AgiServerOptions options, Func<AgiSession, Task> handler)
    {
        var server = new AgiServer(options, (session, _) => handler(session));
        server.Start();
        return server;
    }
}
