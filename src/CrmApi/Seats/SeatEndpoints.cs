using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Seats;

/// <summary>The places one may sit down at: who sits there and whether a phone is registered says the router, what they are called the settings.</summary>
internal static class SeatEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/seats", ReadAsync).RequireAuthorization(Rights.TakeCalls).WithTags("Seats")
            .WithName("ListSeats").WithSummary("Extensions with who holds them and whether a phone is registered; one's own and those last used first")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    static async Task<Ok<SeatsView>> ReadAsync(Person person, RouterRoad road, SeatStore store, LiveFacts facts, CancellationToken cancel)
    {
        var seats = (await road.SeatsAsync(cancel)).Items.ToDictionary(s => (s.Node, s.Number));
        var names = facts.Names;
        var items = new List<SeatView>();
        foreach (var place in await store.PlacesAsync(person.Id, cancel))
        {
            // Made a moment ago, and not in the router's settings yet: nobody can sit there.
            if (!seats.TryGetValue((place.Node, place.Number), out var seat)) continue;
            items.Add(new SeatView(place.Node, place.Number, place.Name, seat.Holder, Name(seat.Holder), seat.HolderState, seat.InCall, seat.HasPage, seat.Registered,
                Name(seat.Asker), seat.Holder == person.Id, seat.Holder == person.Id ? PhonesOf(seat) : null));
        }

        return TypedResults.Ok(new SeatsView([.. items.OrderBy(i => !i.Mine)]));

        string? Name(Guid? agent) => agent is null ? null : names.Person(agent) ?? "…";
    }

    public static IReadOnlyList<SeatPhoneView> PhonesOf(RoadSeat seat) => [.. (seat.Phones ?? []).Select(p => new SeatPhoneView(p.Device, p.Registered,
        p.Device.StartsWith("PJSIP/", StringComparison.Ordinal) ? "notify" : p.Device.StartsWith("SIP/", StringComparison.Ordinal) ? "header" : "none"))];
}

internal sealed class SeatStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Those of the person's domain, the one last used first.</summary>
    public async Task<IReadOnlyList<Place>> PlacesAsync(Guid user, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return (await connection.QueryAsync<Place>(new CommandDefinition(
            """
            select e.node, e.number, e.name from extension e join app_user me on me.id = @user and me.domain = e.domain
            left join (select node, extension, max(offered_at) as at from offer where agent_id = @user and offered_at > @recent group by node, extension) o
              on o.node = e.node and o.extension = e.number
            order by o.at desc nulls last, e.node, length(e.number), e.number
            """,
            new { user, recent = time.GetUtcNow() - TimeSpan.FromDays(30) }, cancellationToken: cancel))).AsList();
    }
}

internal sealed record Place(string Node, string Number, string Name);
