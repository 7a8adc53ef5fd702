using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.WebForms;

/// <summary>What the site's server hands in: found or made, once, told where it belongs.</summary>
[Trait("Category", "Slow")]
public sealed class WebFormTests(ApiHost host) : IClassFixture<ApiHost>
{
    static WebFormSetup Form(string code, string makes = "callback") => new(code, "Contact " + code, Seeds.Luca, null, [new("your-name", "name"), new("tel", "phone"), new("mail", "email"), new("place", "city")],
        "fill_empty", makes, makes == "deal" ? "order" : null, "", 30, true, 0);

    async Task<Page> ProgramAsync(params (string Right, string Scope)[] rights)
    {
        await using var ada = await host.SignInAsync("ada");
        return Page.OfKey(host.Address, (await ApiKeyTests.MakeAsync(ada, Seeds.Ada, null, rights.Length > 0 ? rights : [(Rights.SubmitForms, "all")])).Secret);
    }

    async Task SetUpAsync(WebFormSetup form)
    {
        await using var ada = await host.SignInAsync("ada");
        using var answer = await ada.Http.PutAsJsonAsync($"api/admin/web-forms/{form.Code}", form, ContractsJson.Default.WebFormSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(Page program, string form, string json, string? once = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/web-forms/{form}") { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        if (once is not null) request.Headers.Add("Idempotency-Key", once);
        using var answer = await program.Http.SendAsync(request);
        return (answer.StatusCode, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement);
    }

    static async Task<WebFormAnswer> TakenAsync(Page program, string form, string json, string? once = null)
    {
        var (status, body) = await SendAsync(program, form, json, once);
        status.Should().Be(HttpStatusCode.OK, body.ToString());
        return body.Deserialize(ContractsJson.Default.WebFormAnswer)!;
    }

    [PostgresFact]
    public async Task A_stranger_becomes_a_card_with_its_source_a_callback_and_a_line_in_the_timeline()
    {
        await SetUpAsync(Form("new"));
        await using var program = await ProgramAsync();
        var taken = await TakenAsync(program, "new", """{"your-name":"Nora Nuova","tel":"02 7654321","place":"Lodi","topic":"boiler","Message":"Call me\nsoon","empty":""}""");
        taken.Created.Should().BeTrue();
        await using var sara = await host.SignInAsync("sara");
        var card = await sara.GetAsync($"api/clients/{taken.ClientId}", ContractsJson.Default.ClientCardView);
        card.Should().BeEquivalentTo(new { Name = "Nora Nuova", City = "Lodi", Source = "web form: Contact new", ResponsibleId = (Guid?)Seeds.Luca, Confirmed = true });
        card.Phones.Single().E164.Should().Be("+39027654321");
        var task = await sara.GetAsync($"api/tasks/{taken.TaskId}", ContractsJson.Default.TaskView);
        task.Should().BeEquivalentTo(new { Kind = "callback", Title = "Contact new", UserId = Seeds.Luca, ClientId = (Guid?)taken.ClientId });
        (task.DueAt - TimeProvider.System.GetUtcNow()).Should().BeCloseTo(TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(1));
        var items = (await sara.GetAsync($"api/clients/{taken.ClientId}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items;
        items.Single(i => i.Kind == "web_form").Should().BeEquivalentTo(new { Title = "Contact new", Text = "topic: boiler\nMessage: Call me\nsoon" });
        (await sara.GetAsync("api/clients?source=web%20form%3A%20Contact%20new", ContractsJson.Default.ListPageClientRow)).Items.Single().Id.Should().Be(taken.ClientId);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(string Who, string Key)>("select u.name, k.name from audit a join app_user u on u.id = a.user_id join api_key k on k.id = a.key_id where a.action = 'web_form.submitted' and a.object_id = @id", new { id = taken.ClientId.ToString() }))
            .Should().Be(("Ada Admin", "Site"));
        // What webhooks are told by.
        (await database.QueryAsync<string>("select kind from change where key = any(@keys)", new { keys = new[] { taken.ClientId.ToString(), taken.TaskId.ToString()! } })).Should().Contain(["client", "task"]);
    }

    [PostgresFact]
    public async Task Who_is_known_by_number_or_mail_keeps_what_stands_on_the_card_and_goes_to_who_knows_them()
    {
        await SetUpAsync(Form("known", "task"));
        await using var program = await ProgramAsync();
        var taken = await TakenAsync(program, "known", """{"your-name":"Somebody Else","tel":"+39 02 12345678","mail":"rossi@known.example","place":"Napoli"}""");
        taken.Should().BeEquivalentTo(new { ClientId = Seeds.Rossi, Created = false });
        await using var sara = await host.SignInAsync("sara");
        var card = await sara.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView);
        card.Should().BeEquivalentTo(new { Name = "Mario Rossi", City = "Milano", Source = "web", Email = "rossi@known.example" }, "only what was empty is filled");
        (await sara.GetAsync($"api/tasks/{taken.TaskId}", ContractsJson.Default.TaskView)).UserId.Should().Be(Seeds.Anna, "she is responsible for the client");
        var again = await TakenAsync(program, "known", """{"mail":"ROSSI@known.example"}""");
        again.ClientId.Should().Be(Seeds.Rossi);
    }

    [PostgresFact]
    public async Task The_same_key_makes_nothing_again_and_with_another_body_it_is_refused()
    {
        await SetUpAsync(Form("once", "deal"));
        await using var program = await ProgramAsync();
        const string Body = """{"your-name":"Ida Una","tel":"+39 02 5554443"}""";
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TakenAsync(program, "once", Body, "k-1")));
        answers.Distinct().Should().ContainSingle();
        answers[0].DealId.Should().NotBeNull();
        (await TakenAsync(program, "once", """{"tel":"+39 02 5554443","your-name":"Ida Una"}""", "k-1")).Should().Be(answers[0], "the order of the fields means nothing");
        var (status, body) = await SendAsync(program, "once", """{"your-name":"Other","tel":"+39 02 5554443"}""", "k-1");
        (status, body.GetProperty("errorId").GetString()).Should().Be((HttpStatusCode.Conflict, "key_used"));
        (await TakenAsync(program, "once", Body, "k-2")).Should().BeEquivalentTo(new { answers[0].ClientId, Created = false });
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from deal where client_id = @ClientId", new { answers[0].ClientId })).Should().Be(2);
        await using var sara = await host.SignInAsync("sara");
        (await sara.GetAsync($"api/deals/{answers[0].DealId}", ContractsJson.Default.DealDetailView)).Should().BeEquivalentTo(new { DealType = "order", Stage = "open", Title = "Contact once", ResponsibleId = (Guid?)Seeds.Luca });
    }

    [PostgresFact]
    public async Task Of_a_queue_whoever_has_the_fewest_open_tasks_gets_it()
    {
        await SetUpAsync(Form("queue", "task") with { ResponsibleId = null, QueueId = Seeds.Support });
        await using var program = await ProgramAsync();
        var taken = await TakenAsync(program, "queue", """{"mail":"somebody@queue.example"}""");
        await using var mila = await host.SignInAsync("mila");
        (await mila.GetAsync($"api/tasks/{taken.TaskId}", ContractsJson.Default.TaskView)).UserId.Should().Be(Seeds.Mila);
        (await mila.GetAsync($"api/clients/{taken.ClientId}", ContractsJson.Default.ClientCardView)).Name.Should().Be("somebody@queue.example", "who gives no name is called by what they give");
    }

    [PostgresTheory]
    [InlineData("""{"your-name":"Nobody"}""", "mail,tel", "number or a mail")]
    [InlineData("""{"tel":"12"}""", "tel", "telephone number")]
    [InlineData("""{"mail":"no mail"}""", "mail", "address")]
    [InlineData("{}", "body", "1 to 100")]
    public async Task What_is_wrong_is_named_as_the_form_names_it_and_nothing_is_made(string json, string fields, string expected)
    {
        await SetUpAsync(Form("wrong") with { Version = (await VersionAsync("wrong")) });
        await using var program = await ProgramAsync();
        var (status, body) = await SendAsync(program, "wrong", json);
        status.Should().Be(HttpStatusCode.BadRequest);
        string.Join(',', body.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal)).Should().Be(fields);
        body.GetProperty("errors").EnumerateObject().First().Value[0].GetString().Should().Contain(expected);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from web_form_submission where form = 'wrong'")).Should().Be(0);
    }

    async Task<int> VersionAsync(string code)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<int>("select coalesce(max(version), 0) from web_form where code = @code", new { code });
    }

    [PostgresFact]
    public async Task A_key_for_forms_opens_nothing_else_and_without_the_right_no_form_takes_anything()
    {
        await SetUpAsync(Form("least"));
        await using var program = await ProgramAsync();
        var taken = await TakenAsync(program, "least", """{"tel":"+39 02 9998887"}""");
        foreach (var path in new[] { $"api/clients/{taken.ClientId}", "api/clients", "api/calls", "api/deals", "api/tasks", "api/catalog", "api/admin/web-forms", "api/session" })
            (await program.Http.GetAsync(path)).StatusCode.Should().Be(HttpStatusCode.Forbidden, path);
        await using var other = await ProgramAsync((Rights.WorkWithClients, "all"));
        (await SendAsync(other, "least", """{"tel":"+39 02 9998887"}""")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await SendAsync(program, "none", """{"tel":"+39 02 9998887"}""")).Status.Should().Be(HttpStatusCode.NotFound);
        await SetUpAsync(Form("least") with { Active = false, Version = 1 });
        (await SendAsync(program, "least", """{"tel":"+39 02 9998887"}""")).Status.Should().Be(HttpStatusCode.NotFound, "it is switched off");
    }

    [PostgresTheory]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"makes":"coffee"}""", "makes")]
    [InlineData("""{"makes":"deal"}""", "dealType")]
    [InlineData("""{"dealType":"order"}""", "dealType")]
    [InlineData("""{"duplicates":"overwrite"}""", "duplicates")]
    [InlineData("""{"due_min":-1}""", "due_min")]
    [InlineData("""{"responsibleId":"00000000-0000-7000-8000-000000000007"}""", "responsibleId")]
    [InlineData("""{"responsibleId":null}""", "responsibleId")]
    [InlineData("""{"queueId":"00000000-0000-7000-8000-000000000007"}""", "queueId")]
    [InlineData("""{"fields":[]}""", "fields")]
    [InlineData("""{"fields":[{"name":"a","to":"phone"},{"name":"a","to":"email"}]}""", "fields")]
    [InlineData("""{"fields":[{"name":"a","to":"phone"},{"name":"b","to":"custom.none"}]}""", "fields")]
    public async Task A_form_that_cannot_be_names_what_is_wrong(string change, string field)
    {
        await using var ada = await host.SignInAsync("ada");
        var json = JsonSerializer.SerializeToNode(Form("bad"), ContractsJson.Default.WebFormSetup)!.AsObject();
        foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse(change)!.AsObject()) json[name] = value?.DeepClone();
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/web-forms/bad", json.ToJsonString());
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
    }

    [PostgresFact]
    public async Task Two_who_change_a_form_do_not_overwrite_each_other_and_what_it_made_outlives_it()
    {
        await SetUpAsync(Form("edit"));
        await SetUpAsync(Form("edit") with { Name = "Changed", Version = 1 });
        await using var ada = await host.SignInAsync("ada");
        using (var late = await ada.Http.PutAsJsonAsync("api/admin/web-forms/edit", Form("edit") with { Version = 1 }, ContractsJson.Default.WebFormSetup)) late.StatusCode.Should().Be(HttpStatusCode.Conflict);
        await using var program = await ProgramAsync();
        var taken = await TakenAsync(program, "edit", """{"tel":"+39 02 7776665"}""");
        (await ada.GetAsync("api/admin/web-forms", ContractsJson.Default.WebFormsView)).Items.Single(f => f.Code == "edit").Should().BeEquivalentTo(new { Name = "Changed", Submissions = 1 });
        using (var gone = await ada.Http.DeleteAsync("api/admin/web-forms/edit")) gone.StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ada.Http.DeleteAsync("api/admin/web-forms/edit")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await ada.GetAsync($"api/clients/{taken.ClientId}", ContractsJson.Default.ClientCardView)).Source.Should().Be("web form: Changed");
    }
}
