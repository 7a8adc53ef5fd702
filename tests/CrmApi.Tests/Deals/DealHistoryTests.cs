using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Deals;

/// <summary>What became of a deal, on its client's timeline.</summary>
public sealed class DealHistoryTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<DealDetailView> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!;
        }
    }

    static async Task<DealDetailView> NewAsync(Page page, DealCreate create) => await ReadAsync(await page.Http.PostAsJsonAsync("api/deals", create, ContractsJson.Default.DealCreate));

    static async Task<DealDetailView> SaveAsync(Page page, Guid deal, DealSave save) => await ReadAsync(await page.Http.PutAsJsonAsync($"api/deals/{deal}", save, ContractsJson.Default.DealSave));

    static async Task<List<TimelineItem>> TimelineAsync(Page page, Guid client, int limit = 100)
    {
        var (all, cursor) = (new List<TimelineItem>(), "");
        do
        {
            var list = await page.GetAsync($"api/clients/{client}/timeline?limit={limit}{cursor}", ContractsJson.Default.ListPageTimelineItem);
            all.AddRange(list.Items);
            cursor = list.Next is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return all;
    }

    static string Said(DealChangeView c) => c.Field == "amount" ? $"amount {c.AmountBefore} {c.CurrencyBefore} > {c.AmountAfter} {c.CurrencyAfter}" : $"{c.Field} {c.Before ?? "–"} > {c.After ?? "–"}";

    static string[] Told(IEnumerable<TimelineItem> items, string title) => [.. items.Where(i => i.Kind == "deal_change" && i.Title == title).Select(i => $"{i.AgentName}: {string.Join(", ", i.Changes!.Select(Said))}")];

    [PostgresFact]
    public async Task Each_change_stands_there_once_with_from_and_to_and_who_made_it()
    {
        await using var sara = await host.SignInAsync("sara");
        var deal = await NewAsync(sara, new DealCreate(Guid.CreateVersion7(), Seeds.Bianchi, "order", "Heating", 99.5m, "USD", Guid.Empty));
        await SaveAsync(sara, deal.Id, new DealSave("Heat pump", 1200m, ResponsibleId: Seeds.Luca, Stage: "negotiation", Version: 1));
        await SaveAsync(sara, deal.Id, new DealSave("Heat pump", 1200m, "EUR", Version: 3));
        await SaveAsync(sara, deal.Id, new DealSave("Heat pump", null, Stage: "open", Version: 4));
        await SaveAsync(sara, deal.Id, new DealSave("Heat pump", null, Version: 6));
        string[] expected =
        [
            "Sara Conti: amount 1200.00 EUR >  EUR", "Sara Conti: currency USD > EUR", "Sara Conti: title Heating > Heat pump, amount 99.50 USD > 1200.00 USD, responsible – > Luca Neri",
            "Sara Conti: stage Open > Negotiation", "Sara Conti: stage – > Open",
        ];
        var items = await TimelineAsync(sara, Seeds.Bianchi);
        Told(items, "Heat pump").Should().Equal(expected);
        items.Should().ContainSingle(i => i.Kind == "deal" && i.Title == "Heat pump").Which.Text.Should().Be("Open", "where it is now stands there as it did");
        var paged = await TimelineAsync(sara, Seeds.Bianchi, 2);
        Told(paged, "Heat pump").Should().Equal(expected);
        paged.Select(i => i.Id).Should().Equal(items.Select(i => i.Id), "page by page nothing is missed or comes twice");
    }

    [PostgresFact]
    public async Task Whoever_sees_neither_the_deal_nor_the_other_client_is_told_nothing_of_them()
    {
        await using var sara = await host.SignInAsync("sara");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set responsible_id = @Anna where id = @Rossi; update client set responsible_id = @Luca where id = @Bianchi", new { Seeds.Anna, Seeds.Luca, Seeds.Rossi, Seeds.Bianchi });
        var deal = await NewAsync(sara, new DealCreate(Guid.CreateVersion7(), Seeds.Bianchi, "order", "Wanders", ResponsibleId: Seeds.Anna));
        await SaveAsync(sara, deal.Id, new DealSave("Wanders", null, ClientId: Seeds.Rossi, Version: 1));
        Told(await TimelineAsync(sara, Seeds.Rossi), "Wanders").Should().Equal("Sara Conti: client Giulia Bianchi > Mario Rossi");
        Told(await TimelineAsync(sara, Seeds.Bianchi), "Wanders").Should().BeEmpty("it is the other's now, with its history");

        await using var anna = await AsAsync("anna", "client.view own", "deal.view own", "client.numbers all");
        Told(await TimelineAsync(anna, Seeds.Rossi), "Wanders").Should().Equal("Sara Conti: client – > Mario Rossi");
        await SaveAsync(sara, deal.Id, new DealSave("Wanders", null, ResponsibleId: Seeds.Luca, Version: 2));
        Told(await TimelineAsync(anna, Seeds.Rossi), "Wanders").Should().BeEmpty("the deal is out of her sight");
    }

    [PostgresFact]
    public async Task Tasks_stand_on_the_timeline_as_far_as_they_are_seen()
    {
        await using var sara = await host.SignInAsync("sara");
        (await TimelineAsync(sara, Seeds.Rossi)).Should().Contain(i => i.Kind == "task" && i.Title == "Send the offer");
        await using var mila = await AsAsync("mila", "client.view all", "deal.view all", "task.view own");
        (await TimelineAsync(mila, Seeds.Rossi)).Should().NotContain(i => i.Kind == "task");
    }

    /// <summary>In a role that has these rights alone.</summary>
    async Task<Page> AsAsync(string login, params string[] rights)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        var role = "history_" + login;
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values (@role, @role, 'agent');
            insert into role_right (role, right_code, scope) select @role, split_part(r, ' ', 1), split_part(r, ' ', 2) from unnest(@rights) r;
            update app_user set role = @role where login = @login;
            update access_version set version = version + 1;
            """, new { role, rights, login });
        return await host.SignInAsync(login);
    }

    [PostgresFact]
    public async Task A_title_with_a_number_in_it_is_masked_and_an_amount_is_not_taken_for_one()
    {
        await using var sara = await host.SignInAsync("sara");
        var deal = await NewAsync(sara, new DealCreate(Guid.CreateVersion7(), Seeds.Twin1, "order", "Ring +39 333 1234567", 1234567.89m));
        await SaveAsync(sara, deal.Id, new DealSave("Rung", 7654321.99m, Version: 1));
        await using var luca = await AsAsync("luca", "client.view all", "deal.view all");
        var change = (await TimelineAsync(luca, Seeds.Twin1)).Single(i => i.Title == "Rung" && i.Kind == "deal_change").Changes!;
        change.Select(c => c.Field).Should().Equal("title", "amount");
        change[0].Before.Should().Be("Ring +39 ••• ••• 4567");
        (change[1].AmountBefore, change[1].AmountAfter).Should().Be((1234567.89m, 7654321.99m));
    }
}
