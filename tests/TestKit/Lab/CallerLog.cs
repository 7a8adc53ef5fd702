namespace CallCrm.TestKit.Lab;

/// <summary>A call as its caller lived it, by sipp's own log.</summary>
/// <param name="AnsweredAtSeconds">The 200: an agent's, the hold music's or the fallback's.</param>
/// <param name="End">left (the other side hung up), hung-up, gave-up, refused; null: it ended otherwise, as when the PBX went down.</param>
public sealed record CallerLog(string Number, double InvitedAtSeconds, double? AnsweredAtSeconds, string? End, double? EndedAtSeconds)
{
    static readonly string[] s_ends = ["left", "hung-up", "gave-up", "refused"];

    public static IReadOnlyList<CallerLog> Of(IEnumerable<LabStep> steps) =>
    [
        .. steps.GroupBy(s => s.SipCallId, StringComparer.Ordinal).Where(g => g.Any(s => s.What == "invite")).Select(g =>
        {
            var invite = g.First(s => s.What == "invite");
            var end = g.FirstOrDefault(s => s_ends.Contains(s.What));
            return new CallerLog(invite.Rest.Trim(), invite.AtSeconds, g.FirstOrDefault(s => s.What == "answered")?.AtSeconds, end?.What, end?.AtSeconds);
        }),
    ];
}
