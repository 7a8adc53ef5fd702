using System.Buffers;
using System.Globalization;
using System.Text;
using CallCrm.Telephony.Ami;

namespace CallCrm.Telephony.Tests.Ami;

public sealed class AmiFramingTests
{
    [Fact]
    public void Bare_line_feed_does_not_cut_a_message()
    {
        var (messages, left) = AmiReplay.Read("Response: Success\r\nMessage: Park successful\n\r\n\r\nEvent: X\r\n\r\n"u8, banner: false);

        left.Should().Be(0);
        messages.Should().HaveCount(2);
        messages[0][1].Value.Should().Be("Park successful\n");
    }

    // As Asterisk 22 sends it: the event of its test framework ends with an empty line too many.
    const string TestEvent = "Event: TestEvent\r\nPrivilege: reporting,all\r\nType: StateChange\r\nState: RTP_PORT_ALLOCATED\r\nPort: 44336\r\n\r\n\r\n";

    [Theory]
    [InlineData(TestEvent + TestEvent + "Event: Hangup\r\nUniqueid: 1.1\r\n\r\n", "TestEvent,TestEvent,Hangup")]
    [InlineData("\r\n\r\n\r\n\r\n\r\nEvent: Hangup\r\n\r\n\r\n\r\n", "Hangup")]
    [InlineData("\r\n\rEvent: A\r\n\r\nEvent: B\r\n\r\n", "?,B")]
    public void Empty_lines_between_messages_cost_none_of_them(string text, string events)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var whole = AmiReplay.ReadCut(bytes, [], segmented: false, banner: false);
        whole.Select(f => f.Text.StartsWith("Event: ", StringComparison.Ordinal) ? f.Text["Event: ".Length..].Split("\r\n")[0] : "?").Should().Equal(events.Split(','));
        for (var first = 1; first < bytes.Length; first++)
        {
            AmiReplay.ReadCut(bytes, [first], segmented: false, banner: false).Should().Equal(whole, "cut at {0}", first);
            AmiReplay.ReadCut(bytes, [first, Math.Min(first + 1, bytes.Length)], segmented: true, banner: false).Should().Equal(whole, "in pieces from {0}", first);
        }
    }

    [Fact]
    public void Empty_lines_after_a_message_too_long_are_its_end()
    {
        var bytes = Encoding.ASCII.GetBytes(new string('x', AmiFramer.MaxFrameBytes + 10) + "\r\n\r\n\r\nEvent: Next\r\n\r\n");
        for (var cut = bytes.Length - 24; cut < bytes.Length; cut++)
            AmiReplay.ReadCut(bytes, [AmiFramer.MaxFrameBytes + 5, cut], segmented: false, banner: false).Select(f => f.Text).Skip(1).Should().Equal("Event: Next");
    }

    [Fact]
    public void Keys_repeat_values_hold_colons_and_spaces_and_lines_may_lack_a_colon()
    {
        var (messages, _) = AmiReplay.Read("Event: X\r\nChanVariable: a: b\r\nChanVariable:c \r\nOutput:  two\r\nno colon\r\nEmpty: \r\n\r\n"u8, banner: false);

        messages[0].Should().Equal(
            new("Event", "X"), new("ChanVariable", "a: b"), new("ChanVariable", "c "), new("Output", " two"), new("", "no colon"), new("Empty", ""));
    }

    [Fact]
    public void Keys_are_found_without_case_and_the_first_one_counts()
    {
        var message = new AmiHeaderIndex().Read("event: Hangup\r\nuniqueid: 1.1\r\nUniqueID: 2.2"u8);

        message.Kind.Should().Be(AmiMessageKind.Event);
        message.Is("UNIQUEID"u8, "1.1"u8).Should().BeTrue();
        message.TryGet("Unique"u8, out _).Should().BeFalse();
        message.ToString().Should().StartWith("event: Hangup");
    }

    [Theory]
    [InlineData(65_536, AmiFrameKind.Message)]
    [InlineData(65_537, AmiFrameKind.TooLong)]
    [InlineData(70_000, AmiFrameKind.TooLong)]
    [InlineData(400_000, AmiFrameKind.TooLong)]
    public void Message_beyond_the_limit_is_named_once_and_the_next_one_is_whole(int length, AmiFrameKind expected)
    {
        var bytes = Encoding.ASCII.GetBytes(new string('x', length) + "\r\n\r\nEvent: Next\r\n\r\n");
        foreach (var piece in new[] { bytes.Length, 1000, 65_535, 65_536, 65_537, 65_539, 65_540 })
        {
            var cuts = Enumerable.Range(1, bytes.Length / piece).Select(i => i * piece).Where(c => c < bytes.Length);
            var frames = AmiReplay.ReadCut(bytes, cuts, segmented: false, banner: false);

            frames.Select(f => f.Kind).Should().Equal([expected, AmiFrameKind.Message], "in pieces of {0}", piece);
            frames[1].Text.Should().Be("Event: Next");
        }
    }

    [Fact]
    public void Buffer_never_holds_more_than_one_frame_of_endless_bytes()
    {
        var framer = new AmiFramer(expectBanner: false);
        var kept = 0L;
        var malformed = 0;
        for (var i = 0; i < 200; i++)
        {
            var buffer = new ReadOnlySequence<byte>(new byte[kept + 10_000]);
            while (framer.TryReadFrame(ref buffer, out _) == AmiFrameKind.TooLong)
                malformed++;
            kept = buffer.Length;
            kept.Should().BeLessThan(AmiFramer.MaxFrameBytes + 4);
        }

        malformed.Should().Be(1);
    }

    [Theory]
    [InlineData(1023, true)]
    [InlineData(1024, false)]
    public void Action_line_is_written_up_to_what_asterisk_reads(int bytes, bool fits)
    {
        var value = new string('x', bytes - "Variable: \r\n".Length);
        var write = () => AmiWriter.WriteAction(new ArrayBufferWriter<byte>(), new AmiAction("Setvar") { { "Variable", value } }, "1");

        if (fits)
            write.Should().NotThrow();
        else
            write.Should().Throw<AmiFormatException>().WithMessage($"*{bytes} bytes*");
    }

    [Theory]
    [InlineData("")]
    [InlineData("A:B")]
    [InlineData("A\r\nAction")]
    [InlineData(" A")]
    public void Key_that_is_none_is_refused(string key)
    {
        var write = () => AmiWriter.WriteAction(new ArrayBufferWriter<byte>(), new AmiAction("X") { { key, "v" } }, "1");

        write.Should().Throw<AmiFormatException>();
    }

    [Fact]
    public void More_headers_than_asterisk_keeps_are_refused()
    {
        var action = new AmiAction("Originate");
        for (var i = 0; i < 127; i++)
            action.Add("Variable", "a=b");
        var write = () => AmiWriter.WriteAction(new ArrayBufferWriter<byte>(), action, "1");

        write.Should().Throw<AmiFormatException>().WithMessage("*128*");
    }

    [Fact]
    public void Redirect_names_its_target_by_a_label_only()
    {
        var redirect = () => AmiActions.Redirect("PJSIP/trunk-1", "callcrm-route", "s", "1");

        redirect.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Names_of_the_utf8_trace_are_unescaped()
    {
        AmiText.Unescape("""Žaneta \\\"Žany\\\" O\'Brien, 🙂 <x>: \\\\ tel""").Should().Be("""Žaneta \"Žany\" O'Brien, 🙂 <x>: \\ tel""");
        AmiText.Unescape(@"unfinished \").Should().Be(@"unfinished \");
        AmiText.Unescape(@"unknown \x").Should().Be(@"unknown \x");
    }

    [Theory]
    [InlineData("1795448267.480890", "2026-11-23T15:37:47.4808900Z")]
    [InlineData("1795448267", "2026-11-23T15:37:47.0000000Z")]
    [InlineData("1795448267.5", "2026-11-23T15:37:47.5000000Z")]
    [InlineData("1795448267.4808901234", "2026-11-23T15:37:47.4808900Z")]
    [InlineData("", null)]
    [InlineData("yesterday", null)]
    [InlineData("-1.5", null)]
    [InlineData("99999999999999", null)]
    [InlineData("1795448267.x", null)]
    public void Pbx_time_is_read_to_the_microsecond(string text, string? expected)
    {
        AmiText.ParseTimestamp(text).Should().Be(
            expected is null ? null : DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture));
    }
}
