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
public sealed class LeavingTests(ApiHost host) : IClassFixture<ApiHost>
{
    /// <summary>Somebody new with a client of each state, deals, tasks and a callback; open ones and finished ones.</summary>
    async Task<Leaver> HireAsync(string login, string role = "agent")
    {
        var leaver = new Leaver(Guid.CreateVersion7(), login);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at)
              select @Id, @Login, 'Name of ' || @Login, password_hash, @role, true, 'main', @Id, created_at from app_user where login = 'anna';
            insert into client (id, name, responsible_id, merged_into, created_at, updated_at) values (@First, 'First', @Id, null, @Then, @Then), (@Second, 'Second', @Id, null, @Then, @Then), (@Merged, 'Merged', @Id, @First, @Then, @Then);
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id, closed_at) values
              (@Deal, @First, 'order', 'open', 'Open', @Then, @Then, @Id, null), (@Closed, @First, 'order', 'open', 'Closed', @Then, @Then, @Id, @Then);
            insert into task (id, client_id, user_id, kind, title, due_at, done_at, created_at) values
              (@Task, @First, @Id, 'task', 'Open', @Then, null, @Then), (@Done, @First, @Id, 'task', 'Done', @Then, @Then, @Then), (@Callback, @Second, @Id, 'callback', 'Back', @Then, null, @Then);
            """,
            new { leaver.Id, leaver.Login, leaver.First, leaver.Second, leaver.Merged, leaver.Deal, leaver.Closed, leaver.Task, leaver.Done, leaver.Callback, role, Seeds.Then });
        return leaver;
    }

    sealed record Leaver(Guid Id, string Login)
    {
        public Guid First { get; } = Guid.CreateVersion7();
        public Guid Second { get; } = Guid.CreateVersion7();
        public Guid Merged { get; } = Guid.CreateVersion7();
        public Guid Deal { get; } = Guid.CreateVersion7();
        public Guid Closed { get; } = Guid.CreateVersion7();
        public Guid Task { get; } = Guid.CreateVersion7();
        public Guid Done { get; } = Guid.CreateVersion7();
        public Guid Callback { get; } = Guid.CreateVersion7();
    }

    /// <summary>Whose each row is now, by its name.</summary>
    async Task<Dictionary<string, Guid>> OwnersAsync(Leaver leaver)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        var rows = await database.QueryAsync<(string Name, Guid Owner)>(
            """
            select name, responsible_id from client where id = any(@clients) union all select title || ' deal', responsible_id from deal where id = any(@deals)
            union all select title || ' task', user_id from task where id = any(@tasks)
            """,
            new { clients = new[] { leaver.First, leaver.Second, leaver.Merged }, deals = new[] { leaver.Deal, leaver.Closed }, tasks = new[] { leaver.Task, leaver.Done, leaver.Callback } });
        return rows.ToDictionary(r => r.Name, r => r.Owner);
    }

    static Task<LeavingView> LeavingAsync(Page page, Guid user) => page.GetAsync($"api/admin/users/{user}/leaving", ContractsJson.Default.LeavingView);

    static Task<HttpResponseMessage> PostAsync(Page page, Guid user, LeaveRequest leave) => page.Http.PostAsJsonAsync($"api/admin/users/{user}/leave", leave, ContractsJson.Default.LeaveRequest);

    static async Task<AdminView> LeaveAsync(Page page, Guid user, LeaveRequest leave)
    {
        using var answer = await PostAsync(page, user, leave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!;
    }

    static async Task<AdminView> UndoAsync(Page page, Guid handover)
    {
        using var answer = await page.Http.PostAsync($"api/admin/handovers/{handover}/undo", null);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!;
    }

    static async Task<string> RefusedAsync(Page page, Guid user, LeaveRequest leave, string field)
    {
        var (status, problem) = await page.ProblemAsync(HttpMethod.Post, $"api/admin/users/{user}/leave", JsonSerializer.Serialize(leave, ContractsJson.Default.LeaveRequest));
        status.Should().Be(HttpStatusCode.BadRequest);
        return problem.Errors![field].Single();
    }

    static LeaveRequest To(Guid? heir, int version = 1) => new(Guid.CreateVersion7(), version, heir);

    async Task<Engine.EngineSettings> SettingsAsync() =>
        await new SettingsReader(host.Services.GetRequiredService<RouterDatabase>(), host.Services.GetRequiredService<IConfiguration>(), TimeProvider.System, NullLogger<SettingsReader>.Instance)
            .LoadAsync("main", CancellationToken.None);

    [PostgresFact]
    public async Task Who_is_deactivated_is_out_within_five_seconds_is_not_routed_to_and_the_heir_has_what_was_open()
    {
        var olga = await HireAsync("olga");
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("olga");
        var live = await page.OpenAsync();
        (await LeavingAsync(ada, olga.Id)).Should().BeEquivalentTo(new LeavingView(new BelongingsView(2, 1, 1, 1), []));
        var before = await SettingsAsync();
        before.Agents.Should().Contain(a => a.Id == olga.Id);

        var leave = To(Seeds.Luca);
        (await LeaveAsync(ada, olga.Id, leave)).Users.Single(u => u.Id == olga.Id).Active.Should().BeFalse();
        await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(5));
        (await page.ProblemAsync(HttpMethod.Get, "api/session")).Status.Should().Be(HttpStatusCode.Unauthorized);
        var after = await SettingsAsync();
        after.Agents.Should().NotContain(a => a.Id == olga.Id);
        after.Version.Should().BeGreaterThan(before.Version, "that is what wakes the router");
        (await OwnersAsync(olga)).Should().BeEquivalentTo(new Dictionary<string, Guid>
        {
            ["First"] = Seeds.Luca,
            ["Second"] = Seeds.Luca,
            ["Merged"] = olga.Id,
            ["Open deal"] = Seeds.Luca,
            ["Closed deal"] = olga.Id,
            ["Open task"] = Seeds.Luca,
            ["Done task"] = olga.Id,
            ["Back task"] = Seeds.Luca,
        });

        await using var database = await host.Database.OpenConnectionAsync();
        var audit = JsonDocument.Parse((await database.ExecuteScalarAsync<string>("select detail::text from audit where action = 'user_deactivated' and object_id = @id", new { id = olga.Id.ToString() }))!).RootElement;
        audit.GetProperty("clients").EnumerateArray().Select(e => e.GetGuid()).Should().BeEquivalentTo([olga.First, olga.Second]);
        audit.GetProperty("deals").EnumerateArray().Select(e => e.GetGuid()).Should().Equal(olga.Deal);
        audit.GetProperty("tasks").EnumerateArray().Select(e => e.GetGuid()).Should().Equal(olga.Task);
        audit.GetProperty("callbacks").EnumerateArray().Select(e => e.GetGuid()).Should().Equal(olga.Callback);
        var shown = (await LeavingAsync(ada, olga.Id)).Handovers.Single();
        shown.Should().BeEquivalentTo(new { leave.Id, Who = "Ada Admin", Heir = "Luca Neri", Deactivated = true, Moved = new BelongingsView(2, 1, 1, 1), UndoneAt = (DateTimeOffset?)null });
    }

    [PostgresFact]
    public async Task Undo_gives_back_exactly_what_the_heir_still_has_and_lets_the_person_in_again()
    {
        var nora = await HireAsync("nora");
        await using var ada = await host.SignInAsync("ada");
        var leave = To(Seeds.Luca);
        await LeaveAsync(ada, nora.Id, leave);
        await using var database = await host.Database.OpenConnectionAsync();
        // Passed on to Mila, finished by Luca, and one that Luca had before: none of them comes back.
        await database.ExecuteAsync(
            "update client set responsible_id = @Mila where id = @Second; update task set done_at = now() where id = @Task; update client set responsible_id = @Luca where id = @Bianchi",
            new { Seeds.Mila, nora.Second, nora.Task, Seeds.Luca, Seeds.Bianchi });
        var view = await UndoAsync(ada, leave.Id);
        view.Users.Single(u => u.Id == nora.Id).Active.Should().BeTrue();
        (await OwnersAsync(nora)).Should().BeEquivalentTo(new Dictionary<string, Guid>
        {
            ["First"] = nora.Id,
            ["Second"] = Seeds.Mila,
            ["Merged"] = nora.Id,
            ["Open deal"] = nora.Id,
            ["Closed deal"] = nora.Id,
            ["Open task"] = Seeds.Luca,
            ["Done task"] = nora.Id,
            ["Back task"] = nora.Id,
        });
        (await database.ExecuteScalarAsync<Guid>("select responsible_id from client where id = @Bianchi", new { Seeds.Bianchi })).Should().Be(Seeds.Luca);
        (await SettingsAsync()).Agents.Should().Contain(a => a.Id == nora.Id);
        await using (await host.SignInAsync("nora"))
        {
        }

        (await LeavingAsync(ada, nora.Id)).Handovers.Single().Should().BeEquivalentTo(new { Returned = 3, Moved = new BelongingsView(2, 1, 1, 1) });
        // Again: what the heir got since, even of these very rows, stays.
        await database.ExecuteAsync("update client set responsible_id = @Luca where id = @First", new { Seeds.Luca, nora.First });
        await UndoAsync(ada, leave.Id);
        (await OwnersAsync(nora))["First"].Should().Be(Seeds.Luca);
    }

    [PostgresFact]
    public async Task The_same_wish_again_moves_nothing_again_and_of_two_at_once_one_counts()
    {
        var vera = await HireAsync("vera");
        await using var ada = await host.SignInAsync("ada");
        var leave = To(Seeds.Luca);
        await LeaveAsync(ada, vera.Id, leave);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set responsible_id = @Id where id = @First", new { vera.Id, vera.First });
        await LeaveAsync(ada, vera.Id, leave);
        (await OwnersAsync(vera))["First"].Should().Be(vera.Id);

        var zoe = await HireAsync("zoe");
        var answers = await Task.WhenAll(new[] { Seeds.Luca, Seeds.Mila, Seeds.Anna }.Select(async heir =>
        {
            using var answer = await PostAsync(ada, zoe.Id, To(heir));
            return answer.StatusCode;
        }));
        answers.Order().Should().Equal(HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.Conflict);
        var owners = await OwnersAsync(zoe);
        new[] { owners["First"], owners["Second"], owners["Open deal"], owners["Open task"], owners["Back task"] }.Distinct().Should().ContainSingle().Which.Should().NotBe(zoe.Id);
        (await database.ExecuteScalarAsync<long>("select count(*) from handover where user_id = @Id", new { zoe.Id })).Should().Be(1);
    }

    [PostgresFact]
    public async Task Nobody_for_now_leaves_all_in_place_and_an_heir_can_be_named_later()
    {
        var inga = await HireAsync("inga");
        await using var ada = await host.SignInAsync("ada");
        var first = To(null);
        await LeaveAsync(ada, inga.Id, first);
        (await OwnersAsync(inga)).Values.Distinct().Should().Equal(inga.Id);
        (await LeavingAsync(ada, inga.Id)).Now.Should().Be(new BelongingsView(2, 1, 1, 1));
        (await RefusedAsync(ada, inga.Id, To(null, 2), "heir")).Should().Be("an active person: this one is deactivated already");
        var later = To(Seeds.Mila, 2);
        await LeaveAsync(ada, inga.Id, later);
        (await OwnersAsync(inga))["First"].Should().Be(Seeds.Mila);
        (await RefusedAsync(ada, inga.Id, To(Seeds.Luca, 2), "heir")).Should().Be("nobody: nothing is left to hand over");
        (await UndoAsync(ada, later.Id)).Users.Single(u => u.Id == inga.Id).Active.Should().BeFalse("the undone step did not deactivate");
        (await OwnersAsync(inga))["First"].Should().Be(inga.Id);
        (await UndoAsync(ada, first.Id)).Users.Single(u => u.Id == inga.Id).Active.Should().BeTrue();
    }

    [PostgresFact]
    public async Task Heirs_who_cannot_inherit_and_the_last_administrator_are_refused_and_nothing_changes()
    {
        var rosa = await HireAsync("rosa");
        await using var ada = await host.SignInAsync("ada");
        (await RefusedAsync(ada, rosa.Id, To(Seeds.Gone), "heir")).Should().Be("an active person");
        (await RefusedAsync(ada, rosa.Id, To(Guid.NewGuid()), "heir")).Should().Be("an active person");
        (await RefusedAsync(ada, rosa.Id, To(rosa.Id), "heir")).Should().Be("somebody else");
        (await RefusedAsync(ada, Seeds.Ada, To(Seeds.Luca), "role")).Should().Be("one active administrator must remain");
        (await RefusedAsync(ada, rosa.Id, new LeaveRequest(Guid.Empty, 1), "id")).Should().Be("a new UUID");
        using (var stale = await PostAsync(ada, rosa.Id, To(Seeds.Luca, 7))) stale.StatusCode.Should().Be(HttpStatusCode.Conflict);
        using (var none = await PostAsync(ada, Guid.NewGuid(), To(Seeds.Luca))) none.StatusCode.Should().Be(HttpStatusCode.NotFound);
        using (var none = await ada.Http.PostAsync($"api/admin/handovers/{Guid.NewGuid()}/undo", null)) none.StatusCode.Should().Be(HttpStatusCode.NotFound);
        var user = (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Users.Single(u => u.Id == rosa.Id);
        user.Active.Should().BeTrue();
        var (_, problem) = await ada.ProblemAsync(HttpMethod.Put, $"api/admin/users/{rosa.Id}", JsonSerializer.Serialize(user with { Active = false }, ContractsJson.Default.UserSetup));
        problem.Errors!["active"].Should().ContainSingle();
        (await OwnersAsync(rosa)).Values.Distinct().Should().Equal(rosa.Id);
    }
}
