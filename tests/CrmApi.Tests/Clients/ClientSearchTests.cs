using System.Net;
using System.Net.Http.Json;
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
    const int ManyDeals = 1_500;
    static readonly Guid Reader = Seeds.Id(311);
    static readonly Guid Zephyr = Seeds.Id(312), Holding = Seeds.Id(313);

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into role (code, name, model, builtin) values ('narrow', 'Narrow', 'agent', false) on conflict do nothing;
            insert into role_right (role, right_code, scope) select 'narrow', right_code, case when right_code in ('client.view', 'client.edit', 'deal.view') then 'own' else scope end from role_right where role = 'agent' on conflict do nothing;
            insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active)
            select @Reader, 'narrower', 'Nora Narrow', password_hash, 'narrow', 'en', true, 'main', @Reader, created_at, true from app_user where login = 'anna' on conflict do nothing;
            update access_version set version = version + 1;
            delete from deal where title like 'Windmill%';
            delete from client_email where address like '%@zephyr.example';
            delete from client_phone where client_id in (select id from client where name like '%Common%');
            delete from client where name like '%Common%' or id = @Holding;
            delete from client_field where code in ('tier', 'head', 'keeper');
            insert into client_field (code, name, kind, options, position, target) values ('tier', 'The tier', 'choices', '[{"code": "g", "name": "Oro zecchino"}, {"code": "s", "name": "Argento"}]', 1, null), ('head', 'The head', 'link', '[]', 2, 'client'), ('keeper', 'The keeper', 'link', '[]', 3, 'person');
            insert into client (id, name, created_at, updated_at) values (@Holding, 'Zonda Holding', now(), now());
            insert into client (id, name, tags, custom, created_at, updated_at, responsible_id)
              values (@Zephyr, 'Zephyr Common', '{Old}', jsonb_build_object('tier', array['g', 's'], 'head', jsonb_build_object('id', @Holding), 'keeper', jsonb_build_object('id', @Mila))
                || '{"meters": 48151.25, "limit": {"amount": 91623.40, "currency": "EUR"}, "renewal": "2027-02-05", "codes": [70707, "KX-9"]}', now(), now(), @Reader);
            insert into client_phone (client_id, e164, raw, is_main, added_at) values (@Zephyr, '+390288441199', '', true, now()), (@Zephyr, '+79161234567', '', false, now());
            insert into client (id, name, tags, created_at, updated_at) select gen_random_uuid(), 'Common ' || n, '{}', now(), now() from generate_series(1, @Many) n;
            insert into client_email (client_id, address, position) select id, 'orders@zephyr.example', 0 from client where name = 'Zephyr Common';
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at) select gen_random_uuid(), id, 'order', 'open', 'Windmill', now(), now() from client where name = 'Zephyr Common';
            """, new { Many, Reader, Zephyr, Holding, Seeds.Mila });
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
    [InlineData("zephyr 884411")]
    [InlineData("02884411 common")]
    [InlineData("02 88 44 11 99")]
    [InlineData("+39 (02) 8844-1199")]
    [InlineData("916123 zeph")]
    [InlineData("common orders@zeph")]
    [InlineData("windm zephyr")]
    [InlineData("884411 windm orders@ ze")]
    [InlineData("common 2884411")]
    [InlineData("zecchino")]
    [InlineData("argent common")]
    [InlineData("zonda 884411")]
    [InlineData("orlov windm")]
    [InlineData("zephyr common orders 884411 48151 kx-9")]
    [InlineData("common old zecchino argent zonda orlova zeph windm")]
    [InlineData("windm zephyr common 70707 91623.4 884411 argent ol")]
    [InlineData("+39 02 88 44 11 99")]
    [InlineData("zephyr ZEPHYR Zephyr zephyr zephyr common common")]
    public async Task A_card_older_than_all_that_is_read_first_is_found(string query)
    {
        await using var page = await host.SignInAsync("ada");
        (await page.GetAsync($"api/clients?limit=12&query={query.Replace(" ", "%20", StringComparison.Ordinal)}", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle().Which.Name.Should().Be("Zephyr Common");
    }

    [PostgresTheory]
    [InlineData("zephyr 999999")]
    [InlineData("windm rossi")]
    [InlineData("zephyr nobody@")]
    [InlineData("zecchino bronzo")]
    [InlineData("zephyr common orders 884411 48151 kx-9 nowhere")]
    [InlineData("nobody zephyr common orders 884411 48151 kx-9")]
    [InlineData("zephyr common orders 884411 48151 ro")]
    public async Task A_word_that_is_nowhere_on_it_finds_no_card(string query)
    {
        await using var page = await host.SignInAsync("ada");
        (await FoundAsync(page, query)).Should().BeEmpty();
    }

    [PostgresTheory]
    [InlineData("common")]
    [InlineData("windmill")]
    [InlineData("windmill common")]
    [InlineData("@zephyr.example")]
    [InlineData("39028")]
    public async Task Who_sees_few_finds_theirs_by_what_thousands_of_others_have_too(string query)
    {
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id) select gen_random_uuid(), id, 'order', 'open', 'Windmill ' || number, now(), now(), @Luca from client where name like 'Common%' order by number limit @ManyDeals;
                update deal set responsible_id = @Reader where title = 'Windmill';
                insert into client_email (client_id, address, position) select id, number || '@zephyr.example', 0 from client where name like 'Common%' order by number limit @ManyDeals;
                insert into client_phone (client_id, e164, raw, is_main, added_at) select id, '+39028' || lpad(number::text, 7, '0'), '', true, now() from client where name like 'Common%';
                """, new { ManyDeals, Reader, Seeds.Luca });
        }

        await using var narrow = await host.SignInAsync("narrower");
        (await FoundAsync(narrow, query)).Should().Equal("Zephyr Common");
        await using var page = await host.SignInAsync("ada");
        (await FoundAsync(page, query)).Should().HaveCount(12);
        (await FoundAsync(page, query + "&tag=Old")).Should().Equal("Zephyr Common");
    }

    [PostgresFact]
    public async Task A_card_is_found_by_the_name_of_who_it_leads_to_by_those_who_see_both()
    {
        await using var narrow = await host.SignInAsync("narrower");
        (await FoundAsync(narrow, "zonda")).Should().BeEmpty("the holding is not theirs");
        (await FoundAsync(narrow, "zeph zonda")).Should().BeEmpty();
        (await FoundAsync(narrow, "orlova")).Should().Equal(["Zephyr Common"], "colleagues are seen by all");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set responsible_id = @Reader where id = @Holding", new { Reader, Holding });
        (await FoundAsync(narrow, "zonda")).Should().BeEquivalentTo("Zephyr Common", "Zonda Holding");
    }

    [PostgresFact]
    public async Task A_changed_name_of_a_choice_a_client_or_a_colleague_is_followed_also_when_the_host_stops()
    {
        await using var page = await host.SignInAsync("ada");
        using (var answer = await page.Http.PutAsJsonAsync("api/admin/client-fields/tier", new ClientFieldSetup("tier", "The tier", "choices", [new("g", "Platino"), new("s", "Argento")], 1, false, 1), ContractsJson.Default.ClientFieldSetup))
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        await using (var before = await host.Database.OpenConnectionAsync()) await before.ExecuteAsync("update app_user set name = 'Mila Petrova' where id = @Mila", new { Seeds.Mila });
        await host.RestartAsync();
        await BecomesAsync(page, "platino", "Zephyr Common");
        await BecomesAsync(page, "zecchino");
        await BecomesAsync(page, "petrova common", "Zephyr Common");
        var holding = await page.GetAsync($"api/clients/{Holding}", ContractsJson.Default.ClientCardView);
        using (var saved = await page.Http.PutAsJsonAsync($"api/clients/{Holding}", new ClientSave(holding.Kind, "Scirocco Holding", "", "", "", "", null, null, null, [], holding.Version), ContractsJson.Default.ClientSave))
            saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
        await BecomesAsync(page, "scirocco common", "Zephyr Common");
        await BecomesAsync(page, "zonda");
        // In the bin it is nobody.
        (await page.Http.DeleteAsync($"api/clients/{Holding}?version={(await page.GetAsync($"api/clients/{Holding}", ContractsJson.Default.ClientCardView)).Version}")).IsSuccessStatusCode.Should().BeTrue();
        await BecomesAsync(page, "scirocco");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update app_user set name = 'Mila Orlova' where id = @Mila", new { Seeds.Mila });
    }

    [PostgresFact]
    public async Task Who_does_not_see_a_field_does_not_find_by_its_choices_and_who_sees_no_numbers_not_by_a_part_of_one()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into sensitive_field (field) values ('custom.tier'), ('email') on conflict do nothing;
            delete from role_right where role = 'narrow' and right_code in ('client.sensitive', 'client.numbers');
            update access_version set version = version + 1;
            """);
        await using var narrow = await host.SignInAsync("narrower");
        (await FoundAsync(narrow, "zecchino")).Should().BeEmpty();
        (await FoundAsync(narrow, "zephyr 884411")).Should().BeEmpty();
        (await FoundAsync(narrow, "orders@")).Should().BeEmpty();
        (await FoundAsync(narrow, "zephyr")).Should().Equal("Zephyr Common");
        (await FoundAsync(narrow, "%2B390288441199")).Should().Equal("Zephyr Common");
        await database.ExecuteAsync("delete from sensitive_field where field in ('custom.tier', 'email'); insert into role_right (role, right_code, scope) select 'narrow', right_code, scope from role_right where role = 'agent' and right_code in ('client.sensitive', 'client.numbers') on conflict do nothing; update access_version set version = version + 1;");
    }

    [PostgresFact]
    public async Task A_sixth_word_is_looked_for_as_the_others_are_and_more_than_twenty_are_refused()
    {
        await using var page = await host.SignInAsync("ada");
        await using var narrow = await host.SignInAsync("narrower");
        await using var database = await host.Database.OpenConnectionAsync();
        const string six = "zephyr common orders 884411 zecchino windmill";
        await database.ExecuteAsync("update deal set responsible_id = @Luca where title = 'Windmill'", new { Seeds.Luca });
        (await FoundAsync(page, six)).Should().Equal("Zephyr Common");
        (await FoundAsync(narrow, six)).Should().BeEmpty("the deal is not theirs");
        await database.ExecuteAsync("update deal set responsible_id = @Reader where title = 'Windmill'", new { Reader });
        (await FoundAsync(narrow, six)).Should().Equal("Zephyr Common");
        (await page.Http.GetStringAsync($"api/clients/export?query={six.Replace(" ", "%20", StringComparison.Ordinal)}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(2);

        var words = string.Join("%20", Enumerable.Range(0, 21).Select(n => $"w{n}"));
        var (status, problem) = await page.ProblemAsync(HttpMethod.Get, $"api/clients?query={words}");
        (status, problem.Errors!["query"].Single()).Should().Be((HttpStatusCode.BadRequest, "at most 20 words"));
        (await page.ProblemAsync(HttpMethod.Get, $"api/clients/export?query={words}")).Problem.Errors!.Keys.Should().Equal("query");
        (await FoundAsync(page, words[..words.LastIndexOf('%')])).Should().BeEmpty();
    }

    /// <summary>More than anybody reads, below newer cards that do not have the word: the newest of them come first, whichever way the database finds them.</summary>
    [PostgresFact]
    public async Task Of_tens_of_thousands_older_than_all_that_is_read_first_the_newest_come_first()
    {
        const int some = 20_100;
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into client (id, name, tags, created_at, updated_at) select gen_random_uuid(), 'Thicket Common ' || n, '{}', now(), now() from generate_series(1, @some) n;
            insert into client (id, name, tags, created_at, updated_at) select gen_random_uuid(), 'Common ' || n, '{}', now(), now() from generate_series(1, 5100) n;
            analyze client;
            """, new { some }, commandTimeout: 120);
        await using var page = await host.SignInAsync("ada");
        (await FoundAsync(page, "thicket")).Should().Equal(Enumerable.Range(0, 12).Select(n => $"Thicket Common {some - n}"));
        (await FoundAsync(page, "thicket common&tag=Old")).Should().BeEmpty();
        var next = (await page.GetAsync("api/clients?limit=12&query=thicket", ContractsJson.Default.ListPageClientRow)).Next;
        (await page.GetAsync($"api/clients?limit=12&query=thicket&cursor={next}", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Name).Should().Equal(Enumerable.Range(12, 12).Select(n => $"Thicket Common {some - n}"));
        // Below more than are read then.
        await database.ExecuteAsync("insert into client (id, name, tags, created_at, updated_at) select gen_random_uuid(), 'Clear ' || n, '{}', now(), now() from generate_series(1, 5100) n; analyze client", commandTimeout: 120);
        (await FoundAsync(page, "thicket")).Should().Equal(Enumerable.Range(0, 12).Select(n => $"Thicket Common {some - n}"));
        await database.ExecuteAsync("delete from client where name like 'Thicket%' or name like 'Clear%'", commandTimeout: 120);
    }

    static async Task<IReadOnlyList<string>> FoundAsync(Page page, string query) =>
        [.. (await page.GetAsync($"api/clients?limit=12&query={query.Replace(" ", "%20", StringComparison.Ordinal)}", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Name)];

    static async Task BecomesAsync(Page page, string query, params string[] expected)
    {
        IReadOnlyList<string> now = [];
        for (var n = 0; n < 150; n++)
        {
            if ((now = await FoundAsync(page, query)).SequenceEqual(expected)) return;
            await Task.Delay(100);
        }

        now.Should().Equal(expected);
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
