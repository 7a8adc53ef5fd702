using System.IO.Compression;
using System.Text;

namespace CallCrm.CrmApi.Files;

/// <summary>What a file is by its content; its name is not asked.</summary>
/// <param name="Code">Stable, for rules and texts: pdf, png, xlsx, text…</param>
/// <param name="Name">In words, for people: "a PDF document".</param>
/// <param name="Extensions">Under which such a file goes.</param>
internal sealed record ContentKind(string Code, string MediaType, string Name, params string[] Extensions)
{
    public static readonly ContentKind
        Empty = new("empty", "application/octet-stream", "an empty file"),
        Text = new("text", "text/plain", "text", "txt", "csv", "tsv", "log", "md", "json", "xml", "yaml", "yml", "ics", "vcf", "eml", "ini", "sql", "srt"),
        Html = new("html", "text/html", "a web page (HTML)", "html", "htm"),
        Script = new("script", "text/plain", "a script", "sh", "py", "pl", "rb"),
        Svg = new("svg", "image/svg+xml", "an SVG picture", "svg"),
        Rtf = new("rtf", "application/rtf", "an RTF document", "rtf", "doc"),
        Pdf = new("pdf", "application/pdf", "a PDF document", "pdf"),
        Xlsx = new("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "an Excel workbook (.xlsx)", "xlsx", "xlsm", "xltx"),
        Docx = new("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a Word document (.docx)", "docx", "docm", "dotx"),
        Pptx = new("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "a PowerPoint presentation (.pptx)", "pptx", "ppsx"),
        OpenDocument = new("opendocument", "application/vnd.oasis.opendocument", "an OpenDocument file", "odt", "ods", "odp", "odg"),
        Zip = new("zip", "application/zip", "a ZIP archive", "zip"),
        Xls = new("xls", "application/vnd.ms-excel", "an old Excel workbook (.xls)", "xls"),
        Doc = new("doc", "application/msword", "an old Word document (.doc)", "doc"),
        Ppt = new("ppt", "application/vnd.ms-powerpoint", "an old PowerPoint presentation (.ppt)", "ppt"),
        Encrypted = new("encrypted", "application/octet-stream", "an Office file protected by a password", "xlsx", "docx", "pptx", "xls", "doc", "ppt"),
        Ole = new("ole", "application/octet-stream", "an old Office file", "msg", "msi", "doc", "xls", "ppt", "vsd", "pub"),
        Png = new("png", "image/png", "a PNG picture", "png"),
        Jpeg = new("jpeg", "image/jpeg", "a JPEG picture", "jpg", "jpeg"),
        Gif = new("gif", "image/gif", "a GIF picture", "gif"),
        WebP = new("webp", "image/webp", "a WebP picture", "webp"),
        Tiff = new("tiff", "image/tiff", "a TIFF picture", "tif", "tiff"),
        Bmp = new("bmp", "image/bmp", "a BMP picture", "bmp"),
        Heic = new("heic", "image/heic", "a HEIC picture", "heic", "heif"),
        Mp3 = new("mp3", "audio/mpeg", "MP3 sound", "mp3"),
        Wav = new("wav", "audio/wav", "WAV sound", "wav"),
        Ogg = new("ogg", "audio/ogg", "Ogg sound", "ogg", "oga", "opus", "ogv"),
        Flac = new("flac", "audio/flac", "FLAC sound", "flac"),
        Mp4 = new("mp4", "video/mp4", "an MP4 video or sound", "mp4", "m4a", "m4v", "mov", "3gp"),
        Avi = new("avi", "video/x-msvideo", "an AVI video", "avi"),
        Matroska = new("matroska", "video/x-matroska", "a Matroska video", "mkv", "webm"),
        Rar = new("rar", "application/vnd.rar", "a RAR archive", "rar"),
        SevenZip = new("7z", "application/x-7z-compressed", "a 7z archive", "7z"),
        Gzip = new("gzip", "application/gzip", "a gzip archive", "gz", "tgz"),
        WindowsProgram = new("exe", "application/octet-stream", "a Windows program", "exe", "dll", "scr", "com", "sys"),
        LinuxProgram = new("elf", "application/octet-stream", "a Linux program", "elf", "so", "bin"),
        MacProgram = new("macho", "application/octet-stream", "a macOS program", "dylib"),
        Binary = new("binary", "application/octet-stream", "data of an unknown kind");

    static readonly ContentKind[] Known =
    [
        Text, Html, Script, Svg, Rtf, Pdf, Xlsx, Docx, Pptx, OpenDocument, Zip, Xls, Doc, Ppt, Ole, Png, Jpeg, Gif, WebP, Tiff, Bmp, Heic, Mp3, Wav, Ogg, Flac, Mp4, Avi, Matroska, Rar, SevenZip, Gzip,
        WindowsProgram, LinuxProgram, MacProgram,
    ];

    static readonly (ContentKind Kind, int At, byte[] Bytes)[] Signatures =
    [
        (Pdf, 0, "%PDF-"u8.ToArray()), (Rtf, 0, @"{\rtf"u8.ToArray()), (Png, 0, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), (Jpeg, 0, [0xFF, 0xD8, 0xFF]), (Gif, 0, "GIF8"u8.ToArray()),
        (WebP, 8, "WEBP"u8.ToArray()), (Wav, 8, "WAVE"u8.ToArray()), (Avi, 8, "AVI "u8.ToArray()), (Tiff, 0, [0x49, 0x49, 0x2A, 0x00]), (Tiff, 0, [0x4D, 0x4D, 0x00, 0x2A]),
        (Heic, 4, "ftyphei"u8.ToArray()), (Heic, 4, "ftypmif1"u8.ToArray()), (Mp4, 4, "ftyp"u8.ToArray()), (Mp3, 0, "ID3"u8.ToArray()), (Mp3, 0, [0xFF, 0xFB]), (Mp3, 0, [0xFF, 0xF3]), (Ogg, 0, "OggS"u8.ToArray()),
        (Flac, 0, "fLaC"u8.ToArray()), (Matroska, 0, [0x1A, 0x45, 0xDF, 0xA3]), (Rar, 0, "Rar!"u8.ToArray()), (SevenZip, 0, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]), (Gzip, 0, [0x1F, 0x8B]),
        (LinuxProgram, 0, [0x7F, 0x45, 0x4C, 0x46]), (MacProgram, 0, [0xCF, 0xFA, 0xED, 0xFE]), (MacProgram, 0, [0xCA, 0xFE, 0xBA, 0xBE]),
    ];

    const int Head_bytes = 8 * 1024;

    /// <summary>Whether a file of this kind may go under that name. Names without an extension, or with one that says nothing, may stand for anything.</summary>
    public bool MayBeNamed(string name)
    {
        var extension = Path.GetExtension(name).TrimStart('.').ToLowerInvariant();
        return this == Empty || Array.IndexOf(Extensions, extension) >= 0 || !Array.Exists(Known, k => Array.IndexOf(k.Extensions, extension) >= 0);
    }

    public static ContentKind Of(Stream file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var buffer = new byte[Head_bytes];
        file.Position = 0;
        var head = buffer.AsSpan(0, file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        if (head.Length == 0) return Empty;
        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8)) return OfZip(file);
        if (head.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])) return OfOle(file, head);
        foreach (var (kind, at, bytes) in Signatures)
        {
            if (head.Length >= at + bytes.Length && head.Slice(at, bytes.Length).SequenceEqual(bytes)) return kind;
        }

        // Two letters alone would make a program of a text that begins with them.
        if (head.StartsWith("MZ"u8) && head.Contains((byte)0)) return WindowsProgram;
        if (head.StartsWith("BM"u8) && head.Contains((byte)0)) return Bmp;
        return OfText(head);
    }

    static ContentKind OfText(ReadOnlySpan<byte> head)
    {
        if (!IsText(head)) return Binary;
        if (head.StartsWith("#!"u8)) return Script;
        var start = Encoding.Latin1.GetString(head[..Math.Min(head.Length, 1024)]).TrimStart('\u00ef', '\u00bb', '\u00bf', ' ', '\t', '\r', '\n');
        if (start.Contains("<svg", StringComparison.OrdinalIgnoreCase) && start.StartsWith('<')) return Svg;
        return start.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<head", StringComparison.OrdinalIgnoreCase)
            || start.StartsWith("<script", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<meta", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<table", StringComparison.OrdinalIgnoreCase)
            ? Html
            : Text;
    }

    /// <summary>UTF-16 has its zeros on one side only.</summary>
    static bool IsText(ReadOnlySpan<byte> head)
    {
        var (even, odd, controls) = (0, 0, 0);
        for (var n = 0; n < head.Length; n++)
        {
            if (head[n] == 0 && n % 2 == 0) even++;
            else if (head[n] == 0) odd++;
            else if (head[n] < 0x20 && head[n] is not (0x09 or 0x0A or 0x0B or 0x0C or 0x0D or 0x1A or 0x1B)) controls++;
        }

        var wide = head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]);
        if (even + odd == 0) return controls == 0 || (wide && controls < head.Length / 4);
        // Letters of other alphabets have no zero, so in UTF-16 the separators and line ends alone may have them, and a byte below 0x20 is the half of a letter.
        return (even == 0 || odd == 0) && (wide || even + odd > head.Length / 20);
    }

    static ContentKind OfZip(Stream file)
    {
        try
        {
            file.Position = 0;
            using var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            if (zip.GetEntry("mimetype") is { Length: < 200 } mime)
            {
                using var reader = new StreamReader(mime.Open());
                if (reader.ReadToEnd().StartsWith("application/vnd.oasis.opendocument", StringComparison.Ordinal)) return OpenDocument;
            }

            if (zip.GetEntry("[Content_Types].xml") is null) return Zip;
            if (zip.Entries.Any(e => e.FullName.StartsWith("xl/", StringComparison.Ordinal))) return Xlsx;
            if (zip.Entries.Any(e => e.FullName.StartsWith("word/", StringComparison.Ordinal))) return Docx;
            return zip.Entries.Any(e => e.FullName.StartsWith("ppt/", StringComparison.Ordinal)) ? Pptx : Zip;
        }
        catch (InvalidDataException)
        {
            return Binary; // It begins like an archive and is none, or is cut off.
        }
    }

    /// <summary>[MS-CFB]: the directory's first sector stands at byte 48 of the header, sectors count from after the first one.</summary>
    static ContentKind OfOle(Stream file, ReadOnlySpan<byte> head)
    {
        if (head.Length < 512) return Binary;
        var sector = 1L << BitConverter.ToUInt16(head[30..]);
        var at = (BitConverter.ToUInt32(head[48..]) + 1L) * sector;
        if (sector is not (512 or 4096) || at >= file.Length) return Binary;
        var names = new byte[16 * 1024];
        file.Position = at;
        var text = Encoding.Unicode.GetString(names, 0, file.ReadAtLeast(names, names.Length, throwOnEndOfStream: false));
        if (text.Contains("EncryptedPackage", StringComparison.Ordinal)) return Encrypted;
        if (text.Contains("Workbook\0", StringComparison.Ordinal) || text.Contains("Book\0", StringComparison.Ordinal)) return Xls;
        if (text.Contains("WordDocument\0", StringComparison.Ordinal)) return Doc;
        return text.Contains("PowerPoint Document\0", StringComparison.Ordinal) ? Ppt : Ole;
    }
}
