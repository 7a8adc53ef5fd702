using System.Text;

namespace CallCrm.CrmApi.Imports;

/// <summary>How the bytes of a text file are letters, and what parts its columns; found by looking, as no CSV file says so.</summary>
internal static class TextSniff
{
    public const string Utf8 = "utf-8", Utf16 = "utf-16", Utf16Big = "utf-16be", Windows1251 = "windows-1251", Windows1252 = "windows-1252";
    public static readonly string[] Encodings = [Utf8, Utf16, Utf16Big, Windows1251, Windows1252];
    public static readonly string[] Separators = [";", ",", "\t", "|"];
    const int Block_bytes = 64 * 1024;
    const int SeparatorRows = 50;

    static TextSniff() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static Encoding EncodingOf(string name) => name switch
    {
        Utf8 => new UTF8Encoding(encoderShouldEmitUTF8Identifier: true),
        Utf16 => new UnicodeEncoding(bigEndian: false, byteOrderMark: true),
        Utf16Big => new UnicodeEncoding(bigEndian: true, byteOrderMark: true),
        Windows1251 => Encoding.GetEncoding(1251),
        Windows1252 => Encoding.GetEncoding(1252),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No encoding of this list."),
    };

    /// <summary>Reads the whole file: what begins as UTF-8 may end as something else.</summary>
    public static string Detect(Stream file)
    {
        file.Position = 0;
        var buffer = new byte[Block_bytes];
        var count = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        var head = buffer.AsSpan(0, count);
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) return Utf8;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return Utf16;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])) return Utf16Big;
        if (head.Contains((byte)0)) return ZerosAtOdd(head) ? Utf16 : Utf16Big;

        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        var chars = new char[Block_bytes + 16];
        var (valid, high, pairs, before) = (true, 0L, 0L, false);
        for (; count > 0; count = file.Read(buffer))
        {
            var block = buffer.AsSpan(0, count);
            foreach (var b in block)
            {
                var letter = b >= 0xC0;
                if (letter) high++;
                if (letter && before) pairs++;
                before = letter;
            }

            valid = valid && Decodes(strict, block, chars, flush: false);
        }

        if (valid && Decodes(strict, [], chars, flush: true)) return Utf8;
        // Cyrillic words are runs of such letters; in western languages each stands between others.
        return pairs * 2 > high ? Windows1251 : Windows1252;
    }

    static bool Decodes(Decoder decoder, ReadOnlySpan<byte> block, char[] chars, bool flush)
    {
        try
        {
            decoder.GetChars(block, chars, flush);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    static bool ZerosAtOdd(ReadOnlySpan<byte> head)
    {
        var odd = 0;
        for (var n = 0; n < head.Length; n++)
        {
            if (head[n] == 0) odd += n % 2 == 1 ? 1 : -1;
        }

        return odd > 0;
    }

    /// <summary>The separator that gives most rows the same number of columns, and more than one.</summary>
    public static string Separator(Func<TextReader> open)
    {
        var best = (Score: 0.0, Separator: ",");
        foreach (var separator in Separators)
        {
            using var text = open();
            var rows = new CsvRows(text, separator[0]).Where(r => r.Cells.Count > 1 || r.Cells[0].Length > 0).Take(SeparatorRows).Select(r => r.Cells.Count).ToList();
            if (rows.Count == 0) continue;
            var usual = rows.GroupBy(c => c).MaxBy(g => g.Count() * (g.Key - 1))!;
            var score = (usual.Key - 1) * (usual.Count() / (double)rows.Count) * (usual.Count() / (double)rows.Count);
            if (score > best.Score) best = (score, separator);
        }

        return best.Separator;
    }
}
