using CallCrm.Engine;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallFlow.Tests.Mailboxes;

/// <summary>Mailboxes as app_voicemail leaves them on disk.</summary>
public sealed class VoicemailSpoolTests : IDisposable
{
    readonly string root = Directory.CreateTempSubdirectory("callcrm-voicemail-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    VoicemailSpool Spool() => new(root, TimeProvider.System);

    /// <summary>As Asterisk 22 wrote it.</summary>
    string Write(string place, string name, long at = 1795917783, string channel = "PJSIP/trunk-00000002", string caller = "+393471110003", string duration = "2", string origin = "145")
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, place)).FullName;
        var file = Path.Combine(folder, name + ".txt");
        File.WriteAllText(file, $"""
            ;
            ; Message Information file
            ;
            [message]
            origmailbox={origin}
            context=lab-mailbox
            exten=9145
            rdnis=unknown
            priority=1
            callerchan={channel}
            callerid={caller}
            origdate=Sun Nov 29 02:03:03 AM UTC 2026
            origtime={at}
            category=
            msg_id={at}-00000001
            flag=
            duration={duration}

            """);
        File.WriteAllText(Path.ChangeExtension(file, ".wav"), channel);
        return file;
    }

    [Fact]
    public void A_message_is_read_with_who_left_it_when_and_where()
    {
        Write("default/145/INBOX", "msg0000", caller: "\"Rossi, Mario \\\"M\\\"\" <+393471110003>");
        Spool().Look().Values.Should().ContainSingle().Which.Should().BeEquivalentTo(new
        {
            Key = "1795917783 PJSIP/trunk-00000002",
            Mailbox = "145@default",
            State = MailboxState.New,
            Channel = "PJSIP/trunk-00000002",
            CallerNumber = "+393471110003",
            CallerName = "Rossi, Mario \"M\"",
            LeftAt = DateTimeOffset.FromUnixTimeSeconds(1795917783),
            Duration_s = 2,
        });
    }

    [Theory]
    [InlineData("Unknown", "")]
    [InlineData("0212345", "0212345")]
    [InlineData("\"\" <anonymous>", "anonymous")]
    public void A_caller_without_a_number_has_none(string caller, string number)
    {
        Write("default/145/INBOX", "msg0000", caller: caller);
        Spool().Look().Values.Single().CallerNumber.Should().Be(number);
    }

    [Theory]
    [InlineData("INBOX", MailboxState.New)]
    [InlineData("Urgent", MailboxState.New)]
    [InlineData("Old", MailboxState.Heard)]
    [InlineData("Cust3", MailboxState.Heard)]
    [InlineData("tmp", null)]
    [InlineData("Deleted", null)]
    public void What_lies_in_a_folder_is_new_or_heard_or_not_there(string folder, MailboxState? state)
    {
        Write($"default/145/{folder}", "msg0000");
        Spool().Look().Values.Select(m => (MailboxState?)m.State).Should().Equal(state is null ? [] : [state]);
    }

    [Fact]
    public void A_copy_in_a_second_mailbox_is_the_same_message_and_heard_when_one_of_them_is()
    {
        Write("default/145/INBOX", "msg0000");
        Write("default/146/Old", "msg0004");
        var spool = Spool();
        spool.Look().Values.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Mailbox = "145@default", State = MailboxState.Heard });
    }

    [Fact]
    public void A_mailbox_that_has_a_second_name_by_a_link_is_one()
    {
        Write("default/145/INBOX", "msg0000");
        Directory.CreateDirectory(Path.Combine(root, "custom"));
        Directory.CreateSymbolicLink(Path.Combine(root, "custom/145"), Path.Combine(root, "default/145"));
        Directory.CreateSymbolicLink(Path.Combine(root, "alias"), Path.Combine(root, "default"));
        Spool().Look().Values.Should().ContainSingle().Which.Mailbox.Should().Be("145@default");
    }

    [Fact]
    public void A_message_that_moves_or_is_renumbered_stays_the_same_one()
    {
        var (first, second) = (Write("default/145/INBOX", "msg0000"), Write("default/145/INBOX", "msg0001", at: 1795917799, channel: "PJSIP/trunk-00000007"));
        var spool = Spool();
        spool.Look().Should().HaveCount(2);
        // The first was deleted by phone: the second takes its number.
        File.Delete(first);
        File.Move(second, first);
        spool.Look().Keys.Should().Equal("1795917799 PJSIP/trunk-00000007");
        Directory.CreateDirectory(Path.Combine(root, "default/145/Old"));
        File.Move(first, Path.Combine(root, "default/145/Old/msg0000.txt"));
        spool.Look().Values.Should().ContainSingle().Which.State.Should().Be(MailboxState.Heard);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[message]\norigtime=soon\ncallerchan=PJSIP/1-1\nduration=2\n")]
    [InlineData("[message]\norigtime=1795917783\nduration=2\n")]
    [InlineData("[message]\norigtime=1795917783\ncallerchan=PJSIP/1-1\n")]
    [InlineData("[other]\norigtime=1795917783\ncallerchan=PJSIP/1-1\nduration=2\n")]
    [InlineData("[message]\norigtime=99999999999999999999\ncallerchan=PJSIP/1-1\nduration=2\n")]
    public void A_text_that_is_broken_is_named_and_hides_no_other(string text)
    {
        var good = Write("default/145/INBOX", "msg0001");
        var bad = Path.Combine(Path.GetDirectoryName(good)!, "msg0000.txt");
        File.WriteAllText(bad, text);
        var spool = Spool();
        spool.Look().Should().ContainSingle();
        spool.Broken.Should().ContainSingle().Which.Key.Should().Be(bad);
        spool.Broken[bad].Should().Contain("origtime");
        File.Delete(bad);
        spool.Look();
        spool.Broken.Should().BeEmpty();
    }

    [Fact]
    public void A_text_that_is_far_too_long_is_not_read()
    {
        Directory.CreateDirectory(Path.Combine(root, "default/145/INBOX"));
        File.WriteAllText(Path.Combine(root, "default/145/INBOX/msg0000.txt"), new string('x', 100_000));
        var spool = Spool();
        spool.Look().Should().BeEmpty();
        spool.Broken.Values.Should().ContainSingle().Which.Should().Contain("bytes");
    }

    [Fact]
    public void A_folder_that_is_not_there_says_nothing_of_its_messages()
    {
        var look = () => new VoicemailSpool(Path.Combine(root, "gone"), TimeProvider.System).Look();
        look.Should().Throw<IOException>();
    }

    [Fact]
    public void A_sound_is_given_only_while_the_text_beside_it_is_this_messages()
    {
        var file = Write("default/145/INBOX", "msg0000");
        var spool = Spool();
        var message = spool.Look().Values.Single();
        using (var sound = new StreamReader(spool.Open(message))) sound.ReadToEnd().Should().Be("PJSIP/trunk-00000002");

        // Renumbered between the look and the opening.
        Write("default/145/INBOX", "msg0000", at: 1795917799, channel: "PJSIP/trunk-00000007");
        var open = () => spool.Open(message);
        open.Should().Throw<IOException>().WithMessage($"*{file}*");
        File.Delete(Path.ChangeExtension(file, ".wav"));
        open.Should().Throw<IOException>();
    }

    [Theory]
    [InlineData(null, "127.0.0.1", VoicemailFolders.Default)]
    [InlineData(null, "10.0.0.9", null)]
    [InlineData("", "127.0.0.1", null)]
    [InlineData("/mnt/vm", "10.0.0.9", "/mnt/vm")]
    public void The_folder_is_the_one_that_is_set_or_where_Asterisk_keeps_it_on_this_machine(string? given, string host, string? path) =>
        VoicemailFolders.Of("pbx", given, host)?.Path.Should().Be(path);

    [Fact]
    public void Two_PBXs_do_not_share_a_folder()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Pbx:0:Node"] = "one",
            ["Pbx:1:Node"] = "two",
            ["Pbx:2:Node"] = "three",
            ["Pbx:2:VoicemailFolder"] = "/mnt/three",
        }).Build();
        VoicemailFolders.From(configuration).Select(f => (f.Node, f.Path, f.Named)).Should().Equal(("one", VoicemailFolders.Default, false), ("three", "/mnt/three", true));
    }
}
