namespace CallCrm.Benchmarks.Database;

/// <summary>One measurement for both percentiles: 100 calls/s for 15 s, three times, after 8 s of warm-up.</summary>
static class RouteDatabaseRun
{
    static readonly Lazy<Task<(double[][] Routes, double[][] Commits)>> s_runs = new(MeasureAsync);

    public static async Task<double[]> PercentileAsync(double percentile) => Percentile((await s_runs.Value).Routes, percentile);

    public static async Task<double[]> CommitPercentileAsync(double percentile) => Percentile((await s_runs.Value).Commits, percentile);

    static double Median(double[] sorted) => sorted[sorted.Length / 2];

    static double[] Percentile(double[][] runs, double percentile) => [.. runs.Select(run => run[Math.Min(run.Length - 1, (int)(run.Length * percentile))])];

    static async Task<(double[][] Routes, double[][] Commits)> MeasureAsync()
    {
        await using var database = await BenchDatabase.StartAsync(clients: true);
        await using var load = await RouteLoad.StartAsync(database);
        await load.RunAsync(callsPerSecond: 100, seconds: 8);
        var (routes, commits) = (new double[3][], new double[3][]);
        for (var run = 0; run < routes.Length; run++)
        {
            routes[run] = await load.RunAsync(callsPerSecond: 100, seconds: 15);
            commits[run] = load.Commits_ms();
            await Console.Error.WriteLineAsync(FormattableString.Invariant($"  median {Median(routes[run]):F2} ms, of these {Median(commits[run]):F2} for the commit"));
        }

        return (routes, commits);
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

/// <summary>What the commit of its entries adds to an offer before the PBX is told, 99 of 100: the same load.</summary>
sealed class JournalOfferP99Figure : IFigure
{
    public string Name => "journal.offer_p99";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 10";

    public Task<double[]> RunAsync() => RouteDatabaseRun.CommitPercentileAsync(0.99);
}
