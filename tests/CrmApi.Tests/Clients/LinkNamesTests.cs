using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.CrmApi.Tests.Webhooks;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

/// <summary>What a card's links lead to, where the card goes by itself: to the desk of who has the call, and to other programs.</summary>
[Trait("Category", "Slow")]
public sealed class LinkNamesTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly Guid OthersDeal = Seeds.Id(401);

    public async Task InitializeAsync()
    {
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into role (code, name, model, builtin) values ('narrow', 'Narrow', 'agent', false) on conflict do nothing;
                insert into role_right (role, right_code, scope) select 'narrow', right_code, case when right_code in ('client.view', 'client.edit', 'deal.view') then 'own' else scope end from role_right where role = 'agent' on conflict do nothing;
                update app_user set role = 'narrow' where id = @Anna;
                update client set responsible_id = @Luca where id = @Bianchi;
                insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id) values (@OthersDeal, @Bianchi, 'order', 'open', 'Secret deal', now(), now(), @Luca) on conflict do nothing;
                update deal set deleted_at = null, deleted_by = null where id = @OthersDeal;
                update access_version set version = version + 1;
                """, new { Seeds.Anna, Seeds.Luca, Seeds.Bianchi, OthersDeal });
        }

        await using var admin = await host.SignInAsync("ada");
        foreach (var (code, target) in new[] { ("friend", "client"), ("offer", "deal"), ("buddy", "person") })
        {
            if ((await admin.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Any(f => f.Code == code)) continue;
            using var answer = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{code}", new ClientFieldSetup(code, "The " + code, "link", [], 10, false, 0, target), ContractsJson.Default.ClientFieldSetup);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }

        await LinkAsync(admin, "Milano");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static async Task LinkAsync(Page page, string city)
    {
        var card = await page.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView);
        var links = new Dictionary<string, JsonElement> { ["friend"] = JsonSerializer.SerializeToElement(Seeds.Bianchi), ["offer"] = JsonSerializer.SerializeToElement(OthersDeal), ["buddy"] = JsonSerializer.SerializeToElement(Seeds.Mila) };
        var save = new ClientSave(card.Kind, card.Name, card.Company, card.Email, city, card.Note, card.Language, card.Segment, card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, Custom: links);
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    static void Names(ClientCardView? card, bool seen)
    {
        string? Name(string field) => card!.Custom![field].TryGetProperty("name", out var name) ? name.GetString() : null;
        (Name("friend"), Name("offer"), Name("buddy")).Should().Be(seen ? ("Giulia Bianchi", "Secret deal", "Mila Orlova") : (null, null, "Mila Orlova"));
        card!.Custom!["friend"].GetProperty("id").GetString().Should().Be(Seeds.Bianchi.ToString(), "the value itself stays");
    }

    [PostgresTheory]
    [InlineData("anna", "101", false)]
    [InlineData("luca", "102", true)]
    public async Task The_desk_has_the_names_that_its_agents_own_rights_reach_also_while_the_call_lends_the_card(string login, string place, bool seen)
    {
        var agent = login == "anna" ? Seeds.Anna : Seeds.Luca;
        await using var page = await host.SignInAsync(login);
        await using var admin = await host.SignInAsync("ada");
        await using var story = await Story.BeginAsync(host);
        var desk = await page.OpenAsync();
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(agent, AgentState.Ready, place, null), .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, agent, place, Seeds.Rossi)]);
        Names((await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop.Card, seen);
        Names((await page.OpenAsync()).Answer.Desk!.Pop!.Card, seen);
        await story.WriteAsync(story.Answers(call, offer, agent, place));
        Names((await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking")).Call.Card, seen);
        await LinkAsync(admin, "Lodi " + login);
        Names((await desk.NextAsync<CardEvent>(e => e.Card?.City == "Lodi " + login)).Card, seen);
        Names((await page.OpenAsync()).Answer.Desk!.Call!.Card, seen);
        await story.WriteAsync([.. story.Ends(call, agent, place, Seeds.Rossi), story.Agent(agent, AgentState.Ready, place, null)]);
        await story.WrittenAsync(host);
        var told = string.Join('\n', desk.Messages.Select(m => JsonSerializer.Serialize(m, ContractsJson.Default.FeedMessage)));
        told.Contains("Giulia Bianchi", StringComparison.Ordinal).Should().Be(seen);
        told.Contains("Secret deal", StringComparison.Ordinal).Should().Be(seen);
    }

    /// <summary>A program has no rights of its own: whoever sets it up may configure the site, and it is told what stands on each card. What is in the bin is seen by nobody.</summary>
    [PostgresFact]
    public async Task Another_program_is_told_the_names_of_what_is_there_and_of_nothing_that_was_deleted()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var admin = await host.SignInAsync("ada");
        var hook = Guid.CreateVersion7();
        using (var made = await admin.Http.PutAsJsonAsync($"api/admin/webhooks/{hook}", new WebhookSetup(hook, receiver.Address, [WebhookEvents.ClientSaved], true, 0), ContractsJson.Default.WebhookSetup)) made.StatusCode.Should().Be(HttpStatusCode.OK);
        await receiver.ReadyAsync(admin, hook);
        await LinkAsync(admin, "Told");
        Names((await receiver.NextAsync(m => m.Client?.City == "Told")).Message.Client, seen: true);

        using (var deleted = await admin.Http.DeleteAsync($"api/deals/{OthersDeal}?version=1")) deleted.StatusCode.Should().Be(HttpStatusCode.OK, await deleted.Content.ReadAsStringAsync());
        var card = await admin.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView);
        var save = new ClientSave(card.Kind, card.Name, card.Company, card.Email, "Told again", card.Note, card.Language, card.Segment, card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version);
        using (var saved = await admin.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave)) saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
        var again = await receiver.NextAsync(m => m.Client?.City == "Told again");
        again.Body.Should().NotContain("Secret deal").And.Contain("Giulia Bianchi").And.Contain(OthersDeal.ToString());
        (await admin.Http.PostAsync($"api/deals/{OthersDeal}/restore", null)).Dispose();
        (await admin.Http.DeleteAsync($"api/admin/webhooks/{hook}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
    }
}
