using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The agent's day on the desk, and the mark of who wants no calls.</summary>
public sealed class DayTests : PageContext
{
    static readonly DayTask Ring = new(Guid.NewGuid(), "callback", "Ring Mara", Some.Noon.AddHours(-1), null, Some.ClientId, "Ilaria Gentile", "+390212345678", false);
    static readonly DayTask Send = new(Guid.NewGuid(), "task", "Send the offer", Some.Noon.AddHours(2), null, Some.ClientId, "Ilaria Gentile", null, true);

    DayView _day = new([Ring, Send], [], 3);

    int Loads => Server.Asked.Count(a => a.Path == "api/day");

    async Task<IRenderedComponent<NextSteps>> StepsAsync()
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/day" ? FakeServer.Json(JsonSerializer.Serialize(_day, ContractsJson.Default.DayView)) : null;
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var steps = Render<NextSteps>();
        steps.WaitForAssertion(() => steps.FindAll("[data-test=day-task]").Should().HaveCount(2));
        return steps;
    }

    static string[] Titles(IRenderedComponent<NextSteps> steps) => [.. steps.FindAll(".day-title").Select(t => t.TextContent)];

    [Fact]
    public async Task What_is_due_is_there_with_its_client_and_a_way_to_call()
    {
        var steps = await StepsAsync();
        Titles(steps).Should().Equal("Ring Mara", "Send the offer");
        steps.Find("[data-test=day-open]").TextContent.Should().Contain("2");
        steps.FindAll("[data-test=day-task]")[0].TextContent.Should().Contain("late").And.Contain("Ilaria Gentile");
        steps.FindAll("[data-test=day-task]")[1].TextContent.Should().Contain("Do not call").And.NotContain("late");
        steps.Find("[data-test=day-later]").TextContent.Should().Contain("3");
        steps.FindAll("[data-test=dial]").Should().ContainSingle();
        steps.Click("[data-test=dial]");
        steps.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/commands" && a.Body.Contains("390212345678") && a.Body.Contains(Some.ClientId.ToString())));
    }

    [Fact]
    public async Task One_click_ticks_off_and_the_row_keeps_its_place()
    {
        var steps = await StepsAsync();
        steps.FindAll("[data-test=day-done]")[0].Change(true);
        steps.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == $"api/tasks/{Ring.Id}/done" && a.Body.Contains("true")));
        _day = _day with { Tasks = [Send, Ring with { DoneAt = Some.Noon }] };
        Feed.Take(Some.Message(new HintEvent("day", Some.Session.UserId.ToString(), null)));
        steps.WaitForAssertion(() => Loads.Should().Be(2));
        Titles(steps).Should().Equal("Ring Mara", "Send the offer");
        steps.FindAll("[data-test=day-task]")[0].ClassList.Should().Contain("done");
        steps.Find("[data-test=day-open]").TextContent.Should().Contain("1");
    }

    [Fact]
    public async Task A_tick_that_fails_is_taken_back_and_says_why()
    {
        var steps = await StepsAsync();
        Server.Answer = r => r.RequestUri!.AbsolutePath.StartsWith("/api/tasks", StringComparison.Ordinal) ? FakeServer.Text("<html>", "text/html", HttpStatusCode.BadGateway) : null;
        steps.FindAll("[data-test=day-done]")[0].Change(true);
        steps.WaitForAssertion(() => steps.FindAll("[role=alert]").Should().Contain(a => a.TextContent.Contains("Ring Mara")));
        steps.FindAll("[data-test=day-task]")[0].ClassList.Should().NotContain("done");
    }

    [Fact]
    public async Task Others_tasks_change_nothing_and_nothing_moves_while_a_call_rings()
    {
        var steps = await StepsAsync();
        Feed.Take(Some.Message(new HintEvent("day", Guid.NewGuid().ToString(), null)));
        Feed.Take(Some.Snapshot(Some.Desk(pop: Some.Pop())));
        _day = new DayView([Send], [], 0);
        Feed.Take(Some.Message(new HintEvent("day", Some.Session.UserId.ToString(), null)));
        await Task.Yield();
        Loads.Should().Be(1);
        steps.FindAll("[data-test=day-task]").Should().HaveCount(2);
        Feed.Take(Some.Snapshot(Some.Desk()));
        steps.WaitForAssertion(() => steps.FindAll("[data-test=day-task]").Should().ContainSingle());
    }

    static TaskView Stored(string title, DateTimeOffset due, int version) => new(Ring.Id, "callback", title, due, null, Some.Session.UserId, "Alex Romano", null, null, null, Some.Noon, version);

    void AnswerTasks(TaskView task, HttpStatusCode status = HttpStatusCode.OK) => Server.Answer = r => r.RequestUri!.AbsolutePath switch
    {
        "/api/day" => FakeServer.Json(JsonSerializer.Serialize(_day, ContractsJson.Default.DayView)),
        var path when path.StartsWith("/api/tasks", StringComparison.Ordinal) => status == HttpStatusCode.OK
            ? FakeServer.Json(JsonSerializer.Serialize(task, ContractsJson.Default.TaskView))
            : FakeServer.Text(JsonSerializer.Serialize(new ProblemView("Conflict", 409, "", "edit_conflict", null, Task: task), ContractsJson.Default.ProblemView), "application/problem+json", status),
        _ => null,
    };

    TaskSave Saved => JsonSerializer.Deserialize(Server.Asked.Last(a => a.Path == $"api/tasks/{Ring.Id}" && a.Method == "PUT").Body, ContractsJson.Default.TaskSave)!;

    [Fact]
    public async Task A_task_is_moved_to_another_day_and_nothing_else_of_it()
    {
        var steps = await StepsAsync();
        AnswerTasks(Stored("Ring Mara", Ring.DueAt.AddDays(1), 2));
        steps.Click("[data-test=task-edit]");
        steps.Click("[data-test=task-tomorrow]");
        steps.Submit("[data-test=task-form]");
        steps.WaitForAssertion(() => steps.FindAll("[data-test=task-form]").Should().BeEmpty());
        Saved.Should().Be(new TaskSave("Ring Mara", Ring.DueAt.AddDays(1)));
    }

    [Fact]
    public async Task What_somebody_else_changed_of_a_task_is_told_and_what_was_typed_is_kept()
    {
        var steps = await StepsAsync();
        AnswerTasks(Stored("Ring Mara", Ring.DueAt.AddHours(3), 7), HttpStatusCode.Conflict);
        steps.Click("[data-test=task-edit]");
        steps.Input("[data-test=task-title]", "Ring Mara soon");
        steps.Submit("[data-test=task-form]");
        steps.WaitForAssertion(() => steps.FindAll("[role=alert]").Should().Contain(a => a.TextContent.Contains("Somebody else changed this task")));
        AnswerTasks(Stored("Ring Mara soon", Ring.DueAt.AddHours(3), 8));
        steps.Submit("[data-test=task-form]");
        steps.WaitForAssertion(() => steps.FindAll("[data-test=task-form]").Should().BeEmpty());
        Saved.Should().Be(new TaskSave("Ring Mara soon", Ring.DueAt.AddHours(3), Version: 7));
    }

    [Fact]
    public async Task A_task_is_added_and_one_that_was_deleted_is_taken_back()
    {
        var steps = await StepsAsync();
        AnswerTasks(Stored("Ring Mara", Ring.DueAt, 1));
        steps.Click("[data-test=task-new]");
        steps.Input("[data-test=task-title]", "Send the catalogue");
        steps.Submit("[data-test=task-form]");
        steps.WaitForAssertion(() => steps.FindAll("[data-test=task-form]").Should().BeEmpty());
        JsonSerializer.Deserialize(Server.Asked.Last(a => a.Path == "api/tasks").Body, ContractsJson.Default.TaskCreate).Should().BeEquivalentTo(new { Title = "Send the catalogue", Kind = "task" });
        steps.Click("[data-test=task-edit]");
        steps.Click("[data-test=task-delete]");
        steps.WaitForAssertion(() => steps.FindAll("[data-test=task-undo]").Should().ContainSingle());
        steps.Click("[data-test=task-undo]");
        steps.WaitForAssertion(() => steps.FindAll("[data-test=task-deleted]").Should().BeEmpty());
        Server.Asked.Should().Contain(a => a.Path == $"api/tasks/{Ring.Id}/restore" && a.Method == "POST");
    }

    [Fact]
    public async Task It_is_read_again_after_a_while_as_tasks_come_due_by_themselves()
    {
        var steps = await StepsAsync();
        Time.Advance(TimeSpan.FromMinutes(6));
        steps.WaitForAssertion(() => Loads.Should().BeGreaterThan(1));
    }

    [Fact]
    public async Task Who_wants_no_calls_is_said_on_the_card_and_cannot_be_dialled_there_until_it_is_taken_back()
    {
        await Session.LoadAsync();
        var card = Some.Card() with { Phones = [new PhoneView("+390212345678", "+39 02 1234 5678", "", true)], DoNotCall = new DoNotCallView(Some.Noon, "Sara Conti") };
        Server.Answer = r => r.RequestUri!.AbsolutePath.EndsWith("/do-not-call", StringComparison.Ordinal) ? FakeServer.Json(JsonSerializer.Serialize(card with { DoNotCall = null, Version = 2 }, ContractsJson.Default.ClientCardView)) : null;
        var page = Render<ClientCard>(p => p.Add(c => c.Client, card));
        page.Find("[data-test=do-not-call]").GetAttribute("title").Should().Contain("Sara Conti");
        page.Find("[data-test=dial]").HasAttribute("disabled").Should().BeTrue();
        page.Click("[data-test=do-not-call-set]");
        page.WaitForAssertion(() => page.FindAll("[data-test=do-not-call]").Should().BeEmpty());
        page.Find("[data-test=dial]").HasAttribute("disabled").Should().BeFalse();
        Server.Asked.Single(a => a.Path.EndsWith("/do-not-call", StringComparison.Ordinal)).Body.Should().Contain("false");
    }

    [Fact]
    public async Task Who_may_not_edit_the_card_sees_the_mark_alone()
    {
        await Session.LoadAsync();
        var page = Render<ClientCard>(p => p.Add(c => c.Client, Some.Card() with { MayEdit = false, DoNotCall = new DoNotCallView(Some.Noon, "Sara Conti") }));
        page.FindAll("[data-test=do-not-call]").Should().ContainSingle();
        page.FindAll("[data-test=do-not-call-set]").Should().BeEmpty();
    }
}
