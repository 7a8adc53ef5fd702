namespace CallCrm.DemoPbx.Tests;

/// <summary>A demo PBX with a scripted router and one AMI client.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private Bench(AgiAnswerer agi, DemoPbxServer pbx, AmiProbe ami) => (Agi, Pbx, Ami) = (agi, pbx, ami);

    public AgiAnswerer Agi { get; }

    public DemoPbxServer Pbx { get; }

    public AmiProbe Ami { get; }

    public static DemoPbxOptions Options() => new()
    {
        AmiPort = 0,
        Users = { new DemoAmiUser { Name = "callcrm", Secret = "demo-secret" } },
        Phones =
        {
            new DemoPhoneOptions { Name = "PJSIP/101", Display = "Agent 101" },
            new DemoPhoneOptions { Name = "PJSIP/102", Display = "Agent 102" },
            new DemoPhoneOptions { Name = "PJSIP/109", Display = "Agent 109", Registered = false },
            new DemoPhoneOptions { Name = "PJSIP/110", Display = "Agent 110" },
        },

        // Scripts of tests answer at once; on a busy machine "at once" may take a while.
        AgiTimeout = TimeSpan.FromSeconds(60),
        LoginTimeout = TimeSpan.FromHours(1),
        WriteTimeout = TimeSpan.FromHours(1),
        PlayTime = TimeSpan.FromMilliseconds(100),
    };

    /// <param name="scripts">What the router answers, request by request.</param>
    /// <param name="change">Changes to the options.</param>
    /// <param name="time">The clock; the system's by default.</param>
    public static async Task<Bench> StartAsync(
        IEnumerable<Func<AgiTalk, Task>> scripts, Action<DemoPbxOptions>? change = null, TimeProvider? time = null)
    {
        var agi = new AgiAnswerer(scripts);
        var options = Options();
        options.AgiAddress = agi.Address;
        change?.Invoke(options);
        var pbx = new DemoPbxServer(options, time);
        await pbx.StartAsync();
        return new Bench(agi, pbx, await AmiProbe.LogInAsync(pbx.AmiPort));
    }

    /// <summary>The caller of the traces.</summary>
    public static DemoCaller Alice(TimeSpan? patience = null) => new("420777123456", "560001") { Name = "Alice Novak", Patience = patience };

    public async ValueTask DisposeAsync()
    {
        Pbx.Faults.Should().Be(0);
        await Ami.DisposeAsync();
        await Pbx.DisposeAsync();
        await Agi.DisposeAsync();
    }
}
