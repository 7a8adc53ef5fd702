using System.Net;

namespace CallCrm.Telephony.FastAgi;

/// <summary>Reads what Asterisk sends first, up to the empty line.</summary>
static class AgiEnvironment
{
    /// <summary>Most bytes of a whole environment.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Most lines of a whole environment. Asterisk sends about 22 and one per argument.</summary>
    public const int MaxLines = 128;

    /// <summary>The request, or null when the peer went away first.</summary>
    /// <exception cref="InvalidDataException">Too long, or not AGI.</exception>
    public static async Task<AgiRequest?> ReadAsync(AgiLines lines, IPAddress peer, CancellationToken cancellationToken)
    {
        var environment = new List<KeyValuePair<string, string>>();
        var bytes = 0;
        while (await lines.ReadAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
            {
                return environment.Exists(e => e.Key.StartsWith("agi_", StringComparison.Ordinal))
                    ? new AgiRequest(peer, environment)
                    : throw new InvalidDataException("not_agi");
            }

            bytes += line.Length + 1;
            if (environment.Count == MaxLines || bytes > MaxBytes)
                throw new InvalidDataException("too_long");
            var colon = line.IndexOf(':');
            // A line without a colon can only be the rest of a value with a line end in it; it is kept, under no key.
            environment.Add(colon < 0
                ? new("", line)
                : new(line[..colon], line.Length > colon + 1 && line[colon + 1] == ' ' ? line[(colon + 2)..] : line[(colon + 1)..]));
        }

        return null;
    }
}
