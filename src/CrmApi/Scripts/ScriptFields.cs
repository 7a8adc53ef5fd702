using System.Collections.Frozen;
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
        ["client.roles"] = QuestionKind.Choices,
        ["client.segment"] = QuestionKind.Choice,
        ["client.tax_id"] = QuestionKind.Text,
        ["client.time_zone"] = QuestionKind.Choice,
        ["client.address"] = QuestionKind.Text,
        ["client.postal_code"] = QuestionKind.Text,
        ["client.region"] = QuestionKind.Text,
        ["client.country"] = QuestionKind.Text,
        ["client.need"] = QuestionKind.Text,
        ["client.consent"] = QuestionKind.YesNo,
        ["client.notes"] = QuestionKind.Text,
        ["deal.title"] = QuestionKind.Text,
        ["deal.type"] = QuestionKind.Choice,
        ["deal.stage"] = QuestionKind.Choice,
        ["deal.amount"] = QuestionKind.Money,
        ["deal.currency"] = QuestionKind.Choice,
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

    /// <summary>What a field of which the card knows all values may be set to; null: any.</summary>
    public static IReadOnlyList<string>? ValuesOf(string field) => field == "client.roles" ? CallFlow.ClientDirectory.KnownRoles : null;

    /// <summary>Placeholders; true when a value is always there, so that no words for the other case are needed.</summary>
    public static readonly FrozenDictionary<string, bool> Placeholders = new Dictionary<string, bool>(StringComparer.Ordinal)
    {
        ["agent.name"] = true,
        ["company.name"] = true,
        ["day.greeting"] = true,
        ["agent.department"] = false,
        ["number.name"] = false,
        ["client.last_agent"] = false,
        ["client.last_call"] = false,
    }.Concat(Fillable.Keys.Select(f => KeyValuePair.Create(f, false))).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Fields that conditions may ask for, with the form of their values: those that answers fill, and what else is known of client, deal and call.</summary>
    public static readonly FrozenDictionary<string, QuestionKind> Readable = new Dictionary<string, QuestionKind>(StringComparer.Ordinal)
    {
        ["client.kind"] = QuestionKind.Choice,
        ["client.tags"] = QuestionKind.Choices,
        ["client.phone"] = QuestionKind.Text,
        ["client.responsible"] = QuestionKind.Text,
        ["client.created"] = QuestionKind.Date,
        ["client.do_not_call"] = QuestionKind.YesNo,
        ["client.last_agent"] = QuestionKind.Text,
        ["client.last_call"] = QuestionKind.Date,
        ["deal.responsible"] = QuestionKind.Text,
        ["deal.stage_since"] = QuestionKind.Date,
        ["call.direction"] = QuestionKind.Choice,
        ["call.queue"] = QuestionKind.Text,
        ["call.campaign"] = QuestionKind.Choice,
        ["number.name"] = QuestionKind.Text,
    }.Concat(Fillable).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The site's own fields by their code; a script may be older or newer than they are, so that any code is taken.</summary>
    public const string CustomPrefix = "client.custom.";

    public static bool IsCustom(string field) => field.StartsWith(CustomPrefix, StringComparison.Ordinal) && field.Length - CustomPrefix.Length is >= 1 and <= 40
        && field.AsSpan(CustomPrefix.Length).IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789_") < 0;

    /// <param name="always">As in <see cref="Placeholders"/>.</param>
    public static bool IsPlaceholder(string name, out bool always) => Placeholders.TryGetValue(name, out always) || IsCustom(name);

    /// <summary>The form of an own field's values; null for a kind that no question has.</summary>
    public static QuestionKind? KindOf(CallFlow.CustomField field) => field.Kind switch
    {
        "text" => QuestionKind.Text,
        "number" => QuestionKind.Number,
        "money" => QuestionKind.Money,
        "date" => QuestionKind.Date,
        "choice" => QuestionKind.Choice,
        "choices" => QuestionKind.Choices,
        "yes_no" => QuestionKind.YesNo,
        _ => null,
    };

    /// <summary>Whether a field of this kind takes such answers: a short code and free text are both text, one of several may be chosen alone, all else must be equal.</summary>
    public static bool Takes(QuestionKind field, QuestionKind answer) => field switch
    {
        QuestionKind.Text or QuestionKind.Choices when answer is QuestionKind.Choice => true,
        var kind => kind == answer,
    };

    /// <summary>For messages: a field, …, cannot do that.</summary>
    public static string Said(QuestionKind kind) => kind switch
    {
        QuestionKind.Number => "a number",
        QuestionKind.Money => "an amount",
        QuestionKind.Date => "a day",
        QuestionKind.YesNo => "a yes or no",
        QuestionKind.Choice => "a choice",
        QuestionKind.Choices => "a list of choices",
        _ => "a text",
    };
}
