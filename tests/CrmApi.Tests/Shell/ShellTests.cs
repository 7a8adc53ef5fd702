using System.Net;
using System.Text.RegularExpressions;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Shell;

public sealed partial class ShellTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresTheory]
    [InlineData("/")]
    [InlineData("/clients/0198f7a0")]
    public async Task Every_page_address_gets_the_frame_with_scripts_that_the_policy_allows(string path)
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        using var answer = await http.GetAsync(path);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        var html = await answer.Content.ReadAsStringAsync();
        html.Should().Contain("id=\"shell\"").And.Contain("\"type\":\"webassembly\"").And.Contain("blazor.web");
        var nonce = Nonce().Match(answer.Headers.GetValues("Content-Security-Policy").Single()).Groups["nonce"].Value;
        foreach (Match script in Scripts().Matches(html))
        {
            var attributes = WebUtility.HtmlDecode(script.Groups["attributes"].Value);
            (attributes.Contains("src=") || attributes.Contains($"nonce=\"{nonce}\"")).Should().BeTrue(script.Value);
        }
    }

    [PostgresFact]
    public async Task Files_of_the_pages_are_served_and_missing_ones_are_not_the_frame()
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        (await http.GetAsync("app.css")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await http.GetAsync("shell.css")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await http.GetAsync("no-such-file.png")).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [GeneratedRegex("'nonce-(?<nonce>[^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("<script(?<attributes>[^>]*)>")]
    private static partial Regex Scripts();
}
