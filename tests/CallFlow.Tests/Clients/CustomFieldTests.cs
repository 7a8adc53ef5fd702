using System.Text.Json;

namespace CallCrm.CallFlow.Tests;

public sealed class CustomFieldTests
{
    static readonly FieldOption[] Colours = [new("red", "Rosso"), new("green", "Verde"), new("blue", "Blu, scuro")];

    static CustomField Field(string kind) => new("f", "Field", kind, kind is "choice" or "choices" ? Colours : []);

    static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;

    [Theory]
    [InlineData("text", "\" a\\nb \"", "\"a\\nb\"")]
    [InlineData("text", "\"<b>=1+1</b>\"", "\"<b>=1+1</b>\"")]
    [InlineData("text", "7", null)]
    [InlineData("number", "12.50", "12.5")]
    [InlineData("number", "\"-3,25\"", "-3.25")]
    [InlineData("number", "\"1.234,5\"", null)]
    [InlineData("number", "\"twelve\"", null)]
    [InlineData("number", "1e20", null)]
    [InlineData("money", "{\"amount\":12.5,\"currency\":\"eur\"}", "{\"amount\":12.5,\"currency\":\"EUR\"}")]
    [InlineData("money", "\"99,90 EUR\"", "{\"amount\":99.90,\"currency\":\"EUR\"}")]
    [InlineData("money", "\"USD 5\"", "{\"amount\":5,\"currency\":\"USD\"}")]
    [InlineData("money", "\"5\"", null)]
    [InlineData("money", "12", null)]
    [InlineData("money", "{\"amount\":1.234,\"currency\":\"EUR\"}", null)]
    [InlineData("money", "{\"amount\":1,\"currency\":\"EURO\"}", null)]
    [InlineData("date", "\"2026-02-28\"", "\"2026-02-28\"")]
    [InlineData("date", "\"28.02.2026\"", "\"2026-02-28\"")]
    [InlineData("date", "\"2026-02-30\"", null)]
    [InlineData("choice", "\"green\"", "\"green\"")]
    [InlineData("choice", "\"verde\"", "\"green\"")]
    [InlineData("choice", "\"blu, scuro\"", "\"blue\"")]
    [InlineData("choice", "\"yellow\"", null)]
    [InlineData("choices", "[\"blue\",\"red\",\"blue\"]", "[\"red\",\"blue\"]")]
    [InlineData("choices", "\"Rosso, green\"", "[\"red\",\"green\"]")]
    [InlineData("choices", "[\"red\",\"yellow\"]", null)]
    [InlineData("choices", "[1]", null)]
    [InlineData("yes_no", "true", "true")]
    [InlineData("yes_no", "\"No\"", "false")]
    [InlineData("yes_no", "\"maybe\"", null)]
    [InlineData("yes_no", "1", null)]
    public void A_value_is_stored_in_one_form_or_not_at_all(string kind, string given, string? stored) =>
        (Field(kind).Read(Json(given)) is { } read ? CustomField.Json(read) : null).Should().Be(stored);

    [Theory]
    [InlineData("text", "\"12,5\"", "number", "12.5")]
    [InlineData("text", "\"about 12\"", "number", null)]
    [InlineData("text", "\"Verde\"", "choice", "\"green\"")]
    [InlineData("text", "\"yes\"", "yes_no", "true")]
    [InlineData("number", "12.5", "text", "\"12.5\"")]
    [InlineData("number", "12.5", "money", null)]
    [InlineData("money", "{\"amount\":12.5,\"currency\":\"EUR\"}", "text", "\"12.50 EUR\"")]
    [InlineData("money", "{\"amount\":12.5,\"currency\":\"EUR\"}", "number", null)]
    [InlineData("date", "\"2026-03-31\"", "text", "\"2026-03-31\"")]
    [InlineData("date", "\"2026-03-31\"", "number", null)]
    [InlineData("choice", "\"green\"", "choices", "[\"green\"]")]
    [InlineData("choice", "\"green\"", "text", "\"Verde\"")]
    [InlineData("choices", "[\"green\"]", "choice", "\"green\"")]
    [InlineData("choices", "[\"red\",\"green\"]", "choice", null)]
    [InlineData("yes_no", "true", "text", "\"yes\"")]
    public void A_value_becomes_one_of_another_kind_only_when_nothing_is_lost(string from, string value, string to, string? after) =>
        (Field(from).Convert(Json(value), Field(to)) is { } fits ? CustomField.Json(fits) : null).Should().Be(after);
}
