namespace CallCrm.Contracts;

/// <summary>A program's key. The key itself is told once, when it is made.</summary>
/// <param name="UserId">In whose name it acts: never more than that person may at that moment.</param>
/// <param name="Hint">Its first characters.</param>
/// <param name="Rights">Scope (own, department, all) by right.</param>
/// <param name="LastUsedAt">To the minute.</param>
public sealed record ApiKeyView(Guid Id, string Name, Guid UserId, string UserName, string Hint, IReadOnlyDictionary<string, string> Rights, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt);

/// <param name="Grantable">Rights that a key may have.</param>
public sealed record ApiKeysView(IReadOnlyList<ApiKeyView> Items, IReadOnlyList<RightView> Grantable);

/// <summary>POST /api/admin/keys.</summary>
/// <param name="Id">A UUID made by the page; repeating it makes no second key.</param>
/// <param name="ExpiresAt">Null: never.</param>
public sealed record ApiKeyCreate(Guid Id, string Name, Guid UserId, IReadOnlyDictionary<string, string> Rights, DateTimeOffset? ExpiresAt = null);

/// <param name="Secret">The key, as it is sent in <c>Authorization: Bearer …</c>; never told again.</param>
public sealed record ApiKeyMade(ApiKeyView Key, string Secret);
