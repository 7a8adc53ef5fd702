using System.ComponentModel.DataAnnotations;

namespace CallCrm.Recorder.Transcripts;

/// <summary>Section <c>Transcripts</c>: recordings are written down by whisper.cpp. Off while no model is set.</summary>
public sealed class TranscriptOptions
{
    public const string Section = "Transcripts";

    /// <summary>
    /// whisper.cpp's <c>whisper-cli</c>: a program found by PATH, a path, or a command with arguments, parted by spaces (a file whose whole name has spaces is taken
    /// as it is). It runs as a process of its own, in a folder that holds what it is to read and to write. Default <c>whisper-cli</c>.
    /// </summary>
    [Required]
    public string Program { get; set; } = "whisper-cli";

    /// <summary>The model file (<c>ggml-*.bin</c>), as the program sees it. Default empty: nothing is written down.</summary>
    public string Model { get; set; } = "";

    /// <summary>
    /// <c>auto</c>: the client's language, else the dialled number's, else what the program hears. <c>detect</c>: always what it hears. Or one for all, two small
    /// letters such as <c>it</c>. Default <c>auto</c>.
    /// </summary>
    [RegularExpression("auto|detect|[a-z]{2,3}", ErrorMessage = "Language: expected auto, detect, or a language such as it.")]
    public string Language { get; set; } = "auto";

    /// <summary>Threads of the program. 1 to 64, default 2.</summary>
    [Range(1, 64)]
    public int Threads { get; set; } = 2;

    /// <summary>A longer recording is not written down. 1 min to 1 day, default 2 h.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan Longest { get; set; } = TimeSpan.FromHours(2);

    /// <summary>The program's time per minute of sound and side, never less than a minute in all. 1 s to 1 h, default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan TimeoutPerMinute { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often one recording is tried before it needs somebody who asks for it. 1 to 20, default 4.</summary>
    [Range(1, 20)]
    public int Attempts { get; set; } = 4;

    /// <summary>Rest after a first failure; it doubles with each further one, up to 6 h. 1 s to 6 h, default 2 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")]
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How old a recording may be that is written down by itself, when transcripts were off until now. 0 to 3,650 days, default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan Back { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often new recordings are looked for. 100 ms to 1 min, default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Where one side's sound and the program's answer lie while it works. Default: <c>tmp/transcript</c> in the store of recordings.</summary>
    public string WorkFolder { get; set; } = "";

    internal bool IsOn => !string.IsNullOrWhiteSpace(Model);

    /// <summary>As people know it: the file's name without what all of them have.</summary>
    internal string ModelName => Path.GetFileNameWithoutExtension(Model.Trim()) is var name && name.StartsWith("ggml-", StringComparison.Ordinal) ? name["ggml-".Length..] : name;
}
