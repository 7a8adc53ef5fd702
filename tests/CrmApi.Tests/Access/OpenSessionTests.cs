using System.Net;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Access;

[Trait("Category", "Slow")]
public sealed class OpenSessionTests(ApiHost host) : IClassFixture<ApiHost>
{
    static Task<OpenSessionsView> ListAsync(Page page) => page.GetAsync("api/sessions", ContractsJson.Default.OpenSessionsView);

    [PostgresFact]
    public async Task One_sees_where_one_is_signed_in_and_ends_what_one_does_not_know()
    {
        await using var here = await host.SignInAsync("luca");
        await using var there = await host.SignInAsync("luca");
        await using var mila = await host.SignInAsync("mila");
        var live = await there.OpenAsync();
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("update user_session set user_agent = 'Mozilla/5.0 Firefox/150.0' where id = @id", new { id = there.Session.SessionId });
        var open = (await ListAsync(here)).Items;
        open.Select(s => (s.Id, s.This)).Should().Equal((here.Session.SessionId, true), (there.Session.SessionId, false));
        open[1].Should().BeEquivalentTo(new { Address = "127.0.0.1", UserAgent = "Mozilla/5.0 Firefox/150.0" });

        (await mila.ProblemAsync(HttpMethod.Delete, $"api/sessions/{there.Session.SessionId}")).Status.Should().Be(HttpStatusCode.NotFound, "it is somebody else's");
        using (var answer = await here.Http.DeleteAsync($"api/sessions/{there.Session.SessionId}")) answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(2));
        (await there.ProblemAsync(HttpMethod.Get, "api/session")).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await here.ProblemAsync(HttpMethod.Delete, $"api/sessions/{there.Session.SessionId}")).Status.Should().Be(HttpStatusCode.NotFound, "it has ended");
        (await ListAsync(here)).Items.Should().ContainSingle();
    }

    [PostgresFact]
    public async Task All_others_end_at_once_and_this_one_stays()
    {
        await using var here = await host.SignInAsync("marco");
        await using var second = await host.SignInAsync("marco");
        await using var third = await host.SignInAsync("marco");
        await using var sara = await host.SignInAsync("sara");
        var live = await third.OpenAsync();
        using (var answer = await here.Http.PostAsync("api/sessions/end-others", null)) answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(2));
        (await second.ProblemAsync(HttpMethod.Get, "api/session")).Status.Should().Be(HttpStatusCode.Unauthorized);
        (await ListAsync(here)).Items.Select(s => s.Id).Should().Equal(here.Session.SessionId);
        (await ListAsync(sara)).Items.Should().ContainSingle();
    }

    [PostgresFact]
    public async Task An_administrator_sees_and_ends_those_of_others_and_that_is_kept()
    {
        await using var anna = await host.SignInAsync("anna");
        var live = await anna.OpenAsync();
        await using var ada = await host.SignInAsync("ada");
        var path = $"api/admin/users/{Seeds.Anna}/sessions";
        (await ada.GetAsync(path, ContractsJson.Default.OpenSessionsView)).Items.Should().Contain(s => s.Id == anna.Session.SessionId && !s.This);
        (await ada.ProblemAsync(HttpMethod.Delete, $"api/admin/users/{Seeds.Mila}/sessions/{anna.Session.SessionId}")).Status.Should().Be(HttpStatusCode.NotFound, "Mila has no such session");
        (await ada.ProblemAsync(HttpMethod.Get, $"api/admin/users/{Guid.NewGuid()}/sessions")).Status.Should().Be(HttpStatusCode.NotFound);
        using (var answer = await ada.Http.DeleteAsync($"{path}/{anna.Session.SessionId}")) answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(2));
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<Guid>("select user_id from audit where action = 'session_ended' and object_id = @id", new { id = anna.Session.SessionId.ToString() })).Should().Be(Seeds.Ada);
    }
}
