using System.ComponentModel.DataAnnotations;

namespace CallCrm.CrmApi;

/// <summary>Section <c>Site</c>: where the people work.</summary>
public sealed class SiteOptions
{
    public const string Section = "Site";

    /// <summary>IANA zone in which "today" begins and ends. Default Europe/Rome.</summary>
    [Required]
    public string TimeZone { get; set; } = "Europe/Rome";

    /// <summary>ISO 3166 letters: how numbers typed without a country code are read. Default: the first PBX's, else IT.</summary>
    [RegularExpression("^[A-Z]{2}$")]
    public string Region { get; set; } = "IT";

    /// <summary>Supervisors listening to live calls: Shown (the agent sees who listens, default), Hidden (the agent is not told; check what your law allows), or Off.</summary>
    [EnumDataType(typeof(Listening))]
    public Listening Listening { get; set; } = Listening.Shown;

    /// <summary>What agents say as the company's name. Default empty.</summary>
    public string CompanyName { get; set; } = "";
}

public enum Listening { Shown, Hidden, Off }

/// <summary>The site's day.</summary>
internal sealed class SiteClock(Microsoft.Extensions.Options.IOptions<SiteOptions> options, TimeProvider time)
{
    readonly TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(options.Value.TimeZone);

    public DateTimeOffset Now => time.GetUtcNow();

    public DateTimeOffset LocalNow => TimeZoneInfo.ConvertTime(time.GetUtcNow(), zone);

    public string ZoneId => zone.Id;

    public DateOnly Today => DateOnly.FromDateTime(LocalNow.DateTime);

    public TimeZoneInfo Zone => zone;

    public DateTime Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, zone).DateTime;

    /// <summary>When today began here.</summary>
    public DateTimeOffset DayStart => StartOf(Today, zone);

    /// <summary>The first moment of a day here.</summary>
    public DateTimeOffset? Begins(DateOnly? day) => day is { } date ? StartOf(date, zone) : null;

    /// <summary>
    /// The first moment of a day. Where midnight does not exist (a clock change at 0:00) the first moment after it, where it comes twice the first.
    /// </summary>
    public static DateTimeOffset StartOf(DateOnly day, TimeZoneInfo zone)
    {
        var midnight = day.ToDateTime(TimeOnly.MinValue);
        while (zone.IsInvalidTime(midnight)) midnight = midnight.AddMinutes(15);
        var offset = zone.IsAmbiguousTime(midnight) ? zone.GetAmbiguousTimeOffsets(midnight).Max() : zone.GetUtcOffset(midnight);
        return new DateTimeOffset(midnight, offset).ToUniversalTime();
    }
}
