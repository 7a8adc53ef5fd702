using CallCrm.CallFlow;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Pbx;

/// <summary>A number and the digits that this PBX dials for it, by <see cref="PbxOptions.DialAs"/> and <see cref="PbxOptions.DialPrefix"/>.</summary>
static class DialNumber
{
    /// <summary>What to dial; own extensions as they are.</summary>
    public static string Of(PhoneNumber number, PbxOptions pbx) => number.E164 is not { } e164 ? number.Raw : pbx.DialPrefix + pbx.DialAs switch
    {
        DialForm.International => "00" + e164[1..],
        DialForm.National => PhoneNumbers.DialledFrom(e164, pbx.Region),
        _ => e164,
    };

    /// <summary>What somebody dialled on a phone; null when it is no number of the outside.</summary>
    public static PhoneNumber? Read(string dialled, PbxOptions pbx)
    {
        var number = pbx.DialPrefix.Length > 0 && dialled.StartsWith(pbx.DialPrefix, StringComparison.Ordinal) ? dialled[pbx.DialPrefix.Length..] : dialled;
        return PhoneNumbers.ToE164(number, pbx.Region) is { } e164 ? new PhoneNumber(dialled, NumberKind.E164, e164) : null;
    }
}
