using System.Globalization;
using System.Net;

namespace CallCrm.Telephony.FastAgi;

/// <summary>
/// The environment with which Asterisk opens a FastAGI session. Values stand as sent (caller names are not escaped here,
/// unlike in AMI); an unset number or name is the word <c>unknown</c>.
/// </summary>
public sealed class AgiRequest
{
    readonly Dictionary<string, string> _values;

    internal AgiRequest(IPAddress peer, IReadOnlyList<KeyValuePair<string, string>> environment)
    {
        Peer = peer;
        Environment = environment;
        _values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in environment)
            _values.TryAdd(key, value);
        (Path, Query) = ReadScript(this["agi_network_script"]);
        Arguments = ReadArguments();
    }

    /// <summary>Address of the PBX.</summary>
    public IPAddress Peer { get; }

    /// <summary>All lines in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; }

    /// <summary>Path of the request without slash and query: <c>route</c> for <c>agi://host/route?x=1</c>.</summary>
    public string Path { get; }

    /// <summary>Query of the request, percent-decoded; of a repeated name the first value.</summary>
    public IReadOnlyDictionary<string, string> Query { get; }

    /// <summary><c>agi_arg_1</c> and so on, in order.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>Channel name.</summary>
    public string Channel => this["agi_channel"];

    /// <summary>Unique id of the channel.</summary>
    public string UniqueId => this["agi_uniqueid"];

    /// <summary>Caller number, in clear even when withheld; see <see cref="CallingPresentation"/>.</summary>
    public string CallerId => this["agi_callerid"];

    /// <summary>Caller name.</summary>
    public string CallerIdName => this["agi_calleridname"];

    /// <summary>Presentation as Asterisk numbers it: 0 to 31 allowed, 32 to 63 withheld, 67 not available.</summary>
    public int CallingPresentation =>
        int.TryParse(this["agi_callingpres"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>Dialled number of the dialplan's extension.</summary>
    public string Extension => this["agi_extension"];

    /// <summary>Value under a key, or empty.</summary>
    public string this[string key] => _values.GetValueOrDefault(key, "");

    /// <summary>An argument by its number (1 first), empty when it was not given.</summary>
    public string Argument(int number) => number >= 1 && number <= Arguments.Count ? Arguments[number - 1] : "";

    string[] ReadArguments()
    {
        var arguments = new List<string>();
        while (_values.TryGetValue("agi_arg_" + (arguments.Count + 1).ToString(CultureInfo.InvariantCulture), out var value))
            arguments.Add(value);
        return [.. arguments];
    }

    static (string Path, Dictionary<string, string> Query) ReadScript(string script)
    {
        var query = new Dictionary<string, string>(StringComparer.Ordinal);
        var mark = script.IndexOf('?');
        if (mark < 0)
            return (script.Trim('/'), query);
        foreach (var pair in script[(mark + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            query.TryAdd(
                Uri.UnescapeDataString(equals < 0 ? pair : pair[..equals]),
                equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..].Replace('+', ' ')));
        }

        return (script[..mark].Trim('/'), query);
    }
}
