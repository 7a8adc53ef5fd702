using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallEngine.Tests;

/// <summary>Captured AMI messages as the model's input.</summary>
static class PbxModelTraces
{
    public const string Node = "pbx";

    static readonly ConcurrentDictionary<(string, string), (double AtMs, PbxEvent Event)[]> s_read = new();

    public static IReadOnlyList<string> All { get; } =
        [.. TraceLibrary.Scenarios.Where(s => Connections(s).Any(c => Events(s, c).Count > 0))];

    /// <summary>Connections that see calls, in the order they were opened; what other users saw is theirs alone.</summary>
    public static IReadOnlyList<string> Connections(string scenario) =>
        [.. TraceLibrary.Load(scenario).Connections.Where(c => c is "ami" or "ami-after").OrderBy(c => c.Length)];

    public static IReadOnlyList<(double AtMs, PbxEvent Event)> Events(string scenario, string connection = "ami") =>
        s_read.GetOrAdd((scenario, connection), _ => Read(scenario, connection));

    static (double AtMs, PbxEvent Event)[] Read(string scenario, string connection) =>
        [.. TraceLibrary.Load(scenario).Messages(connection).Where(m => m.Kind == "event" && m.Name.Length > 0).Select(m => (m.AtMs, Of(m)))];

    /// <summary>The lines of a list reply that the shell collects for <see cref="PbxModel.TakeSnapshot"/>.</summary>
    public static IReadOnlyList<PbxEvent> ListOf(string scenario, string connection, string eventName, string actionId) =>
        [.. Events(scenario, connection).Select(e => e.Event).Where(e => e.Name == eventName && e["ActionID"] == actionId)];

    public static PbxEvent Of(TraceMessage message) => new(Node, message.Name, message.Headers.ToArray(), null);

    /// <summary>Names of the further captures in <c>PbxModelCaptures</c>: what the shared traces do not show.</summary>
    public static IReadOnlyList<string> Captures { get; } = [.. Directory.GetFiles(CaptureFolder(), "*.jsonl").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    public static IReadOnlyList<(double AtMs, PbxEvent Event)> Capture(string name) =>
        [.. File.ReadLines(Path.Combine(CaptureFolder(), name + ".jsonl")).Select(Parse)];

    /// <summary>Names of the captures in <c>Storms</c>: of the events only what the model or the truth reads.</summary>
    public static IReadOnlyList<string> Storms { get; } = [.. Directory.GetFiles(StormFolder(), "*.jsonl").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    public static IReadOnlyList<(double AtMs, PbxEvent Event)> Storm(string name) =>
        [.. File.ReadLines(Path.Combine(StormFolder(), name + ".jsonl")).Select(Parse)];

    static string StormFolder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Storms");

    static string CaptureFolder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "PbxModelCaptures");

    static (double AtMs, PbxEvent Event) Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var property in json.RootElement.GetProperty("event").EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Array)
                fields.AddRange(property.Value.EnumerateArray().Select(v => KeyValuePair.Create(property.Name, v.GetString()!)));
            else
                fields.Add(KeyValuePair.Create(property.Name, property.Value.GetString()!));
        }

        return (json.RootElement.GetProperty("t_ms").GetDouble(), new PbxEvent(Node, fields[0].Value, fields, null));
    }

    /// <summary>An event by hand: <c>Event("Hangup", "Uniqueid: 1.1", "Cause: 16")</c>.</summary>
    public static PbxEvent Event(string name, params string[] lines) =>
        new(Node, name, lines.Select(l => l.Split(": ", 2)).Select(p => KeyValuePair.Create(p[0], p.Length > 1 ? p[1] : "")).ToArray(), null);
}
