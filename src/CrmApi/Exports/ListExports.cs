using System.Globalization;
using System.Runtime.CompilerServices;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Admin;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Imports;
using CallCrm.CrmApi.Junk;
using CallCrm.CrmApi.Mails;
using CallCrm.CrmApi.Missed;
using CallCrm.CrmApi.Tasks;

namespace CallCrm.CrmApi.Exports;

/// <summary>The lists of work, of the bin, of mails and of settings as files: what the page shows, all of it, of what one sees there and may export; numbers masked as they are there.</summary>
internal sealed class ListExports(TableExport export, AuditStore audit, NumberMask mask, SiteClock clock)
{
    public const int PageRows = 500;

    public static void Map(IEndpointRouteBuilder api)
    {
        static void List(RouteHandlerBuilder list, string tag, string name, string summary, params string[] rights)
        {
            list.WithTags(tag).WithName(name).WithSummary(summary + ", all of them, as csv or xlsx; audited").Produces(StatusCodes.Status200OK, contentType: "text/csv");
            foreach (var right in rights) list.RequireAuthorization(right);
        }

        List(api.MapGet("/missed/export", MissedAsync), "Missed calls", "ExportMissed", "The missed callers that a filter finds (as ListMissed)", Rights.WorkMissed, Rights.ExportCalls);
        List(api.MapGet("/blocks/export", BlocksAsync), "Blocked numbers", "ExportBlocks", "The blocked numbers that a query finds (as ListBlocks)", Rights.ManageBlocks, Rights.ExportCalls);
        List(api.MapGet("/clients/unconfirmed/export", UnconfirmedAsync), "Clients", "ExportUnconfirmed", "Cards made from calls that nobody has confirmed (as ListUnconfirmed)", Rights.ReviewCards, Rights.ExportClients);
        List(api.MapGet("/clients/duplicates/export", DuplicatesAsync), "Clients", "ExportDuplicates", "Pairs of cards that may be one client (as ListDuplicates)", Rights.MergeClients, Rights.ExportClients);
        List(api.MapGet("/clients/bin/export", ClientBinAsync), "Clients", "ExportBin", "Deleted cards (as ListBin)", Rights.DeleteClients, Rights.ExportClients);
        List(api.MapGet("/deals/bin/export", DealBinAsync), "Deals", "ExportDealBin", "Deleted deals (as ListDealBin)", Rights.DeleteDeals, Rights.ExportDeals);
        List(api.MapGet("/tasks/bin/export", TaskBinAsync), "Tasks", "ExportTaskBin", "Deleted tasks (as ListTaskBin)", Rights.SeeTasks, Rights.DeleteTasks, Rights.ExportTasks);
        List(api.MapGet("/mails/bin/export", MailBinAsync), "Mails", "ExportMailBin", "Mails that were taken off (as ListMailBin)", Rights.WorkWithClients, Rights.EditClients, Rights.ExportClients);
        List(api.MapGet("/mails/export", MailsAsync), "Mails", "ExportMails", "The mails that a filter finds (as ListMails, in its order)", Rights.WorkWithClients, Rights.ExportClients);
        List(api.MapGet("/admin/users/export", UsersAsync), "Administration", "ExportUsers", "People with their roles", Rights.Configure, Rights.ExportReports);
        List(api.MapGet("/admin/campaigns/export", CampaignsAsync), "Administration", "ExportCampaigns", "Campaigns, those that were put away too", Rights.Configure, Rights.ExportReports);
        List(api.MapGet("/admin/changes/export", ChangesAsync), "Administration", "ExportSettingsChanges", "Who changed which setting (as ListSettingsChanges)", Rights.Configure, Rights.ExportReports);
        List(api.MapGet("/imports/export", ImportsAsync), "Imports", "ExportImports", "Imports (as ListImports)", Rights.ImportClients, Rights.ExportClients);
    }

    static async Task<IResult> MissedAsync(HttpContext http, Person person, MissedStore store, ListExports lists, CancellationToken cancel, string? state = null, Guid? queue = null, string format = "csv", string language = "en")
    {
        var wanted = state is { Length: > 0 } ? state : "open";
        if (MissedEndpoints.Wrong(wanted) is { } wrong) return wrong;
        return await lists.AnswerAsync(http, person, "missed", "missed", $"{wanted} {queue}", format, language, ExportTexts.Missed, (cursor, stop) => store.ListAsync(person, wanted, queue, cursor, PageRows, stop), r =>
        [
            r.Caller.Number, r.Caller.Name, r.ClientName, r.QueueName, ExportTexts.MissedKind(r.Kind, language), r.Times, lists.Local(r.FirstAt), lists.Local(r.LastAt), r.ClaimedBy, lists.Local(r.ClosedAt),
            ExportTexts.MissedHow(r.ClosedHow, language), r.ClosedBy, r.Note,
        ], cancel);
    }

    static Task<IResult> BlocksAsync(HttpContext http, Person person, BlockStore store, ListExports lists, CancellationToken cancel, string? query = null, string format = "csv", string language = "en")
    {
        var text = query is { Length: > 100 } ? query[..100] : query ?? "";
        return lists.AnswerAsync(http, person, "blocked-numbers", "blocked_number", Texts.Clean(text).Trim(), format, language, ExportTexts.Blocks, (cursor, stop) => store.ListAsync(person, text, cursor, PageRows, stop), r =>
        [
            r.Display, r.ClientName, r.QueueName ?? ExportTexts.AllQueues(language), ExportTexts.BlockReason(r.Reason, language), r.Note, r.Who, lists.Local(r.At), lists.Local(r.Until), r.Calls, lists.Local(r.LastCallAt),
        ], cancel);
    }

    static Task<IResult> UnconfirmedAsync(HttpContext http, Person person, ReviewStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var within = person.Within(Rights.ReviewCards).And(person.Within(Rights.ExportClients));
        return lists.AnswerAsync(http, person, "unconfirmed", "client", "unconfirmed", format, language, ExportTexts.Unconfirmed, (cursor, stop) => store.ListAsync(within, cursor, PageRows, stop), r =>
        [
            r.Number, r.Name, r.Company, PhoneNumbers.WithExtension(lists.Masked(r.PhoneDisplay ?? "", person.Veil), r.Extension, language), r.Source, lists.Local(r.CreatedAt), r.Calls, r.Answered, lists.Local(r.LastCallAt), r.LastAgent,
        ], cancel);
    }

    static Task<IResult> DuplicatesAsync(HttpContext http, Person person, DuplicateStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        object?[] Card(DuplicateView card) => [card.Number, card.Name, card.Company, person.Veil.Hides("city") ? null : card.City, PhoneNumbers.WithExtension(lists.Masked(card.Phone ?? "", person.Veil), card.Extension, language)];
        return lists.AnswerAsync(http, person, "duplicates", "client", "duplicates", format, language, ExportTexts.Duplicates, (cursor, stop) => store.PairsAsync(person.Within(Rights.MergeClients), cursor, PageRows, stop, person.Within(Rights.ExportClients)),
            p => [.. Card(p.Newer), .. Card(p.Older), string.Join(", ", p.Newer.Reasons.Select(r => ExportTexts.Reason(r, language))), p.Newer.AlikePercent], cancel);
    }

    static Task<IResult> ClientBinAsync(HttpContext http, Person person, BinStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        lists.AnswerAsync(http, person, "clients-bin", "client", "bin", format, language, ExportTexts.ClientBin, (cursor, stop) => store.ListAsync(person.Within(Rights.DeleteClients), cursor, PageRows, stop, person.Within(Rights.ExportClients)),
            r => [r.Number, r.Name, r.Company, lists.Local(r.DeletedAt), r.Who, lists.Local(r.Until)], cancel);

    static Task<IResult> DealBinAsync(HttpContext http, Person person, DealReader reader, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        lists.AnswerAsync(http, person, "deals-bin", "deal", "bin", format, language, ExportTexts.DealBin, (cursor, stop) => reader.BinAsync(person, cursor, PageRows, stop, person.Within(Rights.ExportDeals)),
            r => [r.Number, r.Title, r.ClientName, lists.Local(r.DeletedAt), r.Who, lists.Local(r.Until)], cancel);

    static Task<IResult> TaskBinAsync(HttpContext http, Person person, TaskReader reader, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var people = person.Within(Rights.SeeTasks).And(person.Within(Rights.DeleteTasks)).And(person.Within(Rights.ExportTasks));
        return lists.AnswerAsync(http, person, "tasks-bin", "task", "bin", format, language, ExportTexts.TaskBin, (cursor, stop) => reader.BinAsync(people, cursor, PageRows, stop),
            r => [ExportTexts.TaskKind(r.Kind, language), r.Title, r.UserName, lists.Local(r.DeletedAt), r.Who, lists.Local(r.Until)], cancel);
    }

    static Task<IResult> MailBinAsync(HttpContext http, Person person, MailReader reader, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        lists.AnswerAsync(http, person, "mails-bin", "mail", "bin", format, language, ExportTexts.MailBin, (cursor, stop) => reader.BinAsync(person, cursor, PageRows, stop, person.Within(Rights.ExportClients)),
            r => [r.Subject, r.From, r.ClientName, lists.Local(r.SentAt), lists.Local(r.DeletedAt), r.Who, lists.Local(r.Until)], cancel);

    static async Task<IResult> MailsAsync(HttpContext http, Person person, MailReader reader, ListExports lists, CancellationToken cancel, Guid? client = null, string? direction = null, string? query = null, DateTimeOffset? from = null,
        DateTimeOffset? to = null, string? sort = null, string format = "csv", string language = "en")
    {
        var filter = new MailFilter(client, direction, query, from, to);
        if (MailEndpoints.Order(filter, sort, null).Refused is { } refused) return refused;
        var cards = person.Within(Rights.WorkWithClients).And(person.Within(Rights.ExportClients));
        return await lists.AnswerAsync(http, person, "mails", "mail", $"{direction} {from:yyyy-MM-dd} {to:yyyy-MM-dd} {Texts.Clean(query is { Length: > 200 } ? query[..200] : query).Trim()}", format, language, ExportTexts.Mails,
            (cursor, stop) => reader.ListAsync(filter, cards, person.Veil, MailEndpoints.Order(filter, sort, cursor).Order!, PageRows, stop),
            m => [lists.Local(m.SentAt), ExportTexts.MailWay(m.Direction, language), m.FromName, m.From, m.To, m.Cc, m.Subject, m.Text, m.ClientName, m.AddedBy, lists.Local(m.AddedAt)], cancel);
    }

    static Task<IResult> ImportsAsync(HttpContext http, Person person, ImportStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var of = (person.Veil.IsNone ? Reach.Everyone : Reach.Of(person.Id)).And(person.Within(Rights.ExportClients));
        return lists.AnswerAsync(http, person, "imports", "import", "", format, language, ExportTexts.Imports, (cursor, stop) => store.ListAsync(of, cursor, PageRows, stop), r =>
        [
            r.FileName, ExportTexts.ImportState(r.State, language), r.By, lists.Local(r.CreatedAt), lists.Local(r.StartedAt), lists.Local(r.EndedAt), r.TotalRows, r.Made, r.Changed, r.Skipped, r.Failed, r.Deals, r.Companies, r.Problem,
        ], cancel);
    }

    static Task<IResult> UsersAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en")
    {
        var departments = new Dictionary<Guid, string>();
        return lists.AnswerAsync(http, person, "people", "app_user", "", format, language, ExportTexts.Users, async (_, stop) =>
        {
            var settings = await store.ReadAsync(person.Id, stop);
            foreach (var department in settings.Departments ?? []) departments[department.Id] = department.Name;
            return new ListPage<UserSetup>(settings.Users, null);
        }, u =>
        [
            u.Name, u.Login, u.Role, u.Department is { } of ? departments.GetValueOrDefault(of) : null, ExportTexts.YesNo(u.IsAgent, language), u.Language, u.TimeZone, ExportTexts.YesNo(u.Active, language), ExportTexts.YesNo(u.SecondFactor, language),
            lists.Local(u.SeenAt),
        ], cancel);
    }

    static Task<IResult> CampaignsAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        lists.AnswerAsync(http, person, "campaigns", "campaign", "", format, language, ExportTexts.Campaigns, async (_, stop) => new ListPage<CampaignSetup>((await store.ReadAsync(person.Id, stop)).Campaigns?.Items ?? [], null),
            c => [c.Code, c.Name, c.Description, Day(c.From), Day(c.To), ExportTexts.YesNo(c.Retired, language)], cancel);

    static Task<IResult> ChangesAsync(HttpContext http, Person person, AdminStore store, ListExports lists, CancellationToken cancel, string format = "csv", string language = "en") =>
        lists.AnswerAsync(http, person, "settings-changes", "settings_change", "", format, language, ExportTexts.Changes, (cursor, stop) => store.ChangesAsync(person.Id, cursor, PageRows, stop),
            c => [lists.Local(c.At), c.Who, c.Kind, c.Name, c.Before, c.After], cancel);

    /// <summary>Whoever calls has asked who may.</summary>
    public Task<IResult> FilesAsync(HttpContext http, Person person, string asked, string format, string language, Func<string?, int, CancellationToken, Task<ListPage<FileView>>> page, CancellationToken cancel) =>
        AnswerAsync(http, person, "files", "file", asked, format, language, ExportTexts.Files, (cursor, stop) => page(cursor, PageRows, stop),
            f => [f.Name, f.ObjectName, f.Kind, f.Size_bytes, f.UploadedBy, Local(f.UploadedAt), Local(f.DeletedAt)], cancel);

    static string? Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public async Task<IResult> AnswerAsync<T>(HttpContext http, Person person, string name, string subject, string asked, string format, string language, string[] header, Func<string?, CancellationToken, Task<ListPage<T>>> page,
        Func<T, object?[]> row, CancellationToken cancel)
    {
        if (ExportEndpoints.Wrong(format, language) is { } wrong) return wrong;
        await audit.AddAsync(person.Id, "export", subject, $"{format} {asked}".TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return (await export.AnswerAsync(http, ExportEndpoints.Name(name, clock), format, language, ExportTexts.Header(header, language), RowsAsync(page, row, person.Veil, cancel), cancel)).Result;
    }

    /// <summary>Page by page, as the list is read.</summary>
    async IAsyncEnumerable<object?[]> RowsAsync<T>(Func<string?, CancellationToken, Task<ListPage<T>>> page, Func<T, object?[]> row, Veil veil, [EnumeratorCancellation] CancellationToken cancel)
    {
        string? cursor = null;
        do
        {
            var read = await page(cursor, cancel);
            foreach (var one in read.Items) yield return veil.Numbers ? [.. row(one).Select(cell => cell is string text ? mask.Value(text) : cell)] : row(one);
            cursor = read.Next;
        }
        while (cursor is not null);
    }

    /// <summary>Before an extension is put behind it.</summary>
    string Masked(string number, Veil veil) => veil.Numbers ? mask.Value(number)! : number;

    public object Local(DateTimeOffset at) => clock.Local(at);

    public object? Local(DateTimeOffset? at) => at is { } then ? clock.Local(then) : null;
}
