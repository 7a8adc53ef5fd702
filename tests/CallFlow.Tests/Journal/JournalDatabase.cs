using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.CallFlow.Tests;

public abstract class JournalDatabase(PostgresFixture postgres) : TestDatabase(postgres)
{
    protected static readonly Guid Mario = Guid.Parse("00000000-0000-7000-8000-00000000c001");

    protected string SpillFolder { get; } = Directory.CreateTempSubdirectory("callcrm-spill-").FullName;

    protected JournalOptions Options => new() { SpillFolder = SpillFolder, StandbyDelay = TimeSpan.FromSeconds(1), CheckEvery = TimeSpan.FromMilliseconds(200), CommitWithin = TimeSpan.FromSeconds(2) };

    protected string SpillPath => Path.Combine(SpillFolder, "main.spill");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(SpillFolder, recursive: true);
    }

    protected Task<JournalWriter> OpenAsync(JournalOptions? options = null, CancellationToken ct = default) =>
        JournalWriter.OpenAsync(Router, "main", options ?? Options, TimeProvider.System, NullLogger.Instance, ct);

    private protected static Task AppendAsync(JournalWriter writer, CallScript script) => writer.AppendAsync(script.Entries, CancellationToken.None).AsTask();

    protected static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1);

    /// <summary>1 to n without a gap, each once.</summary>
    protected async Task ShouldHoldAsync(long upTo) =>
        (await ScalarAsync<string>("select count(*) || '/' || coalesce(min(seq), 0) || '/' || coalesce(max(seq), 0) from journal where domain = 'main'")).Should().Be($"{upTo}/1/{upTo}");

    protected static async Task UntilAsync(Func<Task<bool>> holds, string what, double seconds = 10)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            TimeProvider.System.GetElapsedTime(began).TotalSeconds.Should().BeLessThan(seconds, what);
            await Task.Delay(30);
        }
    }

    protected static PbxChanged Note(long seq) => new("n1", seq % 2 == 0, null, "22") { Seq = seq, At = CallScript.Begin.AddMilliseconds(seq) };
}
