using System.Text.Json;
using System.Text.Json.Serialization;

namespace CallCrm.Contracts;

/// <summary>Source-generated JSON of everything on the wire, the same on both sides.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FeedMessage))]
[JsonSerializable(typeof(SignInRequest))]
[JsonSerializable(typeof(SessionView))]
[JsonSerializable(typeof(CommandRequest))]
[JsonSerializable(typeof(SuperviseRequest))]
[JsonSerializable(typeof(CommandAnswer))]
[JsonSerializable(typeof(CatalogView))]
[JsonSerializable(typeof(BoardView))]
[JsonSerializable(typeof(DraftWrite))]
[JsonSerializable(typeof(DraftFieldView))]
[JsonSerializable(typeof(ClientCardView))]
[JsonSerializable(typeof(ClientSave))]
[JsonSerializable(typeof(ClientCreate))]
[JsonSerializable(typeof(ListPage<ClientRow>))]
[JsonSerializable(typeof(ListPage<TimelineItem>))]
[JsonSerializable(typeof(ListPage<CallRow>))]
[JsonSerializable(typeof(CallDetailView))]
[JsonSerializable(typeof(ListPage<MissedRow>))]
[JsonSerializable(typeof(MissedCount))]
[JsonSerializable(typeof(BackupView))]
[JsonSerializable(typeof(MissedDone))]
[JsonSerializable(typeof(MissedFiguresView))]
[JsonSerializable(typeof(ReportView))]
[JsonSerializable(typeof(CallTimelineView))]
[JsonSerializable(typeof(RecordingView))]
[JsonSerializable(typeof(WrapUpSave))]
[JsonSerializable(typeof(UnfinishedView))]
[JsonSerializable(typeof(DispositionChange))]
[JsonSerializable(typeof(IReadOnlyList<DraftFieldView>))]
[JsonSerializable(typeof(ScriptLibraryView))]
[JsonSerializable(typeof(ScriptView))]
[JsonSerializable(typeof(AdminView))]
[JsonSerializable(typeof(CodesSave))]
[JsonSerializable(typeof(IReadOnlyList<CodeSetup>))]
[JsonSerializable(typeof(LinkView))]
[JsonSerializable(typeof(LinkUse))]
[JsonSerializable(typeof(SecondFactorView))]
[JsonSerializable(typeof(PasswordGiven))]
[JsonSerializable(typeof(CodeGiven))]
[JsonSerializable(typeof(TotpSetupView))]
[JsonSerializable(typeof(RecoveryCodesView))]
[JsonSerializable(typeof(OpenSessionsView))]
[JsonSerializable(typeof(LeavingView))]
[JsonSerializable(typeof(LeaveRequest))]
[JsonSerializable(typeof(SignInName))]
[JsonSerializable(typeof(ListPage<SettingsChangeView>))]
[JsonSerializable(typeof(ProblemView))]
public sealed partial class ContractsJson : JsonSerializerContext;

/// <summary>ProblemDetails (RFC 9457) with a stable errorId and, for bad input, the fields by name and what was expected.</summary>
/// <param name="Card">With edit_conflict: the newer card.</param>
public sealed record ProblemView(string? Title, int? Status, string? Detail, string? ErrorId, IReadOnlyDictionary<string, string[]>? Errors, ClientCardView? Card = null);
