using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using CallCrm.CallFlow.Demo;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow;

/// <summary>A section and the options it is bound to; several may read the same section.</summary>
/// <param name="Type">Options class, or a list of one.</param>
/// <param name="IsPart">Another process reads more of it from the same file: keys that are not known here are left alone.</param>
public sealed record KnownSection(string Name, Type Type, bool IsPart = false);

/// <summary>
/// Finds misspelt keys and values of the wrong type before anything starts. Sections are looked at wherever their values came from;
/// a section that no part of this process reads is left alone, unless no part of CallCrm knows it.
/// </summary>
internal static class ConfigurationCheck
{
    /// <summary>CallCrm's own, read by some process.</summary>
    internal static readonly string[] Ours = ["CallCrm", "ConnectionStrings", "Database", "Router", "Pbx", "Demo", "DemoPbx", "Recorder", "Transcripts", "Scripts", "Web", "Site", "Access", "Missed", "Backup"];

    /// <summary>The framework's.</summary>
    static readonly string[] Others = ["Logging", "Kestrel", "AllowedHosts", "Urls", "DetailedErrors", "HostOptions"];

    sealed class CallCrmSection
    {
        public string DataFolder { get; set; } = "";

        public string ConfigFile { get; set; } = "";

        public string MasterKey { get; set; } = "";
    }

    sealed class ConnectionStringsSection
    {
        public string CallCrm { get; set; } = "";
    }

    static readonly KnownSection[] Always = [new("CallCrm", typeof(CallCrmSection)), new("ConnectionStrings", typeof(ConnectionStringsSection)), new(DatabaseOptions.Section, typeof(DatabaseOptions)), new(DemoOptions.Section, typeof(DemoOptions)), new(DemoOptions.Section, typeof(DemoSwitch))];

    sealed class DemoSwitch
    {
        public bool Enabled { get; set; }
    }

    /// <param name="fileKeys">First level of the configuration file: there an unknown section is a mistake; the environment is full of others' names.</param>
    public static void Run(IConfiguration configuration, IEnumerable<string> fileKeys, IReadOnlyCollection<KnownSection> known)
    {
        var problems = new List<string>();
        foreach (var key in fileKeys.Where(k => !Ours.Concat(Others).Contains(k, StringComparer.OrdinalIgnoreCase))) problems.Add($"{key}: unknown section{Nearest(key, Ours)}");
        foreach (var section in Always.Concat(known).GroupBy(s => s.Name, StringComparer.OrdinalIgnoreCase)) Check(configuration.GetSection(section.Key), [.. section.Select(s => s.Type)], problems, section.All(s => s.IsPart));
        if (problems.Count > 0) throw new ConfigurationException("The configuration cannot be used:" + string.Concat(problems.Select(p => $"\n  {p}")));
    }

    static void Check(IConfigurationSection section, Type[] types, List<string> problems, bool isPart = false)
    {
        var children = section.GetChildren().ToList();
        if (types.Length == 1 && ElementOf(types[0]) is { } element)
        {
            if (children.Count == 0 && !string.IsNullOrEmpty(section.Value)) problems.Add($"{section.Path} is '{section.Value}': expected a list");
            foreach (var child in children) Check(child, [element], problems);
            return;
        }

        if (types.Length == 1 && IsValue(types[0]))
        {
            CheckValue(section, types[0], problems);
            return;
        }

        var properties = types.SelectMany(t => t.GetProperties(BindingFlags.Public | BindingFlags.Instance)).Where(p => p.CanWrite || ElementOf(p.PropertyType) is not null)
            .DistinctBy(p => p.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(p => p.Name, StringComparer.OrdinalIgnoreCase);
        if (children.Count == 0 && !string.IsNullOrEmpty(section.Value)) problems.Add($"{section.Path} is '{section.Value}': expected an object with {string.Join(", ", properties.Keys.Order(StringComparer.Ordinal))}");
        foreach (var child in children)
        {
            if (properties.TryGetValue(child.Key, out var property)) Check(child, [property.PropertyType], problems);
            else if (!isPart) problems.Add($"{child.Path}: unknown key{Nearest(child.Key, properties.Keys)}. Known: {string.Join(", ", properties.Keys.Order(StringComparer.Ordinal))}");
        }
    }

    static Type? ElementOf(Type type)
    {
        if (type == typeof(string) || type.IsAssignableTo(typeof(IDictionary))) return null;
        if (type.IsArray) return type.GetElementType();
        return type.GetInterfaces().Append(type).FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>))?.GetGenericArguments()[0];
    }

    static bool IsValue(Type type) => type == typeof(string) || type == typeof(object) || type == typeof(Uri) || (Nullable.GetUnderlyingType(type) ?? type).IsValueType;

    static void CheckValue(IConfigurationSection section, Type type, List<string> problems)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        if (section.GetChildren().Any())
        {
            problems.Add($"{section.Path}: expected {Describe(wanted)}, not a section");
            return;
        }

        if (section.Value is null || wanted == typeof(string) || wanted == typeof(object)) return;
        if (wanted == typeof(TimeSpan) && section.Value.Length > 0 && section.Value.All(char.IsAsciiDigit) && section.Value != "0")
        {
            problems.Add($"{section.Path} is '{section.Value}', which would be days: expected {Describe(wanted)}");
            return;
        }

        try
        {
            TypeDescriptor.GetConverter(wanted).ConvertFromString(null, CultureInfo.InvariantCulture, section.Value);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException or OverflowException || e.InnerException is FormatException or OverflowException)
        {
            problems.Add($"{section.Path} is '{section.Value}': expected {Describe(wanted)}");
        }
    }

    static string Describe(Type type) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => "one of " + string.Join(", ", Enum.GetNames(type)),
        _ when type == typeof(TimeSpan) => "a duration such as 00:00:05 or 00:00:00.150",
        _ when type == typeof(Uri) => "an address",
        TypeCode.Boolean => "true or false",
        TypeCode.Int32 or TypeCode.Int64 or TypeCode.Int16 or TypeCode.Byte => "a whole number",
        TypeCode.Double or TypeCode.Decimal or TypeCode.Single => "a number",
        TypeCode.String => "a text",
        _ => type.Name,
    };

    /// <summary>The known name that a slip of at most two letters leads to.</summary>
    static string Nearest(string key, IEnumerable<string> names)
    {
        var best = names.Select(n => (Name: n, Distance: Distance(key.ToLowerInvariant(), n.ToLowerInvariant()))).OrderBy(n => n.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= 2 ? $" (did you mean {best.Name}?)" : "";
    }

    static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0]++;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                (diagonal, row[j]) = (row[j], cost);
            }
        }

        return row[^1];
    }
}
