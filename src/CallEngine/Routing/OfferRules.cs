namespace CallCrm.Engine;

/// <summary>How a ring ended, from what the PBX says about it.</summary>
internal static class OfferRules
{
    public static OfferOutcome OutcomeOf(DialResult? result, Offer offer, Call call) => result switch
    {
        DialResult.Answered => OfferOutcome.Answered,
        // Not one 180 although AMI was listening: the phone is not there (trace 08c).
        DialResult.NoAnswer => offer is { Rang: false, DialBegan: not null } ? OfferOutcome.Unreachable : OfferOutcome.NoAnswer,
        DialResult.Busy => OfferOutcome.Busy,
        DialResult.DoNotDisturb => OfferOutcome.DoNotDisturb,
        DialResult.Declined => OfferOutcome.Declined,
        DialResult.AnsweredElsewhere => OfferOutcome.AnsweredElsewhere,
        // CHANUNAVAIL of a phone that rang can only be a 603.
        DialResult.Unreachable when offer.Rang => OfferOutcome.Declined,
        DialResult.Congestion or DialResult.Unreachable => OfferOutcome.Unreachable,
        DialResult.Cancelled => call.Redirect is null ? call.GivenUp : OfferOutcome.Cancelled,
        _ => OfferOutcome.Cancelled,
    };

    /// <summary>From the hang-up of the dialled leg alone (README of the traces, hangup causes).</summary>
    public static DialResult? ResultOf(int cause, int? techCause) => (cause, techCause) switch
    {
        (26, _) => DialResult.AnsweredElsewhere,
        (_, 486) or (17, _) => DialResult.Busy,
        (_, 480) or (19, _) => DialResult.DoNotDisturb,
        (_, 603) or (21, _) => DialResult.Declined,
        _ => null,
    };
}

internal static class ChannelNames
{
    /// <summary><c>PJSIP/trunk-0000001a</c> → <c>PJSIP/trunk</c>.</summary>
    public static string Device(string channelName)
    {
        var end = channelName.LastIndexOf('-');
        return end > 0 ? channelName[..end] : channelName;
    }
}
