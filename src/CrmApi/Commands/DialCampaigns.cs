using CallCrm.CallFlow;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Commands;

/// <summary>Campaigns that calls out can be made for: those that run today, by the site's zone. Whom an agent calls has no queue, whose zone it could be.</summary>
internal sealed class DialCampaigns(NpgsqlDataSource database, SiteClock clock, IOptions<RouterRoadOptions> road)
{
    const string Runs = "not k.retired and (k.from_day is null or k.from_day <= @today) and (k.to_day is null or k.to_day >= @today)";

    public async Task<bool> RunsAsync(string code, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition($"select exists (select from campaign k where k.code = @code and {Runs})", new { code, today = clock.Today }, cancellationToken: cancel));
    }

    /// <returns>Null: it was of none, of one that is over, or is not kept any more. That is no reason not to call back.</returns>
    public async Task<string?> OfCallAsync(Guid call, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            $"""
            select k.code from call o left join call m on m.id = o.merged_into join campaign k on k.code = coalesce(m.campaign, o.campaign)
            where o.id = @call and o.domain = @domain and {Runs}
            """, new { call, domain = road.Value.Domain, today = clock.Today }, cancellationToken: cancel));
    }
}
