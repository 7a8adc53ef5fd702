using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.CrmApi.Tests.Admin;

[Trait("Category", "Slow")]
public sealed class AdminTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly OverflowSetup Reject = new("reject", "");

    static QueueSetup Queue(string name, int version = 0, Guid? id = null) => new(id ?? Guid.CreateVersion7(), name, 20, 30, 0, 300, 20, Reject, Reject, Reject, "Europe/Rome", null, [], 90, 20, true, [], version);

    static UserSetup User(string login, string role = "agent") => new(Guid.CreateVersion7(), login, "Nina Nuova", role, "it", "Europe/Rome", true, true, true, 0);

    static async Task<AdminView> SaveAsync<T>(Page page, string path, T item, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var answer = await page.Http.PutAsJsonAsync(path, item, type);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!;
    }

    static Task<AdminView> SaveAsync(Page page, UserSetup user) => SaveAsync(page, $"api/admin/users/{user.Id}", user, ContractsJson.Default.UserSetup);

    static Task<AdminView> SaveAsync(Page page, QueueSetup queue) => SaveAsync(page, $"api/admin/queues/{queue.Id}", queue, ContractsJson.Default.QueueSetup);

    static Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(Page page, QueueSetup queue) =>
        page.ProblemAsync(HttpMethod.Put, $"api/admin/queues/{queue.Id}", JsonSerializer.Serialize(queue, ContractsJson.Default.QueueSetup));

    static Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(Page page, UserSetup user) =>
        page.ProblemAsync(HttpMethod.Put, $"api/admin/users/{user.Id}", JsonSerializer.Serialize(user, ContractsJson.Default.UserSetup));

    static async Task<LinkView> LinkAsync(Page page, Guid user)
    {
        using var answer = await page.Http.PostAsync($"api/admin/users/{user}/link", null);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.LinkView))!;
    }

    static async Task<HttpStatusCode> UseAsync(Page page, LinkView link, string password)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/session/link", new LinkUse(link.Path.Split('#')[1], password), ContractsJson.Default.LinkUse);
        return answer.StatusCode;
    }

    [PostgresFact]
    public async Task A_new_person_sets_a_password_by_a_link_that_works_once_and_signs_in()
    {
        await using var ada = await host.SignInAsync("ada");
        var nina = User("nina");
        (await SaveAsync(ada, nina)).Users.Single(u => u.Id == nina.Id).HasPassword.Should().BeFalse();
        var replaced = await LinkAsync(ada, nina.Id);
        var link = await LinkAsync(ada, nina.Id);
        await using var nobody = Page.Nobody(host.Address);
        (await UseAsync(nobody, replaced, "a long password")).Should().Be(HttpStatusCode.Gone);
        (await UseAsync(nobody, link, "short")).Should().Be(HttpStatusCode.BadRequest);
        (await UseAsync(nobody, link, "a long password")).Should().Be(HttpStatusCode.OK);
        (await UseAsync(nobody, link, "another password")).Should().Be(HttpStatusCode.Gone);
        await using var page = await Page.SignInAsync(host.Address, "nina", "a long password");
        page.Session.Language.Should().Be("it");
    }

    [PostgresFact]
    public async Task Everybody_sets_their_own_language_which_is_kept_and_told_to_an_administrator_who_read_before()
    {
        await using var ada = await host.SignInAsync("ada");
        var nadia = User("nadia");
        var read = (await SaveAsync(ada, nadia)).Users.Single(u => u.Id == nadia.Id);
        await using var nobody = Page.Nobody(host.Address);
        await UseAsync(nobody, await LinkAsync(ada, nadia.Id), "a long password");
        await using var page = await Page.SignInAsync(host.Address, "nadia", "a long password");

        for (var twice = 0; twice < 2; twice++)
        {
            using var answer = await page.Http.PutAsJsonAsync("api/session/language", new LanguageGiven("ru"), ContractsJson.Default.LanguageGiven);
            answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        }

        (await page.GetAsync("api/session", ContractsJson.Default.SessionView)).Language.Should().Be("ru", "and the session goes on");
        var change = (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items[0];
        (change.Kind, change.Name, change.Who).Should().Be(("user", nadia.Name, nadia.Name));
        change.After.Should().Contain("\"ru\"");
        (await RefusedAsync(ada, read with { Name = "Nadia Altra" })).Problem.ErrorId.Should().Be("edit_conflict");
        var (status, problem) = await page.ProblemAsync(HttpMethod.Put, "api/session/language", """{"language":"xx"}""");
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "language"));
    }

    [PostgresFact]
    public async Task Recording_colleagues_is_off_until_it_is_set_is_in_force_at_once_and_who_read_before_is_told()
    {
        await using var ada = await host.SignInAsync("ada");
        (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Calls.Should().Be(new CallSetup(false, 0));
        (await SettingsAsync()).RecordInternal.Should().BeFalse();
        (await SettingsAsync()).Should().BeEquivalentTo(new { RecordOut = true, WrapUpOut = TimeSpan.FromSeconds(30), UnknownPrivate = false });
        (await SaveAsync(ada, "api/admin/calls", new CallSetup(true, 0, RecordOut: false, WrapUpOut_s: 45, UnknownPrivate: true), ContractsJson.Default.CallSetup))
            .Calls.Should().Be(new CallSetup(true, 1, RecordOut: false, WrapUpOut_s: 45, UnknownPrivate: true));
        (await SettingsAsync()).Should().BeEquivalentTo(new { RecordInternal = true, RecordOut = false, WrapUpOut = TimeSpan.FromSeconds(45), UnknownPrivate = true });
        var refused = await ada.ProblemAsync(HttpMethod.Put, "api/admin/calls", JsonSerializer.Serialize(new CallSetup(true, 1, WrapUpOut_s: 3601), ContractsJson.Default.CallSetup));
        (refused.Status, refused.Problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "wrapUpOut_s"));
        foreach (var old in new[] { 0, 7 })
            (await ada.ProblemAsync(HttpMethod.Put, "api/admin/calls", JsonSerializer.Serialize(new CallSetup(false, old), ContractsJson.Default.CallSetup))).Problem.ErrorId.Should().Be("edit_conflict");
        var change = (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items[0];
        change.Kind.Should().Be("calls");
        change.After.Should().Contain("true");
        (await SaveAsync(ada, "api/admin/calls", new CallSetup(false, 1), ContractsJson.Default.CallSetup)).Calls.Should().Be(new CallSetup(false, 2));
        await using var sara = await host.SignInAsync("sara");
        (await sara.ProblemAsync(HttpMethod.Put, "api/admin/calls", """{"recordInternal":true,"version":2}""")).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task A_deactivated_person_is_out_at_the_next_request_and_is_not_routed_to()
    {
        await using var ada = await host.SignInAsync("ada");
        var olga = User("olga");
        await SaveAsync(ada, olga);
        await using var nobody = Page.Nobody(host.Address);
        await UseAsync(nobody, await LinkAsync(ada, olga.Id), "a long password");
        await using var page = await Page.SignInAsync(host.Address, "olga", "a long password");
        (await SettingsAsync()).Agents.Should().Contain(a => a.Id == olga.Id);

        using (var answer = await ada.Http.PostAsJsonAsync($"api/admin/users/{olga.Id}/leave", new LeaveRequest(Guid.CreateVersion7(), 1), ContractsJson.Default.LeaveRequest)) answer.StatusCode.Should().Be(HttpStatusCode.OK);
        using (var answer = await page.Http.GetAsync("api/session")) answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        (await SettingsAsync()).Agents.Should().NotContain(a => a.Id == olga.Id);
    }

    [PostgresFact]
    public async Task The_last_administrator_keeps_the_role()
    {
        await using var ada = await host.SignInAsync("ada");
        var own = (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Users.Single(u => u.Login == "ada");
        foreach (var less in new[] { own with { Role = "agent" }, own with { Active = false } })
        {
            var (status, problem) = await RefusedAsync(ada, less);
            status.Should().Be(HttpStatusCode.BadRequest);
            problem.Errors!["role"].Should().Equal("one active administrator must remain");
        }
    }

    [PostgresFact]
    public async Task Bad_input_names_each_field_and_changes_nothing()
    {
        await using var ada = await host.SignInAsync("ada");
        var before = await ada.GetAsync("api/admin", ContractsJson.Default.AdminView);
        var (status, problem) = await RefusedAsync(ada, User("x y") with { Role = "king", TimeZone = "Mars/Base", Language = "xx", Name = " " });
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().BeEquivalentTo("login", "role", "timeZone", "language", "name");
        (_, problem) = await RefusedAsync(ada, User("ANNA"));
        problem.Errors!["login"].Should().Equal("a login that nobody else has");

        var bad = Queue("Sales") with
        {
            Ring_s = 0,
            WrapUp_s = 9999,
            AfterWrapUp = "asleep",
            AfterMaxWait = new OverflowSetup("goto", "nowhere"),
            WhenClosed = new OverflowSetup("queue", Guid.NewGuid().ToString()),
            WhenNobody = new OverflowSetup("fly", ""),
            Hours = new Dictionary<string, IReadOnlyList<string>> { ["mon"] = ["9-18"], ["someday"] = [] },
            Members = [new MemberSetup(Seeds.Sara, 1), new MemberSetup(Seeds.Anna, 10)],
            Holidays = [new HolidaySetup(new DateOnly(2026, 12, 25), ""), new HolidaySetup(new DateOnly(2026, 12, 25), "")],
        };
        (_, problem) = await RefusedAsync(ada, bad);
        problem.Errors!.Keys.Should().BeEquivalentTo("name", "ring_s", "wrapUp_s", "afterWrapUp", "afterMaxWait", "whenClosed", "whenNobody", "hours", "members", "holidays");
        problem.Errors["hours"].Should().HaveCount(2);
        (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Should().BeEquivalentTo(before, o => o.Excluding(v => v.Name == "SeenAt"));
    }

    [PostgresFact]
    public async Task A_queue_with_hours_holidays_and_members_reaches_the_router_at_once()
    {
        await using var ada = await host.SignInAsync("ada");
        var version = (await SettingsAsync()).Version;
        var queue = Queue("Evening") with
        {
            MaxWait_s = 77,
            Hours = new Dictionary<string, IReadOnlyList<string>> { ["mon"] = ["18:00-22:00"] },
            Holidays = [new HolidaySetup(new DateOnly(2030, 12, 25), "Christmas")],
            Members = [new MemberSetup(Seeds.Mila, 2), new MemberSetup(Seeds.Anna, 1)],
            WhenClosed = new OverflowSetup("queue", Seeds.Sales.ToString()),
            WhenBlocked = new OverflowSetup("play", "custom/no"),
            BlockWithheld = true,
        };
        var saved = (await SaveAsync(ada, queue)).Queues.Single(q => q.Id == queue.Id);
        saved.Should().BeEquivalentTo(queue with { Version = 1, Skills = [], Members = [new MemberSetup(Seeds.Anna, 1), new MemberSetup(Seeds.Mila, 2)] });
        var settings = await SettingsAsync();
        settings.Version.Should().BeGreaterThan(version);
        var routed = settings.Queues.Single(q => q.Id == queue.Id);
        routed.MaxWait.Should().Be(TimeSpan.FromSeconds(77));
        routed.OpenSpans!.Value.Length.Should().BePositive();
        (routed.WhenBlocked, routed.BlockWithheld).Should().Be((new CallCrm.Engine.Overflow(CallCrm.Engine.AfterWait.Play, "custom/no"), true));
        routed.Agents.Select(a => (a.Agent, a.Level)).Should().Equal((Seeds.Anna, 1), (Seeds.Mila, 2));
    }

    [PostgresFact]
    public async Task Blocked_callers_are_led_to_no_queue_and_a_queue_without_a_word_gives_the_busy_tone()
    {
        await using var ada = await host.SignInAsync("ada");
        var queue = Queue("Junk");
        (await SaveAsync(ada, queue)).Queues.Single(q => q.Id == queue.Id).WhenBlocked.Should().Be(new OverflowSetup("busy", ""));
        foreach (var wrong in new[] { new OverflowSetup("queue", Seeds.Sales.ToString()), new OverflowSetup("busy", "x"), new OverflowSetup("goto", "a;b"), new OverflowSetup("play", "") })
        {
            var (status, problem) = await ada.ProblemAsync(HttpMethod.Put, $"api/admin/queues/{queue.Id}", JsonSerializer.Serialize(queue with { Version = 1, WhenBlocked = wrong }, ContractsJson.Default.QueueSetup));
            (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "whenBlocked"), wrong.ToString());
        }
    }

    [PostgresFact]
    public async Task A_number_has_a_greeting_for_each_language_and_bad_placeholders_are_named_at_theirs()
    {
        await using var ada = await host.SignInAsync("ada");
        var number = new NumberSetup("+390255557777", "Brand", Seeds.Sales, "web", "en", "Brand, this is {{agent.name}}.", 0, new Dictionary<string, string> { ["it"] = "Brand, sono {{agent.name}}.", ["ru"] = " " });
        var saved = (await SaveAsync(ada, "api/admin/numbers/%2B390255557777", number, ContractsJson.Default.NumberSetup)).Numbers.Single(n => n.Number == number.Number);
        saved.Should().BeEquivalentTo(new { number.Greeting, Language = "en", Version = 1 });
        saved.Greetings.Should().BeEquivalentTo(new Dictionary<string, string> { ["it"] = "Brand, sono {{agent.name}}." }, "an empty one is none");
        async Task<IReadOnlyDictionary<string, string[]>> ErrorsAsync(NumberSetup wrong) =>
            (await ada.ProblemAsync(HttpMethod.Put, "api/admin/numbers/%2B390255557777", JsonSerializer.Serialize(wrong, ContractsJson.Default.NumberSetup))).Problem.Errors!;
        (await ErrorsAsync(saved with { Greeting = "Hello {{client.nmae}}" }))["greeting"].Single().Should().Contain("unknown placeholder");
        (await ErrorsAsync(saved with { Greetings = new Dictionary<string, string> { ["it"] = "Ciao {{client.name}}" } }))["greetings.it"].Single().Should().Contain("may be unknown");
        (await ErrorsAsync(saved with { Greetings = new Dictionary<string, string> { ["xx"] = "?" } })).Keys.Should().Equal("greetings");
        (await ErrorsAsync(saved with { Greetings = new Dictionary<string, string> { ["en"] = "twice" } })).Keys.Should().Equal("greetings");
        (await ErrorsAsync(saved with { Greeting = new string('x', 301) }))["greeting"].Should().Contain("at most 300 characters");
    }

    [PostgresFact]
    public async Task Queues_that_would_pass_calls_round_for_ever_are_refused()
    {
        await using var ada = await host.SignInAsync("ada");
        var first = Queue("Round one");
        await SaveAsync(ada, first);
        var second = Queue("Round two") with { AfterMaxWait = new OverflowSetup("queue", first.Id.ToString()) };
        await SaveAsync(ada, second);
        var (_, problem) = await RefusedAsync(ada, first with { Version = 1, AfterMaxWait = new OverflowSetup("queue", second.Id.ToString()) });
        problem.Errors!["afterMaxWait"].Should().Equal("a queue that does not lead back here");
    }

    [PostgresFact]
    public async Task A_queue_is_put_away_only_when_nothing_leads_to_it()
    {
        await using var ada = await host.SignInAsync("ada");
        var queue = Queue("To go");
        await SaveAsync(ada, queue);
        var number = new NumberSetup("+390255556666", "To go", queue.Id, "web", "en", "", 0);
        await SaveAsync(ada, "api/admin/numbers/%2B390255556666", number, ContractsJson.Default.NumberSetup);
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Delete, $"api/admin/queues/{queue.Id}");
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!["queue"].Should().Equal("that no number leads to: +390255556666 does");
        using (var answer = await ada.Http.DeleteAsync("api/admin/numbers/%2B390255556666")) answer.StatusCode.Should().Be(HttpStatusCode.OK);
        using (var answer = await ada.Http.DeleteAsync($"api/admin/queues/{queue.Id}")) answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await SettingsAsync()).Queues.Should().NotContain(q => q.Id == queue.Id);
        await using var connection = await host.Database.OpenConnectionAsync();
        (await connection.ExecuteScalarAsync<string>("select name from queue where id = @Id", new { queue.Id })).Should().Be("To go", "old calls show its name");
    }

    [PostgresFact]
    public async Task Two_who_change_the_same_do_not_overwrite_each_other()
    {
        await using var ada = await host.SignInAsync("ada");
        var queue = Queue("Shared");
        await SaveAsync(ada, queue);
        var answers = await Task.WhenAll(Enumerable.Range(1, 6).Select(async n =>
        {
            using var answer = await ada.Http.PutAsJsonAsync($"api/admin/queues/{queue.Id}", queue with { Version = 1, Ring_s = 20 + n }, ContractsJson.Default.QueueSetup);
            return answer.StatusCode;
        }));
        answers.Count(a => a == HttpStatusCode.OK).Should().Be(1);
        answers.Count(a => a == HttpStatusCode.Conflict).Should().Be(5);
    }

    [PostgresFact]
    public async Task Extensions_come_with_devices_that_belong_to_no_other()
    {
        await using var ada = await host.SignInAsync("ada");
        var known = await ada.GetAsync("api/admin", ContractsJson.Default.AdminView);
        known.Nodes.Should().Equal("pbx");
        var desk = new ExtensionSetup("pbx", "120", [new DeviceSetup("PJSIP/120", true, true), new DeviceSetup("PJSIP/120-mobile", false, false)], 0, "Window, left");
        var saved = await SaveAsync(ada, "api/admin/extensions/pbx/120", desk, ContractsJson.Default.ExtensionSetup);
        saved.Extensions.Single(e => e.Number == "120").Should().BeEquivalentTo(desk with { Version = 1 });
        (await SettingsAsync()).Extensions.Single(e => e.Number == "120").Devices.Select(d => d.Name).Should().Equal("PJSIP/120", "PJSIP/120-mobile");
        var stolen = new ExtensionSetup("pbx", "121", [new DeviceSetup("PJSIP/120", true, true)], 0);
        var (_, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/extensions/pbx/121", JsonSerializer.Serialize(stolen, ContractsJson.Default.ExtensionSetup));
        problem.Errors!["devices"].Should().Equal("PJSIP/120 belongs to 120");
        var odd = new ExtensionSetup("mars", "12x", [new DeviceSetup("rm -rf", true, true)], 0, new string('x', 61));
        (_, problem) = await ada.ProblemAsync(HttpMethod.Put, "api/admin/extensions/mars/12x", JsonSerializer.Serialize(odd, ContractsJson.Default.ExtensionSetup));
        problem.Errors!.Keys.Should().BeEquivalentTo("node", "number", "devices", "name");
    }

    [PostgresFact]
    public async Task A_disposition_that_is_put_away_is_offered_no_more_and_comes_back_under_its_code()
    {
        await using var ada = await host.SignInAsync("ada");
        var known = await ada.GetAsync("api/admin", ContractsJson.Default.AdminView);
        var fewer = await SaveAsync(ada, "api/admin/dispositions", new CodesSave([.. known.Dispositions.Where(d => d.Code != "callback"), new CodeSetup("wrong", "Wrong number", "neutral")]), ContractsJson.Default.CodesSave);
        fewer.Dispositions.Select(d => d.Code).Should().Equal("sale", "wrong");
        await using var anna = await host.SignInAsync("anna");
        (await anna.GetAsync("api/catalog", ContractsJson.Default.CatalogView)).Dispositions.Select(d => d.Code).Should().Equal("sale", "wrong");
        (await SaveAsync(ada, "api/admin/dispositions", new CodesSave(known.Dispositions), ContractsJson.Default.CodesSave)).Dispositions.Should().BeEquivalentTo(known.Dispositions, o => o.WithStrictOrdering());
    }

    [PostgresFact]
    public async Task Every_change_is_kept_with_who_made_it_and_what_was_before()
    {
        await using var ada = await host.SignInAsync("ada");
        var queue = Queue("Kept");
        await SaveAsync(ada, queue);
        await SaveAsync(ada, queue with { Version = 1, Ring_s = 25 });
        var changes = await ada.GetAsync("api/admin/changes?limit=2", ContractsJson.Default.ListPageSettingsChangeView);
        var (last, first) = (changes.Items[0], changes.Items[1]);
        (last.Who, last.Kind, last.Name).Should().Be(("Ada Admin", "queue", "Kept"));
        first.Before.Should().BeNull();
        JsonDocument.Parse(last.Before!).RootElement.GetProperty("ring_s").GetInt32().Should().Be(20);
        JsonDocument.Parse(last.After!).RootElement.GetProperty("ring_s").GetInt32().Should().Be(25);
        changes.Next.Should().NotBeNull();
    }

    [PostgresFact]
    public async Task A_person_who_only_takes_calls_cannot_read_or_change_settings()
    {
        await using var anna = await host.SignInAsync("anna");
        (await anna.ProblemAsync(HttpMethod.Get, "api/admin")).Status.Should().Be(HttpStatusCode.Forbidden);
        (await RefusedAsync(anna, Queue("Mine"))).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    async Task<Engine.EngineSettings> SettingsAsync() =>
        await new SettingsReader(host.Services.GetRequiredService<RouterDatabase>(), host.Services.GetRequiredService<IConfiguration>(), TimeProvider.System, NullLogger<SettingsReader>.Instance)
            .LoadAsync("main", CancellationToken.None);
}
