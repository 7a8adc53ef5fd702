using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Agi;

/// <summary>Carries out AGI commands on a channel and gives Asterisk's replies.</summary>
internal sealed class AgiCommands(Exchange exchange, PbxChannel channel)
{
    /// <summary>Set when the server asked to hang up the channel.</summary>
    public bool HangupAsked { get; private set; }

    public string Execute(string line)
    {
        var words = AgiLine.Words(line);
        var verb = words.Count == 0 ? "" : words[0].ToUpperInvariant();
        var noun = words.Count > 1 ? words[1].ToUpperInvariant() : "";
        var known = (verb, noun) switch
        {
            ("NOOP" or "VERBOSE" or "ANSWER" or "HANGUP" or "EXEC", _) => true,
            ("SET" or "GET", "VARIABLE") or ("GET", "FULL") or ("CHANNEL", "STATUS") => true,
            _ => false,
        };
        if (!known)
        {
            return "510 Invalid or unknown command";
        }

        var id = exchange.Random.Next();
        exchange.Emit("AGIExecStart", channel, t => t.Line("CommandId", id).Line("Command", line), Ami.AmiClasses.Agi);
        var reply = Run(verb, noun, words);
        exchange.Emit("AGIExecEnd", channel, t => t
            .Line("CommandId", id)
            .Line("Command", line)
            .Line("ResultCode", reply[..3])
            .Line("Result", reply.StartsWith("200", StringComparison.Ordinal) ? "Success" : "Failure"), Ami.AmiClasses.Agi);
        return reply;
    }

    private string Run(string verb, string noun, List<string> words)
    {
        switch (verb)
        {
            case "NOOP":
                return "200 result=0";
            case "VERBOSE":
                return "200 result=1";
            case "ANSWER":
                exchange.Answer(channel);
                exchange.Devices.Refresh(channel.Device);
                return "200 result=0";
            case "HANGUP":
                HangupAsked = true;
                return "200 result=1";
            case "EXEC":
                return words.Count > 1 && words[1].Equals("NoOp", StringComparison.OrdinalIgnoreCase) ? "200 result=0" : "200 result=-2";
            case "CHANNEL":
                return words.Count > 2
                    ? exchange.FindChannel(words[2]) is { } other ? $"200 result={(int)other.State}" : "200 result=-1"
                    : $"200 result={(int)channel.State}";
            case "SET":
                return SetVariable(words);
            default:
                return noun == "FULL" ? GetFullVariable(words) : GetVariable(words);
        }
    }

    private string SetVariable(List<string> words)
    {
        if (words.Count < 4)
        {
            return "520-Invalid command syntax.  Proper usage follows:\nSets a variable to the current channel.\n520 End of proper usage.";
        }

        exchange.SetVariable(channel, words[2], words[3]);
        return "200 result=1";
    }

    private string GetVariable(List<string> words)
    {
        if (words.Count < 3)
        {
            return "520-Invalid command syntax.  Proper usage follows:\nGets a channel variable.\n520 End of proper usage.";
        }

        var value = Value(words[2]);
        return value is null ? "200 result=0" : $"200 result=1 ({value})";
    }

    private string GetFullVariable(List<string> words)
    {
        if (words.Count < 4)
        {
            return "520-Invalid command syntax.  Proper usage follows:\nEvaluates a channel expression.\n520 End of proper usage.";
        }

        var expression = words[3];
        var inner = expression.StartsWith("${", StringComparison.Ordinal) && expression.EndsWith('}') ? expression[2..^1] : null;
        return $"200 result=1 ({(inner is null ? expression : Value(inner))})";
    }

    private string? Value(string name) => name switch
    {
        "CALLERID(num)" => channel.CallerNumber,
        "CALLERID(name)" => channel.CallerName,
        "CALLERID(all)" => $"\"{channel.CallerName}\" <{channel.CallerNumber}>",
        "CALLERID(num-pres)" => channel.Presentation.AsteriskName(),
        "CHANNEL" => channel.Name,
        "CHANNEL(linkedid)" => channel.Linkedid,
        "UNIQUEID" => channel.Uniqueid,
        "EXTEN" => channel.Exten,
        "CONTEXT" => channel.Context,
        _ => channel.Has(name) ? channel.Get(name) : null,
    };
}
