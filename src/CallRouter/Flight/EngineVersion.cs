using System.Reflection;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>Which engine: its version, and a hash of its source. Only the same one has the same state hashes.</summary>
static class EngineVersion
{
    public static string Text { get; } = Of(typeof(CallEngine).Assembly);

    static string Of(Assembly assembly)
    {
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        var source = assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "SourceHash")?.Value;
        return $"{version}+{(source is { Length: >= 16 } ? source[..16].ToLowerInvariant() : assembly.ManifestModule.ModuleVersionId.ToString("N"))}";
    }
}
