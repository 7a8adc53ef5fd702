using System.Collections.Concurrent;
using System.Text;

namespace CallCrm.TestKit.Lab;

/// <summary>A Redirect on its way to the PBX.</summary>
/// <param name="Host">Who sent it.</param>
/// <param name="AtSeconds">Unix seconds.</param>
public sealed record SentRedirect(string Host, string Channel, double AtSeconds);

/// <summary>All Redirects that hosts send, read from their wires: what reaches the PBX counts, not what a host believes to have sent.</summary>
public sealed class SentRedirects
{
    readonly ConcurrentQueue<SentRedirect> _sent = new();

    public IReadOnlyList<SentRedirect> All => [.. _sent];

    public int Of(string host) => _sent.Count(s => s.Host == host);

    /// <summary>The wire to the PBX of a host of this name.</summary>
    public TcpRelay Wire(AsteriskLab lab, string host) => new(lab.AmiPort) { Overhear = () => Ear(host) };

    /// <summary>One connection's actions; they come in any pieces.</summary>
    Action<string> Ear(string host)
    {
        var rest = new StringBuilder();
        return text =>
        {
            rest.Append(text);
            for (var all = rest.ToString(); all.IndexOf("\r\n\r\n", StringComparison.Ordinal) is >= 0 and var end; all = rest.ToString())
            {
                Take(host, all[..end].Split("\r\n"));
                rest.Remove(0, end + 4);
            }
        };
    }

    void Take(string host, string[] action)
    {
        if (action.Contains("Action: Redirect", StringComparer.OrdinalIgnoreCase))
            _sent.Enqueue(new SentRedirect(host, Array.Find(action, l => l.StartsWith("Channel: ", StringComparison.OrdinalIgnoreCase))?[9..] ?? "", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0));
    }
}
