using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace CallCrm.CrmApi.Access;

/// <summary>Sign-in, sessions, rights, and what guards the door.</summary>
internal static class AccessModule
{
    public const string Scheme = "callcrm";
    public const string CookieName = "callcrm";
    public const string SignInLimit = "sign_in";
    public const string RequestLimit = "requests";

    public static void AddAccess(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<AccessOptions>().Bind(configuration.GetSection(AccessOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<WebOptions>().Bind(configuration.GetSection(WebOptions.Section));
        services.AddSingleton<SessionStore>();
        services.AddSingleton<PasswordCheck>();
        services.AddSingleton<UnknownLogins>();
        services.AddSingleton<UserLinks>();
        services.AddSingleton<SecondFactor>();
        services.AddHostedService<FirstAdmin>();
        services.AddSingleton<AuditStore>();
        services.AddSingleton<AuditReader>();
        services.AddSingleton<RoleStore>();
        services.AddSingleton<RoleBook>();
        services.AddSingleton<MasterKey>();
        services.AddDataProtection().SetApplicationName("CallCrm");
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(s => new ConfigureOptions<KeyManagementOptions>(o =>
        {
            o.XmlRepository = ActivatorUtilities.CreateInstance<KeyStore>(s);
            o.XmlEncryptor = ActivatorUtilities.CreateInstance<KeyWrapper>(s);
        }));
        services.AddSingleton<ApiKeyStore>();
        services.AddAuthentication(Scheme).AddCookie(Scheme, SetCookie).AddScheme<Microsoft.AspNetCore.Authentication.AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.Name, null);
        services.AddOptions<CookieAuthenticationOptions>(Scheme).Configure<IOptions<AccessOptions>>((cookie, access) => cookie.ExpireTimeSpan = access.Value.SessionIdle);
        services.AddAuthorization(Rights.Define);
        services.AddRateLimiter(SetLimits);
    }

    /// <summary>Before routing: what holds for every request.</summary>
    public static void UseGuards(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<WebOptions>>().Value.TrustedProxies is { Length: > 0 } proxies)
        {
            // Only those named: the framework's default would believe every program on this machine.
            var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost };
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in proxies) Trust(forwarded, proxy.Trim());
            app.UseForwardedHeaders(forwarded);
        }

        app.UseMiddleware<PlainHttpGuard>();
        app.Use(OriginGuard.CheckAsync);
    }

    static void Trust(ForwardedHeadersOptions forwarded, string proxy)
    {
        if (IPAddress.TryParse(proxy, out var address)) forwarded.KnownProxies.Add(address);
        else if (System.Net.IPNetwork.TryParse(proxy, out var network)) forwarded.KnownIPNetworks.Add(network);
        else throw new CallFlow.ConfigurationException($"Web:TrustedProxies: '{proxy}' is neither an address nor a network, such as 10.0.0.9 or 10.0.0.0/24.");
    }

    public static void UseAccess(this WebApplication app)
    {
        app.UseAuthentication();
        app.Use(ActingKey.FlowAsync);
        app.UseRateLimiter();
        app.UseAuthorization();
    }

    public static Person PersonOf(SessionRow row, Guid session, Guid stamp, Grants grants) => new(row.UserId, session, stamp, row.Login, row.Name, row.Role, row.IsAgent) { Grants = grants };

    static void SetCookie(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = CookieName;
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Strict;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.SlidingExpiration = true;
        // A request with a key is the program's alone, whatever cookie comes with it. Signing in and out stays the cookie's.
        options.ForwardDefaultSelector = http => ApiKeyHandler.IsSent(http.Request) ? ApiKeyHandler.Name : null;
        (options.ForwardSignIn, options.ForwardSignOut) = (Scheme, Scheme);
        options.Events = new CookieAuthenticationEvents
        {
            OnRedirectToLogin = context => Status(context.Response, StatusCodes.Status401Unauthorized),
            OnRedirectToAccessDenied = context => Status(context.Response, StatusCodes.Status403Forbidden),
            OnValidatePrincipal = ValidateAsync,
        };
    }

    static Task Status(HttpResponse response, int status)
    {
        response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <summary>Each request asks the database: an ended session or a changed right counts from the next request on.</summary>
    static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        // Files and the page's document are the same for everyone: no need to know who asks.
        var path = context.HttpContext.Request.Path;
        if (!path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) && !path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase))
        {
            context.RejectPrincipal();
            return;
        }

        var claimed = Person.From(context.Principal!);
        var sessions = context.HttpContext.RequestServices.GetRequiredService<SessionStore>();
        if (claimed is null || await sessions.FindAsync(claimed.Session, claimed.Stamp, context.HttpContext.RequestAborted) is not { } row)
        {
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(Scheme);
            return;
        }

        var roles = await context.HttpContext.RequestServices.GetRequiredService<RoleBook>().AsOfAsync(row.AccessVersion, context.HttpContext.RequestAborted);
        context.ReplacePrincipal(PersonOf(row, claimed.Session, claimed.Stamp, roles.Of(row.UserId, row.Role, row.DepartmentId)).ToPrincipal());
    }

    static void SetLimits(Microsoft.AspNetCore.RateLimiting.RateLimiterOptions limits)
    {
        limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limits.OnRejected = async (context, _) =>
        {
            var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(1);
            context.HttpContext.Response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            await Problems.Of(StatusCodes.Status429TooManyRequests, "too_many_requests", "Slow down and try again.").ExecuteAsync(context.HttpContext);
        };
        limits.AddPolicy(SignInLimit, http => RateLimitPartition.GetFixedWindowLimiter(Address(http), _ => new FixedWindowRateLimiterOptions
        {
            PermitLimit = OptionsOf(http).SignInsPerMinute,
            Window = TimeSpan.FromMinutes(1),
            QueueLimit = 0,
        }));
        limits.AddPolicy(RequestLimit, http => RateLimitPartition.GetTokenBucketLimiter(Partition(http), _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = PerSecond(http) * 10,
            TokensPerPeriod = PerSecond(http),
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));
    }

    /// <summary>A program takes nothing from the person in whose name it acts.</summary>
    static string Partition(HttpContext http) => Person.From(http.User) is { } person ? person.Key is { } key ? $"key {key}" : person.Id.ToString() : Address(http);

    static int PerSecond(HttpContext http) => Person.From(http.User)?.Key is null ? OptionsOf(http).RequestsPerSecond : OptionsOf(http).KeyRequestsPerSecond;

    static AccessOptions OptionsOf(HttpContext http) => http.RequestServices.GetRequiredService<IOptions<AccessOptions>>().Value;

    static string Address(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "local";
}
