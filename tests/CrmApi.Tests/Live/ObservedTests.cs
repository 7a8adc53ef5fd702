using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>Calls that the PBX rings at several agents by itself: each has the pop, and reads who answered.</summary>
[Trait("Category", "Slow")]
public sealed class ObservedTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    JournalEntry Rings(Guid call, Guid offer, Guid agent, string extension, bool canHold) =>
        story.Say(new CallOffered(offer, agent, "pbx", extension, $"PJSIP/{extension}", null, null, 1, 60, RouteRule.Observed, canHold, canHold) { Seq = 0, At = default }, call);

    [PostgresFact]
    public async Task Each_ringing_agent_has_the_pop_and_reads_who_answered_and_nobody_missed_it()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (one, two) = (await anna.OpenAsync(), await luca.OpenAsync());
        var (call, a, b) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync(
            story.Say(new CallStarted("pbx", $"{call:N}.1", $"{call:N}.1", CallDirection.Inbound, new PhoneNumber("0212345678", NumberKind.Unparsed), Story.Dialled, "", false, false) { Seq = 0, At = default }, call),
            Rings(call, a, Seeds.Anna, "101", canHold: false), Rings(call, b, Seeds.Luca, "102", canHold: true),
            story.Say(new CallerRead(Story.From("+390212345678")) { Seq = 0, At = default }, call),
            story.Say(new CallIdentified(LookupOutcome.Known, Seeds.Rossi, null, [Seeds.Rossi], null, false) { Seq = 0, At = default }, call));
        (await one.NextAsync<PopEvent>()).Pop.Should().BeEquivalentTo(new { OfferId = a, CallId = call, CanAnswer = false, QueueName = (string?)null });
        (await two.NextAsync<PopEvent>()).Pop.Reason.Rule.Should().Be("Observed");
        (await one.NextAsync<CardEvent>(e => e.CallId == call)).Card!.Id.Should().Be(Seeds.Rossi);
        // One declines: the call rings on at the other.
        await story.WriteAsync(story.Say(new OfferEnded(a, Seeds.Anna, OfferOutcome.Declined, 603, 900) { Seq = 0, At = default }, call));
        (await one.NextAsync<OfferEvent>(e => e.Outcome is not null)).Outcome.Should().Be("Declined");
        host.Feed.State.Calls[call].State.Should().Be(CallState.Ringing);
        host.Feed.State.Agent(Seeds.Anna).Today.Missed.Should().Be(0);
        var again = Guid.CreateVersion7();
        await story.WriteAsync(Rings(call, again, Seeds.Anna, "101", canHold: false));
        await one.NextAsync<PopEvent>(e => e.Pop.OfferId == again);
        await story.WriteAsync(
            story.Say(new OfferEnded(again, Seeds.Anna, OfferOutcome.AnsweredElsewhere, null, 2000, Seeds.Luca) { Seq = 0, At = default }, call),
            story.Say(new OfferEnded(b, Seeds.Luca, OfferOutcome.Answered, null, 2000) { Seq = 0, At = default }, call),
            story.Say(new LegStarted("pbx", $"{call:N}.2", "PJSIP/102-1", Seeds.Luca, false, false, CanHold: true) { Seq = 0, At = default }, call),
            story.Say(new CallAnswered(b, Seeds.Luca, "pbx", $"{call:N}.2", 4000) { Seq = 0, At = default }, call),
            story.Agent(Seeds.Luca, AgentState.Talking, "102", call));
        (await one.NextAsync<OfferEvent>(e => e.OfferId == again && e.Outcome is not null)).Should().BeEquivalentTo(new { Outcome = "AnsweredElsewhere", AnsweredBy = "Luca Neri" });
        var talk = (await two.NextAsync<CallEvent>(e => e.Call.State == "Talking")).Call;
        talk.Should().BeEquivalentTo(new { CanHold = true, Routed = false });
        talk.Caller.Number.Should().Be("+39 02 1234 5678");
        var loaded = (await host.Services.GetRequiredService<FeedLoader>().LoadAsync("main", default));
        (loaded.Calls[call].Holders.ContainsValue(Seeds.Luca), loaded.Calls[call].Caller.E164, loaded.Agent(Seeds.Anna).Today.Missed).Should().Be((true, "+390212345678", 0));
    }
}
