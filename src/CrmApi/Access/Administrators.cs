using CallCrm.Contracts;

namespace CallCrm.CrmApi.Access;

/// <summary>Who keeps a site administered: an active person whose role may, and who has a password. Whoever never set one may stay out for good.</summary>
internal static class Administrators
{
    /// <summary>Of app_user u, with @right = <see cref="Rights.Configure"/>.</summary>
    public const string Usable = "u.active and u.password_hash is not null and u.role in (select role from role_right where right_code = @right)";

    public static bool Administers(string role, AdminView known) => known.Roles!.Any(r => r.Code == role && r.Rights.ContainsKey(Rights.Configure));

    /// <summary>Whether a password is set is as <paramref name="known"/> has it: what a page sends of it is only what it was told.</summary>
    public static bool IsUsable(UserSetup user, AdminView known) => user.Active && Administers(user.Role, known) && known.Users.Any(u => u.Id == user.Id && u.HasPassword);

    /// <summary>Somebody but this person.</summary>
    public static bool Another(Guid user, AdminView known) => known.Users.Any(u => u.Id != user && IsUsable(u, known));
}
