using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Tasks;

/// <summary>A person's day: what is due, and whom they talked to.</summary>
internal static class DayEndpoints
{
    const int MostCalls = 20;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/day", ReadAsync).RequireAuthorization(Rights.SignedIn).WithTags("Day")
            .WithName("GetDay").WithSummary("One's own day: tasks and callbacks due today or before, those done today, and today's calls; by one's own time zone");
    }

    static async Task<Ok<DayView>> ReadAsync(Person person, TaskStore tasks, CallStore calls, NpgsqlDataSource database, SiteClock clock, CancellationToken cancel)
    {
        var zone = await ZoneAsync(person.Id, database, clock, cancel);
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(clock.Now, zone).DateTime);
        var (from, to) = (SiteClock.StartOf(today, zone), SiteClock.StartOf(today.AddDays(1), zone));
        var (due, later) = await tasks.OfDayAsync(person.Id, person.Within(Rights.WorkWithClients), from, to, cancel);
        var taken = person.May(Rights.SeeCalls)
            ? (await calls.ListAsync(new CallFilter(null, null, null, person.Id, null, from, null, Reach.Of(person.Id), person.Veil), CallStore.Order(null, null).Order!, MostCalls, cancel)).Items
            : [];
        return TypedResults.Ok(new DayView(due, taken, later));
    }

    static async Task<TimeZoneInfo> ZoneAsync(Guid person, NpgsqlDataSource database, SiteClock clock, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var own = await connection.ExecuteScalarAsync<string?>(new CommandDefinition("select time_zone from app_user where id = @person", new { person }, cancellationToken: cancel));
        return TimeZoneInfo.TryFindSystemTimeZoneById(own ?? "", out var zone) ? zone : clock.Zone;
    }
}
