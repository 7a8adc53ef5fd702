using System.Text.Json;
using System.Text.Json.Serialization;

namespace CallCrm.Contracts;

/// <summary>The head of a client's card.</summary>
/// <param name="Confirmed">False: made from a call and not yet saved by a person.</param>
/// <param name="Hidden">Put away as junk: in no list, until somebody shows or saves it.</param>
/// <param name="MayEdit">Who asks may save it; on the desk, while a call lends it, always.</param>
/// <param name="Emails">Beside Email, the main one.</param>
/// <param name="CompanyId">Of a person: the company's card.</param>
/// <param name="Roles">Of client, supplier, partner.</param>
/// <param name="DeletedAt">It lies in the bin, for 30 days.</param>
/// <param name="DoNotCall">Wants no calls: dialling is refused.</param>
/// <param name="Address">The first of Addresses as one text.</param>
/// <param name="Contacts">Of a company: who belongs to it, at most 50.</param>
/// <param name="Custom">Values of the site's own fields by their code, in the form the field's kind has; only those that hold something.</param>
/// <param name="Unseen">Fields that whoever asks may not see: they are empty here, and saving leaves them as they are. Null: none.</param>
public sealed record ClientCardView(Guid Id, long Number, string Kind, string Name, string Company, [property: Sensitive("email")] string Email, [property: Sensitive("city")] string City,
    [property: Sensitive("note")] string Note, string? Language,
    string? Segment, string? SegmentName, string SegmentReason, string Source, Guid? ResponsibleId, string? ResponsibleName, bool Confirmed, int Version,
    IReadOnlyList<PhoneView> Phones, IReadOnlyList<DealView> OpenDeals, LastCallView? LastCall, DateTimeOffset CreatedAt,
    bool Hidden = false, [property: Sensitive("email")] IReadOnlyList<EmailView>? Emails = null, [property: Sensitive("taxId"), NotANumber] string TaxId = "", string? TimeZone = null,
    [property: Sensitive("address")] string Address = "", IReadOnlyList<string>? Tags = null,
    IReadOnlyDictionary<string, JsonElement>? Custom = null, Guid? CompanyId = null, string? CompanyName = null, IReadOnlyList<string>? Roles = null,
    IReadOnlyList<ContactView>? Contacts = null, DateTimeOffset? DeletedAt = null,
    bool MayEdit = true, DoNotCallView? DoNotCall = null, IReadOnlyList<string>? Unseen = null, [property: Sensitive("address")] IReadOnlyList<AddressView>? Addresses = null,
    [property: Sensitive("taxId"), NotANumber] string SecondTaxId = "") : IVersioned
{
    /// <summary>What the card's links lead to, by the field's code. Never sent: whoever may see a target gets its name in Custom.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, LinkTarget> Links { get; init; } = new Dictionary<string, LinkTarget>(StringComparer.Ordinal);

    /// <summary>Values of calculated fields that look at records to which links lead. Never sent: whoever may see all of these records gets the value in Custom.</summary>
    [JsonIgnore]
    public IReadOnlyList<LinkedValue> Linked { get; init; } = [];
}

/// <param name="Code">Of the calculated field.</param>
/// <param name="Links">The links that it depends on.</param>
public sealed record LinkedValue(string Code, JsonElement Value, IReadOnlyList<string> Links);

/// <param name="Kind">client, deal, person.</param>
/// <param name="Owner">Whose it is: who sees their clients or deals sees it.</param>
/// <param name="Client">Of a deal: its client.</param>
/// <param name="ClientOwner">And whose that is: a deal is seen with its client's card.</param>
public sealed record LinkTarget(string Kind, Guid Id, string Name, Guid? Owner, Guid? Client = null, Guid? ClientOwner = null);

/// <summary>GET /api/links?target=&amp;query= or &amp;id=: what a link may lead to; at most 8.</summary>
public sealed record LinkChoice(Guid Id, string Name, string Hint);

/// <summary>The client wants no calls.</summary>
public sealed record DoNotCallView(DateTimeOffset Since, string Who);

/// <summary>PUT /api/clients/{id}/do-not-call.</summary>
public sealed record DoNotCallSet(bool On);

/// <summary>A person who belongs to a company.</summary>
public sealed record ContactView(Guid Id, string Name, [property: ClientNumber] string? Phone, string Extension = "")
{
    /// <summary>Whose client it is: for the rights, not told.</summary>
    [JsonIgnore]
    public Guid? ResponsibleId { get; init; }
}

public sealed record EmailView(string Address, string Label = "");

/// <param name="Kind">legal, actual, delivery, other.</param>
/// <param name="Line">Street and house, or all of it; at most 500 characters; the other parts at most 100.</param>
/// <param name="PostalCode">As it is written there.</param>
public sealed record AddressView(string Kind, string Line, string City = "", [property: NotANumber] string PostalCode = "", string Region = "", string Country = "");

/// <summary>A field that an administrator made.</summary>
/// <param name="Kind">
/// text (a string), number (a number), money (<c>{"amount":12.5,"currency":"EUR"}</c>), date (<c>"2026-03-31"</c>), choice (an option's code), choices (an array of
/// codes), yes_no (true or false), link (<c>{"id":"…","name":"…"}</c>, of a deal with clientId; without a name the target is not there or not for whoever asks), calculated (of its result's kind).
/// </param>
/// <param name="Target">Of link: client, deal, person.</param>
/// <param name="Result">Of calculated: text, number, date, yes_no.</param>
/// <param name="Expression">Of calculated: its formula.</param>
public sealed record ClientFieldView(string Code, string Name, string Kind, IReadOnlyList<NamedCode> Options, string? Target = null, string? Result = null, string? Expression = null);

/// <param name="Display">Without the extension.</param>
/// <param name="Extension">To key in once the number has answered: at most 10 digits; empty: none. One number may stand there several times, with another each.</param>
public sealed record PhoneView([property: NumberHandle] string E164, [property: ClientNumber] string Display, string Label, bool IsMain, string Extension = "");

public sealed record LastCallView(Guid CallId, DateTimeOffset At, string? AgentName, int Talk_s, string? Disposition, string? Note);

public sealed record DealView(Guid Id, long Number, string DealType, string DealTypeName, string Stage, string StageName, string Title, decimal? Amount, string Currency,
    string? ResponsibleName, DateTimeOffset StageSince, int Version, Guid? ResponsibleId = null);

/// <summary>One of several clients who share a number.</summary>
/// <param name="Extension">Their extensions, with commas: callers behind one switchboard are told apart by what they say.</param>
public sealed record CandidateView(Guid Id, long Number, string Name, string Company, [property: Sensitive("city")] string? City, DateTimeOffset? LastCallAt, string? Extension = null);

/// <summary>PUT /api/clients/{id}: the whole editable head. Version is the one read; 409 edit_conflict carries the newer card.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Emails">Beside Email. Null, as with all that follows: what is there stays.</param>
/// <param name="TaxId">Spaces are dropped, small letters become capitals.</param>
/// <param name="SecondTaxId">Beside it: an OGRN beside the INN, a Codice Fiscale beside the Partita IVA. Null: as it is.</param>
/// <param name="TimeZone">IANA; empty: none.</param>
/// <param name="Address">The first address as one text, for whoever knows one only; looked at only without Addresses.</param>
/// <param name="CompanyId">The company a person belongs to; an empty id: none.</param>
/// <param name="Addresses">All of them, the main one first; at most 20.</param>
/// <param name="Custom">By the field's code; null empties a field, those not named stay as they are. Errors are named <c>custom.CODE</c>.</param>
public sealed record ClientSave(string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment, Guid? ResponsibleId,
    IReadOnlyList<PhoneSave> Phones, int Version = 0, Guid? CallId = null,
    IReadOnlyList<EmailView>? Emails = null, string? TaxId = null, string? TimeZone = null, string? Address = null, IReadOnlyList<string>? Tags = null,
    IReadOnlyDictionary<string, JsonElement>? Custom = null, Guid? CompanyId = null, IReadOnlyList<string>? Roles = null, IReadOnlyList<AddressView>? Addresses = null,
    string? SecondTaxId = null) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Number">As typed, perhaps with its extension behind it (ext. 12); becomes E.164 in the site's region. Of a number that one may not see: its handle, as PhoneView.e164 has it.</param>
/// <param name="Extension">1 to 10 digits; empty: none. Null, and none behind the number: what the card has for it stays.</param>
public sealed record PhoneSave(string Number, string Label, bool IsMain, string? Extension = null);

/// <summary>POST /api/clients: a new card made by a person (id = UUID v7 of the page), attached to the call when CallId is given.</summary>
public sealed record ClientCreate(Guid Id, ClientSave Client);

/// <param name="Next">Cursor of the next page; null at the end.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, [property: NotANumber] string? Next);

/// <summary>GET /api/clients?query=&amp;tag=&amp;kind=&amp;source=&amp;cursor=&amp;limit= (limit 1–100, default 50).</summary>
public sealed record ClientRow(Guid Id, long Number, string Name, string Company, string? SegmentName, string? ResponsibleName, [property: ClientNumber] string? Phone, DateTimeOffset? LastCallAt, bool Confirmed,
    bool Hidden = false, IReadOnlyList<string>? Tags = null, string Extension = "");

/// <summary>GET /api/clients/sources: what clients have for a source; at most 500.</summary>
public sealed record ClientSources(IReadOnlyList<string> Sources);

/// <summary>POST /api/clients/{id}/notes.</summary>
/// <param name="Id">Made by the page.</param>
/// <param name="Text">1 to 4,000 characters.</param>
public sealed record NoteNew(Guid Id, string Text);

/// <summary>GET /api/clients/{id}/timeline?cursor=&amp;limit=: newest first.</summary>
/// <param name="Kind">call, note, mail (Title is its subject, Text its beginning), deal (where it is now, since when), deal_change (of the deal that is the title, what it was before and what it became), task, merge, unmerge (of another card, its name is the title), file (Title is its name, Text its size in bytes).</param>
/// <param name="Contact">Of a company: with whom of its people it was.</param>
/// <param name="Changes">Of deal_change, one or more; its Text is answers where the answers of a call filled them.</param>
/// <param name="Mine">A note or mail that who asks put there, and may take back.</param>
/// <param name="Way">Of a mail: in (from the client) or out.</param>
/// <param name="Notes">Of a call that more than one agent wrapped up: what each of them noted, in the order they did.</param>
public sealed record TimelineItem(string Kind, string Id, DateTimeOffset At, string? AgentName, CallRow? Call, string? Title, string? Text, string? Contact = null, IReadOnlyList<DealChangeView>? Changes = null, bool Mine = false, string? Way = null,
    IReadOnlyList<CallNoteView>? Notes = null);

public sealed record CallNoteView(string By, string Note);

/// <summary>One field of a deal that became another.</summary>
/// <param name="Field">title, amount, currency, responsible, client, stage.</param>
/// <param name="Before">In words: a title, or a name; null: there was none, or its name is not for who asks. Not of an amount.</param>
/// <param name="AmountBefore">Of an amount; null: there was none.</param>
public sealed record DealChangeView(string Field, string? Before, string? After, decimal? AmountBefore = null, decimal? AmountAfter = null, string? CurrencyBefore = null, string? CurrencyAfter = null);

/// <summary>POST /api/clients/duplicates/check: whether the card being written is there already.</summary>
/// <param name="Id">Of the card itself, which is none of its duplicates; null for a new one.</param>
/// <param name="Phones">As typed.</param>
public sealed record DuplicateAsk(Guid? Id, string Name, string Company, string City, IReadOnlyList<string> Phones, IReadOnlyList<string> Emails, string TaxId, string SecondTaxId = "");

/// <param name="Reasons">phone, email, tax_id, name (alike by 55 % and more); company and city beside an alike name.</param>
/// <param name="AlikePercent">How alike the names are; null: the name is no reason.</param>
public sealed record DuplicateView(Guid Id, long Number, string Name, string Company, [property: Sensitive("city")] string City, [property: ClientNumber] string? Phone, IReadOnlyList<string> Reasons, int? AlikePercent,
    string Extension = "");

/// <summary>GET /api/clients/duplicates: two cards that may be one client, the newer first.</summary>
public sealed record DuplicatePair(DuplicateView Newer, DuplicateView Older);

/// <summary>PUT /api/clients/duplicates/different: two cards are not one client and are offered no more as a pair; false: they are offered again.</summary>
public sealed record DifferentSet(Guid One, Guid Other, bool Different);

/// <summary>POST /api/clients/{id}/merge: another card goes into this one. 409 edit_conflict: one of them is not as it was read.</summary>
/// <param name="Id">A UUID v7 made by the page; repeated, it merges nothing again.</param>
/// <param name="Version">Of this card, as read.</param>
/// <param name="Taken">Fields that become the other's (<c>name</c>, <c>taxId</c>, <c>custom.CODE</c>…); the others stay. Numbers, addresses and tags become those of both.</param>
public sealed record ClientMergeRequest(Guid Id, Guid Other, int Version, int OtherVersion, IReadOnlyList<string> Taken);

/// <summary>GET /api/clients/{id}/merges: newest first, at most 50.</summary>
public sealed record ClientMergeView(Guid Id, DateTimeOffset At, string Who, Guid OtherId, long OtherNumber, string OtherName, DateTimeOffset? UndoneAt);

/// <summary>POST /api/clients/merges/{id}/undo: two cards again.</summary>
/// <param name="Kept">Fields that were edited since the merge: they stay as they are now.</param>
/// <param name="Calls">Since the merge with the other's numbers: they stay with this card, as do the deals and tasks since.</param>
public sealed record ClientUnmergedView(ClientCardView Client, ClientCardView Other, IReadOnlyList<string> Kept, int Calls, int Deals, int Tasks);

/// <summary>GET /api/clients/bin: the latest deleted first.</summary>
/// <param name="Until">Then what stands on it is erased.</param>
public sealed record BinRow(Guid Id, long Number, string Name, string Company, DateTimeOffset DeletedAt, string Who, DateTimeOffset Until);
