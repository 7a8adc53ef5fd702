using System.Diagnostics;
using System.Globalization;
using CallCrm.TestKit.Host;

namespace CallCrm.TestKit.Lab;

/// <summary>
/// The real Asterisk of <c>deploy/lab</c> with its phones and callers, on free ports. One per test process
/// (<see cref="SharedAsync"/>); ended, and its folder removed, when the process is gone, even by a kill.
/// </summary>
public sealed class AsteriskLab
{
    static readonly Lazy<Task<AsteriskLab>> Shared = new(() => StartAsync("t" + Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
    int _logs;

    AsteriskLab(string name, string folder, int sipPort, int amiPort, int agiPort)
    {
        Name = name;
        Folder = folder;
        SipPort = sipPort;
        AmiPort = amiPort;
        AgiPort = agiPort;
    }

    public string Name { get; }

    /// <summary>The instance's folder: etc, log, recordings.</summary>
    public string Folder { get; }

    public string RecordingFolder => Path.Combine(Folder, "recordings");

    /// <summary>The mailboxes of app_voicemail.</summary>
    public string VoicemailFolder => Path.Combine(Folder, "spool/voicemail");

    public int SipPort { get; }

    public int AmiPort { get; }

    /// <summary>Where its dialplan asks for routes, on 127.0.0.1: the place for the router under test, or a <see cref="ScriptedAgi"/>.</summary>
    public int AgiPort { get; }

    /// <summary>The systemname, which is also the router's name for this PBX.</summary>
    public string Node => "lab";

    /// <summary>The AMI user of <c>manager-callcrm.conf</c>.</summary>
    public string AmiUser => "callcrm";

    public string AmiSecret => "lab-secret";

    public int ProcessId => int.Parse(File.ReadAllText(Path.Combine(Folder, "run/pid")), CultureInfo.InvariantCulture);

    public static Task<AsteriskLab> SharedAsync() => Shared.Value;

    static async Task<AsteriskLab> StartAsync(string name)
    {
        int sip = Ports.Free(), ami = Ports.Free(), agi = Ports.Free();
        var rtp = Ports.FreeBlock(40000, 60000, 400);
        // Making the root takes a minute where it is not there yet.
        var output = await LabProgram.RunAsync("lab",
            ["start", name, "--sip", Text(sip), "--ami", Text(ami), "--agi", $"127.0.0.1:{agi}", "--rtp", $"{rtp}-{rtp + 399}", "--trunk", Text(Ports.Free()), "--phones", "150"],
            TimeSpan.FromMinutes(6));
        RemoveWhenWeAreGone(name);
        return new AsteriskLab(name, output.Trim().Split('\n')[^1], sip, ami, agi);
    }

    /// <summary>Settings of a host that serves this PBX.</summary>
    public Dictionary<string, string> HostSettings() => new(StringComparer.Ordinal)
    {
        ["Router:AgiPort"] = Text(AgiPort),
        ["Pbx:0:Node"] = Node,
        ["Pbx:0:Host"] = "127.0.0.1",
        ["Pbx:0:AmiPort"] = Text(AmiPort),
        ["Pbx:0:User"] = AmiUser,
        ["Pbx:0:Secret"] = AmiSecret,
        ["Pbx:0:TrunkEndpoints:0"] = "PJSIP/trunk",
        ["Pbx:0:Region"] = "IT",
        ["Pbx:0:RecordingFolder"] = RecordingFolder,
        ["Pbx:0:VoicemailFolder"] = VoicemailFolder,
        ["Pbx:0:CelFile"] = Path.Combine(Folder, "log/cel-custom/cel.csv"),
    };

    public Task<LabPhone> PhoneAsync(LabPhoneKind kind, string extensions, TimeSpan? ring = null, TimeSpan? talk = null) =>
        LabPhone.StartAsync(this, kind, extensions, ring, talk);

    public Task<LabSoftphone> SoftphoneAsync(string extension) => LabSoftphone.StartAsync(this, extension);

    public LabCall Call(LabCallPlan plan) => LabCall.Start(this, plan);

    public Task<LabAmi> WatchAsync() => LabAmi.ConnectAsync(AmiPort);

    /// <summary>A command of the Asterisk console.</summary>
    public Task<string> CliAsync(string command) => LabProgram.RunAsync("lab", ["cli", Name, command], TimeSpan.FromSeconds(10));

    /// <summary>Names of the channels that are up now.</summary>
    public async Task<IReadOnlyList<string>> ChannelsAsync() =>
        (await CliAsync("core show channels concise")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(l => l.Contains('!', StringComparison.Ordinal)).Select(l => l.Split('!')[0]).ToArray();

    public IReadOnlyList<CelRow> Cel() => CelRow.Read(Path.Combine(Folder, "log/cel-custom/cel.csv"));

    public IReadOnlyList<CdrRow> Cdr() => CdrRow.Read(Path.Combine(Folder, "log/cdr-csv/Master.csv"));

    /// <summary>Its channels now, as <c>core show channels</c> has them.</summary>
    /// <remarks>A channel that moves within the PBX's list while that is read is told twice: as it was last told it is.</remarks>
    public async Task<IReadOnlyList<LabChannel>> SnapshotAsync() =>
        (await CliAsync("core show channels concise")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Trim().Split('!')).Where(f => f.Length >= 14).Select(f => new LabChannel(f[0], f[4], f[^2], f[^1])).Reverse().DistinctBy(c => c.UniqueId, StringComparer.Ordinal).Reverse().ToArray();

    /// <summary>kill -9.</summary>
    public Task KillAsync() => LabProgram.RunAsync("lab", ["kill", Name], TimeSpan.FromSeconds(10));

    /// <summary>The same, without waiting until its last thread has ended.</summary>
    public Task CrashAsync() => Signal.SendAsync(ProcessId, "KILL");

    public Task RestartAsync() => LabProgram.RunAsync("lab", ["restart", Name], TimeSpan.FromSeconds(20));

    public Task FreezeAsync() => Signal.SendAsync(ProcessId, "STOP");

    public Task ThawAsync() => Signal.SendAsync(ProcessId, "CONT");

    /// <summary>Hangs up everything, so that one test leaves nothing to the next.</summary>
    public async Task QuietAsync()
    {
        for (var left = 50; (await ChannelsAsync()).Count > 0; left--)
        {
            if (left == 0)
                throw new TimeoutException("Channels of an earlier test do not end:\n" + await CliAsync("core show channels"));
            await CliAsync("channel request hangup all");
            await Task.Delay(100);
        }
    }

    internal string NewLog(string kind) =>
        Path.Combine(Folder, "log", $"{kind}-{Interlocked.Increment(ref _logs).ToString(CultureInfo.InvariantCulture)}.log");

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A test process may end by a kill; so a small process of its own waits for that.</summary>
    static void RemoveWhenWeAreGone(string name)
    {
        const string Script = """
            exec >/dev/null 2>&1 </dev/null
            while kill -0 "$1" && ! grep -q '^State:.Z' "/proc/$1/status"; do sleep 0.5; done
            "$2/lab" remove "$3"
            """;
        using var watcher = Process.Start(new ProcessStartInfo("setsid",
            ["sh", "-c", Script, "sh", Text(Environment.ProcessId), LabProgram.Folder, name])
        { UseShellExecute = false });
    }
}

/// <param name="Name">For example <c>PJSIP/101-00000002</c>.</param>
/// <param name="Bridge">Empty: in none.</param>
public sealed record LabChannel(string Name, string State, string Bridge, string UniqueId)
{
    public string Device => Name.LastIndexOf('-') is > 0 and var dash ? Name[..dash] : Name;
}
