using System.Net;
using Bunit;
using CallCrm.AgentWeb.Frame;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class ProfileMenuTests : PageContext
{
    [Fact]
    public async Task Another_language_is_saved_and_the_page_comes_anew_and_a_refusal_is_told()
    {
        await Session.LoadAsync();
        var fails = true;
        Server.Answer = r => r.Method != HttpMethod.Put ? null : fails ? FakeServer.Json("""{"errorId":"offline"}""", HttpStatusCode.ServiceUnavailable) : new HttpResponseMessage(HttpStatusCode.NoContent);
        var loads = 0;
        Services.GetRequiredService<NavigationManager>().LocationChanged += (_, _) => loads++;
        var menu = Render<ProfileMenu>();
        menu.Click("[data-test=profile]");
        menu.Find("[data-test=language-en]").GetAttribute("aria-checked").Should().Be("true");
        menu.Find("[data-test=language-it]").TextContent.Should().Be("Italiano");
        menu.Find("[data-test=language-ru]").TextContent.Should().Be("Русский");
        menu.Click("[data-test=language-en]");
        menu.Click("[data-test=language-it]");
        menu.WaitForElement(".menu-sheet [role=alert]");
        loads.Should().Be(0);
        fails = false;
        menu.Click("[data-test=language-it]");
        menu.WaitForAssertion(() => loads.Should().Be(1));
        Server.Asked.Last().Should().Be(("PUT", "api/session/language", """{"language":"it"}"""));
    }
}
