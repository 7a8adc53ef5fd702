using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.CallRouter.Pbx;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>Transfers, by AMI and FastAGI over real sockets.</summary>
[Trait("Category", "Slow")]
public sealed class TransferTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static async Task<Guid> TalkAsync(RouterBench bench)
    {
        await bench.SignInAsync(RouterBench.Anna, "101");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234567", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", offered.Call));
        await bench.UntilAsync<CallAnswered>();
        await bench.SignInAsync(RouterBench.Luca, "102");
        await Task.Delay(200);
        return offered.Call!.Value;
    }

    [PostgresFact]
    public async Task Handed_on_at_once_the_client_rings_at_the_colleague_and_each_has_their_own_talk()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        var call = await TalkAsync(bench);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("transfer", call, ToAgent: RouterBench.Luca));
        var offered = await bench.UntilAsync<CallOffered>(e => e.Rule == RouteRule.Transfer);
        await bench.UntilAsync<OfferRang>(e => e.Offer == offered.Offer);
        (await bench.UntilAsync<AgentChanged>(e => e is { Agent: var a, State: AgentState.WrapUp } && a == RouterBench.Anna)).Call.Should().Be(call);
        await bench.DoAsync(RouterBench.Luca, new RoadCommand("answer", call));
        await bench.UntilAsync<TransferChanged>(e => e.Step == TransferStep.Done);
        await bench.UntilAsync<CallAnswered>(e => e.Agent == RouterBench.Luca);
        await Task.Delay(300);
        await bench.DoAsync(RouterBench.Luca, new RoadCommand("hang_up", call));
        (await bench.UntilAsync<CallEnded>()).Should().BeEquivalentTo(new { Outcome = CallOutcome.Answered, Agent = (Guid?)RouterBench.Luca });
        var legs = bench.Entries.OfType<LegEnded>().Where(e => e.Agent is not null).ToDictionary(e => e.Agent!.Value, e => e.Talk_ms);
        legs[RouterBench.Anna].Should().BePositive();
        legs[RouterBench.Luca].Should().BeInRange(200, 5000);

        await bench.StopAsync();
        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        FlightCommand.Replay(["--call", call.ToString()], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        output.ToString().Should().Contain("asks: transfer").And.Contain("transfer by anna to luca: done");
    }

    [PostgresFact]
    public async Task A_colleague_who_is_busy_gives_the_client_back_to_the_sender()
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => o.Phones[1].Behaviour = DemoPhoneBehaviour.Busy);
        var call = await TalkAsync(bench);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("transfer", call, ToAgent: RouterBench.Luca));
        (await bench.UntilAsync<TransferChanged>(e => e.Step == TransferStep.Returning)).Reason.Should().Be("busy");
        var back = await bench.UntilAsync<CallOffered>(e => e.Rule == RouteRule.TransferBack);
        back.Agent.Should().Be(RouterBench.Anna);
        await bench.UntilAsync<OfferRang>(e => e.Offer == back.Offer);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", call));
        await bench.UntilAsync<TransferChanged>(e => e is { Step: TransferStep.Failed, Reason: "busy" });
        (await bench.UntilAsync<AgentChanged>(e => e is { Agent: var a, State: AgentState.Talking } && a == RouterBench.Anna && e.Seq > back.Seq)).Call.Should().Be(call);
    }

    [PostgresFact]
    public async Task Asked_first_swapped_three_together_and_handed_over()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        var call = await TalkAsync(bench);
        async Task StepAsync(string kind, TransferStep step, int times = 1)
        {
            await bench.DoAsync(RouterBench.Anna, new RoadCommand(kind, call));
            await UntilTimesAsync(bench, step, times);
        }

        await bench.DoAsync(RouterBench.Anna, new RoadCommand("consult", call, ToAgent: RouterBench.Luca));
        var offered = await bench.UntilAsync<CallOffered>(e => e.Rule == RouteRule.Consult);
        await bench.UntilAsync<OfferRang>(e => e.Offer == offered.Offer);
        await bench.DoAsync(RouterBench.Luca, new RoadCommand("answer", call));
        await UntilTimesAsync(bench, TransferStep.Consulting, 1);
        await StepAsync("swap", TransferStep.WithClient);
        await StepAsync("swap", TransferStep.Consulting, times: 2);
        await StepAsync("join", TransferStep.Together);
        await StepAsync("complete_transfer", TransferStep.Done);
        await bench.UntilAsync<AgentChanged>(e => e is { Agent: var a, State: AgentState.WrapUp } && a == RouterBench.Anna);
        bench.Entries.OfType<CallAnswered>().Select(e => e.Agent).Should().Equal(RouterBench.Anna, RouterBench.Luca);
        await Task.Delay(300);
        await bench.DoAsync(RouterBench.Luca, new RoadCommand("hang_up", call));
        (await bench.UntilAsync<CallEnded>()).Should().BeEquivalentTo(new { Outcome = CallOutcome.Answered, Agent = (Guid?)RouterBench.Luca });
        await bench.UntilAsync<AgentChanged>(e => e is { Agent: var a, State: AgentState.WrapUp } && a == RouterBench.Luca);
        bench.Entries.OfType<CallStarted>().Should().ContainSingle("it is one call all along");
        await bench.StopAsync();
        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
    }

    [PostgresTheory]
    [InlineData(DemoPhoneBehaviour.Busy, "busy")]
    [InlineData(DemoPhoneBehaviour.Decline, "declined")]
    public async Task Asked_first_and_not_taken_sender_and_client_are_together_again(DemoPhoneBehaviour behaviour, string reason)
    {
        await using var bench = await RouterBench.StartAsync(postgres, phones: o => o.Phones[1].Behaviour = behaviour);
        var call = await TalkAsync(bench);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("consult", call, ToAgent: RouterBench.Luca));
        (await bench.UntilAsync<TransferChanged>(e => e.Step == TransferStep.Failed)).Reason.Should().Be(reason);
        bench.Entries.OfType<CallOffered>().Count(e => e.Agent == RouterBench.Anna).Should().Be(1, "nothing rings at the sender");
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("hang_up", call));
        (await bench.UntilAsync<CallEnded>()).Should().BeEquivalentTo(new { Outcome = CallOutcome.Answered, Agent = (Guid?)RouterBench.Anna });
    }

    static async Task UntilTimesAsync(RouterBench bench, TransferStep step, int times)
    {
        for (var left = 400; bench.Entries.OfType<TransferChanged>().Count(e => e.Step == step) < times; left--)
        {
            left.Should().BePositive($"{step} should come; there came {string.Join(", ", bench.Entries.OfType<TransferChanged>().Select(e => e.Step))}");
            await Task.Delay(25);
        }
    }

    [Fact]
    public void Each_action_is_one_AMI_action_with_its_target_by_label()
    {
        var pbx = new PbxOptions { DialAs = DialForm.International };
        static string Text(PbxAction what, PbxOptions pbx) => string.Join(", ", PbxActions.ToAmi(what, pbx).Select(h => $"{h.Key}: {h.Value}"));
        Text(new PbxAction.Consult("PJSIP/trunk-1", "PJSIP/101-2", "PJSIP/102", null), pbx).Should().Be(
            "Channel: PJSIP/trunk-1, Context: callcrm-route, Exten: s, Priority: callcrm, ExtraChannel: PJSIP/101-2, ExtraContext: callcrm-consult, ExtraExten: PJSIP/102, ExtraPriority: callcrm");
        Text(new PbxAction.Consult("PJSIP/trunk-1", "PJSIP/101-2", null, new PhoneNumber("06", NumberKind.E164, "+390699998888")), pbx).Should().EndWith("ExtraExten: 00390699998888, ExtraPriority: callcrm");
        Text(new PbxAction.Aside("PJSIP/102-3", Held: true), pbx).Should().Be("Channel: PJSIP/102-3, Context: callcrm-consult, Exten: held, Priority: callcrm");
        Text(new PbxAction.Aside("PJSIP/101-2", Held: false), pbx).Should().EndWith("Exten: wait, Priority: callcrm");
        Text(new PbxAction.Bridge("PJSIP/trunk-1", "PJSIP/101-2"), pbx).Should().Be("Channel1: PJSIP/trunk-1, Channel2: PJSIP/101-2, Tone: no");
    }

    public static TheoryData<RoadCommand, AgentCommand?> Kinds()
    {
        var (call, luca, sales) = (Guid.NewGuid(), RouterBench.Luca, RouterBench.Sales);
        return new()
        {
            { new RoadCommand("transfer", call, ToAgent: luca), new AgentCommand.Transfer(call, new TransferTarget(Agent: luca)) },
            { new RoadCommand("transfer", call, ToQueue: sales), new AgentCommand.Transfer(call, new TransferTarget(Queue: sales)) },
            { new RoadCommand("consult", call, Number: "06", E164: "+390699998888"), new AgentCommand.Consult(call, new TransferTarget(Number: new PhoneNumber("06", NumberKind.E164, "+390699998888"))) },
            { new RoadCommand("consult", call, Number: "1", E164: "+39\r\nAction: Command"), new AgentCommand.Consult(call, new TransferTarget(Number: new PhoneNumber("1", NumberKind.Unparsed))) },
            { new RoadCommand("swap", call), new AgentCommand.Swap(call) },
            { new RoadCommand("join", call), new AgentCommand.Join(call) },
            { new RoadCommand("cancel_transfer", call), new AgentCommand.CancelTransfer(call) },
            { new RoadCommand("complete_transfer", call), new AgentCommand.CompleteTransfer(call) },
            { new RoadCommand("transfer", call), null },
            { new RoadCommand("transfer", call, ToAgent: luca, ToQueue: sales), null },
            { new RoadCommand("transfer", ToAgent: luca), null },
        };
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kind_on_the_road_is_this_command(RoadCommand road, AgentCommand? command) => CommandEndpoints.ToCommand(road).Should().Be(command);
}
