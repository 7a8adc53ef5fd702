using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Tests;

public sealed class CommandKindTests
{
    static readonly Guid Ask = Guid.Parse("00000000-0000-7000-8000-0000000000f1");

    public static TheoryData<RoadCommand, AgentCommand?> Kinds() => new()
    {
        { new RoadCommand("sign_out"), new AgentCommand.SignOut() },
        { new RoadCommand("sign_out_after"), new AgentCommand.SignOutAfter() },
        { new RoadCommand("keep_on"), new AgentCommand.KeepOn() },
        { new RoadCommand("pause", Reason: "lunch"), new AgentCommand.Pause("lunch") },
        { new RoadCommand("turn_away", new Guid(1, 2, 3, new byte[8])), new AgentCommand.TurnAway(new Guid(1, 2, 3, new byte[8])) },
        { new RoadCommand("turn_away"), null },
        { new RoadCommand("ready"), new AgentCommand.Ready() },
        { new RoadCommand("ready", Anyway: true), new AgentCommand.Ready(Anyway: true) },
        { new RoadCommand("take_over", Node: "n", Extension: "101", AgentId: Ask), new AgentCommand.TakeOver("n", "101", Ask) },
        { new RoadCommand("take_over", Node: "n", Extension: "101"), null },
        { new RoadCommand("seat_allow", AskId: Ask), new AgentCommand.AnswerSeat(Ask, true) },
        { new RoadCommand("seat_refuse", AskId: Ask), new AgentCommand.AnswerSeat(Ask, false) },
        { new RoadCommand("seat_withdraw", AskId: Ask), new AgentCommand.WithdrawSeat(Ask) },
        { new RoadCommand("seat_allow"), null },
        { new RoadCommand("explode"), null },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kind_on_the_road_is_this_command(RoadCommand road, AgentCommand? command) => CommandEndpoints.ToCommand(road).Should().Be(command);
}
