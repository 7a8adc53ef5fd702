using CallCrm.DemoPbx.Recording;

namespace CallCrm.DemoPbx.Tests;

public sealed class SpokenCallTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("callcrm-spoken").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Each_side_is_heard_at_its_lines_alone_and_the_files_are_as_old_as_the_call()
    {
        var ended = new DateTimeOffset(2026, 3, 5, 10, 0, 0, TimeSpan.Zero);
        SpokenCall.Write(_folder, "demo-1.1", "it", 6000, [new SpokenLine(false, 500, 2500, "Buongiorno, come posso aiutarLa?"), new SpokenLine(true, 3000, 9000, "Un preventivo per cinquanta caldaie, per favore, e con l'installazione.")], ended);
        Directory.GetFiles(_folder).Select(f => Path.GetFileName(f)).Order().Should().Equal("demo-1.1-in.wav", "demo-1.1-out.wav", "demo-1.1.done");
        var (client, agent) = (WavFile.Read(Path.Combine(_folder, "demo-1.1-in.wav"))!, WavFile.Read(Path.Combine(_folder, "demo-1.1-out.wav"))!);
        client.Should().HaveCount(6 * WavFile.Rate);
        agent.Should().HaveCount(6 * WavFile.Rate);
        Loud(client, 0, 3000).Should().BeFalse();
        Loud(client, 3000, 6000).Should().BeTrue();
        Loud(agent, 0, 500).Should().BeFalse();
        Loud(agent, 500, 2500).Should().BeTrue();
        Loud(agent, 2500, 6000).Should().BeFalse("a voice that takes longer gives way");
        Directory.GetFiles(_folder).Select(File.GetLastWriteTimeUtc).Should().AllBeEquivalentTo(ended.UtcDateTime);
    }

    static bool Loud(short[] samples, int from_ms, int to_ms) => samples[(from_ms * WavFile.Rate / 1000)..(to_ms * WavFile.Rate / 1000)].Any(s => Math.Abs((int)s) > 500);
}
