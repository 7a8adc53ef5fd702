using CallCrm.CallFlow.Https;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CallCrm.CrmApi.Https;

/// <summary>HTTPS by a certificate that may change while the host runs.</summary>
internal static class HttpsModule
{
    public static void AddHttps(this IServiceCollection services, IConfiguration configuration)
    {
        var urls = (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (!Array.Exists(urls, IsHttps)) return;
        // What runs on this machine (the router's commands) needs no certificate to talk to us.
        if (Array.TrueForAll(urls, IsHttps)) configuration[WebHostDefaults.ServerUrlsKey] = string.Join(';', urls.Append("http://127.0.0.1:0"));
        // Kestrel's own section takes precedence for who has set it.
        if (configuration.GetSection("Kestrel:Certificates:Default").GetChildren().Any()) return;
        services.AddSingleton<CertificateWatch>();
        services.AddHostedService(s => s.GetRequiredService<CertificateWatch>());
        services.AddOptions<KestrelServerOptions>().Configure<CertificateWatch>((kestrel, watch) => kestrel.ConfigureHttpsDefaults(https =>
        {
            https.ServerCertificateSelector = (_, _) => watch.Current.Leaf;
            // The selector alone would leave the chain out.
            https.OnAuthenticate = (_, tls) =>
            {
                tls.ServerCertificateSelectionCallback = null;
                tls.ServerCertificateContext = watch.Current.Context;
            };
        }));
    }

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/admin/certificate", Ok<CertificateView> (IServiceProvider services) => TypedResults.Ok(services.GetService<CertificateWatch>()?.Now() ?? new CertificateView(null, false, false)))
            .RequireAuthorization(Rights.Configure).WithTags("Administration").WithName("GetCertificate").WithSummary("When the certificate for HTTPS ends, and whether a newer one cannot be used");

    static bool IsHttps(string url) => url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
}
