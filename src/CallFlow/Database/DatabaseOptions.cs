namespace CallCrm.CallFlow;

/// <summary>Section <c>Database</c>: the embedded server. Unused when <c>ConnectionStrings:CallCrm</c> names another one.</summary>
public sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary>Folder of the private cluster. Default: <c>postgres</c> in the data folder.</summary>
    public string DataFolder { get; set; } = "";

    /// <summary>Connections of the pool that pages and API share. 2 to 500, default 30.</summary>
    public int PoolSize { get; set; } = 30;

    /// <summary>Connections of the router's own pool. 2 to 50, default 8.</summary>
    public int RouterPoolSize { get; set; } = 8;

    /// <summary>Connections of the live feed's own pool. 2 to 50, default 8.</summary>
    public int FeedPoolSize { get; set; } = 8;
}
