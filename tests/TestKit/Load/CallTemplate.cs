using CallCrm.Engine;

namespace CallCrm.TestKit.Load;

/// <summary>Who a call's events are about.</summary>
public sealed record CallParts(
    string Node, string CallerChannel, string CallerId, string AgentChannel, string AgentId, string Bridge, string Device, string Extension, string Number, string Name);

/// <summary>The wanted events of a captured call, cut to what the model reads, with other channels, numbers and names put in.</summary>
public sealed class CallTemplate
{
    enum Part { Literal, CallerChannel, CallerId, AgentChannel, AgentId, Bridge, Device, Extension, Number, Name }

    readonly Line[] _lines;

    readonly record struct Line(double AtMs, string Name, string[] Keys, (Part Part, string Text)[] Values);

    public CallTemplate(string scenario)
    {
        // Without the music: a load says a call in parts, and which those are must not change with what plays beside.
        var events = TraceLibrary.Load(scenario).Messages()
            .Where(m => m.Kind == "event" && PbxModel.EventNames.Contains(m.Name) && !m.Name.StartsWith("MusicOnHold", StringComparison.Ordinal) && m.Name != "Newexten" && (m.Name != "VarSet" || m.Get("Variable") == "DIALSTATUS")).ToArray();
        var caller = events.First(e => e.Name == "Newchannel");
        var agent = events.Where(e => e.Name == "Newchannel").ElementAt(1);
        var bridge = events.FirstOrDefault(e => e.Name == "BridgeEnter")?.Get("BridgeUniqueid");
        var known = new Dictionary<string, Part>(StringComparer.Ordinal)
        {
            [caller.Get("Channel")!] = Part.CallerChannel,
            [caller.Get("Uniqueid")!] = Part.CallerId,
            [agent.Get("Channel")!] = Part.AgentChannel,
            [agent.Get("Uniqueid")!] = Part.AgentId,
            [caller.Get("CallerIDNum")!] = Part.Number,
            [caller.Get("CallerIDName")!] = Part.Name,
            ["PJSIP/101"] = Part.Device,
            ["101"] = Part.Extension,
        };
        if (bridge is not null)
            known[bridge] = Part.Bridge;
        _lines = [.. events.Select(e => LineOf(e, known))];
    }

    public int Count => _lines.Length;

    /// <summary>Events from one place to before another, with their times after the first of them.</summary>
    public IEnumerable<(TimeSpan After, PbxEvent Event)> Take(Range range, CallParts call)
    {
        var lines = _lines[range];
        foreach (var line in lines)
        {
            var fields = new KeyValuePair<string, string>[line.Keys.Length];
            for (var i = 0; i < fields.Length; i++)
                fields[i] = new(line.Keys[i], ValueOf(line.Values[i].Part, line.Values[i].Text, call));
            yield return (TimeSpan.FromMilliseconds(line.AtMs - lines[0].AtMs), new PbxEvent(call.Node, line.Name, fields, null));
        }
    }

    static Line LineOf(TraceMessage message, Dictionary<string, Part> known)
    {
        var fields = PbxModelHeaders.Cut(message.Headers);
        return new Line(message.AtMs, message.Name, [.. fields.Select(f => f.Key)], [.. fields.Select(f => (known.GetValueOrDefault(f.Value), f.Value))]);
    }

    static string ValueOf(Part part, string literal, CallParts call) => part switch
    {
        Part.CallerChannel => call.CallerChannel,
        Part.CallerId => call.CallerId,
        Part.AgentChannel => call.AgentChannel,
        Part.AgentId => call.AgentId,
        Part.Bridge => call.Bridge,
        Part.Device => call.Device,
        Part.Extension => call.Extension,
        Part.Number => call.Number,
        Part.Name => call.Name,
        _ => literal,
    };
}
