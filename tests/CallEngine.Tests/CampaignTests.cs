namespace CallCrm.Engine.Tests;

/// <summary>Who calls an advertised number comes by its campaign, while that runs.</summary>
public sealed class CampaignTests
{
    static Scenario Advertised(DateTimeOffset? from = null, DateTimeOffset? until = null, string source = "web") =>
        new Scenario(w => w.Dialled.Add(new DialledNumberSettings("800300", "Offer", w.Build().Queues[0].Id, source, "it", new CampaignSettings("winter", "Winter", from, until)))).PbxUp().Ready("anna");

    static CallStarted Started(Scenario story) => story.All.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<CallStarted>().Single();

    static string? Source(Scenario story) => story.All.OfType<EngineEffect.LookUp>().Single().Source;

    [Theory]
    [InlineData("web", "web · Winter")]
    [InlineData("", "Winter")]
    public void A_call_to_its_number_is_the_campaigns_and_a_new_clients_source_names_both(string source, string told)
    {
        var story = Advertised(source: source).At(10).Asks("1", dialled: "800300");
        (Started(story).Campaign, Source(story)).Should().Be(("winter", told));
    }

    [Fact]
    public void Another_number_is_of_no_campaign()
    {
        var story = Advertised().At(10).Asks("1");
        (Started(story).Campaign, Source(story)).Should().Be((null, "web"));
    }

    [Fact]
    public void Before_its_first_and_after_its_last_moment_it_does_not_count()
    {
        var at = Scenario.Start.AddSeconds(10);
        Of(at, null).Should().Be("winter", "it begins at that moment");
        Of(null, at).Should().BeNull("it is over from that moment on");
        Of(at.AddSeconds(1), null).Should().BeNull();
        Of(null, at.AddSeconds(1)).Should().Be("winter");

        string? Of(DateTimeOffset? from, DateTimeOffset? until) => Started(Advertised(from, until).At(10).Asks("1", dialled: "800300")).Campaign;
    }

    [Fact]
    public void An_agent_who_dials_the_number_is_not_the_campaigns()
    {
        var story = Advertised().At(10).Asks("1", caller: new PhoneNumber("101", NumberKind.Extension), dialled: "800300");
        Started(story).Should().Match<CallStarted>(s => s.Direction == CallDirection.Internal && s.Campaign == null);
    }

    static readonly PhoneNumber Outside = new("+390612345678", NumberKind.E164, "+390612345678");

    [Fact]
    public void A_call_that_an_agent_clicks_for_a_campaign_is_its_from_its_first_moment()
    {
        var story = Scenario.With("anna").Does("anna", new AgentCommand.Dial(Outside, Campaign: "winter"));
        Started(story).Should().Match<CallStarted>(s => s.Direction == CallDirection.Outbound && s.Campaign == "winter");
        Started(Scenario.With("anna").Does("anna", new AgentCommand.Dial(Outside))).Campaign.Should().BeNull();
    }

    [Fact]
    public void A_click_on_a_colleague_is_for_no_campaign_and_a_number_that_is_advertised_says_nothing_of_a_call_out()
    {
        Started(new Scenario().PbxUp().Ready("anna", "bruno").Does("anna", new AgentCommand.Dial(new PhoneNumber("102", NumberKind.Unparsed), Campaign: "winter")))
            .Should().Match<CallStarted>(s => s.Direction == CallDirection.Internal && s.Campaign == null);
        Started(Advertised().Does("anna", new AgentCommand.Dial(new PhoneNumber("800300", NumberKind.E164, "+39800300")))).Campaign.Should().BeNull();
    }
}
