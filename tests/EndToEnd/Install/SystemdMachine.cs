using System.Diagnostics;
using CallCrm.TestKit;

namespace CallCrm.EndToEnd.Install;

/// <summary>
/// A machine with systemd as its first process: a container over this system's own files, whose changes are thrown away with it. It has its own network,
/// with nothing but a loopback.
/// </summary>
sealed class SystemdMachine : IAsyncDisposable
{
    readonly Process _container;
    readonly int _leader;
    readonly string _folder;

    SystemdMachine(Process container, int leader, string folder) => (_container, _leader, _folder) = (container, leader, folder);

    public static async Task<SystemdMachine> BootAsync()
    {
        // The mounts are seen by the container alone and go with it.
        const string Script = """
            mount -t tmpfs -o mode=755 none "$1"
            mkdir "$1/changes" "$1/work" "$1/root"
            mount -t overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" none "$1/root"
            exec systemd-nspawn --quiet --boot --directory="$1/root" --register=no --keep-unit --private-network --machine=callcrm-test --console=pipe \
              --link-journal=no systemd.unit=basic.target
            """;
        var folder = Directory.CreateTempSubdirectory("callcrm-machine").FullName;
        var container = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--propagation", "private", "sh", "-e", "-c", Script, "sh", folder])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = container.StandardOutput.ReadToEndAsync();
        var errors = container.StandardError.ReadToEndAsync();
        try
        {
            var leader = await Eventually.GetAsync<object>(() => container.HasExited ? -1 : FirstChild(container.Id), TimeSpan.FromSeconds(30), "the container's first process");
            if (leader is -1)
                throw new InvalidOperationException($"No systemd can be started here: {await errors} {await output}");
            var machine = new SystemdMachine(container, (int)leader, folder);
            var since = Stopwatch.GetTimestamp();
            while (await machine.RunAsync("systemctl is-system-running") is not { Output: "running" or "degraded" })
            {
                if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromMinutes(1))
                    throw new TimeoutException("systemd did not come up within a minute.");
                await Task.Delay(300);
            }

            // What this system holds of a CallCrm is not the machine's.
            await machine.RunAsync("rm -rf /var/lib/callcrm /etc/callcrm /opt/callcrm");
            return machine;
        }
        catch
        {
            container.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>As root on that machine; 124 when it takes longer.</summary>
    public async Task<(int Code, string Output)> RunAsync(string command, int seconds = 150)
    {
        var start = new ProcessStartInfo("nsenter", ["--target", $"{_leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "timeout", $"{seconds}", "bash", "-c", command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // As somebody at that machine's terminal; nothing of the test's own settings.
        start.Environment.Remove("CALLCRM_HOST");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output + await errors).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        // The first process of a container takes it as "power off" (systemd(1), SIGRTMIN+4).
        using (var off = Process.Start("kill", ["-s", "RTMIN+4", $"{_leader}"]))
            await off.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await _container.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _container.Kill(entireProcessTree: true);
        }

        _container.Dispose();
        Directory.Delete(_folder);
    }

    static object? FirstChild(int process)
    {
        var children = File.Exists($"/proc/{process}/task/{process}/children") ? File.ReadAllText($"/proc/{process}/task/{process}/children") : "";
        return children.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var first, ..] && File.ReadAllText($"/proc/{first}/comm").Trim() == "systemd" ? int.Parse(first, System.Globalization.CultureInfo.InvariantCulture) : null;
    }
}
