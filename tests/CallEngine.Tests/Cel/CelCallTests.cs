namespace CallCrm.Engine.Tests;

/// <summary>From the PBX's own record to calls: who, how long, what came of it.</summary>
public sealed class CelCallTests
{
    private const string Answered = """
        0    START 1 PJSIP/trunk num=+39331
        0.1  START 2 PJSIP/101 1
        4    ANSWER 2 PJSIP/101 1
        4.01 ENTER 2 PJSIP/101 1 bridge=b1
        4.02 ENTER 1 PJSIP/trunk bridge=b1
        9    EXIT 1 PJSIP/trunk
        9    EXIT 2 PJSIP/101 1
        9    HANGUP 1 PJSIP/trunk source=PJSIP/trunk-00000001
        9    END 1 PJSIP/trunk
        9.01 HANGUP 2 PJSIP/101 1
        9.01 END 2 PJSIP/101 1
        9.01 LINKEDID_END 2 PJSIP/101 1
        """;

    [Fact]
    public void An_answered_call_is_whole_and_its_talk_is_the_time_in_one_bridge()
    {
        var story = CelRows.Book(Answered).Stories.Should().ContainSingle().Subject;
        story.IsWhole.Should().BeTrue();
        var call = CelRows.Read(story)!;
        call.Should().BeEquivalentTo(new { Direction = CallDirection.Inbound, CallerNumber = "+39331", Dialled = "800100", Cause = 16, AskedUs = false, Fallback = false, HangupSource = "PJSIP/trunk-00000001", CutOff = false });
        call.Withheld.Should().BeNull("this PBX's record does not tell");
        (call.EndedAt - call.StartedAt).Should().Be(TimeSpan.FromSeconds(9.01));
        call.Legs.Select(l => (l.Device, l.IsClient, l.Talk_ms)).Should().Equal(("PJSIP/trunk", true, 4980), ("PJSIP/101", false, 4980));
        call.AnsweredAt.Should().Be(CelRows.Start.AddMilliseconds(4020));
    }

    [Fact]
    public void The_blind_transfer_of_trace_27_is_one_call_with_both_agents()
    {
        var call = CelRows.Read(CelRows.OfTrace("27").Stories.Should().ContainSingle().Subject)!;
        call.Direction.Should().Be(CallDirection.Inbound);
        call.CallerNumber.Should().Be("420777123456");
        call.Dialled.Should().Be("560001");
        call.HangupSource.Should().Be("PJSIP/trunk-000000a5");
        // README of the trace: 101 answered at 706 and transferred at 1747, 102 answered at 2155, the caller hung up at 3158.
        call.Legs.Should().HaveCount(3);
        Talk("PJSIP/101").Should().BeCloseTo(1040, 20);
        Talk("PJSIP/102").Should().BeCloseTo(1004, 20);

        int Talk(string device) => call.Legs.Single(l => l.Device == device).Talk_ms;
    }

    [Fact]
    public void The_labs_own_file_tells_of_the_fallback_and_of_withheld_numbers()
    {
        var calls = CelRows.OfFile("lab-fallback.csv");
        calls.Should().HaveCount(3).And.OnlyContain(c => c.AskedUs && c.Fallback && c.Direction == CallDirection.Inbound && c.Dialled == "+390294750001");
        calls.Select(c => (c.CallerNumber, c.Withheld)).Should().Equal(("+390212345678", false), ("", true), ("025551", false));
        calls[0].Legs.Single(l => l.Device == "PJSIP/110").Talk_ms.Should().BeCloseTo(1507, 10);
        calls[1].CallerName.Should().BeEmpty();
        calls[2].AnsweredAt.Should().BeNull("the phone rang and the caller gave up");
        calls[2].Cause.Should().Be(127);
    }

    [Fact]
    public void A_conversation_through_Local_channels_is_the_persons_and_the_Local_channels_are_no_legs()
    {
        var call = CelRows.Read(CelRows.Book("""
            0 START 1 PJSIP/trunk
            1 START 2 Local/101@q-1;1 1
            1 START 3 Local/101@q-1;2 1
            1 START 4 PJSIP/101 1
            3 ENTER 4 PJSIP/101 1 bridge=b1
            3 ENTER 3 Local/101@q-1;2 1 bridge=b1
            4 ENTER 2 Local/101@q-1;1 1 bridge=b2
            5 ENTER 1 PJSIP/trunk bridge=b2
            8 EXIT 3 Local/101@q-1;2 1
            9 END 1 PJSIP/trunk
            9 END 2 Local/101@q-1;1 1
            9 END 3 Local/101@q-1;2 1
            9 END 4 PJSIP/101 1
            """).Stories.Single())!;
        call.Legs.Select(l => (l.Device, l.Talk_ms)).Should().Equal(("PJSIP/trunk", 3000), ("PJSIP/101", 3000));
    }

    [Fact]
    public void Parked_is_no_talk_and_colleagues_among_themselves_are_an_internal_call()
    {
        var parked = CelRows.Read(CelRows.Book("0 START 1 PJSIP/trunk\n1 ENTER 1 PJSIP/trunk bridge=p tech=holding_bridge\n1 START 2 PJSIP/101 1\n2 ENTER 2 PJSIP/101 1 bridge=p tech=holding_bridge\n5 END 2 PJSIP/101 1\n6 END 1 PJSIP/trunk").Stories.Single())!;
        parked.Legs.Should().OnlyContain(l => l.Talk_ms == 0);
        var among = CelRows.Read(CelRows.Book("0 START 1 PJSIP/101 exten=102\n0 START 2 PJSIP/102 1 exten=s\n1 ENTER 2 PJSIP/102 1 bridge=b\n1 ENTER 1 PJSIP/101 bridge=b\n4 END 1 PJSIP/101\n4 END 2 PJSIP/102 1").Stories.Single())!;
        among.Direction.Should().Be(CallDirection.Internal);
        among.Legs.Should().OnlyContain(l => !l.IsClient && l.Talk_ms == 3000);
        var outside = CelRows.Read(CelRows.Book("0 START 1 PJSIP/101 exten=055512\n0 START 2 PJSIP/trunk 1 exten=s\n1 ENTER 2 PJSIP/trunk 1 bridge=b\n1 ENTER 1 PJSIP/101 bridge=b\n4 END 1 PJSIP/101\n4 END 2 PJSIP/trunk 1").Stories.Single())!;
        (outside.Direction, outside.Dialled).Should().Be((CallDirection.Outbound, "055512"));
    }

    [Fact]
    public void Linked_ids_that_share_a_channel_are_one_call_and_others_are_not()
    {
        var book = CelRows.Book("0 START 1 PJSIP/101\n1 START 2 PJSIP/trunk\n2 START 3 PJSIP/103\n3 ENTER 2 PJSIP/trunk 1 bridge=b\n4 END 1 PJSIP/101\n4 END 2 PJSIP/trunk 1");
        book.Stories.Should().HaveCount(2);
        book.Stories[0].Rows.Should().HaveCount(5);
        book.Stories[1].IsWhole.Should().BeFalse();
        book.Remove(book.Stories[0]);
        book.RowCount.Should().Be(1);
        book.Add(CelRows.Row("5 LINKEDID_END 1 PJSIP/101"), "", TimeSpan.Zero);
        book.Stories.Should().ContainSingle("a straggler of a call that was taken is none of its own");
    }

    [Fact]
    public void A_lower_channel_number_that_is_younger_shows_that_the_PBX_died_in_between()
    {
        var book = CelRows.Book("0 START 7 PJSIP/trunk\n0.2 START 6 PJSIP/trunk\n1 ENTER 7 PJSIP/trunk bridge=b");
        book.Stories.Should().OnlyContain(s => !s.IsCutOff, "rows of one moment may stand out of order");
        book.Add(CelRows.Row("9 START 9:0 PJSIP/trunk"), "", TimeSpan.Zero);
        book.Stories.Select(s => s.IsCutOff).Should().Equal(true, true, false);
        CelRows.Read(book.Stories[0])!.Should().BeEquivalentTo(new { CutOff = true, EndedAt = CelRows.Start.AddSeconds(1) });
        book.Add(CelRows.Row("20 START 20:1 PJSIP/trunk"), "", TimeSpan.Zero);
        book.Stories[2].IsCutOff.Should().BeFalse();
    }

    [Theory]
    [InlineData("\"CHAN_START\",\"1795822718.692456\"", "at least 9 columns, found 2")]
    [InlineData("\"1795822718.692456\",\"CHAN_START\",\"1.1\",\"1.1\",\"PJSIP/1-1\",\"s\",\"c\",\"\",\"\"", "an event name such as CHAN_START in column 1, found '1795822718.692456'")]
    [InlineData("\"CHAN_START\",\"2026-11-27 10:00:00\",\"1.1\",\"1.1\",\"PJSIP/1-1\",\"s\",\"c\",\"\",\"\"", "seconds since 1970 with microseconds in column 2 (no dateformat in cel.conf), found '2026-11-27 10:00:00'")]
    [InlineData("\"CHAN_START\",\"1795822718.692456\",\"PJSIP/1-1\",\"1.1\",\"1.1\",\"s\",\"c\",\"\",\"\"", "a unique id such as milan-1795822718.0 in column 3, found 'PJSIP/1-1'")]
    [InlineData("\"CHAN_START\",\"1795822718.692456\",\"1.1\",\"x\",\"PJSIP/1-1\",\"s\",\"c\",\"\",\"\"", "a linked id such as milan-1795822718.0 in column 4, found 'x'")]
    [InlineData("\"CHAN_START\",\"1795822718.692456\",\"1.1\",\"1.1\",\"800100\",\"s\",\"c\",\"\",\"\"", "a channel name such as PJSIP/101-00000001 in column 5, found '800100'")]
    public void A_line_in_another_order_is_told_by_what_was_expected(string line, string expected)
    {
        CelRow.Read(line, out var told).Should().BeNull();
        told.Should().Be(expected);
    }

    [Fact]
    public void Quotes_commas_and_rubbish_do_not_break_a_line()
    {
        var row = CelRow.Read("""
            "CHAN_START","1795822718.5","m-1.2","m-1.2","PJSIP/t-1","s","c","","","+39","Ann ""Q"", x","Dial"
            """.Trim(), out _)!;
        row.CallerName.Should().Be("Ann \"Q\", x");
        row.At.Should().Be(DateTimeOffset.FromUnixTimeMilliseconds(1_795_822_718_500));
        var random = new Random(27);
        for (var n = 0; n < 2_000; n++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(60)).Select(_ => "\",\\{}:ab1.-/\r "[random.Next(14)])]);
            CelRow.Read(text, out _).Should().BeNull(text);
        }
    }
}
