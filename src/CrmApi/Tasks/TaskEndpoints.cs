using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;
using Answer = Microsoft.AspNetCore.Http.HttpResults.Results<Microsoft.AspNetCore.Http.HttpResults.Ok<CallCrm.Contracts.TaskView>, Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult>;

namespace CallCrm.CrmApi.Tasks;

/// <summary>Tasks and callbacks, each right by whose they are.</summary>
internal static class TaskEndpoints
{
    const int LongestTitle = 200;

    public static void AddTasks(this IServiceCollection services)
    {
        services.AddSingleton<TaskStore>();
        services.AddSingleton<TaskReader>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var tasks = api.MapGroup("/tasks").WithTags("Tasks").RequireAuthorization(Rights.SeeTasks);
        tasks.MapGet("/", ListAsync).WithName("ListTasks").WithSummary("Tasks and callbacks as far as the right reaches, by person, client, kind (task, callback), state (open, done), when due and a fragment of the title; sort: due, created, with - before it the other way round");
        tasks.MapGet("/{id}", GetAsync).WithName("GetTask").WithSummary("A task or callback");
        tasks.MapPost("/", CreateAsync).RequireAuthorization(Rights.CreateTasks).WithName("CreateTask").WithSummary("A new task or callback for oneself, or for another whom one's right reaches; repeating it with the same id changes nothing");
        tasks.MapPut("/{id}", SaveAsync).RequireAuthorization(Rights.EditTasks).WithName("SaveTask").WithSummary("Another title, time, person or client; 409 edit_conflict carries the newer task").ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        tasks.MapPut("/{id}/done", DoneAsync).RequireAuthorization(Rights.EditTasks).WithName("SetTaskDone").WithSummary("Tick a task or callback off, or take that back; audited");
        tasks.MapDelete("/{id}", DeleteAsync).RequireAuthorization(Rights.DeleteTasks).WithName("DeleteTask").WithSummary("A task into the bin for 30 days; version is the one read, 409 edit_conflict carries the newer task")
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        tasks.MapPost("/{id}/restore", RestoreAsync).RequireAuthorization(Rights.DeleteTasks).WithName("RestoreTask").WithSummary("A task back from the bin");
        tasks.MapGet("/bin", async Task<Ok<ListPage<TaskBinRow>>> (Person person, TaskReader reader, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await reader.BinAsync(person.Within(Rights.SeeTasks).And(person.Within(Rights.DeleteTasks)), cursor, Cursor.Limit(limit), cancel)))
            .RequireAuthorization(Rights.DeleteTasks).WithName("ListTaskBin").WithSummary("Deleted tasks, the latest first");
    }

    static async Task<Results<Ok<ListPage<TaskView>>, ProblemHttpResult>> ListAsync(Person person, TaskReader reader, CancellationToken cancel, [Microsoft.AspNetCore.Mvc.FromQuery(Name = "person")] Guid? whose = null, Guid? client = null,
        string? kind = null, string? state = null, DateTimeOffset? dueFrom = null, DateTimeOffset? dueTo = null, string? query = null, string? sort = null, string? cursor = null, int? limit = null)
    {
        var filter = new TaskFilter(whose, client, kind, state, dueFrom, dueTo, query);
        var (order, refused) = Order(filter, sort, cursor);
        if (order is null) return refused!;
        return TypedResults.Ok(await reader.ListAsync(filter, person.Within(Rights.SeeTasks), person.Within(Rights.WorkWithClients), order, Cursor.Limit(limit), cancel));
    }

    internal static (ListOrder? Order, ProblemHttpResult? Refused) Order(TaskFilter filter, string? sort, string? cursor) =>
        filter.Kind is not (null or "task" or "callback") ? (null, Problems.Invalid("kind", "task or callback"))
        : filter.State is not (null or "open" or "done") ? (null, Problems.Invalid("state", "open or done"))
        : ListOrder.Of("tasks", sort, "due", cursor, TaskReader.Orders);

    static async Task<Answer> GetAsync(Guid id, Person person, TaskReader reader, CancellationToken cancel) => await SeenAsync(id, person, reader, cancel) is { } task ? TypedResults.Ok(task) : Problems.NotFound("task");

    static async Task<Answer> CreateAsync(TaskCreate create, Person person, TaskReader reader, TaskStore store, CardAccess access, CancellationToken cancel)
    {
        if (create.Id == Guid.Empty) return Problems.Invalid("id", "a UUID made by the page");
        if (create.Kind is not ("task" or "callback")) return Problems.Invalid("kind", "task or callback");
        var title = PlainText.Clean(create.Title, LongestTitle + 1);
        var whose = create.UserId ?? person.Id;
        if (await RefuseAsync(person, title, person.Within(Rights.CreateTasks).And(person.Within(Rights.SeeTasks)), whose, create.ClientId, store, access, cancel) is { } refused) return refused;
        await store.AddAsync(new NewTask(create.Id, create.ClientId, null, whose, create.Kind, title, create.DueAt), person.Id, cancel);
        return await SeenAsync(create.Id, person, reader, cancel) is { } task ? TypedResults.Ok(task) : Problems.Invalid("id", "the id of no other task");
    }

    static async Task<Answer> SaveAsync(Guid id, TaskSave save, Person person, TaskReader reader, TaskStore store, CardAccess access, CancellationToken cancel)
    {
        if (await SeenAsync(id, person, reader, cancel) is not { DeletedAt: null } task) return Problems.NotFound("task");
        if (!person.Within(Rights.EditTasks).Includes(task.UserId)) return NotYours();
        if (save.UserId is { } to && to != task.UserId && !person.Within(Rights.ReassignTasks).Includes(task.UserId)) return NotYours();
        var title = PlainText.Clean(save.Title, LongestTitle + 1);
        var client = save.ClientId == Guid.Empty ? null : save.ClientId;
        // What stays is asked for nothing.
        if (await RefuseAsync(person, title, person.Within(Rights.ReassignTasks), save.UserId == task.UserId ? null : save.UserId, client, store, access, cancel) is { } refused) return refused;
        return await AnswerAsync(await store.SaveAsync(id, save with { Title = title }, person.Id, cancel), id, person, reader, cancel);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DoneAsync(Guid id, TaskDone done, Person person, TaskStore tasks, CancellationToken cancel) =>
        await tasks.SetDoneAsync(id, person.Within(Rights.SeeTasks).And(person.Within(Rights.EditTasks)), done.Done, person.Id, cancel) ? TypedResults.NoContent() : Problems.NotFound("task");

    static async Task<Answer> DeleteAsync(Guid id, Person person, TaskReader reader, TaskStore store, CancellationToken cancel, int? version = null)
    {
        if (await SeenAsync(id, person, reader, cancel) is not { } task) return Problems.NotFound("task");
        if (!person.Within(Rights.DeleteTasks).Includes(task.UserId)) return NotYours();
        return task.DeletedAt is not null ? TypedResults.Ok(task) : await AnswerAsync(await store.DeleteAsync(id, version, person.Id, cancel), id, person, reader, cancel);
    }

    static async Task<Answer> RestoreAsync(Guid id, Person person, TaskReader reader, TaskStore store, CancellationToken cancel) =>
        await SeenAsync(id, person, reader, cancel) is not { } task || !person.Within(Rights.DeleteTasks).Includes(task.UserId) ? Problems.NotFound("task") : await AnswerAsync(await store.RestoreAsync(id, person.Id, cancel), id, person, reader, cancel);

    /// <summary>A task out of reach looks like one that does not exist.</summary>
    static async Task<TaskView?> SeenAsync(Guid id, Person person, TaskReader reader, CancellationToken cancel) =>
        await reader.FindAsync(id, person.Within(Rights.WorkWithClients), cancel) is { } task && person.Within(Rights.SeeTasks).Includes(task.UserId) ? task : null;

    static ProblemHttpResult NotYours() => Problems.Of(StatusCodes.Status403Forbidden, "not_allowed", "Your rights let you read this task, not do this with it.");

    /// <param name="whose">Who gets it, within the reach; null: it stays whose it is.</param>
    static async Task<ProblemHttpResult?> RefuseAsync(Person person, string title, Reach reach, Guid? whose, Guid? client, TaskStore store, CardAccess access, CancellationToken cancel)
    {
        if (title.Length is 0 or > LongestTitle) return Problems.Invalid("title", "a title of 1 to 200 characters");
        if (whose is { } id && (!reach.Includes(id) || (id != person.Id && !await store.IsActiveAsync(id, cancel)))) return Problems.Invalid("userId", "you, or an active person to whom you may give tasks");
        return client is { } card && !(await access.OfLiveAsync(person, card, cancel)).View ? Problems.Invalid("clientId", "a client that you see") : null;
    }

    static async Task<Answer> AnswerAsync(TaskWritten written, Guid id, Person person, TaskReader reader, CancellationToken cancel)
    {
        if (written == TaskWritten.NotFound || await reader.FindAsync(id, person.Within(Rights.WorkWithClients), cancel) is not { } task) return Problems.NotFound("task");
        if (written != TaskWritten.Conflict) return TypedResults.Ok(task);
        var problem = Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed this task since you read it. Theirs is in the answer.");
        problem.ProblemDetails.Extensions["task"] = task;
        return problem;
    }
}
