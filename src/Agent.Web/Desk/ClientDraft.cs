using CallCrm.AgentWeb.Clients;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>What is typed on a client's card: each field as text, as it stands in its box.</summary>
public sealed class ClientDraft
{
    /// <summary>All but the site's own fields, under the names that their drafts have.</summary>
    public static readonly (string Name, Func<ClientDraft, string> Get, Action<ClientDraft, string> Set)[] Fields =
    [
        ("name", d => d.Name, (d, v) => d.Name = v), ("company", d => d.Company, (d, v) => d.Company = v), ("email", d => d.Email, (d, v) => d.Email = v),
        ("city", d => d.City, (d, v) => d.City = v), ("segment", d => d.Segment, (d, v) => d.Segment = v), ("responsible", d => d.Responsible, (d, v) => d.Responsible = v),
        ("language", d => d.Language, (d, v) => d.Language = v), ("phones", d => d.Phones, (d, v) => d.Phones = v), ("note", d => d.Note, (d, v) => d.Note = v),
        ("emails", d => d.Emails, (d, v) => d.Emails = v), ("tags", d => d.Tags, (d, v) => d.Tags = v), ("tax", d => d.TaxId, (d, v) => d.TaxId = v), ("tax2", d => d.SecondTaxId, (d, v) => d.SecondTaxId = v),
        ("kind", d => d.Kind, (d, v) => d.Kind = v), ("belongs", d => d.Belongs, (d, v) => d.Belongs = v), ("roles", d => d.Roles, (d, v) => d.Roles = v),
        ("zone", d => d.TimeZone, (d, v) => d.TimeZone = v), ("address", d => d.Address, (d, v) => d.Address = v),
    ];

    public string Name { get; set; } = "";

    public string Company { get; set; } = "";

    public string Email { get; set; } = "";

    public string City { get; set; } = "";

    public string Note { get; set; } = "";

    public string Language { get; set; } = "";

    public string Segment { get; set; } = "";

    public string Responsible { get; set; } = "";

    public string Phones { get; set; } = "";

    public string Kind { get; set; } = "person";

    /// <summary>Id and name of the company with a bar between them.</summary>
    public string Belongs { get; set; } = "";

    public string Roles { get; set; } = "";

    public string Emails { get; set; } = "";

    public string Tags { get; set; } = "";

    public string TaxId { get; set; } = "";

    public string SecondTaxId { get; set; } = "";

    public string TimeZone { get; set; } = "";

    /// <summary>All of them, see <see cref="AddressList"/>.</summary>
    public string Address { get; set; } = "";

    /// <summary>The site's own fields, as typed, by code.</summary>
    public Dictionary<string, string> Custom { get; } = new(StringComparer.Ordinal);

    public int Version { get; set; }

    public static ClientDraft Of(ClientCardView client)
    {
        var draft = new ClientDraft
        {
            Name = client.Name,
            Company = client.Company,
            Email = client.Email,
            City = client.City,
            Note = client.Note,
            Language = client.Language ?? "",
            Segment = client.Segment ?? "",
            Responsible = client.ResponsibleId?.ToString() ?? "",
            Phones = PhoneList.Text(client),
            Kind = client.Kind,
            Belongs = client.CompanyId is { } company ? $"{company}|{client.CompanyName}" : "",
            Roles = string.Join(",", client.Roles ?? []),
            Emails = string.Join(", ", (client.Emails ?? []).Select(e => e.Address)),
            Tags = string.Join(", ", client.Tags ?? []),
            TaxId = client.TaxId,
            SecondTaxId = client.SecondTaxId,
            TimeZone = client.TimeZone ?? "",
            Address = AddressList.Text(client),
            Version = client.Version,
        };
        foreach (var (code, value) in client.Custom ?? new Dictionary<string, System.Text.Json.JsonElement>(StringComparer.Ordinal))
            draft.Custom[code] = CustomText.Typed(value);
        return draft;
    }

    /// <summary>A list that is typed with commas.</summary>
    public static string[] Listed(string typed) => typed.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
