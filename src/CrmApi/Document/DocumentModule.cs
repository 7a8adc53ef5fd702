using Microsoft.OpenApi;

namespace CallCrm.CrmApi.Document;

/// <summary>The description of the API at /openapi/v1.json, with an example of each object as it is sent and answered.</summary>
internal static class DocumentModule
{
    public static void AddDocument(this IServiceCollection services) => services.AddOpenApi("v1", options => options.AddOperationTransformer((operation, context, _) =>
    {
        if (context.Description.ParameterDescriptions.Any(p => Versions.Takes(p.Name, p.Type)))
        {
            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = "If-Match",
                In = ParameterLocation.Header,
                Description = "The ETag as it was read, in place of the version; 412 edit_conflict when somebody was faster",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        if (operation.OperationId is { } name && Examples.ByOperation.TryGetValue(name, out var example))
        {
            Show(operation.RequestBody?.Content, example.Request);
            Show(operation.Responses?.GetValueOrDefault("200")?.Content, example.Response);
        }

        return Task.CompletedTask;
    }));

    static void Show(IDictionary<string, OpenApiMediaType>? content, System.Text.Json.Nodes.JsonNode? example)
    {
        if (example is not null && content?.TryGetValue("application/json", out var json) == true) json.Example = example.DeepClone();
    }
}
