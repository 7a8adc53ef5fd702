using System.Text;

namespace CallCrm.Telephony.Ami;

/// <summary>Says whether an event whose name is wanted is kept. Called by the reader: quick, no allocation, no side effect.</summary>
public delegate bool AmiEventPredicate(in AmiMessage message);

/// <summary>
/// Which events a client delivers; all others are skipped by the bytes of their first line, without a copy.
/// Filled before the client starts and not changed afterwards.
/// </summary>
public sealed class AmiEventFilter
{
    readonly Dictionary<string, AmiEventPredicate?> _wanted = new(StringComparer.OrdinalIgnoreCase);
    (byte[] Name, AmiEventPredicate? Keep)[][] _byLength = [];

    /// <summary>True when every event is wanted.</summary>
    public bool All { get; private init; }

    /// <summary>A filter that lets every event through.</summary>
    public static AmiEventFilter Everything() => new() { All = true };

    /// <summary>Names wanted.</summary>
    public IReadOnlyCollection<string> Names => _wanted.Keys;

    /// <summary>Adds events by name.</summary>
    public AmiEventFilter Want(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            _wanted[name] = null;
        Rebuild();
        return this;
    }

    /// <summary>Adds an event of which only some are kept.</summary>
    public AmiEventFilter Want(string name, AmiEventPredicate keep)
    {
        _wanted[name] = keep;
        Rebuild();
        return this;
    }

    /// <summary>Adds <c>VarSet</c>, of which only the settings of one variable are kept.</summary>
    public AmiEventFilter WantVariable(string variable)
    {
        var bytes = Encoding.UTF8.GetBytes(variable);
        return Want("VarSet", (in AmiMessage message) => message.Is("Variable"u8, bytes));
    }

    /// <summary>The same for several variables.</summary>
    public AmiEventFilter WantVariables(params ReadOnlySpan<string> variables)
    {
        var names = new byte[variables.Length][];
        for (var i = 0; i < names.Length; i++)
            names[i] = Encoding.UTF8.GetBytes(variables[i]);
        return Want("VarSet", (in AmiMessage message) =>
        {
            foreach (var name in names)
            {
                if (message.Is("Variable"u8, name))
                    return true;
            }

            return false;
        });
    }

    /// <summary>Looks an event name up by its bytes.</summary>
    internal bool IsWanted(ReadOnlySpan<byte> name, out AmiEventPredicate? keep)
    {
        keep = null;
        if (All)
            return true;
        if (name.Length >= _byLength.Length)
            return false;
        foreach (var (wanted, predicate) in _byLength[name.Length])
        {
            if (Ascii.EqualsIgnoreCase(name, wanted))
            {
                keep = predicate;
                return true;
            }
        }

        return false;
    }

    void Rebuild()
    {
        var entries = _wanted.Select(w => (Name: Encoding.UTF8.GetBytes(w.Key), Keep: w.Value)).ToArray();
        _byLength = Enumerable.Range(0, entries.Max(e => e.Name.Length) + 1)
            .Select(length => entries.Where(e => e.Name.Length == length).ToArray()).ToArray();
    }
}
