using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.ModelBinding;
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

        var example = operation.OperationId is { } name ? Examples.ByOperation.GetValueOrDefault(name) : null;
        Show(operation.RequestBody?.Content, () => example?.Request ?? Of(context.Description.ParameterDescriptions.FirstOrDefault(p => p.Source == BindingSource.Body)?.Type));
        Show(operation.Responses?.GetValueOrDefault("200")?.Content, () => example?.Response ?? Of(context.Description.SupportedResponseTypes.FirstOrDefault(r => r.StatusCode == 200 && r.Type != typeof(void))?.Type));

        return Task.CompletedTask;
    }));

    static void Show(IDictionary<string, OpenApiMediaType>? content, Func<JsonNode?> example)
    {
        if (content?.TryGetValue("application/json", out var json) == true && example() is { } shown) json.Example = shown.DeepClone();
    }

    static JsonNode? Of(Type? type) => type is null ? null : Samples.Of(type);
}
