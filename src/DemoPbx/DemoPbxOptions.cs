using System.ComponentModel.DataAnnotations;

namespace CallCrm.DemoPbx;

/// <summary>Settings of the demo PBX (configuration section <c>DemoPbx</c>).</summary>
public sealed class DemoPbxOptions
{
    /// <summary>The configuration section these options are bound from.</summary>
    public const string Section = "DemoPbx";

    /// <summary>Whether the hosted service starts the PBX at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The system name (Asterisk's <c>systemname</c>): prefix of every Uniqueid, <c>SystemName:</c> of every event.</summary>
    [RegularExpression("^[A-Za-z0-9_-]{1,32}$")]
    public string Node { get; set; } = "demo";

    /// <summary>Address the AMI port listens on. Anything but loopback needs <see cref="AllowRemote"/> as well.</summary>
    public string ListenAddress { get; set; } = "127.0.0.1";

    /// <summary>Allows a <see cref="ListenAddress"/> that other machines can reach.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>AMI port, 0 to 65535; 0 takes a free one (see <see cref="DemoPbxServer.AmiPort"/>).</summary>
    [Range(0, 65535)]
    public int AmiPort { get; set; } = 5038;

    /// <summary>Where the dialplan asks for a route: <c>agi://host:port/script</c>.</summary>
    public string AgiAddress { get; set; } = "agi://127.0.0.1:4573/route";

    /// <summary>Absolute time-out of the channel while the router thinks; then the fallback takes the caller.</summary>
    public TimeSpan AgiTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Channel variables repeated in every event that shows a channel (<c>channelvars</c> of manager.conf).</summary>
    public IList<string> ChannelVariables { get; set; } = ["CALLCRM_CALLID", "CALLERID(num-pres)"];

    /// <summary>AMI accounts. Without one nobody can log in.</summary>
    public IList<DemoAmiUser> Users { get; set; } = [];

    /// <summary>The phones. Empty means <see cref="StandardPhones"/>.</summary>
    public IList<DemoPhoneOptions> Phones { get; set; } = [];

    /// <summary>Endpoint callers come in by and customers are called by.</summary>
    [RegularExpression("^[A-Za-z0-9]+/[A-Za-z0-9_.-]{1,64}$")]
    public string Trunk { get; set; } = "PJSIP/trunk";

    /// <summary>Phone the site's own <c>callcrm-fallback</c> rings; empty: a message is played, then the call ends.</summary>
    public string? FallbackDevice { get; set; }

    /// <summary>How long the fallback phone rings.</summary>
    public TimeSpan FallbackRing { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Length of a played message.</summary>
    public TimeSpan PlayTime { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a caller speaks who is asked for a message.</summary>
    public TimeSpan MessageTime { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>Dialplan targets <c>goto</c> can reach, as <c>context,exten,priority-or-label</c>; each plays a message and hangs up.</summary>
    public IList<string> Destinations { get; set; } = ["voicemail,s,1"];

    /// <summary>Contexts Originate may send an answered phone to; each calls the extension as a number on the trunk, or the phone that has it.</summary>
    public IList<string> OutboundContexts { get; set; } = ["callcrm-out", "callcrm-click"];

    /// <summary>How long a called customer's phone rings before the customer answers.</summary>
    public TimeSpan CustomerAnswersAfter { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a called customer talks before hanging up; null: for ever.</summary>
    public TimeSpan? CustomerTalksFor { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a called customer's phone rings at most.</summary>
    public TimeSpan CustomerRing { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Of a hundred called customers so many are busy.</summary>
    [Range(0, 100)]
    public int CustomerBusyPercent { get; set; }

    /// <summary>Of a hundred called customers so many do not answer.</summary>
    [Range(0, 100)]
    public int CustomerAbsentPercent { get; set; }

    /// <summary>What the other called customers do.</summary>
    public DemoPhoneBehaviour CustomerBehaviour { get; set; }

    /// <summary>Folder the recordings are written to; empty: nothing is recorded.</summary>
    public string? RecordingFolder { get; set; }

    /// <summary>Folder that keeps the synthesised voices between runs; empty: made anew at each start.</summary>
    public string? VoiceFolder { get; set; }

    /// <summary>Seed of everything that looks like chance, so that a run can be repeated.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>An AMI client that takes nothing for this long is cut (<c>writetimeout</c>).</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes kept for one AMI client before it is cut (about what Asterisk's socket buffers hold).</summary>
    public int WriteBacklog_bytes { get; set; } = 3_500_000;

    /// <summary>An AMI client that has not logged in after this is cut (<c>authtimeout</c>).</summary>
    public TimeSpan LoginTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The load generator.</summary>
    public DemoTrafficOptions Traffic { get; set; } = new();

    /// <summary>Six phones that answer by themselves and PJSIP/110 for the person at the browser.</summary>
    public static IReadOnlyList<DemoPhoneOptions> StandardPhones() =>
    [
        .. Enumerable.Range(101, 6).Select(number => new DemoPhoneOptions
        {
            Name = $"PJSIP/{number}",
            Display = $"Agent {number}",
            AnswerAfterMin = TimeSpan.FromSeconds(2),
            AnswerAfterMax = TimeSpan.FromSeconds(6),
            TalkMin = TimeSpan.FromSeconds(20),
            TalkMax = TimeSpan.FromSeconds(90),
        }),
        new DemoPhoneOptions { Name = "PJSIP/110", Display = "Agent 110" },
    ];
}
