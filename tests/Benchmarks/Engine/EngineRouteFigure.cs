namespace CallCrm.Benchmarks.Engine;

/// <summary>Whole calls a second on one core with 1,000 agents: request, look-up result, offer with all its facts, end.</summary>
sealed class EngineRouteFigure : IFigure
{
    const int Calls = 40_000;

    public string Name => "engine.route";

    public string Unit => "calls/s";

    public string Better => "higher";

    public string Goal => "≥ 50,000";

    public async Task<double[]> RunAsync()
    {
        var load = new EngineLoad(agents: 1_000);
        // The compiler works beside it, on the same clock, until it has seen every method often enough: not part of a router's day.
        for (var round = 0; round < 4; round++)
        {
            load.Run(Calls);
            await Task.Delay(500);
        }

        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
        {
            // Time on the processor: others may share the core.
            var from = Environment.CpuUsage.TotalTime;
            load.Run(Calls);
            runs[run] = Calls / (Environment.CpuUsage.TotalTime - from).TotalSeconds;
        }

        return runs;
    }
}

/// <summary>Time per decision (request and look-up result) with 10,000 agents ÷ with 100.</summary>
sealed class EngineRouteGrowthFigure : IFigure
{
    const int Calls = 20_000;

    public string Name => "engine.route_growth";

    public string Unit => "ratio";

    public string Better => "lower";

    public string Goal => "≤ 2";

    public Task<double[]> RunAsync()
    {
        var few = new EngineLoad(agents: 100);
        var many = new EngineLoad(agents: 10_000);
        few.Run(Calls);
        many.Run(Calls);
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
            runs[run] = many.Run(Calls) / few.Run(Calls);
        return Task.FromResult(runs);
    }
}
