using System.ComponentModel.DataAnnotations;

namespace CallCrm.DemoPbx;

/// <summary>The load generator: callers as a small company has them.</summary>
public sealed class DemoTrafficOptions
{
    /// <summary>Whether calls are made at all.</summary>
    public bool Enabled { get; set; }

    /// <summary>Mean time between two calls; each gap is between half and one and a half of it.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Share of callers who give up while they wait, 0 to 100.</summary>
    [Range(0, 100)]
    public int GiveUpPercent { get; set; } = 15;

    /// <summary>Share of callers with a number nobody knows, 0 to 100.</summary>
    [Range(0, 100)]
    public int NewCallerPercent { get; set; } = 30;

    /// <summary>Numbers that are called.</summary>
    public IList<string> DialledNumbers { get; set; } = [];

    /// <summary>Numbers of known callers; <see cref="DemoTraffic.KnownCaller"/> goes before it.</summary>
    public IList<string> KnownCallers { get; set; } = [];

    /// <summary>Prefixes new callers' numbers start with, before seven random digits.</summary>
    public IList<string> NewCallerPrefixes { get; set; } = ["+39347", "+39335", "+44771", "+7916"];

    /// <summary>At most so many generated calls are alive at once.</summary>
    [Range(1, 1000)]
    public int MaxCalls { get; set; } = 12;
}
