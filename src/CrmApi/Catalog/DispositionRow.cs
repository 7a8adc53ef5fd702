using System.Text.Json;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Catalog;

/// <summary>A disposition as it is stored.</summary>
internal sealed record DispositionRow(string Code, string Name, string Outcome, string? Parent, bool IsGroup, Array Queues, string? Rule, Array Campaigns)
{
    public DispositionView View() => new(Code, Name, Outcome, Parent, IsGroup, Only, ReadRule(Rule), Among);

    public CodeSetup Setup() => new(Code, Name, IsGroup ? null : Outcome, null, Parent, IsGroup, Only, ReadRule(Rule), Among);

    Guid[]? Only => (Guid[])Queues is { Length: > 0 } some ? some : null;

    string[]? Among => (string[])Campaigns is { Length: > 0 } some ? some : null;

    /// <summary>One that was written by hand and cannot be read does nothing.</summary>
    public static DispositionRule? ReadRule(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, ContractsJson.Default.DispositionRule);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
