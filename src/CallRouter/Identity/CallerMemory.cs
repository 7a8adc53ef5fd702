using System.Collections.Immutable;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Identity;

/// <summary>
/// Who has which number, who is responsible and who spoke with them last: what routing needs when the database is slow or away.
/// Bounded; the least lately used number goes first. Told by look-ups and by the journal's conversations.
/// </summary>
sealed class CallerMemory(int most)
{
    /// <summary>Shorter talk is no conversation, as in the journal's projections.</summary>
    const int ShortestTalk_ms = 1000;

    readonly Lock _lock = new();
    readonly Dictionary<string, LinkedListNode<Known>> _byNumber = new(StringComparer.Ordinal);
    readonly Dictionary<Guid, HashSet<string>> _numbers = [];
    readonly LinkedList<Known> _byUse = new();

    sealed record Known(string Number, ImmutableArray<ClientMatch> Candidates);

    public int Count
    {
        get
        {
            lock (_lock)
                return _byNumber.Count;
        }
    }

    public LookupResult? Recall(string number)
    {
        lock (_lock)
        {
            if (!_byNumber.TryGetValue(number, out var node))
                return null;
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            var candidates = node.Value.Candidates;
            return new LookupResult(candidates.Length == 1 ? LookupOutcome.Known : LookupOutcome.Several, candidates);
        }
    }

    /// <summary>What the directory says now; a number that nobody has any more is forgotten.</summary>
    public void Keep(string number, LookupResult result)
    {
        if (result.Outcome is LookupOutcome.TimedOut or LookupOutcome.Failed)
            return;
        lock (_lock)
        {
            Forget_NeedsLock(number);
            if (result.Outcome is not (LookupOutcome.Known or LookupOutcome.Several or LookupOutcome.Created) || result.Candidates.IsDefaultOrEmpty)
                return;
            Put_NeedsLock(new Known(number, result.Candidates));
            while (_byNumber.Count > most)
                Forget_NeedsLock(_byUse.Last!.Value.Number);
        }
    }

    /// <summary>A conversation that has just ended makes its agent the one last contacted.</summary>
    public void Learn(JournalEntry entry)
    {
        if (entry is not CallEnded { Client: { } client, Agent: { } agent, Talk_ms: >= ShortestTalk_ms } ended)
            return;
        lock (_lock)
        {
            if (!_numbers.TryGetValue(client, out var numbers))
                return;
            foreach (var number in numbers)
            {
                var node = _byNumber[number];
                node.Value = node.Value with { Candidates = [.. node.Value.Candidates.Select(m => m.Client == client ? Spoke(m, new Contact(agent, ended.At, TimeSpan.FromMilliseconds(ended.Talk_ms))) : m)] };
            }
        }
    }

    static ClientMatch Spoke(ClientMatch match, Contact contact) =>
        match with { Contacts = [contact, .. (match.Contacts.IsDefault ? [] : match.Contacts).Where(c => c.Agent != contact.Agent)] };

    void Put_NeedsLock(Known known)
    {
        _byNumber.Add(known.Number, _byUse.AddFirst(known));
        foreach (var match in known.Candidates)
        {
            if (!_numbers.TryGetValue(match.Client, out var numbers))
                _numbers.Add(match.Client, numbers = new HashSet<string>(StringComparer.Ordinal));
            numbers.Add(known.Number);
        }
    }

    void Forget_NeedsLock(string number)
    {
        if (!_byNumber.Remove(number, out var node))
            return;
        _byUse.Remove(node);
        foreach (var match in node.Value.Candidates)
        {
            if (_numbers.TryGetValue(match.Client, out var numbers) && numbers.Remove(number) && numbers.Count == 0)
                _numbers.Remove(match.Client);
        }
    }
}
