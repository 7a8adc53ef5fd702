using System.Buffers;
using System.Text;
using CallCrm.Telephony.Ami;
using CallCrm.Telephony.FastAgi;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace CallCrm.Telephony.Tests.Ami;

/// <summary>Bytes as they might come from anywhere, and where they are cut.</summary>
public sealed record Wire(byte[] Bytes, int[] Cuts)
{
    public override string ToString() => $"\"{Convert.ToHexString(Bytes)}\" cut at {string.Join(",", Cuts)}";
}

/// <summary>Headers of a message that a sender may write.</summary>
public sealed record Sendable(KeyValuePair<string, string>[] Headers);

public static class WireArbitraries
{
    static readonly string[] s_words =
    [
        "\r\n", "\r\n\r\n", "\r\n", "\n", "\r", ":", ": ", " ", "Event: ", "Event: Hangup\r\n", "Response: Success\r\n", "ActionID: ",
        "Channel: PJSIP/1-2\r\n", "ChanVariable: A=1\r\n", "event", "žluť 🙂", "\\\"", "\0", "FullyBooted", "Shutdown", "Uptime: 99999999999999999999",
    ];

    public static Arbitrary<Wire> Wire()
    {
        var piece = Gen.Frequency(
            (6, Gen.Elements(s_words).Select(Encoding.UTF8.GetBytes)),
            (1, ArbMap.Default.GeneratorFor<byte[]>()));
        var generator =
            from pieces in piece.ListOf()
            let bytes = pieces.SelectMany(p => p).ToArray()
            from cuts in Gen.Choose(0, Math.Max(1, bytes.Length)).ListOf()
            select new Wire(bytes, cuts.Where(c => c > 0 && c < bytes.Length).Distinct().Order().ToArray());
        return generator.ToArbitrary();
    }

    public static Arbitrary<Sendable> Sendable()
    {
        var key = Gen.Elements('A', 'b', '-', '_', '9', '(', ')', 'ž').NonEmptyListOf().Select(c => string.Concat(c));
        var value = Gen.Elements("a", ":", ": ", " ", "\"", "\\", "🙂", "Ж", "=", ",", "<x>").ListOf().Select(string.Concat);
        return (from keys in key.NonEmptyListOf()
                from values in value.ArrayOf(keys.Count)
                select new Sendable(keys.Zip(values, KeyValuePair.Create).ToArray())).ToArbitrary();
    }
}

public sealed class AmiPropertyTests
{
    [Property(Arbitrary = [typeof(WireArbitraries)], MaxTest = 1000)]
    public void Any_bytes_read_the_same_however_they_are_cut(Wire wire)
    {
        var whole = AmiReplay.ReadCut(wire.Bytes, [], false, banner: false);

        AmiReplay.ReadCut(wire.Bytes, wire.Cuts, false, banner: false).Should().Equal(whole);
        AmiReplay.ReadCut(wire.Bytes, wire.Cuts, true, banner: false).Should().Equal(whole);
    }

    [Property(Arbitrary = [typeof(WireArbitraries)], MaxTest = 1000)]
    public void Every_byte_of_a_message_stands_in_a_header_or_a_line_end(Wire wire)
    {
        var index = new AmiHeaderIndex();
        var message = index.Read(wire.Bytes);
        var rebuilt = new StringBuilder();
        for (var i = 0; i < message.Count; i++)
            rebuilt.Append(Encoding.Latin1.GetString(message[i].Key)).Append(Encoding.Latin1.GetString(message[i].Value));

        // A colon and one space may stand between the two; line ends CR LF between headers; nothing else may be missing.
        var lines = Encoding.Latin1.GetString(wire.Bytes).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        rebuilt.ToString().Should().Be(string.Concat(lines.Select(WithoutMark)));

        static string WithoutMark(string line)
        {
            var colon = line.IndexOf(':');
            return colon < 0 ? line : line.Remove(colon, colon + 1 < line.Length && line[colon + 1] == ' ' ? 2 : 1);
        }
    }

    [Property(Arbitrary = [typeof(WireArbitraries)], MaxTest = 1000)]
    public void Reader_takes_any_bytes_without_throwing(Wire wire)
    {
        var metrics = new AmiMetrics("test");
        var queue = new AmiSignalQueue(16, metrics);
        var pending = new AmiPending(metrics);
        var reader = new AmiReader(AmiEventFilter.Everything(), pending, queue, metrics);
        pending.Open();
        pending.TryBegin(isList: true, out _, out _, out _);
        queue.Connected(new AmiConnected(1, "", "", "", false, null));
        var bytes = (byte[])[.. "Asterisk Call Manager/11.0.0\r\n"u8, .. wire.Bytes];
        var start = 0;
        foreach (var cut in wire.Cuts.Append(bytes.Length))
        {
            var buffer = new ReadOnlySequence<byte>(bytes, start, cut - start);
            reader.Consume(ref buffer, 0, default).Should().BeTrue();
            start = cut - (int)buffer.Length;
        }

        queue.Reader.Count.Should().BeLessThan(32);
    }

    [Property(Arbitrary = [typeof(WireArbitraries)], MaxTest = 300)]
    public void What_is_written_is_read_back(Sendable message)
    {
        var bytes = new ArrayBufferWriter<byte>();
        AmiWriter.WriteMessage(bytes, message.Headers);

        var (messages, left) = AmiReplay.Read(bytes.WrittenSpan, banner: false);

        left.Should().Be(0);
        // One space is the writer's own; a value that begins with one keeps it.
        messages.Should().ContainSingle().Which.Should().Equal(message.Headers);
    }

    [Property(MaxTest = 1000)]
    public void Unescape_undoes_what_asterisk_escapes(NonNull<string> text)
    {
        AmiText.Unescape(Escape(text.Get)).Should().Be(text.Get);
        AmiText.Unescape(text.Get).Length.Should().BeLessThanOrEqualTo(text.Get.Length);
        AmiText.ParseTimestamp(text.Get);

        static string Escape(string value) => string.Concat(value.Select(c => c switch
        {
            '\a' => @"\a",
            '\b' => @"\b",
            '\f' => @"\f",
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            '\v' => @"\v",
            '\\' => @"\\",
            '\'' => @"\'",
            '"' => "\\\"",
            '?' => @"\?",
            _ => c.ToString(),
        }));
    }

    [Property(Arbitrary = [typeof(WireArbitraries)], MaxTest = 1000)]
    public void Agi_lines_of_any_content_neither_throw_nor_pile_up(Wire wire)
    {
        var parser = new AgiReplyParser();
        foreach (var line in ("520-x\n" + Encoding.UTF8.GetString(wire.Bytes) + "\n520 end\n200 result=1 (v)").Split('\n'))
            parser.Add(line, out _).Should().BeDefined();

        parser.IsPartial.Should().BeFalse();
    }

    [Property(MaxTest = 1000)]
    public void Quoted_agi_value_is_one_word_that_unquotes_to_itself(NonNull<string> value)
    {
        var quoted = AgiCommand.Quote(value.Get);

        // Asterisk's parse_args: a backslash takes the next character as it is, a bare quote ends the word.
        var read = new StringBuilder();
        var at = 1;
        for (; at < quoted.Length && quoted[at] != '"'; at++)
        {
            if (quoted[at] == '\\')
                at++;
            read.Append(quoted[at]);
        }

        at.Should().Be(quoted.Length - 1);
        read.ToString().Should().Be(value.Get);
    }
}
