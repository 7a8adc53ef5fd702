using System.ComponentModel.DataAnnotations;

namespace CallCrm.CallRouter;

/// <summary>The router's own settings, section <c>Router</c>.</summary>
public sealed class RouterOptions : IValidatableObject
{
    public const string Section = "Router";

    /// <summary>The routing domain this router serves: the queues and agents that share work. Default "main".</summary>
    [Required, RegularExpression("^[a-z0-9-]{1,40}$")]
    public string Domain { get; set; } = "main";

    /// <summary>Address the FastAGI server listens on. Default loopback; another one must be named.</summary>
    [Required]
    public string AgiAddress { get; set; } = "127.0.0.1";

    /// <summary>TCP port of the FastAGI server, 0 = any free one. Default 4573.</summary>
    [Range(0, 65535)]
    public int AgiPort { get; set; } = 4573;

    /// <summary>Where CrmApi reaches this router's internal endpoints; written into the domain's row. Null = the host's first own address.</summary>
    public string? InternalUrl { get; set; }

    /// <summary>Shared secret of CrmApi and router, at least 16 characters.</summary>
    [MinLength(16, ErrorMessage = "Router:InternalKey: expected at least 16 characters, the same as the pages' server has")]
    public string InternalKey { get; set; } = "";

    /// <summary>How long the PBX's answer waits for the painted pop. 0 to 1 s, default 150 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01", ErrorMessage = "Router:PopLead: expected 00:00:00 to 00:00:01")]
    public TimeSpan PopLead { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>A look-up later than this routes without identity. 10 ms to 30 s, default 300 ms; the snippet's dialplan waits 2 s in all, so a second is much.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:30", ErrorMessage = "Router:LookupTimeout: expected 00:00:00.010 to 00:00:30")]
    public TimeSpan LookupTimeout { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>So long the holder of an extension may say no to an agent who wants it. 5 s to 5 min, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:05:00")]
    public TimeSpan SeatAnswerWithin { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Agents may become ready at a phone that is not registered, if they say so. Default false.</summary>
    public bool ReadyWithoutPhone { get; set; }

    /// <summary>Numbers whose clients are remembered for when the database is slow or away. 0 to 1,000,000 (about 500 bytes each), default 20,000.</summary>
    [Range(0, 1_000_000)]
    public int MemoryNumbers { get; set; } = 20_000;

    /// <summary>Entries that the database has not taken within this are put on disk. 10 ms to 30 s, default 150 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:30", ErrorMessage = "Router:CommitTimeout: expected 00:00:00.010 to 00:00:30")]
    public TimeSpan CommitTimeout { get; set; } = TimeSpan.FromMilliseconds(150);

    /// <summary>Folder of the spill (entries that the database could not take). Default: "spill" in the data folder.</summary>
    public string? SpillFolder { get; set; }

    /// <summary>Whether every input of the engine is kept for <c>callcrm replay</c>. Default true.</summary>
    public bool FlightEnabled { get; set; } = true;

    /// <summary>Folder of the flight recorder's files. Default: "flight" in the data folder.</summary>
    public string? FlightFolder { get; set; }

    /// <summary>A new file begins when the running one is larger. 1 to 1,024 MB, default 64.</summary>
    [Range(1, 1024)]
    public int FlightFileMegabytes { get; set; } = 64;

    /// <summary>A new file begins when the running one is older. 1 to 1,440 min, default 240.</summary>
    [Range(1, 1440)]
    public int FlightFileMinutes { get; set; } = 240;

    /// <summary>Older files are deleted. 1 to 366 days, default 7.</summary>
    [Range(1, 366)]
    public int FlightKeepDays { get; set; } = 7;

    /// <summary>The oldest files are deleted above this, the running one included. 2 to 1,048,576 MB, default 2,048.</summary>
    [Range(2, 1 << 20)]
    public int FlightTotalMegabytes { get; set; } = 2048;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!System.Net.IPAddress.TryParse(AgiAddress, out _))
            yield return new ValidationResult($"Router:AgiAddress is '{AgiAddress}': expected an IP address of this machine, such as 0.0.0.0 for all of them.", [nameof(AgiAddress)]);
        if (FlightTotalMegabytes < FlightFileMegabytes * 2)
            yield return new ValidationResult($"Router:FlightTotalMegabytes ({FlightTotalMegabytes}) must hold at least two files of Router:FlightFileMegabytes ({FlightFileMegabytes}).", [nameof(FlightTotalMegabytes)]);
    }
}

/// <summary>What a PBX wants dialled.</summary>
public enum DialForm { E164, International, National }

/// <summary>One PBX, an element of section <c>Pbx</c>.</summary>
public sealed class PbxOptions
{
    public const string Section = "Pbx";

    /// <summary>Its name with us; equal to the PBX's <c>systemname</c> where one is set.</summary>
    [Required, RegularExpression("^[A-Za-z0-9_.-]{1,40}$")]
    public string Node { get; set; } = "";

    /// <summary>Host of the AMI, and the only peer the FastAGI server serves for this PBX.</summary>
    [Required]
    public string Host { get; set; } = "127.0.0.1";

    /// <summary>TCP port of the AMI. Default 5038 (5039 with TLS).</summary>
    [Range(1, 65535)]
    public int AmiPort { get; set; } = 5038;

    [Required]
    public string User { get; set; } = "callcrm";

    /// <summary>AMI secret; from the environment or a file outside the repository.</summary>
    [Required]
    public string Secret { get; set; } = "";

    /// <summary>AMI over TLS. Default false.</summary>
    public bool Tls { get; set; }

    /// <summary>SHA-256 thumbprint of a self-made certificate that is to be trusted; null = the system's trust.</summary>
    public string? TlsThumbprint { get; set; }

    /// <summary>Devices behind which the outside world is, e.g. <c>PJSIP/trunk</c>.</summary>
    public string[] TrunkEndpoints { get; set; } = [];

    /// <summary>Where this PBX's recordings arrive, as a folder of the recorder's machine; null = nothing is taken in from it.</summary>
    public string? RecordingFolder { get; set; }

    /// <summary>
    /// The PBX's voicemail folder as this machine sees it: messages in its mailboxes come from it. Empty = none. Default /var/spool/asterisk/voicemail, where
    /// the PBX runs on this machine.
    /// </summary>
    public string? VoicemailFolder { get; set; }

    /// <summary>The PBX's CEL file as this machine sees it (deploy/asterisk, "CEL"): calls that nobody watched come from it; null = they do not.</summary>
    public string? CelFile { get; set; }

    /// <summary>Region of numbers without a country code, ISO 3166-1 alpha-2. Default IT.</summary>
    [Required, RegularExpression("^[A-Z]{2}$")]
    public string Region { get; set; } = "IT";

    /// <summary>
    /// How numbers are dialled from the page: E164 (<c>+390212345678</c>), International (<c>00390212345678</c>) or National (as within
    /// <see cref="Region"/>: <c>0212345678</c>, others as from there: <c>004420…</c>). Default E164.
    /// </summary>
    public DialForm DialAs { get; set; }

    /// <summary>Digits before it that take an outside line, at most 5, e.g. <c>0</c>. Default none.</summary>
    [RegularExpression("^[0-9*#]{0,5}$")]
    public string DialPrefix { get; set; } = "";

    /// <summary>Queue (by name) for dialled numbers that no row names; null = the dialplan's fallback.</summary>
    public string? DefaultQueue { get; set; }
}
