using System.Text.Json;
using System.Text.Json.Nodes;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Scripts;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Calls;

/// <summary>
/// Puts what a script's answers fill onto the client's card, as far as the agent may change it: the rest stays an answer of the call, with what the card
/// expected of it. What the agent is not shown is written all the same: the client said it to them. Fields that are on no card (of deal and call, and some of
/// the client) are answers alone.
/// </summary>
internal sealed class AnsweredCard(ClientStore clients, ClientDirectory directory, CardAccess access, LayoutStore layouts, LiveFacts facts, CardAudit audit, IOptions<SiteOptions> site)
{
    public const string FilledAction = "client.filled";

    const string NotYours = "a card that you may change", Gone = "the code of a field that is in use";

    /// <summary>Of an amount that was asked for without it, where the card and the deals have none.</summary>
    const string Currency = "EUR";

    /// <summary>What a client needs stands among the notes, each in a line of its own.</summary>
    const string Note = "note", Need = "need";

    const int Attempts = 3;

    static readonly string[] BuiltIn = ["name", "company", "email", "city", "language", "notes", "need"];

    IReadOnlyList<CustomField> Own => facts.Names.Fields;

    /// <summary>Fields of the card that the answers fill, as rules name them: <c>city</c>, <c>note</c>, <c>custom.CODE</c>.</summary>
    public string[] Fills(Script script, IReadOnlyDictionary<string, string> answers) =>
        [.. Filled(ScriptAnswers.Fill(script, answers, Own)).Where(f => !ScriptFields.IsCustom(f.Field) || ScriptSite.Find(f.Field, Own)?.Parse(Typed(f, null)) is not null).Select(f => OnCard(f.Field)).Select(f => f == Need ? Note : f).Distinct(StringComparer.Ordinal)];

    /// <returns>By question: what was expected of an answer that is not on the card.</returns>
    public async Task<IReadOnlyDictionary<string, string>> FillAsync(Guid client, Guid call, Person person, Script script, IReadOnlyDictionary<string, string> answers, CancellationToken cancel)
    {
        var filled = ScriptAnswers.Fill(script, answers, Own);
        var refused = filled.Refused.ToDictionary(r => r.Key, r => r.Value, StringComparer.Ordinal);
        var open = Filled(filled).ToDictionary(f => OnCard(f.Field), f => f, StringComparer.Ordinal);
        // Somebody else's save in between is kept: only these fields are set on theirs.
        for (var attempt = 0; open.Count > 0 && attempt < Attempts; attempt++)
        {
            if (await clients.CardAsync(client, cancel) is not { } card) return refused;
            var sight = await access.OfAsync(person, card.Id, card, cancel);
            if (!sight.Edit) Refuse([.. open.Keys], NotYours);
            Refuse([.. open.Where(f => ScriptFields.IsCustom(f.Value.Field) && ScriptSite.Find(f.Value.Field, Own) is null).Select(f => f.Key)], Gone);
            var save = With(card, open);
            foreach (var (field, expected) in await layouts.RefusedAsync(person, CardAccess.Shown(person, card, sight), save, site.Value.Region, cancel)) Refuse([field], expected[0]);
            save = With(card, open);
            if (CardAudit.Differences(card, Applied(card, save)).Count == 0) return refused;
            switch (await directory.SaveAsync(card.Id, ClientEndpoints.Fields(save), card.Version, site.Value.Region, call, cancel, t => audit.WriteAsync(t, person, FilledAction, card, card.Version, cancel)))
            {
                case ClientSaved.Invalid invalid:
                    // What does not fit stays away; the others are tried again without it.
                    var known = invalid.Errors.Where(e => open.ContainsKey(e.Key) || (e.Key == Note && open.ContainsKey(Need))).ToList();
                    foreach (var (field, expected) in known) Refuse([field], expected[0]);
                    if (known.Count == 0) Refuse([.. open.Keys], string.Join("; ", invalid.Errors.Select(e => $"{e.Key}: {string.Join(", ", e.Value)}")));
                    break;
                case ClientSaved.Conflict:
                    break;
                default:
                    return refused;
            }
        }

        return refused;

        void Refuse(string[] fields, string expected)
        {
            foreach (var field in fields.Contains(Note) ? [.. fields, Need] : fields)
            {
                if (open.Remove(field, out var value)) refused[filled.By[value.Field]] = expected;
            }
        }
    }

    static IEnumerable<FieldValue> Filled(FilledFields filled) => filled.Fields.Where(f => f.Value.Length > 0 && f.Field.StartsWith("client.", StringComparison.Ordinal)
        && (ScriptFields.IsCustom(f.Field) || BuiltIn.Contains(f.Field["client.".Length..])));

    static string OnCard(string field) => field == "client.notes" ? Note : field["client.".Length..];

    /// <summary>As <see cref="CustomField.Parse"/> takes it: an amount with the currency that the card has there, else that of the client's deal.</summary>
    string Typed(FieldValue filled, ClientCardView? card)
    {
        if (ScriptSite.Find(filled.Field, Own) is not { Kind: "money" } field || ScriptTest.Sum(filled.Value) is not { Currency: null }) return filled.Value;
        var before = card?.Custom?.TryGetValue(field.Code, out var value) == true && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("currency", out var code) ? code.GetString() : null;
        return $"{filled.Value} {before ?? card?.OpenDeals.Select(d => d.Currency).FirstOrDefault() ?? Currency}";
    }

    ClientSave With(ClientCardView card, IReadOnlyDictionary<string, FieldValue> open)
    {
        string Set(string field, string before) => open.TryGetValue(field, out var filled) ? filled.Value : before;
        var note = new[] { Need, Note }.Select(f => open.GetValueOrDefault(f)?.Value).OfType<string>()
            .Aggregate(card.Note, (before, more) => before.Contains(more, StringComparison.Ordinal) ? before : before.Length == 0 ? more : $"{before}\n{more}");
        var custom = open.Values.Where(f => ScriptFields.IsCustom(f.Field)).ToDictionary(f => f.Field[ScriptFields.CustomPrefix.Length..], f => AsJson(f, card), StringComparer.Ordinal);
        return new ClientSave(card.Kind, Set("name", card.Name), Set("company", card.Company), Set("email", card.Email), Set("city", card.City), note, Set("language", card.Language ?? "") is { Length: > 0 } language ? language : null,
            card.Segment, card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain, p.Extension))], card.Version, Custom: custom);
    }

    /// <summary>What the field reads of it, so that an unchanged value is found to be one; what it does not read is sent as it is, and refused by the one who writes.</summary>
    JsonElement AsJson(FieldValue filled, ClientCardView card)
    {
        var text = Typed(filled, card);
        return JsonSerializer.SerializeToElement(ScriptSite.Find(filled.Field, Own)?.Parse(text) ?? JsonValue.Create(text));
    }

    /// <summary>The card with what would be saved, to find out whether anything is.</summary>
    static ClientCardView Applied(ClientCardView card, ClientSave save)
    {
        var custom = new Dictionary<string, JsonElement>(card.Custom ?? new Dictionary<string, JsonElement>(), StringComparer.Ordinal);
        foreach (var (code, value) in save.Custom ?? new Dictionary<string, JsonElement>()) custom[code] = value;
        return card with { Name = save.Name, Company = save.Company, Email = save.Email, City = save.City, Language = save.Language, Note = save.Note, Custom = custom };
    }
}
