using System.Text.RegularExpressions;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Calls;

internal static partial class DraftEndpoints
{
    public const int LongestValue = 20_000;

    public static void Map(IEndpointRouteBuilder calls)
    {
        calls.MapGet("/{id}/draft", GetAsync).RequireAuthorization(Rights.WriteDrafts).WithName("GetDraft").WithSummary("All fields of a call's draft, with the notes of its other agents (note.{agent})");
        calls.MapPut("/{id}/draft/{field}", PutAsync).RequireAuthorization(Rights.WriteDrafts)
            .WithName("SaveDraftField").WithSummary("Write one field of one's own draft of a call; of one's pages the last writer wins, the others are told");
    }

    static async Task<Results<Ok<IReadOnlyList<DraftFieldView>>, ProblemHttpResult>> GetAsync(Guid id, Person person, DraftStore drafts, CallStore calls, Feed feed, CancellationToken cancel)
    {
        if (!await MayAsync(id, person, drafts, calls, feed, cancel)) return Problems.NotFound("call");
        var fields = await drafts.ReadAsync(id, person.Id, cancel);
        return TypedResults.Ok<IReadOnlyList<DraftFieldView>>([.. fields.Where(f => f.Field != DraftStore.ScriptField)]);
    }

    static async Task<Results<Ok<DraftFieldView>, ProblemHttpResult>> PutAsync(Guid id, string field, DraftWrite write, Person person, DraftStore drafts, CallStore calls, Feed feed,
        CallScripts scripts, ScriptShelf shelf, LiveFacts facts, CancellationToken cancel)
    {
        if (!Field().IsMatch(field)) return Problems.Invalid("field", "note, disposition, next_step, next_at, subject, contact, deal, deal_type, deal_title, deal_stage, deal_amount, prefill, script.step, answer.{question}, card.{field}");
        if (write.Value.Length > LongestValue) return Problems.Invalid("value", $"at most {LongestValue} characters");
        if (write.PageId.Length is 0 or > 100) return Problems.Invalid("pageId", "1 to 100 characters");
        if (!await MayAsync(id, person, drafts, calls, feed, cancel)) return Problems.NotFound("call");
        var (value, page) = (Texts.Clean(write.Value), Texts.Clean(write.PageId));
        var written = field == DraftStore.PathField && scripts.Of(id) is { } led && shelf.Find(led.Id, led.Version) is { } script
            ? await drafts.WritePathAsync(id, person.Id, value, page, script, cancel)
            : await drafts.WriteAsync(id, person.Id, field, value, page, scripts.Of(id), cancel);
        var told = new DraftEvent(id, written) { At = written.UpdatedAt };
        feed.TellOtherPages(person.Id, written.PageId, told with { Field = written with { Own = true } });
        foreach (var other in field == CallDraft.Note && feed.State.Calls.TryGetValue(id, out var call) ? call.Agents.Remove(person.Id) : [])
            feed.Tell(Audience.Of(other), told with { Field = CallDraft.OfAnother(written, person.Id, facts.Names.Person(person.Id)) });
        return TypedResults.Ok(written with { Own = true });
    }

    /// <summary>The call's agents, and who sees their calls. What the live state knows needs no query.</summary>
    static async Task<bool> MayAsync(Guid call, Person person, DraftStore drafts, CallStore calls, Feed feed, CancellationToken cancel)
    {
        var state = feed.State;
        var within = person.Within(Rights.SeeCalls).With(person.Id);
        if (state.Calls.TryGetValue(call, out var live)
            && (within.Overlaps(live.Agents) || within.Overlaps(live.Spoke) || (live.Offer is { } offer && state.Offers.TryGetValue(offer, out var open) && within.Includes(open.Agent))))
            return true;
        return within.IsEveryone ? await drafts.CallExistsAsync(call, cancel) : await calls.IsOfAsync(call, within, cancel);
    }

    [GeneratedRegex(@"^(?:note|disposition|next_step|next_at|subject|contact|deal|deal_type|deal_title|deal_stage|deal_amount|prefill|script\.step|answer\.[A-Za-z0-9_.-]{1,100}|card\.[A-Za-z0-9_]{1,80})$", RegexOptions.NonBacktracking)]
    private static partial Regex Field();
}
