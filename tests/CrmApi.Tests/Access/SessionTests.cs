using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.Identity;

namespace CallCrm.CrmApi.Tests.Access;

[Trait("Category", "Slow")]
public sealed class SessionTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task A_sign_in_tells_who_one_is_and_sets_a_guarded_cookie()
    {
        await using var page = Page.Nobody(host.Address);
        using var answer = await page.Http.PostAsJsonAsync("api/session", new SignInRequest("ANNA", Seeds.Password), ContractsJson.Default.SignInRequest);
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single();
        cookie.Should().StartWith("callcrm=").And.ContainEquivalentOf("httponly").And.ContainEquivalentOf("samesite=strict").And.NotContain("expires");
        var session = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.SessionView))!;
        session.Should().BeEquivalentTo(new { UserId = Seeds.Anna, Name = "Anna Verdi", Roles = new[] { "agent" }, IsAgent = true });
        session.Extensions.Select(e => (e.Number, e.CanAnswer, e.TakenBy)).Should().Equal(("101", true, null), ("102", true, null), ("103", false, null));
        (await page.GetAsync("api/session", ContractsJson.Default.SessionView)).SessionId.Should().Be(session.SessionId);
    }

    [PostgresFact]
    public async Task Wrong_password_unknown_login_and_deactivated_person_get_the_same_answer()
    {
        await using var page = Page.Nobody(host.Address);
        var answers = new List<(HttpStatusCode, string?, string?)>();
        foreach (var (login, password) in new[] { ("luca", "wrong"), ("nobody-of-this-name", "wrong"), ("gone", Seeds.Password) })
        {
            var (status, problem) = await page.ProblemAsync(HttpMethod.Post, "api/session", $$"""{"login":"{{login}}","password":"{{password}}"}""");
            answers.Add((status, problem.ErrorId, problem.Detail));
        }

        answers.Distinct().Should().ContainSingle().Which.Item2.Should().Be("sign_in_failed");
    }

    [PostgresFact]
    public async Task An_unknown_login_takes_as_long_as_a_known_one()
    {
        // As many as there are outside of tests: who signs in gets their password's hash made anew.
        host.PasswordRounds = new PasswordHasherOptions().IterationCount;
        await host.RestartAsync();
        await using (await host.SignInAsync("marco"))
        {
        }

        await using var page = Page.Nobody(host.Address);
        async Task<double> Median(string login)
        {
            var times = new List<double>();
            for (var i = 0; i < 7; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await page.ProblemAsync(HttpMethod.Post, "api/session", $$"""{"login":"{{login}}","password":"wrong"}""");
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            return times.Order().ElementAt(3);
        }

        await Median("warm-up");
        var (known, unknown) = (await Median("marco"), await Median("who-is-this"));
        (unknown / known).Should().BeInRange(0.4, 2.5, $"known {known:0} ms, unknown {unknown:0} ms");
        host.PasswordRounds = Seeds.PasswordRounds;
        await host.RestartAsync();
    }

    [PostgresTheory]
    [InlineData("mila")]
    [InlineData("a-login-that-does-not-exist")]
    public async Task Ten_failures_lock_a_login_whether_it_exists_or_not(string login)
    {
        await using var page = Page.Nobody(host.Address);
        for (var i = 0; i < 10; i++)
            (await page.ProblemAsync(HttpMethod.Post, "api/session", $$"""{"login":"{{login}}","password":"no"}""")).Problem.ErrorId.Should().Be("sign_in_failed");
        var (status, problem) = await page.ProblemAsync(HttpMethod.Post, "api/session", $$"""{"login":"{{login}}","password":"{{Seeds.Password}}"}""");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Locked, "locked_out"));
    }

    [PostgresFact]
    public async Task A_lock_ends_by_itself_and_the_count_begins_again()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update app_user set failed_logins = 10, locked_until = now() - interval '1 second' where id = @id", new { id = Seeds.Luca });
        await using var page = Page.Nobody(host.Address);
        (await page.ProblemAsync(HttpMethod.Post, "api/session", """{"login":"luca","password":"no"}""")).Problem.ErrorId.Should().Be("sign_in_failed");
        (await database.ExecuteScalarAsync<int>("select failed_logins from app_user where id = @id", new { id = Seeds.Luca })).Should().Be(1);
        await using var luca = await host.SignInAsync("luca");
        (await database.ExecuteScalarAsync<int>("select failed_logins from app_user where id = @id", new { id = Seeds.Luca })).Should().Be(0);
    }

    [PostgresFact]
    public async Task Signing_out_ends_the_session_and_its_live_pages()
    {
        await using var page = await host.SignInAsync("anna");
        var live = await page.OpenAsync();
        using (var answer = await page.Http.DeleteAsync("api/session")) answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(2));
        (await page.ProblemAsync(HttpMethod.Get, "api/session")).Problem.ErrorId.Should().Be("not_signed_in");
    }

    [PostgresFact]
    public async Task A_copied_cookie_is_worth_nothing_after_sign_out()
    {
        await using var page = await host.SignInAsync("anna");
        var cookie = page.Cookies.GetCookieHeader(page.Address);
        using (await page.Http.DeleteAsync("api/session"))
        {
        }

        using var thief = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = host.Address };
        thief.DefaultRequestHeaders.Add("Cookie", cookie);
        using var answer = await thief.GetAsync("api/catalog");
        answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
    }

    [PostgresTheory]
    [InlineData("update app_user set active = false where id = @id", "update app_user set active = true where id = @id")]
    [InlineData("update app_user set security_stamp = gen_random_uuid() where id = @id", "select 1 where @id is not null")]
    [InlineData("update user_session set ended_at = now() where user_id = @id", "select 1 where @id is not null")]
    public async Task A_person_deactivated_or_changed_is_out_at_the_next_request_and_the_socket_closes(string change, string undo)
    {
        await using var page = await host.SignInAsync("luca");
        var live = await page.OpenAsync();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(change, new { id = Seeds.Luca });
        try
        {
            (await page.ProblemAsync(HttpMethod.Get, "api/catalog")).Status.Should().Be(HttpStatusCode.Unauthorized);
            await live.Closed.Task.WaitAsync(TimeSpan.FromSeconds(6));
        }
        finally
        {
            await database.ExecuteAsync(undo, new { id = Seeds.Luca });
        }
    }

    [PostgresFact]
    public async Task Keys_lie_in_the_database_wrapped_and_survive_a_restart()
    {
        await using var page = await host.SignInAsync("anna");
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            var xml = await database.ExecuteScalarAsync<string>("select xml from data_protection_key limit 1");
            xml.Should().Contain("<wrapped").And.NotContain("masterKey");
        }

        await host.RestartAsync();
        (await page.GetAsync("api/session", ContractsJson.Default.SessionView)).UserId.Should().Be(Seeds.Anna);
    }

    [PostgresFact]
    public async Task Sign_ins_are_audited_without_the_password()
    {
        await using (await host.SignInAsync("anna"))
        {
        }

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'sign_in' and user_id = @id and object = 'session'", new { id = Seeds.Anna })).Should().BePositive();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit a where a::text like '%battery%'")).Should().Be(0);
    }
}
