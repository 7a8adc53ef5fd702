using System.Net;
using CallCrm.CrmApi.Errors;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Access;

/// <summary>
/// Against requests that another site makes in a signed-in browser. Whatever changes something, and the hub's handshake (which is a GET), must name
/// our own Origin (RFC 6454). Without an Origin, which no browser leaves out there, the header X-CallCrm-Client must be present: machines send it,
/// and a foreign page cannot without a CORS preflight, which is never granted.
/// </summary>
internal static class OriginGuard
{
    public const string MachineHeader = "X-CallCrm-Client";

    public static Task CheckAsync(HttpContext http, RequestDelegate next) =>
        !NeedsOrigin(http.Request) || IsOurs(http.Request)
            ? next(http)
            : Problems.Of(StatusCodes.Status403Forbidden, "wrong_origin",
                $"The Origin must be this server's own; programs that send none name themselves in {MachineHeader}.").ExecuteAsync(http);

    static bool NeedsOrigin(HttpRequest request)
    {
        // The router's internal road has its own key and is no browser's business.
        if (request.Path.StartsWithSegments("/internal", StringComparison.OrdinalIgnoreCase)) return false;
        return request.Path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase)
            || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method) || HttpMethods.IsTrace(request.Method));
    }

    static bool IsOurs(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        return origin.Count == 0
            ? !string.IsNullOrWhiteSpace(request.Headers[MachineHeader]) || (ApiKeyHandler.IsSent(request) && request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase))
            : origin.Count == 1 && string.Equals(origin[0], $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Passwords and client data do not cross a network in the clear, unless that is asked for by name.</summary>
internal sealed class PlainHttpGuard(RequestDelegate next, IOptions<WebOptions> options)
{
    public Task InvokeAsync(HttpContext http) =>
        http.Request.IsHttps || options.Value.AllowPlainHttp || IsThisMachine(http.Connection)
        || http.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) || http.Request.Path.StartsWithSegments("/internal", StringComparison.OrdinalIgnoreCase)
            ? next(http)
            : Problems.Of(StatusCodes.Status403Forbidden, "plain_http",
                "Plain HTTP is answered to this machine alone. Use HTTPS, or set Web:AllowPlainHttp.").ExecuteAsync(http);

    static bool IsThisMachine(ConnectionInfo connection) =>
        connection.RemoteIpAddress is not { } remote || IPAddress.IsLoopback(remote) || remote.Equals(connection.LocalIpAddress);
}
