using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// By agent: the script and the card that their pages were told last, and of which call. The two are nearly all that a call's events weigh, a page that follows the feed has
/// them, and what does not come is not read and drawn in the middle of a pop.
/// </summary>
internal sealed class Told
{
    readonly ConcurrentDictionary<Guid, (Guid Call, string Sum)> scripts = new();
    readonly ConcurrentDictionary<Guid, (Guid Call, string Sum)> cards = new();

    /// <summary>Whether that is the script this agent was told last; from now on it is. What was made without its card is not kept.</summary>
    public bool Script(Guid agent, Guid call, ScriptChoiceView? script, Dress dress)
    {
        if (script is not null && dress.Calls.Contains(call)) return IsLast(scripts, agent, call, JsonSerializer.SerializeToUtf8Bytes(script, ContractsJson.Default.ScriptChoiceView));
        scripts.TryRemove(agent, out _);
        return false;
    }

    /// <summary>The same of the card, with how sure it is.</summary>
    public bool Card(Guid agent, Guid call, string lookup, ClientCardView? card, IReadOnlyList<CandidateView> candidates, Dress dress)
    {
        if (dress.Calls.Contains(call)) return IsLast(cards, agent, call, JsonSerializer.SerializeToUtf8Bytes(new CardEvent(call, lookup, card, candidates, null), ContractsJson.Default.CardEvent));
        cards.TryRemove(agent, out _);
        return false;
    }

    /// <summary>One of their pages has a snapshot, which may be newer than what was told.</summary>
    public void Snapshot(Guid agent) => cards.TryRemove(agent, out _);

    static bool IsLast(ConcurrentDictionary<Guid, (Guid Call, string Sum)> told, Guid agent, Guid call, byte[] said)
    {
        var now = (call, Convert.ToHexString(SHA256.HashData(said)));
        var same = told.TryGetValue(agent, out var last) && last == now;
        told[agent] = now;
        return same;
    }
}
