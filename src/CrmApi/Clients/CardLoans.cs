using System.Collections.Concurrent;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>
/// A call lends its agent the card of its client (and of those who share the number), whatever their rights, from the offer to the end of the wrap-up. What
/// is lent follows from the live state alone, so it ends by itself; the first use and the end of each loan are audited, and the page is told to look again.
/// </summary>
internal sealed partial class CardLoans(Feed feed, AuditStore audit, TimeProvider time, ILogger<CardLoans> log) : BackgroundService
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    readonly ConcurrentDictionary<(Guid Person, Guid Client), Guid> used = new();

    /// <param name="clients">The card, and what it was before merges.</param>
    public async ValueTask<bool> IsLentAsync(Person person, CancellationToken cancel, params Guid[] clients)
    {
        // A call lends its card to the agent who takes it, not to a program that acts in their name.
        if (person.Key is not null) return false;
        var state = feed.State;
        foreach (var client in clients)
        {
            if (Lender(state, person.Id, client) is not { } call) continue;
            if (used.TryAdd((person.Id, client), call)) await BegunAsync(person.Id, client, call, cancel);
            return true;
        }

        return false;
    }

    /// <summary>What could not be written down is not lent: the next look tries again.</summary>
    async Task BegunAsync(Guid person, Guid client, Guid call, CancellationToken cancel)
    {
        try
        {
            await audit.AddOfCallAsync(person, "client.lent", "client", client.ToString(), call, cancel);
        }
        catch
        {
            used.TryRemove((person, client), out _);
            throw;
        }
    }

    /// <returns>The call: offered to them, talked in, dialled by them, or being wrapped up.</returns>
    internal static Guid? Lender(LiveState state, Guid person, Guid client)
    {
        return Of(state.CallOf(person)) ?? Of(state.OfferOf(person) is { } offer ? state.Calls.GetValueOrDefault(offer.Call) : null)
            ?? Of(state.Agent(person).Call is { } id && state.Calls.TryGetValue(id, out var made) && made.Dialler == person ? made : null);

        Guid? Of(LiveCall? call) => call is not null && (call.Client == client || call.Candidates.Contains(client)) ? call.Id : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await feed.Loaded.WaitAsync(stoppingToken);
        while (true)
        {
            await Task.Delay(Every, time, stoppingToken);
            foreach (var ((person, client), call) in used) await CheckAsync(person, client, call, stoppingToken);
        }
    }

    async Task CheckAsync(Guid person, Guid client, Guid call, CancellationToken cancel)
    {
        if (Lender(feed.State, person, client) is not null) return;
        try
        {
            await audit.AddOfCallAsync(person, "client.loan_over", "client", client.ToString(), call, cancel);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogNotKept(e.Message);
            return; // It is over all the same, and is written down with the next look.
        }

        used.TryRemove((person, client), out _);
        feed.Tell(Audience.Of(person), new HintEvent("client", client.ToString(), null));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The end of a card's loan could not be written down: {Reason}")]
    private partial void LogNotKept(string reason);
}
