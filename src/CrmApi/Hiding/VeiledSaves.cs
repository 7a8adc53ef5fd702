using System.Text.Json;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Hiding;

/// <summary>A card saved by who does not see all of it: what they were not shown stays as it is.</summary>
internal sealed class VeiledSaves(NumberMask mask)
{
    /// <param name="card">As it stands; of another version than was read, saving finds the conflict.</param>
    public ClientSave Keep(ClientSave save, ClientCardView card, Veil veil)
    {
        if (veil.HidesFields)
        {
            save = save with
            {
                Email = veil.Hides("email") ? card.Email : save.Email,
                Emails = veil.Hides("email") ? null : save.Emails,
                City = veil.Hides("city") ? card.City : save.City,
                Note = veil.Hides("note") ? card.Note : save.Note,
                TaxId = veil.Hides("taxId") ? null : save.TaxId,
                SecondTaxId = veil.Hides("taxId") ? null : save.SecondTaxId,
                Address = veil.Hides("address") ? null : save.Address,
                Addresses = veil.Hides("address") ? null : save.Addresses,
                Custom = save.Custom?.Where(c => !veil.HidesCustom(c.Key)).ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal),
            };
        }

        return veil.Numbers ? Unmasked(save, card) : save;
    }

    ClientSave Unmasked(ClientSave save, ClientCardView card) => save with
    {
        Name = mask.Restore(save.Name, card.Name),
        Company = mask.Restore(save.Company, card.Company),
        Email = mask.Restore(save.Email, card.Email),
        City = mask.Restore(save.City, card.City),
        Note = mask.Restore(save.Note, card.Note),
        Address = save.Address is { } address ? mask.Restore(address, card.Address) : null,
        Addresses = save.Addresses is { } addresses ? [.. addresses.Select(a => (card.Addresses ?? []).FirstOrDefault(known => Masked(known) == Masked(a)) ?? a)] : null,
        Emails = save.Emails is { } emails ? [.. emails.Select(e => Known(e, card))] : null,
        Tags = save.Tags is { } tags ? [.. tags.Select(t => (card.Tags ?? []).FirstOrDefault(known => mask.Text(known) == t) ?? t)] : null,
        Custom = save.Custom?.ToDictionary(c => c.Key, c => Text(c.Value, card.Custom?.GetValueOrDefault(c.Key)), StringComparer.Ordinal),
        Phones = [.. save.Phones.Select(p => Known(p, card))],
    };

    /// <summary>As it is shown; masking what is masked changes nothing.</summary>
    AddressView Masked(AddressView a) => a with { Line = mask.Text(a.Line), City = mask.Text(a.City), Region = mask.Text(a.Region), Country = mask.Text(a.Country) };

    PhoneSave Known(PhoneSave phone, ClientCardView card)
    {
        var same = card.Phones.Where(k => k.E164 == phone.Number).ToList();
        var known = same.Find(k => mask.Text(k.Extension) == phone.Extension);
        return (known ?? same.FirstOrDefault()) is { } k ? phone with { Label = mask.Restore(phone.Label, k.Label), Extension = known?.Extension ?? phone.Extension } : phone;
    }

    EmailView Known(EmailView email, ClientCardView card) => (card.Emails ?? []).FirstOrDefault(known => mask.Text(known.Address) == email.Address) is { } k
        ? new EmailView(k.Address, mask.Restore(email.Label, k.Label))
        : email;

    JsonElement Text(JsonElement typed, JsonElement? before) => typed.ValueKind == JsonValueKind.String && before is { ValueKind: JsonValueKind.String } known
        ? JsonSerializer.SerializeToElement(mask.Restore(typed.GetString()!, known.GetString()!), ContractsJson.Default.String)
        : typed;
}
