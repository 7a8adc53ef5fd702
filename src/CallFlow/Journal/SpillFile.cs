using System.Globalization;
using System.Numerics;
using System.Text;

namespace CallCrm.CallFlow;

/// <summary>
/// Entries that PostgreSQL could not take in time, in order, each line with its checksum. What is appended is on the disk when
/// the method returns. A last line torn by a crash is cut when the file is opened: nobody was told that it was safe.
/// </summary>
internal sealed class SpillFile : IDisposable
{
    const int ChecksumLength = 8;
    readonly FileStream file;

    SpillFile(FileStream file) => this.file = file;

    public long Length => file.Length;

    public string Path => file.Name;

    /// <param name="broken">Called when lines in the middle are damaged; what follows them is kept in the named file and not read.</param>
    public static SpillFile Open(string folder, string domain, Action<string> broken)
    {
        Directory.CreateDirectory(folder);
        var name = string.Concat(domain.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c.ToString() : ((int)c).ToString("x4", CultureInfo.InvariantCulture)));
        var path = System.IO.Path.Combine(folder, name + ".spill");
        var opened = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var spill = new SpillFile(opened);
        var good = spill.GoodLength(out var moreFollows);
        if (good == opened.Length) return spill;
        if (moreFollows)
        {
            var copy = $"{path}.broken-{Guid.NewGuid():N}";
            File.Copy(path, copy);
            broken(copy);
        }

        opened.SetLength(good);
        opened.Flush(flushToDisk: true);
        return spill;
    }

    public void Append(IEnumerable<JournalLine> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines) text.Append(Checksum(line.Body)).Append(' ').Append(line.Body).Append('\n');
        var before = file.Length;
        file.Position = before;
        try
        {
            file.Write(Encoding.UTF8.GetBytes(text.ToString()));
            if (Fault?.Invoke() is { } fault) throw fault;
            file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // A full disk may have taken a part: what was not promised is not left behind.
            file.SetLength(before);
            throw;
        }
    }

    /// <summary>What the disk says to a write, for tests; null when all is well.</summary>
    internal Func<IOException?>? Fault { get; set; }

    /// <summary>Lines from <paramref name="offset"/> on, and where the next one begins.</summary>
    public (List<JournalLine> Lines, long Next) Read(long offset, int most)
    {
        var lines = new List<JournalLine>();
        foreach (var (text, next) in Raw(offset))
        {
            lines.Add(JournalLine.From(text[(ChecksumLength + 1)..]));
            offset = next;
            if (lines.Count == most) break;
        }

        return (lines, offset);
    }

    /// <summary>All of it is in the journal.</summary>
    public void Clear()
    {
        file.SetLength(0);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Sets a file aside that contradicts the journal.</summary>
    public string MoveAside()
    {
        var aside = $"{Path}.conflict-{Guid.NewGuid():N}";
        File.Copy(Path, aside);
        Clear();
        return aside;
    }

    public void Dispose() => file.Dispose();

    long GoodLength(out bool moreFollows)
    {
        moreFollows = false;
        var good = 0L;
        foreach (var (text, next) in Raw(0))
        {
            if (text.Length <= ChecksumLength + 1 || text[ChecksumLength] != ' ' || Checksum(text[(ChecksumLength + 1)..]) != text[..ChecksumLength])
            {
                moreFollows = next < file.Length;
                return good;
            }

            good = next;
        }

        return good;
    }

    /// <summary>Whole lines only.</summary>
    IEnumerable<(string Text, long Next)> Raw(long offset)
    {
        var held = new MemoryStream();
        var block = new byte[64 * 1024];
        var position = offset;
        while (RandomAccess.Read(file.SafeFileHandle, block, position) is > 0 and var count)
        {
            var start = 0;
            for (var end = Array.IndexOf(block, (byte)'\n', 0, count); end >= 0; end = Array.IndexOf(block, (byte)'\n', start, count - start))
            {
                held.Write(block, start, end - start);
                yield return (Encoding.UTF8.GetString(held.GetBuffer(), 0, (int)held.Length), position + end + 1);
                held.SetLength(0);
                start = end + 1;
            }

            held.Write(block, start, count - start);
            position += count;
        }
    }

    static string Checksum(string body)
    {
        var sum = uint.MaxValue;
        foreach (var b in Encoding.UTF8.GetBytes(body)) sum = BitOperations.Crc32C(sum, b);
        return (~sum).ToString("x8", CultureInfo.InvariantCulture);
    }
}
