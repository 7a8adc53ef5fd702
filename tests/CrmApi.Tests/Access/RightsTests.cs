using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Access;

public sealed class RightsTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Open = "open to anyone";

    /// <summary>Each endpoint, as the API document names it, and what is needed for it, all of it. A new endpoint needs a line here.</summary>
    internal static readonly Dictionary<string, string[]> Matrix = new()
    {
        ["POST /api/session"] = [Open],
        ["GET /api/session"] = [Rights.SignedIn],
        ["DELETE /api/session"] = [Open],
        ["PUT /api/session/language"] = [Rights.SignedIn],
        ["GET /api/session/second-factor"] = [Rights.SignedIn],
        ["POST /api/session/second-factor"] = [Rights.SignedIn],
        ["POST /api/session/second-factor/confirm"] = [Rights.SignedIn],
        ["POST /api/session/second-factor/off"] = [Rights.SignedIn],
        ["GET /api/sessions"] = [Rights.SignedIn],
        ["DELETE /api/sessions/{id}"] = [Rights.SignedIn],
        ["POST /api/sessions/end-others"] = [Rights.SignedIn],
        ["DELETE /api/admin/users/{id}/second-factor"] = [Rights.Configure],
        ["GET /api/admin/users/{id}/sessions"] = [Rights.Configure],
        ["DELETE /api/admin/users/{id}/sessions/{session}"] = [Rights.Configure],
        ["POST /api/commands"] = [Rights.TakeCalls],
        ["GET /api/directory"] = [Rights.TakeCalls],
        ["GET /api/seats"] = [Rights.TakeCalls],
        ["POST /api/seats/phone-test"] = [Rights.TakeCalls],
        ["GET /api/seats/phone-test"] = [Rights.TakeCalls],
        ["GET /api/clock"] = [Rights.SeeCatalog],
        ["GET /api/practice"] = [Rights.TakeCalls],
        ["POST /api/agents/{id}/commands"] = [Rights.Supervise],
        ["POST /api/calls/{id}/end"] = [Rights.Supervise],
        ["POST /api/agents/{id}/listening"] = [Rights.ListenLive],
        ["GET /api/catalog"] = [Rights.SeeCatalog],
        ["GET /api/audit"] = [Rights.SeeAudit],
        ["GET /api/audit/export"] = [Rights.SeeAudit, Rights.ExportReports],
        ["GET /api/clients"] = [Rights.WorkWithClients],
        ["GET /api/clients/sources"] = [Rights.WorkWithClients],
        ["GET /api/clients/{id}"] = [Rights.OpenCards],
        ["GET /api/links"] = [Rights.OpenCards],
        ["PUT /api/clients/{id}"] = [Rights.SaveCards],
        ["POST /api/clients"] = [Rights.CreateClients],
        ["GET /api/clients/{id}/timeline"] = [Rights.OpenCards],
        ["GET /api/calls"] = [Rights.SeeCalls],
        ["GET /api/calls/{id}"] = [Rights.SeeCalls],
        ["GET /api/calls/{id}/timeline"] = [Rights.SeeCalls],
        ["GET /api/calls/{id}/draft"] = [Rights.WriteDrafts],
        ["PUT /api/calls/{id}/draft/{field}"] = [Rights.WriteDrafts],
        ["PUT /api/calls/{id}/wrap-up"] = [Rights.TakeCalls],
        ["POST /api/calls/{id}/wrap-up/proposal"] = [Rights.TakeCalls],
        ["GET /api/day"] = [Rights.SignedIn],
        ["GET /api/tasks"] = [Rights.SeeTasks],
        ["GET /api/tasks/{id}"] = [Rights.SeeTasks],
        ["POST /api/tasks"] = [Rights.SeeTasks, Rights.CreateTasks],
        ["PUT /api/tasks/{id}"] = [Rights.SeeTasks, Rights.EditTasks],
        ["PUT /api/tasks/{id}/done"] = [Rights.SeeTasks, Rights.EditTasks],
        ["DELETE /api/tasks/{id}"] = [Rights.SeeTasks, Rights.DeleteTasks],
        ["GET /api/tasks/bin"] = [Rights.SeeTasks, Rights.DeleteTasks],
        ["POST /api/tasks/{id}/restore"] = [Rights.SeeTasks, Rights.DeleteTasks],
        ["PUT /api/calls/{id}/wrap-ups/{agent}/disposition"] = [Rights.ChangeDisposition],
        ["GET /api/wrap-ups/unfinished"] = [Rights.TakeCalls],
        ["GET /api/missed"] = [Rights.WorkMissed],
        ["GET /api/missed/count"] = [Rights.WorkMissed],
        ["GET /api/missed/figures"] = [Rights.SeeMissedFigures],
        ["POST /api/missed/{id}/claim"] = [Rights.WorkMissed],
        ["POST /api/missed/{id}/release"] = [Rights.WorkMissed],
        ["POST /api/missed/{id}/done"] = [Rights.WorkMissed],
        ["GET /api/blocks"] = [Rights.ManageBlocks],
        ["POST /api/blocks"] = [Rights.ManageBlocks],
        ["POST /api/blocks/import"] = [Rights.ManageBlocks],
        ["DELETE /api/blocks/{id}"] = [Rights.MarkSpam],
        ["POST /api/calls/{id}/spam"] = [Rights.MarkSpam],
        ["GET /api/clients/unconfirmed"] = [Rights.ReviewCards],
        ["GET /api/clients/unconfirmed/count"] = [Rights.ReviewCards],
        ["POST /api/clients/{id}/confirm"] = [Rights.ReviewCards],
        ["GET /api/clients/duplicates"] = [Rights.MergeClients],
        ["POST /api/clients/duplicates/check"] = [Rights.WorkWithClients],
        ["PUT /api/clients/duplicates/different"] = [Rights.MergeClients],
        ["POST /api/clients/{id}/merge"] = [Rights.MergeClients],
        ["GET /api/clients/{id}/merges"] = [Rights.MergeClients],
        ["POST /api/clients/merges/{id}/undo"] = [Rights.MergeClients],
        ["DELETE /api/clients/{id}"] = [Rights.DeleteClients],
        ["POST /api/clients/{id}/restore"] = [Rights.DeleteClients],
        ["PUT /api/clients/{id}/do-not-call"] = [Rights.SaveCards],
        ["POST /api/clients/{id}/notes"] = [Rights.SaveCards],
        ["DELETE /api/clients/{id}/notes/{note}"] = [Rights.SaveCards],
        ["GET /api/clients/bin"] = [Rights.DeleteClients],
        ["PUT /api/admin/client-fields/{code}"] = [Rights.Configure],
        ["DELETE /api/admin/client-fields/{code}"] = [Rights.Configure],
        ["POST /api/admin/client-fields/{code}/try"] = [Rights.Configure],
        ["GET /api/admin/client-fields/calculation"] = [Rights.Configure],
        ["PUT /api/admin/calls"] = [Rights.Configure],
        ["PUT /api/admin/sensitive-fields"] = [Rights.Configure],
        ["PUT /api/admin/card-layouts"] = [Rights.Configure],
        ["DELETE /api/admin/card-layouts"] = [Rights.Configure],
        ["PUT /api/admin/required-rules/{id}"] = [Rights.Configure],
        ["DELETE /api/admin/required-rules/{id}"] = [Rights.Configure],
        ["GET /api/deals"] = [Rights.SeeDeals, Rights.WorkWithClients],
        ["GET /api/deals/{id}"] = [Rights.SeeDeals],
        ["POST /api/deals"] = [Rights.SeeDeals, Rights.CreateDeals],
        ["PUT /api/deals/{id}"] = [Rights.SeeDeals, Rights.EditDeals],
        ["PUT /api/deals/{id}/stage"] = [Rights.SeeDeals, Rights.EditDeals],
        ["DELETE /api/deals/{id}"] = [Rights.DeleteDeals],
        ["GET /api/deals/bin"] = [Rights.DeleteDeals],
        ["POST /api/deals/{id}/restore"] = [Rights.DeleteDeals],
        ["GET /api/files"] = [Rights.WorkWithFiles],
        ["POST /api/files"] = [Rights.WorkWithFiles],
        ["GET /api/files/{id}"] = [Rights.WorkWithFiles],
        ["PUT /api/files/{id}"] = [Rights.WorkWithFiles],
        ["GET /api/files/{id}/content"] = [Rights.WorkWithFiles],
        ["POST /api/clients/{id}/mails"] = [Rights.SaveCards, Rights.WorkWithFiles],
        ["GET /api/clients/{id}/mails/{mail}"] = [Rights.OpenCards],
        ["DELETE /api/clients/{id}/mails/{mail}"] = [Rights.SaveCards],
        ["POST /api/clients/{id}/mails/{mail}/restore"] = [Rights.SaveCards],
        ["GET /api/mails"] = [Rights.WorkWithClients],
        ["GET /api/mails/bin"] = [Rights.WorkWithClients, Rights.EditClients],
        ["POST /api/mails"] = [Rights.TakeMails],
        ["DELETE /api/files/{id}"] = [Rights.WorkWithFiles],
        ["POST /api/files/{id}/restore"] = [Rights.WorkWithFiles],
        ["GET /api/clients/export"] = [Rights.ExportClients],
        ["GET /api/calls/export"] = [Rights.ExportCalls],
        ["GET /api/deals/export"] = [Rights.SeeDeals, Rights.ExportDeals],
        ["GET /api/tasks/export"] = [Rights.SeeTasks, Rights.ExportTasks],
        ["GET /api/missed/export"] = [Rights.WorkMissed, Rights.ExportCalls],
        ["GET /api/blocks/export"] = [Rights.ManageBlocks, Rights.ExportCalls],
        ["GET /api/clients/unconfirmed/export"] = [Rights.ReviewCards, Rights.ExportClients],
        ["GET /api/clients/duplicates/export"] = [Rights.MergeClients, Rights.ExportClients],
        ["GET /api/clients/bin/export"] = [Rights.DeleteClients, Rights.ExportClients],
        ["GET /api/deals/bin/export"] = [Rights.DeleteDeals, Rights.ExportDeals],
        ["GET /api/tasks/bin/export"] = [Rights.SeeTasks, Rights.DeleteTasks, Rights.ExportTasks],
        ["GET /api/mails/bin/export"] = [Rights.WorkWithClients, Rights.EditClients, Rights.ExportClients],
        ["GET /api/mails/export"] = [Rights.WorkWithClients, Rights.ExportClients],
        ["GET /api/files/export"] = [Rights.WorkWithFiles],
        ["GET /api/admin/users/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/campaigns/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/changes/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/queues/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/roles/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/departments/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/extensions/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/numbers/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/client-fields/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/keys/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/webhooks/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/webhooks/{id}/deliveries/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/web-forms/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/dispositions/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/pause-reasons/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/segments/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/deal-types/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/skills/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/admin/required-rules/export"] = [Rights.Configure, Rights.ExportReports],
        ["GET /api/imports/export"] = [Rights.ImportClients, Rights.ExportClients],
        ["POST /api/imports"] = [Rights.ImportClients],
        ["GET /api/imports"] = [Rights.ImportClients],
        ["GET /api/imports/{id}"] = [Rights.ImportClients],
        ["GET /api/imports/{id}/preview"] = [Rights.ImportClients],
        ["POST /api/imports/{id}/start"] = [Rights.ImportClients],
        ["POST /api/imports/{id}/check"] = [Rights.ImportClients],
        ["POST /api/imports/{id}/cancel"] = [Rights.ImportClients],
        ["GET /api/imports/{id}/failed"] = [Rights.ImportClients],
        ["POST /api/clients/{id}/hide"] = [Rights.ReviewCards],
        ["POST /api/clients/{id}/show"] = [Rights.ReviewCards],
        ["GET /api/recordings/{id}"] = [Rights.Listen],
        ["GET /api/recordings/{id}/audio"] = [Rights.Listen],
        ["GET /api/recordings/{id}/transcript"] = [Rights.Listen],
        ["GET /api/recordings/{id}/transcript/text"] = [Rights.Listen],
        ["POST /api/recordings/{id}/transcript"] = [Rights.Configure],
        ["GET /api/reports"] = [Rights.SeeReports],
        ["GET /api/reports/csv"] = [Rights.SeeReports, Rights.ExportReports],
        ["GET /api/reports/scripts"] = [Rights.SeeReports],
        ["GET /api/reports/scripts/csv"] = [Rights.SeeReports, Rights.ExportReports],
        ["GET /api/reports/scripts/answers"] = [Rights.SeeReports, Rights.ExportCalls],
        ["GET /api/reports/prefill"] = [Rights.SeeReports],
        ["GET /api/reports/prefill/csv"] = [Rights.SeeReports, Rights.ExportReports],
        ["GET /api/reports/filling"] = [Rights.SeeReports],
        ["GET /api/reports/filling/csv"] = [Rights.SeeReports, Rights.ExportReports],
        ["GET /api/reports/clients"] = [Rights.SeeReports, Rights.WorkWithClients],
        ["GET /api/reports/clients/csv"] = [Rights.SeeReports, Rights.WorkWithClients, Rights.ExportReports],
        ["GET /api/live/board"] = [Rights.SeeBoard],
        ["POST /api/session/link"] = [Open],
        ["GET /api/admin"] = [Rights.Configure],
        ["GET /api/admin/changes"] = [Rights.Configure],
        ["GET /api/admin/keys"] = [Rights.Configure],
        ["POST /api/admin/keys"] = [Rights.Configure],
        ["DELETE /api/admin/keys/{id}"] = [Rights.Configure],
        ["POST /api/web-forms/{form}"] = [Rights.SubmitForms],
        ["GET /api/admin/web-forms"] = [Rights.Configure],
        ["PUT /api/admin/web-forms/{code}"] = [Rights.Configure],
        ["DELETE /api/admin/web-forms/{code}"] = [Rights.Configure],
        ["GET /api/admin/webhooks"] = [Rights.Configure],
        ["PUT /api/admin/webhooks/{id}"] = [Rights.Configure],
        ["DELETE /api/admin/webhooks/{id}"] = [Rights.Configure],
        ["POST /api/admin/webhooks/{id}/secret"] = [Rights.Configure],
        ["POST /api/admin/webhooks/{id}/ping"] = [Rights.Configure],
        ["GET /api/admin/webhooks/{id}/deliveries"] = [Rights.Configure],
        ["POST /api/admin/webhooks/{id}/deliveries/{delivery}/again"] = [Rights.Configure],
        ["GET /api/admin/backup"] = [Rights.Configure],
        ["GET /api/admin/certificate"] = [Rights.Configure],
        ["GET /api/admin/pbx/{node}"] = [Rights.Configure],
        ["POST /api/admin/pbx/{node}/import"] = [Rights.Configure],
        ["PUT /api/admin/users/{id}"] = [Rights.Configure],
        ["POST /api/admin/users/{id}/link"] = [Rights.Configure],
        ["POST /api/admin/users/{id}/sign-out"] = [Rights.Configure],
        ["GET /api/admin/users/{id}/leaving"] = [Rights.Configure],
        ["POST /api/admin/users/{id}/leave"] = [Rights.Configure],
        ["POST /api/admin/handovers/{id}/undo"] = [Rights.Configure],
        ["PUT /api/admin/roles/{code}"] = [Rights.Configure],
        ["DELETE /api/admin/roles/{code}"] = [Rights.Configure],
        ["PUT /api/admin/departments/{id}"] = [Rights.Configure],
        ["DELETE /api/admin/departments/{id}"] = [Rights.Configure],
        ["PUT /api/admin/queues/{id}"] = [Rights.Configure],
        ["DELETE /api/admin/queues/{id}"] = [Rights.Configure],
        ["PUT /api/admin/extensions/{node}/{number}"] = [Rights.Configure],
        ["DELETE /api/admin/extensions/{node}/{number}"] = [Rights.Configure],
        ["PUT /api/admin/numbers/{number}"] = [Rights.Configure],
        ["DELETE /api/admin/numbers/{number}"] = [Rights.Configure],
        ["PUT /api/admin/pause-reasons"] = [Rights.Configure],
        ["PUT /api/admin/segments"] = [Rights.Configure],
        ["PUT /api/admin/skills"] = [Rights.Configure],
        ["PUT /api/admin/campaigns"] = [Rights.Configure],
        ["PUT /api/admin/deal-types"] = [Rights.Configure],
        ["GET /api/admin/lists/use"] = [Rights.Configure],
        ["PUT /api/admin/dispositions"] = [Rights.Configure],
        ["GET /api/guides/{role}"] = [Rights.SignedIn],
        ["GET /api/script-edits"] = [Rights.EditScripts],
        ["POST /api/script-edits/try"] = [Rights.EditScripts],
        ["GET /api/script-edits/{id}"] = [Rights.EditScripts],
        ["PUT /api/script-edits/{id}/draft"] = [Rights.EditScripts],
        ["DELETE /api/script-edits/{id}/draft"] = [Rights.EditScripts],
        ["POST /api/script-edits/{id}/publish"] = [Rights.EditScripts],
        ["POST /api/script-edits/{id}/withdraw"] = [Rights.EditScripts],
        ["GET /api/script-edits/{id}/diff"] = [Rights.EditScripts],
        ["GET /api/scripts"] = [Rights.SeeScripts],
        ["GET /api/scripts/{id}"] = [Rights.SeeScripts],
        ["GET /api/scripts/{id}/versions/{version}"] = [Rights.SeeScripts],
    };

    static readonly Dictionary<string, string> HubMatrix = new() { [nameof(LiveHub.Resume)] = Rights.SignedIn, [nameof(LiveHub.PopSeen)] = Rights.TakeCalls };

    /// <summary>Every builtin role and one without any right, each with and without taking calls.</summary>
    static readonly (string Login, string Role, bool IsAgent)[] Callers = [.. RightCatalog.BuiltinRoles.Append("nothing").SelectMany(r => new[] { ($"{r}.calls", r, true), ($"{r}.desk", r, false) })];

    IEnumerable<RouteEndpoint> Endpoints => host.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>();

    static string Path(RouteEndpoint e) => "/" + e.RoutePattern.RawText!.Trim('/');

    /// <summary>From the table that the code itself uses.</summary>
    static bool Allows(string policy, string role, bool isAgent) => policy switch
    {
        Open or Rights.SignedIn or Rights.SeeCatalog => true,
        Rights.TakeCalls => isAgent,
        _ when RightCatalog.ByCode.TryGetValue(policy, out var right) => right.Defaults.ContainsKey(role),
        _ => isAgent || RightCatalog.ByCode[RightCatalog.OrOwnCall.Single(p => p.Policy == policy).Right].Defaults.ContainsKey(role),
    };

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values ('nothing', 'Nothing', 'agent') on conflict do nothing;
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at)
            select gen_random_uuid(), login, login, (select password_hash from app_user where login = 'anna'), role, is_agent, 'main', gen_random_uuid(), now()
            from unnest(@logins, @roles, @agents) as u(login, role, is_agent) on conflict do nothing;
            update access_version set version = version + 1;
            """,
            new { logins = Callers.Select(c => c.Login).ToArray(), roles = Callers.Select(c => c.Role).ToArray(), agents = Callers.Select(c => c.IsAgent).ToArray() });
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [PostgresFact]
    public void Every_endpoint_states_who_may_call_it()
    {
        // Besides the framework's own for files: what answers that a file is not there, and the list of its files.
        var silent = Endpoints.Where(e => e.DisplayName != "Fallback {**path:file}" && !Path(e).StartsWith("/_framework/", StringComparison.Ordinal)).Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && e.Metadata.GetMetadata<IAuthorizeData>() is not { Policy: not null });
        silent.Select(Path).Should().BeEmpty();
    }

    [PostgresFact]
    public void Only_these_are_open_to_anyone()
    {
        var open = Endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(Path)
            .Where(p => p.StartsWith("/api", StringComparison.Ordinal) || p.StartsWith("/hubs", StringComparison.Ordinal)).Distinct();
        open.Should().BeEquivalentTo("/api/session", "/api/session/link", "/api/{**rest}");
    }

    [PostgresFact]
    public void Every_hub_method_states_who_may_call_it()
    {
        typeof(LiveHub).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Select(m => (m.Name, m.GetCustomAttribute<AuthorizeAttribute>()?.Policy)).Should().BeEquivalentTo(HubMatrix.Select(h => (h.Key, (string?)h.Value)));
        typeof(LiveHub).GetCustomAttribute<AuthorizeAttribute>()!.Policy.Should().Be(Rights.SignedIn);
    }

    [PostgresFact]
    public void Every_policy_named_is_one_of_the_rights()
    {
        var rights = typeof(Rights).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!).ToHashSet();
        Endpoints.SelectMany(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>()).Select(a => a.Policy).OfType<string>().Distinct().Should().BeSubsetOf(rights);
    }

    [PostgresFact]
    public void The_matrix_names_every_endpoint_of_the_api()
    {
        var mapped = Endpoints.Where(e => Path(e).StartsWith("/api", StringComparison.Ordinal) && Path(e) != "/api/{**rest}")
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {Path(e)}"));
        mapped.Should().BeEquivalentTo(Matrix.Keys);
    }

    [PostgresFact]
    public void Every_endpoint_asks_for_what_the_matrix_says()
    {
        var asked = Endpoints.Where(e => Path(e).StartsWith("/api", StringComparison.Ordinal) && Path(e) != "/api/{**rest}").SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m =>
            ($"{m} {Path(e)}", e.Metadata.GetMetadata<IAllowAnonymous>() is not null ? Open : string.Join(' ', e.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).Order()))));
        asked.Should().BeEquivalentTo(Matrix.Select(m => (m.Key, string.Join(' ', m.Value.Order()))));
    }

    [PostgresFact]
    public void Every_right_has_a_line_for_each_role_and_a_use()
    {
        RightCatalog.All.Select(r => r.Code).Should().OnlyHaveUniqueItems();
        RightCatalog.All.Should().OnlyContain(r => r.Defaults.Keys.All(RightCatalog.BuiltinRoles.Contains) && (r.Scoped || r.Defaults.Values.All(s => s == RightScope.All)));
        RightCatalog.All.Should().OnlyContain(r => r.Defaults.ContainsKey("admin"));
        RightCatalog.ByCode[Rights.Configure].Defaults.Keys.Should().Equal("admin");
        RightCatalog.OrOwnCall.Select(p => p.Right).Should().BeSubsetOf(RightCatalog.ByCode.Keys);
    }

    [Theory]
    [InlineData("Texts.resx")]
    [InlineData("Texts.it.resx")]
    [InlineData("Texts.ru.resx")]
    public void Every_right_and_builtin_role_has_its_words(string file)
    {
        var texts = File.ReadAllText(System.IO.Path.Combine(CallCrm.TestKit.Repository.Folder, "src", "Agent.Web", "Resources", file));
        RightCatalog.All.Select(r => $"name=\"Right.{r.Code}\"").Concat(RightCatalog.BuiltinRoles.Select(r => $"name=\"Role.{r}\"")).Should().OnlyContain(key => texts.Contains(key));
    }

    /// <summary>Who had a role before roles were data has lost nothing but what an agent should not have had: cards of other people's clients.</summary>
    [PostgresTheory]
    [InlineData("agent", "client.view=all client.create=all client.numbers=all client.edit=own client.reassign=own deal.view=all call.view=own recording.listen=own missed.work=own file.use=all script.view=all deal.create=own deal.edit=own deal.reassign=own task.view=own task.create=own task.edit=own task.reassign=own task.delete=own")]
    [InlineData("supervisor", "client.view=all client.edit=all call.view=all call.edit=all call.listen=all recording.listen=all board.view=all agent.supervise=all missed.work=all missed.figures=all report.view=all report.export=all block.edit=all client.review=all script.view=all")]
    [InlineData("manager", "client.view=all client.edit=all call.view=all recording.listen=all board.view=all missed.work=all missed.figures=all report.view=all report.export=all client.review=all script.view=all")]
    [InlineData("admin", "client.view=all client.edit=all call.view=all call.edit=all call.listen=all recording.listen=all board.view=all agent.supervise=all missed.work=all missed.figures=all report.view=all report.export=all block.edit=all client.review=all script.view=all settings.configure=all")]
    public async Task The_first_four_roles_have_what_they_had(string role, string expected)
    {
        await using var page = await host.SignInAsync($"{role}.desk");
        var rights = page.Session.Rights!.Select(r => $"{r.Key}={r.Value}").ToArray();
        rights.Should().Contain(expected.Split(' '));
        if (role == "agent") rights.Should().HaveCount(expected.Split(' ').Length);
    }

    [PostgresFact]
    [Trait("Category", "Slow")]
    public async Task Each_endpoint_lets_in_exactly_those_the_matrix_names()
    {
        var wrong = new List<string>();
        await CheckAsync("nobody", Page.Nobody(host.Address), p => p == Open, HttpStatusCode.Unauthorized, wrong);
        foreach (var (login, role, isAgent) in Callers) await CheckAsync(login, await host.SignInAsync(login), p => Allows(p, role, isAgent), HttpStatusCode.Forbidden, wrong);
        wrong.Should().BeEmpty();
    }

    /// <summary>With all that a program may have and with one right alone, in an administrator's name.</summary>
    [PostgresFact]
    [Trait("Category", "Slow")]
    public async Task Each_endpoint_lets_in_exactly_the_keys_that_have_its_right()
    {
        var wrong = new List<string>();
        await using var ada = await host.SignInAsync("ada");
        foreach (var rights in new[] { [.. ApiKeyStore.Grantable.Select(r => r.Code)], new[] { Rights.SeeCalls } })
        {
            var made = await ApiKeyTests.MakeAsync(ada, Seeds.Ada, null, [.. rights.Select(r => (r, "all"))]);
            bool Has(string policy) => policy switch
            {
                Open => true,
                Rights.SeeCatalog => rights.Contains(Rights.WorkWithClients),
                Rights.SignedIn or Rights.TakeCalls => false,
                _ => rights.Contains(RightCatalog.OrOwnCall.FirstOrDefault(p => p.Policy == policy).Right ?? policy),
            };
            await CheckAsync($"a key with {rights.Length}", Page.OfKey(host.Address, made.Secret), Has, HttpStatusCode.Forbidden, wrong);
        }

        wrong.Should().BeEmpty();
    }

    static async Task CheckAsync(string who, Page page, Func<string, bool> allows, HttpStatusCode refusal, List<string> wrong)
    {
        await using var signedIn = page;
        foreach (var (endpoint, policies) in Matrix.OrderBy(m => m.Key == "DELETE /api/session"))
        {
            var (method, path) = (endpoint.Split(' ')[0], endpoint.Split(' ')[1]);
            using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", Guid.NewGuid().ToString()).Replace("{field}", "note").Replace("{agent}", Guid.NewGuid().ToString()).Replace("{version}", "1").Replace("{session}", Guid.NewGuid().ToString()).Replace("{code}", "none"));
            if (method is "POST" or "PUT") request.Content = JsonContent.Create(new { });
            using var answer = await page.Http.SendAsync(request);
            var isIn = answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
            if (isIn != policies.All(allows)) wrong.Add($"{who}: {endpoint} gave {(int)answer.StatusCode}");
            if (!isIn && answer.StatusCode != refusal) wrong.Add($"{who}: {endpoint} refused by {(int)answer.StatusCode}");
            if ((int)answer.StatusCode >= 500) wrong.Add($"{who}: {endpoint} broke with {(int)answer.StatusCode}");
        }
    }

    [PostgresFact]
    public async Task Each_hub_method_lets_in_exactly_those_the_matrix_names()
    {
        foreach (var (login, role, isAgent) in Callers)
        {
            await using var page = await host.SignInAsync(login);
            var live = await page.OpenAsync(); // Resume, for everyone signed in.
            var seen = () => live.PopSeenAsync(Guid.NewGuid(), true);
            if (Allows(HubMatrix[nameof(LiveHub.PopSeen)], role, isAgent)) await seen.Should().NotThrowAsync();
            else await seen.Should().ThrowAsync<Microsoft.AspNetCore.SignalR.HubException>();
        }
    }
}
