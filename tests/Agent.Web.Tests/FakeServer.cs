using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The server at the end of the page's HttpClient: answers what it is told to, keeps what was asked.</summary>
sealed class FakeServer : HttpMessageHandler
{
    long _version;

    public ConcurrentQueue<(string Method, string Path, string Body)> Asked { get; } = new();

    /// <summary>Null = the usual answer.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?>? Answer { get; set; }

    public IEnumerable<string> Written(string field) =>
        Asked.Where(a => a.Path.EndsWith("/draft/" + field, StringComparison.Ordinal)).Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.DraftWrite)!.Value);

    public static HttpResponseMessage Text(string body, string type, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, type) };

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) => Text(body, "application/json", status);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = Uri.UnescapeDataString(request.RequestUri!.AbsolutePath.TrimStart('/'));
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Asked.Enqueue((request.Method.Method, path, body));
        return Answer?.Invoke(request) ?? Usual(request.Method, path, body);
    }

    HttpResponseMessage Usual(HttpMethod method, string path, string body) => path switch
    {
        "api/session" => Json(JsonSerializer.Serialize(Some.Session, ContractsJson.Default.SessionView)),
        "api/catalog" => Json(JsonSerializer.Serialize(Some.Catalog, ContractsJson.Default.CatalogView)),
        "api/day" => Json("""{"tasks":[],"calls":[],"later":0}"""),
        _ when method == HttpMethod.Put && path.EndsWith("/wrap-up", StringComparison.Ordinal) => Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, true, null), ContractsJson.Default.CommandAnswer)),
        "api/commands" => Json(JsonSerializer.Serialize(new CommandAnswer(Guid.Empty, true, null), ContractsJson.Default.CommandAnswer)),
        _ when path.Contains("/draft/", StringComparison.Ordinal) => Json(JsonSerializer.Serialize(Saved(path, body), ContractsJson.Default.DraftFieldView)),
        _ when method == HttpMethod.Get => Json("""{"items":[]}"""),
        _ => new HttpResponseMessage(HttpStatusCode.NoContent),
    };

    DraftFieldView Saved(string path, string body)
    {
        var write = JsonSerializer.Deserialize(body, ContractsJson.Default.DraftWrite)!;
        return new DraftFieldView(path.Split("/draft/")[1], write.Value, Interlocked.Increment(ref _version), write.PageId, Some.Noon);
    }
}
