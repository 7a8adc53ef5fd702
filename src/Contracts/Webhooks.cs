namespace CallCrm.Contracts;

/// <summary>
/// A program that is told what happens. Each request is a POST of WebhookMessage as JSON with the headers CallCrm-Event, CallCrm-Delivery (an id; a repeated one was
/// sent before) and CallCrm-Signature: t=UNIX SECONDS,v1=HEX of HMAC-SHA-256 over "t.BODY" with the secret. Any answer but 2xx within 10 s is tried again for 24 h.
/// </summary>
/// <param name="Url">http or https, at most 500 characters. Redirects are not followed.</param>
/// <param name="Events">Of WebhookEvents; at least one.</param>
/// <param name="Version">As read; 0: a new one.</param>
/// <param name="Failing">The last delivery did not arrive.</param>
public sealed record WebhookSetup(Guid Id, string Url, IReadOnlyList<string> Events, bool Active, int Version, DateTimeOffset? LastAt = null, bool Failing = false, int Waiting = 0);

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
    public const string Ping = "ping";

    /// <summary>Those one can choose.</summary>
    public static IReadOnlyList<string> All { get; } = [CallStarted, CallAnswered, CallEnded, WrapUpSaved, RecordingReady, ClientSaved, ClientRemoved];
}

/// <summary>GET /api/admin/webhooks.</summary>
public sealed record WebhooksView(IReadOnlyList<WebhookSetup> Items, IReadOnlyList<string> Events);

/// <summary>The answer when one is made or gets a new secret.</summary>
/// <param name="Secret">Shown this once; null: it stays as it was.</param>
public sealed record WebhookSaved(WebhookSetup Webhook, string? Secret);

/// <summary>The body of a request to another program. What happened meanwhile may be in it already: an object is told as it stands now.</summary>
/// <param name="Id">Of the delivery.</param>
/// <param name="At">When it happened.</param>
/// <param name="Key">Id of the client, call or recording.</param>
/// <param name="Client">client.saved.</param>
/// <param name="Call">call.*, wrap_up.saved, recording.ready.</param>
public sealed record WebhookMessage(Guid Id, string Event, DateTimeOffset At, string Key, ClientCardView? Client = null, CallRow? Call = null);

/// <param name="State">waiting, delivered, given_up.</param>
/// <param name="Status">HTTP status of the last answer.</param>
/// <param name="Error">Why there was no answer.</param>
public sealed record WebhookDeliveryView(Guid Id, string Event, DateTimeOffset CreatedAt, string State, int Attempts, DateTimeOffset? NextAt, DateTimeOffset? DeliveredAt, int? Status, string? Error);
