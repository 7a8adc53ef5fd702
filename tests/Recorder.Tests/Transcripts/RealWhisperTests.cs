using System.Diagnostics;
using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.Recorder.Tests.Transcripts;

/// <summary>The real whisper.cpp of the lab's folder on speech that came in as any recording does. Its model of the tests knows no words: they are a stand-in's to say.</summary>
[Trait("Category", "Lab")]
public sealed class RealWhisperTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly string Model = Path.Combine(Repository.Folder, "tests", "TestKit", "Lab", "Models", "for-tests-ggml-tiny.bin");

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0, $"{program}: {said}");
    }

    /// <summary>As Asterisk writes a side: 8 kHz, one channel.</summary>
    private static async Task<byte[]> SpeakAsync(string folder, string voice, string text)
    {
        var (spoken, side) = (Path.Combine(folder, "spoken.wav"), Path.Combine(folder, "side.wav"));
        await RunAsync("espeak-ng", "-v", voice, "-w", spoken, text);
        await RunAsync("ffmpeg", "-v", "error", "-y", "-i", spoken, "-ar", "8000", "-ac", "1", "-c:a", "pcm_s16le", "-fflags", "+bitexact", "-flags:a", "+bitexact", side);
        return await File.ReadAllBytesAsync(side);
    }

    [LabFact]
    public async Task A_spoken_recording_goes_through_the_real_program()
    {
        await RunAsync(Path.Combine(Repository.Folder, "deploy", "lab", "make-root"));
        var root = Path.Combine(Environment.GetEnvironmentVariable("CALLCRM_LAB_CACHE") ?? "/var/cache/callcrm/lab", "root");
        var work = Directory.CreateDirectory(Path.Combine(root, "tmp", $"callcrm-whisper-{Guid.NewGuid():N}")).FullName;
        try
        {
            await using var bench = await TranscriptBench.StartAsync(postgres);
            File.Copy(Model, Path.Combine(work, Path.GetFileName(Model)));
            // The program sees the folder it runs in by another name.
            bench.Program($"cd / && exec chroot {root} sh -c 'cd \"$0\" && exec whisper-cli \"$@\"' \"${{here#{root}}}\" {TranscriptBench.Given}");
            bench.Options.Model = $"{work[root.Length..]}/{Path.GetFileName(Model)}";
            bench.Options.WorkFolder = Path.Combine(work, "run");
            bench.Options.Threads = 1;
            bench.Restart();
            await bench.Recorder.AddCallAsync("milan", "1.1");
            bench.Recorder.Write("milan-1.1-in.wav", await SpeakAsync(work, "it", "Buongiorno, vorrei un preventivo per cinquanta caldaie."));
            bench.Recorder.Write("milan-1.1-out.wav", await SpeakAsync(work, "it+f3", "Certo, come posso aiutarla?"));
            bench.Recorder.Write("milan-1.1.done", []);
            await bench.Recorder.LookAsync();
            var recording = (await bench.Recorder.RowAsync()).Id;

            await bench.BeginAndLookAsync();
            var state = await bench.StateAsync(recording);
            state.State.Should().BeOneOf(["done", "silent"], state.Error);
            state.Model.Should().Be("for-tests-ggml-tiny");
            state.Language.Should().MatchRegex("^[a-z]{2}$", "it said which language it heard");
            bench.Calls().Should().HaveCount(2, "each side is heard on its own");

            // A model that is none is the program's to refuse.
            await File.WriteAllTextAsync(Path.Combine(work, "broken.bin"), "no model");
            bench.Options.Model = $"{work[root.Length..]}/broken.bin";
            bench.Restart();
            await bench.ExecuteAsync("update transcript set state = 'waiting', next_at = '2026-01-01', attempts = 0");
            await bench.BeginAndLookAsync();
            (await bench.StateAsync(recording)).Should().BeEquivalentTo(new { State = "failed" });
            (await bench.StateAsync(recording)).Error.Should().StartWith("whisper.cpp ended with ").And.Contain("failed to initialize");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
