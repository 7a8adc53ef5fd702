using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// One page's line. Messages wait in a bounded outbox that one pump empties in order; who lets it fill up is disconnected and comes back for a snapshot.
/// The pump starts when the answer to Resume is on its way, so nothing overtakes it.
/// </summary>
internal sealed class FeedConnection
{
    /// <summary>At some ten messages a second this is half a minute of not reading.</summary>
    public const int OutboxSize = 256;

    readonly HubConnectionContext hub;
    readonly Channel<SerializedHubMessage> outbox = Channel.CreateBounded<SerializedHubMessage>(
        new BoundedChannelOptions(OutboxSize) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    readonly TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FeedConnection(HubConnectionContext hub, Person person)
    {
        (this.hub, Person) = (hub, person);
        Pumping = PumpAsync();
    }

    public Person Person { get; }

    public string? PageId { get; set; }

    /// <summary>Gets what is published from now on. Written under the feed's lock.</summary>
    public bool Attached { get; set; }

    /// <summary>Something was sent since the last look; who got nothing gets the bare position.</summary>
    public bool Heard { get; set; }

    public Task Pumping { get; }

    public void ResumeAnswered() => answered.TrySetResult();

    /// <summary>False: the page does not drain and is being disconnected.</summary>
    public bool Send(SerializedHubMessage message)
    {
        Heard = true;
        if (outbox.Writer.TryWrite(message)) return true;
        Close();
        return false;
    }

    public void Close()
    {
        outbox.Writer.TryComplete();
        hub.Abort();
    }

    async Task PumpAsync()
    {
        try
        {
            await answered.Task.WaitAsync(hub.ConnectionAborted);
            await foreach (var message in outbox.Reader.ReadAllAsync(hub.ConnectionAborted))
                await hub.WriteAsync(message, hub.ConnectionAborted);
        }
        catch (OperationCanceledException)
        {
            // The connection ended.
        }
    }
}

/// <summary>All pages that this process serves.</summary>
internal sealed class FeedConnections(TimeProvider time)
{
    /// <summary>So long after the last page has gone its person's events are still made whole, for a page that only lost its line.</summary>
    static readonly TimeSpan Memory = TimeSpan.FromMinutes(2);

    readonly ConcurrentDictionary<Guid, long> left = new();
    readonly ConcurrentDictionary<string, FeedConnection> all = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<Guid, ImmutableArray<FeedConnection>> byPerson = new();

    /// <summary>A page came or went.</summary>
    public event Action? Changed;

    public IEnumerable<FeedConnection> All => all.Values;

    public int Count => all.Count;

    public ImmutableArray<FeedConnection> Of(Guid person) => byPerson.TryGetValue(person, out var pages) ? pages : [];

    public void Add(string id, FeedConnection page)
    {
        all[id] = page;
        byPerson.AddOrUpdate(page.Person.Id, _ => [page], (_, pages) => pages.Add(page));
    }

    public void Remove(string id)
    {
        if (!all.TryRemove(id, out var page)) return;
        page.Attached = false;
        var others = byPerson.AddOrUpdate(page.Person.Id, _ => [], (_, pages) => pages.Remove(page));
        if (others.IsEmpty)
        {
            left[page.Person.Id] = time.GetTimestamp();
            byPerson.TryRemove(KeyValuePair.Create(page.Person.Id, others));
        }

        Changed?.Invoke();
    }

    public bool IsOrWasHere(Guid person) =>
        byPerson.ContainsKey(person) || (left.TryGetValue(person, out var at) && time.GetElapsedTime(at) < Memory);

    public void TellChanged() => Changed?.Invoke();

    /// <summary>People who take calls and have at least one page here.</summary>
    public IReadOnlyCollection<Guid> AgentsWithPages() => [.. all.Values.Where(p => p.Attached && p.Person.IsAgent).Select(p => p.Person.Id).Distinct()];

    public void CloseSession(Guid session)
    {
        foreach (var page in all.Values.Where(p => p.Person.Session == session)) page.Close();
    }

    public void CloseAll()
    {
        foreach (var page in all.Values) page.Close();
    }
}
