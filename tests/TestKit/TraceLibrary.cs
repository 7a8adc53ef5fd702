using System.IO.Compression;
using System.Reflection;

namespace CallCrm.TestKit;

/// <summary>
/// The captured Asterisk traces (folder <c>Traces</c>), carried inside this assembly so that every test project can
/// replay them from anywhere. What each scenario shows is told in its own README.
/// </summary>
public static class TraceLibrary
{
    const string Prefix = "traces/";

    static readonly Assembly s_assembly = typeof(TraceLibrary).Assembly;

    static readonly ILookup<string, string> s_files = s_assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.LastIndexOf('/') > Prefix.Length)
        .Select(name => name[Prefix.Length..].Replace('\\', '/'))
        .ToLookup(name => name[..name.IndexOf('/')], name => name[(name.IndexOf('/') + 1)..]);

    /// <summary>All scenario names in order, for example <c>02-inbound-answered</c>.</summary>
    public static IReadOnlyList<string> Scenarios { get; } =
        s_files.Select(group => group.Key).Order(StringComparer.Ordinal).ToArray();

    /// <summary>A scenario by its full name or by its number alone (<c>"02"</c>, <c>"13h"</c>).</summary>
    public static TraceScenario Load(string name)
    {
        var full = Scenarios.FirstOrDefault(s => s == name)
            ?? Scenarios.SingleOrDefault(s => s.StartsWith(name + "-", StringComparison.Ordinal))
            ?? throw new ArgumentException($"No trace '{name}' among {Scenarios.Count} scenarios", nameof(name));
        return new TraceScenario(full, s_files[full].Order(StringComparer.Ordinal).ToArray());
    }

    internal static byte[] Read(string scenario, string file)
    {
        using var stream = s_assembly.GetManifestResourceStream($"{Prefix}{scenario}/{file}")
            ?? throw new FileNotFoundException($"No {file} in trace {scenario}");
        using var memory = new MemoryStream();
        if (file.EndsWith(".gz", StringComparison.Ordinal))
        {
            using var unzip = new GZipStream(stream, CompressionMode.Decompress);
            unzip.CopyTo(memory);
        }
        else
        {
            stream.CopyTo(memory);
        }

        return memory.ToArray();
    }
}
