using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Files;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class FilesPanelTests : PageContext
{
    static FileView File(int n, int version) => new(new Guid($"00000000-0000-7000-8000-{n:x12}"), "client", Some.ClientId, null, $"file {n}.txt", 10, "text", "Anna Verdi", Some.Noon, null, MayDelete: true, version);

    [Fact]
    public void The_next_page_comes_behind_the_first_and_a_file_goes_under_the_version_that_was_read()
    {
        var asked = new List<string>();
        Server.Answer = request =>
        {
            var path = request.RequestUri!.PathAndQuery;
            asked.Add($"{request.Method} {path}");
            return request.Method == HttpMethod.Delete ? new HttpResponseMessage(HttpStatusCode.NoContent)
                : FakeServer.Json(JsonSerializer.Serialize(path.Contains("cursor=", StringComparison.Ordinal) ? new FilesView([File(2, 1)]) : new FilesView([File(1, 7)], "more"), ContractsJson.Default.FilesView));
        };
        var panel = Render<FilesPanel>(p => p.Add(x => x.Kind, "client").Add(x => x.Object, Some.ClientId));
        panel.WaitForAssertion(() => panel.FindAll("[data-test=file]").Should().ContainSingle());
        panel.Find("[data-test=files-more]").Click();
        panel.WaitForAssertion(() => panel.FindAll("[data-test=file]").Should().HaveCount(2));
        panel.FindAll("[data-test=files-more]").Should().BeEmpty("there are no more");
        panel.FindAll("[data-test=file-delete]")[0].Click();
        panel.WaitForAssertion(() => asked.Should().Contain("DELETE /api/files/00000000-0000-7000-8000-000000000001?version=7"));
        asked.Should().Contain($"GET /api/files?kind=client&object={Some.ClientId}&cursor=more");
    }
}
