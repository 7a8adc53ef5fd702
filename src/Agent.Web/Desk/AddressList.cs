using System.Text.Json;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>A card's addresses as the text that its draft keeps.</summary>
static class AddressList
{
    public const string Actual = "actual";

    public static readonly string[] Kinds = [Actual, "legal", "delivery", "other"];

    public static string Text(ClientCardView client) => Text(client.Addresses is { Count: > 0 } all ? all : client.Address.Length > 0 ? [new AddressView(Actual, client.Address)] : []);

    public static string Text(IReadOnlyList<AddressView> addresses) => addresses.Count > 0 ? JsonSerializer.Serialize(addresses, ContractsJson.Default.IReadOnlyListAddressView) : "";

    public static IReadOnlyList<AddressView> Rows(string text)
    {
        if (text.Length == 0)
            return [];
        try
        {
            return JsonSerializer.Deserialize(text, ContractsJson.Default.IReadOnlyListAddressView) ?? [];
        }
        catch (JsonException)
        {
            // A draft of the time when there was one.
            return [new AddressView(Actual, text)];
        }
    }

    public static bool IsEmpty(AddressView a) => string.Concat(a.Line, a.City, a.PostalCode, a.Region, a.Country).Trim().Length == 0;

    /// <summary>All of it, as the server writes it.</summary>
    public static string Whole(AddressView a) => string.Join(", ", new[] { a.Line, $"{a.PostalCode} {a.City}".Trim(), a.Region, a.Country }.Where(p => p.Length > 0));
}
