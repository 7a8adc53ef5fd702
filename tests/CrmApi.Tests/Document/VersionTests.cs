using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Document;

/// <summary>ETag, If-Match and If-None-Match, of each object that has a version.</summary>
[Trait("Category", "Slow")]
public sealed class VersionTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<(HttpStatusCode Status, string? Tag, JsonElement Body)> SendAsync(Page page, string method, string path, object? body = null, string? match = null, string? noneMatch = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body, ContractsJson.Default.GetTypeInfo(body.GetType())!), System.Text.Encoding.UTF8, "application/json");
        if (match is not null) request.Headers.TryAddWithoutValidation("If-Match", match);
        if (noneMatch is not null) request.Headers.TryAddWithoutValidation("If-None-Match", noneMatch);
        using var answer = await page.Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, answer.Headers.ETag?.ToString(), text.Length > 0 ? JsonDocument.Parse(text).RootElement : default);
    }

    static readonly Dictionary<string, (Func<Guid, object> Make, string Change)> Objects = new()
    {
        ["clients"] = (id => new ClientCreate(id, new ClientSave("person", "Tagged", "", "", "", "", null, null, null, [])), """{"kind":"person","name":"Changed","company":"","email":"","city":"","note":"","phones":[]}"""),
        ["deals"] = (id => new DealCreate(id, Seeds.Bianchi, "order", "Tagged"), """{"title":"Changed"}"""),
        ["tasks"] = (id => new TaskCreate(id, "Tagged", DateTimeOffset.UnixEpoch), """{"title":"Changed","dueAt":"2026-05-04T10:00:00Z"}"""),
    };

    [PostgresTheory]
    [InlineData("clients")]
    [InlineData("deals")]
    [InlineData("tasks")]
    public async Task The_tag_says_the_version_and_a_change_of_an_older_one_is_refused(string kind)
    {
        await using var sara = await host.SignInAsync("sara");
        var (id, path) = (Guid.CreateVersion7(), "");
        path = $"api/{kind}/{id}";
        var made = await SendAsync(sara, "POST", $"api/{kind}", Objects[kind].Make(id));
        made.Status.Should().Be(HttpStatusCode.OK);
        made.Tag.Should().StartWith("\"1-");
        var read = await SendAsync(sara, "GET", path);
        read.Tag.Should().Be(made.Tag);
        (await SendAsync(sara, "GET", path, noneMatch: read.Tag)).Status.Should().Be(HttpStatusCode.NotModified);
        (await SendAsync(sara, "GET", path, noneMatch: "\"9\", W/" + read.Tag)).Status.Should().Be(HttpStatusCode.NotModified);
        (await SendAsync(sara, "GET", path, noneMatch: "\"9\"")).Status.Should().Be(HttpStatusCode.OK);

        var change = Objects[kind].Change;
        var saved = await SendAsync(sara, "PUT", path, change, match: read.Tag);
        saved.Status.Should().Be(HttpStatusCode.OK, saved.Body.ToString());
        saved.Tag.Should().StartWith("\"2-");
        (await SendAsync(sara, "GET", path, noneMatch: read.Tag)).Tag.Should().Be(saved.Tag);

        var late = await SendAsync(sara, "PUT", path, change.Replace("Changed", "Lost"), match: read.Tag);
        late.Status.Should().Be(HttpStatusCode.PreconditionFailed);
        late.Body.GetProperty("errorId").GetString().Should().Be("edit_conflict");
        late.Body.GetProperty("status").GetInt32().Should().Be(412);
        late.Body.EnumerateObject().Should().Contain(p => p.Name == "card" || p.Name == "deal" || p.Name == "task", "what stands there now is in the answer");
        var older = await SendAsync(sara, "PUT", path, change.Replace("{", """{"version":1,"""), null);
        older.Status.Should().Be(HttpStatusCode.Conflict, "a version in the body stays a conflict");
        var none = await SendAsync(sara, "PUT", path, change);
        none.Status.Should().Be(HttpStatusCode.BadRequest);
        none.Body.GetProperty("errors").EnumerateObject().Single().Name.Should().Be("version");
        (await SendAsync(sara, "PUT", path, change, match: "*")).Status.Should().Be(HttpStatusCode.BadRequest);
        (await SendAsync(sara, "PUT", path, change, match: "nonsense")).Status.Should().Be(HttpStatusCode.BadRequest);
        (await SendAsync(sara, "PUT", path, change, match: "W/\"2\"")).Status.Should().Be(HttpStatusCode.PreconditionFailed, "a weak tag matches nothing");
        (await SendAsync(sara, "GET", path)).Tag.Should().Be(saved.Tag, "nothing of that was saved");

        (await SendAsync(sara, "DELETE", path, match: read.Tag)).Status.Should().Be(HttpStatusCode.PreconditionFailed);
        (await SendAsync(sara, "DELETE", path)).Status.Should().Be(HttpStatusCode.BadRequest);
        (await SendAsync(sara, "DELETE", path, match: "\"1\", \"2\"")).Status.Should().Be(HttpStatusCode.OK, "the newest of those known counts");
    }

    [PostgresFact]
    public async Task What_stands_on_a_card_beside_its_version_changes_the_tag_as_well()
    {
        await using var sara = await host.SignInAsync("sara");
        var before = await SendAsync(sara, "GET", $"api/clients/{Seeds.Twin1}");
        await SendAsync(sara, "POST", "api/deals", new DealCreate(Guid.CreateVersion7(), Seeds.Twin1, "order", "On the card"));
        var after = await SendAsync(sara, "GET", $"api/clients/{Seeds.Twin1}", noneMatch: before.Tag);
        after.Status.Should().Be(HttpStatusCode.OK);
        after.Tag!.Split('-')[0].Should().Be(before.Tag!.Split('-')[0]);
    }

    [PostgresFact]
    public async Task Settings_take_the_header_as_well()
    {
        await using var ada = await host.SignInAsync("ada");
        var field = new ClientFieldSetup("tagged", "Tagged", "text", [], 1, false, 0);
        (await SendAsync(ada, "PUT", "api/admin/client-fields/tagged", field)).Status.Should().Be(HttpStatusCode.OK);
        (await SendAsync(ada, "PUT", "api/admin/client-fields/tagged", field with { Name = "Later" }, match: "\"7\"")).Status.Should().Be(HttpStatusCode.PreconditionFailed);
        (await SendAsync(ada, "PUT", "api/admin/client-fields/tagged", field with { Name = "Later" }, match: "\"1\"")).Status.Should().Be(HttpStatusCode.OK);
        var hook = new WebhookSetup(Guid.CreateVersion7(), "https://example.org/hook", [WebhookEvents.DealSaved], false, 0);
        var made = await SendAsync(ada, "PUT", $"api/admin/webhooks/{hook.Id}", hook);
        made.Tag.Should().StartWith("\"1-");
        (await SendAsync(ada, "PUT", $"api/admin/webhooks/{hook.Id}", hook, match: made.Tag)).Tag.Should().StartWith("\"2-");
    }
}
