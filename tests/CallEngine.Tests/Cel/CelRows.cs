using System.Globalization;
using System.Runtime.CompilerServices;
using CallCrm.TestKit;

namespace CallCrm.Engine.Tests;

/// <summary>CEL for tests: told in short words, or from files and traces of a real Asterisk.</summary>
internal static class CelRows
{
    public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_795_000_000);

    /// <summary>
    /// A row a line: <c>seconds event channel-number device [linked] [key=value …]</c>, e.g. <c>0.5 ENTER 2 PJSIP/101 1 bridge=b1</c>. Keys:
    /// bridge, tech, cause, source, extra, context, exten, num.
    /// </summary>
    public static CelBook Book(string text)
    {
        var book = new CelBook();
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            book.Add(Row(line), line, TimeSpan.Zero);
        return book;
    }

    public static CelRow Row(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var values = words.Where(w => w.Contains('=', StringComparison.Ordinal)).ToDictionary(w => w[..w.IndexOf('=')], w => w[(w.IndexOf('=') + 1)..]);
        var plain = words.Where(w => !w.Contains('=', StringComparison.Ordinal)).ToArray();
        var seconds = double.Parse(plain[0], CultureInfo.InvariantCulture);
        var (kind, extra) = plain[1] switch
        {
            "START" => ("CHAN_START", ""),
            "ENTER" => ("BRIDGE_ENTER", $"{{\"bridge_id\":\"{values["bridge"]}\",\"bridge_technology\":\"{values.GetValueOrDefault("tech", "simple_bridge")}\"}}"),
            "EXIT" => ("BRIDGE_EXIT", ""),
            "HANGUP" => ("HANGUP", $"{{\"hangupcause\":{values.GetValueOrDefault("cause", "16")},\"hangupsource\":\"{values.GetValueOrDefault("source", "")}\",\"dialstatus\":\"\"}}"),
            "END" => ("CHAN_END", ""),
            _ => (plain[1], values.TryGetValue("extra", out var text) ? $"{{\"extra\":\"{text}\"}}" : ""),
        };
        var id = Id(plain[2]);
        var channel = plain[3].StartsWith("Local/", StringComparison.Ordinal) ? plain[3] : $"{plain[3]}-0000000{plain[2]}";
        return new CelRow(kind, Start.AddMilliseconds(Math.Round(seconds * 1000)), id, plain.Length > 4 ? Id(plain[4]) : id, channel,
            values.GetValueOrDefault("exten", kind == "CHAN_START" ? "800100" : "s"), values.GetValueOrDefault("context", "from-trunk"), "", extra, values.GetValueOrDefault("num", ""));
    }

    /// <summary>Channel n of the boot; <c>9:3</c> is number 3, made at second 9.</summary>
    public static string Id(string channel)
    {
        var colon = channel.IndexOf(':', StringComparison.Ordinal);
        var epoch = 1_795_000_000 + (colon < 0 ? 0 : int.Parse(channel[..colon], CultureInfo.InvariantCulture));
        return $"pbx-{epoch}.{channel[(colon + 1)..]}";
    }

    public static CelCall? Read(CelStory story) => CelCall.Read(story, device => device == "PJSIP/trunk");

    /// <summary>All calls of a file that <c>deploy/lab</c> wrote.</summary>
    public static IReadOnlyList<CelCall> OfFile(string name, [CallerFilePath] string here = "")
    {
        var book = new CelBook();
        foreach (var line in File.ReadAllLines(Path.Combine(Path.GetDirectoryName(here)!, name)))
        {
            var row = CelRow.Read(line, out var expected);
            expected.Should().BeEmpty();
            book.Add(row!, line, TimeSpan.Zero);
        }

        book.Stories.Should().OnlyContain(s => s.IsWhole);
        return [.. book.Stories.Select(Read).OfType<CelCall>()];
    }

    /// <summary>The CEL events of a trace, with the trace's times.</summary>
    public static CelBook OfTrace(string name)
    {
        var book = new CelBook();
        foreach (var m in TraceLibrary.Load(name).Messages().Where(m => m.Name == "CEL"))
        {
            book.Add(new CelRow(m.Get("EventName")!, Start.AddMilliseconds(m.AtMs), m.Get("UniqueID")!, m.Get("LinkedID")!, m.Get("Channel")!, m.Get("Exten")!, m.Get("Context")!,
                m.Get("Peer")!, m.Get("Extra")!, m.Get("CallerIDnum")!, m.Get("CallerIDname")!, m.Get("Application")!), m, TimeSpan.Zero);
        }

        return book;
    }
}
