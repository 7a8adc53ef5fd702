namespace CallCrm.Contracts;

/// <summary>GET /api/tasks?person=&amp;client=&amp;kind=&amp;state=&amp;dueFrom=&amp;dueTo=&amp;query=&amp;sort=&amp;cursor=&amp;limit=, and GET /api/tasks/{id}.</summary>
/// <param name="Kind">task or callback.</param>
/// <param name="ClientId">Null also where the client's card is out of reach.</param>
/// <param name="CallId">The call that it follows from.</param>
/// <param name="DeletedAt">It lies in the bin since.</param>
public sealed record TaskView(Guid Id, string Kind, string Title, DateTimeOffset DueAt, DateTimeOffset? DoneAt, Guid UserId, string UserName, Guid? ClientId, string? ClientName, Guid? CallId, DateTimeOffset CreatedAt,
    int Version, DateTimeOffset? DeletedAt = null) : IVersioned;

/// <summary>POST /api/tasks. Repeated with the same id, no second one is made.</summary>
/// <param name="Id">A UUID v7 made by who asks.</param>
/// <param name="Title">1 to 200 characters.</param>
/// <param name="Kind">task or callback.</param>
/// <param name="UserId">Whose it is; null: who asks.</param>
public sealed record TaskCreate(Guid Id, string Title, DateTimeOffset DueAt, string Kind = "task", Guid? UserId = null, Guid? ClientId = null);

/// <summary>PUT /api/tasks/{id}. 409 edit_conflict carries the newer task.</summary>
/// <param name="UserId">Null: whose it was.</param>
/// <param name="ClientId">Null: what is there stays; an empty id: none.</param>
public sealed record TaskSave(string Title, DateTimeOffset DueAt, Guid? UserId = null, Guid? ClientId = null, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <summary>GET /api/tasks/bin.</summary>
/// <param name="Until">Then it is erased.</param>
public sealed record TaskBinRow(Guid Id, string Kind, string Title, string UserName, DateTimeOffset DeletedAt, string Who, DateTimeOffset Until);
