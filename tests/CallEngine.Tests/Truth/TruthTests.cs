using System.Runtime.CompilerServices;
using CallCrm.CallEngine.Tests;

namespace CallCrm.Engine.Tests;

/// <summary>
/// What the README of each trace says happened, as the engine tells it from AMI alone. The texts in <c>Expected</c> were held
/// against README, SIP and AMI of their trace by a reader; to write new ones set CALLCRM_APPROVE=1, and read them again.
/// </summary>
public sealed class TruthTests
{
    public static TheoryData<string> Small => [.. PbxModelTraces.All.Where(s => s != "21-load"), .. PbxModelTraces.Captures];

    public static TheoryData<string> Every => [.. PbxModelTraces.All, .. PbxModelTraces.Captures];

    [Theory]
    [MemberData(nameof(Small))]
    public void The_conversation_is_told_as_it_was(string scenario)
    {
        var told = TruthText.Of(Run(scenario));
        var file = ExpectedFile(scenario);
        if (Environment.GetEnvironmentVariable("CALLCRM_APPROVE") == "1")
            File.WriteAllText(file, told);
        told.Should().Be(File.ReadAllText(file), "{0} says so", Path.GetFileName(file));
    }

    private static TraceRun Run(string scenario) => new TraceRun(routed: false).Play(TraceRun.EventsOf(scenario));

    private static string ExpectedFile(string scenario, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "Expected", scenario + ".txt");
}
