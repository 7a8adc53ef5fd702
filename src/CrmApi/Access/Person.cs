using System.Reflection;
using System.Security.Claims;
using CallCrm.CrmApi.Hiding;

namespace CallCrm.CrmApi.Access;

/// <summary>Who is signed in, as the database said at the start of this request.</summary>
/// <param name="Stamp">The security stamp at sign-in: a new password or login makes a new one, and ends what was open. Another role does not: what it lets one do is asked at each request.</param>
internal sealed record Person(Guid Id, Guid Session, Guid Stamp, string Login, string Name, string Role, bool IsAgent)
{
    const string AgentClaim = "callcrm.agent";
    const string SessionClaim = "callcrm.session";
    const string StampClaim = "callcrm.stamp";
    const string LoginClaim = "callcrm.login";

    /// <summary>What the role may at this moment. A cookie alone gives none: they are set when the session has been checked.</summary>
    public Grants Grants { get; init; } = Grants.None;

    /// <summary>The key of the program that acts in this person's name; null: the person.</summary>
    public Guid? Key { get; init; }

    public bool May(string right) => Grants.Has(right);

    /// <summary>Of whom; of nobody without the right.</summary>
    public Reach Within(string right) => Grants.Of(right);

    /// <summary>False: only calls that this person, or those of their department, were offered or took part in.</summary>
    public bool SeesAllCalls => Within(Rights.SeeCalls).IsEveryone;

    /// <summary>What of clients this person is not shown.</summary>
    public Veil Veil => Grants.Veil;

    public bool ManagesBlocks => May(Rights.ManageBlocks);

    public bool SeesBoard => May(Rights.SeeBoard);

    public ClaimsPrincipal ToPrincipal() => new(new PersonIdentity(this,
        [
            new Claim(ClaimTypes.NameIdentifier, Id.ToString()), new Claim(SessionClaim, Session.ToString()), new Claim(StampClaim, Stamp.ToString()),
            new Claim(LoginClaim, Login),
            new Claim(ClaimTypes.Name, Name), new Claim(ClaimTypes.Role, Role), new Claim(AgentClaim, IsAgent ? "1" : "0"),
        ]));

    public static Person? From(ClaimsPrincipal principal)
    {
        if (principal.Identity is PersonIdentity identity) return identity.Person;
        return Guid.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), out var id) && Guid.TryParse(principal.FindFirstValue(SessionClaim), out var session)
            && Guid.TryParse(principal.FindFirstValue(StampClaim), out var stamp)
                ? new Person(id, session, stamp, Text(principal, LoginClaim), Text(principal, ClaimTypes.Name), Text(principal, ClaimTypes.Role), Text(principal, AgentClaim) == "1")
                : null;
    }

    static string Text(ClaimsPrincipal principal, string claim) => principal.FindFirstValue(claim) ?? "";

    /// <summary>Lets endpoints name the person as a parameter; those endpoints need a policy, so there is one.</summary>
    public static ValueTask<Person?> BindAsync(HttpContext http, ParameterInfo parameter) => ValueTask.FromResult(From(http.User));

    /// <summary>Carries the person through the request; in the cookie only the claims are kept.</summary>
    sealed class PersonIdentity(Person person, IEnumerable<Claim> claims) : ClaimsIdentity(claims, AccessModule.Scheme)
    {
        public Person Person => person;
    }
}
