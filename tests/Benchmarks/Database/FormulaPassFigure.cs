using System.Diagnostics;
using CallCrm.CallFlow;
using CallCrm.CrmApi.Clients;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CallCrm.Benchmarks.Database;

/// <summary>
/// Cards a second of the pass that a changed formula makes over 1,000,000 clients with 300,000 deals and 5,000,000 calls, by the worker itself, which rests between its steps. The formula
/// asks for calls and deals, and every card gets a value. The first 100,000 warm up, the others are the three runs.
/// </summary>
sealed class FormulaPassFigure : IFigure
{
    const int WarmUp = 100_000;
    const int Each = 300_000;

    public string Name => "formula.pass";

    public string Unit => "rows/s";

    public string Better => "higher";

    public string Goal => "≥ 5,000";

    public async Task<double[]> RunAsync()
    {
        await using var database = await BenchDatabase.StartAsync(clients: true, history: true);
        await using (var field = database.Pages.CreateCommand(
            """
            insert into client_field (code, name, kind, position, expression, result, uses)
            values ('standing', 'Standing', 'calculated', 1, 'if(openDeals > 0, "in talks", if(calls > 5, "knows us", "new")) & " " & upper(left(name, 3))', 'text', '{calls,name,openDeals}')
            """))
            await field.ExecuteNonQueryAsync();
        await using var hints = new ChangeHints(database.Pages, TimeProvider.System, NullLogger<ChangeHints>.Instance);
        var directory = new ClientDirectory(database.Pages, database.Router, hints, TimeProvider.System);
        // The field is new to it, so it begins with all cards.
        using var worker = new CalculationWorker(directory, Options.Create(new RouterRoadOptions()), TimeProvider.System, NullLogger<CalculationWorker>.Instance);
        await worker.StartAsync(CancellationToken.None);
        var (done, from) = await ReachedAsync(database, WarmUp);
        var runs = new double[3];
        for (var run = 0; run < runs.Length; run++)
        {
            var (now, at) = await ReachedAsync(database, WarmUp + (Each * (run + 1)));
            runs[run] = (now - done) / Stopwatch.GetElapsedTime(from, at).TotalSeconds;
            (done, from) = (now, at);
        }

        await worker.StopAsync(CancellationToken.None);
        await using var check = database.Pages.CreateCommand("select count(*) from client where custom ->> 'standing' is null");
        if (await check.ExecuteScalarAsync() is not 0L)
            throw new InvalidOperationException("Every card is to have a value.");
        return runs;
    }

    /// <returns>How many cards are done, at least so many, and when.</returns>
    static async Task<(long Cards, long At)> ReachedAsync(BenchDatabase database, long cards)
    {
        while (true)
        {
            await using var command = database.Pages.CreateCommand("select coalesce(r.after, case when r.ended_at is null then 0 else 1000000 end) - (select min(number) - 1 from client) from client_recalculation r");
            var done = await command.ExecuteScalarAsync() is long now ? Math.Min(now, BenchDatabase.Clients) : 0;
            if (done >= cards)
                return (done, Stopwatch.GetTimestamp());
            await Task.Delay(20);
        }
    }
}
