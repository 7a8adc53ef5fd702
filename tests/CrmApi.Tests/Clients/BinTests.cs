using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class BinTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<ClientCardView> NewAsync(Page page, string name, string phone)
    {
        var save = new ClientSave("person", name, "", "mail@bin.example", "", "Secret", null, null, null, [new PhoneSave(phone, "", true)], 0, TaxId: "77");
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), save), ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    Task<LookupResult> WhoAsync(string number, bool mayCreate = false) =>
        host.Services.GetRequiredService<ClientDirectory>().IdentifyAsync(new PhoneNumber(number, NumberKind.E164, number), "", null, mayCreate, default);

    static async Task<bool> IsListedAsync(Page page, string path, Guid id) => (await page.GetAsync(path, ContractsJson.Default.ListPageClientRow)).Items.Any(c => c.Id == id);

    [PostgresFact]
    public async Task A_deleted_card_is_found_by_nobody_until_it_is_restored()
    {
        const string Number = "+393470009001";
        await using var lead = await host.SignInAsync("sara");
        var card = await NewAsync(lead, "Binned One", Number);
        using (var stale = await lead.Http.DeleteAsync($"api/clients/{card.Id}?version=9"))
        {
            stale.StatusCode.Should().Be(HttpStatusCode.Conflict);
            (await stale.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Card!.Version.Should().Be(1);
        }

        (await lead.ProblemAsync(HttpMethod.Delete, $"api/clients/{card.Id}")).Problem.Errors!.Keys.Should().Equal("version");
        for (var twice = 0; twice < 2; twice++)
        {
            using var deleted = await lead.Http.DeleteAsync($"api/clients/{card.Id}?version=1");
            (await deleted.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.DeletedAt.Should().NotBeNull();
        }

        (await IsListedAsync(lead, "api/clients", card.Id) || await IsListedAsync(lead, "api/clients?query=Binned", card.Id) || await IsListedAsync(lead, "api/clients?query=0009001", card.Id)).Should().BeFalse();
        (await WhoAsync(Number)).Outcome.Should().Be(LookupOutcome.Unknown);
        (await lead.GetAsync("api/clients/bin", ContractsJson.Default.ListPageBinRow)).Items.Should().ContainSingle(b => b.Id == card.Id).Which.Should().BeEquivalentTo(new { Name = "Binned One", Who = "Sara Conti" });
        using (var save = await lead.Http.PutAsJsonAsync($"api/clients/{card.Id}", new ClientSave("person", "Late", "", "", "", "", null, null, null, [], 2), ContractsJson.Default.ClientSave))
            (await save.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Card!.DeletedAt.Should().NotBeNull();

        using (var restored = await lead.Http.PostAsync($"api/clients/{card.Id}/restore", null))
            (await restored.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView)).Should().BeEquivalentTo(new { Name = "Binned One", Note = "Secret", Version = 3 });
        (await IsListedAsync(lead, "api/clients?query=Binned", card.Id)).Should().BeTrue();
        (await WhoAsync(Number)).Candidates.Single().Client.Should().Be(card.Id);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<string>("select action from audit where object_id = @id order by at, id", new { id = card.Id.ToString() })).Should().Equal("client.created", "client.deleted", "client.restored");
    }

    [PostgresFact]
    public async Task A_call_from_a_deleted_card_s_number_makes_a_new_one()
    {
        const string Number = "+393470009002";
        await using var lead = await host.SignInAsync("sara");
        var card = await NewAsync(lead, "Binned Two", Number);
        using (await lead.Http.DeleteAsync($"api/clients/{card.Id}?version=1")) { }

        var found = await WhoAsync(Number, mayCreate: true);
        found.Outcome.Should().Be(LookupOutcome.Created);
        found.Candidates.Single().Client.Should().NotBe(card.Id);
    }

    [PostgresFact]
    public async Task After_thirty_days_what_stood_on_it_is_erased_and_the_row_stays()
    {
        await using var lead = await host.SignInAsync("sara");
        var (old, young) = (await NewAsync(lead, "Erased", "+393470009003"), await NewAsync(lead, "Not yet", "+393470009004"));
        var merged = await NewAsync(lead, "Erased too", "+393470009005");
        using (var merge = await lead.Http.PostAsJsonAsync($"api/clients/{old.Id}/merge", new ClientMergeRequest(Guid.CreateVersion7(), merged.Id, 1, 1, []), ContractsJson.Default.ClientMergeRequest))
            merge.StatusCode.Should().Be(HttpStatusCode.OK);
        using (await lead.Http.DeleteAsync($"api/clients/{old.Id}?version=2")) { }
        using (await lead.Http.DeleteAsync($"api/clients/{young.Id}?version=1")) { }

        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set deleted_at = now() - interval '31 days' where id = @Id; update client set deleted_at = now() - interval '29 days' where id = @Young", new { old.Id, Young = young.Id });
        await host.Services.GetRequiredService<ClientDirectory>().EraseAsync(default);
        (await database.QueryAsync<string>("select name || note || email || tax_id from client where id = any(@ids)", new { ids = new[] { old.Id, merged.Id } })).Should().Equal("", "");
        (await database.ExecuteScalarAsync<long>("select count(*) from client_phone where client_id = any(@ids)", new { ids = new[] { old.Id, merged.Id } })).Should().Be(0);
        (await database.ExecuteScalarAsync<long>("select count(*) from client_merge where winner_id = @Id", new { old.Id })).Should().Be(0);
        (await lead.ProblemAsync(HttpMethod.Post, $"api/clients/{old.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
        (await lead.GetAsync("api/clients/bin", ContractsJson.Default.ListPageBinRow)).Items.Select(b => b.Id).Should().Contain(young.Id).And.NotContain(old.Id);
        using var restored = await lead.Http.PostAsync($"api/clients/{young.Id}/restore", null);
        (await restored.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.Name.Should().Be("Not yet");
    }
}
