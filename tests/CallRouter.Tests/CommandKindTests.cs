using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Tests;

public sealed class CommandKindTests
{
    public static TheoryData<RoadCommand, AgentCommand?> Kinds() => new()
    {
        { new RoadCommand("sign_out"), new AgentCommand.SignOut() },
        { new RoadCommand("sign_out_after"), new AgentCommand.SignOutAfter() },
        { new RoadCommand("keep_on"), new AgentCommand.KeepOn() },
        { new RoadCommand("pause", Reason: "lunch"), new AgentCommand.Pause("lunch") },
        { new RoadCommand("turn_away", new Guid(1, 2, 3, new byte[8])), new AgentCommand.TurnAway(new Guid(1, 2, 3, new byte[8])) },
        { new RoadCommand("turn_away"), null },
        { new RoadCommand("explode"), null },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_kind_on_the_road_is_this_command(RoadCommand road, AgentCommand? command) => CommandEndpoints.ToCommand(road).Should().Be(command);
}
