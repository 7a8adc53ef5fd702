using System.Collections.Frozen;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;

namespace CallCrm.CallRouter;

/// <summary>Whether this process holds the domain now, and what it may answer with.</summary>
sealed class RouterSeat : IExtensions
{
    volatile DomainSession? _current;
    volatile FrozenSet<string> _extensions = FrozenSet<string>.Empty;

    public DomainSession? Current => _current;

    public void Take(DomainSession session, EngineSettings settings)
    {
        _extensions = settings.Extensions.Select(e => e.Number).ToFrozenSet(StringComparer.Ordinal);
        _current = session;
    }

    public void Leave() => _current = null;

    public bool Contains(string number) => _extensions.Contains(number);
}
