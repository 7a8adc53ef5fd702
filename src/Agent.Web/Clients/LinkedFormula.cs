using System.Text.RegularExpressions;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Clients;

/// <summary>Whether a field is calculated from what links lead to: such values show on a card to those who may see what they come from; lists ask for them only where all clients and deals are seen.</summary>
static partial class LinkedFormula
{
    public static bool Is(ClientFieldView field, IReadOnlyList<ClientFieldView> all)
    {
        if (field.Expression is not { } formula) return false;
        var names = Own().Matches(formula);
        return names.Any(n => n.Groups["further"].Success) || all.Any(f => f.Kind == "calculated" && f != field && names.Any(n => n.Groups["code"].Value.Equals(f.Code, StringComparison.OrdinalIgnoreCase)) && Is(f, all));
    }

    [GeneratedRegex(@"custom\.(?<code>[a-z0-9_]+)(?<further>\.[a-z])?", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Own();
}
