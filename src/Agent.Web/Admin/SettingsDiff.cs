using System.Text.Json;

namespace CallCrm.AgentWeb.Admin;

/// <summary>Which fields of a setting differ, and how; of what is new or gone nothing.</summary>
static class SettingsDiff
{
    // They change with every save and say nothing.
    static readonly string[] Silent = ["version", "seenAt", "hasPassword", "lockedUntil"];

    public static IReadOnlyList<(string Field, string Before, string After)> Of(string? before, string? after)
    {
        if (before is null || after is null)
            return [];
        using var was = JsonDocument.Parse(before);
        using var now = JsonDocument.Parse(after);
        var fields = was.RootElement.EnumerateObject().Concat(now.RootElement.EnumerateObject()).Select(p => p.Name).Distinct(StringComparer.Ordinal);
        return [.. fields.Where(f => !Silent.Contains(f)).Select(f => (f, Text(was.RootElement, f), Text(now.RootElement, f))).Where(d => d.Item2 != d.Item3)];
    }

    static string Text(JsonElement item, string field) => item.TryGetProperty(field, out var value) ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText() : "–";
}
