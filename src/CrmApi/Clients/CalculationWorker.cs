using CallCrm.CallFlow;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Calculated fields, and the words that cards are found by, follow what changes around their cards within a second; calculated fields are calculated anew on all cards after a changed formula and at the beginning of a day.</summary>
internal sealed partial class CalculationWorker(ClientDirectory directory, IOptions<RouterRoadOptions> road, TimeProvider time, ILogger<CalculationWorker> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>Between two steps of a pass, so that it leaves room for people.</summary>
    static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(20);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var more = false;
            try
            {
                more = await directory.FollowAsync(road.Value.Domain, stoppingToken);
                more |= await directory.FollowLinksAsync(stoppingToken);
                more |= await directory.FollowChoicesAsync(stoppingToken);
                more |= await directory.PassAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                LogLater(e.Message);
            }

            await Task.Delay(more ? Breath : Every, time, stoppingToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Calculated fields wait: {Reason}")]
    private partial void LogLater(string reason);
}
