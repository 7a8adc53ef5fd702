using System.Text.Json.Nodes;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace CallCrm.CrmApi.Document;

/// <summary>The description of the API at /openapi/v1.json, with an example of each object as it is sent and answered.</summary>
internal static class DocumentModule
{
    public static void AddDocument(this IServiceCollection services) => services.AddOpenApi("v1", options => options.AddDocumentTransformer(WebhooksAsync).AddOperationTransformer((operation, context, _) =>
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

    /// <summary>What other programs are told, event by event (OpenAPI 3.1, webhooks).</summary>
    static async Task WebhooksAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancel)
    {
        document.AddComponent(nameof(WebhookMessage), await context.GetOrCreateSchemaAsync(typeof(WebhookMessage), null, cancel));
        document.Webhooks = new Dictionary<string, IOpenApiPathItem>(StringComparer.Ordinal);
        foreach (var (name, example) in Examples.ByEvent.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            document.Webhooks[name] = new OpenApiPathItem
            {
                Operations = new Dictionary<HttpMethod, OpenApiOperation>
                {
                    [HttpMethod.Post] = new()
                    {
                        Summary = "Told to a webhook that chose this event. Headers: CallCrm-Event, CallCrm-Delivery, CallCrm-Signature (t=SECONDS,v1=HEX: HMAC-SHA-256 of SECONDS.BODY with its secret)",
                        RequestBody = new OpenApiRequestBody
                        {
                            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                            {
                                ["application/json"] = new() { Schema = new OpenApiSchemaReference(nameof(WebhookMessage), document), Example = example.DeepClone() },
                            },
                        },
                        Responses = new OpenApiResponses { ["2XX"] = new OpenApiResponse { Description = "Taken. Any other answer, or none within 10 s: it is sent again for 24 hours" } },
                    },
                },
            };
        }
    }

    static void Show(IDictionary<string, OpenApiMediaType>? content, Func<JsonNode?> example)
    {
        if (content?.TryGetValue("application/json", out var json) == true && example() is { } shown) json.Example = shown.DeepClone();
    }

    static JsonNode? Of(Type? type) => type is null ? null : Samples.Of(type);
}
