namespace CallCrm.Contracts;

/// <param name="Name">As the form calls it, 1 to 100 characters.</param>
/// <param name="To">A field of the card: one of <see cref="WebForms.Targets"/>, or custom.CODE.</param>
public sealed record WebFormField(string Name, string To);

/// <summary>PUT /api/admin/web-forms/{code}: a form of one's own site, and what is made of what it hands in.</summary>
/// <param name="Code">Of the address: small letters, digits, - and _, at most 40.</param>
/// <param name="Name">1 to 100 characters; the card's source is <c>web form: NAME</c>.</param>
/// <param name="ResponsibleId">Whose new cards, tasks and deals are; null: whoever of the queue has the fewest open tasks.</param>
/// <param name="Fields">What the card takes; all else that is handed in stands in the timeline.</param>
/// <param name="Duplicates">skip or fill_empty: what becomes of a card with this number or mail. Nothing that stands there is overwritten.</param>
/// <param name="Makes">nothing, task, callback or deal.</param>
/// <param name="DealType">Of deal alone.</param>
/// <param name="Title">Of what is made; empty: the form's name.</param>
/// <param name="Due_min">When a task is due after it was handed in, 0 to 43,200.</param>
/// <param name="Version">As read; 0: a new one.</param>
public sealed record WebFormSetup(string Code, string Name, Guid? ResponsibleId, Guid? QueueId, IReadOnlyList<WebFormField> Fields, string Duplicates, string Makes, string? DealType, string Title, int Due_min, bool Active, int Version,
    DateTimeOffset? LastAt = null, int Submissions = 0) : IVersionedSetup
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <summary>GET /api/admin/web-forms.</summary>
public sealed record WebFormsView(IReadOnlyList<WebFormSetup> Items);

/// <summary>What came of what was handed in.</summary>
/// <param name="Created">Whether the card is new.</param>
public sealed record WebFormAnswer(Guid Id, Guid ClientId, bool Created, Guid? TaskId, Guid? DealId);

public static class WebForms
{
    /// <summary>Header: the same key with the same body is answered as the first time, and nothing is made again.</summary>
    public const string IdempotencyHeader = "Idempotency-Key";

    /// <summary>Beside the site's own fields.</summary>
    public static IReadOnlyList<string> Targets { get; } = ["name", "company", "phone", "email", "city", "note"];

    public static IReadOnlyList<string> Made { get; } = ["nothing", "task", "callback", "deal"];
}
