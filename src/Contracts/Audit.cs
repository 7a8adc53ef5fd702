namespace CallCrm.Contracts;

/// <summary>GET /api/audit?user=&amp;kind=&amp;object=&amp;action=&amp;from=&amp;to=&amp;cursor=&amp;limit=: what somebody saw, changed or took out; newest first.</summary>
/// <param name="Who">Null: nobody who could be told, as with a failed sign-in.</param>
/// <param name="Kind">client, deal, call and others.</param>
/// <param name="ObjectId">Of what has an id.</param>
/// <param name="Text">What it was otherwise, such as an export's filter.</param>
/// <param name="Name">Of a client or deal that the reader may see; of a call and a recording the client's.</param>
/// <param name="CallId">The call that gave the occasion, or that it is about.</param>
/// <param name="Address">Where it was done from, where that is kept.</param>
public sealed record AuditView(long Id, DateTimeOffset At, Guid? UserId, string? Who, [property: NotANumber] string Action, [property: NotANumber] string Kind, Guid? ObjectId, string? Text, string? Name,
    Guid? CallId, [property: NotANumber] string? Address, IReadOnlyList<AuditChangeView> Changes);

/// <param name="Field">As a save of the card names it, the site's own custom.CODE; empty where there is but one.</param>
/// <param name="Label">Name of a field of the site's own.</param>
/// <param name="Hidden">The reader may not see this field or record: its values are not sent.</param>
public sealed record AuditChangeView([property: NotANumber] string Field, string? Label, string Before, string After, bool Hidden = false);

/// <summary>What is audited, by which a list may be filtered.</summary>
public static class AuditActions
{
    public static readonly string[] All =
    [
        "client.viewed", "client.viewed_many", "client.created", "client.changed", "client.filled", "client.merged", "client.unmerged", "client.different", "client.maybe_same", "client.deleted", "client.restored",
        "client.confirmed", "client.do_not_call", "client.note_added", "client.note_removed", "client.mail_added", "client.mail_removed", "client.mail_restored", "client.lent", "client.loan_over", "deal.created", "deal.changed", "deal.filled", "deal.moved", "deal.deleted", "deal.restored",
        "task.created", "task.changed", "task.done", "task.withdrawn", "task.deleted", "task.restored", "file.added", "file.renamed", "file.deleted", "file.restored", "download", "listen", "listen.live", "listen.stop", "transcript",
        "export", "import", "disposition.changed", "supervise.ready", "supervise.pause", "supervise.sign_out", "supervise.end_call", "script.published", "script.withdrawn",
        "sign_in", "sign_in_failed", "sign_out", "code_failed", "recovery_code_used", "second_factor_on", "second_factor_off", "second_factor_taken_off", "password_link", "password_set",
        "session_ended", "sessions_ended", "user_deactivated", "handed_over", "handover_undone", "key.made", "key.revoked", "web_form.saved", "web_form.removed", "web_form.submitted",
        "webhook_saved", "webhook_removed", "webhook_secret_renewed",
    ];
}
