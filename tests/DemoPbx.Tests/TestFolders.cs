namespace CallCrm.DemoPbx.Tests;

/// <summary>One folder for this run's recordings, and one for the voices, so that they are spoken once.</summary>
internal static class TestFolders
{
    private static readonly string Root = Directory.CreateTempSubdirectory("callcrm-demopbx-").FullName;

    static TestFolders() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Root, recursive: true);

    public static string Recordings { get; } = Path.Combine(Root, "recordings");

    public static string Voices { get; } = Path.Combine(Root, "voices");
}
