using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Bunit;
using CallCrm.AgentWeb.Session;
using CallCrm.Contracts;

namespace CallCrm.Agent.Web.Tests;

public sealed class SignInSecurityTests : PageContext
{
    static readonly Guid Here = Guid.Parse("0190b000-0000-7000-8000-000000000031");
    static readonly Guid There = Guid.Parse("0190b000-0000-7000-8000-000000000032");

    static HttpResponseMessage Json<T>(T value, JsonTypeInfo<T> type) => FakeServer.Json(JsonSerializer.Serialize(value, type));

    static HttpResponseMessage Problem(string id, HttpStatusCode status, string more = "") => FakeServer.Json($$"""{"errorId":"{{id}}"{{more}}}""", status);

    static OpenSessionsView Sessions(bool other = true) => new(
        [new OpenSessionView(Here, Some.Noon, Some.Noon, "10.0.0.5", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", true),
            .. other ? new[] { new OpenSessionView(There, Some.Noon, Some.Noon, "10.0.0.9", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", false) } : []]);

    [Fact]
    public void Signing_in_asks_for_the_code_only_when_the_server_does_and_sends_it_with_the_password()
    {
        Server.Answer = r => r.Method != HttpMethod.Post ? null : Server.Asked.Last().Body switch
        {
            var body when !body.Contains("code", StringComparison.Ordinal) => Problem("code_needed", HttpStatusCode.Unauthorized),
            var body when body.Contains("123456", StringComparison.Ordinal) => null,
            _ => Problem("code_wrong", HttpStatusCode.Unauthorized),
        };
        var page = Render<SignInPage>();
        page.FindAll("[data-test=sign-in-code]").Should().BeEmpty();
        page.Change("[data-test=sign-in-login]", "anna");
        page.Change("[data-test=sign-in-password]", "secret words");
        page.Submit("form");
        page.WaitForElement("[data-test=sign-in-code]").Change("000000");
        page.Submit("form");
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.Should().Contain("used before"));
        page.Find("[data-test=sign-in-code]").GetAttribute("value").Should().BeNullOrEmpty();
        page.Change("[data-test=sign-in-code]", " 123456 ");
        page.Submit("form");
        page.WaitForAssertion(() => Session.View.Should().NotBeNull());
        JsonSerializer.Deserialize(Server.Asked.Last(a => a.Method == "POST").Body, ContractsJson.Default.SignInRequest).Should().Be(new SignInRequest("anna", "secret words", "123456"));
    }

    [Fact]
    public void The_second_factor_is_set_up_by_password_and_code_and_the_recovery_codes_show_until_they_are_kept()
    {
        var on = false;
        Server.Answer = r => (r.Method.Method, r.RequestUri!.AbsolutePath) switch
        {
            ("GET", "/api/sessions") => Json(Sessions(), ContractsJson.Default.OpenSessionsView),
            ("GET", _) => Json(new SecondFactorView(on ? Some.Noon : null, on ? 8 : 0), ContractsJson.Default.SecondFactorView),
            ("POST", "/api/session/second-factor") => Server.Asked.Last().Body.Contains("right", StringComparison.Ordinal)
                ? Json(new TotpSetupView("ABCDEFGH", "otpauth://totp/CallCrm:anna?secret=ABCDEFGH", "M0 0h1v1h-1z", 1), ContractsJson.Default.TotpSetupView)
                : Problem("invalid_input", HttpStatusCode.BadRequest, ""","errors":{"password":["your password"]}"""),
            ("POST", "/api/session/second-factor/confirm") => Json(new RecoveryCodesView(["aaaa-bbbb-cccc-dddd"]), ContractsJson.Default.RecoveryCodesView),
            _ => null,
        };
        var closed = 0;
        var page = Render<SecuritySheet>(p => p.Add(s => s.OnClose, () => closed++));
        page.WaitForElement("[data-test=totp-password]").Change("wrong");
        page.Submit("form");
        page.WaitForAssertion(() => page.Find("form [role=alert]").TextContent.Should().Be("This is not your password."));
        page.Change("[data-test=totp-password]", "right");
        page.Submit("form");
        page.WaitForElement("[data-test=totp-secret]").GetAttribute("value").Should().Be("ABCDEFGH");
        page.Find("[data-test=totp-link]").GetAttribute("href").Should().StartWith("otpauth://totp/");
        page.Find(".qr path").GetAttribute("d").Should().Be("M0 0h1v1h-1z");
        page.Change("[data-test=totp-code]", "123456");
        on = true;
        page.Submit("form");
        page.WaitForElement("[data-test=recovery-codes]").TextContent.Should().Contain("aaaa-bbbb-cccc-dddd");
        page.Click("[data-test=security-backdrop]");
        Browser.OnKey("escape");
        closed.Should().Be(0, "the codes are not shown again");
        page.Click("[data-test=codes-kept]");
        page.WaitForElement("[data-test=totp-off-code]");
        page.Click("[data-test=security-backdrop]");
        closed.Should().Be(1);
        page.Markup.Should().NotContain("aaaa-bbbb");
    }

    [Fact]
    public void Sessions_name_browser_and_address_mark_this_one_and_end_the_others()
    {
        var ended = false;
        Server.Answer = r =>
        {
            if (r.Method != HttpMethod.Get)
            {
                ended = true;
                return null;
            }

            return r.RequestUri!.AbsolutePath == "/api/sessions" ? Json(Sessions(!ended), ContractsJson.Default.OpenSessionsView) : Json(new SecondFactorView(null, 0), ContractsJson.Default.SecondFactorView);
        };
        var page = Render<SecuritySheet>();
        page.WaitForAssertion(() => page.FindAll("[data-test=session]").Should().HaveCount(2));
        var rows = page.FindAll("[data-test=session]");
        rows[0].TextContent.Should().Contain("Chrome, Windows").And.Contain("10.0.0.5").And.Contain("this one");
        rows[0].QuerySelector("button").Should().BeNull();
        rows[1].TextContent.Should().Contain("Safari, iPhone");
        page.Click("[data-test=session-end]");
        page.WaitForAssertion(() => page.FindAll("[data-test=session]").Should().ContainSingle());
        Server.Asked.Should().Contain(a => a.Method == "DELETE" && a.Path == $"api/sessions/{There}");
        page.FindAll("[data-test=sessions-end-others]").Should().BeEmpty();
        ended = false;
        page = Render<SecuritySheet>();
        page.WaitForElement("[data-test=sessions-end-others]").Click();
        page.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Method == "POST" && a.Path == "api/sessions/end-others"));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge, Windows")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Linux")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15", "Safari, macOS")]
    [InlineData("Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome, Android")]
    [InlineData("curl/8.1", "curl")]
    [InlineData("", null)]
    [InlineData("<b>me</b>", null)]
    public void A_browser_is_named_by_what_it_says(string userAgent, string? name) => DeviceName.Of(userAgent).Should().Be(name);
}
