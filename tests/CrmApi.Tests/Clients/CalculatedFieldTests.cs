using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class CalculatedFieldTests(ApiHost host) : IClassFixture<ApiHost>
{
    static ClientFieldSetup Formula(string code, string expression) => new(code, "The " + code, "calculated", [], 10, false, 0, Expression: expression);

    static ClientFieldSetup Field(string code, string kind) => new(code, "The " + code, kind, [], 10, false, 0);

    static async Task<ClientFieldSetup> MakeAsync(Page admin, ClientFieldSetup field)
    {
        using var answer = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{field.Code}", field, ContractsJson.Default.ClientFieldSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.ClientFields!.Single(f => f.Code == field.Code);
    }

    static async Task<IReadOnlyDictionary<string, string[]>> RefusedAsync(Page admin, ClientFieldSetup field)
    {
        var (status, problem) = await admin.ProblemAsync(HttpMethod.Put, $"api/admin/client-fields/{field.Code}", JsonSerializer.Serialize(field, ContractsJson.Default.ClientFieldSetup));
        status.Should().Be(HttpStatusCode.BadRequest);
        return problem.Errors!;
    }

    static ClientSave Save(ClientCardView card, params (string Code, object? Value)[] custom) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment,
        card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, Custom: custom.ToDictionary(c => c.Code, c => JsonSerializer.SerializeToElement(c.Value)));

    static async Task<ClientCardView> NewAsync(Page page, string name, params (string Code, object? Value)[] custom)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", name, "", "", "", "", null, null, null, [], 0,
            Custom: custom.ToDictionary(c => c.Code, c => JsonSerializer.SerializeToElement(c.Value)))), ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static async Task<ClientCardView> SavedAsync(Page page, ClientCardView card, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{card.Id}", save, ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    static Task<ClientCardView> CardAsync(Page page, Guid id) => page.GetAsync($"api/clients/{id}", ContractsJson.Default.ClientCardView);

    /// <summary>The stored value, as the worker leaves it within seconds.</summary>
    async Task BecomesAsync(Guid client, string code, string? expected)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        string? now = null;
        for (var n = 0; n < 150; n++)
        {
            now = await database.ExecuteScalarAsync<string?>("select custom ->> @code from client where id = @client", new { client, code });
            if (now == expected) return;
            await Task.Delay(100);
        }

        now.Should().Be(expected);
    }

    [PostgresFact]
    public async Task What_is_saved_is_calculated_in_the_same_breath_and_nobody_writes_it()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        await MakeAsync(admin, Field("rooms", "number"));
        await MakeAsync(admin, Field("rate", "money"));
        var made = await MakeAsync(admin, Formula("quote", "custom.rooms * custom.rate"));
        made.Result.Should().Be("number");
        await MakeAsync(admin, Formula("label", "if(custom.quote > 100, \"big \" & city, empty)"));
        (await agent.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).ClientFields!.Single(f => f.Code == "quote").Should().BeEquivalentTo(new { Kind = "calculated", Result = "number", Expression = "custom.rooms * custom.rate" });
        var card = await NewAsync(agent, "Quoted", ("rooms", 3), ("rate", "40.50 EUR"));
        (card.Custom!["quote"].GetDecimal(), card.Custom["label"].GetString(), card.Version).Should().Be((121.5m, "big ", 1));
        card = await SavedAsync(agent, card, Save(card) with { City = "Lodi" });
        card.Custom!["label"].GetString().Should().Be("big Lodi");
        card = await SavedAsync(agent, card, Save(card, ("rooms", null)));
        card.Custom!.Keys.Should().Equal("rate");
        using var written = await agent.Http.PutAsJsonAsync($"api/clients/{card.Id}", Save(card, ("quote", 5)), ContractsJson.Default.ClientSave);
        (written.StatusCode, (await written.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["custom.quote"].Single()).Should().Be((HttpStatusCode.BadRequest, "expected no value: it is calculated"));
        // Found by it, as by any text of a card, and taken along in files.
        card = await SavedAsync(agent, card, Save(card, ("rooms", 9)) with { City = "Zzyzx" });
        (await agent.GetAsync("api/clients?query=big%20zzyzx", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle(c => c.Id == card.Id);
        (await admin.Http.GetStringAsync("api/clients/export?query=Quoted&format=csv&language=en")).Should().Contain("The quote").And.Contain("364.5").And.Contain("big Zzyzx");
    }

    [PostgresFact]
    public async Task Files_and_merges_do_not_write_it_and_calculate_it()
    {
        await using var admin = await host.SignInAsync("ada");
        await MakeAsync(admin, Field("lots", "number"));
        await MakeAsync(admin, Formula("double", "custom.lots * 2"));
        var preview = await Imports.ClientImportTests.UploadAsync(admin, "lots.csv", Encoding.UTF8.GetBytes("Name;The lots;The double\nLoaded Lots;21;7\n"));
        preview.Columns.Select(c => c.Target).Should().Equal("name", "custom.lots");
        preview.Targets.Should().NotContain(t => t.Code == "custom.double");
        var (status, problem) = await admin.ProblemAsync(HttpMethod.Post, $"api/imports/{preview.Id}/start",
            JsonSerializer.Serialize(Imports.ClientImportTests.Plan(preview) with { Columns = [new ImportColumn(0, "name"), new ImportColumn(2, "custom.double")] }, ContractsJson.Default.ImportStart));
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "columns[1].target"));
        using (var started = await admin.Http.PostAsJsonAsync($"api/imports/{preview.Id}/start", Imports.ClientImportTests.Plan(preview), ContractsJson.Default.ImportStart)) started.StatusCode.Should().Be(HttpStatusCode.OK);
        (await Imports.ClientImportTests.EndAsync(admin, preview.Id)).Made.Should().Be(1);
        var loaded = await CardAsync(admin, (await admin.GetAsync("api/clients?query=Loaded%20Lots", ContractsJson.Default.ListPageClientRow)).Items.Single().Id);
        loaded.Custom!["double"].GetDecimal().Should().Be(42);
        var other = await NewAsync(admin, "Other Lots", ("lots", 5));
        (status, problem) = await admin.ProblemAsync(HttpMethod.Post, $"api/clients/{loaded.Id}/merge",
            JsonSerializer.Serialize(new ClientMergeRequest(Guid.CreateVersion7(), other.Id, loaded.Version, other.Version, ["custom.double"]), ContractsJson.Default.ClientMergeRequest));
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "taken"));
        using var merged = await admin.Http.PostAsJsonAsync($"api/clients/{loaded.Id}/merge", new ClientMergeRequest(Guid.CreateVersion7(), other.Id, loaded.Version, other.Version, ["custom.lots"]), ContractsJson.Default.ClientMergeRequest);
        (await merged.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!.Custom!["double"].GetDecimal().Should().Be(10);
    }

    [PostgresFact]
    public async Task A_formula_is_checked_when_it_is_saved_and_what_it_needs_is_not_taken_from_under_it()
    {
        await using var admin = await host.SignInAsync("ada");
        (await RefusedAsync(admin, Formula("wrong", "calls +")))["expression"].Single().Should().Be("at character 8, a value: a number, a text, a field, a figure or a function");
        (await RefusedAsync(admin, Formula("wrong", "custom.nothing + 1")))["expression"].Single().Should().Contain("not custom.nothing");
        (await RefusedAsync(admin, Formula("wrong", new string('(', 900)))).Keys.Should().Equal("expression");
        (await RefusedAsync(admin, Formula("wrong", "") with { Expression = null })).Keys.Should().Equal("expression");
        var width = await MakeAsync(admin, Field("width", "number"));
        var area = await MakeAsync(admin, Formula("area", "custom.width * 2"));
        var price = await MakeAsync(admin, Formula("price", "custom.area * 3"));
        (await RefusedAsync(admin, area with { Expression = "custom.price / 6" }))["expression"].Single().Should().StartWith("a formula that does not lead back to itself: ").And.Contain("area → price → area");
        (await RefusedAsync(admin, area with { Expression = "\"wide\"" }))["expression"].Single().Should().Be("what the formula of price can reckon with");
        (await RefusedAsync(admin, width with { Kind = "text" }))["kind"].Single().Should().Be("what the formula of area can reckon with");
        (await RefusedAsync(admin, width with { Archived = true })).Keys.Should().Equal("archived");
        var (status, problem) = await admin.ProblemAsync(HttpMethod.Delete, "api/admin/client-fields/width");
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "archived"));
        (await MakeAsync(admin, price with { Archived = true })).Archived.Should().BeTrue();
    }

    [PostgresFact]
    public async Task It_is_tried_against_a_client_before_it_is_saved_by_an_administrator_alone()
    {
        await using var admin = await host.SignInAsync("ada");
        await using var agent = await host.SignInAsync("anna");
        var tried = JsonSerializer.Serialize(new FormulaTry(Formula("tried", "round(openDealsSum / openDeals, 1) & ' ' & name"), Seeds.Rossi), ContractsJson.Default.FormulaTry);
        using (var answer = await admin.Http.PostAsync("api/admin/client-fields/tried/try", new StringContent(tried, Encoding.UTF8, "application/json")))
        {
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            var view = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.FormulaTryView))!;
            (view.Result, view.Value!.Value.GetString()).Should().Be(("text", "1250 Mario Rossi"));
        }

        (await admin.ProblemAsync(HttpMethod.Post, "api/admin/client-fields/tried/try", tried.Replace("round(", "rund(", StringComparison.Ordinal))).Problem.Errors!.Keys.Should().Equal("expression");
        (await admin.ProblemAsync(HttpMethod.Post, "api/admin/client-fields/tried/try", tried.Replace(Seeds.Rossi.ToString(), Guid.NewGuid().ToString(), StringComparison.Ordinal))).Problem.Errors!.Keys.Should().Equal("client");
        (await agent.ProblemAsync(HttpMethod.Post, "api/admin/client-fields/tried/try", tried)).Status.Should().Be(HttpStatusCode.Forbidden);
        (await agent.ProblemAsync(HttpMethod.Get, "api/admin/client-fields/calculation")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await admin.GetAsync("api/admin", ContractsJson.Default.AdminView)).ClientFields!.Should().NotContain(f => f.Code == "tried");
    }

    [PostgresFact]
    public async Task A_changed_formula_is_calculated_on_every_card_and_one_that_is_stopped_goes_on()
    {
        await using var admin = await host.SignInAsync("ada");
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into client (id, kind, name, confirmed, created_at, updated_at) select gen_random_uuid(), 'person', 'Many ' || n, true, now(), now() from generate_series(1, 3500) n");
        var field = await MakeAsync(admin, Formula("len", "length(name)"));
        await AllAsync("select count(*) from client where merged_into is null and deleted_at is null and (custom ->> 'len')::numeric is distinct from length(name)", 0);
        var before = await VersionsAsync();
        field = await MakeAsync(admin, field with { Expression = "length(name) * 10" });
        await host.RestartAsync();
        await using var again = await host.SignInAsync("ada");
        await AllAsync("select count(*) from client where merged_into is null and deleted_at is null and (custom ->> 'len')::numeric is distinct from length(name) * 10", 0);
        for (var n = 0; n < 100 && (await again.GetAsync("api/admin/client-fields/calculation", ContractsJson.Default.CalculationView)).Running; n++) await Task.Delay(100);
        (await again.GetAsync("api/admin/client-fields/calculation", ContractsJson.Default.CalculationView)).Should().BeEquivalentTo(new { Running = false, Percent = 100 });
        (await VersionsAsync()).Should().Be(before, "whoever edits a card is in no conflict with what is calculated");
        // Pages heard of every card by ranges, once a second and at the end.
        await using var database2 = await host.Database.OpenConnectionAsync();
        (await UntoldAsync(database2)).Should().Be(0);
        (await database2.ExecuteScalarAsync<long>("select count(*) from change where kind = 'cards'")).Should().BeInRange(2, 60, "two passes of some seconds, and not a hint for each of 3,500 cards");
        var told = await database2.ExecuteScalarAsync<long>("select count(*) from change where kind = 'cards'");
        // Once more does no harm, and writes nothing.
        const string Written = "select max(xmin::text::bigint) from client where name like 'Many%'";
        var written = await database2.ExecuteScalarAsync<long>(Written);
        await database2.ExecuteAsync("update client_recalculation set after = 0");
        await AllAsync("select count(*) from client_recalculation where after is not null", 0);
        (await database2.ExecuteScalarAsync<long>(Written)).Should().Be(written);
        (await database2.ExecuteScalarAsync<long>("select count(*) from change where kind = 'cards'")).Should().Be(told, "there is nothing new to read");
        // What a host that died had not told is told by the next step.
        await database2.ExecuteAsync("delete from change where kind = 'cards'; update client_recalculation set after = (select min(number) from client where name like 'Many%'), told = 0, told_at = null, changed = true");
        await AllAsync("select count(*) from client_recalculation where after is not null", 0);
        (await database2.ExecuteScalarAsync<long>("select count(*) from change where kind = 'cards' and key like '0-%'")).Should().Be(1);
        // A new day calculates what looks at it.
        await MakeAsync(again, Formula("age", "ageDays"));
        await AllAsync("select count(*) from client where name like 'Many%' and (custom ->> 'age')::numeric is distinct from 0", 0);
        await database2.ExecuteAsync("update client set custom = jsonb_set(custom, '{age}', '99') where name like 'Many%'; update client_recalculation set day = day - 1");
        await AllAsync("select count(*) from client where name like 'Many%' and (custom ->> 'age')::numeric is distinct from 0", 0);
    }

    static Task<long> UntoldAsync(Npgsql.NpgsqlConnection database) => database.ExecuteScalarAsync<long>(
        "select count(*) from client c where name like 'Many%' and not exists (select from change h where h.kind = 'cards' and c.number > split_part(h.key, '-', 1)::bigint and c.number <= split_part(h.key, '-', 2)::bigint)");

    async Task<long> VersionsAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<long>("select sum(version) from client where name like 'Many%'");
    }

    async Task AllAsync(string count, long expected)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        long now = -1;
        for (var n = 0; n < 300; n++)
        {
            now = await database.ExecuteScalarAsync<long>(count);
            if (now == expected) return;
            await Task.Delay(100);
        }

        now.Should().Be(expected);
    }

    [PostgresFact]
    public async Task Calls_and_deals_change_it_within_seconds()
    {
        await using var admin = await host.SignInAsync("ada");
        await MakeAsync(admin, Formula("rings", "calls & \"/\" & calls30 & \"/\" & daysSinceContact & \"/\" & talkMinutes"));
        await MakeAsync(admin, Formula("worth", "openDealsSum"));
        await BecomesAsync(Seeds.Bianchi, "rings", "0/0//0");
        await BecomesAsync(Seeds.Rossi, "worth", "1250");
        await using var story = await Story.BeginAsync(host);
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+393331112222"), LookupOutcome.Known, Seeds.Bianchi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Bianchi), .. story.Rings(call, offer, Seeds.Anna, "101"),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Bianchi, talk_ms: 90_000)]);
        await BecomesAsync(Seeds.Bianchi, "rings", "1/1/0/1.5");
        // A deal that another program wrote, told by the change of its client.
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into deal (id, client_id, deal_type, stage, title, amount, stage_since, created_at) values (gen_random_uuid(), @Rossi, 'order', 'open', 'More', 250.50, now(), now())", new { Seeds.Rossi });
        await host.Services.GetRequiredService<ChangeHints>().AddAsync("client", Seeds.Rossi.ToString());
        await BecomesAsync(Seeds.Rossi, "worth", "1500.5");
        await BecomesAsync(Seeds.Bianchi, "worth", "0");
    }

    [PostgresFact]
    public async Task A_formula_that_is_made_while_a_pass_is_about_to_begin_is_in_it()
    {
        await using var admin = await host.SignInAsync("ada");
        await MakeAsync(admin, Formula("earlier", "calls + 1"));
        await BecomesAsync(Seeds.Ivanov, "earlier", "1");
        await using var database = await host.Database.OpenConnectionAsync();
        await using var change = await database.BeginTransactionAsync();
        // As it is saved: beside the others, which are locked, and with a pass of its own.
        await database.ExecuteAsync(
            """
            insert into client_field (code, name, kind, options, position, expression, result, uses) select 'later', 'Later', kind, options, position, 'calls + 2', result, uses from client_field where code = 'earlier';
            update client_field set name = name where code = 'earlier';
            """, transaction: change);
        var directory = host.Services.GetRequiredService<ClientDirectory>();
        // The one before it is not over.
        await using var watch = await host.Database.OpenConnectionAsync();
        await watch.ExecuteAsync("update client_recalculation set after = 0");
        await directory.RecalculateAllAsync(change, default);
        var pass = Task.Run(async () =>
        {
            while (await directory.PassAsync(default))
            {
            }
        });
        await Eventually.BeAsync(() => watch.ExecuteScalar<int>("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%client_field%for share' and datname = current_database()") > 0, TimeSpan.FromSeconds(20), "a pass that waits for the fields");
        await change.CommitAsync();
        await pass;
        await BecomesAsync(Seeds.Ivanov, "later", "2");
    }

    [PostgresFact]
    public async Task What_is_calculated_from_a_hidden_field_is_hidden_with_it()
    {
        await using var admin = await host.SignInAsync("ada");
        await MakeAsync(admin, Field("secret_sum", "number"));
        await MakeAsync(admin, Formula("twice", "custom.secret_sum * 2"));
        await MakeAsync(admin, Formula("thrice", "custom.twice * 1.5"));
        var card = await NewAsync(admin, "Has Secrets", ("secret_sum", 10));
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into sensitive_field (field) values ('custom.secret_sum'); delete from role_right where role = 'agent' and right_code = 'client.sensitive'; update access_version set version = version + 1");
        await using var agent = await host.SignInAsync("anna");
        (await CardAsync(agent, card.Id)).Custom!.Keys.Should().NotContain(["secret_sum", "twice", "thrice"]);
        (await CardAsync(admin, card.Id)).Custom!["thrice"].GetDecimal().Should().Be(30);
    }
}
