using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Required;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Deals;

/// <summary>A deal goes on to another stage, when what must be known by then is filled in.</summary>
internal sealed class DealStages(DealStore store, RequiredFields required, Feed feed)
{
    /// <summary>Null: it is there.</summary>
    public async Task<ProblemHttpResult?> MoveAsync(NpgsqlTransaction transaction, DealRow deal, string stage, Person person, CancellationToken cancel)
    {
        if (deal.Stage == stage) return null;
        if (await required.RefuseStageAsync(transaction, deal, person, [], cancel) is { } missing) return missing;
        if (await DealStore.StageAsync(transaction, deal.DealType, stage, cancel) is null) return Problems.Invalid("stage", "the code of a stage of this deal type");
        // In the call that lends the card, if it is one's.
        var occasion = CardLoans.Lender(feed.State, person.Id, deal.ClientId) is { } call ? new DealOccasion(call, person.Id) : null;
        await store.MoveAsync(transaction, deal, stage, person.Id, cancel, occasion);
        return null;
    }
}
