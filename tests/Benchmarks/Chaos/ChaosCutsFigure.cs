using CallCrm.TestKit.Chaos;

namespace CallCrm.Benchmarks.Chaos;

/// <summary>
/// Random faults (AMI cut, half-open, slow, overflown; router killed; PBX killed; database away) simulated without a breach: nobody stuck, no
/// call lost or doubled, the state right within a second after each. Worlds with a breach do not count; their seeds are printed.
/// </summary>
sealed class ChaosCutsFigure : IFigure
{
    const int Worlds = 600;

    public string Name => "chaos.cuts";

    public string Unit => "faults";

    public string Better => "higher";

    public string Goal => "≥ 10,000";

    public async Task<double[]> RunAsync()
    {
        var report = ChaosWorld.RunMany(firstSeed: 2_000_000, Worlds);
        await Console.Error.WriteLineAsync($"  {report}");
        // One breach is one too many.
        return [report.Broken.Count == 0 ? report.Cuts : 0];
    }
}
