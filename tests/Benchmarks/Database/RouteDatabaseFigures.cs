namespace CallCrm.Benchmarks.Database;

/// <summary>One measurement for both percentiles: 100 calls/s for 15 s, three times, after 8 s of warm-up.</summary>
static class RouteDatabaseRun
{
    static readonly Lazy<Task<double[][]>> s_runs = new(MeasureAsync);

    public static async Task<double[]> PercentileAsync(double percentile) =>
        [.. (await s_runs.Value).Select(run => run[Math.Min(run.Length - 1, (int)(run.Length * percentile))])];

    static async Task<double[][]> MeasureAsync()
    {
        await using var database = await BenchDatabase.StartAsync(clients: true);
        await using var load = await RouteLoad.StartAsync(database);
        await load.RunAsync(callsPerSecond: 100, seconds: 8);
        var runs = new double[3][];
        for (var run = 0; run < runs.Length; run++)
            runs[run] = await load.RunAsync(callsPerSecond: 100, seconds: 15);
        return runs;
    }
}

/// <summary>Median from a call's request to its committed route: PostgreSQL with 1,000,000 clients, 1,000 agents, 100 calls/s.</summary>
sealed class RouteDatabaseP50Figure : IFigure
{
    public string Name => "route.db_p50";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 3";

    public Task<double[]> RunAsync() => RouteDatabaseRun.PercentileAsync(0.5);
}

/// <summary>The same, 99 of 100.</summary>
sealed class RouteDatabaseP99Figure : IFigure
{
    public string Name => "route.db_p99";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 15";

    public Task<double[]> RunAsync() => RouteDatabaseRun.PercentileAsync(0.99);
}
