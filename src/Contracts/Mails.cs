namespace CallCrm.Contracts;

/// <summary>POST /api/clients/{id}/mails with message/rfc822.</summary>
/// <param name="Added">False: this mail was there before, and nothing was added. One that lay in the bin is there again when somebody puts it on the card once more, and stays there when a gateway does.</param>
/// <param name="LeftOut">Attachments that do not stand by themselves, as their content is not what their names say or they are too many; the whole mail is among the files then.</param>
public sealed record MailTaken(Guid Id, Guid ClientId, bool Added, IReadOnlyList<string>? LeftOut = null);

/// <summary>POST /api/mails with message/rfc822: on the history of each client who has one of its addresses.</summary>
public sealed record MailsTaken(IReadOnlyList<MailTaken> Mails);

/// <summary>GET /api/clients/{id}/mails/{mail}.</summary>
/// <param name="Direction">in (from the client) or out.</param>
/// <param name="To">With names, as a mail program shows them.</param>
/// <param name="Text">Without markup.</param>
/// <param name="Cut">It is longer; only its beginning is kept.</param>
/// <param name="Files">What came along; empty for who does not work with files.</param>
/// <param name="LeftOut">Attachments that do not stand by themselves, see <see cref="MailTaken.LeftOut"/>.</param>
/// <param name="Mine">Whoever asks put it there.</param>
/// <param name="MayRemove">Whoever asks may put it into the bin, and take it out.</param>
/// <param name="DeletedAt">In the bin since then; only who may take it out sees it.</param>
public sealed record MailView(Guid Id, string Direction, string FromName, string From, string To, string Cc, string Subject, DateTimeOffset SentAt, string Text, bool Cut,
    IReadOnlyList<FileView> Files, IReadOnlyList<string> LeftOut, string AddedBy, DateTimeOffset AddedAt, bool Mine, bool MayRemove = false, int Version = 1, DateTimeOffset? DeletedAt = null) : IVersioned;

/// <summary>GET /api/mails?client=&amp;direction=&amp;query=&amp;from=&amp;to=&amp;sort=&amp;cursor=&amp;limit=.</summary>
/// <param name="ClientId">Of a merged client, the card that it went into.</param>
/// <param name="Direction">in (from the client) or out.</param>
/// <param name="Text">Its beginning, at most 300 characters; the whole is GET /api/clients/{id}/mails/{mail}.</param>
public sealed record MailRowView(Guid Id, Guid ClientId, string ClientName, string Direction, string FromName, string From, string To, string Cc, string Subject, DateTimeOffset SentAt, string Text, string AddedBy,
    DateTimeOffset AddedAt, int Version);

/// <summary>GET /api/mails/bin: the latest taken off first.</summary>
/// <param name="Until">Then it is erased.</param>
public sealed record MailBinRow(Guid Id, Guid ClientId, string ClientName, string Subject, string From, DateTimeOffset SentAt, DateTimeOffset DeletedAt, string Who, DateTimeOffset Until);
