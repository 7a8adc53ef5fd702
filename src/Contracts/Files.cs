namespace CallCrm.Contracts;

/// <summary>A file on a client, a deal or a call.</summary>
/// <param name="ObjectKind">client, deal, call.</param>
/// <param name="ObjectName">Of a deal: its title.</param>
/// <param name="Kind">By its content: pdf, png, xlsx, text…</param>
/// <param name="DeletedAt">In the bin since then.</param>
/// <param name="MayDelete">Whoever asks may put it into the bin, and take it out.</param>
public sealed record FileView(Guid Id, string ObjectKind, Guid ObjectId, string? ObjectName, string Name, long Size_bytes, string Kind, string UploadedBy, DateTimeOffset UploadedAt, DateTimeOffset? DeletedAt, bool MayDelete);

/// <summary>GET /api/files?kind=&amp;object=&amp;bin=: those of a client with those of its deals; newest first.</summary>
public sealed record FilesView(IReadOnlyList<FileView> Files);
