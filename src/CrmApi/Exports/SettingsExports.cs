using System.Globalization;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Admin;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.WebForms;
using CallCrm.CrmApi.Webhooks;

namespace CallCrm.CrmApi.Exports;

/// <summary>The lists of what is set up, as files: for who sets up and takes out. No secret is in them.</summary>
internal static class SettingsExports
{
    public static void Map(IEndpointRouteBuilder api)
    {
        static void List(RouteHandlerBuilder list, string name, string summary) => list.RequireAuthorization(Rights.Configure).RequireAuthorization(Rights.ExportReports)
            .WithTags("Administration").WithName(name).WithSummary(summary + ", all of them, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");

        List(api.MapGet("/admin/queues/export", QueuesAsync), "ExportQueues", "Queues with their members, hours and numbers");
        List(api.MapGet("/admin/roles/export", RolesAsync), "ExportRoles", "Roles with their rights");
        List(api.MapGet("/admin/departments/export", DepartmentsAsync), "ExportDepartments", "Departments and who is in them");
        List(api.MapGet("/admin/extensions/export", ExtensionsAsync), "ExportExtensions", "Extensions with their devices");
        List(api.MapGet("/admin/numbers/export", NumbersAsync), "ExportNumbers", "Dialled numbers with their queues");
        List(api.MapGet("/admin/client-fields/export", FieldsAsync), "ExportClientFields", "The site's own fields of the cards, those that were put away too");
        List(api.MapGet("/admin/keys/export", KeysAsync), "ExportKeys", "Keys of programs (as ListKeys), without the keys themselves");
        List(api.MapGet("/admin/webhooks/export", WebhooksAsync), "ExportWebhooks", "Webhooks (as ListWebhooks), without their secrets");
        List(api.MapGet("/admin/webhooks/{id}/deliveries/export", DeliveriesAsync), "ExportWebhookDeliveries", "What a webhook was told (as ListWebhookDeliveries)");
        List(api.MapGet("/admin/dispositions/export", DispositionsAsync), "ExportDispositions", "Dispositions with the branches that they stand in");
        List(api.MapGet("/admin/pause-reasons/export", PausesAsync), "ExportPauseReasons", "Pause reasons");
        List(api.MapGet("/admin/segments/export", SegmentsAsync), "ExportSegments", "The clients' segments, those that were put away too");
        List(api.MapGet("/admin/deal-types/export", DealTypesAsync), "ExportDealTypes", "Types of deals with their stages, a row each, those that were put away too");
        List(api.MapGet("/admin/skills/export", SkillsAsync), "ExportSkills", "Skills and who has them, those that were put away too");
        List(api.MapGet("/admin/required-rules/export", RequiredAsync), "ExportRequiredRules", "Rules that say which fields must be filled");
        List(api.MapGet("/admin/web-forms/export", FormsAsync), "ExportWebForms", "Forms of one's site (as ListWebForms)");
    }

    static async Task<IResult> QueuesAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        var (people, skills) = (settings.Users.ToDictionary(u => u.Id, u => u.Name), (settings.Skills?.Items ?? []).ToDictionary(s => s.Code, s => s.Name, StringComparer.Ordinal));
        return await WriteAsync(http, person, lists, "queues", "queue", format, language, ExportTexts.Queues, settings.Queues, q =>
        [
            q.Name, Joined(q.Members.Select(m => Level(people.GetValueOrDefault(m.User, "…"), m.Level))), Joined((q.Skills ?? []).Select(s => Level(skills.GetValueOrDefault(s.Skill, s.Skill), s.Least))), q.Ring_s, q.WrapUp_s, q.MaxWait_s,
            q.ServiceLevel_s, q.Hours is { } hours ? Joined(hours.Where(d => d.Value.Count > 0).Select(d => $"{d.Key} {string.Join(' ', d.Value)}")) : ExportTexts.Always(language), q.TimeZone,
            Joined(q.Holidays.Select(h => $"{h.Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} {h.Name}".TrimEnd())), ExportTexts.YesNo(q.Record, language), Joined(settings.Numbers.Where(n => n.Queue == q.Id).Select(n => n.Number)),
        ], cancel);
    }

    static async Task<IResult> RolesAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        return await WriteAsync(http, person, lists, "roles", "role", format, language, ExportTexts.Roles, settings.Roles ?? [], r =>
        [
            r.Code, r.Name, ExportTexts.YesNo(r.Builtin, language), Allowed(r.Rights), Joined(settings.Users.Where(u => u.Role == r.Code && u.Active).Select(u => u.Name)),
        ], cancel);
    }

    static async Task<IResult> DepartmentsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        var names = (settings.Departments ?? []).ToDictionary(d => d.Id, d => d.Name);
        return await WriteAsync(http, person, lists, "departments", "department", format, language, ExportTexts.Departments, settings.Departments ?? [],
            d => [d.Name, d.Parent is { } above ? names.GetValueOrDefault(above) : null, Joined(settings.Users.Where(u => u.Department == d.Id && u.Active).Select(u => u.Name))], cancel);
    }

    static async Task<IResult> ExtensionsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        await WriteAsync(http, person, lists, "extensions", "extension", format, language, ExportTexts.Extensions, (await store.ReadAsync(person.Id, cancel)).Extensions, e =>
        [
            e.Number, e.Name, Joined(e.Devices.Select(d => d.Name)), ExportTexts.YesNo(e.Devices.Any(d => d.CanAnswer || d.AutoAnswer), language), ExportTexts.YesNo(e.Devices.Any(d => d.CanHold), language), e.Node,
        ], cancel);

    static async Task<IResult> NumbersAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        return await WriteAsync(http, person, lists, "numbers", "number", format, language, ExportTexts.Numbers, settings.Numbers, n =>
        [
            n.Number, n.Name, settings.Queues.FirstOrDefault(q => q.Id == n.Queue)?.Name, n.Source, n.Language, n.Greeting, settings.Campaigns?.Items.FirstOrDefault(c => c.Code == n.Campaign)?.Name,
        ], cancel);
    }

    static async Task<IResult> FieldsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        return await WriteAsync(http, person, lists, "client-fields", "client_field", format, language, ExportTexts.Fields, settings.ClientFields ?? [], f =>
        [
            f.Code, f.Name, f.Kind, Joined(f.Options.Select(o => o.Name)), f.Target, f.Expression, f.Position, ExportTexts.YesNo(settings.SensitiveFields?.Contains("custom." + f.Code) == true, language), ExportTexts.YesNo(f.Archived, language),
        ], cancel);
    }

    static async Task<IResult> DispositionsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        var (all, queues, campaigns) = (settings.Dispositions.ToDictionary(d => d.Code, StringComparer.Ordinal), settings.Queues.ToDictionary(q => q.Id, q => q.Name), (settings.Campaigns?.Items ?? []).ToDictionary(c => c.Code, c => c.Name, StringComparer.Ordinal));
        return await WriteAsync(http, person, lists, "dispositions", "disposition", format, language, ExportTexts.Dispositions, settings.Dispositions, d =>
        [
            d.Code, d.Name, d.Parent is { } above ? all.GetValueOrDefault(above)?.Name : null, ExportTexts.YesNo(d.Group, language), ExportTexts.DispositionOutcome(d.Outcome, language), Joined((d.Queues ?? []).Select(q => queues.GetValueOrDefault(q, "…"))),
            Joined((d.Campaigns ?? []).Select(c => campaigns.GetValueOrDefault(c, c))), d.Rule?.Task?.Title, d.Rule?.Callback?.Title, d.Rule?.Stage?.Stage, ExportTexts.YesNo(d.Rule?.DoNotCall == true, language),
        ], cancel);
    }

    static async Task<IResult> PausesAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        await WriteAsync(http, person, lists, "pause-reasons", "pause_reason", format, language, ExportTexts.Pauses, (await store.ReadAsync(person.Id, cancel)).PauseReasons, p => [p.Code, p.Name, p.Allowance_min], cancel);

    static async Task<IResult> SegmentsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        await WriteAsync(http, person, lists, "segments", "segment", format, language, ExportTexts.Segments, (await store.ReadAsync(person.Id, cancel)).Segments?.Items ?? [], s => [s.Code, s.Name, ExportTexts.YesNo(s.Retired, language)], cancel);

    static async Task<IResult> DealTypesAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var stages = ((await store.ReadAsync(person.Id, cancel)).DealTypes?.Items ?? []).SelectMany(t => t.Stages, (t, s) => (Type: t, Stage: s)).ToList();
        return await WriteAsync(http, person, lists, "deal-types", "deal_type", format, language, ExportTexts.DealTypes, stages,
            s => [s.Type.Code, s.Type.Name, s.Stage.Code, s.Stage.Name, ExportTexts.StageOutcome(s.Stage.Outcome, language), ExportTexts.YesNo(s.Type.Retired || s.Stage.Retired, language)], cancel);
    }

    static async Task<IResult> SkillsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var settings = await store.ReadAsync(person.Id, cancel);
        var people = settings.Users.ToDictionary(u => u.Id, u => u.Name);
        return await WriteAsync(http, person, lists, "skills", "skill", format, language, ExportTexts.Skills, settings.Skills?.Items ?? [], s =>
        [
            s.Code, s.Name, Joined(settings.Skills!.Agents.Where(a => a.Levels.ContainsKey(s.Code)).Select(a => Level(people.GetValueOrDefault(a.User, "…"), a.Levels[s.Code]))), ExportTexts.YesNo(s.Retired, language),
        ], cancel);
    }

    static async Task<IResult> RequiredAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        await WriteAsync(http, person, lists, "required-rules", "required_rule", format, language, ExportTexts.Required, (await store.ReadAsync(person.Id, cancel)).RequiredRules ?? [],
            r => [r.Name, ExportTexts.Occasion(r.Occasion, language), r.Segment, r.DealType, r.DealStage, r.Role, Joined(r.Fields), ExportTexts.YesNo(r.Active, language)], cancel);

    static async Task<IResult> KeysAsync(HttpContext http, Person person, ApiKeyStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        await WriteAsync(http, person, lists, "keys", "api_key", format, language, ExportTexts.Keys, (await store.ListAsync(cancel)).Items,
            k => [k.Name, k.UserName, Allowed(k.Rights), lists.Local(k.CreatedAt), lists.Local(k.ExpiresAt), lists.Local(k.LastUsedAt), lists.Local(k.RevokedAt)], cancel);

    static async Task<IResult> WebhooksAsync(HttpContext http, Person person, WebhookStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        await WriteAsync(http, person, lists, "webhooks", "webhook", format, language, ExportTexts.Webhooks, (await store.ListAsync(cancel)).Items,
            w => [w.Url, Joined(w.Events), ExportTexts.YesNo(w.Active, language), lists.Local(w.LastAt), ExportTexts.YesNo(w.Failing, language), w.Waiting], cancel);

    static async Task<IResult> DeliveriesAsync(Guid id, HttpContext http, Person person, WebhookStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        if (await store.DeliveriesAsync(id, null, 1, cancel) is null) return Problems.NotFound("webhook");
        return await lists.AnswerAsync(http, person, "webhook-deliveries", "webhook", id.ToString(), format, language, ExportTexts.Deliveries,
            async (cursor, stop) => await store.DeliveriesAsync(id, cursor, ListExports.PageRows, stop) ?? new ListPage<WebhookDeliveryView>([], null), // Removed meanwhile.
            d => [lists.Local(d.CreatedAt), d.Event, ExportTexts.Delivery(d.State, language), d.Attempts, lists.Local(d.DeliveredAt), lists.Local(d.NextAt), d.Status, d.Error], cancel);
    }

    static async Task<IResult> FormsAsync(HttpContext http, Person person, WebFormStore store, AdminStore admin, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var (forms, settings) = ((await store.ListAsync(cancel)).Items, await admin.ReadAsync(person.Id, cancel));
        return await WriteAsync(http, person, lists, "web-forms", "web_form", format, language, ExportTexts.Forms, forms, f =>
        [
            f.Code, f.Name, Joined(f.Fields.Select(t => $"{t.Name} → {t.To}")), ExportTexts.Makes(f.Makes, language), settings.Users.FirstOrDefault(u => u.Id == f.ResponsibleId)?.Name, settings.Queues.FirstOrDefault(q => q.Id == f.QueueId)?.Name,
            ExportTexts.YesNo(f.Active, language), f.Submissions, lists.Local(f.LastAt),
        ], cancel);
    }

    /// <summary>Lists so short that they are read whole.</summary>
    static Task<IResult> WriteAsync<T>(HttpContext http, Person person, ListExports lists, string name, string subject, string format, string language, string[] header, IReadOnlyList<T> items, Func<T, object?[]> row, CancellationToken cancel) =>
        lists.AnswerAsync(http, person, name, subject, "", format, language, header, (_, _) => Task.FromResult(new ListPage<T>(items, null)), row, cancel);

    static string Joined(IEnumerable<string> parts) => string.Join("; ", parts);

    static string Level(string name, int level) => string.Create(CultureInfo.InvariantCulture, $"{name} ({level})");

    /// <summary>By the names that the API has for them.</summary>
    static string Allowed(IReadOnlyDictionary<string, string> rights) => Joined(rights.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key}={r.Value}"));
}
