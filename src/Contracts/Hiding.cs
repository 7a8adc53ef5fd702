namespace CallCrm.Contracts;

/// <summary>A client's number as it is shown: masked for whoever may not see numbers.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ClientNumberAttribute : Attribute;

/// <summary>
/// A client's number as something to act on: whoever may not see numbers gets a handle in its place, which the server takes wherever it takes a number.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NumberHandleAttribute : Attribute;

/// <summary>A field of the client's card that an administrator may mark as sensitive: not sent to whoever may not see those.</summary>
/// <param name="field">One of <see cref="CardFieldCodes.MayBeSensitive"/>.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SensitiveAttribute(string field) : Attribute
{
    public string Field { get; } = field;
}

/// <summary>Holds no client's number, whatever it looks like; with all below it.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class)]
public sealed class NotANumberAttribute : Attribute;

/// <summary>Names of the card's fields, as ClientSave has them; the site's own are custom.CODE.</summary>
public static class CardFieldCodes
{
    public const string CustomPrefix = "custom.";

    /// <summary>Beside the site's own fields. With email go the further addresses.</summary>
    public static IReadOnlyList<string> MayBeSensitive { get; } = ["email", "taxId", "address", "city", "note"];
}

/// <summary>PUT /api/admin/sensitive-fields: which fields only those see who have the right client.sensitive.</summary>
/// <param name="Fields">email, taxId, address, city, note, custom.CODE.</param>
/// <param name="Before">As they were read: 409 edit_conflict when somebody changed them since.</param>
public sealed record SensitiveFieldsSave(IReadOnlyList<string> Fields, IReadOnlyList<string> Before);
