using System.Security.Cryptography;

namespace CallCrm.CrmApi.Shell;

/// <summary>
/// Security headers of every answer, and the Content-Security-Policy (CSP level 3) of the pages: no inline script but the import map, by its nonce.
/// Styles may be inline, for widths that follow figures; a style runs nothing.
/// </summary>
internal static class PageSecurity
{
    public const string NonceKey = "callcrm.nonce";

    public static Task ApplyAsync(HttpContext http, RequestDelegate next)
    {
        var nonce = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        http.Items[NonceKey] = nonce;
        // At the start of the answer, as the handler of exceptions clears what was set before.
        http.Response.OnStarting(() =>
        {
            Set(http.Response.Headers, nonce);
            return Task.CompletedTask;
        });
        return next(http);
    }

    static void Set(IHeaderDictionary headers, string nonce)
    {
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
            "font-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self)";
    }
}
