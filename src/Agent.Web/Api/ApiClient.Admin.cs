using System.Globalization;
using System.Net.Http.Json;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Api;

/// <summary>What only those who look after the site ask for: people, settings, audit, programs.</summary>
sealed partial class ApiClient
{
    public Task<AdminView> AdminAsync(CancellationToken cancel = default) => GetAsync("api/admin", Json.AdminView, cancel);

    public Task<ListPage<AuditView>> AuditAsync(string filter, string? cursor = null, CancellationToken cancel = default) =>
        GetAsync($"api/audit?limit=50{(filter.Length > 0 ? "&" + filter : "")}{Cursor(cursor)}", Json.ListPageAuditView, cancel);

    public Task<ListPage<SettingsChangeView>> SettingsChangesAsync(string? cursor, CancellationToken cancel = default) =>
        GetAsync($"api/admin/changes?limit=50{Cursor(cursor)}", Json.ListPageSettingsChangeView, cancel);

    public Task<AdminView> SaveUserAsync(UserSetup user, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/users/{user.Id}", JsonContent.Create(user, Json.UserSetup), Json.AdminView, cancel);

    public Task<LinkView> UserLinkAsync(Guid user, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/admin/users/{user}/link", null, Json.LinkView, cancel);

    public Task EndUserSessionsAsync(Guid user, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/admin/users/{user}/sign-out", null, cancel);

    public Task<LeavingView> LeavingAsync(Guid user, CancellationToken cancel = default) => GetAsync($"api/admin/users/{user}/leaving", Json.LeavingView, cancel);

    /// <summary>Pass the same request again to repeat it safely.</summary>
    public Task<AdminView> DeactivateUserAsync(Guid user, LeaveRequest leave, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/admin/users/{user}/leave", JsonContent.Create(leave, Json.LeaveRequest), Json.AdminView, cancel);

    public Task<AdminView> UndoHandoverAsync(Guid handover, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/admin/handovers/{handover}/undo", null, Json.AdminView, cancel);

    public Task<AdminView> SaveRoleAsync(RoleSetup role, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/roles/{role.Code}", JsonContent.Create(role, Json.RoleSetup), Json.AdminView, cancel);

    public Task<AdminView> DeleteRoleAsync(string code, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/admin/roles/{code}", null, Json.AdminView, cancel);

    public Task<AdminView> SaveDepartmentAsync(DepartmentSetup department, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/departments/{department.Id}", JsonContent.Create(department, Json.DepartmentSetup), Json.AdminView, cancel);

    public Task<AdminView> DeleteDepartmentAsync(Guid department, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Delete, $"api/admin/departments/{department}", null, Json.AdminView, cancel);

    public Task<AdminView> SaveQueueAsync(QueueSetup queue, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/queues/{queue.Id}", JsonContent.Create(queue, Json.QueueSetup), Json.AdminView, cancel);

    public Task<AdminView> RetireQueueAsync(Guid queue, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/admin/queues/{queue}", null, Json.AdminView, cancel);

    public Task<AdminView> SaveCallsAsync(CallSetup calls, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/calls", JsonContent.Create(calls, Json.CallSetup), Json.AdminView, cancel);

    public Task<PbxImportView> PbxAsync(string node, CancellationToken cancel = default) => GetAsync($"api/admin/pbx/{Uri.EscapeDataString(node)}", Json.PbxImportView, cancel);

    public Task<PbxImportResult> ImportAsync(string node, PbxImportRequest request, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/admin/pbx/{Uri.EscapeDataString(node)}/import", JsonContent.Create(request, Json.PbxImportRequest), Json.PbxImportResult, cancel);

    public Task<AdminView> SaveExtensionAsync(ExtensionSetup extension, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, Place(extension.Node, extension.Number), JsonContent.Create(extension, Json.ExtensionSetup), Json.AdminView, cancel);

    public Task<AdminView> DeleteExtensionAsync(string node, string number, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, Place(node, number), null, Json.AdminView, cancel);

    public Task<AdminView> SaveNumberAsync(NumberSetup number, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/numbers/{Uri.EscapeDataString(number.Number)}", JsonContent.Create(number, Json.NumberSetup), Json.AdminView, cancel);

    public Task<AdminView> DeleteNumberAsync(string number, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Delete, $"api/admin/numbers/{Uri.EscapeDataString(number)}", null, Json.AdminView, cancel);

    public Task<AdminView> SaveDispositionsAsync(CodesSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/dispositions", JsonContent.Create(save, Json.CodesSave), Json.AdminView, cancel);

    public Task<AdminView> SaveSkillsAsync(SkillList save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/skills", JsonContent.Create(save, Json.SkillList), Json.AdminView, cancel);

    public Task<AdminView> SaveCampaignsAsync(CampaignList save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/campaigns", JsonContent.Create(save, Json.CampaignList), Json.AdminView, cancel);

    public Task<AdminView> SaveSegmentsAsync(SegmentList save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/segments", JsonContent.Create(save, Json.SegmentList), Json.AdminView, cancel);

    public Task<AdminView> SaveDealTypesAsync(DealTypeList save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/deal-types", JsonContent.Create(save, Json.DealTypeList), Json.AdminView, cancel);

    public Task<ListUseView> ListUseAsync(CancellationToken cancel = default) => GetAsync("api/admin/lists/use", Json.ListUseView, cancel);

    public Task<AdminView> SavePauseReasonsAsync(CodesSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/pause-reasons", JsonContent.Create(save, Json.CodesSave), Json.AdminView, cancel);

    /// <exception cref="ApiException">values_do_not_fit, edit_conflict, invalid_input.</exception>
    public Task<AdminView> SaveSensitiveFieldsAsync(SensitiveFieldsSave save, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/sensitive-fields", JsonContent.Create(save, Json.SensitiveFieldsSave), Json.AdminView, cancel);

    public Task<AdminView> SaveCardLayoutAsync(CardLayout layout, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, "api/admin/card-layouts", JsonContent.Create(layout, Json.CardLayout), Json.AdminView, cancel);

    public Task<AdminView> RemoveCardLayoutAsync(string? role, string? dealType, int version, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Delete, $"api/admin/card-layouts?role={Uri.EscapeDataString(role ?? "")}&dealType={Uri.EscapeDataString(dealType ?? "")}&version={version}", null, Json.AdminView, cancel);

    public Task<AdminView> SaveRequiredRuleAsync(RequiredRuleSetup rule, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/required-rules/{rule.Id}", JsonContent.Create(rule, Json.RequiredRuleSetup), Json.AdminView, cancel);

    public Task<AdminView> DeleteRequiredRuleAsync(Guid rule, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Delete, $"api/admin/required-rules/{rule}", null, Json.AdminView, cancel);

    public Task<AdminView> SaveClientFieldAsync(ClientFieldSetup field, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/client-fields/{Uri.EscapeDataString(field.Code)}", JsonContent.Create(field, Json.ClientFieldSetup), Json.AdminView, cancel);

    /// <exception cref="ApiException">invalid_input (expression, client).</exception>
    public Task<FormulaTryView> TryFormulaAsync(FormulaTry tried, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/admin/client-fields/{Uri.EscapeDataString(tried.Field.Code)}/try", JsonContent.Create(tried, Json.FormulaTry), Json.FormulaTryView, cancel);

    public Task<CalculationView> CalculationAsync(CancellationToken cancel = default) => GetAsync("api/admin/client-fields/calculation", Json.CalculationView, cancel);

    public Task<IReadOnlyList<LinkChoice>> LinksAsync(string target, string query, CancellationToken cancel = default) =>
        GetAsync($"api/links?target={target}&query={Uri.EscapeDataString(query)}", Json.IReadOnlyListLinkChoice, cancel);

    /// <summary>What an id stands for; empty: it is not there, or not for who asks.</summary>
    public Task<IReadOnlyList<LinkChoice>> LinkAsync(string target, string id, CancellationToken cancel = default) =>
        GetAsync($"api/links?target={target}&id={Uri.EscapeDataString(id)}", Json.IReadOnlyListLinkChoice, cancel);

    public Task<WebFormsView> WebFormsAsync(CancellationToken cancel = default) => GetAsync("api/admin/web-forms", Json.WebFormsView, cancel);

    public Task<WebFormsView> SaveWebFormAsync(WebFormSetup form, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/web-forms/{Uri.EscapeDataString(form.Code)}", JsonContent.Create(form, Json.WebFormSetup), Json.WebFormsView, cancel);

    public Task RemoveWebFormAsync(string code, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/admin/web-forms/{Uri.EscapeDataString(code)}", null, cancel);

    public Task<ApiKeysView> KeysAsync(CancellationToken cancel = default) => GetAsync("api/admin/keys", Json.ApiKeysView, cancel);

    /// <summary>The answer holds the key, this once.</summary>
    public Task<ApiKeyMade> MakeKeyAsync(ApiKeyCreate create, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, "api/admin/keys", JsonContent.Create(create, Json.ApiKeyCreate), Json.ApiKeyMade, cancel);

    public Task<ApiKeyView> RevokeKeyAsync(Guid key, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/admin/keys/{key}", null, Json.ApiKeyView, cancel);

    public Task<WebhooksView> WebhooksAsync(CancellationToken cancel = default) => GetAsync("api/admin/webhooks", Json.WebhooksView, cancel);

    /// <exception cref="ApiException">edit_conflict, list_full, invalid_input (url, events).</exception>
    public Task<WebhookSaved> SaveWebhookAsync(WebhookSetup webhook, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Put, $"api/admin/webhooks/{webhook.Id}", JsonContent.Create(webhook, Json.WebhookSetup), Json.WebhookSaved, cancel);

    public Task<WebhookSaved> RenewWebhookSecretAsync(Guid webhook, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/admin/webhooks/{webhook}/secret", null, Json.WebhookSaved, cancel);

    public Task RemoveWebhookAsync(Guid webhook, CancellationToken cancel = default) => SendAsync(HttpMethod.Delete, $"api/admin/webhooks/{webhook}", null, cancel);

    public Task PingWebhookAsync(Guid webhook, CancellationToken cancel = default) => SendAsync(HttpMethod.Post, $"api/admin/webhooks/{webhook}/ping", null, cancel);

    public Task<ListPage<WebhookDeliveryView>> WebhookDeliveriesAsync(Guid webhook, string? cursor = null, CancellationToken cancel = default) =>
        GetAsync($"api/admin/webhooks/{webhook}/deliveries?limit=20{Cursor(cursor)}", Json.ListPageWebhookDeliveryView, cancel);

    public Task RepeatWebhookAsync(Guid webhook, Guid delivery, CancellationToken cancel = default) =>
        SendAsync(HttpMethod.Post, $"api/admin/webhooks/{webhook}/deliveries/{delivery}/again", null, cancel);

    static string Place(string node, string number) => $"api/admin/extensions/{Uri.EscapeDataString(node)}/{Uri.EscapeDataString(number)}";
}
