using System.ComponentModel.DataAnnotations;

namespace CallCrm.CrmApi.Scripts;

/// <summary>Section <c>Scripts</c>.</summary>
public sealed class ScriptsOptions
{
    public const string Section = "Scripts";

    public const string DefaultFolder = "scripts-library";

    /// <summary>Folder of the script library, one <c>*.yaml</c> file per script; relative to the content root. Default, also when empty: <c>scripts-library</c>.</summary>
    public string Folder { get; set; } = DefaultFolder;

    /// <summary>
    /// Folder where every version that was ever in use is kept, so that a call keeps its version, and a broken file its last
    /// good one, over a restart. Default: <c>script-versions</c> in <c>CallCrm:DataFolder</c>; without a data folder they are kept in memory only.
    /// </summary>
    public string? HistoryFolder { get; set; }

    /// <summary>How often the folder is looked at, beside the file system's own notices, which some mounts never send. 1 s to 1 h, default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Rest after a notice before the file is read, so that an editor has finished writing. 0 to 10 s, default 150 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan SettleTime { get; set; } = TimeSpan.FromMilliseconds(150);
}
