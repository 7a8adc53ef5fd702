using System.Globalization;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// The opaque token of a position: per stream (routing domain) the last journal number considered for a page, sent to it or filtered out by its rights.
/// Form 1: <c>1.domain:number[,domain:number…]</c>, the domain percent-encoded.
/// </summary>
internal static class FeedPosition
{
    public static string Token(string domain, long seq) => string.Create(CultureInfo.InvariantCulture, $"1.{Uri.EscapeDataString(domain)}:{seq}");

    /// <summary>The number of this domain in the token; null for none, another form, or nonsense: then a snapshot is due.</summary>
    public static long? Of(string? token, string domain)
    {
        if (token is not { Length: > 2 and < 2000 } || !token.StartsWith("1.", StringComparison.Ordinal)) return null;
        foreach (var part in token[2..].Split(','))
        {
            var colon = part.LastIndexOf(':');
            if (colon > 0 && Uri.UnescapeDataString(part[..colon]) == domain
                && long.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
                return seq;
        }

        return null;
    }
}
