using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow;

/// <summary>Where the database is, known before any server runs, so that pools can be made in any order.</summary>
/// <param name="Cluster">Null: another server, named by <c>ConnectionStrings:CallCrm</c>.</param>
public sealed record DatabaseAddress(string ConnectionString, ClusterFolders? Cluster)
{
    public static DatabaseAddress From(IConfiguration configuration)
    {
        var given = configuration.GetConnectionString("CallCrm");
        if (!string.IsNullOrWhiteSpace(given)) return new DatabaseAddress(given, null);
        var folder = configuration[$"{DatabaseOptions.Section}:{nameof(DatabaseOptions.DataFolder)}"];
        if (string.IsNullOrWhiteSpace(folder)) folder = Path.Combine(DataFolder.From(configuration), "postgres");
        var cluster = ClusterFolders.For(folder);
        return new DatabaseAddress(cluster.ConnectionString("callcrm"), cluster);
    }
}

/// <summary>The folder for everything that must outlive a restart: <c>CallCrm:DataFolder</c>, else <c>./data</c>.</summary>
public static class DataFolder
{
    public static string From(IConfiguration configuration)
    {
        var given = configuration["CallCrm:DataFolder"];
        return Path.GetFullPath(string.IsNullOrWhiteSpace(given) ? "data" : given);
    }
}
