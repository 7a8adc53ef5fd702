namespace CallCrm.Contracts;

/// <summary>
/// GET /api/missed?state=open|mine|closed&amp;queue=&amp;cursor=&amp;limit=: one row per number that was missed and not spoken with since, the latest first;
/// closed: those of today. A message whose caller's number is withheld or cannot be read is a row of its own, which closes by hand alone. Agents see the queues they are members of, and messages in their own mailbox, others all.
/// </summary>
/// <param name="Id">Of the number: it stays the same when the number is missed again. Of a message without a number: of its call.</param>
/// <param name="Caller">Kind Withheld or Unparsed: there is no number to call back.</param>
/// <param name="Kind">Of the last miss: Abandoned (also after a transfer), Short, Closed (after hours), Refused (nobody there, or waited too long), Down (nobody looked), Voicemail (left a message).</param>
/// <param name="Short">All of them were short abandons.</param>
/// <param name="Times">Missed calls since they were last reached.</param>
/// <param name="ClaimLapsesAt">Unless the claimer calls before.</param>
/// <param name="CallingSince">They wait in line or ring at this moment, from this number or another one of theirs: to claim it is refused (409 calling_now).</param>
/// <param name="ClosedHow">Called (we called back), Rang (they rang again), mail, solved, wrong_number, spam, other.</param>
public sealed record MissedRow(Guid Id, CallerView Caller, Guid? ClientId, string? ClientName, string? QueueName, string Kind, bool Short, int Times, DateTimeOffset FirstAt,
    DateTimeOffset LastAt, Guid LastCallId, Guid? ClaimedById = null, string? ClaimedBy = null, DateTimeOffset? ClaimLapsesAt = null, DateTimeOffset? ClosedAt = null,
    string? ClosedHow = null, string? ClosedBy = null, string? Note = null, MissedMessage? Message = null, DateTimeOffset? CallingSince = null);

/// <summary>The newest message of the number's misses. Whoever sees the row may hear it.</summary>
/// <param name="Recording">Null: it does not come, or is not there yet.</param>
/// <param name="Status">Of the recording: pending, ready, missing, broken.</param>
/// <param name="Mailbox">Of the PBX (101@default); null: CallCrm's own message after the tone.</param>
/// <param name="Duration_ms">As far as it is known; null for CallCrm's own.</param>
/// <param name="Phone">What became of it in the mailbox, by phone: null (nothing), heard, removed. The row stays open: who hears a message has called nobody back.</param>
public sealed record MissedMessage(Guid CallId, Guid? Recording, string Status, string? Mailbox = null, int? Duration_ms = null, string? Phone = null, DateTimeOffset? PhoneAt = null);

/// <summary>GET /api/missed/count, and the key of the hint "missed": what waits for this person, without short abandons and what others have claimed.</summary>
public sealed record MissedCount(int Waiting);

/// <summary>POST /api/missed/{id}/done.</summary>
/// <param name="Reason">mail, solved, wrong_number, spam, other. Spam also blocks the number for the queue of its last call, as marking a call does: 409 confirm_needed, list_full.</param>
/// <param name="Note">At most 500 characters; other needs one.</param>
/// <param name="Confirmed">Spam: also when it is a client's number.</param>
public sealed record MissedDone(string Reason, string? Note = null, bool Confirmed = false);

/// <summary>
/// GET /api/missed/figures?period=today|yesterday|last_7_days|this_month (or from=&amp;to=, days, both counted in, at most 366)&amp;zone=: whole, and per queue;
/// today unless something else is asked for. The days are those of the misses, in the site's zone unless another is given.
/// </summary>
/// <param name="Within_s">Within how long a call-back is in time.</param>
public sealed record MissedFiguresView(int Within_s, MissedFigures All, IReadOnlyList<MissedQueueFigures> Queues, DateOnly From = default, DateOnly To = default, string Zone = "");

public sealed record MissedQueueFigures(Guid? QueueId, string? QueueName, MissedFigures Figures);

/// <param name="Callers">Numbers that were missed, once for each day and each time they had to be called back; without short abandons.</param>
/// <param name="Open">Of these, not spoken with yet.</param>
/// <param name="CalledBack">Reached by a call of ours.</param>
/// <param name="InTimePercent">
/// Called back in time ÷ (called back in time + still open when that time was over). Who rang again or was dealt with otherwise before then is in neither.
/// Denominator 0 → null.
/// </param>
/// <param name="CallBack_s">From the first miss to our call that reached them, on average.</param>
/// <param name="Short">Short abandons, calls.</param>
/// <param name="Withheld">Calls without a number to call back.</param>
/// <param name="CallBackMedian_s">Half of those called back were reached sooner.</param>
/// <param name="RangAgain">Spoken with because they rang again: not called back.</param>
public sealed record MissedFigures(int Callers, int Open, int CalledBack, decimal? InTimePercent, int? CallBack_s, int Short, int Withheld, int? CallBackMedian_s = null, int RangAgain = 0);
