using System.Globalization;
using System.Text;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Ami;

/// <summary>Writes one AMI message: <c>Key: value</c> lines, CRLF, an empty line at the end.</summary>
internal sealed class AmiText
{
    private readonly StringBuilder _text = new(512);

    public AmiText Line(string key, string? value)
    {
        _text.Append(key).Append(": ");
        foreach (var c in value ?? "")
        {
            // A line end inside a value would start a line of the caller's own making.
            _text.Append(c is '\r' or '\n' ? ' ' : c);
        }

        _text.Append("\r\n");
        return this;
    }

    public AmiText Line(string key, long value) => Line(key, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>The lines every event about a channel has (ast_manager_build_channel_state_string_prefix).</summary>
    public AmiText Channel(PbxChannel channel, IEnumerable<string> variables, string prefix = "")
    {
        Line(prefix + "Channel", channel.Name);
        Line(prefix + "ChannelState", (int)channel.State);
        Line(prefix + "ChannelStateDesc", channel.StateText);
        Line(prefix + "CallerIDNum", OrUnknown(channel.CallerNumber));
        Line(prefix + "CallerIDName", OrUnknown(Escape(channel.CallerName)));
        Line(prefix + "ConnectedLineNum", OrUnknown(channel.ConnectedNumber));
        Line(prefix + "ConnectedLineName", OrUnknown(Escape(channel.ConnectedName)));
        Line(prefix + "Language", "en");
        Line(prefix + "AccountCode", "");
        Line(prefix + "Context", channel.Context);
        Line(prefix + "Exten", channel.Exten);
        Line(prefix + "Priority", channel.Priority);
        Line(prefix + "Uniqueid", channel.Uniqueid);
        Line(prefix + "Linkedid", channel.Linkedid);
        foreach (var variable in variables)
        {
            Line(prefix + "ChanVariable", $"{variable}={channel.Shown(variable)}");
        }

        return this;
    }

    public AmiText Bridge(PbxBridge bridge)
    {
        Line("BridgeUniqueid", bridge.Id);
        Line("BridgeType", bridge.Waits ? "base" : "basic");
        Line("BridgeTechnology", bridge.Waits ? "holding_bridge" : bridge.Channels.Count > 2 ? "softmix" : "simple_bridge");
        Line("BridgeCreator", "<unknown>");
        Line("BridgeName", "<unknown>");
        Line("BridgeNumChannels", bridge.Channels.Count);
        return Line("BridgeVideoSourceMode", "none");
    }

    public override string ToString() => _text + "\r\n";

    public static string OrUnknown(string value) => value.Length == 0 ? "<unknown>" : value;

    /// <summary>Names are escaped like C strings (ast_escape_c), so a quote in a caller's name arrives as <c>\"</c>.</summary>
    public static string Escape(string value)
    {
        if (value.AsSpan().IndexOfAny("\\\"'?\a\b\f\n\r\t\v") < 0)
        {
            return value;
        }

        var escaped = new StringBuilder(value.Length + 8);
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' or '"' or '\'' or '?' => escaped.Append('\\').Append(c),
                '\a' => escaped.Append("\\a"),
                '\b' => escaped.Append("\\b"),
                '\f' => escaped.Append("\\f"),
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                '\v' => escaped.Append("\\v"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
