using System.Security.Cryptography;
using System.Text;

namespace CallCrm.CallRouter.Cel;

/// <summary>Where a row stands: in the file whose first line has this mark, which may have been renamed since.</summary>
/// <param name="Line">From 1, for people.</param>
sealed record CelPlace(string Mark, long Offset, long Line)
{
    /// <summary>There was no file yet: all that is written is new.</summary>
    public static CelPlace Nowhere { get; } = new("", 0, 1);
}

readonly record struct CelLine(string Text, CelPlace Place);

/// <summary>
/// Reads a file to which somebody else appends: whole lines only, each once, through rotation by renaming (the rest is read from the
/// renamed one) and by copy-and-truncate. Knows a file again by its first line, which holds a moment and a unique id.
/// </summary>
sealed class CelFile(string path)
{
    /// <summary>Longer lines are none of Asterisk's; more per look waits for the next.</summary>
    const int MostPerLook_bytes = 8 << 20;

    CelPlace? _at;
    bool _attached;

    public string Path => path;

    /// <summary>Up to where all is read; null before the file has a line.</summary>
    public CelPlace? At => _at;

    /// <summary>The place reached before is in none of the files there are: rows may be missing.</summary>
    public int Gaps { get; private set; }

    /// <param name="from">Null: what stands there already is the past, reading begins behind it.</param>
    public void Attach(CelPlace? from)
    {
        _at = from == CelPlace.Nowhere ? null : from;
        _attached = from is not null;
    }

    public IEnumerable<CelLine> Read()
    {
        using var file = Open(path);
        var mark = file is null ? null : MarkOf(file);
        if (file is null || mark is null)
        {
            // Renamed a moment ago, and nothing was written since: what is left of the old one is read already now.
            if (_at is not null && file is null)
            {
                foreach (var line in Rest())
                    yield return line;
            }

            // Nothing stands there yet: all that will be written is new.
            _attached = true;
            yield break;
        }

        if (!_attached)
        {
            (_attached, _at) = (true, new CelPlace(mark, 0, 1));
            // The lines are counted, so that an error can name its line.
            foreach (var _ in Lines(file, long.MaxValue))
            {
            }

            yield break;
        }

        if (_at is { } before && (before.Mark != mark || before.Offset > file.Length))
        {
            foreach (var line in Rest())
                yield return line;
            _at = null;
        }

        _at ??= new CelPlace(mark, 0, 1);
        foreach (var line in Lines(file, MostPerLook_bytes))
            yield return line;
    }

    /// <summary>What follows our place in the renamed file, and all of those renamed after it.</summary>
    IEnumerable<CelLine> Rest()
    {
        var older = Renamed();
        var from = older.FindIndex(f => MarkOf(f) == _at!.Mark);
        if (from < 0)
            Gaps++;
        for (var n = 0; n < older.Count; n++)
        {
            using var file = Open(older[n]);
            if (from < 0 || n < from || file is null || MarkOf(file) is not { } mark)
                continue;
            if (n > from)
                _at = new CelPlace(mark, 0, 1);
            if (_at!.Offset > file.Length)
                Gaps++;
            foreach (var line in Lines(file, long.MaxValue))
                yield return line;
        }
    }

    List<string> Renamed()
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        var name = System.IO.Path.GetFileName(path);
        if (!Directory.Exists(folder))
            return [];
        return [.. new DirectoryInfo(folder).GetFiles(name + "*").Where(f => f.Name.Length > name.Length && f.Extension is not (".gz" or ".xz" or ".bz2" or ".zst"))
            .OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal).Select(f => f.FullName)];
    }

    IEnumerable<CelLine> Lines(FileStream file, long most)
    {
        var (mark, offset, line) = _at!;
        file.Position = offset;
        var held = new MemoryStream();
        var block = new byte[64 * 1024];
        for (int count; most > 0 && (count = file.Read(block)) > 0; most -= count)
        {
            var start = 0;
            for (var end = Array.IndexOf(block, (byte)'\n', 0, count); end >= 0; end = Array.IndexOf(block, (byte)'\n', start, count - start))
            {
                held.Write(block, start, end - start);
                var text = Encoding.UTF8.GetString(held.GetBuffer(), 0, (int)held.Length);
                var place = new CelPlace(mark, offset, line++);
                offset += held.Length + 1;
                _at = new CelPlace(mark, offset, line);
                held.SetLength(0);
                start = end + 1;
                yield return new CelLine(text, place);
            }

            held.Write(block, start, count - start);
        }
    }

    static string? MarkOf(string file)
    {
        using var opened = Open(file);
        return opened is null ? null : MarkOf(opened);
    }

    static string? MarkOf(FileStream file)
    {
        var head = new byte[4096];
        file.Position = 0;
        var count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var end = Array.IndexOf(head, (byte)'\n', 0, count);
        return end < 0 ? null : Convert.ToHexStringLower(SHA256.HashData(head.AsSpan(0, end)).AsSpan(0, 12));
    }

    static FileStream? Open(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
