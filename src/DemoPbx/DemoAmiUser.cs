using System.ComponentModel.DataAnnotations;

namespace CallCrm.DemoPbx;

/// <summary>One AMI account, as in manager.conf.</summary>
public sealed class DemoAmiUser
{
    /// <summary>User name.</summary>
    [Required]
    public string Name { get; set; } = "";

    /// <summary>Secret; an account without one cannot log in.</summary>
    public string Secret { get; set; } = "";

    /// <summary>Event classes the account reads, comma separated (<c>all</c>, <c>system,call,…</c>).</summary>
    public string Read { get; set; } = "all";

    /// <summary>Action classes the account may use.</summary>
    public string Write { get; set; } = "all";
}
