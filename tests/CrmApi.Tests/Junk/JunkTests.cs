using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Junk;

[Trait("Category", "Slow")]
public sealed class JunkTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Stranger = "+390299990000";
    static readonly Guid Card = Seeds.Id(301);

    Story story = null!;

    public async Task InitializeAsync()
    {
        story = await Story.BeginAsync(host);
        host.Router.Commands.Clear();
        host.Router.Answer = _ => new RoadAnswer(true, null);
        await ExecuteAsync(
            """
            truncate blocked_number, block_mark, missed_call, settings_change; truncate call cascade;
            delete from client_phone where client_id = @Card; delete from client where id = @Card;
            insert into client (id, name, confirmed, source, created_at, updated_at) values (@Card, '', false, 'web', now(), now());
            insert into client_phone (client_id, e164, raw, is_main, added_at) values (@Card, @Stranger, @Stranger, true, now());
            """, new { Card, Stranger });
    }

    public async Task DisposeAsync() => await story.DisposeAsync();

    async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(sql, parameters);
    }

    async Task<T?> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<T>(sql, parameters);
    }

    /// <summary>Rings at Anna.</summary>
    async Task<Guid> RingAsync(PhoneNumber caller, Guid? client)
    {
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, caller, client is null ? LookupOutcome.Unknown : LookupOutcome.Known, client), .. story.Offers(call, offer, Seeds.Anna, "101", client), .. story.Rings(call, offer, Seeds.Anna, "101")]);
        await story.WrittenAsync(host);
        return call;
    }

    static SpamMark Mark(bool all = false, bool end = true, bool confirmed = false, Guid? id = null) => new(id ?? Guid.CreateVersion7(), all, end, Guid.CreateVersion7(), confirmed);

    static async Task<(HttpStatusCode Status, T? Done, ProblemView? Problem)> PostAsync<T>(Page page, string path, HttpContent body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        using var answer = await page.Http.PostAsync(path, body);
        return answer.IsSuccessStatusCode
            ? (answer.StatusCode, await answer.Content.ReadFromJsonAsync(type), null)
            : (answer.StatusCode, null, await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView));
    }

    static Task<(HttpStatusCode Status, SpamMarked? Done, ProblemView? Problem)> SpamAsync(Page page, Guid call, SpamMark mark) =>
        PostAsync(page, $"api/calls/{call}/spam", JsonContent.Create(mark, ContractsJson.Default.SpamMark), ContractsJson.Default.SpamMarked);

    static Task<(HttpStatusCode Status, BlockRow? Done, ProblemView? Problem)> AddAsync(Page page, BlockCreate create) =>
        PostAsync(page, "api/blocks", JsonContent.Create(create, ContractsJson.Default.BlockCreate), ContractsJson.Default.BlockRow);

    static BlockCreate Block(string number, Guid? queue = null, string reason = "spam", string note = "", DateTimeOffset? until = null, bool confirmed = false) =>
        new(Guid.CreateVersion7(), number, queue, reason, note, until, confirmed);

    static async Task<IReadOnlyList<BlockRow>> ListAsync(Page page, string query = "") => (await page.GetAsync($"api/blocks?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageBlockRow)).Items;

    [PostgresFact]
    public async Task One_key_blocks_the_number_for_the_queue_hides_the_card_and_ends_the_call()
    {
        var version = await ScalarAsync<long>("select version from settings_version where domain = 'main'");
        var call = await RingAsync(Story.From(Stranger), Card);
        await using var anna = await host.SignInAsync("anna");
        var mark = Mark();
        var (status, done, _) = await SpamAsync(anna, call, mark);
        status.Should().Be(HttpStatusCode.OK);
        done.Should().Be(new SpamMarked(mark.Id, "+39 02 9999 0000", "Sales", CardHidden: true, Ended: true, null));
        host.Router.Commands.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Id = mark.CommandId, Agent = Seeds.Anna, Command = new RoadCommand("turn_away", call) });
        (await ScalarAsync<long>("select version from settings_version where domain = 'main'")).Should().Be(version + 1, "the router takes the list in at once");
        (await ScalarAsync<string>("select concat_ws(' ', e164, queue_id = @Sales, reason, call_id = @call, hidden_client = @Card) from blocked_number", new { Seeds.Sales, call, Card })).Should().Be($"{Stranger} t spam t t");
        (await ScalarAsync<string>("select concat_ws(' ', kind, name, before is null) from settings_change where user_id = @Anna", new { Seeds.Anna })).Should().Be($"blocked {Stranger} t");
        (await ScalarAsync<bool>("select hidden_at is not null and hidden_by = @Anna and not confirmed from client where id = @Card", new { Seeds.Anna, Card })).Should().BeTrue("hidden, not deleted");

        (await SpamAsync(anna, call, mark)).Done!.BlockId.Should().Be(mark.Id, "repeated it blocks nothing again");
        (await SpamAsync(anna, call, Mark(end: false))).Done!.BlockId.Should().Be(mark.Id, "who is blocked stays so");
        (await ScalarAsync<long>("select count(*) from blocked_number")).Should().Be(1);

        (await anna.GetAsync("api/clients", ContractsJson.Default.ListPageClientRow)).Items.Should().NotContain(c => c.Id == Card);
        (await anna.GetAsync("api/clients?query=0299990000", ContractsJson.Default.ListPageClientRow)).Items.Should().ContainSingle(c => c.Id == Card).Which.Hidden.Should().BeTrue("who looks for it finds it");
    }

    [PostgresFact]
    public async Task Taken_back_the_number_is_free_and_the_card_is_shown()
    {
        var call = await RingAsync(Story.From(Stranger), Card);
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var (_, done, _) = await SpamAsync(anna, call, Mark(all: true, end: false));
        done.Should().BeEquivalentTo(new { QueueName = (string?)null, Ended = false });
        host.Router.Commands.Should().BeEmpty("the call goes on");
        (await luca.ProblemAsync(HttpMethod.Delete, $"api/blocks/{done!.BlockId}")).Status.Should().Be(HttpStatusCode.Forbidden, "it is another agent's mark");
        (await anna.Http.DeleteAsync($"api/blocks/{done.BlockId}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ScalarAsync<bool>("select hidden_at is null from client where id = @Card", new { Card })).Should().BeTrue();
        (await ScalarAsync<bool>("select removed_by = @Anna from blocked_number", new { Seeds.Anna })).Should().BeTrue("the row stays, with who took it back");
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/blocks/{done.BlockId}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await SpamAsync(anna, call, Mark(end: false))).Status.Should().Be(HttpStatusCode.OK, "and it may be blocked anew");
    }

    [PostgresFact]
    public async Task On_a_number_that_another_blocked_undo_shows_the_card_again_and_leaves_the_others_block()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var theirs = (await AddAsync(sara, Block(Stranger, Seeds.Sales))).Done!.Id;
        var call = await RingAsync(Story.From(Stranger), Card);
        Task<bool> ShownAsync() => ScalarAsync<bool>("select hidden_at is null from client where id = @Card", new { Card });
        var mark = Mark(end: false);
        var done = (await SpamAsync(anna, call, mark)).Done;
        done.Should().BeEquivalentTo(new { BlockId = mark.Id, CardHidden = true });
        (await SpamAsync(anna, call, mark)).Done.Should().Be(done, "repeated it does nothing again");
        (await ShownAsync()).Should().BeFalse();
        (await anna.Http.DeleteAsync($"api/blocks/{done!.BlockId}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ShownAsync()).Should().BeTrue();
        (await ListAsync(sara)).Should().ContainSingle(b => b.Id == theirs, "the supervisor's block is not hers to take off");
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/blocks/{theirs}")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/blocks/{mark.Id}")).Status.Should().Be(HttpStatusCode.NotFound);

        (await SpamAsync(anna, call, Mark(end: false))).Done!.CardHidden.Should().BeTrue();
        (await sara.Http.DeleteAsync($"api/blocks/{theirs}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ShownAsync()).Should().BeTrue("with the block goes what was put away because of it");
    }

    [PostgresFact]
    public async Task What_a_click_found_blocked_by_oneself_in_an_earlier_call_stays_blocked_at_its_undo()
    {
        await using var anna = await host.SignInAsync("anna");
        var first = (await SpamAsync(anna, await RingAsync(Story.From(Stranger), null), Mark(end: false))).Done!.BlockId;
        await ExecuteAsync("update client set hidden_at = null where id = @Card", new { Card });
        var second = (await SpamAsync(anna, await RingAsync(Story.From(Stranger), Card), Mark(end: false))).Done!;
        second.CardHidden.Should().BeTrue();
        second.BlockId.Should().NotBe(first);
        (await anna.Http.DeleteAsync($"api/blocks/{second.BlockId}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ScalarAsync<bool>("select removed_at is null from blocked_number where id = @first", new { first })).Should().BeTrue();
        (await ScalarAsync<bool>("select hidden_at is null from client where id = @Card", new { Card })).Should().BeTrue("it was there before this click");
        (await anna.Http.DeleteAsync($"api/blocks/{first}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
    }

    [PostgresFact]
    public async Task After_a_day_only_supervisors_take_a_mark_back()
    {
        var call = await RingAsync(Story.From(Stranger), Card);
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        var block = (await SpamAsync(anna, call, Mark())).Done!.BlockId;
        await ExecuteAsync("update blocked_number set made_at = made_at - interval '25 hours'");
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/blocks/{block}")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await sara.Http.DeleteAsync($"api/blocks/{block}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
    }

    [PostgresFact]
    public async Task A_known_client_is_asked_back_and_their_card_is_never_hidden()
    {
        var call = await RingAsync(Story.From("+390212345678"), Seeds.Rossi);
        await using var anna = await host.SignInAsync("anna");
        var (status, _, problem) = await SpamAsync(anna, call, Mark());
        (status, problem!.ErrorId).Should().Be((HttpStatusCode.Conflict, "confirm_needed"));
        problem.Confirm.Should().BeEquivalentTo("client", "responsible", "deals");
        host.Router.Commands.Should().BeEmpty();
        (await ScalarAsync<long>("select count(*) from blocked_number")).Should().Be(0);
        (await SpamAsync(anna, call, Mark(confirmed: true))).Done!.CardHidden.Should().BeFalse();
        (await ScalarAsync<bool>("select hidden_at is null from client where id = @Rossi", new { Seeds.Rossi })).Should().BeTrue();
    }

    [PostgresFact]
    public async Task A_call_that_has_no_number_or_is_not_theirs_cannot_be_marked()
    {
        var call = await RingAsync(PhoneNumber.Withheld, null);
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        (await SpamAsync(anna, call, Mark())).Problem!.ErrorId.Should().Be("no_number");
        (await SpamAsync(luca, call, Mark())).Status.Should().Be(HttpStatusCode.NotFound);
        (await SpamAsync(sara, call, Mark())).Status.Should().Be(HttpStatusCode.NotFound, "supervisors write the list instead");
        (await SpamAsync(anna, call, Mark(id: Guid.Empty))).Problem!.Errors!.Keys.Should().Equal("id");
    }

    [PostgresFact]
    public async Task Without_a_router_the_number_is_blocked_and_the_page_told_that_the_call_goes_on()
    {
        var call = await RingAsync(Story.From(Stranger), Card);
        await using var anna = await host.SignInAsync("anna");
        host.Router.Answer = _ => new RoadAnswer(false, "pbx_away");
        var (_, done, _) = await SpamAsync(anna, call, Mark());
        done.Should().BeEquivalentTo(new { Ended = false, EndRefused = "pbx_away", CardHidden = true });
        (await ScalarAsync<long>("select count(*) from blocked_number")).Should().Be(1);
    }

    [PostgresFact]
    public async Task Supervisors_keep_the_list()
    {
        await using var sara = await host.SignInAsync("sara");
        var soon = TimeProvider.System.GetUtcNow().AddDays(30);
        var (_, shop, _) = await AddAsync(sara, Block("02 9999 0001", Seeds.Support, "robot", "  sells lamps ", soon));
        shop.Should().BeEquivalentTo(new { Number = "+390299990001", QueueName = "Support", Reason = "robot", Note = "sells lamps", Who = "Sara Conti", Calls = 0 });
        await AddAsync(sara, Block(Stranger));
        await ExecuteAsync(
            """
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, dialled_raw, queue_id, started_at, ended_at, outcome, last_seq)
            select gen_random_uuid(), 'main', 'pbx', 'Inbound', 'Ended', true, @Stranger, 'E164', @Stranger, '1', @Sales, now() + n * interval '1 second', now(), 'Blocked', 1 from generate_series(1, 3) n
            """, new { Stranger, Seeds.Sales });
        var rows = await ListAsync(sara);
        rows.Select(r => (r.Number, r.QueueName, r.Calls, r.ClientId)).Should().Equal((Stranger, null, 3, Card), ("+390299990001", "Support", 0, null));
        (await ListAsync(sara, "lamps")).Select(r => r.Number).Should().Equal("+390299990001");
        (await ListAsync(sara, "9999 0000")).Select(r => r.Number).Should().Equal(Stranger);
        (await ListAsync(sara, "100%")).Should().BeEmpty();
        (await AddAsync(sara, Block("+39 02 9999 0000"))).Problem!.ErrorId.Should().Be("already_blocked");
        (await AddAsync(sara, Block(Stranger, Seeds.Support))).Status.Should().Be(HttpStatusCode.OK, "a queue's own row beside the one for all");
        await ExecuteAsync("update blocked_number set made_at = now() - interval '2 days', until = now() - interval '1 second' where queue_id = @Support", new { Seeds.Support });
        (await ListAsync(sara)).Should().ContainSingle("what ran out is in the list no more").Which.QueueName.Should().BeNull();
        (await AddAsync(sara, Block("02 9999 0001", Seeds.Support))).Status.Should().Be(HttpStatusCode.OK, "and may be blocked anew");
    }

    [PostgresFact]
    public async Task Bad_input_names_its_field_and_own_numbers_are_asked_back()
    {
        await using var sara = await host.SignInAsync("sara");
        (await AddAsync(sara, Block("112"))).Problem!.Errors!.Keys.Should().Equal("number");
        (await AddAsync(sara, Block("101"))).Problem!.Errors!.Keys.Should().Equal("number");
        (await AddAsync(sara, Block("not a number", reason: "dislike", note: new string('x', 201), until: TimeProvider.System.GetUtcNow().AddSeconds(-1)))).Problem!.Errors!.Keys.Should().BeEquivalentTo("number", "reason", "note", "until");
        (await AddAsync(sara, Block(Stranger, Guid.NewGuid()))).Problem!.Errors!.Keys.Should().Equal("queue");
        (await AddAsync(sara, Block("+39 02 3333 4444"))).Problem!.Confirm.Should().Equal("own_number");
        (await AddAsync(sara, Block("+39 02 3333 4444", confirmed: true))).Status.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task An_import_takes_what_is_right_and_names_each_wrong_line()
    {
        await using var sara = await host.SignInAsync("sara");
        await AddAsync(sara, Block("+390299990007"));
        const string Text = "# from the provider\n+39 02 9999 0005; calls at night\n\n02 9999 0006\n0299990005\n+390299990007\nhello\n+390212345678\n+390233334444\n";
        var (_, done, _) = await PostAsync(sara, "api/blocks/import", JsonContent.Create(new BlockImport(Text, null, "spam"), ContractsJson.Default.BlockImport), ContractsJson.Default.BlockImported);
        (done!.Added, done.Known, done.Failed).Should().Be((2, 2, 3));
        done.Errors.Should().Equal(new BlockImportError(7, "hello", "not_a_number"), new BlockImportError(8, "+390212345678", "client"), new BlockImportError(9, "+390233334444", "own_number"));
        (await ListAsync(sara)).Select(r => (r.Number, r.Note)).Should().BeEquivalentTo([("+390299990005", "calls at night"), ("+390299990006", ""), ("+390299990007", "")]);
        (await ScalarAsync<long>("select count(*) from settings_change where key = 'import'")).Should().Be(1);
        var (_, again, _) = await PostAsync(sara, "api/blocks/import", JsonContent.Create(new BlockImport(Text, null, "spam"), ContractsJson.Default.BlockImport), ContractsJson.Default.BlockImported);
        (again!.Added, again.Known).Should().Be((0, 4));
        var tooMany = string.Concat(Enumerable.Range(0, 5001).Select(n => $"+3902{n:00000000}\n"));
        (await PostAsync(sara, "api/blocks/import", JsonContent.Create(new BlockImport(tooMany, null, "spam"), ContractsJson.Default.BlockImport), ContractsJson.Default.BlockImported)).Problem!.Errors!.Keys.Should().Equal("text");
        (await PostAsync(sara, "api/blocks/import", JsonContent.Create(new BlockImport(" \n# none\n", null, "spam"), ContractsJson.Default.BlockImport), ContractsJson.Default.BlockImported)).Problem!.Errors!.Keys.Should().Equal("text");
    }

    [PostgresFact]
    public async Task The_list_has_an_end()
    {
        await using var sara = await host.SignInAsync("sara");
        await ExecuteAsync(
            "insert into blocked_number (id, domain, e164, reason, made_by, made_at) select gen_random_uuid(), 'main', '+39055' || lpad(n::text, 7, '0'), 'spam', @Sara, now() from generate_series(1, 19999) n", new { Seeds.Sara });
        var (_, done, _) = await PostAsync(sara, "api/blocks/import", JsonContent.Create(new BlockImport("+390299990001\n+390299990002", null, "spam"), ContractsJson.Default.BlockImport), ContractsJson.Default.BlockImported);
        done!.Errors.Should().Equal(new BlockImportError(2, "+390299990002", "list_full"));
        (await AddAsync(sara, Block("+390299990003"))).Problem!.ErrorId.Should().Be("list_full");
        (await sara.GetAsync("api/blocks?limit=2", ContractsJson.Default.ListPageBlockRow)).Next.Should().NotBeNull();
    }

    [PostgresFact]
    public async Task Two_who_block_the_same_number_at_once_make_one_row()
    {
        await using var sara = await host.SignInAsync("sara");
        await using var ada = await host.SignInAsync("ada");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => AddAsync(n % 2 == 0 ? sara : ada, Block(Stranger))));
        answers.Count(a => a.Status == HttpStatusCode.OK).Should().Be(1);
        answers.Count(a => a.Problem?.ErrorId == "already_blocked").Should().Be(9);
    }

    [PostgresFact]
    public async Task Cards_that_calls_made_are_looked_through()
    {
        var call = await RingAsync(Story.From(Stranger), Card);
        await ExecuteAsync("update call set agent_id = @Anna, answered_at = started_at where id = @call", new { Seeds.Anna, call });
        await using var marco = await host.SignInAsync("marco");
        var row = (await marco.GetAsync("api/clients/unconfirmed", ContractsJson.Default.ListPageUnconfirmedRow)).Items.Single();
        row.Should().BeEquivalentTo(new { Id = Card, Name = "", Phone = Stranger, PhoneDisplay = "+39 02 9999 0000", Source = "web", Calls = 1, Answered = 1, LastAgent = "Anna Verdi" });
        (await marco.GetAsync("api/clients/unconfirmed/count", ContractsJson.Default.UnconfirmedCount)).Waiting.Should().Be(1);

        (await marco.ProblemAsync(HttpMethod.Post, $"api/clients/{Card}/confirm", $$"""{"version":{{row.Version}}}""")).Problem.Errors!.Keys.Should().Equal("name");
        await ExecuteAsync("update client set name = 'Nora Blu', version = version + 1 where id = @Card", new { Card });
        (await marco.ProblemAsync(HttpMethod.Post, $"api/clients/{Card}/confirm", $$"""{"version":{{row.Version}}}""")).Problem.Should().BeEquivalentTo(new { ErrorId = "edit_conflict", Card = new { Name = "Nora Blu" } });

        var (_, hidden, _) = await PostAsync(marco, $"api/clients/{Card}/hide", JsonContent.Create(new { }), ContractsJson.Default.ClientCardView);
        (hidden!.Hidden, hidden.Confirmed).Should().Be((true, false));
        (await marco.GetAsync("api/clients/unconfirmed/count", ContractsJson.Default.UnconfirmedCount)).Waiting.Should().Be(0);
        var (_, shown, _) = await PostAsync(marco, $"api/clients/{Card}/show", JsonContent.Create(new { }), ContractsJson.Default.ClientCardView);
        shown!.Hidden.Should().BeFalse();
        (await ScalarAsync<string>("select string_agg(action, ' ' order by id) from audit where object_id = @id", new { id = Card.ToString() })).Should().EndWith("client.hidden client.shown");

        var (_, confirmed, _) = await PostAsync(marco, $"api/clients/{Card}/confirm", JsonContent.Create(new CardConfirm(shown.Version), ContractsJson.Default.CardConfirm), ContractsJson.Default.ClientCardView);
        confirmed!.Confirmed.Should().BeTrue();
        (await ScalarAsync<string>("select string_agg(action, ' ' order by id) from audit where object_id = @id", new { id = Card.ToString() })).Should().EndWith("client.shown client.confirmed");
        (await marco.ProblemAsync(HttpMethod.Post, $"api/clients/{Card}/hide")).Problem.ErrorId.Should().Be("not_hidden", "it is somebody's now");
        (await marco.ProblemAsync(HttpMethod.Post, $"api/clients/{Seeds.Rossi}/hide")).Problem.ErrorId.Should().Be("not_hidden");
        (await marco.ProblemAsync(HttpMethod.Post, $"api/clients/{Guid.NewGuid()}/hide")).Status.Should().Be(HttpStatusCode.NotFound);
    }
}
