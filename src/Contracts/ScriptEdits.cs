namespace CallCrm.Contracts;

/// <summary>GET /api/script-edits: every script there is, in use or not.</summary>
[NotANumber]
public sealed record ScriptEditList(IReadOnlyList<ScriptEditRow> Scripts);

/// <summary>How one script stands.</summary>
/// <param name="Title">Of the text in use, else of the draft when it can be read, else the id.</param>
/// <param name="InLibrary">A file of the library carries this id.</param>
/// <param name="Published">Number of the publish in use; null: the library's file is, or none.</param>
/// <param name="InUse">Calls are led by it.</param>
/// <param name="By">Who published what is in use.</param>
/// <param name="DraftBy">Whose draft waits; null: there is none.</param>
public sealed record ScriptEditRow(string Id, string Title, string Language, IReadOnlyList<ScriptConditionMet> Conditions, bool InLibrary, bool InUse, int? Published, string? By, DateTimeOffset? At, string? DraftBy, DateTimeOffset? DraftAt);

/// <summary>A script opened for editing.</summary>
/// <param name="Yaml">The draft, else what is in use, else empty.</param>
/// <param name="Draft">The draft's number, to be named when it is saved or published; 0: there is none.</param>
/// <param name="Base">The last publish; 0: none yet.</param>
/// <param name="History">Newest first.</param>
[NotANumber]
public sealed record ScriptEditView(string Id, string Yaml, long Draft, int Base, string? DraftBy, DateTimeOffset? DraftAt, bool InLibrary, bool InUse, IReadOnlyList<ScriptPublishView> History,
    IReadOnlyList<ScriptProblemView> Problems);

/// <summary>A publish, or that the script was taken out of use.</summary>
/// <param name="Version">As calls name it; null: taken out of use.</param>
public sealed record ScriptPublishView(int N, string? Version, string Note, string By, DateTimeOffset At);

/// <summary>PUT /api/script-edits/{id}/draft. A draft may be broken; only what is published is checked.</summary>
/// <param name="Draft">The number this page saw; 0: it saw none.</param>
/// <param name="Base">The last publish this page saw.</param>
public sealed record ScriptDraftSave(string Yaml, long Draft, int Base);

/// <summary>POST /api/script-edits/{id}/publish.</summary>
public sealed record ScriptPublish(long Draft, string Note = "");

/// <summary>POST /api/script-edits/{id}/withdraw: out of use; the library's file, if there is one, is used again.</summary>
/// <param name="Base">The last publish this page saw.</param>
public sealed record ScriptWithdraw(int Base, string Note = "");

/// <summary>POST /api/script-edits/try: checks a text and shows it as the agent would see it, filled for a client. Nothing is stored.</summary>
/// <param name="Id">The id it is edited under; null: any.</param>
/// <param name="Client">Null: somebody without a card.</param>
/// <param name="Direction">inbound or outbound.</param>
/// <param name="Campaign">The code of the call's; null: it is of none.</param>
public sealed record ScriptTry(string Yaml, string? Id = null, Guid? Client = null, string Direction = "inbound", Guid? Queue = null, string? Campaign = null);

/// <summary>What a text is worth.</summary>
/// <param name="Problems">What is wrong, by line; while there is anything it cannot be published.</param>
/// <param name="View">As the agent sees it; null while it cannot be read at all. A script that is only too thin can be seen.</param>
/// <param name="Unmet">What the script wants and such a call does not have; empty: it fits.</param>
/// <param name="Chosen">Which script would lead such a call if this one were in use; null: none.</param>
public sealed record ScriptTryView(IReadOnlyList<ScriptProblemView> Problems, ScriptView? View, IReadOnlyList<ScriptConditionMet> Unmet, ScriptSummary? Chosen, ScriptReason? Why);

/// <summary>GET /api/script-edits/{id}/diff?from=&amp;to=: <c>draft</c>, <c>library</c> or the number of a publish.</summary>
[NotANumber]
public sealed record ScriptDiffView(string From, string To, IReadOnlyList<ScriptDiffLine> Lines);

/// <param name="Before">Its line before; null: it came.</param>
/// <param name="After">Its line after; null: it went.</param>
public sealed record ScriptDiffLine(ScriptDiffKind Kind, int? Before, int? After, string Text);

/// <summary>What became of a line.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(System.Text.Json.Serialization.JsonStringEnumConverter<ScriptDiffKind>))]
public enum ScriptDiffKind
{
    /// <summary>It stayed.</summary>
    Same,

    /// <summary>It went.</summary>
    Gone,

    /// <summary>It came.</summary>
    Come,
}
