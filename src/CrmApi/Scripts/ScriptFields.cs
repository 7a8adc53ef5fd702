using System.Collections.Frozen;
using System.Globalization;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Scripts;

/// <summary>What a script may fill and what it may say: the closed lists that the checker knows.</summary>
internal static class ScriptFields
{
    /// <summary>
    /// Fields that an answer may fill, with the form of their values. <see cref="QuestionKind.Choice"/> stands for a short code.
    /// </summary>
    public static readonly FrozenDictionary<string, QuestionKind> Fillable = new Dictionary<string, QuestionKind>(StringComparer.Ordinal)
    {
        ["client.name"] = QuestionKind.Text,
        ["client.company"] = QuestionKind.Text,
        ["client.role"] = QuestionKind.Text,
        ["client.email"] = QuestionKind.Text,
        ["client.city"] = QuestionKind.Text,
        ["client.language"] = QuestionKind.Choice,
        ["client.source"] = QuestionKind.Choice,
        ["client.need"] = QuestionKind.Text,
        ["client.consent"] = QuestionKind.YesNo,
        ["client.notes"] = QuestionKind.Text,
        ["deal.title"] = QuestionKind.Text,
        ["deal.type"] = QuestionKind.Choice,
        ["deal.stage"] = QuestionKind.Choice,
        ["deal.amount"] = QuestionKind.Money,
        ["deal.budget"] = QuestionKind.Money,
        ["deal.quantity"] = QuestionKind.Number,
        ["deal.start_date"] = QuestionKind.Date,
        ["deal.decision_date"] = QuestionKind.Date,
        ["deal.decision_maker"] = QuestionKind.Text,
        ["deal.competitor"] = QuestionKind.Text,
        ["deal.blocker"] = QuestionKind.Choice,
        ["deal.next_step"] = QuestionKind.Text,
        ["deal.next_step_date"] = QuestionKind.Date,
        ["deal.lost_reason"] = QuestionKind.Choice,
        ["call.topic"] = QuestionKind.Choice,
        ["call.summary"] = QuestionKind.Text,
        ["call.reference"] = QuestionKind.Text,
        ["call.severity"] = QuestionKind.Choice,
        ["call.remedy"] = QuestionKind.Text,
        ["call.payment_date"] = QuestionKind.Date,
        ["call.payment_amount"] = QuestionKind.Money,
        ["call.outcome"] = QuestionKind.Choice,
        ["call.callback_date"] = QuestionKind.Date,
        ["call.callback_note"] = QuestionKind.Text,
        ["call.satisfaction"] = QuestionKind.Number,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Placeholders; true when a value is always there, so that no words for the other case are needed.</summary>
    public static readonly FrozenDictionary<string, bool> Placeholders = new Dictionary<string, bool>(StringComparer.Ordinal)
    {
        ["agent.name"] = true,
        ["company.name"] = true,
        ["day.greeting"] = true,
        ["agent.department"] = false,
        ["number.name"] = false,
        ["client.segment"] = false,
        ["client.last_agent"] = false,
        ["client.last_call"] = false,
    }.Concat(Fillable.Keys.Select(f => KeyValuePair.Create(f, false))).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The site's own fields by their code; a script may be older or newer than they are, so that any code is taken.</summary>
    public const string CustomPrefix = "client.custom.";

    /// <param name="always">As in <see cref="Placeholders"/>.</param>
    public static bool IsPlaceholder(string name, out bool always) => Placeholders.TryGetValue(name, out always)
        || (name.StartsWith(CustomPrefix, StringComparison.Ordinal) && name.Length - CustomPrefix.Length is >= 1 and <= 40
            && name.AsSpan(CustomPrefix.Length).IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789_") < 0);

    /// <summary>Whether answers of this kind fit the field: a short code and free text are both text, all else must be equal.</summary>
    public static bool Fits(string field, QuestionKind answer) => Fillable[field] switch
    {
        QuestionKind.Text => answer is QuestionKind.Text or QuestionKind.Choice,
        var kind => kind == answer,
    };

    /// <summary>The value in its canonical form, or null when it has not the form that <paramref name="kind"/> asks for.</summary>
    public static string? Canonical(QuestionKind kind, string value)
    {
        value = value.Trim();
        switch (kind)
        {
            case QuestionKind.YesNo:
                return value is "yes" or "no" ? value : null;
            case QuestionKind.Number or QuestionKind.Money:
                if (!decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)) return null;
                if (kind is QuestionKind.Number) return number.ToString(CultureInfo.InvariantCulture);
                return decimal.Round(number, 2) == number ? number.ToString("0.00", CultureInfo.InvariantCulture) : null;
            case QuestionKind.Date:
                return DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? value : null;
            default:
                return value.Length is > 0 and <= MaxTextLength ? value : null;
        }
    }

    public const int MaxTextLength = 2_000;
}
