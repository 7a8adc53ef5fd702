using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using static CallCrm.CrmApi.Tests.Hiding.HidingHost;

namespace CallCrm.CrmApi.Tests.Hiding;

/// <summary>Everything that is answered and everything the feed tells, looked through for what the person may not see. What is new is walked as soon as the matrix of rights names it.</summary>
[Trait("Category", "Slow")]
public sealed class WalkTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    /// <summary>Where a client's number or field stands for who may see it: were it not found there, the walk would prove nothing.</summary>
    static readonly string[] Telling =
    [
        "GET /api/clients", "GET /api/clients/{id}", "GET /api/clients/{id}/timeline", "GET /api/clients/{id}/merges", "GET /api/clients/duplicates", "GET /api/clients/bin", "GET /api/clients/unconfirmed",
        "GET /api/clients/export", "GET /api/calls", "GET /api/calls/{id}", "GET /api/calls/{id}/timeline", "GET /api/calls/{id}/draft", "GET /api/calls/export", "GET /api/missed", "GET /api/blocks",
        "GET /api/wrap-ups/unfinished", "GET /api/imports", "GET /api/imports/{id}", "GET /api/admin/changes", "GET /api/recordings/{id}/transcript", "GET /api/recordings/{id}/transcript/text",
        "GET /api/missed/export", "GET /api/blocks/export", "GET /api/clients/unconfirmed/export", "GET /api/clients/duplicates/export", "GET /api/clients/bin/export", "GET /api/imports/export",
        "GET /api/admin/changes/export",
    ];

    /// <summary>Their answers are of the site's own things, or none; <see cref="Writes"/> does the others.</summary>
    static readonly string[] OfTheSite =
    [
        "/api/admin/", "/api/session", "/api/script", "/api/agents/", "/api/commands", "/api/imports", "/api/files", "/api/blocks/import", "/api/blocks/{id}", "/api/calls/{id}/end", "/api/calls/{id}/wrap-ups/",
        "/api/missed/{id}/done", "/api/clients/merges/", "/api/tasks", "/api/deals", "/api/seats/", "/api/web-forms/", "/api/recordings/", "/api/mails",
    ];

    readonly Guid lost = Guid.CreateVersion7();
    Story story = null!;

    public async Task InitializeAsync()
    {
        story = await Story.BeginAsync(host);
        await PlantAsync(host, story);
        await MissAsync(host, story, lost);
    }

    public async Task DisposeAsync() => await story.DisposeAsync();

    async Task<Guid[]> IdsAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return [Client, Company, Twin, Binned, Fresh, Call, lost, Unfinished, Vera, Recording, .. await database.QueryAsync<Guid>("select id from import_run union all select id from client_merge union all select number_id from missed_call where number_id is not null")];
    }

    async Task<Dictionary<string, HashSet<string>>> WalkAsync(string login)
    {
        await using var page = await host.SignInAsync(login);
        var (found, ids) = (new Dictionary<string, HashSet<string>>(), await IdsAsync());
        foreach (var endpoint in RightsTests.Matrix.Keys.Where(k => k.StartsWith("GET ", StringComparison.Ordinal)))
        {
            var path = endpoint[4..].Replace("{role}", "agent").Replace("{node}", "pbx").Replace("{version}", "1");
            var queries = new[] { "", "?query=Nora", "?query=%2B393475550123", "?query=347555", "?format=csv&query=", $"?kind=client&object={Client}" };
            foreach (var url in (path.Contains("{id}", StringComparison.Ordinal) ? ids.Select(i => path.Replace("{id}", i.ToString())) : [path]).SelectMany(p => queries.Select(q => p + q)))
            {
                using var answer = await page.Http.GetAsync(url);
                ((int)answer.StatusCode).Should().BeOneOf([200, 204, 400, 404, 409, 503], url);
                foreach (var what in Found(await answer.Content.ReadAsStringAsync())) (found.TryGetValue(endpoint, out var all) ? all : found[endpoint] = []).Add(what);
            }
        }

        return found;
    }

    [PostgresFact]
    public async Task Every_answer_tells_numbers_and_sensitive_fields_to_who_may_see_them_and_to_nobody_else()
    {
        var open = await WalkAsync("oleg");
        open.Keys.Should().Contain(Telling);
        open.Values.SelectMany(v => v).Distinct().Should().Contain([Digits, OtherDigits, .. Sensitive]);
        var veiled = await WalkAsync("vera");
        veiled.Select(v => $"{v.Key}: {string.Join(", ", v.Value)}").Should().BeEmpty();
    }

    [PostgresFact]
    public async Task Whoever_sees_numbers_but_no_sensitive_field_and_the_other_way_round_is_told_exactly_that()
    {
        await GrantAsync("client.numbers", true);
        var found = await WalkAsync("vera");
        found.Values.SelectMany(v => v).Distinct().Should().Contain([Digits, OtherDigits]);
        found.Select(f => $"{f.Key}: {string.Join(", ", f.Value.Intersect(Sensitive))}").Where(f => !f.EndsWith(": ", StringComparison.Ordinal)).Should().BeEmpty();
        await GrantAsync("client.numbers", false);
        await GrantAsync("client.sensitive", true);
        (await WalkAsync("vera")).Values.SelectMany(v => v).Distinct().Should().Contain(Sensitive).And.NotContain([Digits, OtherDigits, OtherDigits[1..]]);
        await GrantAsync("client.sensitive", false);
    }

    async Task GrantAsync(string right, bool has)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync((has ? "insert into role_right (role, right_code, scope) values ('veiled', @right, 'all')" : "delete from role_right where role = 'veiled' and right_code = @right") + "; update access_version set version = version + 1", new { right });
    }

    static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>As the page does it: what it read goes back.</summary>
    async Task<IReadOnlyList<(string Endpoint, string Body)>> WritesAsync(Page page, Guid row)
    {
        var answers = new List<(string, string)>();
        async Task<string> DoAsync(string endpoint, string url, string? json = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(endpoint.Split(' ')[0]), url);
            if (json is not null) request.Content = Json(json);
            using var answer = await page.Http.SendAsync(request);
            var body = await answer.Content.ReadAsStringAsync();
            ((int)answer.StatusCode).Should().BeOneOf([200, 204, 400, 409], $"{endpoint} {body}");
            answers.Add((endpoint, body));
            return body;
        }

        var card = await page.GetAsync($"api/clients/{Client}", ContractsJson.Default.ClientCardView);
        string Save(ClientSave save) => JsonSerializer.Serialize(save, ContractsJson.Default.ClientSave);
        await DoAsync("PUT /api/clients/{id}", $"api/clients/{Client}", Save(As(card)));
        await DoAsync("PUT /api/clients/{id}", $"api/clients/{Client}", Save(As(card))); // Of an older version: the newer card is in the conflict.
        await DoAsync("PUT /api/clients/{id}", $"api/clients/{Client}", Save(As(card) with { Kind = "x", Name = "", Phones = [new PhoneSave("+39 347 555", "", true)] }));
        await DoAsync("POST /api/clients", "api/clients", JsonSerializer.Serialize(new ClientCreate(Guid.CreateVersion7(), As(card) with { Name = "New one" }), ContractsJson.Default.ClientCreate));
        await DoAsync("POST /api/clients/duplicates/check", "api/clients/duplicates/check", JsonSerializer.Serialize(new DuplicateAsk(null, "Nora Nove", "", City, [Caller], [Mail], TaxId), ContractsJson.Default.DuplicateAsk));
        var fresh = await page.GetAsync($"api/clients/{Fresh}", ContractsJson.Default.ClientCardView);
        await DoAsync("POST /api/clients/{id}/hide", $"api/clients/{Fresh}/hide");
        await DoAsync("POST /api/clients/{id}/show", $"api/clients/{Fresh}/show");
        await DoAsync("POST /api/clients/{id}/confirm", $"api/clients/{Fresh}/confirm", $"{{\"version\":{fresh.Version}}}");
        await DoAsync("POST /api/clients/{id}/restore", $"api/clients/{Binned}/restore");
        var binned = await page.GetAsync($"api/clients/{Binned}", ContractsJson.Default.ClientCardView);
        await DoAsync("DELETE /api/clients/{id}", $"api/clients/{Binned}?version={binned.Version}");
        card = await page.GetAsync($"api/clients/{Client}", ContractsJson.Default.ClientCardView);
        var twin = await page.GetAsync($"api/clients/{Twin}", ContractsJson.Default.ClientCardView);
        await DoAsync("POST /api/clients/{id}/merge", $"api/clients/{Client}/merge",
            JsonSerializer.Serialize(new ClientMergeRequest(Guid.CreateVersion7(), Twin, card.Version, twin.Version, []), ContractsJson.Default.ClientMergeRequest));
        var merges = await page.GetAsync($"api/clients/{Client}/merges", ContractsJson.Default.IReadOnlyListClientMergeView);
        await DoAsync("POST /api/clients/merges/{id}/undo", $"api/clients/merges/{merges[0].Id}/undo");
        foreach (var different in (bool[])[true, false])
            await DoAsync("PUT /api/clients/duplicates/different", "api/clients/duplicates/different", JsonSerializer.Serialize(new DifferentSet(Client, Twin, different), ContractsJson.Default.DifferentSet));
        await DoAsync("POST /api/blocks", "api/blocks", JsonSerializer.Serialize(new BlockCreate(Guid.CreateVersion7(), card.Phones[0].E164, Seeds.Sales, "spam", Confirmed: true), ContractsJson.Default.BlockCreate));
        await DoAsync("POST /api/calls/{id}/spam", $"api/calls/{Unfinished}/spam", JsonSerializer.Serialize(new SpamMark(Guid.CreateVersion7(), true, false, Guid.Empty, true), ContractsJson.Default.SpamMark));
        await DoAsync("POST /api/missed/{id}/claim", $"api/missed/{row}/claim");
        await DoAsync("POST /api/missed/{id}/release", $"api/missed/{row}/release");
        await DoAsync("PUT /api/calls/{id}/draft/{field}", $"api/calls/{Unfinished}/draft/disposition", JsonSerializer.Serialize(new DraftWrite("sale", "p"), ContractsJson.Default.DraftWrite));
        await DoAsync("PUT /api/calls/{id}/wrap-up", $"api/calls/{Unfinished}/wrap-up", JsonSerializer.Serialize(new WrapUpSave("sale", "", "", false, "p", Guid.Empty), ContractsJson.Default.WrapUpSave));
        await DoAsync("POST /api/calls/{id}/wrap-up/proposal", $"api/calls/{Unfinished}/wrap-up/proposal");
        var note = Guid.CreateVersion7();
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into client_note (id, client_id, user_id, at, text) select @note, @Client, id, now(), 'A word of ' || @Number from app_user where login = 'vera'", new { note, Client, Number = "+39 347 555 0101" });
        await DoAsync("POST /api/clients/{id}/notes", $"api/clients/{Client}/notes", JsonSerializer.Serialize(new NoteNew(Guid.CreateVersion7(), "A word"), ContractsJson.Default.NoteNew));
        await DoAsync("DELETE /api/clients/{id}/notes/{note}", $"api/clients/{Client}/notes/{note}");
        var mail = Guid.CreateVersion7();
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into client_mail (id, client_id, message_id, direction, subject, sent_at, text, added_by, added_at) select @mail, @Client, 'own', 'in', 'Of ' || @Mail, now(), 'Ring ' || @Number, id, now() from app_user where login = 'vera'", new { mail, Client, Mail, Number = "+39 347 555 0101" });
        await DoAsync("POST /api/clients/{id}/mails", $"api/clients/{Client}/mails", "From: a@b.example");
        await DoAsync("DELETE /api/clients/{id}/mails/{mail}", $"api/clients/{Client}/mails/{mail}?version=1");
        await DoAsync("POST /api/clients/{id}/mails/{mail}/restore", $"api/clients/{Client}/mails/{mail}/restore");
        await DoAsync("PUT /api/clients/{id}/do-not-call", $"api/clients/{Client}/do-not-call", JsonSerializer.Serialize(new DoNotCallSet(true), ContractsJson.Default.DoNotCallSet));
        await DoAsync("PUT /api/clients/{id}/do-not-call", $"api/clients/{Client}/do-not-call", JsonSerializer.Serialize(new DoNotCallSet(false), ContractsJson.Default.DoNotCallSet));
        var deal = card.OpenDeals[0];
        var stage = JsonSerializer.Serialize(new DealMove(deal.Stage == "open" ? "negotiation" : "open", deal.Version), ContractsJson.Default.DealMove);
        await DoAsync("PUT /api/deals/{id}/stage", $"api/deals/{deal.Id}/stage", stage);
        return answers;
    }

    internal static ClientSave As(ClientCardView card) => new(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment, card.ResponsibleId,
        [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))], card.Version, null, card.Emails, card.TaxId, card.TimeZone ?? "", card.Address, card.Tags, card.Custom, card.CompanyId, card.Roles);

    [PostgresFact]
    public async Task Every_answer_to_a_change_is_veiled_too()
    {
        await using var page = await host.SignInAsync("vera");
        var rows = await page.GetAsync("api/missed", ContractsJson.Default.ListPageMissedRow);
        var answers = await WritesAsync(page, rows.Items.Single(r => r.ClientId == Client).Id);
        answers.SelectMany(a => Found(a.Body).Select(f => $"{a.Endpoint}: {f} in {a.Body}")).Should().BeEmpty();
        answers.Select(a => a.Body).Should().Contain(b => b.Contains("Nora", StringComparison.Ordinal)).And.Contain(b => b.Contains("edit_conflict", StringComparison.Ordinal));
        RightsTests.Matrix.Keys.Where(k => !k.StartsWith("GET ", StringComparison.Ordinal) && !Array.Exists(OfTheSite, s => k.Split(' ')[1].StartsWith(s, StringComparison.Ordinal)))
            .Should().BeSubsetOf(answers.Select(a => a.Endpoint), "a new endpoint needs a line above");
        // And what was not seen is still there.
        await using var oleg = await host.SignInAsync("oleg");
        var card = await oleg.GetAsync($"api/clients/{Client}", ContractsJson.Default.ClientCardView);
        card.Phones.Select(p => p.E164).Should().BeEquivalentTo(Caller, "+390255501234");
        card.Should().BeEquivalentTo(new { Name = "Nora Nove 347 555 0123", Email = Mail, City, Note = Note + " 347.555.0123", TaxId, Address, Unseen = (object?)null });
        card.Emails!.Single().Address.Should().Be("more." + Mail);
        card.Custom!.ToDictionary(c => c.Key, c => c.Value.GetString()).Should().BeEquivalentTo(new Dictionary<string, string> { ["secret"] = OwnText, ["plain"] = "or 02 5550 1234" });
    }

    [PostgresFact]
    public async Task The_live_feed_is_veiled_in_snapshots_and_in_all_that_follows()
    {
        await using var vera = await host.SignInAsync("vera");
        await using var oleg = await host.SignInAsync("oleg");
        var (desk, board) = (await vera.OpenAsync(), await oleg.OpenAsync());
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Vera, AgentState.Ready, "101", null), .. story.Arrives(call, Story.From(Caller), LookupOutcome.Known, Client, name: Digits), .. story.Offers(call, offer, Vera, "101", Client)]);
        var pop = (await desk.NextAsync<PopEvent>(e => e.Pop.OfferId == offer)).Pop;
        pop.Caller.Should().BeEquivalentTo(new { Number = "+39 ••• ••• 0123", Kind = "E164", Name = "+39 ••• ••• 0123" });
        pop.Caller.Dial.Should().StartWith("~");
        pop.Card!.Unseen.Should().Equal("address", "city", "custom.secret", "email", "note", "taxId");
        await board.NextAsync<BoardEvent>(e => e.Waiting.Any(w => w.CallId == call));
        await desk.NextAsync<BoardEvent>(e => e.Waiting.Any(w => w.CallId == call));
        await story.WriteAsync([.. story.Rings(call, offer, Vera, "101"), .. story.Answers(call, offer, Vera, "101")]);
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        using (var draft = await oleg.Http.PutAsync($"api/calls/{call}/draft/note", Json(JsonSerializer.Serialize(new DraftWrite("ring 347 555 0123", "p"), ContractsJson.Default.DraftWrite)))) draft.StatusCode.Should().Be(HttpStatusCode.OK);
        (await desk.NextAsync<DraftEvent>(e => e.CallId == call && e.Field.Field == $"note.{Oleg}")).Field.Value.Should().Be("ring +39 ••• ••• 0123");
        await story.WriteAsync(story.Say(new TransferChanged(TransferStep.Ringing, TransferKind.Blind, Vera, null, null, Caller, null) { Seq = 0, At = default }, call));
        (await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.Transfer is not null)).Call.Transfer!.Number.Should().Be("+39 ••• ••• 0123");
        await using (var again = await host.SignInAsync("vera"))
        {
            var snapshot = await again.OpenAsync();
            snapshot.Answer.Desk!.Call!.CallId.Should().Be(call);
            snapshot.Answer.Desk.Call.Draft.Single(d => d.Field == $"note.{Oleg}").Value.Should().Be("ring +39 ••• ••• 0123");
            Texts(snapshot).SelectMany(Found).Should().BeEmpty();
        }

        // One's own typing comes back as it was typed.
        using (var draft = await vera.Http.PutAsync($"api/calls/{call}/draft/next_step", Json(JsonSerializer.Serialize(new DraftWrite("ring +44 20 7946 0958", "p"), ContractsJson.Default.DraftWrite))))
            (await draft.Content.ReadFromJsonAsync(ContractsJson.Default.DraftFieldView))!.Value.Should().Be("ring +44 20 7946 0958");
        await story.WriteAsync(story.Ends(call, Vera, "101", Client));
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Ended");
        await story.WriteAsync(story.Agent(Vera, AgentState.Ready, "101", null));
        Texts(desk).SelectMany(Found).Should().BeEmpty();
        Texts(board).SelectMany(Found).Should().Contain(Digits, "who may see numbers sees them on the board");
    }

    static IEnumerable<string> Texts(LivePage page) => page.Messages.Select(m => JsonSerializer.Serialize(m, ContractsJson.Default.FeedMessage));

    [PostgresFact]
    public void The_hub_answers_nothing_but_messages_of_the_feed() =>
        typeof(LiveHub).GetMethods(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.DeclaredOnly)
            .Select(m => m.ReturnType).Should().OnlyContain(t => t == typeof(Task) || t == typeof(Task<ResumeAnswer>), "anything else would have to pass VeilJson as well");
}
