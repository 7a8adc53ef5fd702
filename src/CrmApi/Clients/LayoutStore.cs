using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>Reads the card's layouts, and refuses what they do not let one change. Writing them is the administration's.</summary>
internal sealed class LayoutStore(NpgsqlDataSource database)
{
    public const string Columns = "select role, deal_type, groups::text, version from card_layout";

    public async Task<IReadOnlyList<CardLayout>> OfAsync(Person person, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return [.. (await connection.QueryAsync<Row>(new CommandDefinition($"{Columns} where role is null or role = @Role", new { person.Role }, cancellationToken: cancel))).Select(r => r.View())];
    }

    /// <param name="card">As this person sees it: deals out of reach lay out nothing.</param>
    /// <returns>By field: what was expected. Empty: it may be saved so.</returns>
    public async Task<Dictionary<string, string[]>> RefusedAsync(Person person, ClientCardView card, ClientSave save, string region, CancellationToken cancel)
    {
        var layout = CardLayouts.For(await OfAsync(person, cancel), person.Role, card.OpenDeals.Select(d => d.DealType));
        return layout is null ? [] : layout.Groups.SelectMany(g => g.Fields).Where(f => f.Mode != CardLayouts.Shown && Differs(f.Code, card, save, region))
            .ToDictionary(f => f.Code, _ => new[] { "a field that your card lets you change" }, StringComparer.Ordinal);
    }

    static bool Differs(string field, ClientCardView card, ClientSave save, string region) => field switch
    {
        "name" => Differs(save.Name, card.Name),
        "kind" => Differs(save.Kind, card.Kind),
        "company" => Differs(save.Company, card.Company),
        "email" => Differs(save.Email, card.Email),
        "city" => Differs(save.City, card.City),
        "note" => Differs(save.Note, card.Note),
        "language" => Differs(save.Language ?? "", card.Language ?? ""),
        "segment" => Differs(save.Segment ?? "", card.Segment ?? ""),
        "responsibleId" => save.ResponsibleId != card.ResponsibleId,
        "companyId" => save.CompanyId is { } company && company != (card.CompanyId ?? Guid.Empty),
        "taxId" => (save.TaxId is { } tax && ClientDirectory.CleanTaxId(tax) != card.TaxId) || (save.SecondTaxId is { } second && ClientDirectory.CleanTaxId(second) != card.SecondTaxId),
        "timeZone" => save.TimeZone is { } zone && Differs(zone, card.TimeZone ?? ""),
        "address" => save.Addresses is { } addresses ? !addresses.SequenceEqual(card.Addresses ?? []) : save.Address is { } address && Differs(address, card.Address),
        "roles" => save.Roles is { } roles && !roles.ToHashSet(StringComparer.Ordinal).SetEquals(card.Roles ?? []),
        "tags" => save.Tags is { } tags && !tags.Select(t => t.Trim()).ToHashSet(StringComparer.Ordinal).SetEquals(card.Tags ?? []),
        "emails" => save.Emails is { } emails && !emails.SequenceEqual(card.Emails ?? []),
        // The label and the order of numbers are part of them, and the extension where something is said of it.
        "phones" => !save.Phones.Select(p => (PhoneNumbers.Typed(p.Number, region).E164 ?? p.Number, p.Label.Trim(), p.IsMain)).ToHashSet().SetEquals(card.Phones.Select(p => (p.E164, p.Label, p.IsMain)))
            || save.Phones.Any(p => ExtensionOf(p, region) is { } extension && !card.Phones.Any(k => k.E164 == (PhoneNumbers.Typed(p.Number, region).E164 ?? p.Number) && k.Extension == extension)),
        _ => field.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal) && save.Custom?.TryGetValue(field[CardFieldCodes.CustomPrefix.Length..], out var typed) == true
            && !SameValue(typed, card.Custom?.GetValueOrDefault(field[CardFieldCodes.CustomPrefix.Length..])),
    };

    /// <summary>Null: nothing is said of it.</summary>
    static string? ExtensionOf(PhoneSave phone, string region) => PhoneNumbers.Typed(phone.Number, region).Extension is { Length: > 0 } behind ? behind : phone.Extension?.Trim();

    /// <summary>Lines end as the page's boxes or the database have them.</summary>
    static bool Differs(string typed, string before) => Lines(typed) != Lines(before);

    static string Lines(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Trim();

    static bool SameValue(JsonElement typed, JsonElement? before) => CardLinks.IdOf(before) is { } link
        ? (CardLinks.IdOf(typed) ?? (typed.ValueKind == JsonValueKind.String ? typed.GetString() : null)) == link
        : before is { ValueKind: not JsonValueKind.Undefined } known
        ? JsonElement.DeepEquals(typed, known)
        : typed.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined || (typed.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(typed.GetString()));

    public sealed record Row(string? Role, string? DealType, string Groups, int Version)
    {
        public CardLayout View() => new(Role, DealType, JsonSerializer.Deserialize(Groups, ContractsJson.Default.IReadOnlyListCardGroup) ?? [], Version);
    }
}
