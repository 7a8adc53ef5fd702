using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.Engine;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Transfers;

/// <summary>Where an agent may hand a call on to: people with their presence, queues with who waits and who is ready. Read again while it is open.</summary>
internal static class DirectoryModule
{
    const string Sql =
        """
        select id, name from app_user where domain = @domain and is_agent and active and id <> @person order by lower(name), id;
        select id, name, hours::text as hours, time_zone, most_waiting from queue where domain = @domain and retired_at is null order by position, lower(name), id;
        select a.queue_id, a.user_id from queue_member a join app_user u on u.id = a.user_id where u.domain = @domain and u.is_agent and u.active;
        select h.queue_id, h.day from queue_holiday h join queue q on q.id = h.queue_id where q.domain = @domain and h.day between @today::date - 2 and @today::date + 2;
        """;

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/directory", ReadAsync).RequireAuthorization(Rights.TakeCalls).WithTags("Directory")
        .WithName("GetDirectory").WithSummary("People and queues that a call may be handed on to, with their states of this moment");

    static async Task<Ok<DirectoryView>> ReadAsync(Person person, Feed feed, LiveFacts facts, NpgsqlDataSource database, IOptions<RouterRoadOptions> road, TimeProvider time, CancellationToken cancel)
    {
        await feed.Loaded.WaitAsync(TimeSpan.FromSeconds(10), cancel);
        var (state, now) = (feed.State, time.GetUtcNow());
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var all = await connection.QueryMultipleAsync(new CommandDefinition(Sql,
            new { domain = road.Value.Domain, person = person.Id, today = DateOnly.FromDateTime(now.UtcDateTime) }, cancellationToken: cancel));
        var people = (await all.ReadAsync<PersonRow>()).Select(p => View(p, state.Agent(p.Id), facts)).OrderBy(p => p.State == nameof(AgentState.SignedOut)).ToList();
        var queues = (await all.ReadAsync<QueueRow>()).AsList();
        var members = (await all.ReadAsync<MemberRow>()).ToLookup(m => m.Queue_id, m => m.User_id);
        var holidays = (await all.ReadAsync<HolidayRow>()).ToLookup(h => h.Queue_id, h => h.Day);
        var waiting = state.Calls.Values.Where(c => c.Waits).CountBy(c => c.Queue ?? Guid.Empty).ToDictionary();
        return TypedResults.Ok(new DirectoryView(people, [.. queues.Select(q => View(q, [.. members[q.Id].Select(state.Agent)], waiting.GetValueOrDefault(q.Id), [.. holidays[q.Id]], now))]));
    }

    static DirectoryPersonView View(PersonRow person, LiveAgent agent, LiveFacts facts) => new(person.Id, person.Name, agent.State.ToString(), agent.Reason, agent.Extension,
        agent.State == AgentState.SignedOut ? null : agent.Since, facts.Names.People.GetValueOrDefault(person.Id)?.Queues);

    static DirectoryQueueView View(QueueRow queue, LiveAgent[] members, int waiting, HashSet<DateOnly> holidays, DateTimeOffset now) => new(queue.Id, queue.Name, waiting,
        members.Count(a => a is { State: AgentState.Ready, Reason: null }), members.Count(a => a.State is not (AgentState.SignedOut or AgentState.Away)),
        QueueHours.IsOpen(queue.Hours, queue.Time_zone, holidays, now), queue.Most_waiting is { } most && waiting >= most);

    sealed record PersonRow(Guid Id, string Name);

    sealed record QueueRow(Guid Id, string Name, string? Hours, string Time_zone, int? Most_waiting);

    sealed record MemberRow(Guid Queue_id, Guid User_id);

    sealed record HolidayRow(Guid Queue_id, DateOnly Day);
}
