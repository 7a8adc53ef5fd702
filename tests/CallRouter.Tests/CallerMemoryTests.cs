using CallCrm.CallRouter.Identity;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Tests;

public sealed class CallerMemoryTests
{
    static readonly Guid Mario = Id(1), Nina = Id(2), Anna = Id(11), Luca = Id(12);
    static readonly DateTimeOffset Now = new(2026, 11, 27, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_the_directory_said_is_recalled_and_the_least_used_goes_first()
    {
        var memory = new CallerMemory(2);
        memory.Keep("+1", Found(Mario));
        memory.Keep("+2", new LookupResult(LookupOutcome.Several, [Match(Mario), Match(Nina)]));
        memory.Recall("+1")!.Outcome.Should().Be(LookupOutcome.Known);
        memory.Keep("+3", Found(Nina) with { Outcome = LookupOutcome.Created });
        memory.Recall("+2").Should().BeNull();
        memory.Recall("+3")!.Outcome.Should().Be(LookupOutcome.Known, "a second call makes no second card");
        memory.Count.Should().Be(2);
    }

    [Fact]
    public void A_failed_look_up_teaches_nothing_and_a_number_given_up_is_forgotten()
    {
        var memory = new CallerMemory(10);
        memory.Keep("+1", Found(Mario));
        memory.Keep("+1", new LookupResult(LookupOutcome.TimedOut, []));
        memory.Keep("+1", new LookupResult(LookupOutcome.Failed, []));
        memory.Recall("+1").Should().NotBeNull();
        memory.Keep("+1", new LookupResult(LookupOutcome.Unknown, []));
        memory.Recall("+1").Should().BeNull();
    }

    [Fact]
    public void A_conversation_makes_its_agent_the_last_contacted_at_each_of_the_clients_numbers()
    {
        var memory = new CallerMemory(10);
        memory.Keep("+1", Found(Mario));
        memory.Keep("+2", new LookupResult(LookupOutcome.Several, [Match(Mario), Match(Nina)]));
        memory.Learn(Ended(Mario, Anna, 60_000, Now));
        memory.Learn(Ended(Mario, Luca, 30_000, Now.AddMinutes(5)));
        memory.Learn(Ended(Mario, Anna, 200, Now.AddMinutes(9)));
        memory.Learn(Ended(Mario, Anna, 5_000, Now.AddMinutes(10)));
        memory.Recall("+1")!.Candidates[0].Contacts.Select(c => (c.Agent, c.Talk.TotalSeconds)).Should().Equal((Anna, 5), (Luca, 30));
        memory.Recall("+2")!.Candidates[0].Contacts.Should().HaveCount(2);
        memory.Recall("+2")!.Candidates[1].Contacts.Should().BeEmpty();
    }

    static LookupResult Found(Guid client) => new(LookupOutcome.Known, [Match(client)]);

    static ClientMatch Match(Guid client) => new(client, null, null, []);

    static CallEnded Ended(Guid client, Guid agent, int talk_ms, DateTimeOffset at) =>
        new(CallOutcome.Answered, EndedBy.Caller, 16, agent, client, null, 0, talk_ms, 0, false) { Seq = 1, At = at, Call = Id(9) };

    static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
}
