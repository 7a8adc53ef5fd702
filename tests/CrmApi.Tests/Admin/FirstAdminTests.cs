using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Admin;

public sealed class FirstAdminTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task Where_nobody_can_administer_the_start_makes_one_administrator_and_a_link_for_them()
    {
        var first = ActivatorUtilities.CreateInstance<FirstAdmin>(host.Services);
        (await first.FindOrMakeAsync(CancellationToken.None)).Should().BeNull("Ada can sign in");
        await using (var connection = await host.Database.OpenConnectionAsync()) await connection.ExecuteAsync("update app_user set role = 'manager' where role = 'admin'");

        var made = await Task.WhenAll(first.FindOrMakeAsync(CancellationToken.None), first.FindOrMakeAsync(CancellationToken.None));
        made.Distinct().Should().HaveCount(1, "two processes that start at once make one");
        var link = await host.Services.GetRequiredService<UserLinks>().MakeAsync(made[0]!.Value, null, CancellationToken.None);
        await using var nobody = Page.Nobody(host.Address);
        using var answer = await nobody.Http.PostAsJsonAsync("api/session/link", new LinkUse(link.Path.Split('#')[1], "a long password"), ContractsJson.Default.LinkUse);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.SignInName))!.Login.Should().Be("admin");
        await using var page = await Page.SignInAsync(host.Address, "admin", "a long password");
        page.Session.Roles.Should().Contain("admin");
        (await first.FindOrMakeAsync(CancellationToken.None)).Should().BeNull();
    }
}
