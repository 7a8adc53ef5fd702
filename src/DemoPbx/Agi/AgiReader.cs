using System.Text;

namespace CallCrm.DemoPbx.Agi;

/// <summary>Reads lines, ended by LF, a CR before it dropped; a line over the limit ends the dialogue.</summary>
internal sealed class AgiReader(Stream stream, int limit_bytes)
{
    private readonly byte[] _buffer = new byte[4096];
    private readonly MemoryStream _line = new();
    private int _start;
    private int _end;

    public async Task<string?> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                _line.Write(_buffer, _start, at);
                _start += at + 1;
                var text = Encoding.UTF8.GetString(_line.GetBuffer(), 0, (int)_line.Length).TrimEnd('\r');
                _line.SetLength(0);
                return text;
            }

            _line.Write(_buffer, _start, _end - _start);
            if (_line.Length > limit_bytes)
            {
                return null;
            }

            _start = 0;
            _end = await stream.ReadAsync(_buffer, cancel);
            if (_end == 0)
            {
                return null;
            }
        }
    }
}
