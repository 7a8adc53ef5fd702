namespace CallCrm.Contracts;

/// <summary>
/// A program that is told what happens. Each request is a POST of WebhookMessage as JSON with the headers CallCrm-Event, CallCrm-Delivery (an id; a repeated one was
/// sent before) and CallCrm-Signature: t=UNIX SECONDS,v1=HEX of HMAC-SHA-256 over "t.BODY" with the secret. Any answer but 2xx within 10 s is tried again for 24 h.
/// </summary>
/// <param name="Url">http or https, at most 500 characters. Redirects are not followed.</param>
/// <param name="Events">Of WebhookEvents; at least one.</param>
/// <param name="Version">As read; 0: a new one.</param>
/// <param name="Failing">The last delivery did not arrive.</param>
public sealed record WebhookSetup(Guid Id, string Url, IReadOnlyList<string> Events, bool Active, int Version, DateTimeOffset? LastAt = null, bool Failing = false, int Waiting = 0) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <summary>What can be told.</summary>
public static class WebhookEvents
{
    public const string ClientSaved = "client.saved";
    public const string ClientRemoved = "client.removed";
    public const string CallStarted = "call.started";
    public const string CallAnswered = "call.answered";
    public const string CallEnded = "call.ended";
    public const string WrapUpSaved = "wrap_up.saved";
    public const string RecordingReady = "recording.ready";
    public const string DealSaved = "deal.saved";
    public const string DealMoved = "deal.moved";
    public const string DealRemoved = "deal.removed";
    public const string TaskSaved = "task.saved";
    public const string TaskDone = "task.done";
    public const string TaskRemoved = "task.removed";
    public const string ClientMerged = "client.merged";
    public const string ClientUnmerged = "client.unmerged";
    public const string NoteAdded = "note.added";
    public const string NoteRemoved = "note.removed";
    public const string MailAdded = "mail.added";
    public const string MailRemoved = "mail.removed";
    public const string MailRestored = "mail.restored";
    public const string FileAdded = "file.added";
    public const string FileRenamed = "file.renamed";
    public const string FileRemoved = "file.removed";
    public const string FileRestored = "file.restored";
    public const string Ping = "ping";

    /// <summary>Those one can choose.</summary>
    public static IReadOnlyList<string> All { get; } = [CallStarted, CallAnswered, CallEnded, WrapUpSaved, RecordingReady, ClientSaved, ClientRemoved, ClientMerged, ClientUnmerged,
        DealSaved, DealMoved, DealRemoved, TaskSaved, TaskDone, TaskRemoved, NoteAdded, NoteRemoved, MailAdded, MailRemoved, MailRestored, FileAdded, FileRenamed, FileRemoved, FileRestored];
}

/// <summary>GET /api/admin/webhooks.</summary>
public sealed record WebhooksView(IReadOnlyList<WebhookSetup> Items, IReadOnlyList<string> Events);

/// <summary>The answer when one is made or gets a new secret.</summary>
/// <param name="Secret">Shown this once; null: it stays as it was.</param>
public sealed record WebhookSaved(WebhookSetup Webhook, string? Secret) : IVersioned
{
    int IVersioned.Version => Webhook.Version;
}

/// <summary>The body of a request to another program. What happened meanwhile may be in it already: an object is told as it stands now.</summary>
/// <param name="Id">Of the delivery.</param>
/// <param name="At">When it happened.</param>
/// <param name="Key">Id of the client, call, recording, deal, task, merge, note, mail or file.</param>
/// <param name="Client">client.saved.</param>
/// <param name="Call">call.*, wrap_up.saved, recording.ready.</param>
/// <param name="Deal">deal.saved, deal.moved.</param>
/// <param name="Task">task.saved, task.done.</param>
/// <param name="From">deal.moved: the stage that it left.</param>
/// <param name="To">deal.moved: the stage that it came into; where it is now says the deal itself.</param>
/// <param name="Merge">client.merged, client.unmerged.</param>
/// <param name="Note">note.added.</param>
/// <param name="Mail">mail.added, mail.restored; the whole text is GET /api/clients/{id}/mails/{mail}.</param>
/// <param name="File">file.added, file.renamed, file.restored.</param>
public sealed record WebhookMessage(Guid Id, string Event, DateTimeOffset At, string Key, ClientCardView? Client = null, CallRow? Call = null,
    DealDetailView? Deal = null, TaskView? Task = null, string? From = null, string? To = null, MergeTold? Merge = null, NoteTold? Note = null,
    MailRowView? Mail = null, FileView? File = null);

/// <param name="WinnerId">The card that is left.</param>
/// <param name="LoserId">The card that went into it; after an undo a card of its own again.</param>
/// <param name="Taken">Fields that became the loser's.</param>
/// <param name="Kept">Of an undone one: those that stayed as they were, as somebody changed them since.</param>
public sealed record MergeTold(Guid Id, Guid WinnerId, Guid LoserId, DateTimeOffset At, string By, IReadOnlyList<string> Taken, DateTimeOffset? UndoneAt = null, string? UndoneBy = null, IReadOnlyList<string>? Kept = null);

/// <param name="ClientId">Of a merged client, the card that it went into.</param>
public sealed record NoteTold(Guid Id, Guid ClientId, DateTimeOffset At, string By, string Text);

/// <param name="State">waiting, delivered, given_up.</param>
/// <param name="Status">HTTP status of the last answer.</param>
/// <param name="Error">Why there was no answer.</param>
public sealed record WebhookDeliveryView(Guid Id, string Event, DateTimeOffset CreatedAt, string State, int Attempts, DateTimeOffset? NextAt, DateTimeOffset? DeliveredAt, int? Status, string? Error);
