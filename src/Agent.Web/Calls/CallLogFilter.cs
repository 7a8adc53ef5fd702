using System.Globalization;

namespace CallCrm.AgentWeb.Calls;

/// <summary>What the call log is narrowed to, as the page's own address keeps it; empty is any. Days are the reader's own.</summary>
sealed record CallLogFilter(string? Query = null, string? Outcome = null, string? Direction = null, string? Queue = null, string? Agent = null, string? MinTalk = null, string? Dialled = null, string? From = null, string? To = null,
    string? Client = null, string? Said = null, string? Campaign = null)
{
    /// <summary>As the address names them. What the page does not know there stays.</summary>
    static readonly string[] s_names = ["query", "outcome", "direction", "queue", "agent", "minTalk", "dialled", "from", "to", "client", "said", "campaign"];

    public bool Narrows => Values.Any(v => v is { Length: > 0 });

    string?[] Values => [Query, Outcome, Direction, Queue, Agent, MinTalk, Dialled, From, To, Client, Said, Campaign];

    /// <summary>As the API is asked.</summary>
    public string Asked => Join(s_names.Zip(Values).Select(p => p.First switch
    {
        "from" => (p.First, Moment(From, 0)),
        "to" => (p.First, Moment(To, 1)),
        _ => p,
    }));

    public CallLogFilter Clean() => Of(Join(s_names.Zip(Values)));

    public static CallLogFilter Of(string query)
    {
        var given = Parts(query).ToLookup(p => p.Name, p => p.Value, StringComparer.Ordinal);
        string? Value(string name) => given[name].FirstOrDefault() is { Length: > 0 } value ? value : null;
        return new(Value("query"), Value("outcome"), Value("direction"), Value("queue"), Value("agent"), Value("minTalk"), Value("dialled"), Value("from"), Value("to"), Value("client"), Value("said"), Value("campaign"));
    }

    public string Address(string uri)
    {
        var at = uri.IndexOf('?', StringComparison.Ordinal);
        var others = at < 0 ? [] : Parts(uri[at..]).Where(p => !s_names.Contains(p.Name));
        var all = Join(others.Concat(s_names.Zip(Values)));
        return (at < 0 ? uri : uri[..at]) + (all.Length > 0 ? "?" + all : "");
    }

    static IEnumerable<(string Name, string? Value)> Parts(string query) =>
        query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).Select(p => (p[0], p.Length == 2 ? (string?)Uri.UnescapeDataString(p[1].Replace('+', ' ')) : null));

    static string Join(IEnumerable<(string Name, string? Value)> parts) => string.Join('&', parts.Where(p => p.Value is { Length: > 0 }).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));

    /// <summary>The beginning of a day, or of one after it; what is no day is no bound.</summary>
    static string? Moment(string? day, int later) => DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
        ? new DateTimeOffset(date.AddDays(later).ToDateTime(TimeOnly.MinValue, DateTimeKind.Local)).ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : null;
}
