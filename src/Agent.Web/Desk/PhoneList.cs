using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>A card's numbers as they stand in its box, and what each of them is to the server: a number that one may not read stands there masked, and goes back as its handle.</summary>
static class PhoneList
{
    public static string Text(ClientCardView client) => string.Join(", ", Shown(client).Select(p => p.Text));

    public static IEnumerable<PhoneSave> Saves(ClientCardView client, string typed)
    {
        var known = Shown(client).ToLookup(p => p.Text, p => p.Phone, StringComparer.Ordinal);
        return ClientDraft.Listed(typed).Select((text, n) => known[text].FirstOrDefault() is { } phone ? new PhoneSave(IsHandle(phone) ? phone.E164 : text, phone.Label, n == 0) : new PhoneSave(text, "", n == 0));
    }

    /// <summary>Two that look the same under their masks are told apart by a count.</summary>
    static IEnumerable<(string Text, PhoneView Phone)> Shown(ClientCardView client) => client.Phones.OrderByDescending(p => p.IsMain)
        .GroupBy(p => p.Display, StringComparer.Ordinal).SelectMany(g => g.Select((p, n) => (n == 0 ? p.Display : $"{p.Display} ({n + 1})", p)));

    public static bool IsHandle(PhoneView phone) => phone.E164.StartsWith('~');
}
