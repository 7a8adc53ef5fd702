using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace CallCrm.CallFlow;

/// <summary>A setting that cannot be used; the message names the key and what was expected, and is all there is to say.</summary>
public sealed class ConfigurationException(string message, Exception? inner = null) : Exception(message, inner)
{
    public override string ToString() => Message;
}

/// <summary>The one configuration file: <c>CALLCRM_CONFIG</c> or <c>CallCrm:ConfigFile</c>, else <c>callcrm.json</c> beside the program. The environment goes over it.</summary>
internal static class ConfigurationFile
{
    /// <returns>The file's sections.</returns>
    public static IReadOnlyList<string> AddTo(IConfigurationBuilder builder, IConfiguration configuration)
    {
        if (Find(configuration) is not { } path) return [];
        var source = new JsonConfigurationSource { Path = path, Optional = false, ReloadOnChange = false };
        source.ResolveFileProvider();
        var sections = Read(source, path);
        // Below the environment and the command line, which come later and win.
        var above = builder.Sources.ToList().FindIndex(s => s is EnvironmentVariablesConfigurationSource { Prefix: null or "" });
        builder.Sources.Insert(above < 0 ? builder.Sources.Count : above, source);
        return sections;
    }

    public static string? Find(IConfiguration configuration)
    {
        var named = Environment.GetEnvironmentVariable("CALLCRM_CONFIG") is { Length: > 0 } short_ ? short_ : configuration["CallCrm:ConfigFile"];
        if (!string.IsNullOrWhiteSpace(named))
            return File.Exists(named) ? Path.GetFullPath(named) : throw new ConfigurationException($"The configuration file {Path.GetFullPath(named)} does not exist (CALLCRM_CONFIG or CallCrm__ConfigFile names it).");
        string[] places = [Path.Combine(AppContext.BaseDirectory, "callcrm.json"), Path.Combine(AppContext.BaseDirectory, "deploy", "callcrm.json")];
        return Array.Find(places, File.Exists);
    }

    static List<string> Read(JsonConfigurationSource source, string path)
    {
        try
        {
            return [.. new ConfigurationBuilder().Add(source).Build().GetChildren().Select(c => c.Key)];
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new ConfigurationException($"{path} cannot be read: {e.GetBaseException().Message}", e);
        }
    }
}
