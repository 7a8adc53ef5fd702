using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CallCrm.TestKit;

/// <summary>One captured scenario: raw bytes, the messages they hold, and the FastAGI dialogues, all on one clock.</summary>
public sealed class TraceScenario
{
    readonly string[] _files;

    internal TraceScenario(string name, string[] files)
    {
        Name = name;
        _files = files;
    }

    /// <summary>Folder name, for example <c>02-inbound-answered</c>.</summary>
    public string Name { get; }

    /// <summary>AMI connections captured: <c>ami</c> in most, further ones such as <c>ami-viewer</c> in some.</summary>
    public IReadOnlyList<string> Connections =>
        _files.Where(f => f.StartsWith("ami", StringComparison.Ordinal) && f.EndsWith(".txt.gz", StringComparison.Ordinal))
            .Select(f => f[..^".txt.gz".Length]).ToArray();

    /// <summary>Exactly the bytes received on one AMI connection, banner included.</summary>
    public byte[] AmiBytes(string connection = "ami") => TraceLibrary.Read(Name, connection + ".txt.gz");

    /// <summary>
    /// The messages of one connection with their times. From the captured list; for the load trace, which has none, cut
    /// here from bytes and read times, by string operations that share nothing with the library under test.
    /// </summary>
    public IReadOnlyList<TraceMessage> Messages(string connection = "ami") =>
        HasTruth(connection)
            ? Lines(connection + ".jsonl.gz").Select(ReadMessage).ToArray()
            : CutMessages(AmiBytes(connection), Chunks);

    /// <summary>False where no independent list of messages was captured (21-load).</summary>
    public bool HasTruth(string connection = "ami") => _files.Contains(connection + ".jsonl.gz");

    /// <summary>Actions that were sent on the connection: time and bytes.</summary>
    public IReadOnlyList<TraceSent> Sent(string connection = "ami") =>
        !_files.Contains(connection + "-sent.jsonl.gz")
            ? []
            : Lines(connection + "-sent.jsonl.gz").Select(line =>
            {
                using var json = JsonDocument.Parse(line);
                return new TraceSent(json.RootElement.GetProperty("t_ms").GetDouble(), json.RootElement.GetProperty("bytes").GetString()!);
            }).ToArray();

    /// <summary>Every read of the socket of connection <c>ami</c> (21-load only): replays the stream with its real timing.</summary>
    public IReadOnlyList<TraceChunk> Chunks => !_files.Contains("ami-chunks.json.gz")
        ? []
        : JsonSerializer.Deserialize<double[][]>(TraceLibrary.Read(Name, "ami-chunks.json.gz"))!
            .Select(c => new TraceChunk(c[0], (int)c[1], (int)c[2])).ToArray();

    /// <summary>FastAGI dialogues in the order Asterisk opened them; empty when the scenario has none.</summary>
    public IReadOnlyList<AgiDialogue> AgiDialogues => !_files.Contains("agi.txt")
        ? []
        : AgiDialogue.ParseAll(Encoding.UTF8.GetString(TraceLibrary.Read(Name, "agi.txt")));

    /// <summary>Any other file of the scenario as text (<c>sip.txt</c>, <c>ground-truth.json</c>).</summary>
    public string Text(string file) => Encoding.UTF8.GetString(TraceLibrary.Read(Name, file));

    string[] Lines(string file) =>
        Encoding.UTF8.GetString(TraceLibrary.Read(Name, file)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    static TraceMessage ReadMessage(string line)
    {
        using var json = JsonDocument.Parse(line);
        var headers = new List<KeyValuePair<string, string>>();
        if (json.RootElement.TryGetProperty("event", out var body))
        {
            foreach (var property in body.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Array)
                    headers.AddRange(property.Value.EnumerateArray().Select(v => KeyValuePair.Create(property.Name, v.GetString()!)));
                else
                    headers.Add(KeyValuePair.Create(property.Name, property.Value.ToString()));
            }
        }

        return new TraceMessage(json.RootElement.GetProperty("t_ms").GetDouble(), json.RootElement.GetProperty("kind").GetString()!, headers);
    }

    static List<TraceMessage> CutMessages(byte[] bytes, IReadOnlyList<TraceChunk> chunks)
    {
        var messages = new List<TraceMessage>();
        // Latin-1 keeps byte offsets and character offsets the same while cutting.
        var text = Encoding.Latin1.GetString(bytes);
        var start = text.IndexOf("\r\n", StringComparison.Ordinal) + 2;
        var chunk = 0;
        messages.Add(new TraceMessage(chunks.Count > 0 ? chunks[0].AtMs : 0, "banner", [new("Banner", text[..(start - 2)])]));
        for (int end; (end = text.IndexOf("\r\n\r\n", start, StringComparison.Ordinal)) >= 0; start = end + 4)
        {
            while (chunk + 1 < chunks.Count && chunks[chunk].Offset + chunks[chunk].Length < end + 4)
                chunk++;
            var headers = Encoding.UTF8.GetString(bytes, start, end - start).Split("\r\n").Select(Header).ToArray();
            var kind = headers[0].Key == "Event" ? "event" : "response";
            messages.Add(new TraceMessage(chunks.Count > 0 ? chunks[chunk].AtMs : 0, kind, headers));
        }

        return messages;

        static KeyValuePair<string, string> Header(string line)
        {
            var colon = line.IndexOf(':');
            var value = colon + 1 < line.Length && line[colon + 1] == ' ' ? colon + 2 : colon + 1;
            return colon < 0 ? new("", line) : new(line[..colon], line[value..]);
        }
    }
}

/// <summary>One AMI message of a trace. Headers in order; a repeated key stands once per value, gathered at its first place.</summary>
/// <param name="AtMs">Milliseconds since the scenario start at which the completing read returned.</param>
/// <param name="Kind"><c>banner</c>, <c>response</c> or <c>event</c>.</param>
/// <param name="Headers">Keys and values; a line without a colon stands under the empty key.</param>
public sealed record TraceMessage(double AtMs, string Kind, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>Event name, or the word after <c>Response:</c>.</summary>
    public string Name => Get(Kind == "event" ? "Event" : "Response") ?? "";

    /// <summary>First value of a key, case ignored, or null.</summary>
    public string? Get(string key)
    {
        foreach (var header in Headers)
        {
            if (string.Equals(header.Key, key, StringComparison.OrdinalIgnoreCase))
                return header.Value;
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{AtMs:F1} {Kind} {string.Join("|", Headers.Select(h => h.Key + "=" + h.Value))}");
}

/// <summary>An action sent by the capturing client.</summary>
public sealed record TraceSent(double AtMs, string Bytes);

/// <summary>One read of the capturing client's socket.</summary>
public sealed record TraceChunk(double AtMs, int Offset, int Length);
