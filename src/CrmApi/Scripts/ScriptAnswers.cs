using System.Globalization;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <param name="Fields">Checked values in canonical form, one per field: a later question overrides an earlier one.</param>
/// <param name="Refused">Answers that do not fit, by question id: what was expected.</param>
internal sealed record FilledFields(IReadOnlyList<FieldValue> Fields, IReadOnlyDictionary<string, string> Refused);

/// <summary>
/// What the answers of a call fill, checked against its script. Pure. A client who refuses to have details kept
/// (<c>client.consent</c> = no) fills no other field of the client: what was said stays with the call.
/// </summary>
internal static class ScriptAnswers
{
    private const string Consent = "client.consent";

    public static FilledFields Fill(Script script, IReadOnlyDictionary<string, string> answers)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var refused = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var question in script.Questions)
        {
            if (!answers.TryGetValue(question.Id, out var given) || string.IsNullOrWhiteSpace(given)) continue;
            if (Expected(question, given) is { } expected)
            {
                refused[question.Id] = expected;
                continue;
            }

            var answer = question.Answers.FirstOrDefault(a => a.Id == given.Trim());
            if (question.Field is { } field) fields[field] = answer?.Value ?? ScriptFields.Canonical(question.Kind, given)!;
            foreach (var set in answer?.Sets ?? []) fields[set.Field] = set.Value;
        }

        if (fields.GetValueOrDefault(Consent) == "no")
        {
            foreach (var field in fields.Keys.Where(f => f.StartsWith("client.", StringComparison.Ordinal) && f != Consent).ToArray()) fields.Remove(field);
        }

        return new FilledFields([.. fields.Select(f => new FieldValue(f.Key, f.Value))], refused);
    }

    /// <summary>Null when the answer fits.</summary>
    private static string? Expected(Question question, string given)
    {
        if (question.Kind is QuestionKind.Choice or QuestionKind.YesNo)
        {
            return question.Answers.Any(a => a.Id == given.Trim())
                ? null
                : $"expected one of: {string.Join(", ", question.Answers.Select(a => a.Id))}";
        }

        if (ScriptFields.Canonical(question.Kind, given) is not { } value)
        {
            return question.Kind switch
            {
                QuestionKind.Number => "expected a number such as 12.5",
                QuestionKind.Money => "expected an amount such as 1250.00",
                QuestionKind.Date => "expected a day such as 2026-03-05",
                _ => $"expected text of at most {ScriptFields.MaxTextLength} characters",
            };
        }

        if (question.Kind is not (QuestionKind.Number or QuestionKind.Money)) return null;
        var number = decimal.Parse(value, CultureInfo.InvariantCulture);
        if (number < question.Min) return $"expected {question.Min} or more";
        return number > question.Max ? $"expected {question.Max} or less" : null;
    }
}
