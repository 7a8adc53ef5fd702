using System.ComponentModel.DataAnnotations;

namespace CallCrm.CallFlow.Backup;

/// <summary>Section <c>Backup</c>.</summary>
public sealed class BackupOptions
{
    public const string Section = "Backup";

    /// <summary>Administrators are warned when the last backup is older. 0 = never; at most 365 days, default 26 hours; in the demo 0.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan WarnAfter { get; set; } = TimeSpan.FromHours(26);
}
