using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Encodings.Web;
using System.Text.Json;
using CallCrm.Telephony.FastAgi;

namespace CallCrm.CallRouter.Doctor;

/// <summary><c>callcrm doctor</c>: the host and each PBX are looked at side by side; every fault in one sentence with its remedy.</summary>
public static class DoctorCommand
{
    const int FineCode = 0;
    const int Faults = 1;
    const int CouldNotRun = 2;

    /// <summary>All checks end before this, whatever does not answer.</summary>
    static readonly TimeSpan AllWithin = TimeSpan.FromSeconds(9);

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="args"><c>doctor [--json] [--port N]</c>.</param>
    /// <returns>0 fine, 1 faults, 2 it could not run.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, IConfiguration configuration, TimeProvider time, TextWriter output, TextWriter errors)
    {
        if (Read(args, configuration, out var json) is not { } page)
        {
            await errors.WriteLineAsync("Usage: doctor [--json] [--port N], N from 1 to 65535");
            return CouldNotRun;
        }

        var since = Stopwatch.GetTimestamp();
        var findings = await ExamineAsync(configuration, page, time);
        var took = Stopwatch.GetElapsedTime(since);
        if (json)
            await output.WriteLineAsync(JsonSerializer.Serialize(new { fine = !findings.Any(IsFault), seconds = Math.Round(took.TotalSeconds, 2), findings = findings.Select(f => new { f.Area, f.Check, state = Word(f), f.Text }) }, Json));
        else
            await PrintAsync(findings, took, output);
        return findings.Any(IsFault) ? Faults : FineCode;
    }

    /// <summary>A configuration that cannot be read is a fault like others, but nothing else can be looked at.</summary>
    public static int Report(string problem, bool json, TextWriter output)
    {
        var finding = Finding.Fault("host", "configuration", problem);
        output.WriteLine(json
            ? JsonSerializer.Serialize(new { fine = false, seconds = 0.0, findings = new[] { new { finding.Area, finding.Check, state = Word(finding), finding.Text } } }, Json)
            : $"FAULT  {finding.Text}");
        return Faults;
    }

    internal static async Task<IReadOnlyList<Finding>> ExamineAsync(IConfiguration configuration, Uri page, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(AllWithin, time);
        var pbxs = configuration.GetSection(PbxOptions.Section).Get<List<PbxOptions>>() ?? [];
        var router = configuration.GetSection(RouterOptions.Section).Get<RouterOptions>() ?? new RouterOptions();
        var host = new HostDoctor(configuration, page);
        var found = new List<Finding>(host.CheckConfiguration(pbxs)) { host.CheckData(), host.CheckFfmpeg(), host.CheckTranscripts() };
        if (host.CheckCertificate(time.GetUtcNow()) is { } certificate)
            found.Add(certificate);
        await using var agi = AnswerMeanwhile(router, pbxs, found);
        var port = host.CheckPortAsync(limit.Token);
        var database = host.CheckDatabaseAsync(router.Domain, port, limit.Token);
        var checks = pbxs.Where(p => p.Node.Length > 0).Select(p => new PbxDoctor(p, time).RunAsync(SettingsOf(p, database), limit.Token)).ToList();
        DateTimeOffset? begun = null;
        try
        {
            found.Add((await port).Finding);
            var looked = await database;
            found.Add(looked.Finding);
            begun = looked.Begun;
        }
        catch (OperationCanceledException)
        {
            found.Add(Finding.Fault("host", "database", "Host or database do not answer in time: look at the machine's load."));
        }

        found.Add(host.CheckBackup(time.GetUtcNow(), begun));
        foreach (var check in checks)
            found.AddRange(await check);
        if (pbxs.Count == 0)
            found.Add(Finding.Untold("host", "pbx", "No PBX is configured (Pbx:0:Host and so on): the host runs the demo PBX."));
        return found;
    }

    static async Task<DoctorSettings?> SettingsOf(PbxOptions pbx, Task<(Finding Finding, DoctorSettings? Settings, DateTimeOffset? Begun)> database) =>
        (await database).Settings is { } all ? all with { Devices = [.. all.Devices.Where(d => d.Node == pbx.Node)] } : null;

    /// <summary>While the host does not run, its FastAGI port is answered from here, so that the way from the PBX can be tried all the same.</summary>
    static AgiServer? AnswerMeanwhile(RouterOptions router, List<PbxOptions> pbxs, List<Finding> found)
    {
        if (pbxs.Count == 0 || router.AgiPort == 0 || !IPAddress.TryParse(router.AgiAddress, out var address))
            return null;
        var peers = new HashSet<IPAddress>();
        foreach (var pbx in pbxs)
        {
            try
            {
                peers.UnionWith(Dns.GetHostAddresses(pbx.Host));
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                found.Add(Finding.Fault($"pbx {pbx.Node}", "name", $"The host '{pbx.Host}' of the PBX cannot be found: correct Pbx Host, or use its address."));
            }
        }

        var server = new AgiServer(
            new AgiServerOptions { Address = address, Port = router.AgiPort, AllowedPeers = peers },
            (session, cancel) => AgiCheck.IsAsked(session) ? AgiCheck.AnswerAsync(session, cancel) : Task.CompletedTask);
        try
        {
            server.Start();
            return server;
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode != SocketError.AddressAlreadyInUse)
                found.Add(Finding.Fault("host", "agi", $"FastAGI cannot listen on {router.AgiAddress}:{router.AgiPort} ({e.SocketErrorCode}): set Router:AgiAddress to an address of this machine."));
            return null;
        }
    }

    static async Task PrintAsync(IReadOnlyList<Finding> findings, TimeSpan took, TextWriter output)
    {
        foreach (var area in findings.GroupBy(f => f.Area))
        {
            await output.WriteLineAsync(area.Key);
            foreach (var f in area.OrderByDescending(f => f.State))
                await output.WriteLineAsync($"  {Word(f),-7} {f.Text}");
        }

        var faults = findings.Count(IsFault);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{(faults == 0 ? "No faults" : faults == 1 ? "1 fault" : $"{faults} faults")}, {findings.Count} findings in {took.TotalSeconds:F1} s"));
    }

    static Uri? Read(IReadOnlyList<string> args, IConfiguration configuration, out bool json)
    {
        json = false;
        var given = configuration["Web:Urls"] is { Length: > 0 } urls ? urls.Split(';', StringSplitOptions.TrimEntries) is var all && Array.Find(all, u => u.StartsWith("http:", StringComparison.OrdinalIgnoreCase)) is { } plain ? plain : all[0] : "http://127.0.0.1:8080";
        var uri = new UriBuilder(given.Replace("//*", "//127.0.0.1", StringComparison.Ordinal).Replace("//+", "//127.0.0.1", StringComparison.Ordinal));
        if (uri.Host is "0.0.0.0" or "[::]")
            uri.Host = "127.0.0.1";
        for (var i = 1; i < args.Count; i++)
        {
            if (args[i] == "--json")
                json = true;
            else if (args[i] == "--port" && i + 1 < args.Count && ushort.TryParse(args[++i], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)
                uri.Port = port;
            else
                return null;
        }

        return uri.Uri;
    }

    static bool IsFault(Finding f) => f.State == FindingState.Fault;

    static string Word(Finding f) => f.State switch { FindingState.Fine => "fine", FindingState.Fault => "FAULT", _ => "note" };
}
