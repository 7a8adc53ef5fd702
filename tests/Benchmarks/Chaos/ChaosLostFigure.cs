using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.Benchmarks.Chaos;

/// <summary>
/// 300 real calls at 10/s on the lab, the host killed twice and its AMI cut five times: calls missing, doubled or wrong in the call log
/// against Asterisk's CEL, whatever is left open afterwards or was not right within 1 s of a login, and recordings of no call. One run: it is a count, not a time.
/// </summary>
sealed class ChaosLostFigure : IFigure
{
    public string Name => "chaos.lost";

    public string Unit => "calls";

    public string Better => "lower";

    public string Goal => "0";

    public async Task<double[]> RunAsync()
    {
        var plan = new LabChaosPlan(Calls: 300, PerSecond: 10, Agents: 50, [.. LabChaosPlan.Of(kills: 2, cuts: 5)], Seed: 1127);
        var result = await LabChaos.RunAsync(await AsteriskLab.SharedAsync(), await new PostgresFixture().NewDatabaseAsync(), plan);
        await Console.Error.WriteLineAsync($"  {result}");
        return [result.Differences.Count + result.AfterFaults.Count + result.Left.Count + result.Orphans.Count + Math.Abs(plan.Calls - result.Calls)];
    }
}
