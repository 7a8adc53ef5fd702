namespace CallCrm.Engine.Tests;

/// <summary>Walks all pairs of each machine's table.</summary>
public sealed class StepTests
{
    [Fact]
    public void Offer_steps_are_those_of_the_table()
    {
        //                Kept Redir Sent Taken Dial Ring Ended
        string[] table =
        [
            /* Kept     */ ". x x . . . x",
            /* Redirect */ ". . x . . . x",
            /* Sent     */ ". . . x x x x",
            /* Taken    */ ". . . . x x x",
            /* Dialling */ ". . . . . x x",
            /* Ringing  */ ". . . . . . x",
            /* Ended    */ ". . . . . . .",
        ];
        Walk<OfferStage>(table, OfferSteps.May);
    }

    [Fact]
    public void Call_steps_are_those_of_the_table()
    {
        //                Routing Waiting Ringing Talking Ended
        string[] table =
        [
            /* Routing */ ". x x x x",
            /* Waiting */ "x . x x x",
            /* Ringing */ "x x . x x",
            /* Talking */ "x x x . x",
            /* Ended   */ ". . . . .",
        ];
        Walk<CallState>(table, CallSteps.May);
    }

    [Fact]
    public void Request_steps_are_those_of_the_table() => Walk<RequestStage>([". x x", ". . x", ". . ."], RouteRequest.May);

    [Fact]
    public void Agent_steps_are_those_of_the_table()
    {
        //                Out Ready Reserved Ringing Talking WrapUp Paused Away
        string[] table =
        [
            /* SignedOut */ ". x x x x . x .",
            /* Ready     */ "x . x x x x x x",
            /* Reserved  */ "x x . x x x x x",
            /* Ringing   */ "x x x . x x x x",
            /* Talking   */ "x x x x . x x x",
            /* WrapUp    */ "x x x x x . x x",
            /* Paused    */ "x x x x x x . x",
            /* Away      */ "x x x x x x x .",
        ];
        Walk<AgentState>(table, AgentRules.May);
    }

    [Fact]
    public void An_ended_offer_cannot_step_again()
    {
        foreach (var to in Enum.GetValues<OfferStage>())
            OfferSteps.May(OfferStage.Ended, to).Should().BeFalse();
    }

    private static void Walk<T>(string[] table, Func<T, T, bool> may)
        where T : struct, Enum
    {
        var states = Enum.GetValues<T>();
        table.Should().HaveCount(states.Length);
        foreach (var from in states)
        {
            var row = table[Array.IndexOf(states, from)].Split(' ');
            row.Should().HaveCount(states.Length);
            foreach (var to in states)
                may(from, to).Should().Be(row[Array.IndexOf(states, to)] == "x", $"{from} to {to}");
        }
    }
}
