using CallCrm.Contracts;
using CallCrm.CrmApi.Access;

namespace CallCrm.CrmApi.Live;

/// <summary>Whom an event is for.</summary>
/// <param name="Agent">All pages of this person.</param>
/// <param name="Board">All pages that see the board. Neither: everyone.</param>
/// <param name="About">With Board: whose state it tells; only those who may see it.</param>
/// <param name="Parties">Of a call: those who took part in it or were offered it, and who sees their calls.</param>
internal readonly record struct Audience(Guid? Agent, bool Board, Guid? About = null, IReadOnlyCollection<Guid>? Parties = null)
{
    public static Audience Everyone => default;

    public static Audience Supervisors => new(null, true);

    public static Audience SupervisorsOf(Guid agent) => new(null, true, agent);

    public static Audience Of(Guid agent) => new(agent, false);

    public static Audience OfCall(IReadOnlyCollection<Guid> parties) => new(null, false, null, parties);

    public bool Includes(FeedConnection page) => Parties is { } parties ? parties.Contains(page.Person.Id) || page.Person.Within(Rights.SeeCalls).Overlaps(parties) : Agent is { } agent ? page.Person.Id == agent : !Board || (page.Person.SeesBoard && (About is not { } about || page.Person.Within(Rights.SeeBoard).Includes(about)));
}

/// <param name="Seq">Of the journal entry that made it.</param>
/// <param name="Whole">False: made without the card it should show, as nobody was there to see it. Not good enough to be sent later.</param>
internal readonly record struct FeedItem(long Seq, Audience Audience, LiveEvent Event, bool Whole = true);

/// <summary>The recent events, so that a page that was away a moment gets what it missed without the database.</summary>
internal sealed class FeedRing
{
    public const int MostEntries = 1000;
    readonly Queue<FeedItem> items = new();
    long from;

    /// <summary>Begins after this entry, empty.</summary>
    public void Reset(long seq)
    {
        items.Clear();
        from = seq;
    }

    public void Add(IEnumerable<FeedItem> more, long seq)
    {
        foreach (var item in more) items.Enqueue(item);
        from = Math.Max(from, seq - MostEntries);
        while (items.TryPeek(out var oldest) && oldest.Seq <= from) items.Dequeue();
    }

    /// <summary>True when all that followed <paramref name="seq"/> is still here.</summary>
    public bool Covers(long seq) => seq >= from;

    public IEnumerable<FeedItem> After(long seq) => items.Where(i => i.Seq > seq);
}
