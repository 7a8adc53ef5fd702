using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Live;

namespace CallCrm.CrmApi.Scripts;

/// <summary>The answers that were kept with calls, as people read them: by the script's version that the call was led with, as far as it is remembered.</summary>
internal sealed class Questionnaires(ScriptShelf shelf, LiveFacts facts)
{
    IReadOnlyList<CustomField> Own => facts.Names.Fields;

    public Script? Find(string? script, string? version) => script is null ? null : version is not null && shelf.Find(script, version) is { } led ? led : shelf.Find(script);

    /// <summary>In the order of the script; questions that are not remembered come last. What fills a field that one does not see is left out.</summary>
    /// <param name="notTaken">By question: what the card expected.</param>
    public IReadOnlyList<ScriptAnswerView> View(Script? script, string answers, string notTaken, Veil veil)
    {
        var (given, expected) = (Read(answers), Read(notTaken));
        var questions = (script?.Questions ?? []).DistinctBy(q => q.Id).ToDictionary(q => q.Id, StringComparer.Ordinal);
        var order = questions.Keys.Select((id, n) => (id, n)).ToDictionary(q => q.id, q => q.n, StringComparer.Ordinal);
        return [.. given.Where(a => !string.IsNullOrWhiteSpace(a.Value) && !Hides(veil, questions.GetValueOrDefault(a.Key)))
            .OrderBy(a => order.GetValueOrDefault(a.Key, int.MaxValue)).ThenBy(a => a.Key, StringComparer.Ordinal)
            .Select(a => questions.TryGetValue(a.Key, out var q)
                ? new ScriptAnswerView(a.Key, q.Ask.Plain, Shown(q, a.Value), q.Field, expected.GetValueOrDefault(a.Key))
                : new ScriptAnswerView(a.Key, a.Key, a.Value, null, expected.GetValueOrDefault(a.Key)))];
    }

    public string Shown(Question question, string given) => ScriptAnswers.Shown(question, given, Own);

    public static bool Hides(Veil veil, Question? question) =>
        question is not null && (veil.HidesPlaceholder(question.Field) || question.Answers.Any(a => a.Sets.Any(s => veil.HidesPlaceholder(s.Field))));

    public static Dictionary<string, string> Read(string json) => JsonSerializer.Deserialize(json, ContractsJson.Default.DictionaryStringString) ?? [];
}
