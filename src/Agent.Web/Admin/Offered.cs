using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Admin;

/// <summary>What can be chosen from a list: nothing that was put away, but what is chosen already stays to be seen.</summary>
static class Offered
{
    public static IEnumerable<NamedCode> Of(IEnumerable<NamedCode>? list, string? chosen = null) => (list ?? []).Where(i => !i.Retired || i.Code == chosen);

    public static IEnumerable<DealTypeView> Of(IEnumerable<DealTypeView>? list, string? chosen = null) => (list ?? []).Where(t => !t.Retired || t.Code == chosen);
}
