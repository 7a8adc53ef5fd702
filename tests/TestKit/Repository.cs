namespace CallCrm.TestKit;

/// <summary>The source tree that this build came from.</summary>
public static class Repository
{
    public static string Folder { get; } = Find();

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CallCrm.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("No CallCrm.sln above the test assembly.");
    }
}
