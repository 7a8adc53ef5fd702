using System.Diagnostics;
using CallCrm.CallFlow.Backup;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow.Tests.Backup;

/// <summary>The command as a process of its own: this assembly, started as a program.</summary>
static class BackupProcess
{
    public static Task<int> Main(string[] args) =>
        BackupCommand.RunAsync(args, new ConfigurationBuilder().AddEnvironmentVariables().Build(), TimeProvider.System, Console.In, Console.Out, Console.Error);

    public static Process Start(IReadOnlyDictionary<string, string?> settings, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(BackupProcess).Assembly.Location, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return Process.Start(start)!;
    }
}
