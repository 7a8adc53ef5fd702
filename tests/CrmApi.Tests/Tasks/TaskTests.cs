using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tasks;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Tasks;

[Trait("Category", "Slow")]
public sealed class TaskTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly DateTimeOffset Due = new(2026, 5, 4, 10, 0, 0, TimeSpan.Zero);

    static Task<HttpResponseMessage> PostAsync(Page page, TaskCreate task) => page.Http.PostAsJsonAsync("api/tasks", task, ContractsJson.Default.TaskCreate);

    static Task<HttpResponseMessage> PutAsync(Page page, Guid id, TaskSave save) => page.Http.PutAsJsonAsync($"api/tasks/{id}", save, ContractsJson.Default.TaskSave);

    static async Task<TaskView> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.TaskView))!;
        }
    }

    static async Task<ProblemView> RefusedAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        using (answer)
        {
            answer.StatusCode.Should().Be(status, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
        }
    }

    static async Task<TaskView> NewAsync(Page page, string title, DateTimeOffset due, string kind = "task", Guid? user = null, Guid? client = null) =>
        await ReadAsync(await PostAsync(page, new TaskCreate(Guid.CreateVersion7(), title, due, kind, user, client)));

    static async Task<string> TitlesAsync(Page page, string filter)
    {
        var (all, cursor) = (new List<string>(), "");
        do
        {
            var list = await page.GetAsync($"api/tasks?limit=2&{filter}{cursor}", ContractsJson.Default.ListPageTaskView);
            all.AddRange(list.Items.Select(t => t.Title));
            cursor = list.Next is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return string.Join(' ', all);
    }

    [PostgresFact]
    public async Task A_task_of_ones_own_is_made_once_changed_ticked_off_deleted_and_brought_back()
    {
        await using var luca = await host.SignInAsync("luca");
        var create = new TaskCreate(Guid.CreateVersion7(), " Ring back ", Due, "callback", ClientId: Seeds.Bianchi);
        var made = await ReadAsync(await PostAsync(luca, create));
        made.Should().BeEquivalentTo(new { Title = "Ring back", Kind = "callback", DueAt = Due, UserName = "Luca Neri", ClientName = "Giulia Bianchi", Version = 1 });
        (await ReadAsync(await PostAsync(luca, create))).Should().BeEquivalentTo(made);
        var saved = await ReadAsync(await PutAsync(luca, made.Id, new TaskSave("Ring back soon", Due.AddDays(1), Version: 1)));
        saved.Should().BeEquivalentTo(new { Title = "Ring back soon", DueAt = Due.AddDays(1), ClientId = Seeds.Bianchi, Version = 2 });
        (await RefusedAsync(await PutAsync(luca, made.Id, new TaskSave("Late", Due, Version: 1)), HttpStatusCode.Conflict)).Task!.Title.Should().Be("Ring back soon");
        using (var done = await luca.Http.PutAsJsonAsync($"api/tasks/{made.Id}/done", new TaskDone(true), ContractsJson.Default.TaskDone)) done.StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await luca.GetAsync($"api/tasks/{made.Id}", ContractsJson.Default.TaskView)).Should().BeEquivalentTo(new { Version = 3 }).And.Match<TaskView>(t => t.DoneAt != null);
        (await RefusedAsync(await luca.Http.DeleteAsync($"api/tasks/{made.Id}?version=2"), HttpStatusCode.Conflict)).ErrorId.Should().Be("edit_conflict");
        (await ReadAsync(await luca.Http.DeleteAsync($"api/tasks/{made.Id}?version=3"))).DeletedAt.Should().NotBeNull();
        (await luca.GetAsync("api/day", ContractsJson.Default.DayView)).Tasks.Should().NotContain(t => t.Id == made.Id);
        (await luca.GetAsync($"api/clients/{Seeds.Bianchi}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Should().NotContain(i => i.Id == made.Id.ToString());
        (await luca.GetAsync("api/tasks/bin", ContractsJson.Default.ListPageTaskBinRow)).Items.Should().ContainSingle(b => b.Id == made.Id).Which.Who.Should().Be("Luca Neri");
        await RefusedAsync(await PutAsync(luca, made.Id, new TaskSave("Late", Due, Version: 4)), HttpStatusCode.NotFound);
        (await ReadAsync(await luca.Http.PostAsync($"api/tasks/{made.Id}/restore", null))).Should().BeEquivalentTo(new { Title = "Ring back soon", DeletedAt = (DateTimeOffset?)null, Version = 5 });
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<string>("select action from audit where object = 'task' and object_id = @id order by id", new { id = made.Id.ToString() })).Should().Equal("task.created", "task.changed", "task.done", "task.deleted", "task.restored");
        (await ReadAsync(await PutAsync(luca, made.Id, new TaskSave("Of nobody", Due, ClientId: Guid.Empty, Version: 5)))).ClientId.Should().BeNull();
    }

    [PostgresFact]
    public async Task Each_filter_leaves_what_it_names_and_pages_stay_whole_when_tasks_are_added()
    {
        await using var mila = await host.SignInAsync("mila");
        await NewAsync(mila, "A", Due.AddDays(2));
        var b = await NewAsync(mila, "B", Due, "callback", client: Seeds.Ivanov);
        await NewAsync(mila, "C", Due.AddDays(1));
        using (await mila.Http.PutAsJsonAsync($"api/tasks/{b.Id}/done", new TaskDone(true), ContractsJson.Default.TaskDone)) { }
        (await TitlesAsync(mila, "")).Should().Be("B C A");
        (await TitlesAsync(mila, "sort=-due")).Should().Be("A C B");
        (await TitlesAsync(mila, "sort=created")).Should().Be("A B C");
        (await TitlesAsync(mila, "kind=callback")).Should().Be("B");
        (await TitlesAsync(mila, "state=open")).Should().Be("C A");
        (await TitlesAsync(mila, "state=done")).Should().Be("B");
        (await TitlesAsync(mila, $"client={Seeds.Ivanov}")).Should().Be("B");
        (await TitlesAsync(mila, $"person={Seeds.Mila}&sort=due")).Should().Be("B C A");
        (await TitlesAsync(mila, "dueFrom=2026-05-05T10:00:00Z")).Should().Be("C A");
        (await TitlesAsync(mila, "dueTo=2026-05-05T10:00:00Z")).Should().Be("B");
        (await mila.ProblemAsync(HttpMethod.Get, "api/tasks?kind=dream")).Problem.Errors!.Keys.Should().Equal("kind");
        (await mila.ProblemAsync(HttpMethod.Get, "api/tasks?state=lost")).Problem.Errors!.Keys.Should().Equal("state");
        (await mila.ProblemAsync(HttpMethod.Get, "api/tasks?sort=title")).Problem.Errors!.Keys.Should().Equal("sort");

        var first = await mila.GetAsync("api/tasks?limit=2", ContractsJson.Default.ListPageTaskView);
        await NewAsync(mila, "Before", Due.AddDays(-1));
        (await mila.GetAsync($"api/tasks?limit=2&cursor={first.Next}", ContractsJson.Default.ListPageTaskView)).Items.Select(t => t.Title).Should().Equal("A");
    }

    [PostgresFact]
    public async Task A_lead_gives_tasks_to_others_and_nobody_else_sees_or_changes_them()
    {
        await using var sara = await host.SignInAsync("sara");
        await using var anna = await host.SignInAsync("anna");
        var task = await NewAsync(sara, "For Anna", Due, user: Seeds.Anna);
        (await anna.GetAsync($"api/tasks/{task.Id}", ContractsJson.Default.TaskView)).Title.Should().Be("For Anna");
        await using var luca = await host.SignInAsync("luca");
        (await luca.ProblemAsync(HttpMethod.Get, $"api/tasks/{task.Id}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await TitlesAsync(luca, "")).Should().NotContain("For Anna");
        await RefusedAsync(await PutAsync(luca, task.Id, new TaskSave("Mine", Due, Version: 1)), HttpStatusCode.NotFound);
        (await luca.ProblemAsync(HttpMethod.Put, $"api/tasks/{task.Id}/done", """{"done":true}""")).Status.Should().Be(HttpStatusCode.NotFound);
        (await luca.ProblemAsync(HttpMethod.Delete, $"api/tasks/{task.Id}?version=1")).Status.Should().Be(HttpStatusCode.NotFound);
        (await luca.ProblemAsync(HttpMethod.Post, $"api/tasks/{task.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
        (await RefusedAsync(await PostAsync(luca, new TaskCreate(Guid.CreateVersion7(), "For Anna, too", Due, UserId: Seeds.Anna)), HttpStatusCode.BadRequest)).Errors!.Keys.Should().Equal("userId");
        (await RefusedAsync(await PostAsync(sara, new TaskCreate(Guid.CreateVersion7(), "For who left", Due, UserId: Seeds.Gone)), HttpStatusCode.BadRequest)).Errors!.Keys.Should().Equal("userId");
        (await ReadAsync(await PutAsync(sara, task.Id, new TaskSave("For Luca", Due, Seeds.Luca, Version: 1)))).UserName.Should().Be("Luca Neri");
        (await anna.ProblemAsync(HttpMethod.Get, $"api/tasks/{task.Id}")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task The_day_of_whoever_has_it_hears_of_it()
    {
        await using var sara = await host.SignInAsync("sara");
        await using var live = await sara.OpenAsync();
        var task = await NewAsync(sara, "Heard", Due, user: Seeds.Anna);
        await live.NextAsync<HintEvent>(h => h.Subject == "day" && h.Key == Seeds.Anna.ToString());
        await live.NextAsync<HintEvent>(h => h.Subject == "task" && h.Key == task.Id.ToString());
        await ReadAsync(await PutAsync(sara, task.Id, new TaskSave("Heard", Due, Seeds.Luca, Version: 1)));
        await live.NextAsync<HintEvent>(h => h.Subject == "day" && h.Key == Seeds.Luca.ToString());
    }

    [PostgresFact]
    public async Task After_thirty_days_in_the_bin_a_task_is_gone()
    {
        await using var anna = await host.SignInAsync("anna");
        var task = await NewAsync(anna, "Old", Due);
        await ReadAsync(await anna.Http.DeleteAsync($"api/tasks/{task.Id}?version=1"));
        var store = host.Services.GetRequiredService<TaskStore>();
        (await store.EraseAsync(default)).Should().Be(0);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update task set deleted_at = now() - interval '31 days' where id = @Id", new { task.Id });
        (await store.EraseAsync(default)).Should().Be(1);
        (await anna.ProblemAsync(HttpMethod.Post, $"api/tasks/{task.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresTheory]
    [InlineData("""{"id":"{0}","title":" ","dueAt":"2026-05-04T10:00:00Z"}""", "title")]
    [InlineData("""{"id":"{0}","title":"x","dueAt":"tomorrow"}""", "dueAt")]
    [InlineData("""{"id":"{0}","title":"x"}""", "dueAt")]
    [InlineData("""{"id":"{0}","title":"x","dueAt":"2026-05-04T10:00:00Z","kind":"dream"}""", "kind")]
    [InlineData("""{"id":"{0}","title":"x","dueAt":"2026-05-04T10:00:00Z","clientId":"{0}"}""", "clientId")]
    [InlineData("""{"id":"00000000-0000-0000-0000-000000000000","title":"x","dueAt":"2026-05-04T10:00:00Z"}""", "id")]
    public async Task Bad_input_names_the_field(string json, string field)
    {
        await using var luca = await host.SignInAsync("luca");
        var (status, problem) = await luca.ProblemAsync(HttpMethod.Post, "api/tasks", json.Replace("{0}", Guid.CreateVersion7().ToString()));
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
    }
}
