using System.Collections.Frozen;
using CallCrm.CrmApi.Hiding;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>All roles, and who is in which department with all below it, as one immutable whole.</summary>
/// <param name="Sensitive">Fields of the card that need a right to be seen; also those that are calculated from them.</param>
/// <param name="People">Of a department and all below it, in order.</param>
internal sealed record RoleSnapshot(long Version, FrozenDictionary<string, RoleRights> Roles, FrozenDictionary<Guid, Guid[]> People, IReadOnlyList<string> Sensitive)
{
    public Grants Of(Guid person, string role, Guid? department) =>
        new(Roles.GetValueOrDefault(role, RoleRights.None), person, department is { } id ? People.GetValueOrDefault(id, []) : []);

    /// <summary>Of a program: what its key says, as far as the person in whose name it acts has it.</summary>
    public Grants OfKey(Guid person, string role, Guid? department, IReadOnlyDictionary<string, string> rights)
    {
        var scopes = Roles.GetValueOrDefault(role, RoleRights.None).Scopes.Where(s => rights.ContainsKey(s.Key) && RightCatalog.ScopeOf(rights[s.Key]) is not null && s.Key != Rights.Configure)
            .ToFrozenDictionary(s => s.Key, s => (RightScope)Math.Min((int)s.Value, (int)RightCatalog.ScopeOf(rights[s.Key])!), StringComparer.Ordinal);
        var veil = new Veil(!scopes.ContainsKey(Rights.SeeNumbers), scopes.ContainsKey(Rights.SeeSensitive) ? [] : Sensitive);
        return new(new RoleRights(role, Roles.GetValueOrDefault(role, RoleRights.None).Model, scopes, veil, ""), person, department is { } id ? People.GetValueOrDefault(id, []) : []);
    }
}

/// <summary>
/// The snapshot of the moment. The sign-in check of each request brings the version that stands in the database: when it has moved on, the snapshot is read
/// anew before the request is answered, so that a changed right counts from the next request on, in every process.
/// </summary>
internal sealed class RoleBook(NpgsqlDataSource database, RoleStore store) : IDisposable
{
    readonly SemaphoreSlim reading = new(1);
    volatile RoleSnapshot? current;

    /// <summary>Whoever looks: what is said in a greeting is nobody's secret.</summary>
    public Veil OfEverybody => current is { } known ? new Veil(false, known.Sensitive) : Veil.None;

    /// <summary>Of whom only the settings tell; of nobody before the roles were read.</summary>
    public Grants OfNow(Guid person, string role, Guid? department) => current?.Of(person, role, department) ?? Grants.None;

    public async ValueTask<RoleSnapshot> AsOfAsync(long version, CancellationToken cancel)
    {
        if (current is { } known && known.Version >= version) return known;
        await reading.WaitAsync(cancel);
        try
        {
            if (current is { } read && read.Version >= version) return read;
            if (current is null) await store.GiveDefaultsAsync(cancel);
            return current = await ReadAsync(cancel);
        }
        finally
        {
            reading.Release();
        }
    }

    async Task<RoleSnapshot> ReadAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        // The version first: what changes meanwhile is read once more, never missed.
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select version from access_version;
            select code, model from role;
            select role, right_code, scope from role_right order by role, right_code;
            with recursive under (top, id) as (
              select id, id from department
              union
              select u.top, d.id from under u join department d on d.parent_id = u.id
            )
            select u.top, p.id from under u join app_user p on p.department_id = u.id order by u.top, p.id;
            select field from sensitive_field
            union
            select 'custom.' || code from client_field where uses && (select array_agg(field) from sensitive_field) order by 1;
            """, cancellationToken: cancel));
        var version = await results.ReadSingleAsync<long>();
        var roles = (await results.ReadAsync<(string Code, string Model)>()).AsList();
        var rights = (await results.ReadAsync<(string Role, string Right, string Scope)>()).ToLookup(r => r.Role, StringComparer.Ordinal);
        var people = (await results.ReadAsync<(Guid Top, Guid Person)>()).ToLookup(p => p.Top, p => p.Person);
        var sensitive = (await results.ReadAsync<string>()).AsList();
        return new RoleSnapshot(version, roles.ToFrozenDictionary(r => r.Code, r => Rights(r.Code, r.Model, rights[r.Code], sensitive), StringComparer.Ordinal),
            people.ToFrozenDictionary(p => p.Key, p => p.ToArray()), sensitive);
    }

    /// <summary>A right that this release does not know, of a newer one before a step back, is nobody's.</summary>
    static RoleRights Rights(string code, string model, IEnumerable<(string Role, string Right, string Scope)> rows, IReadOnlyList<string> sensitive)
    {
        var scopes = new SortedDictionary<string, RightScope>(StringComparer.Ordinal);
        foreach (var (_, right, scope) in rows)
        {
            if (RightCatalog.ByCode.TryGetValue(right, out var line) && RightCatalog.ScopeOf(scope) is { } known) scopes[right] = line.Scoped ? known : RightScope.All;
        }

        var veil = new Veil(!scopes.ContainsKey(Access.Rights.SeeNumbers), scopes.ContainsKey(Access.Rights.SeeSensitive) ? [] : sensitive);
        return new RoleRights(code, model, scopes.ToFrozenDictionary(StringComparer.Ordinal), veil, $"{string.Join(' ', scopes.Select(s => $"{s.Key}={s.Value}"))} {veil.Key}");
    }

    public void Dispose() => reading.Dispose();
}
