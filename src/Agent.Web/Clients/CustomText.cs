using System.Globalization;
using System.Text.Json;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Clients;

/// <summary>Values of the site's own fields: as they stand in an input, and as people read them.</summary>
static class CustomText
{
    /// <summary>As typed: numbers with a point, sums <c>12.50 EUR</c>, codes of options with commas between them, yes and no. A value from before a change of the field's kind shows as it is.</summary>
    public static string Typed(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Array => string.Join(",", value.EnumerateArray().Select(Typed)),
        JsonValueKind.Object when value.TryGetProperty("amount", out var amount) && value.TryGetProperty("currency", out var currency) => $"{amount.GetRawText()} {Typed(currency)}",
        _ => value.GetRawText(),
    };

    /// <summary>For the server, which reads the texts of all kinds; what it does not understand it names as wrong.</summary>
    public static JsonElement Value(ClientFieldView field, string typed)
    {
        var text = field.Kind == "text" ? typed : typed.Trim();
        if (text.Length == 0)
            return Json("null");
        return field.Kind switch
        {
            "choices" => Json($"[{string.Join(",", text.Split(',').Select(Quoted))}]"),
            "yes_no" when text is "yes" or "no" => Json(text == "yes" ? "true" : "false"),
            _ => Json(Quoted(text)),
        };
    }

    public static string Shown(ClientFieldView field, JsonElement value, IStringLocalizer<Texts> t) => value.ValueKind switch
    {
        JsonValueKind.True => t["Yes"],
        JsonValueKind.False => t["No"],
        JsonValueKind.Number when value.TryGetDecimal(out var number) => number.ToString("#,0.##########", CultureInfo.CurrentCulture),
        JsonValueKind.Object when value.TryGetProperty("amount", out var amount) && amount.TryGetDecimal(out var sum) && value.TryGetProperty("currency", out var currency) =>
            string.Create(CultureInfo.CurrentCulture, $"{sum:N2} {Typed(currency)}"),
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(v => Shown(field, v, t))),
        JsonValueKind.String when field.Kind == "date" && DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) =>
            day.ToString("d", CultureInfo.CurrentCulture),
        JsonValueKind.String when field.Options.FirstOrDefault(o => o.Code == value.GetString()) is { } option => option.Name,
        _ => Typed(value),
    };

    static string Quoted(string text) => JsonSerializer.Serialize(text, ContractsJson.Default.String);

    static JsonElement Json(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
