using System.Net;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

/// <summary>The list of clients by its filters and orders, and what the database does for it where there are many.</summary>
[Trait("Category", "Slow")]
public sealed class ClientListTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const int Many = 60_000;

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        if (await database.ExecuteScalarAsync<bool>("select exists (select from client_field)")) return;
        await database.ExecuteAsync(
            """
            insert into client_field (code, name, kind, options, position) values ('size', 'Size', 'number', '[]', 1), ('budget', 'Budget', 'money', '[]', 2), ('renewal', 'Renewal', 'date', '[]', 3),
              ('colour', 'Colour', 'choice', '[{"code":"red","name":"Red"},{"code":"blue","name":"Blue"}]', 4), ('word', 'Word', 'text', '[]', 5), ('gone', 'Gone', 'text', '[]', 6), ('secret', 'Secret', 'text', '[]', 7);
            update client_field set archived = true where code = 'gone';
            insert into sensitive_field (field) values ('custom.secret');
            insert into department (id, name) values (@Top, 'Top');
            insert into department (id, name, parent_id) values (@Below, 'Below', @Top);
            update app_user set department_id = @Below where login = 'luca';
            insert into client (id, name, kind, segment, responsible_id, source, tags, custom, created_at, updated_at) values
              (@A, 'Listed alpha', 'company', 'vip', @Luca, 'fair', '{hot}', '{"size":5,"budget":{"amount":100,"currency":"EUR"},"renewal":"2026-03-01","colour":"red","word":"One","secret":"x"}', '2026-01-01', '2026-05-03'),
              (@B, 'listed Beta', 'person', 'vip', null, 'fair', '{}', '{"size":12.5,"budget":{"amount":250,"currency":"USD"},"renewal":"2026-06-30","colour":"blue"}', '2026-02-01', '2026-05-02'),
              (@C, 'Listed gamma', 'person', null, @Anna, 'fair', '{}', '{"size":"many"}', '2026-03-01', '2026-05-01');
            update client set city = ' Milano', language = 'it' where id = @A;
            update access_version set version = version + 1;
            """, new { Top, Below, A, B, C, Seeds.Luca, Seeds.Anna });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static readonly Guid Top = Seeds.Id(801), Below = Seeds.Id(802), A = Seeds.Id(811), B = Seeds.Id(812), C = Seeds.Id(813);

    static async Task<string> NamesAsync(Page page, string filter) =>
        string.Concat((await page.GetAsync($"api/clients?source=fair&{filter}", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Name[7]));

    [PostgresTheory]
    [InlineData("", "gBa")]
    [InlineData("segment=vip", "Ba")]
    [InlineData("kind=company", "a")]
    [InlineData("tag=hot", "a")]
    [InlineData("responsible=00000000-0000-7000-8000-000000000002", "a")]
    [InlineData("department=00000000-0000-7000-8000-000000000321", "a")]
    [InlineData("createdFrom=2026-02-01T00:00:00Z", "gB")]
    [InlineData("createdFrom=2026-01-15T00:00:00Z&createdTo=2026-03-01T00:00:00Z", "B")]
    [InlineData("custom.size=12,5", "B")]
    [InlineData("custom.size.from=5", "Ba")]
    [InlineData("custom.size.from=6&custom.size.to=20", "B")]
    [InlineData("custom.budget=100%20EUR", "a")]
    [InlineData("custom.budget=100%20USD", "")]
    [InlineData("custom.budget.to=250", "Ba")]
    [InlineData("custom.size.from=5&custom.size.below=12.5", "a")]
    [InlineData("custom.budget.from=100&custom.budget.currency=usd", "B")]
    [InlineData("custom.renewal.from=2026-06-30", "B")]
    [InlineData("custom.renewal.to=2026-06-30", "Ba")]
    [InlineData("custom.colour=Red", "a")]
    [InlineData("custom.word=One", "a")]
    [InlineData("query=listed&segment=vip", "Ba")]
    [InlineData("city=Milano", "a")]
    [InlineData("city=Mila", "")]
    [InlineData("clientLanguage=IT", "a")]
    [InlineData("clientLanguage=ru", "")]
    [InlineData("without=city", "gB")]
    [InlineData("without=language", "gB")]
    [InlineData("without=segment", "g")]
    [InlineData("without=responsible", "B")]
    [InlineData("without=department", "gB")]
    [InlineData("without=segment,responsible", "")]
    [InlineData("without=tag&without=segment", "g")]
    [InlineData("without=source", "")]
    [InlineData("without=custom.size", "g")]
    [InlineData("without=custom.budget, custom.word", "g")]
    [InlineData("without=custom.renewal&custom.colour=red", "")]
    [InlineData("sort=number", "aBg")]
    [InlineData("sort=created", "aBg")]
    [InlineData("sort=updated", "gBa")]
    [InlineData("sort=name", "aBg")]
    [InlineData("sort=-name", "gBa")]
    public async Task Clients_are_listed_by(string filter, string expected)
    {
        await using var sara = await host.SignInAsync("sara");
        (await NamesAsync(sara, filter)).Should().Be(expected);
    }

    [PostgresTheory]
    [InlineData("number")]
    [InlineData("-created")]
    [InlineData("updated")]
    [InlineData("-name")]
    public async Task Pages_of_each_order_hold_every_card_once(string sort)
    {
        await using var sara = await host.SignInAsync("sara");
        var whole = (await sara.GetAsync($"api/clients?limit=100&sort={sort}&createdTo=2026-12-31T00:00:00Z&kind=person&source=fair", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Id).ToList();
        whole.Should().HaveCountGreaterThan(1);
        var (parts, cursor) = (new List<Guid>(), "");
        do
        {
            var part = await sara.GetAsync($"api/clients?limit=1&sort={sort}&createdTo=2026-12-31T00:00:00Z&kind=person&source=fair{cursor}", ContractsJson.Default.ListPageClientRow);
            parts.AddRange(part.Items.Select(c => c.Id));
            cursor = part.Next is { } next ? "&cursor=" + next : "";
        }
        while (cursor.Length > 0);
        parts.Should().Equal(whole);
    }

    [PostgresTheory]
    [InlineData("colour=red", "colour", "segment")]
    [InlineData("sort=city", "sort", "number, created, updated, name")]
    [InlineData("sort=--name", "sort", "number")]
    [InlineData("query=listed&sort=name", "sort", "-number")]
    [InlineData("kind=robot", "kind", "person or company")]
    [InlineData("responsible=anna", "responsible", "Guid")]
    [InlineData("createdFrom=yesterday", "createdFrom", "DateTimeOffset")]
    [InlineData("custom.none=1", "custom.none", "own field")]
    [InlineData("custom.gone=1", "custom.gone", "own field")]
    [InlineData("custom.size=much", "custom.size", "a number")]
    [InlineData("custom.size.over=5", "custom.size.over", "own field")]
    [InlineData("custom.size.currency=EUR", "custom.size.currency", "amount")]
    [InlineData("custom.budget.currency=euro", "custom.budget.currency", "EUR")]
    [InlineData("custom.word.from=a", "custom.word.from", "range")]
    [InlineData("custom.renewal.to=soon", "custom.renewal.to", "2026-03-31")]
    [InlineData("clientLanguage=italian", "clientLanguage", "two letters")]
    [InlineData("without=name", "without", "segment, source, tag, language, city, responsible, department, custom.CODE")]
    [InlineData("without=segment,custom.gone", "without", "custom.CODE")]
    [InlineData("without=kind", "without", "segment")]
    [InlineData("cursor=nonsense", "cursor", "next of an answer")]
    [InlineData("cursor=MTIwNw", "cursor", "next of an answer")]
    public async Task What_a_list_does_not_know_is_refused_by_its_name(string filter, string field, string expected)
    {
        await using var sara = await host.SignInAsync("sara");
        var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, "api/clients?" + filter);
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.ErrorId.Should().Be(field == "cursor" ? "bad_cursor" : "invalid_input");
        problem.Errors!.Keys.Should().Equal(field);
        problem.Errors[field].Single().Should().Contain(expected);
    }

    [PostgresTheory]
    [InlineData("api/clients?sort=created&limit=1", "api/clients?sort=-created")]
    [InlineData("api/clients?sort=created&limit=1", "api/deals?sort=created")]
    [InlineData("api/clients?limit=1", "api/calls?")]
    [InlineData("api/clients?limit=1", "api/clients/bin?")]
    [InlineData("api/clients?limit=1", "api/audit?")]
    public async Task A_cursor_of_another_list_or_order_is_no_first_page(string from, string to)
    {
        await using var ada = await host.SignInAsync("ada");
        var next = (await ada.GetAsync(from, ContractsJson.Default.ListPageClientRow)).Next;
        next.Should().NotBeNull();
        (await ada.ProblemAsync(HttpMethod.Get, $"{to}&cursor={next}")).Problem.Errors!.Keys.Should().Equal("cursor");
    }

    [PostgresTheory]
    [InlineData("api/calls")]
    [InlineData("api/deals")]
    [InlineData("api/tasks")]
    [InlineData("api/missed")]
    [InlineData("api/clients/export")]
    [InlineData("api/calls/export")]
    public async Task Every_list_refuses_what_it_does_not_know(string list)
    {
        await using var ada = await host.SignInAsync("ada");
        (await ada.ProblemAsync(HttpMethod.Get, list + "?nonsense=1")).Problem.Errors!.Keys.Should().Equal("nonsense");
    }

    [PostgresFact]
    public async Task A_hidden_field_is_none_to_filter_by_and_who_sees_no_numbers_has_no_order_by_names()
    {
        await using var anna = await host.SignInAsync("anna");
        (await anna.ProblemAsync(HttpMethod.Get, "api/clients?custom.secret=x")).Problem.Errors!.Keys.Should().Equal("custom.secret");
        await using var ada = await host.SignInAsync("ada");
        (await NamesAsync(ada, "custom.secret=x")).Should().Be("a");
        (await NamesAsync(anna, "sort=name")).Should().Be("aBg");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("delete from role_right where role = 'agent' and right_code = 'client.numbers'; update access_version set version = version + 1");
        (await anna.ProblemAsync(HttpMethod.Get, "api/clients?sort=name")).Problem.Errors!.Keys.Should().Equal("sort");
        await database.ExecuteAsync("update role_right set scope = 'own' where role = 'agent' and right_code = 'client.view'; update access_version set version = version + 1");
        (await NamesAsync(anna, "sort=created")).Should().Be("g", "a filter and an order reach no further than the right");
        (await NamesAsync(anna, $"responsible={Seeds.Luca}")).Should().BeEmpty();
        await database.ExecuteAsync("insert into role_right (role, right_code, scope) values ('agent', 'client.numbers', 'all'); update role_right set scope = 'all' where role = 'agent' and right_code = 'client.view'; update access_version set version = version + 1");
    }

    [PostgresFact]
    public async Task An_export_takes_the_same_filters()
    {
        await using var sara = await host.SignInAsync("sara");
        var csv = await sara.Http.GetStringAsync("api/clients/export?source=fair&custom.size.from=5");
        csv.Should().Contain("Listed alpha").And.Contain("listed Beta").And.NotContain("gamma").And.NotContain("Rossi");
    }

    [PostgresFact]
    public async Task Among_many_no_usual_list_reads_the_whole_table()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.FillAsync(
            """
            insert into client (id, name, segment, responsible_id, source, tags, custom, created_at, updated_at)
            select gen_random_uuid(), 'Client ' || n, case when n % 50 = 0 then 'new' end, case when n % 100 = 0 then @Mila::uuid end, case when n % 500 = 0 then 'web form: Site' else '' end,
              case when n % 300 = 0 then array['rare'] else '{}' end, jsonb_build_object('word', 'w' || n), timestamptz '2020-01-01' + n * interval '1 min', timestamptz '2020-01-01' + n * interval '1 min'
            from generate_series(@From, @To) n;
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, queue_id, client_id, agent_id, started_at, ended_at, outcome, wait_ms, talk_ms, hold_ms, last_seq)
            select gen_random_uuid(), 'main', 'pbx', 'Inbound', 'Ended', true, '+3902', 'E164', (390000000000 + n % 200)::text, case when n % 50 = 0 then @Support::uuid end, case when n % 1000 = 0 then @Rossi::uuid end, @Anna,
              timestamptz '2020-01-01' + n * interval '1 min', timestamptz '2020-01-01' + n * interval '2 min', 'Answered', 9000, n, 0, n from generate_series(@From, @To) n;
            """, Many, 3_000, new { Seeds.Mila, Seeds.Support, Seeds.Rossi, Seeds.Anna });
        await database.ExecuteAsync("analyze client, call, client_field", commandTimeout: 60);
        try
        {
            var clients = host.Services.GetRequiredService<ClientStore>();
            var none = ClientFilter.None;
            foreach (var (filter, sort) in new[]
            {
                (none, "-number"), (none, "created"), (none, "-updated"), (none, "name"), (none with { Segment = "new" }, "-number"), (none with { Responsible = Seeds.Mila }, "-number"), (none with { Source = "web form: Site" }, "-number"),
                (none with { Tag = "rare" }, "-number"), (none with { CreatedFrom = new DateTimeOffset(2020, 1, 2, 0, 0, 0, default), CreatedTo = new DateTimeOffset(2020, 1, 3, 0, 0, 0, default) }, "created"),
                (none with { Own = [OwnCondition.Is("word", "w77")] }, "-number"),
            })
            {
                var order = ClientStore.Order(null, Veil.None, sort, null).Order!;
                var (sql, parameters) = clients.Listing(null, filter, Reach.Everyone, Reach.Everyone, Veil.None, order, 50);
                await CheckAsync(sql, parameters, "client", $"{sort} {filter}");
            }

            await CheckSearchAsync(clients);
            var calls = host.Services.GetRequiredService<CallStore>();
            var any = new CallFilter(null, null, null, null, null, null, null, Reach.Everyone, Veil.None);
            foreach (var (filter, sort) in new[]
            {
                (any, "-started"), (any, "started"), (any, "-talk"), (any, "-wait"), (any with { Queue = Seeds.Support }, "-started"), (any with { Client = Seeds.Rossi }, "-started"), (any with { Dialled = "390000000007" }, "-started"),
                (any with { MinTalk_s = 30 }, "-talk"), (any with { From = new DateTimeOffset(2020, 1, 2, 0, 0, 0, default), To = new DateTimeOffset(2020, 1, 3, 0, 0, 0, default) }, "-started"),
            })
            {
                var (sql, parameters) = calls.Listing(filter, CallStore.Order(sort, null).Order!, 50);
                await CheckAsync(sql, parameters, "call", $"{sort} {filter}");
            }
        }
        finally
        {
            await database.ExecuteAsync("delete from call where last_seq between 1 and @Many and caller_raw = '+3902'; delete from client where name like 'Client %'; analyze client, call", new { Many }, commandTimeout: 200);
        }

        // A search that is asked again and again gets one plan for whatever is typed: that one reads no more than it must, either.
        async Task CheckSearchAsync(ClientStore clients)
        {
            var (sql, parameters) = clients.Listing("9913", ClientFilter.None, Reach.Everyone, Reach.Everyone, Veil.None, ClientStore.Order(null, Veil.None, null, null).Order!, 12);
            await using var transaction = await database.BeginTransactionAsync();
            await database.ExecuteAsync("set local plan_cache_mode = force_generic_plan", transaction: transaction);
            (await database.QueryAsync<(Guid Id, long Number, string Name)>(sql, parameters, transaction)).Select(client => client.Name).Should().Contain(["Client 9913", "Client 19913", "Client 59913"]);
            (await database.ExecuteScalarAsync<long>("select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relname = 'client'", transaction: transaction)).Should().BeLessThan(Many / 2);
        }

        async Task CheckAsync(string sql, DynamicParameters parameters, string table, string what)
        {
            var plan = await database.ExecuteScalarAsync<string>("explain (format json) " + sql, parameters);
            using var tree = JsonDocument.Parse(plan!);
            var scans = Scans(tree.RootElement).ToList();
            scans.Should().Contain(s => s.Table == table, what);
            scans.Where(s => s.Kind == "Seq Scan").Select(s => s.Table).Should().NotContain(["client", "call"], $"{what}: {string.Join(", ", scans)}");
        }
    }

    static IEnumerable<(string Kind, string Table)> Scans(JsonElement node)
    {
        if (node.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in node.EnumerateArray().SelectMany(Scans)) yield return item;
        }
        else if (node.ValueKind == JsonValueKind.Object)
        {
            if (node.TryGetProperty("Relation Name", out var table)) yield return (node.GetProperty("Node Type").GetString()!, table.GetString()!);
            foreach (var item in node.EnumerateObject().SelectMany(p => Scans(p.Value))) yield return item;
        }
    }
}
