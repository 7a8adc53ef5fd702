using System.ComponentModel.DataAnnotations;

namespace CallCrm.Recorder;

/// <summary>Section <c>Recorder</c>. The folders of section <c>Pbx</c> (<c>RecordingFolder</c>) are watched as well.</summary>
public sealed class RecorderOptions
{
    public const string Section = "Recorder";

    /// <summary>Folders where PBXs leave recordings, beside those named under <c>Pbx</c>. Default none.</summary>
    public IList<string> Incoming { get; } = [];

    /// <summary>Where finished recordings are stored. Default: <c>recordings</c> in the data folder.</summary>
    public string StoreFolder { get; set; } = "";

    /// <summary>How often the folders are looked at. 100 ms to 1 min, default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A pair without <c>.done</c> is taken when its files have not changed for this long and the call has ended. A call where
    /// neither side sends sound writes nothing, so silence alone is no sign of an end. 1 s to 10 min, default 10 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan QuietTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The same for a pair whose call is not known here: it may still be going on. 1 s to 1 day, default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan UnknownQuietTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A recorded call without files this long after its end, and after the start of the host, is shown as missing; files that come later are still taken. 1 s to 7 days, default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan MissingAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long the PBX's own files are kept, in the folder <c>taken</c> beside where they lay, once the recording is safely stored.
    /// 0 deletes them at once. 0 to 365 days, default 7 days.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan KeepOriginals { get; set; } = TimeSpan.FromDays(7);

    /// <summary>ffmpeg's time for one start; a recording that takes longer by itself is shown as broken. 1 s to 1 h, default 10 min (an hour of talk takes about 12 s of one core).</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan TranscodeTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The ffmpeg program. Default <c>ffmpeg</c>, found by PATH.</summary>
    [Required]
    public string Ffmpeg { get; set; } = "ffmpeg";

    /// <summary>Bits a second of both sides together. 12,000 to 128,000, default 32,000 (14 MB an hour).</summary>
    [Range(12_000, 128_000)]
    public int BitRate { get; set; } = 32_000;
}
