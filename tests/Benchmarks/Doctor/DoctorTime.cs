using System.Diagnostics;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.Benchmarks.Doctor;

/// <summary><c>callcrm doctor</c> as a process, start of .NET included, against the lab's Asterisk while the host runs.</summary>
public sealed class DoctorTime : IFigure
{
    public string Name => "doctor.time";

    public string Unit => "s";

    public string Better => "lower";

    public string Goal => "≤ 10";

    public async Task<double[]> RunAsync()
    {
        var lab = await AsteriskLab.SharedAsync();
        var settings = lab.HostSettings();
        settings["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-bench").FullName;
        settings["Demo:Company"] = "true";
        settings["Demo:Simulate"] = "false";
        settings["Demo:Node"] = lab.Node;
        await using var host = await CallCrmHost.StartAsync(settings);
        var runs = new List<double>();
        for (var i = 0; i < 4; i++)
            runs.Add(await OnceAsync(settings, host.Port));
        return [.. runs.Skip(1)];
    }

    static async Task<double> OnceAsync(Dictionary<string, string> settings, int port)
    {
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { PublishedHost.FindAssembly(), "doctor", "--json", "--port", $"{port}" }, RedirectStandardOutput = true };
        foreach (var (key, value) in settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        var since = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        // The demo's phones are answered from the page, for which the lab gives no right: a fault, 1. More than that is no figure.
        if (process.ExitCode is not (0 or 1) || !output.Contains("The PBX reaches CallCrm", StringComparison.Ordinal))
            throw new InvalidOperationException($"The doctor ended with {process.ExitCode}: {output}");
        return Stopwatch.GetElapsedTime(since).TotalSeconds;
    }
}
