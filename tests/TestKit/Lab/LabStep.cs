using System.Globalization;

namespace CallCrm.TestKit.Lab;

/// <summary>One line of a phone's or a caller's log.</summary>
/// <param name="AtSeconds">Unix time, with microseconds.</param>
/// <param name="What">invite, ringing, answered, left (the other side hung up), hung-up, gave-up, cancelled, refused or ignored.</param>
/// <param name="SipCallId">Call-ID of this SIP dialogue (not the same on the two sides of the PBX).</param>
/// <param name="Rest">What the line says besides; the From header when a phone rings.</param>
public sealed record LabStep(double AtSeconds, string What, string SipCallId, string Rest)
{
    /// <summary>All whole lines of a log; a line still being written is left for the next time.</summary>
    public static IReadOnlyList<LabStep> Read(string file)
    {
        if (!File.Exists(file))
            return [];
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        // "2026-11-23	18:28:03.574361	1795458483.574361 invite 1-1632@127.0.0.2 …"
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n')
            .Select(line => line.Split('\t'))
            .Where(parts => parts.Length == 3)
            .Select(parts => parts[2].Split(' ', 4))
            .Where(words => words.Length >= 3)
            .Select(words => new LabStep(double.Parse(words[0], CultureInfo.InvariantCulture), words[1], words[2], words.Length > 3 ? words[3] : ""))
            .ToArray();
    }
}
