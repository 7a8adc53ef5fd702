using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Calls;

[Trait("Category", "Slow")]
public sealed class DialTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<HttpStatusCode> DialAsync(Page page, Guid id, string number, Guid? client = null)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/commands", new CommandRequest(id, "dial", ClientId: client, Number: number), ContractsJson.Default.CommandRequest);
        return answer.StatusCode;
    }

    [PostgresTheory]
    [InlineData("06 9999 8888", "06 9999 8888", "+390699998888")]
    [InlineData(" +44 20 7946 0958 ", "+44 20 7946 0958", "+442079460958")]
    [InlineData("102", "102", null)]
    [InlineData("call me", "call me", null)]
    public async Task A_number_goes_to_the_router_as_typed_and_as_what_it_means_in_the_sites_region(string typed, string raw, string? e164)
    {
        await using var page = await host.SignInAsync("anna");
        host.Router.Answer = _ => new CallFlow.RoadAnswer(true, null);
        var id = Guid.CreateVersion7();
        (await DialAsync(page, id, typed, Seeds.Rossi)).Should().Be(HttpStatusCode.OK);
        var asked = host.Router.Commands.Single(c => c.Id == id);
        asked.Should().BeEquivalentTo(new { Agent = Seeds.Anna, By = (Guid?)null });
        asked.Command.Should().Be(new CallFlow.RoadCommand("dial", ClientId: Seeds.Rossi, Number: raw, E164: e164));
    }

    [PostgresTheory]
    [InlineData("sara")]
    [InlineData("marco")]
    [InlineData("ada")]
    public async Task Only_agents_dial_and_nobody_for_them(string login)
    {
        await using var page = await host.SignInAsync(login);
        var id = Guid.CreateVersion7();
        (await DialAsync(page, id, "+390699998888")).Should().Be(HttpStatusCode.Forbidden);
        using var instead = await page.Http.PostAsJsonAsync($"api/agents/{Seeds.Anna}/commands", new SuperviseRequest(id, "dial"), ContractsJson.Default.SuperviseRequest);
        instead.StatusCode.Should().Be(login == "marco" ? HttpStatusCode.Forbidden : HttpStatusCode.BadRequest);
        host.Router.Commands.Should().NotContain(c => c.Id == id);
    }
}
