using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Access;

public sealed class RightsTests(ApiHost host) : IClassFixture<ApiHost>
{
    const string All = "agent supervisor manager admin";
    const string Leads = "supervisor manager admin";

    /// <summary>Each endpoint, as the API document names it, and who may call it. A new endpoint needs a line here.</summary>
    static readonly Dictionary<string, string> Matrix = new()
    {
        ["POST /api/session"] = "nobody " + All,
        ["GET /api/session"] = All,
        ["DELETE /api/session"] = "nobody " + All,
        ["GET /api/session/second-factor"] = All,
        ["POST /api/session/second-factor"] = All,
        ["POST /api/session/second-factor/confirm"] = All,
        ["POST /api/session/second-factor/off"] = All,
        ["GET /api/sessions"] = All,
        ["DELETE /api/sessions/{id}"] = All,
        ["POST /api/sessions/end-others"] = All,
        ["DELETE /api/admin/users/{id}/second-factor"] = "admin",
        ["GET /api/admin/users/{id}/sessions"] = "admin",
        ["DELETE /api/admin/users/{id}/sessions/{session}"] = "admin",
        ["POST /api/commands"] = "agent",
        ["GET /api/directory"] = "agent",
        ["GET /api/seats"] = "agent",
        ["GET /api/clock"] = All,
        ["GET /api/practice"] = "agent",
        ["POST /api/agents/{id}/commands"] = "supervisor admin",
        ["POST /api/agents/{id}/listening"] = "supervisor admin",
        ["GET /api/catalog"] = All,
        ["GET /api/clients"] = All,
        ["GET /api/clients/{id}"] = All,
        ["PUT /api/clients/{id}"] = All,
        ["POST /api/clients"] = All,
        ["GET /api/clients/{id}/timeline"] = All,
        ["GET /api/calls"] = All,
        ["GET /api/calls/{id}"] = All,
        ["GET /api/calls/{id}/timeline"] = All,
        ["GET /api/calls/{id}/draft"] = All,
        ["PUT /api/calls/{id}/draft/{field}"] = All,
        ["PUT /api/calls/{id}/wrap-up"] = "agent",
        ["PUT /api/calls/{id}/wrap-ups/{agent}/disposition"] = "agent supervisor admin",
        ["GET /api/wrap-ups/unfinished"] = "agent",
        ["GET /api/missed"] = All,
        ["GET /api/missed/count"] = All,
        ["GET /api/missed/figures"] = Leads,
        ["POST /api/missed/{id}/claim"] = All,
        ["POST /api/missed/{id}/release"] = All,
        ["POST /api/missed/{id}/done"] = All,
        ["GET /api/blocks"] = "supervisor admin",
        ["POST /api/blocks"] = "supervisor admin",
        ["POST /api/blocks/import"] = "supervisor admin",
        ["DELETE /api/blocks/{id}"] = "agent supervisor admin",
        ["POST /api/calls/{id}/spam"] = "agent supervisor admin",
        ["GET /api/files"] = All,
        ["POST /api/files"] = All,
        ["GET /api/files/{id}/content"] = All,
        ["DELETE /api/files/{id}"] = All,
        ["POST /api/files/{id}/restore"] = All,
        ["GET /api/clients/export"] = Leads,
        ["GET /api/calls/export"] = Leads,
        ["POST /api/imports"] = Leads,
        ["GET /api/imports"] = Leads,
        ["GET /api/imports/{id}"] = Leads,
        ["GET /api/imports/{id}/preview"] = Leads,
        ["POST /api/imports/{id}/start"] = Leads,
        ["POST /api/imports/{id}/cancel"] = Leads,
        ["GET /api/imports/{id}/failed"] = Leads,
        ["GET /api/clients/unconfirmed"] = Leads,
        ["GET /api/clients/unconfirmed/count"] = Leads,
        ["POST /api/clients/{id}/confirm"] = Leads,
        ["POST /api/clients/{id}/hide"] = Leads,
        ["POST /api/clients/{id}/show"] = Leads,
        ["GET /api/recordings/{id}"] = All,
        ["GET /api/recordings/{id}/audio"] = All,
        ["GET /api/reports"] = Leads,
        ["GET /api/reports/csv"] = Leads,
        ["GET /api/live/board"] = Leads,
        ["POST /api/session/link"] = "nobody " + All,
        ["GET /api/admin"] = "admin",
        ["GET /api/admin/changes"] = "admin",
        ["GET /api/admin/backup"] = "admin",
        ["GET /api/admin/certificate"] = "admin",
        ["GET /api/admin/pbx/{node}"] = "admin",
        ["POST /api/admin/pbx/{node}/import"] = "admin",
        ["PUT /api/admin/users/{id}"] = "admin",
        ["POST /api/admin/users/{id}/link"] = "admin",
        ["POST /api/admin/users/{id}/sign-out"] = "admin",
        ["GET /api/admin/users/{id}/leaving"] = "admin",
        ["POST /api/admin/users/{id}/leave"] = "admin",
        ["POST /api/admin/handovers/{id}/undo"] = "admin",
        ["PUT /api/admin/queues/{id}"] = "admin",
        ["DELETE /api/admin/queues/{id}"] = "admin",
        ["PUT /api/admin/extensions/{node}/{number}"] = "admin",
        ["DELETE /api/admin/extensions/{node}/{number}"] = "admin",
        ["PUT /api/admin/numbers/{number}"] = "admin",
        ["DELETE /api/admin/numbers/{number}"] = "admin",
        ["PUT /api/admin/pause-reasons"] = "admin",
        ["PUT /api/admin/dispositions"] = "admin",
        ["GET /api/guides/{role}"] = All,
        ["GET /api/scripts"] = All,
        ["GET /api/scripts/{id}"] = All,
        ["GET /api/scripts/{id}/versions/{version}"] = All,
    };

    static readonly Dictionary<string, string> Logins = new() { ["agent"] = "anna", ["supervisor"] = "sara", ["manager"] = "marco", ["admin"] = "ada" };

    IEnumerable<RouteEndpoint> Endpoints => host.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>();

    static string Path(RouteEndpoint e) => "/" + e.RoutePattern.RawText!.Trim('/');

    [PostgresFact]
    public void Every_endpoint_states_who_may_call_it()
    {
        // Besides the framework's own for files: what answers that a file is not there, and the list of its files.
        var silent = Endpoints.Where(e => e.DisplayName != "Fallback {**path:file}" && !Path(e).StartsWith("/_framework/", StringComparison.Ordinal)).Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && e.Metadata.GetMetadata<IAuthorizeData>() is not { Policy: not null });
        silent.Select(Path).Should().BeEmpty();
    }

    [PostgresFact]
    public void Only_these_are_open_to_anyone()
    {
        var open = Endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(Path)
            .Where(p => p.StartsWith("/api", StringComparison.Ordinal) || p.StartsWith("/hubs", StringComparison.Ordinal)).Distinct();
        open.Should().BeEquivalentTo("/api/session", "/api/session/link", "/api/{**rest}");
    }

    [PostgresFact]
    public void Every_hub_method_states_who_may_call_it()
    {
        typeof(LiveHub).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(m => m.GetCustomAttribute<AuthorizeAttribute>() is not { Policy: not null }).Select(m => m.Name).Should().BeEmpty();
        typeof(LiveHub).GetCustomAttribute<AuthorizeAttribute>()!.Policy.Should().Be(Rights.SignedIn);
    }

    [PostgresFact]
    public void Every_policy_named_is_one_of_the_rights()
    {
        var rights = typeof(Rights).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!).ToHashSet();
        Endpoints.SelectMany(e => e.Metadata.GetOrderedMetadata<IAuthorizeData>()).Select(a => a.Policy).OfType<string>().Distinct().Should().BeSubsetOf(rights);
    }

    [PostgresFact]
    public void The_matrix_names_every_endpoint_of_the_api()
    {
        var mapped = Endpoints.Where(e => Path(e).StartsWith("/api", StringComparison.Ordinal) && Path(e) != "/api/{**rest}")
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {Path(e)}"));
        mapped.Should().BeEquivalentTo(Matrix.Keys);
    }

    [PostgresFact]
    public async Task Each_endpoint_lets_in_exactly_those_the_matrix_names()
    {
        var wrong = new List<string>();
        foreach (var role in new[] { "nobody" }.Concat(Logins.Keys))
        {
            await using var page = role == "nobody" ? Page.Nobody(host.Address) : await host.SignInAsync(Logins[role]);
            foreach (var (endpoint, allowed) in Matrix.OrderBy(m => m.Key == "DELETE /api/session"))
            {
                var (method, path) = (endpoint.Split(' ')[0], endpoint.Split(' ')[1]);
                using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{id}", Guid.NewGuid().ToString()).Replace("{field}", "note").Replace("{agent}", Guid.NewGuid().ToString()).Replace("{version}", "1").Replace("{session}", Guid.NewGuid().ToString()));
                if (method is "POST" or "PUT") request.Content = JsonContent.Create(new { });
                using var answer = await page.Http.SendAsync(request);
                var isIn = answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
                var expected = allowed.Split(' ').Contains(role);
                if (isIn != expected) wrong.Add($"{role}: {endpoint} gave {(int)answer.StatusCode}");
                if (!isIn && answer.StatusCode != (role == "nobody" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden)) wrong.Add($"{role}: {endpoint} refused by {(int)answer.StatusCode}");
                if ((int)answer.StatusCode >= 500) wrong.Add($"{role}: {endpoint} broke with {(int)answer.StatusCode}");
            }
        }

        wrong.Should().BeEmpty();
    }
}
