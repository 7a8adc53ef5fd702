using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CallCrm.Engine.Tests;

/// <summary>
/// One stored sample per entry kind and version: what was written once must be readable for ever. A new field adds a sample
/// (<c>kind.2.json</c>) and never edits one.
/// </summary>
public sealed class JournalSampleTests
{
    private static string Folder([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "JournalSamples");

    public static TheoryData<string> Samples() => [.. Directory.GetFiles(Folder(), "*.json").Select(Path.GetFileName).OfType<string>().Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_stored_entry_is_read_and_nothing_of_it_is_lost(string file)
    {
        var stored = File.ReadAllText(Path.Combine(Folder(), file));
        var entry = JsonSerializer.Deserialize(stored, JournalJson.Default.JournalEntry)!;
        using var before = JsonDocument.Parse(stored);
        using var after = JsonDocument.Parse(JsonSerializer.Serialize(entry, JournalJson.Default.JournalEntry));
        before.RootElement.GetProperty("kind").GetString().Should().Be(file[..file.IndexOf('.', StringComparison.Ordinal)]);
        foreach (var property in before.RootElement.EnumerateObject())
        {
            after.RootElement.TryGetProperty(property.Name, out var kept).Should().BeTrue($"{property.Name} of {file} is read");
            JsonElement.DeepEquals(kept, property.Value).Should().BeTrue($"{property.Name} of {file} is the same");
        }
    }

    [Fact]
    public void Every_kind_has_a_sample()
    {
        var kinds = typeof(JournalEntry).GetCustomAttributes(typeof(JsonDerivedTypeAttribute), inherit: false).Cast<JsonDerivedTypeAttribute>();
        var files = Directory.GetFiles(Folder(), "*.json").Select(Path.GetFileName).ToHashSet();
        foreach (var kind in kinds)
            files.Should().Contain($"{kind.TypeDiscriminator}.1.json");
    }
}
