using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Admin;

/// <summary>Segments, deal types and stages made, renamed, ordered and put away by administrators, and what deals and cards make of it at once.</summary>
public sealed class ListTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly StageSetup Open = new("open", "Open"), Negotiation = new("negotiation", "Negotiation"), Won = new("won", "Won", "won");
    static readonly DealTypeSetup Order = new("order", "Order", [Open, Negotiation, Won]);

    Page ada = null!, anna = null!;

    public async Task InitializeAsync() => (ada, anna) = (await host.SignInAsync("ada"), await host.SignInAsync("anna"));

    public async Task DisposeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from deal where id <> @RossiDeal; update deal set stage = 'negotiation', closed_at = null, deleted_at = null;
            delete from stage where (deal_type, code) not in (('order', 'open'), ('order', 'negotiation')); update stage set retired = false, outcome = null;
            delete from deal_type where code <> 'order'; update deal_type set retired = false;
            update client set segment = 'vip' where id = @Rossi; update client set segment = null where id <> @Rossi; delete from segment where code not in ('vip', 'new'); update segment set retired = false;
            """, new { Seeds.RossiDeal, Seeds.Rossi });
        await ada.DisposeAsync();
        await anna.DisposeAsync();
    }

    Task<AdminView> SettingsAsync() => ada.GetAsync("api/admin", ContractsJson.Default.AdminView);

    Task<CatalogView> CatalogAsync() => anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView);

    static async Task<AdminView> PutAsync<T>(Page page, string path, T list, JsonTypeInfo<T> json)
    {
        using var answer = await page.Http.PutAsJsonAsync(path, list, json);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!;
    }

    async Task<DealTypeList> TypesAsync(params DealTypeSetup[] types) =>
        (await PutAsync(ada, "api/admin/deal-types", new DealTypeList(types, (await SettingsAsync()).DealTypes!.Version), ContractsJson.Default.DealTypeList)).DealTypes!;

    async Task<SegmentList> SegmentsAsync(params SegmentSetup[] segments) =>
        (await PutAsync(ada, "api/admin/segments", new SegmentList(segments, (await SettingsAsync()).Segments!.Version), ContractsJson.Default.SegmentList)).Segments!;

    Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(string path, string items, int version) => ada.ProblemAsync(HttpMethod.Put, path, $$"""{"items":[{{items}}],"version":{{version}}}""");

    Task<HttpResponseMessage> DealAsync(string type, string? stage) =>
        anna.Http.PostAsJsonAsync("api/deals", new DealCreate(Guid.CreateVersion7(), Seeds.Rossi, type, "Made here", 10, Stage: stage), ContractsJson.Default.DealCreate);

    [PostgresFact]
    public async Task A_type_with_stages_is_there_for_deals_at_once_in_its_order_and_the_change_is_kept()
    {
        var saved = await TypesAsync(new DealTypeSetup("lease", " Lease ", [new("first", "First"), new("signed", "Signed", "won"), new("gone", "Gone", "lost")]), Order);
        saved.Items.Select(t => (t.Code, t.Name)).Should().Equal(("lease", "Lease"), ("order", "Order"));
        (await CatalogAsync()).DealTypes.Select(t => t.Code).Should().Equal("lease", "order");
        using (var made = await DealAsync("lease", null))
            (await made.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!.Should().BeEquivalentTo(new { Stage = "first", ClosedAt = (DateTimeOffset?)null });
        using (var won = await DealAsync("lease", "signed"))
            (await won.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!.ClosedAt.Should().NotBeNull();

        // Another order and name: new deals begin in what stands first now, the one that is there has the new name.
        await TypesAsync(new DealTypeSetup("lease", "Leasing", [new("offer", "Offer"), new("first", "Talk"), new("signed", "Signed", "won"), new("gone", "Gone", "lost")]), Order);
        using (var made = await DealAsync("lease", null)) (await made.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!.Stage.Should().Be("offer");
        (await anna.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView)).OpenDeals.Select(d => d.StageName).Should().Contain(["Offer", "Talk", "Negotiation"]);
        (await ada.GetAsync("api/admin/lists/use", ContractsJson.Default.ListUseView)).Stages["lease"].Should().BeEquivalentTo(new Dictionary<string, long> { ["first"] = 1, ["offer"] = 1, ["signed"] = 1 });
        var change = (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items[0];
        (change.Kind, change.Who).Should().Be(("deal_types", "Ada Admin"));
        (change.Before!.Contains("Leasing", StringComparison.Ordinal), change.After!.Contains("Leasing", StringComparison.Ordinal)).Should().Be((false, true));
    }

    [PostgresFact]
    public async Task A_stage_put_away_keeps_its_deals_which_move_on_and_gets_no_other()
    {
        await TypesAsync(new DealTypeSetup("order", "Order", [Open, Won]));
        (await CatalogAsync()).DealTypes.Single().Stages.Select(s => (s.Code, s.Retired)).Should().Equal(("open", false), ("won", false), ("negotiation", true));
        (await anna.GetAsync($"api/deals/{Seeds.RossiDeal}", ContractsJson.Default.DealDetailView)).StageName.Should().Be("Negotiation");
        using (var refused = await DealAsync("order", "negotiation"))
            (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["stage"].Should().Equal("the code of a stage of this deal type");
        var version = (await anna.GetAsync($"api/deals/{Seeds.RossiDeal}", ContractsJson.Default.DealDetailView)).Version;
        using (var moved = await anna.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}/stage", new DealMove("open", version), ContractsJson.Default.DealMove)) moved.StatusCode.Should().Be(HttpStatusCode.OK);
        (await anna.ProblemAsync(HttpMethod.Put, $"api/deals/{Seeds.RossiDeal}/stage", $$"""{"stage":"negotiation","version":{{version + 1}}}""")).Problem.Errors!.Keys.Should().Equal("stage");
        await TypesAsync(Order);
        (await CatalogAsync()).DealTypes.Single().Stages.Should().NotContain(s => s.Retired);
    }

    [PostgresFact]
    public async Task A_type_put_away_begins_no_deal_and_those_it_has_go_on()
    {
        await TypesAsync(new DealTypeSetup("other", "Other", [Open]), Order with { Retired = true });
        using (var refused = await DealAsync("order", "open"))
            (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!["dealType"].Should().Equal("the code of a deal type");
        var version = (await anna.GetAsync($"api/deals/{Seeds.RossiDeal}", ContractsJson.Default.DealDetailView)).Version;
        using var moved = await anna.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}/stage", new DealMove("won", version), ContractsJson.Default.DealMove);
        (await moved.Content.ReadFromJsonAsync(ContractsJson.Default.DealDetailView))!.ClosedAt.Should().NotBeNull();
        // Left out altogether is the same.
        (await TypesAsync(new DealTypeSetup("other", "Other", [Open]))).Items.Select(t => (t.Code, t.Retired)).Should().Equal(("other", false), ("order", true));
    }

    [PostgresFact]
    public async Task The_kind_of_a_stage_stays_while_deals_stand_there_also_in_the_bin()
    {
        await TypesAsync(Order);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update deal set deleted_at = now(), deleted_by = @Ada", new { Seeds.Ada });
        var version = (await SettingsAsync()).DealTypes!.Version;
        const string Lost = """{"code":"order","name":"Order","stages":[{"code":"open","name":"Open"},{"code":"negotiation","name":"Negotiation","outcome":"lost"},{"code":"won","name":"Won","outcome":"won"}]}""";
        var (status, problem) = await RefusedAsync("api/admin/deal-types", Lost, version);
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!["items"].Should().Equal("the kind that Negotiation has, as deals stand there");
        (await SettingsAsync()).DealTypes.Should().BeEquivalentTo(new DealTypeList([Order], version));
        await TypesAsync(Order with { Stages = [Open, Negotiation, Won with { Outcome = "lost" }] });
    }

    [PostgresFact]
    public async Task A_deal_that_is_being_made_is_counted_before_the_kind_of_its_stage_changes()
    {
        await TypesAsync(Order);
        await using var database = await host.Database.OpenConnectionAsync();
        await using var transaction = await database.BeginTransactionAsync();
        await database.ExecuteAsync("insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, closed_at) values (gen_random_uuid(), @Rossi, 'order', 'won', 'On its way', now(), now(), now())", new { Seeds.Rossi }, transaction);
        var saving = RefusedAsync("api/admin/deal-types", """{"code":"order","name":"Order","stages":[{"code":"open","name":"Open"},{"code":"negotiation","name":"Negotiation"},{"code":"won","name":"Won"}]}""", (await SettingsAsync()).DealTypes!.Version);
        await using (var watch = await host.Database.OpenConnectionAsync())
        {
            while (await watch.ExecuteScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 0) saving.IsCompleted.Should().BeFalse("it waits for the deal");
        }

        await transaction.CommitAsync();
        (await saving).Problem.Errors!["items"].Should().Equal("the kind that Won has, as deals stand there");
    }

    [PostgresFact]
    public async Task A_segment_put_away_stays_with_its_clients_and_no_other_gets_it()
    {
        (await SegmentsAsync(new("gold", "Gold"), new("new", "Newcomer"))).Items.Should().Equal(new SegmentSetup("gold", "Gold"), new SegmentSetup("new", "Newcomer"), new SegmentSetup("vip", "VIP", true));
        (await CatalogAsync()).Segments.Select(s => (s.Name, s.Retired)).Should().Equal(("Gold", false), ("Newcomer", false), ("VIP", true));
        (await ada.GetAsync("api/admin/lists/use", ContractsJson.Default.ListUseView)).Segments.Should().BeEquivalentTo(new Dictionary<string, long> { ["vip"] = 1 });
        async Task<(HttpStatusCode, string)> SaveAsync(Guid client, string segment)
        {
            var card = await anna.GetAsync($"api/clients/{client}", ContractsJson.Default.ClientCardView);
            var save = new ClientSave(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, segment, card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version);
            using var answer = await anna.Http.PutAsJsonAsync($"api/clients/{client}", save, ContractsJson.Default.ClientSave);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        (await SaveAsync(Seeds.Rossi, "vip")).Item1.Should().Be(HttpStatusCode.OK, "it is theirs");
        var (status, text) = await SaveAsync(Seeds.Bianchi, "vip");
        (status, text.Contains("the code of a segment", StringComparison.Ordinal)).Should().Be((HttpStatusCode.BadRequest, true));
        (await SaveAsync(Seeds.Bianchi, "gold")).Item1.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task Who_saves_what_somebody_else_changed_meanwhile_is_told_and_changes_nothing()
    {
        var read = await SettingsAsync();
        await SegmentsAsync(new("vip", "VIP"), new("new", "New"), new("theirs", "Theirs"));
        var (status, problem) = await RefusedAsync("api/admin/segments", """{"code":"mine","name":"Mine"}""", read.Segments!.Version);
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Conflict, "edit_conflict"));
        (await SettingsAsync()).Segments!.Items.Select(s => s.Code).Should().Equal("vip", "new", "theirs");

        // Of several at the same moment one is first.
        var version = (await SettingsAsync()).DealTypes!.Version;
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(n =>
            ada.Http.PutAsJsonAsync("api/admin/deal-types", new DealTypeList([Order with { Name = $"Order {n}" }], version), ContractsJson.Default.DealTypeList)));
        answers.Select(a => a.StatusCode).Order().Should().Equal(HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.Conflict, HttpStatusCode.Conflict);
        foreach (var answer in answers) answer.Dispose();
        (await SettingsAsync()).DealTypes!.Version.Should().Be(version + 1);
    }

    [PostgresTheory]
    [InlineData("anna")]
    [InlineData("sara")]
    [InlineData("marco")]
    public async Task Who_may_not_configure_changes_no_list(string login)
    {
        await using var page = await host.SignInAsync(login);
        foreach (var path in new[] { "api/admin/segments", "api/admin/deal-types" })
            (await page.ProblemAsync(HttpMethod.Put, path, """{"items":[],"version":1}""")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await page.ProblemAsync(HttpMethod.Get, "api/admin/lists/use")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await SettingsAsync()).Segments!.Items.Should().NotBeEmpty();
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "segments", """{"code":"Big","name":"Big"}""", "codes of 1 to 40 small letters, digits, - and _" },
        { "segments", """{"code":"a","name":" "}""", "a name of 1 to 100 characters" },
        { "segments", """{"code":"a","name":"A"},{"code":"a","name":"B"}""", "each code once" },
        { "segments", """{"code":"a","name":"Same"},{"code":"b","name":"same "}""", "each name once" },
        { "deal-types", """{"code":"a","name":"A","stages":[]}""", "1 to 40 stages in every deal type" },
        { "deal-types", """{"code":"a","name":"A","stages":[{"code":"w","name":"W","outcome":"won"},{"code":"o","name":"O"}]}""", "an open stage first in every deal type" },
        { "deal-types", """{"code":"a","name":"A","stages":[{"code":"o","name":"O","retired":true}]}""", "an open stage first in every deal type" },
        { "deal-types", """{"code":"a","name":"A","stages":[{"code":"o","name":"O"},{"code":"x","name":"X","outcome":"drawn"}]}""", "stages that are won, lost, or neither" },
        { "deal-types", """{"code":"a","name":"A","stages":[{"code":"o","name":"O"},{"code":"o","name":"P"}]}""", "each code once" },
    };

    [PostgresTheory]
    [MemberData(nameof(Wrong))]
    public async Task A_list_that_cannot_be_is_refused_and_says_why(string list, string items, string expected)
    {
        var before = JsonSerializer.Serialize(await SettingsAsync(), ContractsJson.Default.AdminView);
        var (status, problem) = await RefusedAsync("api/admin/" + list, items, 1);
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!["items"].Should().Contain(expected);
        (await RefusedAsync("api/admin/" + list, """{"name":"No code"}""", 1)).Status.Should().Be(HttpStatusCode.BadRequest);
        (await ada.ProblemAsync(HttpMethod.Put, "api/admin/" + list, """{"items":[]}""")).Problem.Errors!.Keys.Should().Equal("version");
        JsonSerializer.Serialize(await SettingsAsync(), ContractsJson.Default.AdminView).Should().Be(before);
    }
}
