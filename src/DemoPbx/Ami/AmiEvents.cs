using System.Globalization;
using System.Text;

namespace CallCrm.DemoPbx.Ami;

/// <summary>Builds events and hands them to every session that may read them.</summary>
internal sealed class AmiEvents(DemoPbxOptions options, TimeProvider time)
{
    private readonly List<AmiSession> _sessions = [];

    public IReadOnlyList<AmiSession> Sessions => _sessions;

    public void Add(AmiSession session) => _sessions.Add(session);

    public void Remove(AmiSession session) => _sessions.Remove(session);

    public void Emit(AmiClasses one, string name, Action<AmiText>? lines = null)
    {
        if (_sessions.Count == 0)
        {
            return;
        }

        var text = Head(one, name);
        lines?.Invoke(text);
        var whole = text.ToString();
        byte[]? bytes = null;
        foreach (var session in _sessions.ToArray())
        {
            if (session.Wants(one, name, whole))
            {
                session.Send(bytes ??= Encoding.UTF8.GetBytes(whole));
            }
        }
    }

    /// <summary>An event for one session alone.</summary>
    public void EmitTo(AmiSession session, AmiClasses one, string name, Action<AmiText> lines)
    {
        var text = Head(one, name, stamped: false);
        lines(text);
        session.Send(text);
    }

    /// <summary>The time stamp of <c>timestampevents = yes</c>: seconds and microseconds since 1970.</summary>
    public static string Stamp(DateTimeOffset now)
    {
        var micros = (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return string.Create(CultureInfo.InvariantCulture, $"{micros / 1_000_000}.{micros % 1_000_000:D6}");
    }

    private AmiText Head(AmiClasses one, string name, bool stamped = true)
    {
        var text = new AmiText().Line("Event", name).Line("Privilege", one.Privilege());
        if (!stamped)
        {
            return text;
        }

        text.Line("Timestamp", Stamp(time.GetUtcNow()));
        return options.Node.Length == 0 ? text : text.Line("SystemName", options.Node);
    }
}
