namespace CallCrm.CallFlow.Demo;

/// <summary>Section <c>Demo</c>: the made-up company that an empty database is filled with.</summary>
public sealed class DemoOptions
{
    public const string Section = "Demo";

    /// <summary>Routing domain of the demo's people and queues. Default "main".</summary>
    public string Domain { get; set; } = "main";

    /// <summary>Node name of the demo PBX. Default "demo".</summary>
    public string Node { get; set; } = "demo";

    /// <summary>Password of all demo sign-ins; known to everybody, so the demo listens on loopback only. Default "demo".</summary>
    public string Password { get; set; } = "demo";

    /// <summary>Same seed, same names, numbers and days. Default 7.</summary>
    public int Seed { get; set; } = 7;

    /// <summary>Clients. 100 to 100,000, default 5,000.</summary>
    public int Clients { get; set; } = 5000;

    /// <summary>Days of past calls, ending now. 1 to 365, default 60.</summary>
    public int Days { get; set; } = 60;

    /// <summary>Inbound calls on a workday. 10 to 2,000, default 250.</summary>
    public int CallsPerDay { get; set; } = 250;
}
