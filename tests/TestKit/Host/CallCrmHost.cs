using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CallCrm.TestKit.Host;

/// <summary>The published all-in-one host, or one part of it, as a process of its own, so that it can be killed, frozen and started again.</summary>
public sealed class CallCrmHost : IAsyncDisposable
{
    readonly StringBuilder _output = new();
    readonly Dictionary<string, string> _environment;
    readonly string? _moreUrls;
    readonly string _part;
    Process? _process;

    CallCrmHost(Dictionary<string, string> environment, int port, int agiPort, string? moreUrls, string part)
    {
        (_environment, _moreUrls, _part) = (environment, moreUrls, part);
        Port = port;
        AgiPort = agiPort;
        Address = new Uri($"http://127.0.0.1:{port}/");
    }

    public int Port { get; }

    /// <summary>Of its database.</summary>
    public string Connection => _environment["ConnectionStrings__CallCrm"];

    public int AgiPort { get; }

    public Uri Address { get; }

    public int ProcessId => _process?.Id ?? throw new InvalidOperationException("not started");

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <param name="settings">Configuration keys with colons, e.g. <c>ConnectionStrings:CallCrm</c>.</param>
    /// <param name="moreUrls">Further addresses beside the plain one on the loopback, separated by semicolons.</param>
    /// <param name="part">Its program: AllInOne, CallRouter, CrmApi or Recorder.</param>
    public static async Task<CallCrmHost> StartAsync(IReadOnlyDictionary<string, string> settings, CancellationToken cancel = default, string? moreUrls = null, string part = "AllInOne")
    {
        var port = Ports.Free();
        var agiPort = settings.TryGetValue("Router:AgiPort", out var given) ? int.Parse(given, CultureInfo.InvariantCulture) : Ports.Free();
        var environment = settings.ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value, StringComparer.Ordinal);
        environment["Router__AgiPort"] = agiPort.ToString(CultureInfo.InvariantCulture);
        environment.TryAdd("Router__InternalKey", "a-key-for-tests-only");
        environment.TryAdd("Scripts__Folder", Path.Combine(Repository.Folder, "scripts-library"));
        environment["DOTNET_ENVIRONMENT"] = "Production";
        var host = new CallCrmHost(environment, port, agiPort, moreUrls, part);
        await host.StartAgainAsync(cancel);
        return host;
    }

    /// <summary>Starts the process with the same settings, and waits until it is ready.</summary>
    public async Task StartAgainAsync(CancellationToken cancel = default)
    {
        Launch();
        await WaitReadyAsync(TimeSpan.FromSeconds(60), cancel);
    }

    /// <summary>A command of the published program, such as backup.</summary>
    public static Task<(int Code, string Output)> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] args) => RunPartAsync("AllInOne", settings, args);

    public static async Task<(int Code, string Output)> RunPartAsync(string part, IReadOnlyDictionary<string, string> settings, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [PublishedHost.FindAssembly(part), .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }

    public void Launch()
    {
        var assembly = PublishedHost.FindAssembly(_part);
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { assembly, "--urls", Address.ToString().TrimEnd('/') + (_moreUrls is null ? "" : ";" + _moreUrls) },
            WorkingDirectory = Path.GetDirectoryName(assembly),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in _environment)
            start.Environment[key] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public async Task WaitReadyAsync(TimeSpan within, CancellationToken cancel = default)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < within)
        {
            if (_process!.HasExited)
                throw new InvalidOperationException($"The host ended with {_process.ExitCode}:\n{Output}");
            try
            {
                using var answer = await http.GetAsync(new Uri(Address, "health/ready"), cancel);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
            {
                // Not up yet.
            }

            await Task.Delay(100, cancel);
        }

        throw new TimeoutException($"The host was not ready within {within}:\n{Output}");
    }

    /// <summary>kill -9: nothing gets to say goodbye.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: the process lives, its sockets stay open, nothing answers.</summary>
    public Task FreezeAsync() => Signal.SendAsync(ProcessId, "STOP");

    public Task ThawAsync() => Signal.SendAsync(ProcessId, "CONT");

    /// <summary>SIGINT, as Ctrl-C does.</summary>
    public async Task StopAsync()
    {
        if (_process is not { HasExited: false })
            return;
        await Signal.SendAsync(ProcessId, "CONT");
        await Signal.SendAsync(ProcessId, "INT");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            throw new TimeoutException($"The host did not stop within 20 s:\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        finally
        {
            _process?.Dispose();
        }
    }

    void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
    }
}

/// <summary>Signals by kill(1).</summary>
public static class Signal
{
    public static async Task SendAsync(int processId, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", processId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}

/// <summary>Where the published all-in-one host is: CALLCRM_HOST (set by the test command), else the newest build in artifacts or bin.</summary>
public static class PublishedHost
{
    public static string FindAssembly(string part = "AllInOne") => Path.Combine(Path.GetDirectoryName(FindAllInOne())!, $"CallCrm.{part}.dll");

    static string FindAllInOne()
    {
        if (Environment.GetEnvironmentVariable("CALLCRM_HOST") is { Length: > 0 } given)
            return File.Exists(given) ? given : throw new FileNotFoundException($"CALLCRM_HOST names '{given}', which is not there.");
        var published = Path.Combine(Repository.Folder, "artifacts", "host", "CallCrm.AllInOne.dll");
        return File.Exists(published)
            ? published
            : throw new FileNotFoundException("The published host is missing; expected artifacts/host/CallCrm.AllInOne.dll. Run: dotnet publish src/AllInOne -c Release -o artifacts/host");
    }
}
