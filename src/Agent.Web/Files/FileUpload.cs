using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.AgentWeb.Api;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace CallCrm.AgentWeb.Files;

/// <summary>Sends the file of an input by the browser itself (wwwroot/app.js): from the disk, never through this page's memory.</summary>
sealed class FileUpload(IJSRuntime js) : IDisposable
{
    DotNetObjectReference<FileUpload>? _self;

    /// <summary>0 to 1.</summary>
    public event Action<double>? Progress;

    [JSInvokable]
    public void OnProgress(double part) => Progress?.Invoke(part);

    /// <summary>Files dropped on the zone become the input's.</summary>
    public ValueTask DropZoneAsync(ElementReference zone, ElementReference input) => js.InvokeVoidAsync("callcrm.dropZone", zone, input);

    /// <returns>Its name and size; null: none is chosen.</returns>
    public ValueTask<ChosenFile?> ChosenAsync(ElementReference input) => js.InvokeAsync<ChosenFile?>("callcrm.chosen", input);

    public ValueTask OpenAsync(ElementReference input) => js.InvokeVoidAsync("callcrm.choose", input);

    /// <param name="url">The name is added.</param>
    /// <exception cref="ApiException">As for every request; offline when the line broke.</exception>
    public async Task<T> SendAsync<T>(ElementReference input, string url, JsonTypeInfo<T> type)
    {
        _self ??= DotNetObjectReference.Create(this);
        var answer = await js.InvokeAsync<UploadAnswer>("callcrm.upload", input, url, _self);
        if (answer.Status == 0)
            throw new ApiException(null, "offline", "");
        try
        {
            if (answer.Status is >= 200 and < 300)
                return JsonSerializer.Deserialize(answer.Body, type) ?? throw new JsonException();
            var problem = JsonSerializer.Deserialize(answer.Body, ContractsJson.Default.ProblemView);
            throw new ApiException((HttpStatusCode)answer.Status, problem?.ErrorId ?? $"http_{answer.Status}", problem?.Detail ?? "", problem?.Errors, claimed: problem?.Claimed, found: problem?.Found);
        }
        catch (JsonException)
        {
            throw new ApiException((HttpStatusCode)answer.Status, answer.Status is >= 200 and < 300 ? "bad_answer" : $"http_{answer.Status}", "");
        }
    }

    public void Dispose() => _self?.Dispose();

    internal sealed record ChosenFile(string Name, long Size);

    internal sealed record UploadAnswer(int Status, string Body);
}
