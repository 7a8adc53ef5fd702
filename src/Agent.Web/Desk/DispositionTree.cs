using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>The catalog's dispositions, as far as they can be given to calls of a queue and a campaign.</summary>
sealed class DispositionTree(IReadOnlyList<DispositionView> all, Guid? queue, string? campaign = null)
{
    public DispositionView? Find(string code) => all.FirstOrDefault(d => d.Code == code);

    /// <summary>In order; a branch without anything to give is not there.</summary>
    public IReadOnlyList<DispositionView> Below(string? branch) => [.. all.Where(d => d.Parent == branch && Fits(d) && (!d.Group || Below(d.Code).Count > 0))];

    bool Fits(DispositionView disposition) => (queue is not { } of || disposition.Queues is not { Count: > 0 } only || only.Contains(of))
        && (disposition.Campaigns is not { Count: > 0 } some || (campaign is not null && some.Contains(campaign)));
}
