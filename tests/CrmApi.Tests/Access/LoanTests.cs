using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>A call lends its agent the card: here to somebody whose role may do nothing at all with clients.</summary>
[Trait("Category", "Slow")]
public sealed class LoanTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    [PostgresFact]
    public async Task A_card_is_lent_from_the_offer_to_the_end_of_the_wrap_up_and_audited()
    {
        await using var story = await Story.BeginAsync(host);
        await using var page = await host.SignInAsync("anna");
        await using var live = await page.OpenAsync();
        (await StatusAsync(page, Seeds.Bianchi)).Should().Be(HttpStatusCode.NotFound);
        (await page.ProblemAsync(HttpMethod.Get, "api/clients")).Status.Should().Be(HttpStatusCode.Forbidden, "the list is never lent");

        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Bianchi)]);
        await live.NextAsync<PopEvent>(e => e.Pop.CallId == call);
        var card = await page.GetAsync($"api/clients/{Seeds.Bianchi}", ContractsJson.Default.ClientCardView);
        card.MayEdit.Should().BeTrue();
        (await StatusAsync(page, Seeds.Rossi)).Should().Be(HttpStatusCode.NotFound, "only the caller's");
        (await page.ProblemAsync(HttpMethod.Post, "api/commands", $$"""{"id":"{{Guid.CreateVersion7()}}","kind":"attach_client","callId":"{{call}}","clientId":"{{Seeds.Rossi}}"}""")).Status
            .Should().Be(HttpStatusCode.NotFound, "a call is no way to a card that one may not see");

        await story.WriteAsync(story.Answers(call, offer, Seeds.Anna, "101"));
        await live.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        var save = new ClientSave("person", "Giulia Bianchi", "", "", "Siena", "", null, null, card.ResponsibleId, [new PhoneSave("+393331112222", "", true)], card.Version);
        using (var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave))
        {
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
            save = save with { Version = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.Version };
        }

        var (status, problem) = await page.ProblemAsync(HttpMethod.Put, $"api/clients/{card.Id}", System.Text.Json.JsonSerializer.Serialize(save with { ResponsibleId = Seeds.Anna }, ContractsJson.Default.ClientSave));
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Forbidden, "not_allowed"), "lent is not given away");
        problem.Detail.Should().Contain("responsibleId");

        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Bianchi));
        await live.NextAsync<MyStateEvent>(e => e.State.State == "WrapUp");
        (await StatusAsync(page, Seeds.Bianchi)).Should().Be(HttpStatusCode.OK, "the wrap-up is not over");
        (await StatusAsync(page, Seeds.Bianchi, "/timeline")).Should().Be(HttpStatusCode.OK);

        await story.WriteAsync(story.Agent(Seeds.Anna, AgentState.Ready, "101", null));
        await live.NextAsync<MyStateEvent>(e => e.State.State == "Ready");
        (await StatusAsync(page, Seeds.Bianchi)).Should().Be(HttpStatusCode.NotFound);
        (await StatusAsync(page, Seeds.Bianchi, "/timeline")).Should().Be(HttpStatusCode.NotFound);
        await live.NextAsync<HintEvent>(e => e.Subject == "client" && e.Key == Seeds.Bianchi.ToString() && e.Version is null);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<string>("select action from audit where user_id = @Anna and object = 'client' and object_id = @id and detail ->> 'call' = @call order by id",
            new { Seeds.Anna, id = Seeds.Bianchi.ToString(), call = call.ToString() })).Should().Equal("client.lent", "client.loan_over");
    }

    [PostgresFact]
    public async Task Of_several_with_one_number_each_is_lent_until_it_is_known_who_calls()
    {
        await using var story = await Story.BeginAsync(host);
        await using var page = await host.SignInAsync("anna");
        await using var live = await page.OpenAsync();
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390311111111"), LookupOutcome.Several, null, [Seeds.Twin1, Seeds.Twin2]), .. story.Offers(call, offer, Seeds.Anna, "101")]);
        await live.NextAsync<PopEvent>(e => e.Pop.CallId == call);
        (await StatusAsync(page, Seeds.Twin1)).Should().Be(HttpStatusCode.OK);
        (await StatusAsync(page, Seeds.Twin2)).Should().Be(HttpStatusCode.OK);
        await story.WriteAsync(story.Fails(call, offer, Seeds.Anna, "101", OfferOutcome.NoAnswer));
        await live.NextAsync<OfferEvent>(e => e.OfferId == offer && e.Outcome is not null);
        (await StatusAsync(page, Seeds.Twin1)).Should().Be(HttpStatusCode.NotFound, "the offer is over");
    }

    static async Task<HttpStatusCode> StatusAsync(Page page, Guid client, string part = "")
    {
        using var answer = await page.Http.GetAsync($"api/clients/{client}{part}");
        return answer.StatusCode;
    }

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values ('calls_only', 'Calls only', 'agent') on conflict do nothing;
            update app_user set role = 'calls_only' where id = @Anna;
            update access_version set version = version + 1;
            """, new { Seeds.Anna });
    }

    public Task DisposeAsync() => Task.CompletedTask;
}
