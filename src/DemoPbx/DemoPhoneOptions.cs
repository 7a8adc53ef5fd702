using System.ComponentModel.DataAnnotations;

namespace CallCrm.DemoPbx;

/// <summary>What a phone does when it is called.</summary>
public enum DemoPhoneBehaviour
{
    /// <summary>Rings; answers by itself after a delay if one is set, else by command.</summary>
    Ring,

    /// <summary>Answers 486 Busy Here at once.</summary>
    Busy,

    /// <summary>Answers 480 Temporarily Unavailable at once (do not disturb).</summary>
    DoNotDisturb,

    /// <summary>Answers 603 Decline at once.</summary>
    Decline,

    /// <summary>Lost its power: registered still, never answers the INVITE, so it does not even ring.</summary>
    Vanished,
}

/// <summary>One phone of the demo PBX.</summary>
public sealed class DemoPhoneOptions
{
    /// <summary>Device name, for example <c>PJSIP/101</c>.</summary>
    [RegularExpression("^[A-Za-z0-9]+/[A-Za-z0-9_.-]{1,64}$")]
    public string Name { get; set; } = "";

    /// <summary>Display name; empty: the extension.</summary>
    public string Display { get; set; } = "";

    /// <summary>Registered at the start.</summary>
    public bool Registered { get; set; } = true;

    /// <summary>What it does when it is called.</summary>
    public DemoPhoneBehaviour Behaviour { get; set; }

    /// <summary>Answers by itself not before this; null: answered by command only.</summary>
    public TimeSpan? AnswerAfterMin { get; set; }

    /// <summary>Answers by itself not later than this; null: exactly at <see cref="AnswerAfterMin"/>.</summary>
    public TimeSpan? AnswerAfterMax { get; set; }

    /// <summary>Talks at least this long, then one of the two sides hangs up; null: nobody hangs up by itself.</summary>
    public TimeSpan? TalkMin { get; set; }

    /// <summary>Talks at most this long.</summary>
    public TimeSpan? TalkMax { get; set; }
}
