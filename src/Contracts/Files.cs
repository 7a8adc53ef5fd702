namespace CallCrm.Contracts;

/// <summary>A file on a client, a deal or a call.</summary>
/// <param name="ObjectKind">client, deal, call.</param>
/// <param name="ObjectName">Of a deal: its title.</param>
/// <param name="Kind">By its content: pdf, png, xlsx, text…</param>
/// <param name="DeletedAt">In the bin since then.</param>
/// <param name="MayDelete">Whoever asks may give it another name, put it into the bin, and take it out.</param>
public sealed record FileView(Guid Id, string ObjectKind, Guid ObjectId, string? ObjectName, string Name, long Size_bytes, string Kind, string UploadedBy, DateTimeOffset UploadedAt, DateTimeOffset? DeletedAt, bool MayDelete,
    int Version = 1) : IVersioned;

/// <summary>GET /api/files?kind=&amp;object=&amp;bin=&amp;cursor=&amp;limit=: those of a client with those of its deals; newest first.</summary>
/// <param name="Next">The cursor of the next page; null: this is the last.</param>
public sealed record FilesView(IReadOnlyList<FileView> Files, string? Next = null);

/// <summary>PUT /api/files/{id}: another name.</summary>
public sealed record FileSave(string Name, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}
