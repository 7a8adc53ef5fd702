using System.Net;
using CallCrm.Contracts;
using CallCrm.CrmApi.Reports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Reports;

/// <summary>
/// 130 clients with values of every kind, their calls and deals; the figures are added up once more, client by client, from the rows of the tables. Client 200 was merged into the first one,
/// 201 lies in the bin, 202 is put away; each has a call and a won deal.
/// </summary>
[Trait("Category", "Slow")]
public sealed class ClientsReportTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Days = "from=2026-04-01&to=2026-04-30&zone=UTC";

    static readonly Guid Top = Seeds.Id(901), Below = Seeds.Id(902);

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        if (await database.ExecuteScalarAsync<bool>("select exists (select from client_field)")) return;
        await database.ExecuteAsync(
            """
            insert into client_field (code, name, kind, options, position, target, expression, result, uses, links) values
              ('size', 'Size', 'number', '[]', 1, null, null, null, '{}', '{}'), ('budget', 'Budget', 'money', '[]', 2, null, null, null, '{}', '{}'), ('renewal', 'Renewal', 'date', '[]', 3, null, null, null, '{}', '{}'),
              ('colour', 'Colour', 'choice', '[{"code":"red","name":"Red"},{"code":"blue","name":"Blue"}]', 4, null, null, null, '{}', '{}'),
              ('likes', 'Likes', 'choices', '[{"code":"tea","name":"Tea"},{"code":"milk","name":"Milk"},{"code":"rum","name":"Rum"}]', 5, null, null, null, '{}', '{}'),
              ('news', 'News', 'yes_no', '[]', 6, null, null, null, '{}', '{}'), ('word', 'Word', 'text', '[]', 7, null, null, null, '{}', '{}'), ('friend', 'Friend', 'link', '[]', 8, 'client', null, null, '{}', '{}'),
              ('helper', 'Helper', 'link', '[]', 9, 'person', null, null, '{}', '{}'), ('twice', 'Twice', 'calculated', '[]', 10, null, 'custom.size * 2', 'number', '{custom.size}', '{}'),
              ('far', 'Far', 'calculated', '[]', 11, null, 'custom.friend.custom.size', 'number', '{custom.friend}', '{friend}'), ('secret', 'Secret', 'number', '[]', 12, null, null, null, '{}', '{}'), ('gone', 'Gone', 'text', '[]', 13, null, null, null, '{}', '{}'),
              ('label', 'Label', 'calculated', '[]', 14, null, 'if(custom.colour = "red", "even ", if(custom.colour = "blue", "odd", empty))', 'text', '{custom.colour}', '{}'), ('big', 'Big', 'calculated', '[]', 15, null, 'custom.news', 'yes_no', '{custom.news}', '{}'),
              ('due', 'Due', 'calculated', '[]', 16, null, 'custom.renewal', 'date', '{custom.renewal}', '{}'), ('paper', 'Paper', 'link', '[]', 17, 'deal', null, null, '{}', '{}');
            update client_field set archived = true where code = 'gone';
            insert into sensitive_field (field) values ('custom.secret'), ('city');
            insert into department (id, name) values (@Top, 'Top');
            insert into department (id, name, parent_id) values (@Below, 'Below', @Top);
            update app_user set department_id = case login when 'luca' then @Below else @Top end where login in ('luca', 'anna');
            insert into role (code, name, model) values ('blind', 'Blind', 'supervisor');
            update role_right set scope = 'department' where role = 'head' and right_code in ('client.view', 'deal.view');
            insert into role_right (role, right_code, scope) values ('blind', 'report.view', 'all'), ('blind', 'client.view', 'all'), ('blind', 'report.export', 'all');
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at, department_id)
            select gen_random_uuid(), n.l, n.l, password_hash, n.r, false, 'main', gen_random_uuid(), now(), n.d from app_user u cross join (values ('hanna', 'head', @Below), ('blind', 'blind', null)) n (l, r, d) where u.login = 'anna';
            update access_version set version = version + 1;
            insert into stage (deal_type, code, name, position, outcome) values ('order', 'won', 'Won', 3, 'won'), ('order', 'lost', 'Lost', 4, 'lost');
            insert into client (id, name, kind, segment, responsible_id, source, tags, city, language, custom, created_at, updated_at, merged_into, deleted_at, deleted_by, hidden_at)
            select ('00000000-0000-7000-8000-' || lpad(to_hex(65536 + n), 12, '0'))::uuid, 'Report ' || n, case n % 7 when 0 then 'company' else 'person' end, (array['vip', 'new', null])[n % 3 + 1], (array[@Anna, @Luca, null])[n % 3 + 1],
              (array['fair', '', 'a & b'])[n % 3 + 1], case n % 4 when 0 then '{}' when 1 then '{hot}' else '{hot,cold}' end::text[], (array['Milano', '', 'Roma'])[n % 3 + 1], (array['it', 'ru', null])[n % 3 + 1],
              jsonb_strip_nulls(jsonb_build_object('size', case when n % 5 > 0 then n end, 'budget', case when n % 6 > 0 then jsonb_build_object('amount', n * 10.5, 'currency', (array['EUR', 'USD'])[n % 2 + 1]) end,
                'renewal', case when n % 4 > 0 then (date '2026-01-15' + n * 3)::text end, 'colour', (array['red', 'blue', null])[n % 3 + 1],
                'likes', case when n % 5 > 0 then to_jsonb((array['tea', 'milk', 'rum'])[1:n % 3 + 1]) end, 'news', case n % 3 when 0 then true when 1 then false end,
                'word', case when n > 125 then null when n <= 20 then 'common +39 347 555 0123' else 'word ' || n end,
                'friend', case when n % 5 = 0 then jsonb_build_object('id', '00000000-0000-7000-8000-' || lpad(to_hex(65536 + n % 3 * 100 + 1), 12, '0')) end, 'helper', case when n % 2 = 0 then jsonb_build_object('id', @Luca) end,
                'twice', case when n % 5 > 0 then n * 2 end, 'secret', n, 'label', case n % 3 when 0 then 'even ' when 1 then 'odd' end, 'big', case n % 3 when 0 then true when 1 then false end, 'due', case when n % 4 > 0 then (date '2026-01-15' + n * 3)::text end)),
              case when n % 10 = 0 then timestamptz '2026-04-10' else timestamptz '2026-03-31T23:59:59Z' end, now(), case n when 200 then '00000000-0000-7000-8000-000000010001'::uuid end, case n when 201 then now() end,
              case n when 201 then @Ada end, case n when 202 then now() end
            from (select generate_series(1, 130) as n union all select generate_series(200, 202)) s;
            -- A friend that was merged into the first one.
            update client set custom = custom || '{"friend": {"id": "00000000-0000-7000-8000-0000000100c8"}}' where id = '00000000-0000-7000-8000-00000001000f';
            -- A value of another kind, from before the field was one of numbers.
            update client set custom = custom || '{"size": "many"}' where id = '00000000-0000-7000-8000-000000010005';
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, client_id, agent_id, started_at, answered_at, ended_at, outcome, talk_ms, merged_into, last_seq)
            select gen_random_uuid(), 'main', 'pbx', case n % 4 when 3 then 'Outbound' else 'Inbound' end, 'Ended', true, '', 'Withheld', '1', ('00000000-0000-7000-8000-' || lpad(to_hex(65536 + n), 12, '0'))::uuid, case when n % 2 = 0 then @Anna else @Luca end,
              case when n = 7 then timestamptz '2026-05-01' else timestamptz '2026-04-01' + n * interval '1 hour' end, case when n % 3 > 0 then now() end, now(), case when n % 11 = 0 then 'Blocked' when n % 3 > 0 then 'Answered' else 'Abandoned' end,
              case when n % 3 > 0 then n * 700 end, null, n
            from (select generate_series(1, 90) as n union all select generate_series(1, 40) union all select generate_series(200, 202)) s;
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, client_id, agent_id, started_at, answered_at, ended_at, outcome, talk_ms, last_seq)
            values (gen_random_uuid(), 'main', 'pbx', 'Internal', 'Ended', true, '', 'Withheld', '1', '00000000-0000-7000-8000-000000010001', @Anna, '2026-04-05', '2026-04-05', '2026-04-05', 'Answered', 5000, 1);
            insert into missed_call (call_id, domain, kind, missed_at, client_id) select id, domain, case when last_seq % 9 = 0 then 'Short' else 'Abandoned' end, started_at, client_id from call where outcome = 'Abandoned' and direction = 'Inbound';
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at) select 'pbx', id::text, id, 'PJSIP/1', agent_id, false, started_at from call;
            insert into deal (id, client_id, deal_type, stage, title, amount, currency, responsible_id, stage_since, closed_at, created_at)
            select gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad(to_hex(65536 + n), 12, '0'))::uuid, 'order', case n % 4 when 0 then 'won' when 1 then 'lost' else 'open' end, 'Deal ' || n, case when n % 5 > 0 then n * 1.25 end, case when n % 3 = 0 then 'USD' else 'EUR' end,
              case when n % 2 = 0 then @Luca else @Anna end, now(), case when n % 4 < 2 then case when n = 8 then timestamptz '2026-05-01' else timestamptz '2026-04-02' end end, case when n % 4 = 2 then timestamptz '2026-04-30T23:00:00Z' else timestamptz '2026-02-01' end
            from (select generate_series(1, 60) as n union all select generate_series(200, 202)) s;
            update client c set custom = c.custom || jsonb_build_object('paper', jsonb_build_object('id', d.id)) from deal d where d.client_id <> c.id and d.title = 'Deal ' || (case when (c.custom ->> 'secret')::int % 4 = 0 then 2 else 3 end) and c.custom ? 'helper';
            update client c set custom = c.custom || '{"paper": {"id": "00000000-0000-7000-8000-00000000dead"}}' where id = '00000000-0000-7000-8000-000000010001';
            """, new { Top, Below, Seeds.Anna, Seeds.Luca, Seeds.Ada });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    static Task<ClientsReportView> ReadAsync(Page page, string by, string more = "") => page.GetAsync($"api/reports/clients?by={by}&{Days}{more}", ContractsJson.Default.ClientsReportView);

    sealed record Call(Guid Client, string Direction, bool Answered, bool Missed, long TalkMs);

    sealed record Deal(Guid Client, string Stage, decimal? Amount, string Currency, Guid? ResponsibleId, DateTimeOffset? ClosedAt, DateTimeOffset CreatedAt);

    /// <summary>Nothing of the report's own: the rows of the tables, added up here.</summary>
    async Task<Func<IReadOnlySet<Guid>, ClientsReportFigures>> SumsAsync(Func<Guid?, bool> deals)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        var (from, to) = (new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        var made = (await database.QueryAsync<(Guid Id, DateTimeOffset At)>("select id, created_at from client")).ToDictionary(c => c.Id, c => c.At);
        var calls = (await database.QueryAsync<Call>(
            """
            select client_root(c.client_id) as client, c.direction, c.answered_at is not null as answered, coalesce(m.kind <> 'Short', false) as missed, coalesce(c.talk_ms, 0)::bigint as talk_ms from call c left join missed_call m on m.call_id = c.id
            where c.started_at >= @from and c.started_at < @to and c.outcome <> 'Blocked' and c.direction <> 'Internal' and c.client_id is not null
            """, new { from, to })).AsList();
        var all = (await database.QueryAsync<Deal>("select client_root(client_id) as client, stage, amount, currency::text as currency, responsible_id, closed_at, created_at from deal where deleted_at is null")).Where(d => deals(d.ResponsibleId)).ToList();
        bool In(DateTimeOffset? at) => at >= from && at < to;
        return of =>
        {
            var (c, d) = (calls.Where(x => of.Contains(x.Client)).ToList(), all.Where(x => of.Contains(x.Client)).ToList());
            var won = d.Where(x => x.Stage == "won" && In(x.ClosedAt)).ToList();
            return new ClientsReportFigures(of.Count, of.Count(x => In(made[x])), c.Select(x => x.Client).Distinct().Count(), c.Count(x => x.Direction == "Inbound"), c.Count(x => x.Direction == "Inbound" && x.Answered),
                c.Count(x => x.Direction == "Inbound" && x.Missed), c.Count(x => x.Direction == "Outbound"), c.Count(x => x.Direction == "Outbound" && x.Answered), (long)Math.Round(c.Sum(x => x.TalkMs) / 1000m, MidpointRounding.AwayFromZero),
                d.Count(x => In(x.CreatedAt)), won.Count, d.Count(x => x.Stage == "lost" && In(x.ClosedAt)), d.Count(x => x.ClosedAt is null),
                [.. won.Where(x => x.Amount is not null).GroupBy(x => x.Currency).Select(g => new CurrencySum(g.Key, g.Sum(x => x.Amount!.Value), g.Count(), Math.Round(g.Average(x => x.Amount!.Value), 2, MidpointRounding.AwayFromZero)))], []);
        };
    }

    static async Task<HashSet<Guid>> ListAsync(Page page, string filter)
    {
        var (ids, cursor) = (new HashSet<Guid>(), "");
        do
        {
            var part = await page.GetAsync($"api/clients?limit=100&{filter}{cursor}", ContractsJson.Default.ListPageClientRow);
            ids.UnionWith(part.Items.Select(c => c.Id));
            cursor = part.Next is { } next ? "&cursor=" + next : "";
        }
        while (cursor.Length > 0);
        return ids;
    }

    [PostgresTheory]
    [InlineData("segment", 2, "without")]
    [InlineData("source", 3, "without")]
    [InlineData("tag", 2, "without")]
    [InlineData("kind", 2, "")]
    [InlineData("responsible", 2, "without")]
    [InlineData("department", 2, "without")]
    [InlineData("custom.colour", 2, "without")]
    [InlineData("custom.likes", 3, "without")]
    [InlineData("custom.news", 2, "without")]
    [InlineData("custom.word", 100, "others without")]
    [InlineData("custom.renewal", 14, "without")]
    [InlineData("custom.size", 7, "without")]
    [InlineData("custom.budget", 12, "without")]
    [InlineData("language", 2, "without")]
    [InlineData("city", 3, "without")]
    [InlineData("custom.friend", 2, "others without")]
    [InlineData("custom.helper", 1, "without")]
    [InlineData("custom.paper", 2, "others without")]
    [InlineData("custom.twice", 6, "without")]
    [InlineData("custom.label", 2, "without")]
    [InlineData("custom.big", 2, "without")]
    [InlineData("custom.due", 14, "without")]
    public async Task Each_line_is_of_the_clients_that_the_list_shows_by_its_filter(string by, int values, string others)
    {
        await using var sara = await host.SignInAsync("sara");
        var (view, sums, all) = (await ReadAsync(sara, by), await SumsAsync(_ => true), await ListAsync(sara, ""));
        view.Total.Should().BeEquivalentTo(sums(all));
        (view.Total.CallsIn, view.Total.Missed, view.Total.Reached, view.Total.Won, view.Total.WonAmounts.Count).Should().Match<(long, long, long, long, int)>(t => t.Item1 > 50 && t.Item2 > 10 && t.Item3 > 10 && t.Item4 > 5 && t.Item5 == 2, "there is something to compare");
        var shown = view.Rows.Where(r => r.Kind == "value").ToList();
        shown.Should().HaveCount(values);
        string.Join(' ', view.Rows.Where(r => r.Kind != "value").Select(r => r.Kind)).Should().Be(others);
        var seen = new HashSet<Guid>();
        foreach (var row in shown)
        {
            row.Filter.Should().NotBeNull(row.Key);
            var listed = await ListAsync(sara, row.Filter!);
            row.Figures.Should().BeEquivalentTo(sums(listed), $"{by} {row.Filter}");
            seen.UnionWith(listed);
        }

        // What stands in no line with a value: the rest, and those without one.
        view.Rows.Where(r => r.Kind != "value").Sum(r => r.Figures.Clients).Should().Be(all.Count - seen.Count);
        if (others == "without") view.Rows[^1].Figures.Should().BeEquivalentTo(sums(all.Except(seen).ToHashSet()));
        view.Rows.Should().NotContain(r => r.Kind == "others" && r.Filter != null);
        foreach (var without in view.Rows.Where(r => r.Kind == "without"))
        {
            without.Filter.Should().Be("without=" + by);
            var listed = await ListAsync(sara, without.Filter!);
            listed.Should().NotIntersectWith(seen);
            without.Figures.Should().BeEquivalentTo(sums(listed), $"{by} {without.Filter}");
        }
    }

    [PostgresFact]
    public async Task Links_and_calculated_fields_are_lines_too()
    {
        await using var sara = await host.SignInAsync("sara");
        (await ReadAsync(sara, "language")).Rows.Select(r => (r.Kind, r.Key, r.Filter)).Should().BeEquivalentTo([("value", "it", "clientLanguage=it"), ("value", "ru", "clientLanguage=ru"), ("without", (string?)null, "without=language")]);
        // The file takes the same filters; its own language is another matter.
        foreach (var filter in new[] { "clientLanguage=it", "without=language", "custom.helper=" + Seeds.Luca })
            (await sara.Http.GetStringAsync("api/clients/export?format=csv&language=ru&" + filter)).TrimEnd().Split("\r\n").Should().HaveCount((await ListAsync(sara, filter)).Count + 1, filter);
        // Of 26 friends: the first one also stands for 200, which was merged into it; 201 is in the bin.
        var friends = (await ReadAsync(sara, "custom.friend")).Rows;
        friends.Where(r => r.Kind == "value").Should().OnlyContain(r => r.Name!.StartsWith("Report ", StringComparison.Ordinal)).And.Contain(r => r.Name == "Report 1");
        friends.Single(r => r.Kind == "others").Figures.Clients.Should().Be(9, "the one in the bin");
        var helper = (await ReadAsync(sara, "custom.helper")).Rows;
        (helper[0].Name, helper[0].Figures.Clients).Should().Be(("Luca Neri", 65L));
        var twice = (await ReadAsync(sara, "custom.twice")).Rows;
        twice.Where(r => r.Kind == "value").Sum(r => r.Figures.Clients).Should().Be(104);
        twice[0].Filter.Should().Be("custom.twice.from=0&custom.twice.below=50");
        // Of the same value with and without a blank behind it only the one.
        (await ReadAsync(sara, "custom.label")).Rows.Select(r => r.Filter).Should().Contain("custom.label=even%20");
        (await ListAsync(sara, "custom.label=even")).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_number_or_amount_is_added_up_by_currency()
    {
        await using var sara = await host.SignInAsync("sara");
        var size = await ReadAsync(sara, "custom.colour", "&sum=custom.size");
        var whole = Enumerable.Range(1, 130).Where(n => n % 5 > 0).ToList();
        size.Total.Sums.Should().Equal(new CurrencySum(null, whole.Sum(), whole.Count, Math.Round((decimal)whole.Average(), 2, MidpointRounding.AwayFromZero)));
        var red = whole.Where(n => n % 3 == 0).ToList();
        size.Rows.Single(r => r.Key == "red").Figures.Sums.Single().Sum.Should().Be(red.Sum());
        var likes = await ReadAsync(sara, "custom.likes", "&sum=custom.size");
        likes.Rows.Select(r => (r.Key, r.Figures.Sums is [var sum] ? sum.Sum : 0)).Should().Equal(("tea", whole.Sum()), ("milk", whole.Where(n => n % 3 > 0).Sum()), ("rum", whole.Where(n => n % 3 == 2).Sum()), (null, 0));
        likes.Total.Sums.Should().Equal(size.Total.Sums, "once in the total, whatever they like");
        var budget = await ReadAsync(sara, "kind", "&sum=custom.budget");
        decimal Of(int odd) => Enumerable.Range(1, 130).Where(n => n % 6 > 0 && n % 2 == odd).Sum(n => n * 10.5m);
        budget.Total.Sums.Select(s => (s.Currency, s.Sum)).Should().BeEquivalentTo([("EUR", Of(0)), ("USD", Of(1))]);
        budget.Fields.Where(f => f.Sums).Select(f => f.Code).Should().Equal("custom.size", "custom.budget", "custom.twice", "custom.far", "custom.secret");
    }

    [PostgresFact]
    public async Task Ranges_are_round_and_the_outer_ones_open()
    {
        await using var sara = await host.SignInAsync("sara");
        // The values lie between 1 and 129; nine in ten of them between 7 and 123: steps of 20.
        (await ReadAsync(sara, "custom.size")).Rows.Where(r => r.Kind == "value").Select(r => (r.From, r.Below)).Should().Equal((0, 20m), (20, 40m), (40, 60m), (60, 80m), (80, 100m), (100, 120m), (120, 140m));
        ClientsReportBy.Range.Of("", 0.3m, 0.3m, false).Should().Be(new ClientsReportBy.Range("", 0.3m, 0.05m, 1));
        ClientsReportBy.Range.Of("", 1, 14, true).Step.Should().Be(5, "no half ones among whole numbers");
        ClientsReportBy.Range.Of("", 0, 0, true).Should().Be(new ClientsReportBy.Range("", 0, 1, 1));
        ClientsReportBy.Range.Of("EUR", -250, 1_000_000_000_000, true).Step.Should().Be(200_000_000_000);
    }

    [PostgresTheory]
    [InlineData("by=custom.none", "by", "custom.CODE of an own field")]
    [InlineData("by=custom.gone", "by", "custom.CODE of an own field")]
    [InlineData("by=name", "by", "segment, source")]
    [InlineData("sum=custom.colour", "sum", "number or amount")]
    [InlineData("period=never", "period", "today")]
    public async Task What_it_does_not_know_is_refused_by_its_name(string ask, string field, string expected)
    {
        await using var sara = await host.SignInAsync("sara");
        var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, "api/reports/clients?" + ask);
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
        problem.Errors[field].Single().Should().Contain(expected);
    }

    [PostgresFact]
    public async Task Who_sees_a_part_is_told_of_that_part_alone()
    {
        await using var hanna = await host.SignInAsync("hanna");
        var (view, listed) = (await ReadAsync(hanna, "responsible"), await ListAsync(hanna, ""));
        view.Rows.Select(r => r.Key).Should().Equal(Seeds.Luca.ToString());
        view.Total.Clients.Should().Be(listed.Count).And.BePositive();
        view.Total.OpenDeals.Should().Be((await SumsAsync(r => r == Seeds.Luca))(listed).OpenDeals).And.BePositive();
        view.Total.CallsIn.Should().BePositive().And.BeLessThan((await SumsAsync(_ => true))(listed).CallsIn, "colleagues of other departments spoke with these clients, too");
        (await ReadAsync(hanna, "custom.friend")).Rows.Select(r => r.Kind).Should().Equal(["others", "without"], "their friends are nobody's, whom she does not see");

        await using var blind = await host.SignInAsync("blind");
        var some = await ReadAsync(blind, "custom.word");
        (some.Calls, some.Deals, some.Total.CallsIn, some.Total.Won, some.Total.OpenDeals).Should().Be((false, false, 0, 0, 0));
        some.Total.Clients.Should().BeGreaterThan(130);
        (some.Rows[0].Name ?? some.Rows[0].Key).Should().NotContain("347 555");
        some.Rows[0].Filter.Should().BeNull("the number would stand in it");
        some.Fields.Select(f => f.Code).Should().NotContain(["city", "custom.secret"]);
        foreach (var hidden in new[] { "by=city", "by=custom.secret", "sum=custom.secret" })
            (await blind.ProblemAsync(HttpMethod.Get, "api/reports/clients?" + hidden)).Problem.Errors!.Keys.Should().Equal(hidden.Split('=')[0]);
        (await blind.Http.GetStringAsync($"api/reports/clients/csv?by=custom.word&{Days}")).Should().NotContain("347 555").And.Contain("common");

        await using var anna = await host.SignInAsync("anna");
        foreach (var path in new[] { "", "/csv" }) (await anna.ProblemAsync(HttpMethod.Get, "api/reports/clients" + path)).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task Nobody_asks_the_list_for_what_is_hidden_or_for_records_that_they_do_not_see()
    {
        async Task RefusedAsync(Page page, string filter, string field, string expected)
        {
            var (status, problem) = await page.ProblemAsync(HttpMethod.Get, "api/clients?" + filter);
            (status, problem.ErrorId).Should().Be((HttpStatusCode.BadRequest, "invalid_input"), filter);
            problem.Errors!.Keys.Should().Equal(field);
            problem.Errors[field].Single().Should().Contain(expected);
        }

        await using var blind = await host.SignInAsync("blind");
        await RefusedAsync(blind, "city=Milano", "city", "that you see");
        await RefusedAsync(blind, "without=city", "without", "segment");
        await RefusedAsync(blind, "without=custom.secret", "without", "custom.CODE");
        await RefusedAsync(blind, "custom.secret.from=1", "custom.secret.from", "own field");
        (await ReadAsync(blind, "custom.helper")).Rows[0].Filter.Should().Be($"custom.helper={Seeds.Luca}", "an id is no number");
        (await blind.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).Unseen.Should().BeEquivalentTo(["city", "custom.secret"]);

        await using var sara = await host.SignInAsync("sara");
        (await sara.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).Unseen.Should().BeNull();
        await RefusedAsync(sara, "custom.friend=Report%201", "custom.friend", "a client that you see");
        await RefusedAsync(sara, "custom.friend=00000000-0000-7000-8000-0000000100c9", "custom.friend", "a client that you see");
        await RefusedAsync(sara, $"custom.paper={Guid.NewGuid()}", "custom.paper", "a deal that you see");
        await RefusedAsync(sara, $"custom.helper={Guid.NewGuid()}", "custom.helper", "a colleague that you see");
        await RefusedAsync(sara, $"custom.helper.from={Seeds.Luca}", "custom.helper.from", "a range");
        (await ListAsync(sara, "custom.friend=00000000-0000-7000-8000-0000000100c8")).Should().BeEquivalentTo(await ListAsync(sara, "custom.friend=00000000-0000-7000-8000-000000010001"), "a merged card is the one it went into");

        // What is calculated over links is for who sees all that it may come from; its lines lead to the clients that they count.
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            // The first pass over the cards makes them, in one step.
            for (var n = 0; n < 300 && await database.ExecuteScalarAsync<bool>("select not exists (select from client where linked <> '{}')"); n++) await Task.Delay(100);
        }

        var far = await ReadAsync(sara, "custom.far");
        far.Rows.Count(r => r.Kind == "value").Should().BeGreaterThan(1);
        foreach (var row in far.Rows.Where(r => r.Filter is not null)) (await ListAsync(sara, row.Filter!)).Should().HaveCount((int)row.Figures.Clients, row.Filter);
        // Report 101 is nobody's: who sees a department's cards alone must not learn whose friend it is.
        await using var hanna = await host.SignInAsync("hanna");
        await RefusedAsync(hanna, "custom.friend=00000000-0000-7000-8000-000000010065", "custom.friend", "a client that you see");
        await RefusedAsync(hanna, "custom.far.from=1", "custom.far.from", "calculated over links");
        await RefusedAsync(hanna, "without=custom.far", "without", "custom.CODE");
        foreach (var ask in new[] { "by=custom.far", "sum=custom.far" })
            (await hanna.ProblemAsync(HttpMethod.Get, "api/reports/clients?" + ask)).Problem.Errors!.Keys.Should().Equal(ask[..ask.IndexOf('=', StringComparison.Ordinal)]);
        foreach (var by in new[] { "custom.friend", "custom.size", "city", "custom.twice" })
        {
            var view = await ReadAsync(hanna, by);
            foreach (var row in view.Rows.Where(r => r.Filter is not null)) (await ListAsync(hanna, row.Filter!)).Should().HaveCount((int)row.Figures.Clients, $"{by} {row.Filter}");
            view.Rows.Should().Contain(r => r.Kind == "without" && r.Filter != null);
        }
    }

    [PostgresFact]
    public async Task The_file_has_the_same_lines_and_the_total_and_is_audited()
    {
        await using var sara = await host.SignInAsync("sara");
        var view = await ReadAsync(sara, "custom.colour", "&sum=custom.budget");
        var lines = (await sara.Http.GetStringAsync($"api/reports/clients/csv?by=custom.colour&sum=custom.budget&{Days}")).TrimStart('\ufeff').Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Should().HaveCount(view.Rows.Count + 2);
        lines[0].Should().StartWith("row,value,name,").And.EndWith(",won_amounts,sum,average");
        lines[1].Should().StartWith($"value,red,Red,,,,{view.Rows[0].Figures.Clients},").And.Contain($",{view.Rows[0].Figures.Sums.Single().Sum:0.####} USD,");
        lines[^2].Should().StartWith("without,,,");
        lines[^1].Should().StartWith($"total,,,,,,{view.Total.Clients},{view.Total.New},{view.Total.Called},{view.Total.CallsIn},").And.Contain(" EUR; ").And.Contain(" USD");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'export' and object_id = 'clients custom.colour 2026-04-01 2026-04-30 custom.budget' and user_id = @Sara", new { Seeds.Sara })).Should().BePositive();
    }

    [PostgresFact]
    public async Task What_takes_too_long_ends_with_a_clear_word()
    {
        await using var sara = await host.SignInAsync("sara");
        var report = host.Services.GetRequiredService<ClientsReport>();
        var patience = report.Patience;
        await using var blocking = await host.Database.OpenConnectionAsync();
        await using var held = await blocking.BeginTransactionAsync();
        await blocking.ExecuteAsync("lock table client in access exclusive mode", transaction: held);
        try
        {
            report.Patience = TimeSpan.FromMilliseconds(300);
            var (status, problem) = await sara.ProblemAsync(HttpMethod.Get, "api/reports/clients");
            (status, problem.ErrorId).Should().Be((HttpStatusCode.ServiceUnavailable, "report_too_slow"));
        }
        finally
        {
            report.Patience = patience;
        }
    }
}
