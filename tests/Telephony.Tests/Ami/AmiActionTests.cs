using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.Ami;

public sealed class AmiActionTests
{
    static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task Answers_find_their_actions_in_any_order()
    {
        await using var server = new AmiTestServer();
        var held = new List<AmiTestAction>();
        server.OnAction = async (session, action) =>
        {
            if (action.Name != "Getvar")
                return false;
            held.Add(action);
            if (held.Count == 20)
            {
                foreach (var earlier in held.AsEnumerable().Reverse())
                    await session.RespondAsync(earlier, "Success", $"Value: {earlier["Variable"]}\r\n");
            }

            return true;
        };
        await using var client = await ConnectedAsync(server);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            client.Client.SendAsync(new AmiAction("Getvar") { { "Variable", $"v{i}" } }, s_none)));

        answers.Select(a => a["Value"]).Should().Equal(Enumerable.Range(0, 20).Select(i => $"v{i}"));
    }

    [Fact]
    public async Task Error_is_an_outcome_with_its_message()
    {
        await using var server = new AmiTestServer();
        server.OnAction = (session, action) => AnswerAsync(session, action, "Redirect", "Error", "Message: Priority is invalid\r\n");
        await using var client = await ConnectedAsync(server);

        var answer = await client.Client.SendAsync(AmiActions.Redirect("PJSIP/trunk-1", "callcrm-route", "s", "callcrm"), s_none);

        answer.Should().BeEquivalentTo(new { Outcome = AmiOutcome.Error, Message = "Priority is invalid", IsSuccess = false });
    }

    [Fact]
    public async Task Late_answer_and_answers_nobody_asked_for_are_tolerated()
    {
        await using var server = new AmiTestServer();
        var arrived = new TaskCompletionSource<AmiTestAction>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.OnAction = (_, action) => Task.FromResult(action.Name == "Status" && arrived.TrySetResult(action));
        await using var client = await ConnectedAsync(server);
        var session = await server.NextLoginAsync();

        var answer = await client.Client.SendAsync(new AmiAction("Status") { Deadline = TimeSpan.FromMilliseconds(50) }, s_none);
        // The deadline can pass before the server has read the action.
        var slow = await arrived.Task;
        await session.RespondAsync(slow, "Success");
        await session.SendAsync("Response: Success\r\nMessage: no id at all\r\n\r\n");
        await session.SendAsync("Response: Success\r\nActionID: somebody-else-7\r\n\r\n");
        await session.SendAsync($"Response: Success\r\nActionID: {slow.ActionId}99999999999999999999\r\n\r\n");
        await session.SendAsync("Nonsense\r\n\r\n\r\n\r\nNonsense\r\n\r\n");
        await session.EventAsync("UserEvent", ("Still", "here"));

        answer.Outcome.Should().Be(AmiOutcome.TimedOut);
        (await client.NextAsync<AmiOverflow>()).Cause.Should().Be(AmiOverflowCause.MalformedFrame, "what cannot be read may have been an event; told once");
        (await client.NextAsync<AmiEvent>())["Still"].Should().Be("here");
        (await client.Client.SendAsync(AmiActions.Ping(), s_none)).IsSuccess.Should().BeTrue();
    }

    [Fact]
    public async Task Answers_and_events_behind_an_empty_line_too_many_arrive()
    {
        await using var server = new AmiTestServer();
        server.OnAction = async (session, action) =>
        {
            if (action.Name != "Getvar")
                return false;
            await session.SendAsync("Event: TestEvent\r\nType: StateChange\r\n\r\n\r\n");
            await session.RespondAsync(action, "Success", "Value: 1\r\n");
            await session.SendAsync("Event: TestEvent\r\nType: StateChange\r\n\r\n\r\n");
            await session.EventAsync("Hangup", ("Uniqueid", "1.1"));
            return true;
        };
        await using var client = await ConnectedAsync(server, new AmiEventFilter().Want("Hangup"));

        (await client.Client.SendAsync(new AmiAction("Getvar") { { "Variable", "v" } }, s_none))["Value"].Should().Be("1");
        (await client.NextAsync<AmiEvent>())["Uniqueid"].Should().Be("1.1");
    }

    [Fact]
    public async Task List_is_whole_apart_from_the_events_and_placed_in_their_stream()
    {
        await using var server = new AmiTestServer();
        server.OnAction = async (session, action) =>
        {
            if (action.Name != "CoreShowChannels")
                return false;
            await session.EventAsync("Newchannel", ("Uniqueid", "before"));
            await session.RespondAsync(action, "Success", "EventList: start\r\nMessage: Channels will follow\r\n");
            await session.EventAsync("CoreShowChannel", ("ActionID", action.ActionId!), ("Uniqueid", "1.1"));
            await session.EventAsync("Newchannel", ("Uniqueid", "amid"));
            await session.EventAsync("CoreShowChannel", ("ActionID", action.ActionId!), ("Uniqueid", "1.2"));
            await session.EventAsync("CoreShowChannelsComplete", ("ActionID", action.ActionId!), ("EventList", "Complete"), ("ListItems", "2"));
            await session.EventAsync("Newchannel", ("Uniqueid", "after"));
            return true;
        };
        // The entries themselves are not among the wanted events.
        await using var client = await ConnectedAsync(server, new AmiEventFilter().Want("Newchannel"));

        var list = await client.Client.SendListAsync(AmiActions.CoreShowChannels(), s_none);
        var events = new[] { await client.NextAsync<AmiEvent>(), await client.NextAsync<AmiEvent>(), await client.NextAsync<AmiEvent>() };

        list.IsSuccess.Should().BeTrue();
        list.Items.Select(i => i["Uniqueid"]).Should().Equal("1.1", "1.2");
        events.Select(e => e["Uniqueid"]).Should().Equal("before", "amid", "after");
        events[0].Sequence.Should().BeLessThan(list.Response.Sequence);
        events[1].Sequence.Should().BeInRange(list.Response.Sequence + 1, list.Sequence - 1);
        events[2].Sequence.Should().BeGreaterThan(list.Sequence);
    }

    [Fact]
    public async Task Refused_list_ends_at_once_and_one_without_end_at_its_deadline()
    {
        await using var server = new AmiTestServer();
        var arrived = new TaskCompletionSource<AmiTestAction>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.OnAction = async (session, action) =>
        {
            if (action.Name == "DeviceStateList")
            {
                await session.RespondAsync(action, "Success", "EventList: start\r\n");
                await session.EventAsync("DeviceStateChange", ("ActionID", action.ActionId!), ("Device", "PJSIP/101"));
                arrived.SetResult(action);
                return true;
            }

            return await AnswerAsync(session, action, "QueueStatus", "Error", "Message: Permission denied\r\n");
        };
        await using var client = await ConnectedAsync(server);
        var session = await server.NextLoginAsync();

        var refused = await client.Client.SendListAsync(new AmiAction("QueueStatus"), s_none);
        var cut = await client.Client.SendListAsync(new AmiAction("DeviceStateList") { Deadline = TimeSpan.FromSeconds(1) }, s_none);
        var endless = await arrived.Task;
        // A late entry of the list given up must not pass for a live event of the same name.
        await session.EventAsync("DeviceStateChange", ("ActionID", endless.ActionId!), ("Device", "PJSIP/102"));
        await session.EventAsync("DeviceStateChange", ("Device", "PJSIP/103"));

        refused.Response.Message.Should().Be("Permission denied");
        cut.Response.Outcome.Should().Be(AmiOutcome.TimedOut);
        cut.Items.Should().ContainSingle();
        (await client.NextAsync<AmiEvent>())["Device"].Should().Be("PJSIP/103");
    }

    [Fact]
    public async Task Event_that_repeats_our_action_id_is_an_event()
    {
        await using var server = new AmiTestServer();
        server.OnAction = async (session, action) =>
        {
            if (action.Name != "Originate")
                return false;
            await session.RespondAsync(action, "Success", "Message: Originate successfully queued\r\n");
            await session.EventAsync("OriginateResponse", ("ActionID", action.ActionId!), ("Response", "Failure"));
            return true;
        };
        await using var client = await ConnectedAsync(server, new AmiEventFilter().Want("OriginateResponse"));

        (await client.Client.SendAsync(new AmiAction("Originate") { { "Channel", "PJSIP/101" } }, s_none)).IsSuccess.Should().BeTrue();
        (await client.NextAsync<AmiEvent>()).Name.Should().Be("OriginateResponse");
    }

    [Theory]
    [InlineData("a\r\nAction: Originate")]
    [InlineData("a\nb")]
    [InlineData("a\rb")]
    [InlineData("a\0b")]
    public async Task Value_that_would_smuggle_a_line_is_not_sent(string value)
    {
        await using var server = new AmiTestServer();
        await using var client = await ConnectedAsync(server);

        var answer = await client.Client.SendAsync(new AmiAction("UserEvent") { { "Text", value } }, s_none);

        answer.Outcome.Should().Be(AmiOutcome.NotSent);
        (await client.Client.SendAsync(AmiActions.Ping(), s_none)).IsSuccess.Should().BeTrue();
    }

    [Fact]
    public async Task Loss_ends_everything_waiting_and_nothing_is_sent_without_a_login()
    {
        await using var server = new AmiTestServer();
        server.OnAction = (_, action) => Task.FromResult(action.Name is "Status" or "CoreShowChannels");
        await using var client = await ConnectedAsync(server);
        var session = await server.NextLoginAsync();

        var waiting = client.Client.SendAsync(new AmiAction("Status"), s_none);
        var list = client.Client.SendListAsync(AmiActions.CoreShowChannels(), s_none);
        server.User = "nobody";
        session.Reset();

        (await waiting).Outcome.Should().Be(AmiOutcome.Lost);
        (await list).Response.Outcome.Should().Be(AmiOutcome.Lost);
        await client.NextAsync<AmiLost>();
        (await client.Client.SendAsync(AmiActions.Ping(), s_none)).Outcome.Should().Be(AmiOutcome.NotConnected);
    }

    [Fact]
    public async Task Cancelled_wait_throws_and_leaves_the_line_usable()
    {
        await using var server = new AmiTestServer();
        server.OnAction = (_, action) => Task.FromResult(action.Name == "Status");
        await using var client = await ConnectedAsync(server);
        using var cancel = new CancellationTokenSource();

        var waiting = client.Client.SendAsync(new AmiAction("Status"), cancel.Token);
        await cancel.CancelAsync();

        await waiting.Invoking(w => w).Should().ThrowAsync<OperationCanceledException>();
        (await client.Client.SendAsync(AmiActions.Ping(), s_none)).IsSuccess.Should().BeTrue();
    }

    static async Task<bool> AnswerAsync(AmiTestSession session, AmiTestAction action, string name, string response, string rest)
    {
        if (action.Name != name)
            return false;
        await session.RespondAsync(action, response, rest);
        return true;
    }

    static async Task<RunningAmiClient> ConnectedAsync(AmiTestServer server, AmiEventFilter? events = null)
    {
        var client = new RunningAmiClient(RunningAmiClient.Options(server, events));
        await client.NextAsync<AmiConnected>();
        return client;
    }
}
