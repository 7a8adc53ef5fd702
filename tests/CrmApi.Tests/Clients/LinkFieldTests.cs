using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class LinkFieldTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly Guid Reader = Seeds.Id(301);

    /// <summary>Somebody who sees their own clients and deals, one of which has links.</summary>
    public async Task InitializeAsync()
    {
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into role (code, name, model, builtin) values ('narrow', 'Narrow', 'agent', false) on conflict do nothing;
                insert into role_right (role, right_code, scope) select 'narrow', right_code, case when right_code in ('client.view', 'client.edit', 'deal.view') then 'own' else scope end from role_right where role = 'agent' on conflict do nothing;
                insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active)
                select @Reader, 'narrow', 'Nora Narrow', password_hash, 'narrow', 'en', true, 'main', @Reader, created_at, true from app_user where login = 'anna' on conflict do nothing;
                update access_version set version = version + 1;
                """, new { Reader });
        }

        await using var admin = await host.SignInAsync("ada");
        if ((await admin.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Any(f => f.Code == "friend")) return;
        foreach (var (code, target) in new[] { ("friend", "client"), ("offer", "deal"), ("buddy", "person") })
        {
            using var answer = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{code}", new ClientFieldSetup(code, "The " + code, "link", [], 10, false, 0, target), ContractsJson.Default.ClientFieldSetup);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static ClientSave Save(ClientCardView card, params (string Code, object? Value)[] custom) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment,
        card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, Custom: custom.ToDictionary(c => c.Code, c => JsonSerializer.SerializeToElement(c.Value)));

    static async Task<ClientCardView> NewAsync(Page page, string name, Guid? responsible = null)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", name, "", "", "", "", null, null, responsible, [], 0)), ContractsJson.Default.ClientCreate);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static async Task<(ClientCardView? Card, ProblemView? Problem)> PutAsync(Page page, ClientCardView card, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave);
        return answer.IsSuccessStatusCode
            ? (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView), null)
            : (null, await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView));
    }

    static string? Of(ClientCardView card, string field, string member) => card.Custom!.TryGetValue(field, out var value) && value.TryGetProperty(member, out var text) ? text.GetString() : null;

    [PostgresFact]
    public async Task A_link_is_given_by_id_or_by_what_one_knows_of_its_target_and_comes_back_with_its_name()
    {
        await using var page = await host.SignInAsync("ada");
        var card = await NewAsync(page, "Linked Client");
        var (saved, _) = await PutAsync(page, card, Save(card, ("friend", Seeds.Rossi.ToString()), ("offer", Seeds.RossiDeal.ToString()), ("buddy", "luca")));
        (Of(saved!, "friend", "id"), Of(saved!, "friend", "name")).Should().Be((Seeds.Rossi.ToString(), "Mario Rossi"));
        (Of(saved!, "offer", "name"), Of(saved!, "offer", "clientId")).Should().Be(("New boilers", Seeds.Rossi.ToString()));
        (Of(saved!, "buddy", "id"), Of(saved!, "buddy", "name")).Should().Be((Seeds.Luca.ToString(), "Luca Neri"));
        (saved, _) = await PutAsync(page, saved!, Save(saved!, ("friend", "+39 333 111 2222"), ("offer", "new BOILERS"), ("buddy", new { id = Seeds.Mila })));
        (Of(saved!, "friend", "name"), Of(saved!, "offer", "id"), Of(saved!, "buddy", "name")).Should().Be(("Giulia Bianchi", Seeds.RossiDeal.ToString(), "Mila Orlova"));
        (saved, _) = await PutAsync(page, saved!, Save(saved!, ("friend", null)));
        saved!.Custom!.Keys.Should().BeEquivalentTo("offer", "buddy");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select custom ->> 'buddy' from client where id = @Id", new { card.Id })).Should().Be($"{{\"id\": \"{Seeds.Mila}\"}}");
        // Ids are no text that somebody looks for.
        (await page.GetAsync($"api/clients?query={Seeds.Mila}", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
    }

    [PostgresFact]
    public async Task What_leads_to_nobody_or_to_several_is_refused_with_what_was_expected()
    {
        await using var page = await host.SignInAsync("ada");
        var card = await NewAsync(page, "Badly Linked");
        var (_, problem) = await PutAsync(page, card, Save(card, ("friend", "Nobody At All"), ("offer", Guid.NewGuid().ToString()), ("buddy", 7)));
        problem!.Errors!.Keys.Should().BeEquivalentTo("custom.friend", "custom.offer", "custom.buddy");
        problem.Errors["custom.buddy"].Single().Should().Be("expected the login or the exact name of one colleague, or the id");
        (_, problem) = await PutAsync(page, card, Save(card, ("friend", "031 1111111")));
        problem!.Errors!["custom.friend"].Single().Should().EndWith("; 2 fit");
        var (status, wrong) = await page.ProblemAsync(HttpMethod.Put, "api/admin/client-fields/bad", JsonSerializer.Serialize(new ClientFieldSetup("bad", "Bad", "link", [], 1, false, 0, "moon"), ContractsJson.Default.ClientFieldSetup));
        (status, wrong.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "target"));
        // Where links stand the target does not become another.
        await PutAsync(page, card, Save(card, ("friend", Seeds.Rossi.ToString())));
        var friend = (await page.GetAsync("api/admin", ContractsJson.Default.AdminView)).ClientFields!.Single(f => f.Code == "friend");
        foreach (var (changed, field) in new[] { (friend with { Target = "person" }, "target"), (friend with { Kind = "text", Target = null }, "kind") })
        {
            (status, wrong) = await page.ProblemAsync(HttpMethod.Put, "api/admin/client-fields/friend", JsonSerializer.Serialize(changed, ContractsJson.Default.ClientFieldSetup));
            (status, wrong.ErrorId, wrong.Errors!.Keys.Single()).Should().Be((HttpStatusCode.Conflict, "values_do_not_fit", field));
        }
    }

    [PostgresFact]
    public async Task Who_does_not_see_the_target_sees_no_name_and_the_value_stays()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var narrow = await host.SignInAsync("narrow");
        var mine = await NewAsync(admin, "Nora's Client", Reader);
        await PutAsync(admin, mine, Save(mine, ("friend", Seeds.Rossi.ToString()), ("offer", Seeds.RossiDeal.ToString()), ("buddy", "luca")));
        var answer = await narrow.Http.GetStringAsync($"api/clients/{mine.Id}");
        answer.Should().NotContain("Mario Rossi").And.NotContain("New boilers").And.Contain("Luca Neri").And.Contain(Seeds.Rossi.ToString());
        var card = await narrow.GetAsync($"api/clients/{mine.Id}", ContractsJson.Default.ClientCardView);
        var (saved, _) = await PutAsync(narrow, card, Save(card) with { City = "Lodi" });
        Of(saved!, "friend", "name").Should().BeNull();
        Of(await admin.GetAsync($"api/clients/{mine.Id}", ContractsJson.Default.ClientCardView), "friend", "name").Should().Be("Mario Rossi");
        // Nor is it offered.
        (await narrow.GetAsync("api/links?target=client&query=Rossi", ContractsJson.Default.IReadOnlyListLinkChoice)).Should().BeEmpty();
        (await narrow.GetAsync("api/links?target=deal&query=boilers", ContractsJson.Default.IReadOnlyListLinkChoice)).Should().BeEmpty();
        (await narrow.GetAsync("api/links?target=person&query=neri", ContractsJson.Default.IReadOnlyListLinkChoice)).Single().Should().Be(new LinkChoice(Seeds.Luca, "Luca Neri", "luca"));
        (await admin.GetAsync("api/links?target=client&query=ross", ContractsJson.Default.IReadOnlyListLinkChoice)).Should().Contain(c => c.Id == Seeds.Rossi && c.Name == "Mario Rossi");
        (await admin.GetAsync("api/links?target=deal&query=boilers", ContractsJson.Default.IReadOnlyListLinkChoice)).Should().Contain(c => c.Id == Seeds.RossiDeal);
        // An id is named to who may see what it stands for.
        async Task<string?> NamedAsync(Page page, string target, Guid id) => (await page.GetAsync($"api/links?target={target}&id={id}", ContractsJson.Default.IReadOnlyListLinkChoice)).SingleOrDefault()?.Name;
        (await NamedAsync(narrow, "client", Seeds.Rossi), await NamedAsync(narrow, "deal", Seeds.RossiDeal), await NamedAsync(narrow, "person", Seeds.Luca)).Should().Be((null, null, "Luca Neri"));
        (await NamedAsync(admin, "client", Seeds.Rossi), await NamedAsync(admin, "deal", Seeds.RossiDeal), await NamedAsync(admin, "deal", Seeds.Rossi)).Should().Be(("Mario Rossi", "New boilers", null));
        (await admin.ProblemAsync(HttpMethod.Get, "api/links?target=moon&query=x")).Problem.Errors!.Keys.Should().Equal("target");
    }

    [PostgresFact]
    public async Task A_merged_target_leads_to_the_card_it_went_into_and_a_deleted_one_to_nothing()
    {
        await using var admin = await host.SignInAsync("ada");
        var (target, winner, card) = (await NewAsync(admin, "Old Friend"), await NewAsync(admin, "New Friend"), await NewAsync(admin, "Has Friends"));
        card = (await PutAsync(admin, card, Save(card, ("friend", target.Id.ToString())))).Card!;
        using (var merged = await admin.Http.PostAsJsonAsync($"api/clients/{winner.Id}/merge", new ClientMergeRequest(Guid.CreateVersion7(), target.Id, winner.Version, target.Version, []), ContractsJson.Default.ClientMergeRequest))
            merged.StatusCode.Should().Be(HttpStatusCode.OK);
        card = await admin.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView);
        (Of(card, "friend", "id"), Of(card, "friend", "name")).Should().Be((winner.Id.ToString(), "New Friend"));
        winner = await admin.GetAsync($"api/clients/{winner.Id}", ContractsJson.Default.ClientCardView);
        using (var deleted = await admin.Http.DeleteAsync($"api/clients/{winner.Id}?version={winner.Version}")) deleted.StatusCode.Should().Be(HttpStatusCode.OK);
        card = await admin.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView);
        (Of(card, "friend", "id"), Of(card, "friend", "name")).Should().Be((target.Id.ToString(), null));
        // Sent back as it came it is no fault.
        (await PutAsync(admin, card, Save(card) with { Custom = card.Custom })).Problem.Should().BeNull();
        // A merge of the cards themselves carries it like any other field.
        var other = await NewAsync(admin, "Takes Friends");
        card = await admin.GetAsync($"api/clients/{card.Id}", ContractsJson.Default.ClientCardView);
        card = (await PutAsync(admin, card, Save(card, ("friend", Seeds.Rossi.ToString())))).Card!;
        using var taken = await admin.Http.PostAsJsonAsync($"api/clients/{other.Id}/merge", new ClientMergeRequest(Guid.CreateVersion7(), card.Id, other.Version, card.Version, ["custom.friend"]), ContractsJson.Default.ClientMergeRequest);
        Of((await taken.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!, "friend", "name").Should().Be("Mario Rossi");
    }

    [PostgresFact]
    public async Task Files_bring_links_and_take_them_away_by_name()
    {
        await using var admin = await host.SignInAsync("ada");
        var preview = await Imports.ClientImportTests.UploadAsync(admin, "links.csv", Encoding.UTF8.GetBytes("Name;The friend;The buddy\nFirst Row;+39 02 12345678;Luca Neri\nSecond Row;Nobody;\nThird Row;031 1111111;\n"));
        preview.Columns.Select(c => c.Target).Should().Equal("name", "custom.friend", "custom.buddy");
        using (var started = await admin.Http.PostAsJsonAsync($"api/imports/{preview.Id}/start", Imports.ClientImportTests.Plan(preview), ContractsJson.Default.ImportStart)) started.StatusCode.Should().Be(HttpStatusCode.OK, await started.Content.ReadAsStringAsync());
        var run = await Imports.ClientImportTests.EndAsync(admin, preview.Id);
        (run.Made, run.Failed).Should().Be((1, 2));
        run.Errors.Select(e => e.Column).Should().AllBe("The friend");
        run.Errors[0].Expected.Should().Contain("exact name of one client");
        run.Errors[1].Expected.Should().Contain("2 fit");
        var text = await admin.Http.GetStringAsync("api/clients/export?query=First%20Row&format=csv&language=en");
        text.Split("\r\n")[0].Should().Contain("The friend");
        text.Split("\r\n")[1].Should().Contain("Mario Rossi").And.Contain("Luca Neri").And.NotContain(Seeds.Rossi.ToString());
    }
}
