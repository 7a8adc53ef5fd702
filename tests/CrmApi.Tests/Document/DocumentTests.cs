using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Document;

[Trait("Category", "Slow")]
public sealed class DocumentTests(ApiHost host) : IClassFixture<ApiHost>
{
    /// <summary>The objects that other programs work with: the examples of their operations are written by hand.</summary>
    static readonly string[] Objects = ["Clients", "Deals", "Tasks", "Mails"];

    async Task<List<(string Name, string Tag, JsonElement Operation)>> OperationsAsync()
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        var document = JsonDocument.Parse(await http.GetStringAsync("openapi/v1.json"));
        return [.. document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Select(o => (o.Value.GetProperty("operationId").GetString()!, o.Value.GetProperty("tags")[0].GetString()!, o.Value))];
    }

    [PostgresFact]
    public async Task Every_operation_has_a_name_of_its_own_a_tag_and_a_summary()
    {
        var operations = await OperationsAsync();
        operations.Select(o => o.Name).Should().OnlyHaveUniqueItems();
        operations.Where(o => !o.Operation.TryGetProperty("summary", out var summary) || summary.GetString()!.Length < 5).Select(o => o.Name).Should().BeEmpty();
        operations.Select(o => o.Tag).Should().Contain(Objects);
    }

    [PostgresFact]
    public async Task Changes_of_what_has_a_version_take_If_Match()
    {
        (await OperationsAsync()).Where(o => o.Operation.TryGetProperty("parameters", out var parameters) && parameters.EnumerateArray().Any(p => p.GetProperty("name").GetString() == "If-Match")).Select(o => o.Name)
            .Should().Contain(["SaveClient", "DeleteClient", "SaveDeal", "MoveDeal", "DeleteDeal", "SaveTask", "DeleteTask", "RemoveClientMail", "SaveWebhook", "SaveRequiredRule"]).And.NotContain(["GetDeal", "CreateDeal", "ListTasks"]);
    }

    [PostgresFact]
    public async Task Every_operation_shows_what_is_sent_and_answered_and_both_are_what_they_say()
    {
        var endpoints = host.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).Where(e => e.Metadata.GetMetadata<IEndpointNameMetadata>() is not null)
            .ToDictionary(e => e.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName);
        var (wrong, shown) = (new List<string>(), 0);
        foreach (var (name, _, operation) in await OperationsAsync())
        {
            var metadata = endpoints[name].Metadata;
            if (operation.TryGetProperty("requestBody", out var body)) Check(name + " request", body, metadata.GetMetadata<IAcceptsMetadata>()?.RequestType);
            if (operation.GetProperty("responses").TryGetProperty("200", out var answer) && answer.TryGetProperty("content", out _))
                Check(name + " response", answer, metadata.OfType<IProducesResponseTypeMetadata>().FirstOrDefault(p => p.StatusCode == 200 && p.Type is not null)?.Type);
        }

        wrong.Should().BeEmpty();
        shown.Should().BeGreaterThan(150);

        void Check(string what, JsonElement part, Type? type)
        {
            if (!part.GetProperty("content").TryGetProperty("application/json", out var json)) return;
            if (!json.TryGetProperty("example", out var example))
            {
                wrong.Add($"{what}: no example");
                return;
            }

            if (type is null)
            {
                wrong.Add($"{what}: of no type");
                return;
            }

            shown++;
            var read = example.Deserialize(ContractsJson.Default.GetTypeInfo(type)!);
            var again = JsonSerializer.SerializeToElement(read, ContractsJson.Default.GetTypeInfo(type)!);
            if (!JsonElement.DeepEquals(again, example)) wrong.Add($"{what}: reads as {again}");
        }
    }

    [PostgresFact]
    public async Task Every_webhook_is_described_with_an_example_of_what_it_is_told()
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        var text = await http.GetStringAsync("openapi/v1.json");
        var document = JsonDocument.Parse(text).RootElement;
        var hooks = document.GetProperty("webhooks").EnumerateObject().ToDictionary(h => h.Name, h => h.Value.GetProperty("post").GetProperty("requestBody").GetProperty("content").GetProperty("application/json"));
        hooks.Keys.Should().BeEquivalentTo([.. WebhookEvents.All, WebhookEvents.Ping]);
        foreach (var (name, body) in hooks)
        {
            var told = body.GetProperty("example").Deserialize(ContractsJson.Default.WebhookMessage)!;
            told.Event.Should().Be(name);
            JsonElement.DeepEquals(JsonSerializer.SerializeToElement(told, ContractsJson.Default.WebhookMessage), body.GetProperty("example")).Should().BeTrue(name);
            new object?[] { told.Client, told.Call, told.Deal, told.Task, told.Merge, told.Note, told.Mail, told.File }.Count(o => o is not null).Should().Be(name == WebhookEvents.Ping || name.EndsWith(".removed", StringComparison.Ordinal) ? 0 : 1, name);
            body.GetProperty("schema").GetProperty("$ref").GetString().Should().Be("#/components/schemas/WebhookMessage");
        }

        // What the document points at is there.
        foreach (System.Text.RegularExpressions.Match reference in System.Text.RegularExpressions.Regex.Matches(text, "\"\\$ref\": \"#/([^\"]+)\""))
        {
            var at = document;
            foreach (var step in reference.Groups[1].Value.Split('/')) at.TryGetProperty(step.Replace("~1", "/", StringComparison.Ordinal), out at).Should().BeTrue(reference.Value);
        }
    }

    [PostgresFact]
    public async Task Examples_of_the_main_objects_are_written_by_hand()
    {
        var names = (await OperationsAsync()).Where(o => Objects.Contains(o.Tag) && (o.Operation.TryGetProperty("requestBody", out _) || o.Operation.GetProperty("responses").TryGetProperty("200", out var ok) && ok.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out _))).Select(o => o.Name).ToArray();
        names.Except(CallCrm.CrmApi.Document.Examples.ByOperation.Keys).Should().BeEmpty();
    }
}
