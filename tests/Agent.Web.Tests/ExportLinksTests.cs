using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Clients;
using CallCrm.AgentWeb.Files;
using CallCrm.AgentWeb.Imports;
using CallCrm.AgentWeb.Junk;
using CallCrm.AgentWeb.Missed;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Each list as a file: the address is that of what is shown, and only who may take it out has it.</summary>
public sealed class ExportLinksTests : PageContext
{
    static readonly Guid Sales = Guid.Parse("0190b000-0000-7000-8000-000000000021"), Support = Guid.Parse("0190b000-0000-7000-8000-000000000022");

    static readonly string[] Exports = ["client.export", "deal.export", "task.export", "call.export", "report.export"];

    static readonly AdminView Settings = new([], [], [], [], [], [], ["pbx"], [], [], Campaigns: new CampaignList([new CampaignSetup("spring", "Spring")], 1));

    static readonly ImportRunView Run = new(Guid.Parse("0190b000-0000-7000-8000-000000000301"), "clients.csv", "done", 5, 5, 5, 0, 0, 0, 0, [], null, "Sara Conti", Some.Noon, Some.Noon, Some.Noon, false);

    SessionView _session = With(Exports);

    static SessionView With(params string[] exports) => Some.As("supervisor") with
    {
        Rights = new[] { "client.view", "client.edit", "client.delete", "client.merge", "client.review", "client.import", "deal.delete", "task.delete", "missed.work", "block.edit", "settings.configure" }.Concat(exports).ToDictionary(r => r, _ => "all"),
    };

    static HttpResponseMessage Json<T>(T value, JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    async Task<IRenderedComponent<T>> ShowAsync<T>(Action<ComponentParameterCollectionBuilder<T>>? with = null) where T : IComponent
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => Json(_session, ContractsJson.Default.SessionView),
            "/api/catalog" => Json(Some.Catalog with { Queues = [new QueueView(Sales, "Sales", 20), new QueueView(Support, "Support", 20)] }, ContractsJson.Default.CatalogView),
            "/api/imports" => Json(new ListPage<ImportRunView>([Run], null), ContractsJson.Default.ListPageImportRunView),
            "/api/files" => Json(new FilesView([new FileView(Run.Id, "call", Some.CallId, null, "said.pdf", 12, "pdf", "Anna", Some.Noon, null, false)]), ContractsJson.Default.FilesView),
            "/api/admin/webhooks" => Json(new WebhooksView([new WebhookSetup(Run.Id, "https://hooks.example", [WebhookEvents.ClientSaved], true, 1)], WebhookEvents.All), ContractsJson.Default.WebhooksView),
            var path when path.EndsWith("/deliveries", StringComparison.Ordinal) => Json(new ListPage<WebhookDeliveryView>([new WebhookDeliveryView(Run.Id, WebhookEvents.ClientSaved, Some.Noon, "delivered", 1, null, Some.Noon, 200, null)], null), ContractsJson.Default.ListPageWebhookDeliveryView),
            "/api/admin/keys" => FakeServer.Json("""{"items":[],"grantable":[]}"""),
            _ => FakeServer.Json("""{"items":[]}"""),
        };
        await Session.LoadAsync();
        return Render<T>(with ?? (_ => { }));
    }

    static void Leads<T>(IRenderedComponent<T> page, string name, string address) where T : IComponent => page.WaitForAssertion(() =>
    {
        foreach (var format in new[] { "csv", "xlsx" })
        {
            var link = page.Find($"a[data-test={name}-{format}]");
            link.GetAttribute("href").Should().Be($"api/{address.Replace("FORMAT", format, StringComparison.Ordinal)}");
            link.HasAttribute("download").Should().BeTrue();
            link.TextContent.Should().Be(format == "csv" ? "Download CSV" : "Download Excel");
        }
    });

    [Fact]
    public async Task Missed_callers_go_out_as_they_are_chosen()
    {
        var page = await ShowAsync<MissedPage>();
        Leads(page, "missed", "missed/export?format=FORMAT&language=en&state=open");
        page.Find("[data-test=missed-closed]").Click();
        page.Find("select.find").Change(Support.ToString());
        Leads(page, "missed", $"missed/export?format=FORMAT&language=en&state=closed&queue={Support}");
    }

    [Fact]
    public async Task Blocked_numbers_go_out_as_they_are_looked_for()
    {
        var page = await ShowAsync<BlockedPage>();
        Leads(page, "blocked", "blocks/export?format=FORMAT&language=en&query=");
        page.Find("[data-test=blocked-find]").Input("at night & day");
        Leads(page, "blocked", "blocks/export?format=FORMAT&language=en&query=at%20night%20%26%20day");
    }

    [Fact]
    public async Task Each_kind_of_the_bin_goes_out_by_its_own_right()
    {
        _session = With("deal.export");
        var page = await ShowAsync<BinPage>(p => p.Add(b => b.Kind, "deals"));
        Leads(page, "bin", "deals/bin/export?format=FORMAT&language=en");
        foreach (var kind in new[] { "tasks", "mails", "clients" })
        {
            page.Render(p => p.Add(b => b.Kind, kind));
            page.FindAll("[data-test=bin-csv]").Should().BeEmpty(kind);
        }
    }

    [Fact]
    public async Task Clients_tasks_and_mails_of_the_bin_go_out()
    {
        var page = await ShowAsync<BinPage>();
        Leads(page, "bin", "clients/bin/export?format=FORMAT&language=en");
        foreach (var kind in new[] { "tasks", "mails" })
        {
            page.Render(p => p.Add(b => b.Kind, kind));
            Leads(page, "bin", $"{kind}/bin/export?format=FORMAT&language=en");
        }
    }

    [Fact]
    public async Task New_cards_pairs_and_imports_go_out()
    {
        Leads(await ShowAsync<ReviewPage>(), "review", "clients/unconfirmed/export?format=FORMAT&language=en");
        Leads(await ShowAsync<DuplicatesPage>(), "duplicates", "clients/duplicates/export?format=FORMAT&language=en");
        Leads(await ShowAsync<ImportPage>(), "imports", "imports/export?format=FORMAT&language=en");
    }

    [Fact]
    public async Task The_list_of_files_goes_out_by_what_they_are_on()
    {
        _session = With("call.export");
        var panel = await ShowAsync<FilesPanel>(p => p.Add(f => f.Kind, "call").Add(f => f.Object, Some.CallId));
        Leads(panel, "files", $"files/export?format=FORMAT&language=en&kind=call&object={Some.CallId}");
        panel.Render(p => p.Add(f => f.Kind, "client").Add(f => f.Object, Some.ClientId));
        panel.WaitForAssertion(() => panel.FindAll("[data-test=files-csv]").Should().BeEmpty());
    }

    [Fact]
    public async Task People_campaigns_and_changes_go_out()
    {
        Leads(await ShowAsync<PeopleAdmin>(p => p.Add(a => a.View, Settings)), "people", "admin/users/export?format=FORMAT&language=en");
        Leads(await ShowAsync<CampaignsForm>(p => p.Add(a => a.View, Settings)), "campaigns", "admin/campaigns/export?format=FORMAT&language=en");
        Leads(await ShowAsync<ChangesAdmin>(), "changes", "admin/changes/export?format=FORMAT&language=en");
    }

    [Fact]
    public async Task What_is_set_up_goes_out()
    {
        Leads(await ShowAsync<QueuesAdmin>(p => p.Add(a => a.View, Settings)), "queues", "admin/queues/export?format=FORMAT&language=en");
        Leads(await ShowAsync<RolesAdmin>(p => p.Add(a => a.View, Settings)), "roles", "admin/roles/export?format=FORMAT&language=en");
        Leads(await ShowAsync<DepartmentsAdmin>(p => p.Add(a => a.View, Settings)), "departments", "admin/departments/export?format=FORMAT&language=en");
        Leads(await ShowAsync<ExtensionsAdmin>(p => p.Add(a => a.View, Settings)), "extensions", "admin/extensions/export?format=FORMAT&language=en");
        Leads(await ShowAsync<NumbersAdmin>(p => p.Add(a => a.View, Settings)), "numbers", "admin/numbers/export?format=FORMAT&language=en");
        Leads(await ShowAsync<FieldsAdmin>(p => p.Add(a => a.View, Settings)), "fields", "admin/client-fields/export?format=FORMAT&language=en");
        Leads(await ShowAsync<KeysAdmin>(p => p.Add(a => a.View, Settings)), "keys", "admin/keys/export?format=FORMAT&language=en");
        Leads(await ShowAsync<WebFormsAdmin>(p => p.Add(a => a.View, Settings)), "web-forms", "admin/web-forms/export?format=FORMAT&language=en");
        Leads(await ShowAsync<RequiredAdmin>(p => p.Add(a => a.View, Settings)), "required", "admin/required-rules/export?format=FORMAT&language=en");
        Leads(await ShowAsync<SkillsAdmin>(p => p.Add(a => a.View, Settings)), "skills", "admin/skills/export?format=FORMAT&language=en");
        Leads(await ShowAsync<DispositionsForm>(p => p.Add(a => a.View, Settings)), "dispositions", "admin/dispositions/export?format=FORMAT&language=en");
        Leads(await ShowAsync<CodesForm>(p => p.Add(a => a.View, Settings)), "pauses", "admin/pause-reasons/export?format=FORMAT&language=en");
        Leads(await ShowAsync<SegmentsForm>(p => p.Add(a => a.View, Settings)), "segments", "admin/segments/export?format=FORMAT&language=en");
        Leads(await ShowAsync<DealTypesForm>(p => p.Add(a => a.View, Settings)), "deal-types", "admin/deal-types/export?format=FORMAT&language=en");
        var hooks = await ShowAsync<WebhooksAdmin>(p => p.Add(a => a.View, Settings));
        Leads(hooks, "webhooks", "admin/webhooks/export?format=FORMAT&language=en");
        hooks.WaitForElement("[data-test=admin-row]").Click();
        Leads(hooks, "deliveries", $"admin/webhooks/{Run.Id}/deliveries/export?format=FORMAT&language=en");
    }

    [Fact]
    public async Task Who_may_take_nothing_out_has_no_button_and_one_whose_right_is_taken_away_loses_it()
    {
        var page = await ShowAsync<MissedPage>();
        page.WaitForAssertion(() => page.FindAll("[data-test=missed-csv]").Should().ContainSingle());
        _session = With();
        await page.InvokeAsync(Session.ReloadAsync);
        page.WaitForAssertion(() => page.FindAll("[data-test=missed-csv], [data-test=missed-xlsx]").Should().BeEmpty());
        foreach (var list in new IRenderedComponent<IComponent>[] { await ShowAsync<BlockedPage>(), await ShowAsync<ReviewPage>(), await ShowAsync<DuplicatesPage>(), await ShowAsync<ImportPage>(), await ShowAsync<BinPage>(), await ShowAsync<ChangesAdmin>() })
            list.FindAll("a[download]").Should().BeEmpty();
    }
}
