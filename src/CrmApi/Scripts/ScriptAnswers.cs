using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <param name="Fields">Checked values in canonical form, one per field: a later question overrides an earlier one.</param>
/// <param name="Refused">Answers that do not fit, by question id: what was expected.</param>
/// <param name="By">Which question fills the field.</param>
internal sealed record FilledFields(IReadOnlyList<FieldValue> Fields, IReadOnlyDictionary<string, string> Refused, IReadOnlyDictionary<string, string> By);

/// <summary>
/// What the answers of a call fill, checked against its script. Pure. A client who refuses to have details kept
/// (<c>client.consent</c> = no) fills no other field of the client: what was said stays with the call.
/// </summary>
internal static class ScriptAnswers
{
    private const string Consent = "client.consent";

    /// <param name="own">The site's own fields: their options are the answers where the script names none.</param>
    public static FilledFields Fill(Script script, IReadOnlyDictionary<string, string> answers, IReadOnlyList<CustomField> own)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var by = new Dictionary<string, string>(StringComparer.Ordinal);
        var refused = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var question in script.Questions)
        {
            if (!answers.TryGetValue(question.Id, out var given) || string.IsNullOrWhiteSpace(given)) continue;
            if (Value(question, given, own, out var expected) is not { } value)
            {
                refused[question.Id] = expected;
                continue;
            }

            if (question.Field is { } field) Set(field, value);
            foreach (var set in question.Answers.FirstOrDefault(a => a.Id == given.Trim())?.Sets ?? []) Set(set.Field, set.Value);

            void Set(string name, string text) => (fields[name], by[name]) = (text, question.Id);
        }

        if (fields.GetValueOrDefault(Consent) == "no")
        {
            foreach (var field in fields.Keys.Where(f => f.StartsWith("client.", StringComparison.Ordinal) && f != Consent).ToArray()) fields.Remove(field);
        }

        return new FilledFields([.. fields.Select(f => new FieldValue(f.Key, f.Value))], refused, by);
    }

    /// <summary>An answer as people read it: labels in the place of ids.</summary>
    public static string Shown(Question question, string given, IReadOnlyList<CustomField> own)
    {
        string Label(string id) => question.Answers.FirstOrDefault(a => a.Id == id)?.Label ?? question.OptionsOf(own)?.FirstOrDefault(o => o.Code == id)?.Name ?? id;
        return question.Kind switch
        {
            QuestionKind.Choice or QuestionKind.YesNo => Label(given.Trim()),
            QuestionKind.Choices => string.Join(", ", Ids(given).Select(Label)),
            _ => given.Trim(),
        };
    }

    private static string[] Ids(string given) => given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What the answer puts into a field; null, and what was expected, when it does not fit.</summary>
    private static string? Value(Question question, string given, IReadOnlyList<CustomField> own, out string expected)
    {
        expected = "";
        if (question.Kind is QuestionKind.Choice or QuestionKind.YesNo or QuestionKind.Choices && Known(question, own) is { } known)
        {
            var ids = question.Kind == QuestionKind.Choices ? Ids(given) : [given.Trim()];
            if (ids.All(known.ContainsKey)) return string.Join(",", known.Where(k => ids.Contains(k.Key)).Select(k => k.Value));
            expected = $"expected {(question.Kind == QuestionKind.Choices ? "some" : "one")} of: {string.Join(", ", known.Keys)}";
            return null;
        }

        expected = ScriptValue.Expected(question.Kind, given, question.Min, question.Max) ?? "";
        return expected.Length == 0 ? ScriptValue.Canonical(question.Kind, given) : null;
    }

    /// <summary>Values by the answers' ids, in their order; null where the answer is typed, as that of a choice whose field is gone.</summary>
    private static IReadOnlyDictionary<string, string>? Known(Question question, IReadOnlyList<CustomField> own) =>
        question.Answers.Count > 0 ? question.Answers.ToDictionary(a => a.Id, a => a.Value, StringComparer.Ordinal) : question.OptionsOf(own)?.ToDictionary(o => o.Code, o => o.Code, StringComparer.Ordinal);
}
