using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class CompanyTests(ApiHost host) : IClassFixture<ApiHost>
{
    static ClientSave New(string kind, string name, string company = "") => new(kind, name, company, "", "", "", null, null, null, [], 0);

    static async Task<HttpResponseMessage> PostAsync(Page page, ClientSave save, Guid? id = null) =>
        await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(id ?? Guid.CreateVersion7(), save), ContractsJson.Default.ClientCreate);

    static async Task<ClientCardView> NewAsync(Page page, ClientSave save)
    {
        using var answer = await PostAsync(page, save);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static async Task<HttpResponseMessage> PutAsync(Page page, ClientCardView card, string kind, Guid? company, params string[] roles) => await page.Http.PutAsJsonAsync($"api/clients/{card.Id}",
        New(kind, card.Name, card.Company) with { Version = card.Version, CompanyId = company, Roles = roles }, ContractsJson.Default.ClientSave);

    static Task<ClientCardView> CardAsync(Page page, Guid id) => page.GetAsync($"api/clients/{id}", ContractsJson.Default.ClientCardView);

    [PostgresFact]
    public async Task A_company_shows_its_people_and_what_happened_with_them()
    {
        await using var page = await host.SignInAsync("anna");
        var company = await NewAsync(page, New("company", "Acme", "Acme Spa"));
        var person = await NewAsync(page, New("person", "Bea Acme") with { CompanyId = company.Id, Roles = ["client", "partner"], Phones = [new PhoneSave("+39 347 1110001", "", true)] });
        (person.CompanyId, person.CompanyName).Should().Be((company.Id, "Acme Spa"));
        person.Roles.Should().Equal("client", "partner");
        (await CardAsync(page, company.Id)).Contacts.Should().Equal(new ContactView(person.Id, "Bea Acme", "+39 347 111 0001"));
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into task (id, client_id, user_id, title, due_at, created_at) values (gen_random_uuid(), @Id, @Anna, 'Call Bea', now(), now())", new { person.Id, Seeds.Anna });
        (await page.GetAsync($"api/clients/{company.Id}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Title = "Call Bea", Contact = "Bea Acme" });
        (await page.GetAsync($"api/clients/{person.Id}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Single().Contact.Should().BeNull();
        (await page.GetAsync("api/clients?query=Acme&kind=company", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Id).Should().Equal(company.Id);
        // A page of before leaves it as it is; an empty id takes it away.
        using (var saved = await page.Http.PutAsJsonAsync($"api/clients/{person.Id}", New("person", "Bea Acme") with { Version = person.Version }, ContractsJson.Default.ClientSave))
            person = (await saved.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
        person.Should().BeEquivalentTo(new { CompanyId = company.Id, Roles = new[] { "client", "partner" } });
        using (var saved = await PutAsync(page, person, "person", Guid.Empty)) person = (await saved.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
        (person.CompanyId, person.Roles!.Count).Should().Be((null, 0));
        (await CardAsync(page, company.Id)).Contacts.Should().BeEmpty();
    }

    [PostgresFact]
    public async Task People_of_a_company_whose_cards_are_out_of_reach_are_not_told()
    {
        await using var sara = await host.SignInAsync("sara");
        var company = await NewAsync(sara, New("company", "Reach Spa") with { ResponsibleId = Seeds.Mila });
        var person = await NewAsync(sara, New("person", "Lia Reach") with { CompanyId = company.Id, ResponsibleId = Seeds.Luca, Phones = [new PhoneSave("+39 347 1110077", "", true)] });
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into task (id, client_id, user_id, title, due_at, created_at) values (gen_random_uuid(), @Id, @Luca, 'Call Lia', now(), now());
                insert into role (code, name, model) values ('own_cards', 'own_cards', 'agent');
                insert into role_right (role, right_code, scope) values ('own_cards', 'client.view', 'own'), ('own_cards', 'client.numbers', 'all'), ('own_cards', 'task.view', 'all');
                update app_user set role = 'own_cards' where id = @Mila;
                update access_version set version = version + 1;
                """, new { person.Id, Seeds.Luca, Seeds.Mila });
        }

        await using var mila = await host.SignInAsync("mila");
        (await CardAsync(sara, company.Id)).Contacts.Should().ContainSingle(c => c.Name == "Lia Reach");
        (await CardAsync(mila, company.Id)).Contacts.Should().BeEmpty();
        (await sara.GetAsync($"api/clients/{company.Id}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Should().Contain(i => i.Title == "Call Lia");
        (await mila.GetAsync($"api/clients/{company.Id}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_company_out_of_reach_is_none_unless_the_card_belongs_to_it_already()
    {
        await using var sara = await host.SignInAsync("sara");
        var theirs = await NewAsync(sara, New("company", "Far Spa") with { ResponsibleId = Seeds.Anna });
        var own = await NewAsync(sara, New("company", "Near Spa") with { ResponsibleId = Seeds.Luca });
        var person = await NewAsync(sara, New("person", "Ugo Far") with { CompanyId = theirs.Id, ResponsibleId = Seeds.Luca });
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into role (code, name, model) values ('near_cards', 'near_cards', 'agent');
                insert into role_right (role, right_code, scope) values ('near_cards', 'client.view', 'own'), ('near_cards', 'client.edit', 'own'), ('near_cards', 'client.create', 'own'), ('near_cards', 'client.numbers', 'all');
                update app_user set role = 'near_cards' where id = @Luca;
                update access_version set version = version + 1;
                """, new { Seeds.Luca });
        }

        await using var luca = await host.SignInAsync("luca");
        foreach (var company in new[] { theirs.Id, Guid.NewGuid() })
        {
            using var refused = await PostAsync(luca, New("person", "Eva Far") with { CompanyId = company, ResponsibleId = Seeds.Luca });
            (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["companyId"].Should().Equal([ClientDirectory.NoCompany], "nothing tells one that is there from one that is not");
        }

        (await NewAsync(luca, New("person", "Eva Near") with { CompanyId = own.Id, ResponsibleId = Seeds.Luca })).CompanyName.Should().Be("Near Spa");
        using (var kept = await luca.Http.PutAsJsonAsync($"api/clients/{person.Id}", New("person", "Ugo Far") with { Version = person.Version, City = "Como", CompanyId = theirs.Id, ResponsibleId = Seeds.Luca }, ContractsJson.Default.ClientSave))
            kept.StatusCode.Should().Be(HttpStatusCode.OK, await kept.Content.ReadAsStringAsync());
        var saved = await CardAsync(luca, person.Id);
        (saved.City, saved.CompanyId).Should().Be(("Como", theirs.Id));
        using (var moved = await luca.Http.PutAsJsonAsync($"api/clients/{person.Id}", New("person", "Ugo Far") with { Version = saved.Version, CompanyId = own.Id, ResponsibleId = Seeds.Luca }, ContractsJson.Default.ClientSave))
            moved.StatusCode.Should().Be(HttpStatusCode.OK);
        using (var back = await luca.Http.PutAsJsonAsync($"api/clients/{person.Id}", New("person", "Ugo Far") with { Version = saved.Version + 1, CompanyId = theirs.Id, ResponsibleId = Seeds.Luca }, ContractsJson.Default.ClientSave))
            back.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [PostgresFact]
    public async Task Only_a_person_belongs_and_only_to_a_company()
    {
        await using var page = await host.SignInAsync("anna");
        var company = await NewAsync(page, New("company", "Alone Srl"));
        foreach (var save in new[] { New("person", "X") with { CompanyId = Seeds.Bianchi }, New("person", "X") with { CompanyId = Guid.NewGuid() }, New("company", "X") with { CompanyId = company.Id } })
        {
            using var refused = await PostAsync(page, save);
            (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Equal("companyId");
        }

        using (var itself = await PutAsync(page, company, "person", company.Id)) itself.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        using (var roles = await PutAsync(page, company, "company", null, "friend"))
            (await roles.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Equal("roles");
        // A person who becomes a company belongs to none.
        var person = await NewAsync(page, New("person", "Grows") with { CompanyId = company.Id });
        using var grown = await PutAsync(page, person, "company", null);
        (await grown.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.CompanyId.Should().BeNull();
    }

    [PostgresFact]
    public async Task Companies_that_become_one_keep_all_their_people_and_a_person_never_belongs_to_themselves()
    {
        await using var lead = await host.SignInAsync("sara");
        var (kept, gone) = (await NewAsync(lead, New("company", "Kept Spa") with { Roles = ["client"] }), await NewAsync(lead, New("company", "Gone Spa") with { Roles = ["supplier"] }));
        var person = await NewAsync(lead, New("person", "Of Gone") with { CompanyId = gone.Id });
        async Task<ClientCardView> MergeAsync(Guid id, ClientCardView winner, ClientCardView loser, params string[] taken)
        {
            using var answer = await lead.Http.PostAsJsonAsync($"api/clients/{winner.Id}/merge", new ClientMergeRequest(id, loser.Id, winner.Version, loser.Version, taken), ContractsJson.Default.ClientMergeRequest);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
        }

        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var merged = await MergeAsync(first, kept, gone);
        merged.Contacts!.Select(c => c.Id).Should().Equal(person.Id);
        merged.Roles.Should().BeEquivalentTo("client", "supplier");
        (await CardAsync(lead, person.Id)).CompanyId.Should().Be(kept.Id);
        using (var undone = await lead.Http.PostAsync($"api/clients/merges/{first}/undo", null)) undone.StatusCode.Should().Be(HttpStatusCode.OK);
        (await CardAsync(lead, kept.Id)).Should().BeEquivalentTo(new { Contacts = Array.Empty<ContactView>(), Roles = new[] { "client" } });
        (await CardAsync(lead, person.Id)).CompanyId.Should().Be(gone.Id);

        // The person's card takes in their company's: they belong to nobody, until it is undone.
        merged = await MergeAsync(second, await CardAsync(lead, person.Id), await CardAsync(lead, gone.Id));
        (merged.CompanyId, merged.Contacts!.Count).Should().Be((null, 0));
        using (var undone = await lead.Http.PostAsync($"api/clients/merges/{second}/undo", null)) undone.StatusCode.Should().Be(HttpStatusCode.OK);
        (await CardAsync(lead, person.Id)).CompanyId.Should().Be(gone.Id);
    }
}
