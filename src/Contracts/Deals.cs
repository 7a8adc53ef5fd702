namespace CallCrm.Contracts;

/// <summary>GET /api/deals?client=&amp;type=&amp;stage=&amp;responsible=&amp;state=&amp;amountFrom=&amp;amountTo=&amp;createdFrom=&amp;createdTo=&amp;stageFrom=&amp;stageTo=&amp;query=&amp;sort=&amp;cursor=&amp;limit=, and GET /api/deals/{id}.</summary>
/// <param name="ClientId">Of a merged client, the one it went into.</param>
/// <param name="ClosedAt">When it came into a stage that ends it; null: it is open.</param>
/// <param name="DeletedAt">It lies in the bin since.</param>
public sealed record DealDetailView(Guid Id, long Number, Guid ClientId, string ClientName, string DealType, string DealTypeName, string Stage, string StageName, string Title, decimal? Amount, string Currency,
    Guid? ResponsibleId, string? ResponsibleName, DateTimeOffset StageSince, DateTimeOffset? ClosedAt, DateTimeOffset CreatedAt, int Version, DateTimeOffset? DeletedAt = null) : IVersioned;

/// <summary>POST /api/deals. Repeated with the same id, no second one is made.</summary>
/// <param name="Id">A UUID v7 made by who asks.</param>
/// <param name="Title">1 to 200 characters.</param>
/// <param name="Currency">ISO 4217; null: EUR.</param>
/// <param name="ResponsibleId">Null: who asks; an empty id: nobody.</param>
/// <param name="Stage">Null: the first of its type.</param>
public sealed record DealCreate(Guid Id, Guid ClientId, string DealType, string Title, decimal? Amount = null, string? Currency = null, Guid? ResponsibleId = null, string? Stage = null);

/// <summary>PUT /api/deals/{id}. 409 edit_conflict carries the newer deal; 400 fields_missing names what must be filled before it leaves its stage.</summary>
/// <param name="Amount">Null: none.</param>
/// <param name="Currency">Null, as with all that follows: what is there stays.</param>
/// <param name="ResponsibleId">An empty id: nobody.</param>
public sealed record DealSave(string Title, decimal? Amount, string? Currency = null, Guid? ResponsibleId = null, string? Stage = null, Guid? ClientId = null, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <summary>PUT /api/deals/{id}/stage. 409 edit_conflict: somebody changed the deal since this version.</summary>
public sealed record DealMove(string Stage, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <summary>GET /api/deals/bin.</summary>
/// <param name="Until">Then it is erased.</param>
public sealed record DealBinRow(Guid Id, long Number, string Title, string ClientName, DateTimeOffset DeletedAt, string Who, DateTimeOffset Until);
