using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CallCrm.CallFlow;

/// <summary>One of the possible answers of a field.</summary>
public sealed record FieldOption(string Code, string Name);

/// <summary>
/// A field that an administrator made, and what it may hold. Stored as JSON: text a string; number a number; money <c>{"amount": 12.5, "currency": "EUR"}</c>;
/// date <c>"2026-03-31"</c>; choice the code of an option; choices an array of them; yes_no true or false; link <c>{"id": "…"}</c>; calculated as its result's kind.
/// </summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Target">Of link: client, deal or person.</param>
/// <param name="Expression">Of calculated: its formula.</param>
/// <param name="Result">Of calculated: text, number, date or yes_no, as it follows from the formula.</param>
public sealed partial record CustomField(string Code, string Name, string Kind, IReadOnlyList<FieldOption> Options, string? Target = null, string? Expression = null, string? Result = null)
{
    public const int LongestText = 2_000;

    public const string Link = "link", Calculated = "calculated";

    /// <summary>The columns of <c>client_field</c> in the order of the record.</summary>
    public const string Columns = "code, name, kind, options::text, target, expression, result";

    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IReadOnlyList<string> Kinds { get; } = ["text", "number", "money", "date", "choice", "choices", "yes_no", Link, Calculated];

    public static IReadOnlyList<string> Targets { get; } = ["client", "deal", "person"];

    public bool HasOptions => Kind is "choice" or "choices";

    /// <summary>What a value is expected to be.</summary>
    public string Expected => Kind switch
    {
        "text" => $"text of 1 to {LongestText} characters",
        "number" => "a number such as 12.5",
        "money" => "an amount with at most two decimals and its currency, such as 12.50 EUR",
        "date" => "a day such as 2026-03-31",
        "yes_no" => "yes or no",
        Calculated => "no value: it is calculated",
        Link => Target switch
        {
            "deal" => "the number or the exact title of one deal, or its id",
            "person" => "the login or the exact name of one colleague, or the id",
            _ => "the telephone number, mail or exact name of one client, or the id",
        },
        "choice" => "one of " + OptionCodes,
        _ => "some of " + OptionCodes,
    };

    string OptionCodes => Options.Count <= 10 ? string.Join(", ", Options.Select(o => o.Code)) : string.Join(", ", Options.Take(10).Select(o => o.Code)) + " …";

    /// <summary>
    /// As it is stored; null when it is not what is expected. Texts of numbers, sums and days are taken as well as their JSON. Of a link the text that names its target,
    /// which the directory looks up.
    /// </summary>
    public JsonNode? Read(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Parse(value.GetString()!),
        JsonValueKind.Number when Kind == "number" => value.TryGetDecimal(out var number) ? Number(number) : null,
        JsonValueKind.True or JsonValueKind.False when Kind == "yes_no" => JsonValue.Create(value.GetBoolean()),
        JsonValueKind.Object when Kind == "money" => Money(value),
        JsonValueKind.Object when Kind == Link && value.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String => Parse(id.GetString()!),
        JsonValueKind.Array when Kind == "choices" => value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) ? Choices(value.EnumerateArray().Select(v => v.GetString()!)) : null,
        _ => null,
    };

    /// <summary>As people and files write it; choices by code or name, several with commas between them.</summary>
    public JsonNode? Parse(string text)
    {
        var clean = Kind == "text" ? PlainText.CleanLines(text, LongestText + 1) : PlainText.Clean(text, LongestText + 1);
        if (clean.Length is 0 or > LongestText) return null;
        switch (Kind)
        {
            case Calculated:
                return null;
            case "text" or Link:
                return JsonValue.Create(clean);
            case "number":
                return AsNumber(clean) is { } number ? Number(number) : null;
            case "money":
                return Sum().Match(clean) is { Success: true } sum && AsNumber(sum.Groups["amount"].Value.Trim()) is { } amount ? Money(amount, sum.Groups["currency"].Value) : null;
            case "date":
                return DateOnly.TryParseExact(clean, ["yyyy-MM-dd", "dd.MM.yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                    ? JsonValue.Create(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)) : null;
            case "yes_no":
                return clean.ToLowerInvariant() switch { "yes" or "true" => JsonValue.Create(true), "no" or "false" => JsonValue.Create(false), _ => null };
            case "choice":
                return Option(clean) is { } option ? JsonValue.Create(option.Code) : null;
            default:
                return Option(clean) is { } whole ? Choices([whole.Code]) : Choices(clean.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        }
    }

    /// <summary>A stored value as people read it: <c>12.50 EUR</c>, names of options. A value of another kind shows as it stands.</summary>
    public string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => HasOptions ? NameOf(value.GetString()!) : value.GetString()!,
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Text)),
        JsonValueKind.Object when value.TryGetProperty("amount", out var amount) && amount.TryGetDecimal(out var sum) && value.TryGetProperty("currency", out var currency) =>
            string.Create(CultureInfo.InvariantCulture, $"{sum:0.00} {currency.GetString()}"),
        JsonValueKind.Object when Kind == Link => value.TryGetProperty("name", out var name) ? name.GetString() ?? "" : "",
        _ => value.GetRawText(),
    };

    /// <summary>A value of this field as the other would hold it; null when it does not fit, and nothing may be lost.</summary>
    public JsonNode? Convert(JsonElement value, CustomField to)
    {
        ArgumentNullException.ThrowIfNull(to);
        // A name found again may be another's.
        if (Kind == Link || to.Kind is Link or Calculated) return null;
        if (HasOptions && to.HasOptions)
        {
            var codes = (value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(v => v.GetString() ?? "") : [value.GetString() ?? ""]).ToArray();
            return to.Kind == "choices" ? to.Choices(codes) : codes.Length == 1 && to.Option(codes[0]) is { } one ? JsonValue.Create(one.Code) : null;
        }

        // Codes of options mean nothing elsewhere: what people read is kept.
        return (HasOptions ? null : to.Read(value)) ?? to.Parse(Text(value));
    }

    public static string Json(JsonNode value) => value.ToJsonString(Plain);

    /// <summary>A row of <see cref="Columns"/>.</summary>
    public static CustomField Of(string code, string name, string kind, string options, string? target, string? expression, string? result) =>
        new(code, name, kind, ReadOptions(options), target, expression, result);

    public static IReadOnlyList<FieldOption> ReadOptions(string json) => JsonSerializer.Deserialize<FieldOption[]>(json, JsonSerializerOptions.Web) ?? [];

    public static string WriteOptions(IEnumerable<FieldOption> options) => JsonSerializer.Serialize(options, JsonSerializerOptions.Web);

    FieldOption? Option(string text) =>
        Options.FirstOrDefault(o => o.Code == text) ?? Options.FirstOrDefault(o => o.Name.Equals(text, StringComparison.OrdinalIgnoreCase));

    string NameOf(string code) => Options.FirstOrDefault(o => o.Code == code)?.Name ?? code;

    JsonArray? Choices(IEnumerable<string> texts)
    {
        var found = texts.Select(Option).ToArray();
        if (found.Length == 0 || found.Contains(null)) return null;
        // In the order of the options, each once.
        return [.. Options.Where(found.Contains).Select(o => JsonValue.Create(o.Code))];
    }

    static JsonNode? Money(JsonElement value) =>
        value.TryGetProperty("amount", out var amount) && value.TryGetProperty("currency", out var currency) && currency.ValueKind == JsonValueKind.String
        && amount.ValueKind switch { JsonValueKind.Number => amount.TryGetDecimal(out var n) ? n : null, JsonValueKind.String => AsNumber(amount.GetString()!), _ => (decimal?)null } is { } sum
            ? Money(sum, currency.GetString()!) : null;

    static JsonObject? Money(decimal amount, string currency)
    {
        currency = currency.Trim().ToUpperInvariant();
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper) || decimal.Round(amount, 2) != amount || Math.Abs(amount) >= 1_000_000_000_000m) return null;
        return new JsonObject { ["amount"] = amount, ["currency"] = currency };
    }

    internal static JsonValue? Number(decimal number) => Math.Abs(number) >= 1_000_000_000_000_000m ? null : JsonValue.Create(number / 1.000000000000000000000000000000000m);

    /// <summary>With a point, or one comma where there is no point: <c>1,5</c>. Separators of thousands are not guessed at.</summary>
    static decimal? AsNumber(string text)
    {
        if (!text.Contains('.', StringComparison.Ordinal) && text.Count(c => c == ',') == 1) text = text.Replace(',', '.');
        return decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    [GeneratedRegex(@"^(?:(?<currency>[A-Za-z]{3})\s*(?<amount>[-+0-9.,]+)|(?<amount>[-+0-9.,]+)\s*(?<currency>[A-Za-z]{3}))$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sum();
}
