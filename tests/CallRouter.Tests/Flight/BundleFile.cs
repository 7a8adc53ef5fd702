using System.Runtime.CompilerServices;
using CallCrm.CallRouter.Flight;

namespace CallCrm.CallRouter.Tests.Flight;

/// <summary>For tests from <c>callcrm bundle</c>.</summary>
static class BundleFile
{
    /// <summary>Runs an excerpt and asserts that its call has the journal entries it had.</summary>
    public static void TellsItsCallAgain(string path)
    {
        using var file = FlightFile.Open(path);
        Bundle.Check(file).Should().BeNull("{0} is call {1}", Path.GetFileName(path), file.Head.Bundle?.Call);
    }

    public static IEnumerable<string> Kept() => Directory.GetFiles(Folder(), "*.bundle").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    public static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Bundles");
}
