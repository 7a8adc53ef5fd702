using System.ComponentModel.DataAnnotations;

namespace CallCrm.CrmApi.Missed;

/// <summary>Section <c>Missed</c>: how missed callers are called back.</summary>
public sealed class MissedOptions
{
    public const string Section = "Missed";

    /// <summary>A claim ends so long after it was made, or after the claimer's last call to that client. 1 minute to 1 day, default 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan ClaimFor { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>A call-back is in time so soon after the miss. 1 minute to 1 day, default 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan CallBackWithin { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Days after which a miss leaves the list though nobody was reached. 1 to 90, default 14.</summary>
    [Range(1, 90)]
    public int ShowDays { get; set; } = 14;
}
