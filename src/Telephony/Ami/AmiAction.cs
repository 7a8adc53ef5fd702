using System.Collections;

namespace CallCrm.Telephony.Ami;

/// <summary>
/// An action to send: a name and headers in order (a key may repeat, as <c>Variable</c> does). The client adds the
/// <c>ActionID</c>. Usable with a collection initialiser: <c>new AmiAction("Ping")</c>,
/// <c>new AmiAction("Hangup") { { "Channel", name } }</c>.
/// </summary>
public sealed class AmiAction(string name) : IEnumerable<KeyValuePair<string, string>>
{
    readonly List<KeyValuePair<string, string>> _headers = [];

    /// <summary>Action name.</summary>
    public string Name { get; } = name;

    /// <summary>How long to wait for the answer; the client's default when null.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Number of headers, without <c>Action</c> and <c>ActionID</c>.</summary>
    public int Count => _headers.Count;

    /// <summary>Adds a header.</summary>
    public void Add(string key, string value) => _headers.Add(KeyValuePair.Create(key, value));

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _headers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
