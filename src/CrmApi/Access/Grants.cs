using System.Collections.Frozen;
using CallCrm.CrmApi.Hiding;

namespace CallCrm.CrmApi.Access;

/// <summary>Whose things a right reaches.</summary>
internal sealed class Reach
{
    Reach(Guid[]? people) => People = people;

    /// <summary>For SQL: null is everyone's, also what is in nobody's name.</summary>
    public Guid[]? People { get; }

    public static Reach Everyone { get; } = new(null);

    public static Reach Nobody { get; } = new([]);

    public bool IsEveryone => People is null;

    public static Reach Of(params Guid[] people) => new(people);

    /// <param name="person">Null: what is in nobody's name.</param>
    public bool Includes(Guid? person) => People is null || (person is { } id && Array.IndexOf(People, id) >= 0);

    public bool Overlaps(IEnumerable<Guid> people) => People is null || people.Any(p => Array.IndexOf(People, p) >= 0);

    /// <summary>What both reach.</summary>
    public Reach And(Reach other) => People is null ? other : other.People is null ? this : new Reach([.. People.Where(p => Array.IndexOf(other.People, p) >= 0)]);

    public Reach With(Guid person) => Includes(person) ? this : new Reach([.. People!, person]);
}

/// <summary>A role's rights; immutable.</summary>
/// <param name="Key">The same for the same rights.</param>
/// <param name="Model">The builtin role it comes from.</param>
/// <param name="Veil">What of a client it does not see.</param>
internal sealed record RoleRights(string Code, string Model, FrozenDictionary<string, RightScope> Scopes, Veil Veil, string Key)
{
    public static RoleRights None { get; } = new("", "", FrozenDictionary<string, RightScope>.Empty, new Veil(true, []), "");
}

/// <summary>What one person may, and of whom, as the roles stood at one moment. Everything that asks for a right asks here.</summary>
/// <param name="department">All people of their department and of those below; empty without one.</param>
internal sealed class Grants(RoleRights role, Guid person, Guid[] department)
{
    readonly Reach own = Reach.Of(person);
    readonly Reach within = Array.IndexOf(department, person) >= 0 ? Reach.Of(department) : Reach.Of([.. department, person]);

    /// <summary>Of somebody of whom only the cookie has told.</summary>
    public static Grants None { get; } = new(RoleRights.None, Guid.Empty, []);

    public string Model => role.Model;

    public Veil Veil => role.Veil;

    public bool Has(string right) => role.Scopes.ContainsKey(right);

    public Reach Of(string right) => !role.Scopes.TryGetValue(right, out var scope) ? Reach.Nobody : scope switch
    {
        RightScope.All => Reach.Everyone,
        RightScope.Department => within,
        _ => own,
    };

    /// <summary>Scope by right, as the pages read it.</summary>
    public IReadOnlyDictionary<string, string> View => new SortedDictionary<string, string>(role.Scopes.ToDictionary(s => s.Key, s => RightCatalog.NameOf(s.Value), StringComparer.Ordinal), StringComparer.Ordinal);

    public bool SameAs(Grants other) => role.Key == other.Key && department.AsSpan().SequenceEqual(other.Department);

    string Key => role.Key;

    Guid[] Department => department;
}
