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

    const string Roles = "roles", TaxId = "taxId", Address = "address";

    /// <summary>The first address, in its parts: to the card's rules and layouts one field.</summary>
    static readonly string[] AddressParts = [Address, "postalCode", "region", "country"];

    const int LongestPart = 100, LongestLine = 500;

    /// <summary>Of these a save may refuse what was said.</summary>
    static readonly string[] Judged = ["email", "language", "segment", Roles, TaxId, "timeZone"];

    /// <summary>By the script's name of a field: what the card calls it.</summary>
    static readonly Dictionary<string, string> BuiltIn = new(StringComparer.Ordinal)
    {
        ["client.name"] = "name",
        ["client.company"] = "company",
        ["client.email"] = "email",
        ["client.city"] = "city",
        ["client.language"] = "language",
        ["client.notes"] = Note,
        ["client.need"] = Need,
        ["client.roles"] = Roles,
        ["client.source"] = "source",
        ["client.segment"] = "segment",
        ["client.tax_id"] = TaxId,
        ["client.time_zone"] = "timeZone",
        ["client.address"] = Address,
        ["client.postal_code"] = "postalCode",
        ["client.region"] = "region",
        ["client.country"] = "country",
    };

    IReadOnlyList<CustomField> Own => facts.Names.Fields;

    /// <summary>
    /// Fields of the card that the answers fill, as rules name them: <c>city</c>, <c>note</c>, <c>custom.CODE</c>. What the card would refuse, as a tax id
    /// with a wrong check digit, fills nothing: a rule that asks for it is not met by it.
    /// </summary>
    public async Task<string[]> FillsAsync(Guid? client, Script script, IReadOnlyDictionary<string, string> answers, CancellationToken cancel)
    {
        var open = Filled(ScriptAnswers.Fill(script, answers, Own)).Where(f => !ScriptFields.IsCustom(f.Field) || ScriptSite.Find(f.Field, Own)?.Parse(Typed(f, null)) is not null).ToDictionary(f => OnCard(f.Field), f => new Answered(f.Value, f.Field), StringComparer.Ordinal);
        foreach (var (field, _) in TooLong(open).ToList()) open.Remove(field);
        if (open.Keys.Any(Judged.Contains) && client is { } id && await clients.CardAsync(id, cancel) is { } card
            && await directory.SaveAsync(card.Id, Fields(With(card, open), open), card.Version, site.Value.Region, null, cancel, _ => Task.FromResult(false)) is ClientSaved.Invalid invalid)
        {
            foreach (var field in invalid.Errors.Keys.SelectMany(e => Group(OnCardOf(e)))) open.Remove(field);
        }

        return [.. open.Keys.Select(f => f == Need ? Note : AddressParts.Contains(f) ? Address : f).Distinct(StringComparer.Ordinal)];
    }

    /// <param name="Field">As the script names it.</param>
    /// <param name="Adds">One of several was asked for: it goes beside those that are there.</param>
    sealed record Answered(string Value, string Field, bool Adds = false);

    /// <returns>By question: what was expected of an answer that is not on the card.</returns>
    public async Task<IReadOnlyDictionary<string, string>> FillAsync(Guid client, Guid call, Person person, Script script, IReadOnlyDictionary<string, string> answers, CancellationToken cancel)
    {
        var filled = ScriptAnswers.Fill(script, answers, Own);
        var refused = filled.Refused.ToDictionary(r => r.Key, r => r.Value, StringComparer.Ordinal);
        var open = Filled(filled).ToDictionary(f => OnCard(f.Field), f => new Answered(f.Value, f.Field, !script.Questions.Any(q => q.Id == filled.By[f.Field] && q.Kind == QuestionKind.Choices)), StringComparer.Ordinal);
        foreach (var (field, expected) in TooLong(open).ToList()) Refuse([field], expected);
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
            if (CardAudit.Differences(card, Applied(card, save, open)).Count == 0) return refused;
            switch (await directory.SaveAsync(card.Id, Fields(save, open), card.Version, site.Value.Region, call, cancel, t => audit.WriteAsync(t, person, FilledAction, card, card.Version, cancel)))
            {
                case ClientSaved.Invalid invalid:
                    // What does not fit stays away; the others are tried again without it.
                    var known = invalid.Errors.Where(e => Group(OnCardOf(e.Key)).Any(open.ContainsKey)).ToList();
                    foreach (var (field, expected) in known) Refuse([OnCardOf(field)], expected[0]);
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
            foreach (var field in fields.SelectMany(Group))
            {
                if (open.Remove(field, out var value)) refused[filled.By[value.Field]] = expected;
            }
        }
    }

    static IEnumerable<FieldValue> Filled(FilledFields filled) => filled.Fields.Where(f => f.Value.Length > 0 && f.Field.StartsWith("client.", StringComparison.Ordinal)
        && (ScriptFields.IsCustom(f.Field) || BuiltIn.ContainsKey(f.Field)));

    static string OnCard(string field) => BuiltIn.GetValueOrDefault(field) ?? field["client.".Length..];

    /// <summary>What stands under one name of the card.</summary>
    static string[] Group(string field) => field switch { Note => [Note, Need], Address => AddressParts, _ => [field] };

    /// <summary>As errors of a save are named.</summary>
    static string OnCardOf(string error) => error == "secondTaxId" ? TaxId : error.StartsWith("addresses", StringComparison.Ordinal) ? Address : error;

    /// <summary>The card would cut it.</summary>
    static IEnumerable<(string Field, string Expected)> TooLong(Dictionary<string, Answered> open) =>
        from limit in new[] { ("source", LongestPart), ("city", LongestPart), (Address, LongestLine), ("postalCode", LongestPart), ("region", LongestPart), ("country", LongestPart) }
        where open.TryGetValue(limit.Item1, out var value) && value.Value.Length > limit.Item2
        select (limit.Item1, $"at most {limit.Item2} characters");

    /// <summary>As <see cref="CustomField.Parse"/> takes it: an amount with the currency that the card has there, else that of the client's deal.</summary>
    string Typed(FieldValue filled, ClientCardView? card)
    {
        if (ScriptSite.Find(filled.Field, Own) is not { Kind: "money" } field || ScriptTest.Sum(filled.Value) is not { Currency: null }) return filled.Value;
        var before = card?.Custom?.TryGetValue(field.Code, out var value) == true && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("currency", out var code) ? code.GetString() : null;
        return $"{filled.Value} {before ?? card?.OpenDeals.Select(d => d.Currency).FirstOrDefault() ?? Currency}";
    }

    ClientSave With(ClientCardView card, IReadOnlyDictionary<string, Answered> open)
    {
        string Set(string field, string before) => open.TryGetValue(field, out var filled) ? filled.Value : before;
        var note = new[] { Need, Note }.Select(f => open.GetValueOrDefault(f)?.Value).OfType<string>()
            .Aggregate(card.Note, (before, more) => before.Contains(more, StringComparison.Ordinal) ? before : before.Length == 0 ? more : $"{before}\n{more}");
        var custom = open.Values.Where(f => ScriptFields.IsCustom(f.Field)).ToDictionary(f => f.Field[ScriptFields.CustomPrefix.Length..], f => AsJson(f, card), StringComparer.Ordinal);
        return new ClientSave(card.Kind, Set("name", card.Name), Set("company", card.Company), Set("email", card.Email), Set("city", card.City), note, Set("language", card.Language ?? "") is { Length: > 0 } language ? language : null,
            open.GetValueOrDefault("segment")?.Value ?? card.Segment, card.ResponsibleId, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label, p.IsMain, p.Extension))], card.Version, Custom: custom,
            TaxId: TaxIds(card, open).First, SecondTaxId: TaxIds(card, open).Second, TimeZone: open.GetValueOrDefault("timeZone")?.Value, Roles: RolesOf(card, open), Addresses: AddressesOf(card, open));
    }

    /// <summary>Of a list of choices these alone; a single one beside those that the card has.</summary>
    static IReadOnlyList<string>? RolesOf(ClientCardView card, IReadOnlyDictionary<string, Answered> open) =>
        open.GetValueOrDefault(Roles) is not { } answer ? null : [.. (answer.Adds ? card.Roles ?? [] : []).Union(answer.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal)];

    /// <summary>
    /// A card has room for two, of two kinds (an INN and an OGRN, a Partita IVA and a Codice Fiscale), which their length tells apart: the answer takes the place
    /// of one of its kind, else a free one. One that the card has already changes nothing.
    /// </summary>
    static (string? First, string? Second) TaxIds(ClientCardView card, IReadOnlyDictionary<string, Answered> open)
    {
        if (open.GetValueOrDefault(TaxId) is not { } answer || ClientDirectory.CleanTaxId(answer.Value) is var said && (said == card.TaxId || said == card.SecondTaxId)) return default;
        var second = card.TaxId.Length > 0 && Length(said) != Length(card.TaxId) && (card.SecondTaxId.Length == 0 || Length(said) == Length(card.SecondTaxId));
        return second ? (null, said) : (said, null);

        static int Length(string id) => id is ['I', 'T', .. { Length: 11 } rest] ? rest.Length : id.Length;
    }

    /// <summary>The parts that were said, of the first one; its city too where street and city were said. With a tax id all as they are: of its country are its check digits.</summary>
    static IReadOnlyList<AddressView>? AddressesOf(ClientCardView card, IReadOnlyDictionary<string, Answered> open)
    {
        var all = card.Addresses ?? [];
        if (!AddressParts.Any(open.ContainsKey)) return open.ContainsKey(TaxId) ? all : null;
        string Part(string field, string before) => open.GetValueOrDefault(field)?.Value ?? before;
        var main = all.Count > 0 ? all[0] : new AddressView(ClientAddress.Actual, "");
        var city = all.Count == 0 || open.ContainsKey(Address) ? Part("city", main.City) : main.City;
        return [main with { Line = Part(Address, main.Line), City = city, PostalCode = Part("postalCode", main.PostalCode), Region = Part("region", main.Region), Country = Part("country", main.Country) }, .. all.Skip(1)];
    }

    /// <summary>The source stands in no form of the card: who made the card or its number said it so far.</summary>
    static ClientFields Fields(ClientSave save, IReadOnlyDictionary<string, Answered> open)
    {
        var fields = ClientEndpoints.Fields(save);
        return open.GetValueOrDefault("source") is { } source ? fields with { More = fields.More! with { Source = source.Value } } : fields;
    }

    /// <summary>What the field reads of it, so that an unchanged value is found to be one; what it does not read is sent as it is, and refused by the one who writes.</summary>
    JsonElement AsJson(Answered answered, ClientCardView card)
    {
        var filled = new FieldValue(answered.Field, answered.Value);
        var text = Typed(filled, card);
        return JsonSerializer.SerializeToElement(ScriptSite.Find(filled.Field, Own)?.Parse(text) ?? JsonValue.Create(text));
    }

    /// <summary>The card with what would be saved, to find out whether anything is.</summary>
    static ClientCardView Applied(ClientCardView card, ClientSave save, IReadOnlyDictionary<string, Answered> open)
    {
        var custom = new Dictionary<string, JsonElement>(card.Custom ?? new Dictionary<string, JsonElement>(), StringComparer.Ordinal);
        foreach (var (code, value) in save.Custom ?? new Dictionary<string, JsonElement>()) custom[code] = value;
        return card with
        {
            Name = save.Name,
            Company = save.Company,
            Email = save.Email,
            City = save.City,
            Language = save.Language,
            Note = save.Note,
            Custom = custom,
            Segment = save.Segment,
            Source = open.GetValueOrDefault("source")?.Value ?? card.Source,
            TaxId = save.TaxId ?? card.TaxId,
            SecondTaxId = save.SecondTaxId ?? card.SecondTaxId,
            TimeZone = save.TimeZone ?? card.TimeZone,
            Roles = save.Roles ?? card.Roles,
            Addresses = save.Addresses ?? card.Addresses,
            Address = save.Addresses is [var first, ..] ? new ClientAddress(first.Kind, first.Line, first.City, first.PostalCode, first.Region, first.Country).Text : card.Address,
        };
    }
}
