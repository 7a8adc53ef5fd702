using CallCrm.AgentWeb.Clients;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Desk;

/// <summary>What a colleague saved of a card while it was edited here.</summary>
/// <param name="Taken">Fields that only the colleague changed: they stand in the boxes now.</param>
/// <param name="Both">Fields that were typed in here, too: what was typed stays, and theirs is told.</param>
sealed record NewerCard(IReadOnlyList<string> Taken, IReadOnlyDictionary<string, string> Both)
{
    const string OwnPrefix = "custom.";

    public bool IsNothing => Taken.Count == 0 && Both.Count == 0;

    /// <summary>Brings theirs into a draft that began with the card as it was before.</summary>
    /// <param name="own">The site's own fields: what is calculated nobody wrote.</param>
    public static NewerCard Into(ClientDraft draft, ClientDraft before, ClientDraft theirs, IReadOnlyList<ClientFieldView> own)
    {
        var taken = new List<string>();
        var both = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, get, set) in ClientDraft.Fields)
            One(Code(name), get(draft), get(before), get(theirs), value => set(draft, value));
        foreach (var code in draft.Custom.Keys.Union(before.Custom.Keys).Union(theirs.Custom.Keys).ToArray())
            One(OwnPrefix + code, draft.Custom.GetValueOrDefault(code, ""), before.Custom.GetValueOrDefault(code, ""), theirs.Custom.GetValueOrDefault(code, ""), value => draft.Custom[code] = value);
        draft.Version = theirs.Version;
        return new NewerCard(taken, both);

        void One(string field, string mine, string was, string now, Action<string> set)
        {
            if (Same(now, was) || Same(now, mine))
                return;
            if (own.Any(f => f.Kind == "calculated" && OwnPrefix + f.Code == field))
                set(now);
            else if (Same(mine, was))
            {
                set(now);
                taken.Add(field);
            }
            else
                both[field] = now;
        }
    }

    /// <summary>An edit that goes on over a card of which only this is known, that it was saved since: whatever was typed may stand over something new.</summary>
    public static NewerCard Over(ClientDraft draft, ClientDraft now) => new([], ClientDraft.Fields.Select(f => (Code: Code(f.Name), Mine: f.Get(draft), Now: f.Get(now)))
        .Concat(draft.Custom.Keys.Select(c => (Code: OwnPrefix + c, Mine: draft.Custom[c], Now: now.Custom.GetValueOrDefault(c, "")))).Where(f => !Same(f.Mine, f.Now)).ToDictionary(f => f.Code, f => f.Now, StringComparer.Ordinal));

    /// <summary>A link is its id: what it is called is told to some pages and not to others.</summary>
    static bool Same(string one, string other) =>
        one == other || (one.Split('|')[0] is var id && Guid.TryParse(id, out _) && id == other.Split('|')[0]);

    /// <summary>Told before, and still so.</summary>
    public NewerCard With(NewerCard? earlier)
    {
        if (earlier is null)
            return this;
        var both = new Dictionary<string, string>(earlier.Both, StringComparer.Ordinal);
        foreach (var (field, now) in Both)
            both[field] = now;
        return new NewerCard([.. earlier.Taken.Union(Taken).Where(f => !both.ContainsKey(f))], both);
    }

    /// <summary>As the API calls it, and the card's labels do.</summary>
    static string Code(string draft) => draft switch
    {
        "tax" => "taxId",
        "tax2" => "secondTaxId",
        "belongs" => "companyId",
        "zone" => "timeZone",
        "responsible" => "responsibleId",
        _ => draft,
    };

    /// <summary>What stands in a box, as people read it.</summary>
    public static string Said(IStringLocalizer<Texts> t, CatalogView? catalog, string field, string value) => value.Length == 0 ? "–" : field switch
    {
        "kind" => t["Client.Kind." + value],
        "roles" => string.Join(", ", ClientDraft.Listed(value).Select(r => t["Client.Role." + r].Value)),
        "language" => Texts.LanguageName(value),
        "companyId" => value[(value.IndexOf('|', StringComparison.Ordinal) + 1)..],
        "responsibleId" => catalog?.People.FirstOrDefault(p => p.Id.ToString() == value)?.Name ?? "…",
        "segment" => catalog?.Segments.FirstOrDefault(s => s.Code == value)?.Name ?? value,
        "address" => string.Join("; ", AddressList.Rows(value).Select(AddressList.Whole)),
        _ when field.StartsWith(OwnPrefix, StringComparison.Ordinal) && catalog?.ClientFields?.FirstOrDefault(f => f.Code == field[OwnPrefix.Length..]) is { } own => Own(t, own, value),
        _ => value,
    };

    static string Own(IStringLocalizer<Texts> t, ClientFieldView own, string value) => own.Kind switch
    {
        "link" => value[(value.IndexOf('|', StringComparison.Ordinal) + 1)..],
        "money" => value,
        "choices" => string.Join(", ", value.Split(',').Select(code => own.Options.FirstOrDefault(o => o.Code == code)?.Name ?? code)),
        _ => CustomText.Shown(own, CustomText.Value(own, value), t),
    };
}
