namespace CallCrm.EndToEnd;

/// <summary>The published host with a small demo company, its demo PBX and its callers; no Asterisk.</summary>
static class DemoSite
{
    /// <param name="connection">Null: the host's own PostgreSQL in the data folder.</param>
    public static Dictionary<string, string> Settings(string? connection)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CallCrm:DataFolder"] = Folder("callcrm-site"),
            ["Demo:Clients"] = "200",
            ["Demo:Days"] = "5",
        };
        if (connection is not null)
            settings["ConnectionStrings:CallCrm"] = connection;
        return settings;
    }

    /// <summary>Which the database's own user can reach.</summary>
    public static string Folder(string name)
    {
        var folder = Directory.CreateTempSubdirectory(name).FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }
}
