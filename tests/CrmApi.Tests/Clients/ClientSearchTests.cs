using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

/// <summary>Among more cards than are read from the newest on.</summary>
[Trait("Category", "Slow")]
public sealed class ClientSearchTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const int Many = 6_000;

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from deal where title = 'Windmill';
            delete from client_email where address = 'orders@zephyr.example';
            delete from client where name like '%Common%';
            insert into client (id, name, tags, custom, created_at, updated_at)
              values (gen_random_uuid(), 'Zephyr Common', '{Old}', '{"meters": 48151.25, "limit": {"amount": 91623.40, "currency": "EUR"}, "renewal": "2027-02-05", "codes": [70707, "KX-9"]}', now(), now());
            insert into client (id, name, tags, created_at, updated_at) select gen_random_uuid(), 'Common ' || n, '{}', now(), now() from generate_series(1, @Many) n;
            insert into client_email (client_id, address, position) select id, 'orders@zephyr.example', 0 from client where name = 'Zephyr Common';
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at) select gen_random_uuid(), id, 'order', 'open', 'Windmill', now(), now() from client where name = 'Zephyr Common';
            """, new { Many });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [PostgresTheory]
    [InlineData("zephyr")]
    [InlineData("ze co")]
    [InlineData("orders@zeph")]
    [InlineData("windm")]
    [InlineData("common&tag=Old")]
    [InlineData("48151")]
    [InlineData("48151.25")]
    [InlineData("48151,25")]
    [InlineData("91623.4")]
    [InlineData("5.2.2027")]
    [InlineData("05%2F02%2F2027")]
    [InlineData("70707")]
    [InlineData("kx-9")]
    public async Task A_card_older_than_all_that_is_read_first_is_found(string query)
    {
        await using var page = await host.SignInAsync("ada");
        (await page.GetAsync($"api/clients?limit=12&query={query.Replace(" ", "%20", StringComparison.Ordinal)}", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle().Which.Name.Should().Be("Zephyr Common");
    }

    [PostgresFact]
    public async Task Pages_of_what_many_have_hold_each_card_once_the_newest_first()
    {
        await using var page = await host.SignInAsync("ada");
        var all = new List<ClientRow>();
        string? cursor = null;
        do
        {
            var part = await page.GetAsync($"api/clients?limit=100&query=common{(cursor is null ? "" : "&cursor=" + cursor)}", ContractsJson.Default.ListPageClientRow);
            all.AddRange(part.Items);
            cursor = part.Next;
        }
        while (cursor is not null);
        all.Select(c => c.Number).Should().OnlyHaveUniqueItems().And.BeInDescendingOrder();
        all.Should().HaveCount(Many + 1);
        all[^1].Name.Should().Be("Zephyr Common");
    }

    [PostgresFact]
    public async Task What_is_exported_is_all_of_it()
    {
        await using var page = await host.SignInAsync("ada");
        (await page.Http.GetStringAsync("api/clients/export?query=common")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(Many + 2);
    }
}
