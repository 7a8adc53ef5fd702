namespace CallCrm.Contracts;

/// <summary>POST /api/clients/{id}/mails with message/rfc822.</summary>
/// <param name="Added">False: this mail was there before, and nothing was added.</param>
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
/// <param name="Mine">Whoever asks put it there, and may take it off.</param>
public sealed record MailView(Guid Id, string Direction, string FromName, string From, string To, string Cc, string Subject, DateTimeOffset SentAt, string Text, bool Cut,
    IReadOnlyList<FileView> Files, IReadOnlyList<string> LeftOut, string AddedBy, DateTimeOffset AddedAt, bool Mine);
