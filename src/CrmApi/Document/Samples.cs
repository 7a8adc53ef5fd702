using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Document;

/// <summary>
/// Examples of what nobody wrote one for (<see cref="Examples"/>): made of the contract's own members, each with a value that such a member has. What is made is read as the contract and written
/// again, so that it is what the API would take and answer.
/// </summary>
internal static class Samples
{
    const int Deepest = 7;

    /// <summary>By the member's name; with its type before it where the name alone does not tell.</summary>
    static readonly FrozenDictionary<string, JsonNode> Values = new Dictionary<string, JsonNode>(StringComparer.OrdinalIgnoreCase)
    {
        ["name"] = "Anna Verdi",
        ["who"] = "Anna Verdi",
        ["agentName"] = "Anna Verdi",
        ["userName"] = "Anna Verdi",
        ["responsibleName"] = "Anna Verdi",
        ["clientName"] = "Mario Rossi",
        ["company"] = "Rossi Impianti",
        ["login"] = "anna",
        ["password"] = "correct horse battery",
        ["email"] = "mario@rossi.example",
        ["address"] = "192.0.2.17",
        ["city"] = "Milano",
        ["language"] = "it",
        ["timeZone"] = "Europe/Rome",
        ["number"] = "+390212345678",
        ["phone"] = "+39 02 1234 5678",
        ["e164"] = "+390212345678",
        ["raw"] = "02 12345678",
        ["dial"] = "+390212345678",
        ["display"] = "+39 02 1234 5678",
        ["caller"] = "+39 02 1234 5678",
        ["title"] = "New boilers",
        ["note"] = "Calls back after six",
        ["text"] = "Good morning",
        ["subject"] = "Offer",
        ["nextStep"] = "Send the offer",
        ["detail"] = "Sales",
        ["reason"] = "spam",
        ["code"] = "sale",
        ["role"] = "agent",
        ["model"] = "agent",
        ["right"] = "client.view",
        ["disposition"] = "sale",
        ["dispositionName"] = "Sale",
        ["outcome"] = "Answered",
        ["direction"] = "Inbound",
        ["state"] = "open",
        ["status"] = "ready",
        ["kind"] = "client",
        ["rule"] = "LeastBusy",
        ["stage"] = "proposal",
        ["stageName"] = "Proposal",
        ["dealType"] = "order",
        ["segment"] = "vip",
        ["segmentName"] = "VIP",
        ["currency"] = "EUR",
        ["queueName"] = "Sales",
        ["dialledName"] = "Website",
        ["source"] = "web",
        ["domain"] = "main",
        ["node"] = "pbx",
        ["extension"] = "101",
        ["device"] = "PJSIP/101",
        ["channel"] = "PJSIP/101-0000002a",
        ["url"] = "https://example.org/hook",
        ["event"] = "call.ended",
        ["secret"] = "5f0c3c1e",
        ["field"] = "note",
        ["value"] = "Milano",
        ["before"] = "Roma",
        ["after"] = "Milano",
        ["expression"] = "size * 2",
        ["version"] = 3,
        ["position"] = 1,
        ["amount"] = 1250,
        ["limit"] = 50,
        ["level"] = 1,
        ["next"] = "MTIwNw",
        ["cursor"] = "MTIwNw",
        ["format"] = "csv",
        ["color"] = "#2f6feb",
        ["userAgent"] = "Firefox",
        ["errorId"] = "edit_conflict",
        ["page"] = "p1",
        ["from"] = "2026-11-01",
        ["to"] = "2026-11-30",
        ["day"] = "2026-11-28",
        ["date"] = "2026-11-28",
        ["greeting"] = "Good morning, Rossi Impianti",
        ["token"] = "aGVsbG8",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Null: of no contract.</summary>
    public static JsonNode? Of(Type type)
    {
        if (ContractsJson.Default.GetTypeInfo(type) is not { } json || Make(json, "", 0) is not { } made) return null;
        return JsonSerializer.SerializeToNode(made.Deserialize(json), json);
    }

    static JsonNode? Make(JsonTypeInfo json, string name, int depth)
    {
        if (depth > Deepest) return null;
        switch (json.Kind)
        {
            case JsonTypeInfoKind.Object:
                var made = new JsonObject();
                if (json.PolymorphismOptions is { } ways && ways.DerivedTypes is [var first, ..])
                {
                    made[ways.TypeDiscriminatorPropertyName] = first.TypeDiscriminator is int number ? number : (string)first.TypeDiscriminator!;
                    json = json.Options.GetTypeInfo(first.DerivedType);
                }

                foreach (var property in json.Properties.Where(p => p.Get is not null || p.Set is not null))
                {
                    if (made.ContainsKey(property.Name) || Value(property, depth) is not { } value) continue;
                    made[property.Name] = value;
                }

                return made;
            case JsonTypeInfoKind.Enumerable:
                return Make(json.Options.GetTypeInfo(json.ElementType!), Singular(name), depth + 1) is { } item ? new JsonArray(item) : [];
            case JsonTypeInfoKind.Dictionary:
                return Make(json.Options.GetTypeInfo(json.ElementType!), name, depth + 1) is { } inner ? new JsonObject { [json.KeyType == typeof(Guid) ? Id(name).ToString() : json.KeyType == typeof(int) ? "1" : Key(name)] = inner } : new JsonObject();
            default:
                return Simple(json, name);
        }
    }

    static JsonNode? Value(JsonPropertyInfo property, int depth) => Make(property.Options.GetTypeInfo(property.PropertyType), property.Name, depth + 1);

    static JsonNode? Simple(JsonTypeInfo json, string name)
    {
        var type = Nullable.GetUnderlyingType(json.Type) ?? json.Type;
        if (type == typeof(string)) return Values.TryGetValue(name, out var text) && text.GetValueKind() == JsonValueKind.String ? text.DeepClone() : Id(name) is var id && name.EndsWith("Id", StringComparison.Ordinal) ? id.ToString() : Words(name);
        if (type == typeof(Guid)) return Id(name).ToString();
        if (type == typeof(DateTimeOffset)) return "2026-11-28T17:02:11+00:00";
        if (type == typeof(DateOnly)) return "2026-11-28";
        if (type == typeof(TimeOnly)) return "09:00:00";
        if (type == typeof(bool)) return true;
        if (type == typeof(JsonElement)) return "Milano";
        if (type.IsEnum) return JsonSerializer.SerializeToNode(Enum.GetValues(type).GetValue(0), json.Options.GetTypeInfo(type));
        if (Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.Decimal)
            return Values.TryGetValue(name, out var number) && number.GetValueKind() == JsonValueKind.Number ? number.DeepClone() : name.EndsWith("_s", StringComparison.Ordinal) ? 42 : name.EndsWith("Percent", StringComparison.Ordinal) ? 80 : 2;
        return null;
    }

    static Guid Id(string name) => new($"0193b6c0-7a3e-7000-8000-{(name.Aggregate(7, (sum, c) => (sum * 31) + char.ToLowerInvariant(c)) & 0xffff):x12}");

    static string Key(string name) => name.Contains("ight", StringComparison.Ordinal) ? "client.view" : "name";

    static string Singular(string name) => name.EndsWith('s') ? name[..^1] : name;

    /// <summary>nextStep → next step.</summary>
    static string Words(string name) => name.Length == 0 ? "text" : string.Concat(name.Select(c => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : c.ToString())).Replace('_', ' ').Trim();
}
