using System.Text;

namespace CallCrm.DemoPbx.Ami;

/// <summary>One action a client sent: its lines in order, keys without regard to case.</summary>
internal sealed class AmiRequest
{
    private readonly List<(string Key, string Value)> _lines = [];

    public bool LineTooLong { get; set; }

    public string Action => this["Action"] ?? "";

    public string? ActionId => this["ActionID"];

    public IReadOnlyList<(string Key, string Value)> Lines => _lines;

    public string? this[string key] =>
        _lines.Find(l => l.Key.Equals(key, StringComparison.OrdinalIgnoreCase)) is { Key: not null } line ? line.Value : null;

    public IEnumerable<string> All(string key) =>
        _lines.Where(l => l.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Select(l => l.Value);

    public void Add(string line)
    {
        // A line without a colon is ignored, blanks after it are skipped, blanks at the end belong to the value.
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && _lines.Count < 128)
        {
            _lines.Add((line[..colon], line[(colon + 1)..].TrimStart(' ', '\t')));
        }
    }
}

/// <summary>Cuts the bytes of a client into actions: lines end with LF, a CR before it is dropped, an empty line ends an action.</summary>
internal sealed class AmiRequestReader(Stream stream)
{
    /// <summary>manager.c keeps 1025 bytes for a line.</summary>
    private const int LongestLine_bytes = 1024;

    private readonly byte[] _buffer = new byte[8192];
    private readonly byte[] _line = new byte[LongestLine_bytes];
    private int _start;
    private int _end;

    /// <summary>The next action, or null at the end of the stream.</summary>
    public async Task<AmiRequest?> ReadAsync(CancellationToken cancel)
    {
        var request = new AmiRequest();
        while (true)
        {
            var (line, tooLong) = await ReadLineAsync(cancel).ConfigureAwait(false);
            if (line is null)
            {
                return null;
            }

            if (line.Length == 0 && !tooLong)
            {
                return request;
            }

            request.LineTooLong |= tooLong;
            request.Add(line);
        }
    }

    private async ValueTask<(string? Line, bool TooLong)> ReadLineAsync(CancellationToken cancel)
    {
        var (length, tooLong) = (0, false);
        while (true)
        {
            while (_start < _end)
            {
                var one = _buffer[_start++];
                if (one == '\n')
                {
                    length -= length > 0 && _line[length - 1] == '\r' ? 1 : 0;
                    return (Encoding.UTF8.GetString(_line, 0, length), tooLong);
                }

                if (length == LongestLine_bytes)
                {
                    tooLong = true;
                }
                else
                {
                    _line[length++] = one;
                }
            }

            (_start, _end) = (0, await stream.ReadAsync(_buffer, cancel).ConfigureAwait(false));
            if (_end == 0)
            {
                return (null, false);
            }
        }
    }
}
