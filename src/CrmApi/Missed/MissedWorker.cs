using System.Threading.Channels;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using Npgsql;

namespace CallCrm.CrmApi.Missed;

/// <summary>
/// Tells the pages of those whose list changed (hint "missed" with what waits for them, so that the badge asks nothing): at once after a claim here,
/// within a second after calls, every few seconds for claims that lapse or were made elsewhere.
/// </summary>
internal sealed partial class MissedWorker(MissedStore store, Feed feed, FeedConnections pages, TimeProvider time, ILogger<MissedWorker> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    const int AlwaysEvery = 5;
    readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    readonly Dictionary<Guid, int> told = [];

    public void Wake() => woken.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await feed.Loaded.WaitAsync(stoppingToken);
        long seen = -1;
        for (var round = 1; ; round++)
        {
            var wake = await WaitAsync(stoppingToken);
            var seq = feed.State.Seq;
            if (!wake && seq == seen && round % AlwaysEvery != 0) continue;
            try
            {
                await TellAsync(stoppingToken);
                seen = seq;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                LogFailed(e.Message);
            }
        }
    }

    async Task<bool> WaitAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var wake = woken.Reader.WaitToReadAsync(patience.Token).AsTask();
        var first = await Task.WhenAny(wake, Task.Delay(Every, time, patience.Token));
        await patience.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        return first == wake && woken.Reader.TryRead(out _);
    }

    async Task TellAsync(CancellationToken cancel)
    {
        var people = pages.All.Where(p => p.Attached).Select(p => p.Person).DistinctBy(p => p.Id).ToArray();
        if (people.Length == 0)
        {
            told.Clear();
            return;
        }

        var (open, queues) = await store.HeadsAsync(cancel);
        foreach (var gone in told.Keys.Except(people.Select(p => p.Id)).ToArray()) told.Remove(gone);
        foreach (var person in people)
        {
            var members = person.Within(Rights.WorkMissed).People;
            var (picture, waiting) = Picture(person, open, members?.SelectMany(p => queues[p]).ToHashSet(), members);
            if (!told.TryGetValue(person.Id, out var before) || before != picture)
                feed.Tell(Audience.Of(person.Id), new HintEvent("missed", waiting.ToString(System.Globalization.CultureInfo.InvariantCulture), null));
            told[person.Id] = picture;
        }
    }

    /// <param name="queues">Null: all.</param>
    /// <param name="members">Whose mailboxes count.</param>
    static (int Picture, int Waiting) Picture(Person person, IReadOnlyList<MissedHead> open, HashSet<Guid>? queues, Guid[]? members)
    {
        var picture = new HashCode();
        var waiting = 0;
        foreach (var head in open)
        {
            if (queues?.Overlaps(head.Queues) == false && members?.Intersect(head.Owners).Any() != true) continue;
            picture.Add(head.NumberId);
            picture.Add(head.Times);
            picture.Add(head.ClaimedById);
            picture.Add(head.Heard);
            picture.Add(head.Calling);
            waiting += !head.IsShort && (head.ClaimedById is null || head.ClaimedById == person.Id) ? 1 : 0;
        }

        return (picture.ToHashCode(), waiting);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Missed calls cannot be read: {Reason}")]
    private partial void LogFailed(string reason);
}
