using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.CrmApi.Webhooks;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Tests.Webhooks;

[Trait("Category", "Slow")]
public sealed class WebhookTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public void The_signature_is_an_HMAC_over_second_and_body() =>
        WebhookSender.Sign("secret", 1_700_000_000, "{}").Should().Be("t=1700000000,v1=" + Hex("secret", "1700000000.{}"));

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(5, 80)]
    [InlineData(10, 2560)]
    [InlineData(11, 3600)]
    [InlineData(1000, 3600)]
    public void The_pause_between_attempts_doubles_up_to_an_hour(int attempts, int seconds) => WebhookSender.After(attempts).Should().Be(TimeSpan.FromSeconds(seconds));

    [PostgresFact]
    public async Task The_demos_webhook_is_off_and_its_secret_is_sealed_as_ours_are()
    {
        await using var database = Npgsql.NpgsqlDataSource.Create(await new PostgresFixture().NewDatabaseAsync());
        var protection = new EphemeralDataProtectionProvider();
        await CallFlow.Demo.DemoData.SeedIfEmptyAsync(database, new CallFlow.Demo.DemoOptions { Clients = 150, Days = 8, CallsPerDay = 30 }, TimeProvider.System, default, new CallFlow.Demo.DemoKeeps(null, protection));
        var store = new WebhookStore(database, protection, Options.Create(new RouterRoadOptions()), null!, TimeProvider.System);
        (await store.ListAsync(default)).Items.Should().ContainSingle().Which.Should().Match<WebhookSetup>(w => !w.Active && !w.Failing && w.Waiting == 0 && w.Events.All(WebhookEvents.All.Contains));
        await using var connection = await database.OpenConnectionAsync();
        store.Unseal((await connection.ExecuteScalarAsync<string>("select secret from webhook"))!).Should().HaveLength(64);
    }

    [PostgresFact]
    public async Task A_saved_and_a_removed_client_are_told_signed_with_the_secret_that_was_told_once()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, secret) = await MakeAsync(ada, receiver, WebhookEvents.ClientSaved, WebhookEvents.ClientRemoved);
        (await ada.GetAsync("api/admin/webhooks", ContractsJson.Default.WebhooksView)).Items.Should().Contain(w => w.Id == hook.Id);
        var id = Guid.CreateVersion7();
        using (var made = await ada.Http.PostAsJsonAsync("api/clients", new ClientCreate(id, new ClientSave("person", "Told Elsewhere", "", "", "", "", null, null, null, [], 0)), ContractsJson.Default.ClientCreate))
            made.StatusCode.Should().Be(HttpStatusCode.OK);
        var got = await receiver.NextAsync(m => m.Key == id.ToString());
        got.Message.Should().BeEquivalentTo(new { Event = WebhookEvents.ClientSaved, Client = new { Id = id, Name = "Told Elsewhere" } });
        got.Event.Should().Be(WebhookEvents.ClientSaved);
        got.Delivery.Should().Be(got.Message.Id.ToString());
        var parts = got.Signature.Split(',');
        parts[1].Should().Be("v1=" + Hex(secret!, $"{parts[0][2..]}.{got.Body}"));

        (await ada.Http.DeleteAsync($"api/clients/{id}?version={got.Message.Client!.Version}")).IsSuccessStatusCode.Should().BeTrue();
        (await receiver.NextAsync(m => m.Key == id.ToString() && m.Event == WebhookEvents.ClientRemoved)).Message.Client.Should().BeNull();
        var deliveries = await ada.GetAsync($"api/admin/webhooks/{hook.Id}/deliveries", ContractsJson.Default.ListPageWebhookDeliveryView);
        deliveries.Items.Should().Contain(d => d.Id == got.Message.Id && d.State == "delivered" && d.Status == 200);
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task What_a_web_form_brings_is_told_as_a_client_and_a_task()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.ClientSaved, WebhookEvents.TaskSaved);
        var form = new WebFormSetup("told", "Told", Seeds.Luca, null, [new("name", "name"), new("tel", "phone")], "fill_empty", "callback", null, "", 30, true, 0);
        using (var saved = await ada.Http.PutAsJsonAsync("api/admin/web-forms/told", form, ContractsJson.Default.WebFormSetup)) saved.EnsureSuccessStatusCode();
        await using var program = Page.OfKey(host.Address, (await Access.ApiKeyTests.MakeAsync(ada, Seeds.Ada, null, (CrmApi.Access.Rights.SubmitForms, "all"))).Secret);
        using var answer = await program.Http.PostAsync("api/web-forms/told", new StringContent("""{"name":"Nora Told","tel":"02 7654399"}""", System.Text.Encoding.UTF8, "application/json"));
        var taken = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.WebFormAnswer))!;

        var told = new List<WebhookMessage> { (await receiver.NextAsync(m => m.Event != WebhookEvents.Ping)).Message, (await receiver.NextAsync(m => m.Event != WebhookEvents.Ping)).Message };

        told.Single(m => m.Event == WebhookEvents.ClientSaved).Client.Should().BeEquivalentTo(new { Id = taken.ClientId, Name = "Nora Told", Source = "web form: Told" });
        told.Single(m => m.Event == WebhookEvents.TaskSaved).Key.Should().Be(taken.TaskId.ToString());
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task What_does_not_arrive_is_sent_again_under_the_same_id_and_holds_up_nobody_else()
    {
        await using var broken = await Receiver.StartAsync();
        await using var well = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (first, _) = await MakeAsync(ada, broken, WebhookEvents.ClientSaved);
        broken.Answer = HttpStatusCode.InternalServerError;
        await PostAsync(ada, $"api/admin/webhooks/{first.Id}/ping");
        var refused = await broken.NextAsync(m => m.Event == WebhookEvents.Ping);
        await Eventually.BeAsync(() => Hook(ada, first.Id).Failing, TimeSpan.FromSeconds(10), "the failure to be shown");
        (await DeliveriesAsync(ada, first.Id)).First().Should().BeEquivalentTo(new { State = "waiting", Attempts = 1, Status = 500 });

        var (second, _) = await MakeAsync(ada, well, WebhookEvents.ClientSaved);
        await PostAsync(ada, $"api/admin/webhooks/{second.Id}/ping");
        await well.NextAsync(m => m.Event == WebhookEvents.Ping);

        broken.Answer = HttpStatusCode.OK;
        await PostAsync(ada, $"api/admin/webhooks/{first.Id}/deliveries/{refused.Message.Id}/again");
        (await broken.NextAsync(m => m.Id == refused.Message.Id)).Body.Should().Be(refused.Body);
        await Eventually.BeAsync(() => !Hook(ada, first.Id).Failing, TimeSpan.FromSeconds(10), "all to be well");
        await RemoveAsync(ada, first.Id);
        await RemoveAsync(ada, second.Id);
    }

    [PostgresFact]
    public async Task A_deal_is_told_when_it_is_saved_moved_and_removed()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.DealSaved, WebhookEvents.DealMoved, WebhookEvents.DealRemoved);
        var id = Guid.CreateVersion7();
        using (await ada.Http.PostAsJsonAsync("api/deals", new DealCreate(id, Seeds.Bianchi, "order", "Told"), ContractsJson.Default.DealCreate)) { }
        (await receiver.NextAsync(m => m.Key == id.ToString())).Message.Should().BeEquivalentTo(new { Event = WebhookEvents.DealSaved, Deal = new { Id = id, Title = "Told", ClientName = "Giulia Bianchi" }, From = (string?)null });
        using (await ada.Http.PutAsJsonAsync($"api/deals/{id}/stage", new DealMove("negotiation", 1), ContractsJson.Default.DealMove)) { }
        (await receiver.NextAsync(m => m.Key == id.ToString() && m.Event == WebhookEvents.DealMoved)).Message.Should().BeEquivalentTo(new { From = "open", To = "negotiation", Deal = new { Stage = "negotiation" } });
        (await ada.Http.DeleteAsync($"api/deals/{id}?version=2")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await receiver.NextAsync(m => m.Key == id.ToString() && m.Event == WebhookEvents.DealRemoved)).Message.Deal.Should().BeNull();
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task A_task_is_told_when_it_is_saved_done_and_removed()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.TaskSaved, WebhookEvents.TaskDone, WebhookEvents.TaskRemoved);
        var id = Guid.CreateVersion7();
        using (await ada.Http.PostAsJsonAsync("api/tasks", new TaskCreate(id, "Told", Seeds.Then, ClientId: Seeds.Bianchi), ContractsJson.Default.TaskCreate)) { }
        (await receiver.NextAsync(m => m.Key == id.ToString())).Message.Should().BeEquivalentTo(new { Event = WebhookEvents.TaskSaved, Task = new { Id = id, Title = "Told", ClientName = "Giulia Bianchi" } });
        using (await ada.Http.PutAsJsonAsync($"api/tasks/{id}/done", new TaskDone(true), ContractsJson.Default.TaskDone)) { }
        (await receiver.NextAsync(m => m.Key == id.ToString() && m.Event == WebhookEvents.TaskDone)).Message.Task!.DoneAt.Should().NotBeNull();
        (await ada.Http.DeleteAsync($"api/tasks/{id}?version=2")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await receiver.NextAsync(m => m.Key == id.ToString() && m.Event == WebhookEvents.TaskRemoved)).Message.Task.Should().BeNull();
        await RemoveAsync(ada, hook.Id);
    }

    /// <summary>In whatever order they come.</summary>
    static async Task<Dictionary<string, WebhookMessage>> ToldAsync(Receiver receiver, params string[] events)
    {
        var told = new Dictionary<string, WebhookMessage>();
        while (told.Count < events.Length)
        {
            var one = (await receiver.NextAsync(_ => true)).Message;
            told.Add(one.Event, one);
        }

        told.Keys.Should().BeEquivalentTo(events);
        return told;
    }

    static async Task<HttpResponseMessage> SendAsync(Page page, string path, string body, string type)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8);
        content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue(type);
        return await page.Http.PostAsync(path, content);
    }

    [PostgresFact]
    public async Task A_file_is_told_when_it_is_added_renamed_deleted_and_brought_back()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.FileAdded, WebhookEvents.FileRenamed, WebhookEvents.FileRemoved, WebhookEvents.FileRestored);
        var id = Guid.CreateVersion7();
        using (await SendAsync(ada, $"api/files?id={id}&kind=deal&object={Seeds.RossiDeal}&name=plan.txt", "a plan", "application/octet-stream")) { }
        (await ToldAsync(receiver, WebhookEvents.FileAdded))[WebhookEvents.FileAdded].Should().BeEquivalentTo(new { Key = id.ToString(), File = new { Id = id, Name = "plan.txt", ObjectKind = "deal", ObjectId = Seeds.RossiDeal, UploadedBy = "Ada Admin", MayDelete = false } });
        using (await ada.Http.PutAsJsonAsync($"api/files/{id}", new FileSave("plan of a house.txt", 1), ContractsJson.Default.FileSave)) { }
        (await ToldAsync(receiver, WebhookEvents.FileRenamed))[WebhookEvents.FileRenamed].File!.Name.Should().Be("plan of a house.txt");
        using (await ada.Http.PutAsJsonAsync($"api/files/{id}", new FileSave("lost.txt", 1), ContractsJson.Default.FileSave)) { } // Refused: nothing to tell.
        (await ada.Http.DeleteAsync($"api/files/{id}?version=2")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ToldAsync(receiver, WebhookEvents.FileRemoved))[WebhookEvents.FileRemoved].Should().BeEquivalentTo(new { Key = id.ToString(), File = (FileView?)null });
        await PostAsync(ada, $"api/files/{id}/restore");
        await PostAsync(ada, $"api/files/{id}/restore");
        (await ToldAsync(receiver, WebhookEvents.FileRestored))[WebhookEvents.FileRestored].File!.Version.Should().Be(4);
        await Task.Delay(1500);
        receiver.Got.Should().BeEmpty("once for each change");
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task A_mail_is_told_with_its_files_when_it_is_put_there_taken_off_and_brought_back()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.MailAdded, WebhookEvents.MailRemoved, WebhookEvents.MailRestored, WebhookEvents.FileAdded, WebhookEvents.FileRemoved, WebhookEvents.FileRestored);
        const string Mail = "From: Mario <mario@rossi.example>\r\nTo: us@example.org\r\nSubject: The offer\r\nMessage-ID: <told@rossi.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + "--b\r\nContent-Type: text/plain\r\n\r\nSend it.\r\n--b\r\nContent-Type: text/plain; name=\"prices.txt\"\r\nContent-Disposition: attachment; filename=\"prices.txt\"\r\n\r\n12\r\n--b--\r\n";
        MailTaken taken;
        using (var put = await SendAsync(ada, $"api/clients/{Seeds.Rossi}/mails", Mail, "message/rfc822")) taken = (await put.Content.ReadFromJsonAsync(ContractsJson.Default.MailTaken))!;
        var added = await ToldAsync(receiver, WebhookEvents.MailAdded, WebhookEvents.FileAdded);
        added[WebhookEvents.MailAdded].Should().BeEquivalentTo(new { Key = taken.Id.ToString(), Mail = new { taken.Id, ClientId = Seeds.Rossi, ClientName = "Mario Rossi", Subject = "The offer", Text = "Send it.", From = "mario@rossi.example", Version = 1 } });
        added[WebhookEvents.FileAdded].File!.Name.Should().Be("prices.txt");
        using (await SendAsync(ada, $"api/clients/{Seeds.Rossi}/mails", Mail, "message/rfc822")) { } // There already: nothing to tell.
        (await ada.Http.DeleteAsync($"api/clients/{Seeds.Rossi}/mails/{taken.Id}?version=1")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ToldAsync(receiver, WebhookEvents.MailRemoved, WebhookEvents.FileRemoved))[WebhookEvents.MailRemoved].Should().BeEquivalentTo(new { Key = taken.Id.ToString(), Mail = (MailRowView?)null });
        await PostAsync(ada, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore");
        (await ToldAsync(receiver, WebhookEvents.MailRestored, WebhookEvents.FileRestored))[WebhookEvents.MailRestored].Mail!.Version.Should().Be(3);
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task A_note_is_told_when_it_is_written_and_when_it_is_taken_back()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.NoteAdded, WebhookEvents.NoteRemoved);
        var id = Guid.CreateVersion7();
        for (var times = 0; times < 2; times++)
            using (await ada.Http.PostAsJsonAsync($"api/clients/{Seeds.Bianchi}/notes", new NoteNew(id, "Rings after four"), ContractsJson.Default.NoteNew)) { }
        (await ToldAsync(receiver, WebhookEvents.NoteAdded))[WebhookEvents.NoteAdded].Should().BeEquivalentTo(new { Key = id.ToString(), Note = new { Id = id, ClientId = Seeds.Bianchi, By = "Ada Admin", Text = "Rings after four" } });
        for (var times = 0; times < 2; times++) (await ada.Http.DeleteAsync($"api/clients/{Seeds.Bianchi}/notes/{id}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ToldAsync(receiver, WebhookEvents.NoteRemoved))[WebhookEvents.NoteRemoved].Should().BeEquivalentTo(new { Key = id.ToString(), Note = (NoteTold?)null });
        await Task.Delay(1500);
        receiver.Got.Should().BeEmpty("twice is as once");
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task A_merge_is_told_with_both_cards_and_so_is_its_undoing()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.ClientMerged, WebhookEvents.ClientUnmerged);
        async Task<int> VersionAsync(Guid id) => (await ada.GetAsync($"api/clients/{id}", ContractsJson.Default.ClientCardView)).Version;
        var merge = new ClientMergeRequest(Guid.CreateVersion7(), Seeds.Twin2, await VersionAsync(Seeds.Twin1), await VersionAsync(Seeds.Twin2), ["city"]);
        using (var late = await ada.Http.PostAsJsonAsync($"api/clients/{Seeds.Twin1}/merge", merge with { Id = Guid.CreateVersion7(), Version = 99 }, ContractsJson.Default.ClientMergeRequest)) late.StatusCode.Should().Be(HttpStatusCode.Conflict);
        using (var made = await ada.Http.PostAsJsonAsync($"api/clients/{Seeds.Twin1}/merge", merge, ContractsJson.Default.ClientMergeRequest)) made.StatusCode.Should().Be(HttpStatusCode.OK);
        var told = (await ToldAsync(receiver, WebhookEvents.ClientMerged))[WebhookEvents.ClientMerged];
        told.Should().BeEquivalentTo(new { Key = merge.Id.ToString(), Merge = new { merge.Id, WinnerId = Seeds.Twin1, LoserId = Seeds.Twin2, By = "Ada Admin", Taken = new[] { "city" }, UndoneAt = (DateTimeOffset?)null } });
        (await ada.Http.PostAsync($"api/clients/merges/{merge.Id}/undo", null)).StatusCode.Should().Be(HttpStatusCode.OK);
        (await ToldAsync(receiver, WebhookEvents.ClientUnmerged))[WebhookEvents.ClientUnmerged].Merge.Should().BeEquivalentTo(new { merge.Id, UndoneBy = "Ada Admin", Kept = Array.Empty<string>() });
        (await ada.Http.PostAsync($"api/clients/merges/{merge.Id}/undo", null)).StatusCode.Should().Be(HttpStatusCode.Conflict);
        await Task.Delay(1500);
        receiver.Got.Should().BeEmpty("what was refused is not told");
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task A_call_is_told_from_its_beginning_to_its_end()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.CallStarted, WebhookEvents.CallAnswered, WebhookEvents.CallEnded);
        await using var story = await Story.BeginAsync(host);
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync(story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi));
        await story.WriteAsync(story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi));
        (await receiver.NextAsync(m => m.Key == call.ToString() && m.Event == WebhookEvents.CallStarted)).Message.Call!.Id.Should().Be(call);
        await story.WriteAsync(story.Answers(call, offer, Seeds.Anna, "101"));
        (await receiver.NextAsync(m => m.Key == call.ToString() && m.Event == WebhookEvents.CallAnswered)).Message.Call!.AgentName.Should().Be("Anna Verdi");
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        (await receiver.NextAsync(m => m.Key == call.ToString() && m.Event == WebhookEvents.CallEnded)).Message.Call!.Outcome.Should().Be("Answered");
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresFact]
    public async Task What_was_to_be_told_when_the_host_ended_is_told_by_the_next()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = HttpStatusCode.ServiceUnavailable;
        Guid hook;
        await using (var ada = await host.SignInAsync("ada"))
        {
            hook = (await MakeAsync(ada, receiver, WebhookEvents.ClientSaved)).Hook.Id;
            await PostAsync(ada, $"api/admin/webhooks/{hook}/ping");
            await receiver.NextAsync(m => m.Event == WebhookEvents.Ping);
        }

        await host.RestartAsync();
        receiver.Answer = HttpStatusCode.OK;
        await using var again = await host.SignInAsync("ada");
        await Eventually.BeAsync(() => DeliveriesAsync(again, hook).GetAwaiter().GetResult().All(d => d.State == "delivered"), TimeSpan.FromSeconds(20), "the delivery to arrive by itself");
        await RemoveAsync(again, hook);
    }

    [PostgresFact]
    public async Task One_that_is_switched_off_is_told_nothing_and_after_a_day_a_delivery_is_given_up()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.ClientSaved);
        var off = await SaveAsync(ada, hook with { Active = false });
        off.Secret.Should().BeNull();
        await PostAsync(ada, $"api/admin/webhooks/{hook.Id}/ping");
        // Some rounds of the sender go by.
        await Task.Delay(1500);
        receiver.Got.Should().BeEmpty();
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("update webhook_delivery set created_at = now() - interval '25 hours' where webhook_id = @Id and next_at is not null", new { hook.Id });
        receiver.Answer = HttpStatusCode.NotFound;
        await SaveAsync(ada, off.Webhook with { Active = true });
        await receiver.NextAsync(m => m.Event == WebhookEvents.Ping);
        await Eventually.BeAsync(() => DeliveriesAsync(ada, hook.Id).GetAwaiter().GetResult().Any(d => d.State == "given_up"), TimeSpan.FromSeconds(10), "it to be given up");
        var renewed = await ada.Http.PostAsync($"api/admin/webhooks/{hook.Id}/secret", null);
        (await renewed.Content.ReadFromJsonAsync(ContractsJson.Default.WebhookSaved))!.Secret.Should().HaveLength(64);
        await RemoveAsync(ada, hook.Id);
    }

    [PostgresTheory]
    [InlineData("ftp://example.org", "client.saved", "url")]
    [InlineData("http://user:secret@example.org/", "client.saved", "url")]
    [InlineData("not an address", "client.saved", "url")]
    [InlineData("https://example.org/hook", "client.eaten", "events")]
    [InlineData("https://example.org/hook", "", "events")]
    public async Task Bad_input_names_the_field(string url, string @event, string field)
    {
        await using var ada = await host.SignInAsync("ada");
        var id = Guid.CreateVersion7();
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, $"api/admin/webhooks/{id}", JsonSerializer.Serialize(new WebhookSetup(id, url, @event.Length == 0 ? [] : [@event], true, 0), ContractsJson.Default.WebhookSetup));
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors.Should().ContainKey(field);
    }

    [PostgresFact]
    public async Task Two_who_change_one_are_told()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var ada = await host.SignInAsync("ada");
        var (hook, _) = await MakeAsync(ada, receiver, WebhookEvents.ClientSaved);
        await SaveAsync(ada, hook with { Events = [WebhookEvents.CallEnded] });
        using var late = await ada.Http.PutAsJsonAsync($"api/admin/webhooks/{hook.Id}", hook with { Active = false }, ContractsJson.Default.WebhookSetup);
        late.StatusCode.Should().Be(HttpStatusCode.Conflict);
        await RemoveAsync(ada, hook.Id);
    }

    static string Hex(string secret, string text) => Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(System.Text.Encoding.UTF8.GetBytes(secret), System.Text.Encoding.UTF8.GetBytes(text)));

    static async Task<(WebhookSetup Hook, string? Secret)> MakeAsync(Page page, Receiver receiver, params string[] events)
    {
        var saved = await SaveAsync(page, new WebhookSetup(Guid.CreateVersion7(), receiver.Address, events, true, 0));
        saved.Secret.Should().HaveLength(64);
        await receiver.ReadyAsync(page, saved.Webhook.Id);
        return (saved.Webhook, saved.Secret);
    }

    static async Task<WebhookSaved> SaveAsync(Page page, WebhookSetup setup)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/admin/webhooks/{setup.Id}", setup, ContractsJson.Default.WebhookSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.WebhookSaved))!;
    }

    static async Task PostAsync(Page page, string path) => (await page.Http.PostAsync(path, null)).StatusCode.Should().Be(HttpStatusCode.NoContent);

    static WebhookSetup Hook(Page page, Guid id) => page.GetAsync("api/admin/webhooks", ContractsJson.Default.WebhooksView).GetAwaiter().GetResult().Items.Single(w => w.Id == id);

    static async Task<IReadOnlyList<WebhookDeliveryView>> DeliveriesAsync(Page page, Guid id) => (await page.GetAsync($"api/admin/webhooks/{id}/deliveries", ContractsJson.Default.ListPageWebhookDeliveryView)).Items;

    static async Task RemoveAsync(Page page, Guid id) => (await page.Http.DeleteAsync($"api/admin/webhooks/{id}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
}
