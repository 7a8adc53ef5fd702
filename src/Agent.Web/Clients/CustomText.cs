using System.Globalization;
using System.Text.Json;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb.Clients;

/// <summary>Values of the site's own fields: as they stand in an input, and as people read them.</summary>
static class CustomText
{
    /// <summary>As typed: numbers with a point, sums <c>12.50 EUR</c>, codes of options with commas between them, yes and no, id and name of a link's target with a bar. A value from before a change of the field's kind shows as it is.</summary>
    public static string Typed(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Array => string.Join(",", value.EnumerateArray().Select(Typed)),
        JsonValueKind.Object when value.TryGetProperty("amount", out var amount) && value.TryGetProperty("currency", out var currency) => $"{amount.GetRawText()} {Typed(currency)}",
        JsonValueKind.Object when value.TryGetProperty("id", out var id) => value.TryGetProperty("name", out var name) ? $"{id.GetString()}|{name.GetString()}" : id.GetString() ?? "",
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
            "link" => Json(Quoted(text.Split('|')[0])),
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
        JsonValueKind.Object when field.Kind == "link" => value.TryGetProperty("name", out var name) ? name.GetString() is { Length: > 0 } named ? named : t["Client.NoName"] : t["Client.LinkGone"],
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(v => Shown(field, v, t))),
        JsonValueKind.String when (field.Result ?? field.Kind) == "date" && DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) =>
            day.ToString("d", CultureInfo.CurrentCulture),
        JsonValueKind.String when field.Options.FirstOrDefault(o => o.Code == value.GetString()) is { } option => option.Name,
        _ => Typed(value),
    };

    /// <summary>Of a link: the page of what it leads to; a deal is on its client's. Null: a colleague, or what is not there.</summary>
    public static string? Way(ClientFieldView field, JsonElement value)
    {
        if (field.Kind != "link" || value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("name", out _))
            return null;
        return value.TryGetProperty(field.Target == "deal" ? "clientId" : "id", out var id) && field.Target != "person" ? $"clients/{id.GetString()}" : null;
    }

    static string Quoted(string text) => JsonSerializer.Serialize(text, ContractsJson.Default.String);

    static JsonElement Json(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
