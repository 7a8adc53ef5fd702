using System.Diagnostics;
using System.Text;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Commands;

/// <summary><c>./callcrm …</c> of this source tree, as a person at a terminal runs it.</summary>
sealed class CallCrmCommand : IAsyncDisposable
{
    readonly Process _process;
    readonly StringBuilder _output = new();

    CallCrmCommand(IReadOnlyDictionary<string, string> settings, string program, params string[] args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <remarks>A test run in the background ignores Ctrl-C; what a person starts does not.</remarks>
    public static CallCrmCommand Start(IReadOnlyDictionary<string, string> settings, params string[] args) => StartIn(Repository.Folder, settings, args);

    /// <param name="tree">A copy of the source tree.</param>
    public static CallCrmCommand StartIn(string tree, IReadOnlyDictionary<string, string> settings, params string[] args) => new(settings, "env", ["--default-signal=INT", Path.Combine(tree, "callcrm"), .. args]);

    /// <summary>Runs it to its end.</summary>
    public static Task<(int Code, string Output)> RunAsync(IReadOnlyDictionary<string, string> settings, params string[] args) => RunInAsync(Repository.Folder, TimeSpan.FromSeconds(60), settings, args);

    public static async Task<(int Code, string Output)> RunInAsync(string tree, TimeSpan within, IReadOnlyDictionary<string, string> settings, params string[] args)
    {
        await using var command = StartIn(tree, settings, args);
        command._process.StandardInput.Close();
        return (await command.EndAsync(within), command.Output);
    }

    /// <summary>Runs it on a terminal of its own and types <paramref name="answer"/>.</summary>
    public static async Task<(int Code, string Output)> AnswerAsync(IReadOnlyDictionary<string, string> settings, string answer, params string[] args)
    {
        await using var command = new CallCrmCommand(settings, "script", "-q", "-e", "-c", $"{Path.Combine(Repository.Folder, "callcrm")} {string.Join(' ', args)}", "/dev/null");
        await command._process.StandardInput.WriteLineAsync(answer);
        await command._process.StandardInput.FlushAsync();
        return (await command.EndAsync(TimeSpan.FromSeconds(60)), command.Output);
    }

    /// <summary>Waits until it has said <paramref name="text"/>.</summary>
    public async Task SaysAsync(string text, TimeSpan within)
    {
        var since = Stopwatch.GetTimestamp();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(since) > within)
                throw new InvalidOperationException($"It did not say '{text}' within {within}:\n{Output}");
            await Task.Delay(100);
        }
    }

    /// <summary>Ctrl-C; the exit code.</summary>
    public async Task<int> CtrlCAsync()
    {
        await Signal.SendAsync(_process.Id, "INT");
        return await EndAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await CtrlCAsync();
        _process.Dispose();
    }

    async Task<int> EndAsync(TimeSpan within)
    {
        using var patience = new CancellationTokenSource(within);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"It did not end within {within}:\n{Output}");
        }

        return _process.ExitCode;
    }

    void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.AppendLine(line);
    }
}
