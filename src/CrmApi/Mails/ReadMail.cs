using System.Security.Cryptography;
using System.Text;
using CallCrm.CallFlow;
using MimeKit;

namespace CallCrm.CrmApi.Mails;

/// <param name="Name">As the mail has it, without a folder.</param>
/// <param name="Write">Its content, decoded.</param>
internal sealed record MailPart(string Name, Action<Stream> Write);

/// <summary>A mail as far as the history shows it; texts cleaned and cut.</summary>
/// <param name="MessageId">Null: it has none.</param>
/// <param name="Content">Hash of what its reader gets: sender, subject, words, attachments. Servers on the way change headers, line ends and encodings, not this.</param>
/// <param name="Senders">Addresses in small letters.</param>
/// <param name="All">Those and the receivers'.</param>
internal sealed record ReadMail(string? MessageId, DateTimeOffset? SentAt, string FromName, string FromAddress, string To, string Cc, string Subject, string Text, bool Cut, string Content,
    IReadOnlyList<string> Senders, IReadOnlyList<string> All, IReadOnlyList<MailPart> Parts)
{
    public const int LongestText = 100_000;
    const int LongestAddresses = 2_000;
    const int MostAddresses = 200;

    /// <returns>Null: it is no mail, or one without a sender.</returns>
    public static async Task<ReadMail?> OfAsync(Stream file, CancellationToken cancel)
    {
        MimeMessage mail;
        try
        {
            mail = await MimeMessage.LoadAsync(file, cancel);
        }
        catch (FormatException)
        {
            return null;
        }

        var from = mail.From.Mailboxes.Concat(mail.Sender is { } sender ? [sender] : []).ToList();
        if (from.Count == 0 || from.TrueForAll(f => !f.Address.Contains('@', StringComparison.Ordinal))) return null;
        var texts = new List<string>();
        Read(mail.Body, texts);
        var text = PlainText.CleanLines(string.Join("\n\n", texts.Where(t => !string.IsNullOrWhiteSpace(t))).ReplaceLineEndings("\n"), LongestText + 1);
        var cut = text.Length > LongestText;
        List<MailPart> parts = [.. Attached(mail)];
        return new ReadMail(PlainText.Clean(mail.MessageId, 500) is { Length: > 0 } id ? id : null, mail.Date == DateTimeOffset.MinValue ? null : mail.Date.ToUniversalTime(),
            PlainText.Clean(from[0].Name, 200), PlainText.Clean(from[0].Address, 254), Shown(mail.To), Shown(mail.Cc), PlainText.Clean(mail.Subject, 300), cut ? PlainText.CleanLines(text, LongestText) : text, cut,
            ContentOf(from[0].Address, mail.Subject, texts, parts), Addresses(from), Addresses([.. from, .. mail.To.Mailboxes, .. mail.Cc.Mailboxes]), parts);
    }

    static string ContentOf(string sender, string? subject, List<string> texts, List<MailPart> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData([0]);
        }

        Add(sender.Trim().ToLowerInvariant());
        Add(Words(subject ?? ""));
        Add(Words(string.Join(' ', texts)));
        foreach (var part in parts)
        {
            using var content = SHA256.Create();
            using (var to = new CryptoStream(Stream.Null, content, CryptoStreamMode.Write)) part.Write(to);
            hash.AppendData(content.Hash!);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Every text that is to be read, in its order; of one that is there as plain text and as HTML, the plain one.</summary>
    static void Read(MimeEntity? entity, List<string> texts)
    {
        switch (entity)
        {
            case MultipartAlternative either:
                texts.Add(either.TextBody is { } plain && !string.IsNullOrWhiteSpace(plain) ? plain : either.HtmlBody is { } html ? MailText.OfHtml(html) : "");
                break;
            case MultipartRelated related:
                Read(related.Root, texts);
                break;
            case Multipart all:
                foreach (var part in all) Read(part, texts);
                break;
            case TextPart text when !IsAttached(text):
                texts.Add(text.IsHtml ? MailText.OfHtml(text.Text) : text.Text);
                break;
        }
    }

    static string NameOf(MimeEntity entity) => PlainText.Clean(Path.GetFileName((entity.ContentDisposition?.FileName ?? entity.ContentType.Name ?? "").Replace('\\', '/')), 200);

    static bool IsAttached(MimePart part) => part.IsAttachment || NameOf(part).Length > 0;

    static string Shown(InternetAddressList list) => PlainText.Clean(string.Join(", ", list.Mailboxes.Take(MostAddresses).Select(m => string.IsNullOrWhiteSpace(m.Name) ? m.Address : $"{m.Name} <{m.Address}>")), LongestAddresses);

    static string[] Addresses(IEnumerable<MailboxAddress> boxes) =>
        [.. boxes.Select(b => PlainText.Clean(b.Address, 254).ToLowerInvariant()).Where(a => a.Contains('@', StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Take(MostAddresses)];

    /// <summary>What was sent along, and what stands in the text under a name of its own; no pictures that are only decoration of a text.</summary>
    static IEnumerable<MailPart> Attached(MimeMessage mail)
    {
        var n = 0;
        foreach (var entity in mail.BodyParts.Concat(mail.Attachments.OfType<MessagePart>()))
        {
            var name = NameOf(entity);
            n++;
            if (entity is MessagePart { Message: { } forwarded })
                yield return new MailPart(name.Trim('.').Length > 0 ? name : $"mail-{n}.eml", to => forwarded.WriteTo(to));
            else if (entity is MimePart { Content: { } content } part && IsAttached(part))
                yield return new MailPart(name.Trim('.').Length > 0 ? name : $"attachment-{n}", to => content.DecodeTo(to));
        }
    }
}
