using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Hiding;

/// <summary>
/// The one place where what a person may not see is taken out: as JSON is made of an answer or a message of the feed. What holds a number or a sensitive field is
/// marked in the contract; in all other texts numbers are looked for, so that what somebody forgets to mark is masked, not shown.
/// </summary>
internal sealed class VeilJson(NumberMask mask, NumberHandles handles, IOptions<JsonOptions> json)
{
    readonly ConcurrentDictionary<Veil, JsonSerializerOptions> made = new();

    JsonSerializerOptions Plain => json.Value.SerializerOptions;

    public JsonSerializerOptions For(Veil veil) => veil.IsNone ? Plain : made.GetOrAdd(veil, Make);

    JsonSerializerOptions Make(Veil veil)
    {
        var options = new JsonSerializerOptions(Plain) { TypeInfoResolver = Plain.TypeInfoResolver!.WithAddedModifier(type => Cover(type, veil)) };
        if (veil.Numbers) options.Converters.Add(new Texts(mask));
        return options;
    }

    void Cover(JsonTypeInfo type, Veil veil)
    {
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.Assembly != typeof(FeedMessage).Assembly) return;
        var plain = type.Type.IsDefined(typeof(NotANumberAttribute), inherit: false);
        foreach (var property in type.Properties)
        {
            if (property.Get is not { } get || Member(type.Type, property) is not { } member) continue;
            if (member.GetCustomAttribute<SensitiveAttribute>() is { } sensitive && veil.Hides(sensitive.Field))
            {
                object? nothing = property.PropertyType == typeof(string) && !IsNullable(member) ? "" : null;
                property.Get = _ => nothing;
            }
            else if (Special(type.Type, member.Name, get, veil) is { } special)
            {
                property.Get = special;
                AsItIs(property);
            }
            else if (veil.Numbers && member.IsDefined(typeof(ClientNumberAttribute)))
            {
                property.Get = o => o is CallerView { Kind: "Extension" } ? get(o) : mask.Value((string?)get(o));
                AsItIs(property);
            }
            else if (veil.Numbers && member.IsDefined(typeof(NumberHandleAttribute)))
            {
                property.Get = o => get(o) is string { Length: > 0 } number ? handles.Seal(number) : get(o);
                AsItIs(property);
            }
            else if (plain || member.IsDefined(typeof(NotANumberAttribute)))
            {
                AsItIs(property);
            }
        }
    }

    /// <summary>Where it depends on what stands beside it.</summary>
    Func<object, object?>? Special(Type type, string member, Func<object, object?> get, Veil veil) => (type.Name, member) switch
    {
        (nameof(ClientCardView), nameof(ClientCardView.Unseen)) => _ => veil.HidesFields ? veil.Fields : null,
        (nameof(CatalogView), nameof(CatalogView.Unseen)) => _ => veil.HidesFields ? veil.Fields : null,
        (nameof(ClientCardView), nameof(ClientCardView.Custom)) => o => Custom(((ClientCardView)o).Custom, veil),
        // Whoever cannot read the number is given what calls it.
        (nameof(CallerView), nameof(CallerView.Dial)) when veil.Numbers => o => o is CallerView { Kind: "E164", Number: { } number } ? handles.Seal(number) : null,
        (nameof(LinePart), nameof(LinePart.Text)) => o => o is LinePart { Field: { } field } part ? veil.HidesPlaceholder(field) ? part.Otherwise ?? "" : Text(part.Text, veil) : get(o),
        (nameof(DraftFieldView), nameof(DraftFieldView.Value)) => o => o is DraftFieldView { Own: false } draft ? veil.HidesDraft(draft.Field) ? "" : Text(draft.Value, veil) : get(o),
        _ => null,
    };

    string Text(string text, Veil veil) => veil.Numbers ? mask.Text(text) : text;

    Dictionary<string, JsonElement>? Custom(IReadOnlyDictionary<string, JsonElement>? custom, Veil veil) => custom?.Where(c => !veil.HidesCustom(c.Key))
        .ToDictionary(c => c.Key, c => veil.Numbers ? Masked(c.Value) : c.Value, StringComparer.Ordinal);

    /// <summary>Texts, and the names that links have.</summary>
    JsonElement Masked(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => JsonSerializer.SerializeToElement(mask.Text(value.GetString()!), ContractsJson.Default.String),
        JsonValueKind.Object => JsonSerializer.SerializeToElement(value.EnumerateObject().ToDictionary(p => p.Name, p => p.Name == "name" ? Masked(p.Value) : p.Value, StringComparer.Ordinal), ContractsJson.Default.DictionaryStringJsonElement),
        _ => value,
    };

    void AsItIs(JsonPropertyInfo property) =>
        property.CustomConverter = (JsonConverter)Activator.CreateInstance(typeof(Plainly<>).MakeGenericType(property.PropertyType), Plain)!;

    static PropertyInfo? Member(Type type, JsonPropertyInfo property) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).FirstOrDefault(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name) == property.Name);

    static bool IsNullable(PropertyInfo member) => new NullabilityInfoContext().Create(member).ReadState == NullabilityState.Nullable;

    /// <summary>Every text that is written.</summary>
    sealed class Texts(NumberMask mask) : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString();

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(mask.Text(value));
    }

    /// <summary>As for somebody who sees everything.</summary>
    sealed class Plainly<T>(JsonSerializerOptions plain) : JsonConverter<T>
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => JsonSerializer.Deserialize<T>(ref reader, plain);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, plain);
    }
}
