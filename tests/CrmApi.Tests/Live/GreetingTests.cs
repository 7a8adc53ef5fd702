using CallCrm.Contracts;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Live;

[Trait("Category", "Slow")]
public sealed class GreetingTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    Story story = null!;

    public async Task InitializeAsync() => story = await Story.BeginAsync(host);

    public async Task DisposeAsync() => await story.DisposeAsync();

    static string? Said(string? client, string number, string agent, string own = "Hello", string others = """{"it":"Ciao","ru":"Привет"}""") =>
        FactNumber.Of("1", "Brand", number, own, others).Greeting(client, agent) is { } found
            ? $"{found.Language}: {found.Line.Fill(new ScriptContext(new Dictionary<string, string?>(), new TimeOnly(9, 0), found.Language)).Text}" : null;

    [Theory]
    [InlineData("it", "en", "ru", "it: Ciao")]
    [InlineData("it-IT", "en", "ru", "it: Ciao")]
    [InlineData("fi", "en", "ru", "en: Hello")]
    [InlineData(null, "en", "ru", "en: Hello")]
    [InlineData("en", "en", "ru", "en: Hello")]
    public void It_is_in_the_client_s_language_else_the_number_s(string? client, string number, string agent, string said) => Said(client, number, agent).Should().Be(said);

    [Fact]
    public void Without_one_of_the_number_s_own_the_agent_s_language_counts()
    {
        Said(null, "en", "ru", own: "").Should().Be("ru: Привет");
        Said(null, "en", "en", own: "").Should().BeNull();
        Said("fi", "fi", "fi", own: "", others: "{}").Should().BeNull();
    }

    [Fact]
    public void What_cannot_be_read_is_said_as_it_stands() => Said(null, "en", "en", own: "Hello {{nobody.knows}}").Should().Be("en: Hello {{nobody.knows}}");

    [PostgresFact]
    public async Task The_pop_and_the_call_greet_by_name_in_the_client_s_language()
    {
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                update dialled_number set greeting = '{{number.name}}, this is {{agent.name}}', greetings = '{"it":"{{day.greeting}} {{client.name|a lei}}, sono {{agent.name}}"}' where number = '390233334444';
                update client set language = 'it' where id = @Bianchi;
                """, new { Seeds.Bianchi });
        }

        await host.RestartAsync();
        await using var luca = await host.SignInAsync("luca");
        var desk = await luca.OpenAsync();
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Seeds.Luca, AgentState.Ready, "102", null), .. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Luca, "102", Seeds.Bianchi)]);
        var pop = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop;
        pop.NumberName.Should().Be("Web site");
        pop.Greeting.Should().MatchRegex("^Buon(giorno|asera| pomeriggio) Giulia Bianchi, sono Luca Neri$");
        pop.Card!.Language.Should().Be("it");
        await story.WriteAsync(story.Answers(call, offer, Seeds.Luca, "102"));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking")).Call.Greeting.Should().Be(pop.Greeting);
        await story.WriteAsync(story.Ends(call, Seeds.Luca, "102", Seeds.Bianchi));

        var (second, ring) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Seeds.Luca, AgentState.Ready, "102", null), .. story.Arrives(second, PhoneNumber.Withheld, LookupOutcome.Withheld, null), .. story.Offers(second, ring, Seeds.Luca, "102")]);
        (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == ring)).Pop.Greeting.Should().Be("Web site, this is Luca Neri", "nobody knows their language");
    }
}
