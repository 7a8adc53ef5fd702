using System.Collections.Frozen;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Hiding;

namespace CallCrm.CrmApi.Tests.Host;

/// <summary>What is beside the point of a test.</summary>
static class Some
{
    /// <summary>A builtin role's rights as the catalog has them.</summary>
    public static Grants Grants(Guid person, string role) =>
        new(new RoleRights(role, role, RightCatalog.All.Where(r => r.Defaults.ContainsKey(role)).ToFrozenDictionary(r => r.Code, r => r.Defaults[role]), Veil.None, role), person, []);
}
