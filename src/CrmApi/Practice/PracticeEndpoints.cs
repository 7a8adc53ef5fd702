using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using CallCrm.Engine;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Practice;

/// <summary>Simulated calls for who is paused for practice. Reads the script library, the numbers' names and the person's; writes nothing.</summary>
internal static class PracticeEndpoints
{
    const int MostTurns = 1_000_000;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/practice", Read).RequireAuthorization(Rights.TakeCalls).WithTags("Practice")
            .WithName("Practise").WithSummary("An invented client with a real script; the next turn is another client. Nothing is stored or counted")
            .ProducesProblem(StatusCodes.Status404NotFound);

    static Results<Ok<PracticeView>, ProblemHttpResult> Read(string? script, int? turn, Person person, ScriptShelf shelf, CallScripts scripts, LiveFacts facts, TimeProvider time)
    {
        if (turn is < 0 or > MostTurns) return Problems.Invalid("turn", $"0 to {MostTurns}");
        var language = facts.Names.People.GetValueOrDefault(person.Id)?.Language;
        var fitting = shelf.Current.Scripts.Where(PracticeClient.Fits)
            .OrderByDescending(s => s.Language == language).ThenByDescending(s => s.Language == "en").ThenBy(s => s.Title, StringComparer.Ordinal).ThenBy(s => s.Id, StringComparer.Ordinal).ToArray();
        if (fitting.Length == 0) return Problems.Of(StatusCodes.Status404NotFound, "no_scripts", "The script library has no script for incoming calls to practise with.");
        var chosen = script is { Length: > 0 } ? Array.Find(fitting, s => s.Id == script) : fitting[0];
        if (chosen is null) return Problems.Of(StatusCodes.Status404NotFound, "script.not_found", $"No script {script} for incoming calls is in use.");

        var now = time.GetUtcNow();
        var number = facts.Names.Numbers.Values.OrderBy(n => n.Language != chosen.Language).ThenBy(n => n.Number, StringComparer.Ordinal).FirstOrDefault();
        var card = PracticeClient.Invent(chosen, turn ?? 0, person.Name, now);
        var choice = scripts.Practise(chosen, person.Id, card, number is null ? PhoneNumber.Withheld : new PhoneNumber(number.Number, NumberKind.Unparsed));
        return TypedResults.Ok(new PracticeView(LiveViews.Caller(new PhoneNumber(card.Phones[0].E164, NumberKind.E164, card.Phones[0].E164), ""), card, number?.Name,
            scripts.PractiseGreeting(number, person.Id, card), choice, [.. fitting.Select(s => new NamedCode(s.Id, s.Title))]));
    }
}
