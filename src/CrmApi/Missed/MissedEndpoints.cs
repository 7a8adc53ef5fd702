using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Junk;
using CallCrm.CrmApi.Reports;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Missed;

/// <summary>Missed calls: one list, one row per number, worked on by one person at a time.</summary>
internal static class MissedEndpoints
{
    const int LongestNote = 500;
    static readonly string[] States = ["open", "mine", "closed"];
    static readonly string[] Reasons = ["mail", "solved", "wrong_number", "spam", "other"];

    public static void AddMissed(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MissedOptions>().Bind(configuration.GetSection(MissedOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<MissedStore>();
        services.AddSingleton<MissedWorker>();
        services.AddHostedService(s => s.GetRequiredService<MissedWorker>());
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/missed").WithTags("Missed calls");
        group.MapGet("/", ListAsync).RequireAuthorization(Rights.WorkMissed).WithName("ListMissed")
            .WithSummary("Missed callers, one row per number: open, claimed by me, or closed today. Of one's own queues, of those the department serves, or of all");
        group.MapGet("/count", async Task<Ok<MissedCount>> (Person person, MissedStore store, CancellationToken cancel) => TypedResults.Ok(new MissedCount(await store.WaitingAsync(person, cancel))))
            .RequireAuthorization(Rights.WorkMissed).WithName("CountMissed").WithSummary("How many wait to be called back, without short abandons and what others have claimed");
        group.MapGet("/figures", FiguresAsync).RequireAuthorization(Rights.SeeMissedFigures).WithName("GetMissedFigures")
            .WithSummary("Time to call back and share called back in time, whole and per queue: of today, or of the days that are asked for");
        group.MapPost("/{id}/claim", ClaimAsync).RequireAuthorization(Rights.WorkMissed).WithName("ClaimMissed").WithSummary("Take a number; 409 claimed_by_other says who has it, calling_now that they ring or wait in line at this moment");
        group.MapPost("/{id}/release", ReleaseAsync).RequireAuthorization(Rights.WorkMissed).WithName("ReleaseMissed").WithSummary("Give a number back; also that of somebody whom the right reaches");
        group.MapPost("/{id}/done", DoneAsync).RequireAuthorization(Rights.WorkMissed).WithName("CloseMissed").WithSummary("Close a number without a call, with the reason; spam is blocked as well")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    static async Task<Results<Ok<ListPage<MissedRow>>, ProblemHttpResult>> ListAsync(Person person, MissedStore store, CancellationToken cancel, string? state = null, Guid? queue = null,
        string? cursor = null, int? limit = null)
    {
        var wanted = state is { Length: > 0 } ? state : "open";
        if (Wrong(wanted) is { } wrong) return wrong;
        return TypedResults.Ok(await store.ListAsync(person, wanted, queue, cursor, Cursor.Limit(limit), cancel));
    }

    internal static ProblemHttpResult? Wrong(string state) => States.Contains(state) ? null : Problems.Invalid("state", $"one of {string.Join(", ", States)}");

    /// <summary>The days are understood as those of the reports are.</summary>
    static async Task<Results<Ok<MissedFiguresView>, ProblemHttpResult>> FiguresAsync(SiteClock clock, MissedStore store, CancellationToken cancel, string? period = null, string? from = null, string? to = null,
        string? zone = null) =>
        ReportAsk.Read(clock, null, "whole", period, from, to, zone, null, out var wrong) is { } ask
            ? TypedResults.Ok(await store.FiguresAsync(ask, cancel))
            : Problems.Invalid(wrong.Field, wrong.Expected);

    static async Task<Results<Ok<MissedRow>, ProblemHttpResult>> ClaimAsync(Guid id, Person person, MissedStore store, MissedWorker worker, CancellationToken cancel) =>
        Answer(await store.ClaimAsync(id, person, cancel), worker);

    static async Task<Results<Ok<MissedRow>, ProblemHttpResult>> ReleaseAsync(Guid id, Person person, MissedStore store, MissedWorker worker, CancellationToken cancel) =>
        Answer(await store.ReleaseAsync(id, person, cancel), worker);

    static async Task<Results<Ok<MissedRow>, ProblemHttpResult>> DoneAsync(Guid id, MissedDone done, Person person, MissedStore store, BlockStore blocks, MissedWorker worker,
        CancellationToken cancel)
    {
        if (!Reasons.Contains(done.Reason)) return Problems.Invalid("reason", $"one of {string.Join(", ", Reasons)}");
        var note = Texts.Clean(done.Note).Trim();
        if (note.Length > LongestNote) return Problems.Invalid("note", $"at most {LongestNote} characters");
        if (done.Reason == "other" && note.Length == 0) return Problems.Invalid("note", "a few words, as the reason is other");
        // First: what is asked back, or does not fit the list any more, closes nothing.
        if (done.Reason == "spam" && await BlockAsync(id, done.Confirmed, person, store, blocks, cancel) is { } refusal) return refusal;
        return Answer(await store.DoneAsync(id, person, done.Reason, note, cancel), worker);
    }

    /// <returns>Why it is not blocked; null also where there is nothing to block, or for who may not.</returns>
    static async Task<ProblemHttpResult?> BlockAsync(Guid id, bool confirmed, Person person, MissedStore store, BlockStore blocks, CancellationToken cancel)
    {
        if (!person.IsAgent && !person.ManagesBlocks) return null;
        if (await store.MineToCloseAsync(id, person, cancel) is not { } row || await blocks.CallerAsync(row.LastCallId, cancel) is not { E164: { } e164 } caller) return null;
        var block = new BlockCreate(Guid.CreateVersion7(blocks.Now), e164, caller.QueueId, "spam", Confirmed: confirmed, HideClient: caller.ClientId);
        return (await blocks.AddAsync(person, block, row.LastCallId, cancel)).Refusal;
    }

    static Results<Ok<MissedRow>, ProblemHttpResult> Answer(MissedTaken taken, MissedWorker worker)
    {
        // A number of other queues looks like one that is closed.
        if (taken.Row is not { } row) return Problems.Of(StatusCodes.Status404NotFound, "missed_closed", "Nobody with this number waits to be called back (any more).");
        if (taken.Refusal == "calling_now") return Problems.Of(StatusCodes.Status409Conflict, "calling_now", "They are calling right now: whoever is free is offered the call.");
        if (taken.Refusal is not null) return Problems.Of(StatusCodes.Status409Conflict, "claimed_by_other", $"{row.ClaimedBy} has it.");
        worker.Wake();
        return TypedResults.Ok(row);
    }
}
