using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>
/// Right × scope × whose: for each right of the catalog that has a scope, a role with this right alone, in each scope, tried on what is one's own, of the own
/// department, of one below it, of another department, and nobody's. Departments: Sales ▸ Sales north; Service.
/// </summary>
[Trait("Category", "Slow")]
public sealed class ScopeTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    static readonly Guid Me = Seeds.Id(201), Peer = Seeds.Id(202), Below = Seeds.Id(203), Other = Seeds.Id(204);
    static readonly Guid Sales = Seeds.Id(211), North = Seeds.Id(212), Service = Seeds.Id(213);
    static readonly Guid[] People = [Me, Peer, Below, Other];

    /// <summary>What belongs to a person under test: ids made of theirs.</summary>
    static Guid Client(Guid? of) => of is { } id ? Of(id, 0x300) : Seeds.Id(0x3ff);

    static Guid Call(Guid of) => Of(of, 0x400);

    static Guid Recording(Guid of) => Of(of, 0x500);

    static Guid Deal(Guid of) => Of(of, 0x600);

    static Guid Task(Guid of) => Of(of, 0x800);

    static Guid Missed(Guid of) => Of(of, 0x700);

    static Guid Unconfirmed(Guid of) => Of(of, 0x900);

    static Guid Stored(Guid of) => Of(of, 0xa00);

    static Guid Of(Guid person, int kind) => Seeds.Id(kind + Array.IndexOf(People, person));

    /// <summary>A client whom everyone may see, with a deal of each.</summary>
    static readonly Guid Shared = Seeds.Id(0x3fe);

    static bool Covers(RightScope scope, Guid? owner) => scope switch
    {
        RightScope.All => true,
        RightScope.Department => owner == Me || owner == Peer || owner == Below,
        _ => owner == Me,
    };

    /// <summary>Whether the right lets this page at what is this person's; and what else the role needs for it to be tried.</summary>
    static readonly Dictionary<string, (string Needs, Func<Page, Guid, Task<bool>> Try)> Probes = new()
    {
        [Rights.WorkWithClients] = ("", (page, who) => SeesClientAsync(page, Client(who))),
        [Rights.EditClients] = ("client.view=all", (page, who) => SavesAsync(page, Client(who), s => s with { City = "Lodi" })),
        [Rights.ReassignClients] = ("client.view=all client.edit=all", (page, who) => SavesAsync(page, Client(who), s => s with { ResponsibleId = Seeds.Luca })),
        [Rights.ExportClients] = ("client.view=all", async (page, who) => (await page.Http.GetStringAsync("api/clients/export?query=Probed")).Contains($"Probed {who}", StringComparison.Ordinal)),
        [Rights.MergeClients] = ("", (page, who) => IsInAsync(page.Http.GetAsync($"api/clients/{Client(who)}/merges"))),
        [Rights.DeleteClients] = ("", (page, who) => IsInAsync(page.Http.PostAsync($"api/clients/{Client(who)}/restore", null))),
        [Rights.ReviewCards] = ("client.view=all", async (page, who) =>
        {
            var listed = (await page.GetAsync("api/clients/unconfirmed?limit=100", ContractsJson.Default.ListPageUnconfirmedRow)).Items.Any(c => c.Id == Unconfirmed(who));
            (await IsInAsync(page.Http.PostAsync($"api/clients/{Unconfirmed(who)}/show", null))).Should().Be(listed);
            (await IsInAsync(page.Http.PostAsync($"api/clients/{Unconfirmed(who)}/hide", null))).Should().Be(listed);
            return listed;
        }
        ),
        [Rights.DeleteFiles] = ("client.view=all file.use=all", async (page, who) =>
        {
            var file = await page.GetAsync($"api/files/{Stored(who)}", ContractsJson.Default.FileView);
            using var deleted = await page.Http.DeleteAsync($"api/files/{file.Id}?version={file.Version}");
            deleted.StatusCode.Should().BeOneOf(HttpStatusCode.NoContent, HttpStatusCode.Conflict);
            file.MayDelete.Should().Be(deleted.StatusCode == HttpStatusCode.NoContent);
            return file.MayDelete;
        }
        ),
        [Rights.SeeDeals] = ("client.view=all", async (page, who) =>
        {
            var onCard = (await page.GetAsync($"api/clients/{Shared}", ContractsJson.Default.ClientCardView)).OpenDeals.Any(d => d.Id == Deal(who));
            var inTime = (await page.GetAsync($"api/clients/{Shared}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Any(i => i.Id == Deal(who).ToString());
            inTime.Should().Be(onCard);
            (await page.GetAsync($"api/deals?client={Shared}&limit=100", ContractsJson.Default.ListPageDealDetailView)).Items.Any(d => d.Id == Deal(who)).Should().Be(onCard);
            (await IsInAsync(page.Http.GetAsync($"api/deals/{Deal(who)}"))).Should().Be(onCard);
            return onCard;
        }
        ),
        [Rights.CreateDeals] = ("client.view=all deal.view=all", (page, who) => IsInAsync(page.Http.PostAsJsonAsync("api/deals", new DealCreate(Guid.CreateVersion7(), Client(who), "order", "Made"), ContractsJson.Default.DealCreate))),
        [Rights.EditDeals] = ("client.view=all deal.view=all", async (page, who) =>
        {
            var saved = await SavesDealAsync(page, who, d => new DealSave("Deal", d.Amount, Version: d.Version));
            (await IsInAsync(page.Http.PutAsJsonAsync($"api/deals/{Deal(who)}/stage", new DealMove("open", 1), ContractsJson.Default.DealMove))).Should().Be(saved);
            return saved;
        }
        ),
        [Rights.ReassignDeals] = ("client.view=all deal.view=all deal.edit=all", (page, who) => SavesDealAsync(page, who, d => new DealSave("Deal", d.Amount, ResponsibleId: Seeds.Luca, Version: d.Version))),
        [Rights.ExportDeals] = ("client.view=all deal.view=all", async (page, who) => (await page.Http.GetStringAsync("api/deals/export?query=Deal")).Contains(Name(who), StringComparison.Ordinal)),
        [Rights.SeeTasks] = ("", async (page, who) =>
        {
            var listed = (await page.GetAsync("api/tasks?limit=100", ContractsJson.Default.ListPageTaskView)).Items.Any(t => t.Id == Task(who));
            (await IsInAsync(page.Http.GetAsync($"api/tasks/{Task(who)}"))).Should().Be(listed);
            return listed;
        }
        ),
        [Rights.CreateTasks] = ("task.view=all", async (page, who) =>
        {
            using var answer = await page.Http.PostAsJsonAsync("api/tasks", new TaskCreate(Guid.CreateVersion7(), "Made", Seeds.Then, UserId: who), ContractsJson.Default.TaskCreate);
            answer.StatusCode.Should().BeOneOf(HttpStatusCode.OK, HttpStatusCode.BadRequest);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        ),
        [Rights.EditTasks] = ("task.view=all", async (page, who) =>
        {
            var saved = await SavesTaskAsync(page, who, t => new TaskSave("Changed", t.DueAt, Version: t.Version));
            using var done = await page.Http.PutAsJsonAsync($"api/tasks/{Task(who)}/done", new TaskDone(true), ContractsJson.Default.TaskDone);
            (done.StatusCode == HttpStatusCode.NoContent).Should().Be(saved);
            return saved;
        }
        ),
        [Rights.ReassignTasks] = ("task.view=all task.edit=all", (page, who) => SavesTaskAsync(page, who, t => new TaskSave("Task", t.DueAt, UserId: Me, Version: t.Version), itself: who == Me)),
        [Rights.DeleteTasks] = ("task.view=all", async (page, who) =>
        {
            var task = await page.GetAsync($"api/tasks/{Task(who)}", ContractsJson.Default.TaskView);
            var deleted = await IsInAsync(page.Http.DeleteAsync($"api/tasks/{Task(who)}?version={task.Version}"));
            (await page.GetAsync("api/tasks/bin?limit=100", ContractsJson.Default.ListPageTaskBinRow)).Items.Any(t => t.Id == Task(who)).Should().Be(deleted);
            (await IsInAsync(page.Http.PostAsync($"api/tasks/{Task(who)}/restore", null))).Should().Be(deleted);
            return deleted;
        }
        ),
        [Rights.ExportTasks] = ("task.view=all", async (page, who) => (await page.Http.GetStringAsync("api/tasks/export")).Contains(Name(who), StringComparison.Ordinal)),
        [Rights.DeleteDeals] = ("client.view=all deal.view=all", async (page, who) =>
        {
            var deal = await page.GetAsync($"api/deals/{Deal(who)}", ContractsJson.Default.DealDetailView);
            var deleted = await IsInAsync(page.Http.DeleteAsync($"api/deals/{Deal(who)}?version={deal.Version}"));
            (await page.GetAsync("api/deals/bin?limit=100", ContractsJson.Default.ListPageDealBinRow)).Items.Any(d => d.Id == Deal(who)).Should().Be(deleted);
            (await IsInAsync(page.Http.PostAsync($"api/deals/{Deal(who)}/restore", null))).Should().Be(deleted);
            return deleted;
        }
        ),
        [Rights.SeeCalls] = ("", async (page, who) =>
        {
            var listed = (await page.GetAsync("api/calls?limit=100", ContractsJson.Default.ListPageCallRow)).Items.Any(c => c.Id == Call(who));
            (await IsInAsync(page.Http.GetAsync($"api/calls/{Call(who)}"))).Should().Be(listed);
            (await IsInAsync(page.Http.GetAsync($"api/calls/{Call(who)}/timeline"))).Should().Be(listed);
            (await IsInAsync(page.Http.GetAsync($"api/calls/{Call(who)}/draft"))).Should().Be(listed || who == Me);
            return listed;
        }
        ),
        [Rights.EditCalls] = ("call.view=all", (page, who) => IsInAsync(page.Http.PutAsJsonAsync($"api/calls/{Call(who)}/wrap-ups/{who}/disposition", new DispositionChange("callback"), ContractsJson.Default.DispositionChange))),
        [Rights.ListenLive] = ("", (page, who) => IsInAsync(page.Http.PostAsJsonAsync($"api/agents/{who}/listening", new ListenRequest(Guid.CreateVersion7(), Guid.NewGuid(), false), ContractsJson.Default.ListenRequest))),
        [Rights.Supervise] = ("", (page, who) => IsInAsync(page.Http.PostAsJsonAsync($"api/agents/{who}/commands", new SuperviseRequest(Guid.CreateVersion7(), "pause"), ContractsJson.Default.SuperviseRequest))),
        [Rights.Listen] = ("", async (page, who) =>
        {
            var heard = await IsInAsync(page.Http.GetAsync($"api/recordings/{Recording(who)}"));
            (await IsInAsync(page.Http.GetAsync($"api/recordings/{Recording(who)}/transcript"))).Should().Be(heard);
            return heard;
        }
        ),
        [Rights.SeeAudit] = ("", async (page, who) => (await page.GetAsync($"api/audit?action=probe&user={who}", ContractsJson.Default.ListPageAuditView)).Items.Any(l => l.UserId == who)),
        [Rights.SeeBoard] = ("", async (page, who) =>
        {
            var shown = (await page.GetAsync("api/live/board", ContractsJson.Default.BoardView)).Agents.Any(a => a.AgentId == who);
            await using var live = await page.OpenAsync();
            live.Answer.Board!.Agents.Any(a => a.AgentId == who).Should().Be(shown);
            return shown;
        }
        ),
        [Rights.WorkMissed] = ("", async (page, who) =>
        {
            var listed = (await page.GetAsync("api/missed?limit=100", ContractsJson.Default.ListPageMissedRow)).Items.Any(m => m.Id == Missed(who));
            (await IsInAsync(page.Http.PostAsync($"api/missed/{Missed(who)}/claim", null))).Should().Be(listed);
            return listed;
        }
        ),
        [Rights.SeeReports] = ("report.export=all", async (page, who) =>
        {
            var listed = (await page.GetAsync("api/reports?by=agent&step=day&period=today", ContractsJson.Default.ReportView)).Rows.Any(r => r.Id == who.ToString());
            (await page.Http.GetStringAsync("api/reports/csv?by=agent&step=day&period=today")).Contains(Name(who), StringComparison.Ordinal).Should().Be(listed);
            return listed;
        }
        ),
    };

    static async Task<bool> SavesDealAsync(Page page, Guid who, Func<DealDetailView, DealSave> change)
    {
        var deal = await page.GetAsync($"api/deals/{Deal(who)}", ContractsJson.Default.DealDetailView);
        return await IsInAsync(page.Http.PutAsJsonAsync($"api/deals/{deal.Id}", change(deal), ContractsJson.Default.DealSave));
    }

    /// <param name="itself">It would stay whose it is, which asks for nothing.</param>
    static async Task<bool> SavesTaskAsync(Page page, Guid who, Func<TaskView, TaskSave> change, bool itself = false)
    {
        var task = await page.GetAsync($"api/tasks/{Task(who)}", ContractsJson.Default.TaskView);
        return await IsInAsync(page.Http.PutAsJsonAsync($"api/tasks/{task.Id}", change(task), ContractsJson.Default.TaskSave)) || itself;
    }

    static string Name(Guid who) => $"Probe {Array.IndexOf(People, who)}";

    static async Task<bool> IsInAsync(Task<HttpResponseMessage> asked)
    {
        using var answer = await asked;
        answer.StatusCode.Should().BeOneOf(HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.Forbidden);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    static async Task<bool> SeesClientAsync(Page page, Guid client)
    {
        var seen = await IsInAsync(page.Http.GetAsync($"api/clients/{client}"));
        (await IsInAsync(page.Http.GetAsync($"api/clients/{client}/timeline"))).Should().Be(seen);
        (await page.GetAsync("api/clients?limit=100", ContractsJson.Default.ListPageClientRow)).Items.Any(c => c.Id == client).Should().Be(seen);
        (await page.GetAsync("api/clients?query=Probed&limit=100", ContractsJson.Default.ListPageClientRow)).Items.Any(c => c.Id == client).Should().Be(seen);
        return seen;
    }

    static async Task<bool> SavesAsync(Page page, Guid client, Func<ClientSave, ClientSave> change)
    {
        var card = await page.GetAsync($"api/clients/{client}", ContractsJson.Default.ClientCardView);
        var save = new ClientSave(card.Kind, card.Name, card.Company, card.Email, card.City, card.Note, card.Language, card.Segment, card.ResponsibleId, [], card.Version);
        var saved = await IsInAsync(page.Http.PutAsJsonAsync($"api/clients/{client}", change(save), ContractsJson.Default.ClientSave));
        if (change(save).ResponsibleId == save.ResponsibleId) saved.Should().Be(card.MayEdit);
        return saved;
    }

    public static IEnumerable<object[]> Scoped => RightCatalog.All.Where(r => r.Scoped).SelectMany(r => Enum.GetValues<RightScope>(), (r, s) => new object[] { r.Code, s.ToString() });

    [PostgresTheory]
    [MemberData(nameof(Scoped))]
    public async Task A_right_reaches_as_far_as_its_scope(string right, string name)
    {
        var scope = Enum.Parse<RightScope>(name);
        Probes.Should().ContainKey(right, "a right with a scope needs a probe here");
        var (needs, probe) = Probes[right];
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("probe");
        var rights = needs.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => n.Split('=')).ToDictionary(n => n[0], n => n[1]);
        await GiveAsync(ada, rights);
        // Signed in before the role got the right: it counts from the next request on.
        await GiveAsync(ada, new(rights) { [right] = RightCatalog.NameOf(scope) });
        foreach (var who in People)
        {
            await PlantAsync();
            (await probe(page, who)).Should().Be(Covers(scope, who), $"{right} {scope} of {Name(who)}");
        }

        if (right == Rights.WorkWithClients) (await SeesClientAsync(page, Client(null))).Should().Be(scope == RightScope.All, "nobody's client is in no department");
        if (right == Rights.EditClients) (await SavesAsync(page, Client(null), s => s with { City = "Lodi" })).Should().BeTrue("nobody's card is everybody's to complete");
    }

    [PostgresFact]
    public async Task A_card_out_of_sight_is_not_shown_to_who_makes_one_with_its_id()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("probe");
        await GiveAsync(ada, new() { [Rights.WorkWithClients] = "own", [Rights.CreateClients] = "all" });
        await PlantAsync();
        async Task<(HttpStatusCode Status, string Body)> MakeAsync(Guid id, Guid? responsible = null)
        {
            using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(id, new ClientSave("person", "Made anew", "", "", "", "", null, null, responsible, [], 0)), ContractsJson.Default.ClientCreate);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        var taken = await MakeAsync(Client(Other));
        taken.Status.Should().Be(HttpStatusCode.Conflict);
        taken.Body.Should().Contain("id_taken").And.NotContain("Probed");
        (await MakeAsync(Client(Me))).Body.Should().Contain("Probed", "one's own card is shown, as before");
        var id = Guid.CreateVersion7();
        for (var repeat = 0; repeat < 2; repeat++)
        {
            var (status, body) = await MakeAsync(id, Other);
            status.Should().Be(HttpStatusCode.OK, "who made it may ask again, though it is another's now");
            body.Should().Contain("Made anew");
        }
    }

    [PostgresFact]
    public async Task Departments_move_and_their_reach_follows_at_once()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("probe");
        await GiveAsync(ada, new() { [Rights.WorkWithClients] = "department" });
        (await SeesClientAsync(page, Client(Other))).Should().BeFalse();
        await PutDepartmentAsync(ada, Service, d => d with { Parent = North });
        (await SeesClientAsync(page, Client(Other))).Should().BeTrue();
        await PutDepartmentAsync(ada, Service, d => d with { Parent = null });
        (await SeesClientAsync(page, Client(Other))).Should().BeFalse();

        var user = (await SettingsAsync(ada)).Users.Single(u => u.Id == Other);
        using (var moved = await ada.Http.PutAsJsonAsync($"api/admin/users/{Other}", user with { Department = North }, ContractsJson.Default.UserSetup)) moved.StatusCode.Should().Be(HttpStatusCode.OK);
        (await SeesClientAsync(page, Client(Other))).Should().BeTrue();
        await ResetAsync();
    }

    [PostgresFact]
    public async Task A_role_that_changes_closes_the_lines_of_those_who_have_it_and_no_others()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("probe");
        await using var anna = await host.SignInAsync("anna");
        await GiveAsync(ada, new() { [Rights.SeeBoard] = "own" });
        await using var live = await page.OpenAsync();
        await using var others = await anna.OpenAsync();
        live.Answer.Board!.Agents.Select(a => a.AgentId).Should().Equal(Me);
        await GiveAsync(ada, new() { [Rights.SeeBoard] = "all" });
        await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(6));
        await using var back = await page.OpenAsync(live.Position);
        back.Answer.Snapshot.Should().BeTrue("what it has seen is not what it may see now");
        back.Answer.Board!.Agents.Select(a => a.AgentId).Should().Contain(People);
        others.Closed.Task.IsCompleted.Should().BeFalse();
        (await page.GetAsync("api/session", ContractsJson.Default.SessionView)).Rights.Should().Equal(new Dictionary<string, string> { [Rights.SeeBoard] = "all" });
    }

    [PostgresFact]
    public async Task Whose_role_changes_hears_of_it_on_the_line_at_once_and_reads_other_rights()
    {
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("probe");
        await GiveAsync(ada, new() { [Rights.SeeBoard] = "all", [Rights.SeeReports] = "all" });
        await using var live = await page.OpenAsync();
        var user = (await SettingsAsync(ada)).Users.Single(u => u.Id == Me);
        try
        {
            using (var moved = await ada.Http.PutAsJsonAsync($"api/admin/users/{Me}", user with { Role = "agent" }, ContractsJson.Default.UserSetup)) moved.StatusCode.Should().Be(HttpStatusCode.OK);
            await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(6));
            await using var back = await page.OpenAsync(live.Position);
            (back.Answer.Snapshot, back.Answer.Board).Should().Be((true, null));
            (await page.GetAsync("api/session", ContractsJson.Default.SessionView)).Rights.Should().NotContainKey(Rights.SeeReports);
        }
        finally
        {
            user = (await SettingsAsync(ada)).Users.Single(u => u.Id == Me) with { Role = user.Role };
            using var again = await ada.Http.PutAsJsonAsync($"api/admin/users/{Me}", user, ContractsJson.Default.UserSetup);
            await ResetAsync();
        }
    }

    [PostgresFact]
    public async Task The_board_of_a_department_hears_of_its_people_alone()
    {
        await using var story = await Story.BeginAsync(host);
        await using var ada = await host.SignInAsync("ada");
        await using var page = await host.SignInAsync("probe");
        await GiveAsync(ada, new() { [Rights.SeeBoard] = "department" });
        await using var live = await page.OpenAsync();
        await story.WriteAsync(story.Agent(Other, AgentState.Paused, "104", null), story.Agent(Peer, AgentState.Paused, "102", null));
        await live.NextAsync<AgentEvent>(e => e.Agent.AgentId == Peer && e.Agent.State == "Paused");
        live.Events.OfType<AgentEvent>().Should().NotContain(e => e.Agent.AgentId == Other);
    }

    static async Task PutDepartmentAsync(Page ada, Guid id, Func<DepartmentSetup, DepartmentSetup> change)
    {
        var known = (await SettingsAsync(ada)).Departments!.Single(d => d.Id == id);
        using var answer = await ada.Http.PutAsJsonAsync($"api/admin/departments/{id}", change(known), ContractsJson.Default.DepartmentSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    static Task<AdminView> SettingsAsync(Page ada) => ada.GetAsync("api/admin", ContractsJson.Default.AdminView);

    static async Task GiveAsync(Page ada, Dictionary<string, string> rights)
    {
        var role = (await SettingsAsync(ada)).Roles!.Single(r => r.Code == "probe");
        using var answer = await ada.Http.PutAsJsonAsync("api/admin/roles/probe", role with { Rights = rights }, ContractsJson.Default.RoleSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    public async Task InitializeAsync()
    {
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            if (await database.ExecuteScalarAsync<bool>("select exists (select from role where code = 'probe')")) return;
            await database.ExecuteAsync(
                """
                insert into role (code, name, model) values ('probe', 'Probe', 'agent');
                insert into department (id, name, parent_id) values (@Sales, 'Sales', null), (@North, 'Sales north', @Sales), (@Service, 'Service', null);
                insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at, department_id)
                select id, case when id = @Me then 'probe' else 'probe.' || id end, 'Probe ' || n - 1, (select password_hash from app_user where login = 'anna'), 'probe', true, 'main', id, @Then, d
                from unnest(@People, @departments) with ordinality as u(id, d, n);
                insert into audit (at, user_id, action, object, object_id) select @Then, id, 'probe', 'user', id::text from unnest(@People) p (id);
                update access_version set version = version + 1;
                """,
                new { Sales, North, Service, Me, People, departments = new[] { Sales, Sales, North, Service }, Seeds.Then });
        }

        await PlantAsync();
        await using var story = await Story.BeginAsync(host);
        await story.WriteAsync([.. People.Select((p, n) => story.Agent(p, AgentState.Ready, $"10{n + 1}", null))]);
        await story.WrittenAsync(host);
        // The board shows those whose names it has read.
        await host.Services.GetRequiredService<ChangeHints>().AddAsync("settings", "probe", null, null, CancellationToken.None);
        while (!host.Services.GetRequiredService<LiveFacts>().Names.People.ContainsKey(Other)) await System.Threading.Tasks.Task.Delay(20);
        while (People.Any(p => host.Feed.State.Agent(p).State != AgentState.Ready)) await System.Threading.Tasks.Task.Delay(20);
    }

    async Task ResetAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update app_user set department_id = @Service where id = @Other; update department set parent_id = null where id = @Service; update access_version set version = version + 1", new { Service, Other });
    }

    /// <summary>As it was before the last try: a client, a deal, a call with wrap-up and recording, a queue with a missed caller, of each.</summary>
    async Task PlantAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into client (id, name, responsible_id, created_at, updated_at) values (@Shared, 'Probed by all', null, @Then, @Then), (@nobodys, 'Probed of nobody', null, @Then, @Then) on conflict do nothing;
            insert into client (id, name, responsible_id, created_at, updated_at) select c, 'Probed ' || p, p, @Then, @Then from unnest(@clients, @People) as x(c, p) on conflict do nothing;
            update client c set responsible_id = p from unnest(@clients, @People) as x(i, p) where c.id = i;
            update client set responsible_id = null where id = @nobodys;
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at, responsible_id) select d, @Shared, 'order', 'open', 'Deal', @Then, @Then, p from unnest(@deals, @People) as x(d, p) on conflict do nothing;
            update deal d set responsible_id = p from unnest(@deals, @People) as x(i, p) where d.id = i;
            insert into task (id, user_id, title, due_at, created_at) select t, p, 'Task', @Then, @Then from unnest(@tasks, @People) as x(t, p) on conflict do nothing;
            update task t set user_id = p, done_at = null from unnest(@tasks, @People) as x(i, p) where t.id = i;
            delete from task where title = 'Made';
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, agent_id, started_at, answered_at, ended_at, outcome, talk_ms, last_seq)
            select c, 'main', 'pbx', 'Outbound', 'Ended', false, '101', 'Extension', '1', p, now(), now(), now(), 'Answered', 1000, 1 from unnest(@calls, @People) as x(c, p) on conflict do nothing;
            insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at, answered_at, ended_at, talk_ms, hold_ms)
            select 'pbx', c::text, c, 'PJSIP/1', p, false, @Then, now(), now(), 1000, 0 from unnest(@calls, @People) as x(c, p) on conflict do nothing;
            insert into offer (id, call_id, agent_id, node, extension, device, attempt, rule, can_answer, can_hold, offered_at, ended_at, outcome)
            select c, c, p, 'pbx', '101', 'PJSIP/101', 1, 'LeastBusy', true, true, now(), now(), 'Answered' from unnest(@calls, @People) as x(c, p) on conflict do nothing;
            insert into wrap_up (call_id, agent_id, disposition, created_at) select c, p, 'sale', now() from unnest(@calls, @People) as x(c, p) on conflict (call_id, agent_id) do update set disposition = 'sale';
            insert into recording (id, node, pbx_unique_id, call_id, status, created_at) select r, 'pbx', c::text, c, 'pending', now() from unnest(@calls, @recordings) as x(c, r) on conflict do nothing;
            insert into queue (id, domain, name) select m, 'main', 'Queue of ' || p from unnest(@missed, @People) as x(m, p) on conflict do nothing;
            insert into queue_agent (queue_id, user_id) select m, p from unnest(@missed, @People) as x(m, p) on conflict do nothing;
            insert into missed_call (call_id, domain, number_id, e164, queue_id, kind, missed_at) select m, 'main', m, '+3902' || n, m, 'Abandoned', now() from unnest(@missed) with ordinality as x(m, n) on conflict do nothing;
            insert into client (id, name, confirmed, created_at, updated_at) select c, '', false, @Then, @Then from unnest(@unconfirmed) c on conflict do nothing;
            update client set hidden_at = null where id = any(@unconfirmed);
            update call k set client_id = c from unnest(@calls, @unconfirmed) as x(i, c) where k.id = x.i;
            insert into file (id, object_kind, object_id, name, size_bytes, sha256, kind, content_type, uploaded_by, uploaded_at)
            select f, 'client', @Shared, 'note.txt', 1, repeat('0', 64), 'text', 'text/plain', p, @Then from unnest(@files, @People) as x(f, p) on conflict do nothing;
            update file set deleted_at = null where id = any(@files);
            delete from missed_claim where number_id = any(@missed);
            """,
            new
            {
                Seeds.Then,
                Shared,
                People,
                nobodys = Client(null),
                clients = People.Select(p => Client(p)).ToArray(),
                deals = People.Select(Deal).ToArray(),
                tasks = People.Select(Task).ToArray(),
                calls = People.Select(Call).ToArray(),
                recordings = People.Select(Recording).ToArray(),
                missed = People.Select(Missed).ToArray(),
                unconfirmed = People.Select(Unconfirmed).ToArray(),
                files = People.Select(Stored).ToArray(),
            });
    }

    public Task DisposeAsync() => System.Threading.Tasks.Task.CompletedTask;
}
