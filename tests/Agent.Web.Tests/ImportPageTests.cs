using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>Taking over extensions and queues from the PBX, and what it lets us do with its phones.</summary>
public sealed class ImportPageTests : PageContext
{
    static AdminView View { get; } = new([], [], [new ExtensionSetup("pbx", "101", [new DeviceSetup("PJSIP/101", true, false)], 1)], [], [], [], ["pbx"]);

    static PbxImportView Found(string source = "PJSIPShowEndpoints", bool notifies = true) => new("pbx", source, notifies,
        [
            new ImportExtension("101", ["PJSIP/101"], "known", []), new ImportExtension("120", ["PJSIP/120"], "new", ["PJSIP/120"]),
            new ImportExtension("121", ["PJSIP/121"], "taken", [], "221"), new ImportExtension("", ["PJSIP/provider"], "trunk", []),
        ],
        [new ImportQueue("400", "new", ["Anna"], ["Nobody Known"]), new ImportQueue("Sales", "known", [], [])]);

    void Answers(PbxImportView found, PbxImportResult? result = null) => Server.Answer = r => r.Method == HttpMethod.Post
        ? FakeServer.Json(JsonSerializer.Serialize(result!, ContractsJson.Default.PbxImportResult))
        : FakeServer.Json(JsonSerializer.Serialize(found, ContractsJson.Default.PbxImportView));

    [Fact]
    public void Rows_are_shown_first_and_only_the_chosen_ones_are_imported()
    {
        Answers(Found(), new PbxImportResult(View, 1, [new ImportRefusal("queue", "400", "nothing_to_import")]));
        AdminView? saved = null;
        var page = Render<ImportAdmin>(p => p.Add(q => q.View, View).Add(q => q.OnSaved, v => saved = v));
        Server.Asked.Should().BeEmpty("nothing is asked of the PBX before it is wanted");
        page.Click("[data-test=import-read]");
        page.WaitForAssertion(() => page.FindAll("[data-test=import-extension]").Select(r => r.GetAttribute("data-state")).Should().Equal("known", "new", "taken", "trunk"));
        page.FindAll("[data-test=import-extension] input").Select(i => i.HasAttribute("disabled")).Should().Equal(true, false, true, true);
        page.Find("[data-test=import-do]").HasAttribute("disabled").Should().BeTrue();
        page.FindAll("[data-test=import-extension]")[2].TextContent.Should().Contain("its device belongs to 221 here");
        page.FindAll("[data-test=import-queue]")[0].TextContent.Should().Contain("Nobody Known");
        page.Change("[data-test=import-all]", true);
        page.FindAll("[data-test=import-queue] input")[0].Change(true);
        page.Find("[data-test=import-do]").TextContent.Should().Be("Import 2");
        page.Click("[data-test=import-do]");
        page.WaitForAssertion(() => page.Find("[data-test=import-done]").TextContent.Should().StartWith("Imported: 1"));
        JsonSerializer.Deserialize(Server.Asked.Single(a => a.Method == "POST").Body, ContractsJson.Default.PbxImportRequest)!.Should().BeEquivalentTo(new PbxImportRequest(["120"], ["400"]));
        page.Find("[data-test=import-refused]").TextContent.Should().Be("400: nothing to import any more");
        saved.Should().NotBeNull("the other tabs show it at once");
    }

    [Fact]
    public void A_PBX_that_is_away_says_so_and_one_that_tells_little_is_told_of()
    {
        Server.Answer = _ => FakeServer.Json("""{"errorId":"pbx_away","detail":"The PBX is not connected at the moment. Nothing was read or changed."}""", System.Net.HttpStatusCode.ServiceUnavailable);
        var page = Render<ImportAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=import-read]");
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.Should().Contain("not connected"));
        page.FindAll("[data-test=import-do]").Should().BeEmpty();
        Answers(Found("DeviceStateList"));
        page.Click("[data-test=import-read]");
        page.WaitForAssertion(() => page.Markup.Should().Contain("some may be missing"));
    }

    [Fact]
    public void A_device_to_be_notified_at_a_PBX_that_does_not_let_us_is_named()
    {
        Answers(Found(notifies: false));
        var page = Render<ExtensionsAdmin>(p => p.Add(q => q.View, View));
        page.Click("[data-test=admin-row]");
        page.WaitForAssertion(() => page.Find("[data-test=notify-missing]").TextContent.Should().Contain("manager.conf"));
        page.Change("[data-test=answer-by]", "auto");
        page.WaitForAssertion(() => page.FindAll("[data-test=notify-missing]").Should().BeEmpty("ringing anew needs no right"));
        page.Change("[data-test=answer-by]", "none");
        page.Find("[data-test=answer-by]").GetAttribute("value").Should().Be("none");
    }
}
