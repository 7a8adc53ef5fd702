using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Hiding;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Live;

/// <summary>What a returning page gets: the events it missed, or, when they are not at hand, the state for a snapshot.</summary>
internal sealed record ResumePlan(LiveState State, string Position, IReadOnlyList<LiveEvent>? Missed);

/// <summary>
/// The state of the moment and its fan-out. Everything that is sent passes one short lock, in which state, ring and position move together: so a page
/// that attaches gets exactly what follows its position, nothing lost, nothing twice. No waiting and no serialising happens under it.
/// </summary>
internal sealed class Feed(FeedConnections pages, IOptions<RouterRoadOptions> road, SiteClock clock, VeilJson veils)
{
    readonly Lock sync = new();
    readonly FeedRing ring = new();
    readonly Dictionary<Guid, long> anew = [];
    readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    LiveState state = LiveState.Empty(default);

    public string Domain { get; } = road.Value.Domain;

    /// <summary>The journal has been read up to the moment of the start.</summary>
    public Task Loaded => loaded.Task;

    /// <summary>The router did not answer last time.</summary>
    public bool RouterAway { get; set; }

    public LiveState State
    {
        get
        {
            lock (sync) return state;
        }
    }

    /// <summary>A state read anew from the database. Pages that follow an older one come back for a snapshot.</summary>
    public void Load(LiveState fresh)
    {
        lock (sync)
        {
            state = fresh;
            ring.Reset(fresh.Seq);
            if (!loaded.TrySetResult()) pages.CloseAll();
        }
    }

    /// <summary>The next state and what it means to whom. Each page gets at most one message, with the new position.</summary>
    public void Publish(LiveState next, IReadOnlyList<FeedItem> items)
    {
        lock (sync)
        {
            state = next;
            ring.Add(items, next.Seq);
            Send(items);
        }
    }

    /// <summary>Something that is not in the journal: sent at the position of the moment.</summary>
    public void Tell(Audience audience, params IReadOnlyList<LiveEvent> events) => Tell([.. events.Select(e => (audience, e))]);

    /// <summary>Each page gets what is for it in one message.</summary>
    public void Tell(IReadOnlyList<(Audience Audience, LiveEvent Event)> events)
    {
        lock (sync) Send([.. events.Select(e => new FeedItem(state.Seq, e.Audience, e.Event))]);
    }

    /// <summary>To the person's pages other than the one that acted.</summary>
    public void TellOtherPages(Guid person, string pageId, LiveEvent what)
    {
        lock (sync)
        {
            SerializedHubMessage? message = null;
            foreach (var page in pages.Of(person))
            {
                if (page.Attached && page.PageId != pageId) page.Send(message ??= Message([At(what)], page.Person.Veil));
            }
        }
    }

    /// <summary>From here on the page gets everything that follows the plan's position.</summary>
    public ResumePlan Attach(FeedConnection page, string? position, string pageId)
    {
        lock (sync)
        {
            page.PageId = pageId;
            page.Attached = true;
            page.Heard = true;
            var known = FeedPosition.Of(position, Domain);
            if (known is not { } seq || seq > state.Seq || !ring.Covers(seq) || (anew.TryGetValue(page.Person.Id, out var changed) && seq <= changed)) return new ResumePlan(state, Position, null);
            var missed = ring.After(seq).Where(i => i.Audience.Includes(page)).ToArray();
            return new ResumePlan(state, Position, missed.All(i => i.Whole) ? [.. missed.Select(i => At(i.Event))] : null);
        }
    }

    /// <summary>What this page has seen is not what its person may see now: the line ends, and positions up to now are worth a snapshot alone.</summary>
    public void CloseForSnapshot(FeedConnection page)
    {
        lock (sync) anew[page.Person.Id] = state.Seq;
        page.Close();
    }

    /// <summary>Who heard nothing since the last time hears the position, so that a later return names a recent one.</summary>
    public void TellPosition()
    {
        lock (sync)
        {
            SerializedHubMessage? message = null;
            foreach (var page in pages.All)
            {
                if (page is { Attached: true, Heard: false }) page.Send(message ??= Message([], Veil.None));
                page.Heard = false;
            }
        }
    }

    string Position => FeedPosition.Token(Domain, state.Seq);

    /// <summary>Messages are made once per kind of page: the same for all pages of a person, for all that see the same of the board, of calls and of clients, for all others.</summary>
    void Send(IReadOnlyList<FeedItem> items)
    {
        if (items.Count == 0) return;
        var made = new Dictionary<(Guid? Agent, object? Board, Veil Veil), SerializedHubMessage?>();
        var agents = items.Select(i => i.Audience.Agent).OfType<Guid>().ToHashSet();
        var ofCalls = items.Any(i => i.Audience.Parties is not null);
        var targets = items.All(i => i.Audience.Agent is not null) ? agents.SelectMany(a => pages.Of(a)) : pages.All;
        foreach (var page in targets)
        {
            if (!page.Attached) continue;
            var kind = (agents.Contains(page.Person.Id) || (ofCalls && !page.Person.SeesAllCalls) ? page.Person.Id : (Guid?)null, BoardOf(page.Person), page.Person.Veil);
            if (!made.TryGetValue(kind, out var message))
            {
                LiveEvent[] events = [.. items.Where(i => i.Audience.Includes(page)).Select(i => At(i.Event))];
                made[kind] = message = events.Length == 0 ? null : Message(events, page.Person.Veil);
            }

            if (message is not null) page.Send(message);
        }
    }

    /// <summary>The same for all whose right reaches the same people: the array of a department is one in the whole snapshot of roles.</summary>
    static object? BoardOf(Person person) => !person.SeesBoard ? null : person.Within(Rights.SeeBoard).People ?? Whole;

    static readonly object Whole = new();

    LiveEvent At(LiveEvent e) => e.At == default ? e with { At = clock.Now } : e;

    SerializedHubMessage Message(IReadOnlyList<LiveEvent> events, Veil veil)
    {
        var message = new FeedMessage(Position, events);
        return new(new InvocationMessage("Feed", [veil.IsNone ? message : JsonSerializer.SerializeToElement(message, veils.For(veil))]));
    }
}
