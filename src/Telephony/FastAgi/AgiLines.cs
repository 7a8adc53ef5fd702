using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace CallCrm.Telephony.FastAgi;

/// <summary>Reads LF-ended lines of limited length.</summary>
sealed class AgiLines(Stream stream)
{
    /// <summary>Longest line read, in bytes.</summary>
    public const int MaxLineBytes = 64 * 1024;

    readonly PipeReader _pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 4096, leaveOpen: true));

    /// <summary>The next line without its end, or null at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">The line is longer than allowed.</exception>
    public async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                // Checked here too: one read may bring a line longer than the limit at once.
                var text = line.Length <= MaxLineBytes ? Encoding.UTF8.GetString(line) : null;
                _pipe.AdvanceTo(buffer.GetPosition(1, end));
                return text?.TrimEnd('\r') ?? throw new InvalidDataException("line too long");
            }

            _pipe.AdvanceTo(buffer.Start, buffer.End);
            if (buffer.Length > MaxLineBytes)
                throw new InvalidDataException("line too long");
            if (read.IsCompleted)
                return null;
        }
    }

    public ValueTask CompleteAsync() => _pipe.CompleteAsync();
}
