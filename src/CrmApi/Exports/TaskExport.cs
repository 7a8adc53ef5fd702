using System.Runtime.CompilerServices;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Tasks;

namespace CallCrm.CrmApi.Exports;

/// <summary>The list of tasks and callbacks as a file: as it is filtered and ordered; a client's name as far as one may export clients.</summary>
internal sealed class TaskExport(TaskReader reader, NumberMask mask, SiteClock clock)
{
    const int PageRows = 500;

    public static async Task<IResult> ExportAsync(HttpContext http, Person person, TaskExport tasks, TableExport export, SiteClock clock, AuditStore audit, CancellationToken cancel,
        [Microsoft.AspNetCore.Mvc.FromQuery(Name = "person")] Guid? whose = null, Guid? client = null, string? kind = null, string? state = null, DateTimeOffset? dueFrom = null, DateTimeOffset? dueTo = null, string? query = null,
        string? sort = null, string format = "csv", string language = "en")
    {
        if (ExportEndpoints.Wrong(format, language) is { } wrong) return wrong;
        var filter = new TaskFilter(whose, client, kind, state, dueFrom, dueTo, query is { Length: > 200 } ? query[..200] : query);
        if (TaskEndpoints.Order(filter, sort, null).Refused is { } refused) return refused;
        await audit.AddAsync(person.Id, "export", "task", $"{format} {filter.Kind} {filter.State} {Texts.Clean(filter.Query).Trim()}".TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return (await export.AnswerAsync(http, ExportEndpoints.Name("tasks", clock), format, language, ExportTexts.TaskHeader(language), tasks.RowsAsync(filter, sort, person, language, cancel), cancel)).Result;
    }

    /// <summary>Page by page, as the list is read.</summary>
    async IAsyncEnumerable<object?[]> RowsAsync(TaskFilter filter, string? sort, Person person, string language, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (people, cards) = (person.Within(Rights.SeeTasks).And(person.Within(Rights.ExportTasks)), person.Within(Rights.WorkWithClients));
        string? cursor = null;
        do
        {
            var page = await reader.ListAsync(filter, people, cards, TaskEndpoints.Order(filter, sort, cursor).Order!, PageRows, cancel);
            foreach (var task in page.Items) yield return Row(task, person.Veil, language);
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    object?[] Row(TaskView t, Veil veil, string language)
    {
        string? Shown(string? text) => text is not null && veil.Numbers ? mask.Text(text) : text;
        return [ExportTexts.TaskKind(t.Kind, language), Shown(t.Title), clock.Local(t.DueAt), t.DoneAt is { } done ? clock.Local(done) : null, t.UserName, Shown(t.ClientName), clock.Local(t.CreatedAt)];
    }
}
