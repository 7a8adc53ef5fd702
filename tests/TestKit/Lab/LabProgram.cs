using System.Diagnostics;
using System.Text;

namespace CallCrm.TestKit.Lab;

/// <summary>A script of <c>deploy/lab</c> as a process.</summary>
sealed class LabProgram : IAsyncDisposable
{
    readonly Process _process;
    bool _disposed;
    readonly StringBuilder _output = new();
    readonly TaskCompletionSource _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    LabProgram(string program, IEnumerable<string> arguments)
    {
        Name = program;
        var start = new ProcessStartInfo(Path.Combine(Folder, program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary><c>deploy/lab</c> of the repository that this assembly was built in.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Folder, "deploy", "lab");

    public string Name { get; }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public static LabProgram Start(string program, IEnumerable<string> arguments) => new(program, arguments);

    /// <summary>Runs it to its end; throws with its output when it fails.</summary>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, TimeSpan within)
    {
        await using var run = new LabProgram(program, arguments);
        var code = await run.WaitAsync(within);
        return code == 0 ? run.Output : throw new InvalidOperationException($"{program} ended with {code}:\n{run.Output}");
    }

    public async Task<int> WaitAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Name} did not end within {within}:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>Waits for the first line it prints: these scripts print one when they are ready.</summary>
    public async Task ReadyAsync(TimeSpan within)
    {
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(_firstLine.Task, ended, Task.Delay(within)) != _firstLine.Task)
            throw new InvalidOperationException($"{Name} was not ready within {within}:\n{Output}");
        if (!Output.StartsWith("ready", StringComparison.Ordinal))
            throw new InvalidOperationException($"{Name} could not start:\n{Output}");
    }

    public Task SignalAsync(string signal) => Host.Signal.SendAsync(_process.Id, signal);

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!_process.HasExited)
        {
            await Host.Signal.SendAsync(_process.Id, "TERM");
            await WaitAsync(TimeSpan.FromSeconds(15));
        }

        _process.Dispose();
    }

    void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
        _firstLine.TrySetResult();
    }
}
