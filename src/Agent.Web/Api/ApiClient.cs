using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Api;

/// <summary>The REST side of the public API. Every failure is an <see cref="ApiException"/>; 401 also ends the session in the page.</summary>
sealed partial class ApiClient(HttpClient http, TimeProvider time)
{
    static readonly ContractsJson Json = ContractsJson.Default;

    /// <summary>The session ended on the server: sign in again.</summary>
    public event Action? SignedOut;

    /// <param name="code">Of the second factor, when the answer before was code_needed.</param>
    public Task<SessionView> SignInAsync(string login, string password, string? code = null, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/session", JsonContent.Create(new SignInRequest(login, password, code), Json.SignInRequest), Json.SessionView, cancel);

    public Task SetLanguageAsync(string language, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/session/language", JsonContent.Create(new LanguageGiven(language), Json.LanguageGiven), cancel);

    public Task<SecondFactorView> SecondFactorAsync(CancellationToken cancel = default) => GetAsync("api/session/second-factor", Json.SecondFactorView, cancel);

    /// <exception cref="ApiException">invalid_input (password), second_factor_on, locked_out.</exception>
    public Task<TotpSetupView> BeginSecondFactorAsync(string password, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/session/second-factor", JsonContent.Create(new PasswordGiven(password), Json.PasswordGiven), Json.TotpSetupView, cancel);

    /// <exception cref="ApiException">invalid_input (code).</exception>
    public Task<RecoveryCodesView> ConfirmSecondFactorAsync(string code, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/session/second-factor/confirm", JsonContent.Create(new CodeGiven(code), Json.CodeGiven), Json.RecoveryCodesView, cancel);

    /// <exception cref="ApiException">invalid_input (code), locked_out.</exception>
    public Task EndSecondFactorAsync(string code, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/session/second-factor/off", JsonContent.Create(new CodeGiven(code), Json.CodeGiven), cancel);

    public Task<OpenSessionsView> SessionsAsync(CancellationToken cancel = default) => GetAsync("api/sessions", Json.OpenSessionsView, cancel);

    public Task EndSessionAsync(Guid session, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/sessions/{session}", null, cancel);

    public Task EndOtherSessionsAsync(CancellationToken cancel = default) => SendAsync(HttpMethod.Post, "api/sessions/end-others", null, cancel);

    public Task<OpenSessionsView> UserSessionsAsync(Guid user, CancellationToken cancel = default) => GetAsync($"api/admin/users/{user}/sessions", Json.OpenSessionsView, cancel);

    public Task EndUserSessionAsync(Guid user, Guid session, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/admin/users/{user}/sessions/{session}", null, cancel);

    public Task<AdminView> EndUserSecondFactorAsync(Guid user, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Delete, $"api/admin/users/{user}/second-factor", null, Json.AdminView, cancel);

    public Task<SessionView> SessionAsync(CancellationToken cancel = default) => GetAsync("api/session", Json.SessionView, cancel);

    public Task SignOutAsync(CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, "api/session", null, cancel);

    public Task<DirectoryView> DirectoryAsync(CancellationToken cancel = default) => GetAsync("api/directory", Json.DirectoryView, cancel);

    public Task<CatalogView> CatalogAsync(CancellationToken cancel = default) => GetAsync("api/catalog", Json.CatalogView, cancel);

    /// <summary>One id per wish: pass the same id again to repeat it safely.</summary>
    public Task<CommandAnswer> CommandAsync(CommandRequest command, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/commands", JsonContent.Create(command, Json.CommandRequest), Json.CommandAnswer, cancel);

    /// <param name="script">Null: the first of the person's language.</param>
    /// <exception cref="ApiException">no_scripts, script.not_found, offline.</exception>
    public Task<PracticeView> PractiseAsync(string? script, int turn, CancellationToken cancel = default) =>
        GetAsync($"api/practice?turn={turn}{(script is null ? "" : "&script=" + Uri.EscapeDataString(script))}", Json.PracticeView, cancel);

    public Task<ClockView> ClockAsync(CancellationToken cancel = default) => GetAsync("api/clock", Json.ClockView, cancel);

    /// <exception cref="ApiException">router_away, offline.</exception>
    public Task<SeatsView> SeatsAsync(CancellationToken cancel = default) => GetAsync("api/seats", Json.SeatsView, cancel);

    /// <exception cref="ApiException">no_extension, in_call, phone_test_runs, pbx_away, phone_not_testable, router_away, offline.</exception>
    public Task<PhoneTestView> TestPhoneAsync(bool start, string? device = null, CancellationToken cancel = default)
    {
        var path = "api/seats/phone-test" + (device is null ? "" : $"?device={Uri.EscapeDataString(device)}");
        return start ? SendAsync(HttpMethod.Post, path, null, Json.PhoneTestView, cancel) : GetAsync(path, Json.PhoneTestView, cancel);
    }

    public Task<CommandAnswer> ListenAsync(Guid agent, Guid call, bool listens, ExtensionView? place = null, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/agents/{agent}/listening", JsonContent.Create(new ListenRequest(Guid.CreateVersion7(time.GetUtcNow()), call, listens, place?.Node, place?.Number), Json.ListenRequest), Json.CommandAnswer, cancel);

    public Task<CommandAnswer> SuperviseAsync(Guid agent, string kind, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/agents/{agent}/commands", JsonContent.Create(new SuperviseRequest(Guid.CreateVersion7(time.GetUtcNow()), kind), Json.SuperviseRequest), Json.CommandAnswer, cancel);

    public Task<CommandAnswer> EndCallAsync(Guid call, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/calls/{call}/end", JsonContent.Create(new CallEnd(Guid.CreateVersion7(time.GetUtcNow())), Json.CallEnd), Json.CommandAnswer, cancel);

    public CommandRequest NewCommand(string kind, Guid? call = null, string? node = null, string? extension = null, string? reason = null, Guid? client = null, string? number = null) =>
        new(Guid.CreateVersion7(time.GetUtcNow()), kind, call, node, extension, reason, client, Number: number);

    /// <param name="narrowed">Further filters, as <c>&amp;segment=vip</c>.</param>
    public Task<ListPage<ClientRow>> ClientsAsync(string query, string? cursor = null, int limit = 50, string? kind = null, string? source = null, string narrowed = "", CancellationToken cancel = default) =>
        GetAsync($"api/clients?query={Uri.EscapeDataString(query)}&limit={limit}{(kind is null ? "" : "&kind=" + kind)}{(source is { Length: > 0 } ? "&source=" + Uri.EscapeDataString(source) : "")}{narrowed}{Cursor(cursor)}", Json.ListPageClientRow, cancel);

    public Task<ClientSources> ClientSourcesAsync(CancellationToken cancel = default) => GetAsync("api/clients/sources", Json.ClientSources, cancel);

    public Task<ClientCardView> ClientAsync(Guid id, CancellationToken cancel = default) => GetAsync($"api/clients/{id}", Json.ClientCardView, cancel);

    public Task<ClientCardView> SaveClientAsync(Guid id, ClientSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/clients/{id}", JsonContent.Create(save, Json.ClientSave), Json.ClientCardView, cancel);

    public Task<ClientCardView> CreateClientAsync(ClientCreate create, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/clients", JsonContent.Create(create, Json.ClientCreate), Json.ClientCardView, cancel);

    public Task<FilesView> FilesAsync(string kind, Guid subject, string? cursor = null, CancellationToken cancel = default) => GetAsync($"api/files?kind={kind}&object={subject}{(cursor is null ? "" : $"&cursor={cursor}")}", Json.FilesView, cancel);

    public Task<MailView> MailAsync(Guid client, string mail, CancellationToken cancel = default) => GetAsync($"api/clients/{client}/mails/{mail}", Json.MailView, cancel);

    public Task RemoveMailAsync(Guid client, string mail, int version, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/clients/{client}/mails/{mail}?version={version}", null, cancel);

    public Task RestoreMailAsync(Guid client, string mail, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/clients/{client}/mails/{mail}/restore", null, cancel);

    public Task<ListPage<MailBinRow>> MailBinAsync(string? cursor = null, CancellationToken cancel = default) => GetAsync($"api/mails/bin?limit=50{Cursor(cursor)}", Json.ListPageMailBinRow, cancel);

    public Task DeleteFileAsync(Guid id, int version, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/files/{id}?version={version}", null, cancel);

    public Task RestoreFileAsync(Guid id, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/files/{id}/restore", null, cancel);

    public Task<ListPage<ImportRunView>> ImportsAsync(CancellationToken cancel = default) => GetAsync("api/imports?limit=20", Json.ListPageImportRunView, cancel);

    public Task<ImportRunView> ImportAsync(Guid id, CancellationToken cancel = default) => GetAsync($"api/imports/{id}", Json.ImportRunView, cancel);

    /// <param name="query">Encoded: encoding, separator, sheet, header.</param>
    public Task<ImportPreview> ImportPreviewAsync(Guid id, string query, CancellationToken cancel = default) => GetAsync($"api/imports/{id}/preview?{query}", Json.ImportPreview, cancel);

    public Task<ImportRunView> StartImportAsync(Guid id, ImportStart start, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/imports/{id}/start", JsonContent.Create(start, Json.ImportStart), Json.ImportRunView, cancel);

    /// <summary>What would become of the first rows; nothing is written.</summary>
    public Task<ImportCheckView> CheckImportAsync(Guid id, ImportStart start, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/imports/{id}/check", JsonContent.Create(start, Json.ImportStart), Json.ImportCheckView, cancel);

    public Task<ImportRunView> CancelImportAsync(Guid id, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/imports/{id}/cancel", null, Json.ImportRunView, cancel);

    public Task<ListPage<TimelineItem>> TimelineAsync(Guid client, string? cursor = null, int limit = 30, CancellationToken cancel = default) =>
        GetAsync($"api/clients/{client}/timeline?limit={limit}{Cursor(cursor)}", Json.ListPageTimelineItem, cancel);

    /// <param name="filter">Already encoded query parameters without the leading question mark, may be empty.</param>
    public Task<ListPage<CallRow>> CallsAsync(string filter, string? cursor = null, int limit = 50, CancellationToken cancel = default) =>
        GetAsync($"api/calls?limit={limit}{(filter.Length > 0 ? "&" + filter : "")}{Cursor(cursor)}", Json.ListPageCallRow, cancel);

    public Task<CallDetailView> CallAsync(Guid id, CancellationToken cancel = default) => GetAsync($"api/calls/{id}", Json.CallDetailView, cancel);

    public Task AddNoteAsync(Guid client, NoteNew note, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/clients/{client}/notes", JsonContent.Create(note, Json.NoteNew), cancel);

    public Task RemoveNoteAsync(Guid client, string note, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/clients/{client}/notes/{note}", null, cancel);

    public Task<CallTimelineView> CallTimelineAsync(Guid id, CancellationToken cancel = default) => GetAsync($"api/calls/{id}/timeline", Json.CallTimelineView, cancel);

    public Task<ListPage<MissedRow>> MissedAsync(string state, Guid? queue, string? cursor = null, int limit = 50, CancellationToken cancel = default) =>
        GetAsync($"api/missed?state={state}&limit={limit}{(queue is { } q ? $"&queue={q}" : "")}{Cursor(cursor)}", Json.ListPageMissedRow, cancel);

    public Task<BackupView> BackupAsync(CancellationToken cancel = default) => GetAsync("api/admin/backup", Json.BackupView, cancel);

    public Task<GuideView> GuideAsync(string role, string language, CancellationToken cancel = default) => GetAsync($"api/guides/{role}?language={language}", Json.GuideView, cancel);

    public Task<CertificateView> CertificateAsync(CancellationToken cancel = default) => GetAsync("api/admin/certificate", Json.CertificateView, cancel);

    public Task<MissedCount> MissedCountAsync(CancellationToken cancel = default) => GetAsync("api/missed/count", Json.MissedCount, cancel);

    /// <param name="days">period=… or from=…&amp;to=…</param>
    public Task<MissedFiguresView> MissedFiguresAsync(string days, CancellationToken cancel = default) => GetAsync($"api/missed/figures?{days}", Json.MissedFiguresView, cancel);

    /// <exception cref="ApiException">claimed_by_other, missed_closed.</exception>
    public Task<MissedRow> ClaimMissedAsync(Guid number, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/missed/{number}/claim", null, Json.MissedRow, cancel);

    public Task<MissedRow> ReleaseMissedAsync(Guid number, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/missed/{number}/release", null, Json.MissedRow, cancel);

    public Task<MissedRow> CloseMissedAsync(Guid number, MissedDone done, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/missed/{number}/done", JsonContent.Create(done, Json.MissedDone), Json.MissedRow, cancel);

    public Task<ListPage<BlockRow>> BlocksAsync(string query, string? cursor = null, CancellationToken cancel = default) =>
        GetAsync($"api/blocks?query={Uri.EscapeDataString(query)}{Cursor(cursor)}", Json.ListPageBlockRow, cancel);

    /// <exception cref="ApiException">confirm_needed, already_blocked, list_full, invalid_input.</exception>
    public Task<BlockRow> AddBlockAsync(BlockCreate create, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/blocks", JsonContent.Create(create, Json.BlockCreate), Json.BlockRow, cancel);

    public Task<BlockImported> ImportBlocksAsync(BlockImport import, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/blocks/import", JsonContent.Create(import, Json.BlockImport), Json.BlockImported, cancel);

    public Task RemoveBlockAsync(Guid block, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/blocks/{block}", null, cancel);

    /// <exception cref="ApiException">confirm_needed, no_number, list_full.</exception>
    public Task<SpamMarked> MarkSpamAsync(Guid call, SpamMark mark, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/calls/{call}/spam", JsonContent.Create(mark, Json.SpamMark), Json.SpamMarked, cancel);

    public Task<ListPage<UnconfirmedRow>> UnconfirmedAsync(string? cursor = null, CancellationToken cancel = default) =>
        GetAsync($"api/clients/unconfirmed?limit=50{Cursor(cursor)}", Json.ListPageUnconfirmedRow, cancel);

    public Task<UnconfirmedCount> UnconfirmedCountAsync(CancellationToken cancel = default) => GetAsync("api/clients/unconfirmed/count", Json.UnconfirmedCount, cancel);

    /// <exception cref="ApiException">edit_conflict, invalid_input (name).</exception>
    public Task<ClientCardView> ConfirmClientAsync(Guid client, int version, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/clients/{client}/confirm", JsonContent.Create(new CardConfirm(version), Json.CardConfirm), Json.ClientCardView, cancel);

    public Task<ClientCardView> HideClientAsync(Guid client, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/clients/{client}/hide", null, Json.ClientCardView, cancel);

    public Task<ClientCardView> ShowClientAsync(Guid client, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/clients/{client}/show", null, Json.ClientCardView, cancel);

    /// <exception cref="ApiException">edit_conflict.</exception>
    public Task<ClientCardView> DeleteClientAsync(Guid client, int version, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Delete, $"api/clients/{client}?version={version}", null, Json.ClientCardView, cancel);

    public Task<ClientCardView> RestoreClientAsync(Guid client, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/clients/{client}/restore", null, Json.ClientCardView, cancel);

    public Task<DealDetailView> CreateDealAsync(DealCreate create, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/deals", JsonContent.Create(create, Json.DealCreate), Json.DealDetailView, cancel);

    /// <exception cref="ApiException">edit_conflict, fields_missing, invalid_input.</exception>
    public Task<DealDetailView> SaveDealAsync(Guid deal, DealSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/deals/{deal}", JsonContent.Create(save, Json.DealSave), Json.DealDetailView, cancel);

    public Task<DealDetailView> DeleteDealAsync(Guid deal, int version, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/deals/{deal}?version={version}", null, Json.DealDetailView, cancel);

    public Task<DealDetailView> RestoreDealAsync(Guid deal, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/deals/{deal}/restore", null, Json.DealDetailView, cancel);

    /// <param name="filter">As GET /api/deals takes it.</param>
    public Task<ListPage<DealDetailView>> DealsAsync(string filter, string? cursor = null, int limit = 50, CancellationToken cancel = default) =>
        GetAsync($"api/deals?limit={limit}&{filter}{Cursor(cursor)}", Json.ListPageDealDetailView, cancel);

    public Task<DealDetailView> DealAsync(Guid deal, CancellationToken cancel = default) => GetAsync($"api/deals/{deal}", Json.DealDetailView, cancel);

    public Task<ListPage<DealBinRow>> DealBinAsync(string? cursor = null, CancellationToken cancel = default) => GetAsync($"api/deals/bin?limit=50{Cursor(cursor)}", Json.ListPageDealBinRow, cancel);

    public Task<ListPage<BinRow>> BinAsync(string? cursor = null, CancellationToken cancel = default) => GetAsync($"api/clients/bin?limit=50{Cursor(cursor)}", Json.ListPageBinRow, cancel);

    public Task<IReadOnlyList<DuplicateView>> CheckDuplicatesAsync(DuplicateAsk ask, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/clients/duplicates/check", JsonContent.Create(ask, Json.DuplicateAsk), Json.IReadOnlyListDuplicateView, cancel);

    public Task<ListPage<DuplicatePair>> DuplicatesAsync(string? cursor = null, CancellationToken cancel = default) =>
        GetAsync($"api/clients/duplicates?limit=50{Cursor(cursor)}", Json.ListPageDuplicatePair, cancel);

    public Task SetDifferentAsync(Guid one, Guid other, bool different, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/clients/duplicates/different", JsonContent.Create(new DifferentSet(one, other, different), Json.DifferentSet), cancel);

    /// <summary>Pass the same request again to repeat it safely.</summary>
    /// <exception cref="ApiException">edit_conflict, invalid_input.</exception>
    public Task<ClientCardView> MergeClientsAsync(Guid keeps, ClientMergeRequest request, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/clients/{keeps}/merge", JsonContent.Create(request, Json.ClientMergeRequest), Json.ClientCardView, cancel);

    /// <exception cref="ApiException">not_allowed.</exception>
    public Task<ClientCardView> SetDoNotCallAsync(Guid client, bool on, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/clients/{client}/do-not-call", JsonContent.Create(new DoNotCallSet(on), Json.DoNotCallSet), Json.ClientCardView, cancel);

    public Task<IReadOnlyList<ClientMergeView>> MergesAsync(Guid client, CancellationToken cancel = default) => GetAsync($"api/clients/{client}/merges", Json.IReadOnlyListClientMergeView, cancel);

    /// <exception cref="ApiException">merged_further, was_undone.</exception>
    public Task<ClientUnmergedView> UndoMergeAsync(Guid merge, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/clients/merges/{merge}/undo", null, Json.ClientUnmergedView, cancel);

    /// <param name="query">Already encoded, as for the CSV.</param>
    public Task<ReportView> ReportAsync(string query, CancellationToken cancel = default) => GetAsync($"api/reports?{query}", Json.ReportView, cancel);

    public Task<ScriptEditList> ScriptEditsAsync(CancellationToken cancel = default) => GetAsync("api/script-edits", Json.ScriptEditList, cancel);

    public Task<ScriptEditView> ScriptEditAsync(string id, CancellationToken cancel = default) => GetAsync(Script(id), Json.ScriptEditView, cancel);

    /// <exception cref="ApiException">script.changed.</exception>
    public Task<ScriptEditView> SaveScriptAsync(string id, ScriptDraftSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, Script(id) + "/draft", JsonContent.Create(save, Json.ScriptDraftSave), Json.ScriptEditView, cancel);

    /// <exception cref="ApiException">script.changed.</exception>
    public Task DiscardScriptAsync(string id, long draft, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, string.Create(CultureInfo.InvariantCulture, $"{Script(id)}/draft?draft={draft}"), null, cancel);

    /// <exception cref="ApiException">script.changed, script.faulty.</exception>
    public Task<ScriptEditView> PublishScriptAsync(string id, ScriptPublish publish, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, Script(id) + "/publish", JsonContent.Create(publish, Json.ScriptPublish), Json.ScriptEditView, cancel);

    /// <exception cref="ApiException">script.changed.</exception>
    public Task<ScriptEditView> WithdrawScriptAsync(string id, ScriptWithdraw withdraw, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, Script(id) + "/withdraw", JsonContent.Create(withdraw, Json.ScriptWithdraw), Json.ScriptEditView, cancel);

    public Task<ScriptTryView> TryScriptAsync(ScriptTry asked, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/script-edits/try", JsonContent.Create(asked, Json.ScriptTry), Json.ScriptTryView, cancel);

    public Task<ScriptDiffView> ScriptDiffAsync(string id, string from, string to, CancellationToken cancel = default) => GetAsync($"{Script(id)}/diff?from={from}&to={to}", Json.ScriptDiffView, cancel);

    static string Script(string id) => $"api/script-edits/{Uri.EscapeDataString(id)}";

    public Task<PrefillReportView> PrefillReportAsync(string period, CancellationToken cancel = default) => GetAsync($"api/reports/prefill?period={period}", Json.PrefillReportView, cancel);

    public Task<ClientsReportView> ClientsReportAsync(string query, CancellationToken cancel = default) => GetAsync($"api/reports/clients?{query}", Json.ClientsReportView, cancel);

    public Task<FillingView> FillingReportAsync(string query, CancellationToken cancel = default) => GetAsync($"api/reports/filling?{query}", Json.FillingView, cancel);

    public Task<ScriptReportView> ScriptReportAsync(string query, CancellationToken cancel = default) => GetAsync($"api/reports/scripts?{query}", Json.ScriptReportView, cancel);

    public Task<RecordingView> RecordingAsync(Guid id, CancellationToken cancel = default) => GetAsync($"api/recordings/{id}", Json.RecordingView, cancel);

    public Task<TranscriptView> TranscriptAsync(Guid recording, CancellationToken cancel = default) => GetAsync($"api/recordings/{recording}/transcript", Json.TranscriptView, cancel);

    public Task RedoTranscriptAsync(Guid recording, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/recordings/{recording}/transcript", null, cancel);

    public Task<BoardView> BoardAsync(CancellationToken cancel = default) => GetAsync("api/live/board", Json.BoardView, cancel);

    public Task<DraftFieldView> SaveDraftAsync(Guid call, string field, DraftWrite write, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/calls/{call}/draft/{Uri.EscapeDataString(field)}", JsonContent.Create(write, Json.DraftWrite), Json.DraftFieldView, cancel);

    public Task<IReadOnlyList<DraftFieldView>> DraftAsync(Guid call, CancellationToken cancel = default) => GetAsync($"api/calls/{call}/draft", Json.IReadOnlyListDraftFieldView, cancel);

    public Task<UnfinishedView> UnfinishedAsync(CancellationToken cancel = default) => GetAsync("api/wrap-ups/unfinished", Json.UnfinishedView, cancel);

    /// <exception cref="ApiException">wrap_up_closed, invalid_input (disposition, nextAt, nextStep).</exception>
    public Task<CallDetailView> ChangeDispositionAsync(Guid call, Guid agent, DispositionChange change, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/calls/{call}/wrap-ups/{agent}/disposition", JsonContent.Create(change, Json.DispositionChange), Json.CallDetailView, cancel);

    public Task<WrapUpProposal> ProposeWrapUpAsync(Guid call, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/calls/{call}/wrap-up/proposal", null, Json.WrapUpProposal, cancel);

    public Task<DayView> DayAsync(CancellationToken cancel = default) => GetAsync("api/day", Json.DayView, cancel);

    /// <param name="filter">As GET /api/tasks takes it.</param>
    public Task<ListPage<TaskView>> TasksAsync(string filter, string? cursor = null, int limit = 50, CancellationToken cancel = default) =>
        GetAsync($"api/tasks?limit={limit}&{filter}{Cursor(cursor)}", Json.ListPageTaskView, cancel);

    public Task<TaskView> TaskAsync(Guid task, CancellationToken cancel = default) => GetAsync($"api/tasks/{task}", Json.TaskView, cancel);

    public Task<ListPage<TaskBinRow>> TaskBinAsync(string? cursor = null, CancellationToken cancel = default) => GetAsync($"api/tasks/bin?limit=50{Cursor(cursor)}", Json.ListPageTaskBinRow, cancel);

    public Task<TaskView> CreateTaskAsync(TaskCreate create, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/tasks", JsonContent.Create(create, Json.TaskCreate), Json.TaskView, cancel);

    /// <exception cref="ApiException">edit_conflict, invalid_input.</exception>
    public Task<TaskView> SaveTaskAsync(Guid task, TaskSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/tasks/{task}", JsonContent.Create(save, Json.TaskSave), Json.TaskView, cancel);

    public Task<TaskView> DeleteTaskAsync(Guid task, int version, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/tasks/{task}?version={version}", null, Json.TaskView, cancel);

    public Task<TaskView> RestoreTaskAsync(Guid task, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/tasks/{task}/restore", null, Json.TaskView, cancel);

    public Task SetTaskDoneAsync(Guid task, bool done, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/tasks/{task}/done", JsonContent.Create(new TaskDone(done), Json.TaskDone), cancel);

    public Task<CommandAnswer> SaveWrapUpAsync(Guid call, WrapUpSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/calls/{call}/wrap-up", JsonContent.Create(save, Json.WrapUpSave), Json.CommandAnswer, cancel);

    /// <exception cref="ApiException">link_gone, invalid_input (password).</exception>
    public Task<SignInName> UseLinkAsync(string token, string password, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/session/link", JsonContent.Create(new LinkUse(token, password), Json.LinkUse), Json.SignInName, cancel);

    static string Cursor(string? cursor) => cursor is null ? "" : "&cursor=" + Uri.EscapeDataString(cursor);

    Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) => SendAsync(HttpMethod.Get, path, null, type, cancel);

    async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var response = await SendCheckedAsync(method, path, content, cancel);
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancel)
                ?? throw new ApiException(response.StatusCode, "bad_answer", $"{path} answered without a body.");
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or NotSupportedException)
        {
            // A proxy's page, or the pages' own document under an address the server does not know.
            throw new ApiException(response.StatusCode, "bad_answer", $"{path} answered with something else than JSON.");
        }
        catch (Exception e) when (IsLost(e, cancel))
        {
            throw new ApiException(null, "offline", e.Message); // The line broke in the middle of the body.
        }
    }

    async Task SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel) =>
        (await SendCheckedAsync(method, path, content, cancel)).Dispose();

    async Task<HttpResponseMessage> SendCheckedAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel)
    {
        HttpResponseMessage response;
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            response = await http.SendAsync(request, cancel);
        }
        catch (Exception e) when (IsLost(e, cancel))
        {
            throw new ApiException(null, "offline", e.Message);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            var problem = await ReadProblemAsync(response, cancel);
            if (response.StatusCode == HttpStatusCode.Unauthorized && path != "api/session")
                SignedOut?.Invoke();
            throw new ApiException(response.StatusCode, problem?.ErrorId ?? $"http_{(int)response.StatusCode}",
                problem?.Detail ?? problem?.Title ?? response.ReasonPhrase ?? "", problem?.Errors, problem?.Confirm, problem?.Client, problem?.Deal, problem?.Task, problem?.Claimed, problem?.Found);
        }
    }

    /// <summary>Not reached, broken off, or no answer in time; a wait the page itself gave up is neither.</summary>
    static bool IsLost(Exception e, CancellationToken cancel) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested);

    static async Task<ProblemView?> ReadProblemAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(Json.ProblemView, cancel);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or NotSupportedException || IsLost(e, cancel))
        {
            return null; // A proxy's own error page: the status has to do.
        }
    }
}
