using System.Collections;

namespace CallCrm.Telephony.Ami;

/// <summary>Headers of a kept message: text, in order, keys may repeat, case ignored.</summary>
public sealed class AmiHeaders(KeyValuePair<string, string>[] headers) : IReadOnlyList<KeyValuePair<string, string>>
{
    /// <summary>No headers.</summary>
    public static AmiHeaders Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => headers.Length;

    /// <inheritdoc/>
    public KeyValuePair<string, string> this[int index] => headers[index];

    /// <summary>First value under a key, or null.</summary>
    public string? this[string key]
    {
        get
        {
            foreach (var header in headers)
            {
                if (string.Equals(header.Key, key, StringComparison.OrdinalIgnoreCase))
                    return header.Value;
            }

            return null;
        }
    }

    /// <summary>All values under a key, in order (<c>ChanVariable</c>, <c>Output</c>).</summary>
    public IEnumerable<string> All(string key) =>
        headers.Where(h => string.Equals(h.Key, key, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, string>>)headers).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
