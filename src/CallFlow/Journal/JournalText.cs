using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

/// <summary>An entry as it stands in the journal and in the spill.</summary>
/// <param name="Body">JSON; the same text in both, so that a repeated append can be compared.</param>
internal readonly record struct JournalLine(long Seq, DateTimeOffset At, string Kind, Guid? Call, string Body, JournalEntry Entry)
{
    public static JournalLine From(JournalEntry entry) =>
        new(entry.Seq, entry.At, JournalText.KindOf(entry), entry.Call, JournalText.WithoutNul(JsonSerializer.Serialize(entry, JournalJson.Default.JournalEntry)), entry);

    public static JournalLine From(string body)
    {
        var entry = JournalText.Read(body);
        return new(entry.Seq, entry.At, JournalText.KindOf(entry), entry.Call, body, entry);
    }
}

internal static class JournalText
{
    static readonly Dictionary<Type, string> Kinds = typeof(JournalEntry).GetCustomAttributes<JsonDerivedTypeAttribute>().ToDictionary(a => a.DerivedType, a => (string)a.TypeDiscriminator!);

    public static string KindOf(JournalEntry entry) => Kinds[entry.GetType()];

    public static JournalEntry Read(string body) =>
        JsonSerializer.Deserialize(body, JournalJson.Default.JournalEntry) ?? throw new JsonException("A journal entry is null.");

    /// <summary>PostgreSQL's texts cannot hold U+0000. A backslash before it that is itself escaped leaves plain text, which stays.</summary>
    public static string WithoutNul(string json)
    {
        const string Nul = "\\u0000";
        var from = 0;
        while (json.IndexOf(Nul, from, StringComparison.Ordinal) is >= 0 and var at)
        {
            var slashes = 0;
            while (at - slashes > 0 && json[at - slashes - 1] == '\\') slashes++;
            if (slashes % 2 == 0) json = json.Remove(at, Nul.Length);
            else at += Nul.Length;
            from = at;
        }

        return json;
    }
}
