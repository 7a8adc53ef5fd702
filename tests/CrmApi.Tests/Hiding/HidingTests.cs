using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using static CallCrm.CrmApi.Tests.Hiding.HidingHost;

namespace CallCrm.CrmApi.Tests.Hiding;

[Trait("Category", "Slow")]
public sealed class HidingTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    readonly Guid lost = Guid.CreateVersion7();
    Story story = null!;

    public async Task InitializeAsync()
    {
        story = await Story.BeginAsync(host);
        await PlantAsync(host, story);
        await MissAsync(host, story, lost);
    }

    public async Task DisposeAsync() => await story.DisposeAsync();

    static Task<ClientCardView> CardAsync(Page page, Guid? client = null) => page.GetAsync($"api/clients/{client ?? Client}", ContractsJson.Default.ClientCardView);

    static async Task<ClientCardView> SaveAsync(Page page, ClientSave save)
    {
        using var answer = await page.Http.PutAsJsonAsync($"api/clients/{Client}", save, ContractsJson.Default.ClientSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!;
    }

    [PostgresTheory]
    [InlineData("+39 347 555 0123", "+39 ••• ••• 0123")]
    [InlineData("347 5550123", "+39 ••• ••• 0123")]
    [InlineData("call 0039 347 555 0123 or +44 20 7946 0958.", "call +39 ••• ••• 0123 or +44 ••• ••• 0958.")]
    [InlineData("PJSIP/3475550123@trunk-00000012", "PJSIP/+39 ••• ••• 0123@trunk-00000012")]
    [InlineData("99887766554433221", "••• ••• 21")]
    [InlineData("110", "110")]
    [InlineData("on 2026-11-28 at 10:30, room 12, 4 × 1250.00", "on 2026-11-28 at 10:30, room 12, 4 × 1250.00")]
    [InlineData("+39 02 3333 4444", "+39 02 3333 4444")]
    [InlineData("0233334444", "0233334444")]
    [InlineData("00000000-0000-7000-8000-000000000041", "00000000-0000-7000-8000-000000000041")]
    public void A_number_in_a_text_is_masked_and_put_back_but_not_an_extension_a_day_or_the_sites_own(string text, string masked)
    {
        var mask = host.Services.GetRequiredService<NumberMask>();
        mask.Text(text).Should().Be(masked);
        mask.Text(masked).Should().Be(masked);
        mask.Restore(masked, text).Should().Be(text);
        mask.Restore("new words, " + masked + " and more", text).Should().Be("new words, " + text + " and more");
    }

    [PostgresTheory]
    [InlineData("~")]
    [InlineData("~AAAA")]
    [InlineData("~AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("~not base64 at all")]
    [InlineData("+390212345678")]
    public void What_is_no_handle_of_ours_stays_as_it_is(string text) => host.Services.GetRequiredService<NumberHandles>().Open(text).Should().Be(text);

    [PostgresFact]
    public async Task An_agent_calls_blocks_and_looks_for_duplicates_by_a_number_they_cannot_read()
    {
        await using var vera = await host.SignInAsync("vera");
        var phone = (await CardAsync(vera)).Phones.Single(p => p.IsMain);
        phone.Display.Should().Be("+39 ••• ••• 0123");
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        foreach (var dial in new[] { phone.E164, (await vera.GetAsync("api/calls", ContractsJson.Default.ListPageCallRow)).Items.First(c => c.ClientId == Client).Caller.Dial! })
        {
            var id = Guid.CreateVersion7();
            using var answer = await vera.Http.PostAsJsonAsync("api/commands", new CommandRequest(id, "dial", ClientId: Client, Number: dial), ContractsJson.Default.CommandRequest);
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
            host.Router.Commands.Single(c => c.Id == id).Command.E164.Should().Be(Caller);
        }

        using var found = await vera.Http.PostAsJsonAsync("api/clients/duplicates/check", new DuplicateAsk(Client, "", "", "", [phone.E164], [], ""), ContractsJson.Default.DuplicateAsk);
        (await found.Content.ReadFromJsonAsync(ContractsJson.Default.IReadOnlyListDuplicateView))!.Should().Contain(d => d.Id == Twin && d.Reasons.Contains("phone"));
        var (status, problem) = await vera.ProblemAsync(HttpMethod.Put, $"api/clients/{Client}",
            JsonSerializer.Serialize(WalkTests.As(await CardAsync(vera)) with { Phones = [new PhoneSave("~forged", "", true)] }, ContractsJson.Default.ClientSave));
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors.Should().ContainKey("phones[0].number");
    }

    [PostgresFact]
    public async Task Saving_keeps_what_was_not_seen_and_takes_what_is_new()
    {
        await using var vera = await host.SignInAsync("vera");
        await using var oleg = await host.SignInAsync("oleg");
        var before = await CardAsync(oleg);
        var read = await CardAsync(vera);
        (read.Email, read.Emails, read.TaxId, read.Address, read.City, read.Note).Should().Be(("", null, "", "", "", ""));
        read.Custom!.Keys.Should().Equal("plain");
        var save = WalkTests.As(read) with
        {
            Name = read.Name + " of Milan",
            Email = "guess@example.com",
            TaxId = "X",
            Note = "overwritten?",
            Custom = new Dictionary<string, JsonElement> { ["secret"] = JsonSerializer.SerializeToElement("overwritten?", ContractsJson.Default.String) },
            Phones = [.. read.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain)), new PhoneSave("+44 20 7946 0958", "new", false)],
        };
        var saved = await SaveAsync(vera, save);
        saved.Phones.Select(p => p.Display).Should().BeEquivalentTo("+39 ••• ••• 0123", "+39 ••• ••• 1234", "+44 ••• ••• 0958");
        var after = await CardAsync(oleg);
        after.Phones.Select(p => p.E164).Should().BeEquivalentTo([.. before.Phones.Select(p => p.E164), "+442079460958"]);
        after.Phones.Single(p => p.E164 == Caller).Should().BeEquivalentTo(new { Label = "home", IsMain = true });
        after.Name.Should().Be(before.Name + " of Milan");
        after.Should().BeEquivalentTo(new { before.Email, before.TaxId, before.Note, before.City, before.Address });
        after.Custom!["secret"].GetString().Should().Be(OwnText);
        // A number taken out is out, also by who cannot read it.
        await SaveAsync(vera, WalkTests.As(saved) with { Name = before.Name == read.Name ? before.Name : read.Name, Phones = [.. saved.Phones.Where(p => p.Display != "+44 ••• ••• 0958").Select(p => new PhoneSave(p.E164, p.Label, p.IsMain))] });
        (await CardAsync(oleg)).Phones.Should().HaveCount(2);
    }

    [PostgresFact]
    public async Task A_number_one_cannot_see_is_found_whole_and_not_by_parts_and_a_field_not_at_all()
    {
        await using var vera = await host.SignInAsync("vera");
        await using var oleg = await host.SignInAsync("oleg");
        async Task<bool> FindsAsync(Page page, string query) => (await page.GetAsync($"api/clients?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageClientRow)).Items.Any(c => c.Id == Twin);
        async Task<bool> FindsCallAsync(Page page, string query) => (await page.GetAsync($"api/calls?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageCallRow)).Items.Any(c => c.Id == lost);
        foreach (var whole in new[] { "347 555 0123", Caller }) (await FindsAsync(vera, whole), await FindsCallAsync(vera, whole)).Should().Be((true, true), whole);
        foreach (var part in new[] { "3475550", "5550123", "34755501" })
        {
            (await FindsAsync(oleg, part), await FindsCallAsync(oleg, part)).Should().Be((true, true), part);
            (await FindsAsync(vera, part), await FindsCallAsync(vera, part)).Should().Be((false, false), part);
        }

        foreach (var hidden in new[] { Mail, "secret.mail", TaxId, "Nascosta" })
        {
            (await FindsAsync(oleg, hidden)).Should().BeTrue(hidden);
            (await FindsAsync(vera, hidden)).Should().BeFalse(hidden);
        }

        (await FindsAsync(vera, "Nora Nove")).Should().BeTrue();
        foreach (var (query, finds) in new[] { ("255501234", false), ("02 5550 1234", true) })
            (await vera.GetAsync($"api/blocks?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageBlockRow)).Items.Any().Should().Be(finds, query);
    }

    [PostgresFact]
    public async Task A_merge_and_an_import_take_no_field_that_is_not_seen_and_files_of_others_are_not_there()
    {
        await using var vera = await host.SignInAsync("vera");
        var (left, right) = (await CardAsync(vera), await CardAsync(vera, Twin));
        var (status, problem) = await vera.ProblemAsync(HttpMethod.Post, $"api/clients/{Client}/merge",
            JsonSerializer.Serialize(new ClientMergeRequest(Guid.CreateVersion7(), Twin, left.Version, right.Version, ["name", "taxId"]), ContractsJson.Default.ClientMergeRequest));
        (status, problem.Errors!["taken"].Single()).Should().Be((HttpStatusCode.BadRequest, "fields that you see"));
        await using var database = await host.Database.OpenConnectionAsync();
        var theirs = await database.QueryFirstAsync<Guid>("select id from import_run where user_id = @Oleg", new { Oleg });
        foreach (var what in new[] { "", "/preview", "/failed" }) (await vera.ProblemAsync(HttpMethod.Get, $"api/imports/{theirs}{what}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await vera.ProblemAsync(HttpMethod.Post, $"api/imports/{theirs}/cancel")).Status.Should().Be(HttpStatusCode.NotFound);
        using var body = new ByteArrayContent("Name;Phone;City\nNina;3475550999;Roma\n"u8.ToArray());
        using var uploaded = await vera.Http.PostAsync($"api/imports?id={Guid.CreateVersion7()}&name=mine.csv", body);
        var preview = (await uploaded.Content.ReadFromJsonAsync(ContractsJson.Default.ImportPreview))!;
        preview.Rows[0].Cells.Should().Contain("3475550999", "who brought a file may read it");
        var plan = new ImportStart(preview.Columns, preview.HeaderRow, "person", "skip", true, true);
        var refused = await vera.ProblemAsync(HttpMethod.Post, $"api/imports/{preview.Id}/start", JsonSerializer.Serialize(plan, ContractsJson.Default.ImportStart));
        refused.Problem.Errors.Should().ContainKey("columns[2].target");
    }

    [PostgresFact]
    public async Task An_administrator_says_what_is_sensitive_and_it_counts_from_the_next_request()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var anna = await host.SignInAsync("anna");
        var desk = await anna.OpenAsync();
        var known = (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).SensitiveFields!;
        known.Should().Contain("custom.secret");
        async Task<(HttpStatusCode Status, string Text)> MarkAsync(string[] fields, IReadOnlyList<string> before)
        {
            using var answer = await ada.Http.PutAsJsonAsync("api/admin/sensitive-fields", new SensitiveFieldsSave(fields, before), ContractsJson.Default.SensitiveFieldsSave);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        (await CardAsync(anna)).Should().BeEquivalentTo(new { Email = "", TaxId = "" });
        (await MarkAsync(["city"], [])).Status.Should().Be(HttpStatusCode.Conflict);
        var wrong = await MarkAsync(["city", "name"], known);
        wrong.Status.Should().Be(HttpStatusCode.BadRequest);
        wrong.Text.Should().Contain("\"fields\"");
        (await MarkAsync(["city"], known)).Status.Should().Be(HttpStatusCode.OK);
        (await CardAsync(anna)).Should().BeEquivalentTo(new { Email = Mail, TaxId, City = "", Unseen = new[] { "city" } });
        await desk.Closed.Task.WaitAsync(TimeSpan.FromSeconds(10)); // Her page comes back for what she sees now.
        (await MarkAsync([.. known], ["city"])).Status.Should().Be(HttpStatusCode.OK);
        (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items.Count(c => c.Kind == "sensitive_fields").Should().Be(2);
    }

    [PostgresFact]
    public async Task A_script_says_its_own_words_for_what_is_not_seen()
    {
        await using var vera = await host.SignInAsync("vera");
        await using var oleg = await host.SignInAsync("oleg");
        const string text = """
            id: hush
            title: Hush
            language: en
            for: {}
            greeting: "Mail {{client.email|your mail}}, {{client.custom.secret|something}}."
            steps:
              - id: first
                title: First
                say: "Is it {{client.city|your town}}?"
              - id: last
                title: Last
                say: "Two."
            """;
        async Task<string> TriedAsync(Page page)
        {
            using var answer = await page.Http.PostAsJsonAsync("api/script-edits/try", new ScriptTry(text, Client: Client), ContractsJson.Default.ScriptTry);
            var tried = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptTryView))!;
            tried.View.Should().NotBeNull(string.Join("; ", tried.Problems));
            return string.Concat(tried.View!.Greeting.Select(l => l.Text)) + tried.View.Steps[0].Say[0].Text;
        }

        (await TriedAsync(oleg)).Should().Contain(Mail).And.Contain(City);
        (await TriedAsync(vera)).Should().Be("Mail your mail, something.Is it your town?");
    }
}
