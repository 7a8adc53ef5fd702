using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OtpNet;

namespace CallCrm.CrmApi.Tests.Access;

[Trait("Category", "Slow")]
public sealed class SecondFactorTests(ApiHost host) : IClassFixture<ApiHost>
{
    static string Code(string secret, DateTimeOffset at) => new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp(at.UtcDateTime);

    static string Now(string secret, int steps = 0) => Code(secret, TimeProvider.System.GetUtcNow().AddSeconds(30 * steps));

    async Task<Guid> HireAsync(string login)
    {
        var id = Guid.CreateVersion7();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            "insert into app_user (id, login, name, password_hash, role, domain, security_stamp, created_at) select @id, @login, @login, password_hash, 'agent', 'main', @id, created_at from app_user where login = 'anna'",
            new { id, login });
        return id;
    }

    static async Task<T> PostAsync<T>(Page page, string path, object body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var answer = await page.Http.PostAsJsonAsync(path, body);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(type))!;
    }

    static Task<TotpSetupView> BeginAsync(Page page) => PostAsync(page, "api/session/second-factor", new { password = Seeds.Password }, ContractsJson.Default.TotpSetupView);

    /// <summary>Turned on with the code of the step before, so that this step's is still good for a sign-in.</summary>
    static async Task<(string Secret, IReadOnlyList<string> Codes)> TurnOnAsync(Page page)
    {
        var setup = await BeginAsync(page);
        var codes = await PostAsync(page, "api/session/second-factor/confirm", new { code = Now(setup.Secret, -1) }, ContractsJson.Default.RecoveryCodesView);
        return (setup.Secret, codes.Codes);
    }

    static Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(Page page, string login, string? code, string password = Seeds.Password) =>
        page.ProblemAsync(HttpMethod.Post, "api/session", JsonSerializer.Serialize(new SignInRequest(login, password, code), ContractsJson.Default.SignInRequest));

    static async Task<HttpStatusCode> SignInAsync(Page page, string login, string code)
    {
        using var answer = await page.Http.PostAsJsonAsync("api/session", new SignInRequest(login, Seeds.Password, code), ContractsJson.Default.SignInRequest);
        return answer.StatusCode;
    }

    [Theory]
    // RFC 6238, appendix B (SHA-1), the last six of the eight digits printed there.
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_the_standard(long second, string code) =>
        Code(Base32Encoding.ToString(Encoding.ASCII.GetBytes("12345678901234567890")), DateTimeOffset.FromUnixTimeSeconds(second)).Should().Be(code);

    [PostgresFact]
    public async Task Signing_in_asks_for_the_code_after_the_password_and_each_code_opens_once()
    {
        await HireAsync("tina");
        await using var page = await host.SignInAsync("tina");
        (await page.GetAsync("api/session/second-factor", ContractsJson.Default.SecondFactorView)).Since.Should().BeNull();
        var setup = await BeginAsync(page);
        setup.Uri.Should().Be($"otpauth://totp/CallCrm%20Example:tina?secret={setup.Secret}&issuer=CallCrm%20Example&algorithm=SHA1&digits=6&period=30");
        setup.QrPath.Should().StartWith("M4 4h7v1h-7z");
        await using var nobody = Page.Nobody(host.Address);
        using (var early = await nobody.Http.PostAsJsonAsync("api/session", new { login = "tina", password = Seeds.Password })) early.StatusCode.Should().Be(HttpStatusCode.OK, "not confirmed yet");
        var (_, wrong) = await page.ProblemAsync(HttpMethod.Post, "api/session/second-factor/confirm", """{"code":"00000"}""");
        wrong.Errors!.Keys.Should().Equal("code");
        var codes = await PostAsync(page, "api/session/second-factor/confirm", new { code = Now(setup.Secret, -1) }, ContractsJson.Default.RecoveryCodesView);
        codes.Codes.Should().HaveCount(8).And.OnlyHaveUniqueItems().And.OnlyContain(c => c.Length == 19);

        await using var other = Page.Nobody(host.Address);
        (await RefusedAsync(other, "tina", null)).Problem.ErrorId.Should().Be("code_needed");
        (await RefusedAsync(other, "tina", null, "wrong")).Problem.ErrorId.Should().Be("sign_in_failed", "the code is spoken of only to who knows the password");
        (await other.ProblemAsync(HttpMethod.Get, "api/session")).Status.Should().Be(HttpStatusCode.Unauthorized, "the password alone opens nothing");
        var code = Now(setup.Secret);
        (await SignInAsync(other, "tina", $"{code[..3]} {code[3..]}")).Should().Be(HttpStatusCode.OK);
        await using var third = Page.Nobody(host.Address);
        (await RefusedAsync(third, "tina", code)).Problem.ErrorId.Should().Be("code_wrong");

        (await SignInAsync(third, "tina", codes.Codes[0].ToUpperInvariant().Replace("-", " "))).Should().Be(HttpStatusCode.OK);
        (await RefusedAsync(third, "tina", codes.Codes[0])).Problem.ErrorId.Should().Be("code_wrong");
        (await page.GetAsync("api/session/second-factor", ContractsJson.Default.SecondFactorView)).RecoveryCodesLeft.Should().Be(7);
    }

    [PostgresFact]
    public async Task Of_the_same_code_at_once_one_counts()
    {
        await HireAsync("dora");
        await using var page = await host.SignInAsync("dora");
        var (secret, codes) = await TurnOnAsync(page);
        await using var nobody = Page.Nobody(host.Address);
        foreach (var code in new[] { Now(secret), codes[3] })
            (await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SignInAsync(nobody, "dora", code)))).Count(s => s == HttpStatusCode.OK).Should().Be(1);
    }

    [PostgresFact]
    public async Task A_step_of_drift_each_way_counts_and_no_more()
    {
        var user = await HireAsync("drift");
        var at = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        var time = new FakeTimeProvider(at);
        var factor = new SecondFactor(host.Database, new EphemeralDataProtectionProvider(), Options.Create(new SiteOptions()), time, NullLogger<SecondFactor>.Instance);
        var secret = (await factor.BeginAsync(user, "drift", CancellationToken.None))!.Secret;
        (await factor.ConfirmAsync(user, Code(secret, at.AddSeconds(-60)), CancellationToken.None)).Should().BeNull("two steps are too many");
        (await factor.ConfirmAsync(user, Code(secret, at.AddSeconds(-30)), CancellationToken.None)).Should().HaveCount(8);
        (await factor.UseAsync(user, Code(secret, at.AddSeconds(-30)), CancellationToken.None)).Should().Be(CodeUse.Wrong, "used to turn it on");
        (await factor.UseAsync(user, Code(secret, at.AddSeconds(60)), CancellationToken.None)).Should().Be(CodeUse.Wrong);
        (await factor.UseAsync(user, Code(secret, at.AddSeconds(30)), CancellationToken.None)).Should().Be(CodeUse.App);
        (await factor.UseAsync(user, Code(secret, at), CancellationToken.None)).Should().Be(CodeUse.Wrong, "older than the last one used");
        time.Advance(TimeSpan.FromSeconds(60));
        (await factor.UseAsync(user, Code(secret, at.AddSeconds(60)), CancellationToken.None)).Should().Be(CodeUse.App);
        (await factor.BeginAsync(user, "drift", CancellationToken.None)).Should().BeNull("it is on");
    }

    [PostgresFact]
    public async Task Wrong_codes_lock_the_login_as_wrong_passwords_do()
    {
        await HireAsync("lola");
        await using var page = await host.SignInAsync("lola");
        var (secret, codes) = await TurnOnAsync(page);
        await using var nobody = Page.Nobody(host.Address);
        for (var i = 0; i < 4; i++) (await RefusedAsync(nobody, "lola", null, "wrong")).Problem.ErrorId.Should().Be("sign_in_failed");
        for (var i = 0; i < 6; i++) (await RefusedAsync(nobody, "lola", "no-such-code")).Problem.ErrorId.Should().Be("code_wrong");
        (await RefusedAsync(nobody, "lola", Now(secret))).Should().Match<(HttpStatusCode Status, ProblemView Problem)>(r => r.Status == HttpStatusCode.Locked && r.Problem.ErrorId == "locked_out");
        (await RefusedAsync(nobody, "lola", codes[0])).Status.Should().Be(HttpStatusCode.Locked);
        var (status, _) = await page.ProblemAsync(HttpMethod.Post, "api/session/second-factor/off", $$"""{"code":"{{codes[0]}}"}""");
        status.Should().Be(HttpStatusCode.Locked, "an open page is no way round");
    }

    [PostgresFact]
    public async Task A_locked_login_opens_when_an_administrator_unlocks_it()
    {
        var id = await HireAsync("lock");
        await using var nobody = Page.Nobody(host.Address);
        for (var i = 0; i < 9; i++) await RefusedAsync(nobody, "lock", null, "wrong");
        await using (await host.SignInAsync("lock"))
        {
        }

        for (var i = 0; i < 10; i++) (await RefusedAsync(nobody, "lock", null, "wrong")).Problem.ErrorId.Should().Be("sign_in_failed", "a right one in between begins the count again");
        (await RefusedAsync(nobody, "lock", null)).Problem.ErrorId.Should().Be("locked_out");
        await using var ada = await host.SignInAsync("ada");
        (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Users.Single(u => u.Id == id).LockedUntil.Should().BeAfter(TimeProvider.System.GetUtcNow().AddMinutes(10));
        using (var answer = await ada.Http.PostAsync($"api/admin/users/{id}/sign-out", null)) answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await using (await host.SignInAsync("lock"))
        {
        }
    }

    [PostgresFact]
    public async Task Setting_up_needs_the_password_and_taking_off_a_code()
    {
        await HireAsync("olaf");
        await using var page = await host.SignInAsync("olaf");
        (await page.ProblemAsync(HttpMethod.Post, "api/session/second-factor", """{"password":"wrong"}""")).Problem.Errors!.Keys.Should().Equal("password");
        var (_, codes) = await TurnOnAsync(page);
        (await page.ProblemAsync(HttpMethod.Post, "api/session/second-factor", $$"""{"password":"{{Seeds.Password}}"}""")).Problem.ErrorId.Should().Be("second_factor_on");
        (await page.ProblemAsync(HttpMethod.Post, "api/session/second-factor/off", """{"code":"wrong"}""")).Problem.Errors!.Keys.Should().Equal("code");
        using (var off = await page.Http.PostAsJsonAsync("api/session/second-factor/off", new { code = codes[7] })) off.StatusCode.Should().Be(HttpStatusCode.NoContent);
        await using (await host.SignInAsync("olaf"))
        {
        }

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from recovery_code r join app_user u on u.id = r.user_id where u.login = 'olaf'")).Should().Be(0);
    }

    [PostgresFact]
    public async Task An_administrator_takes_it_off_and_that_is_kept()
    {
        var id = await HireAsync("ines");
        await using var page = await host.SignInAsync("ines");
        await TurnOnAsync(page);
        await using var ada = await host.SignInAsync("ada");
        (await ada.GetAsync("api/admin", ContractsJson.Default.AdminView)).Users.Single(u => u.Id == id).SecondFactor.Should().BeTrue();
        using (var off = await ada.Http.DeleteAsync($"api/admin/users/{id}/second-factor"))
            (await off.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!.Users.Single(u => u.Id == id).SecondFactor.Should().BeFalse();
        using (var again = await ada.Http.DeleteAsync($"api/admin/users/{id}/second-factor")) again.StatusCode.Should().Be(HttpStatusCode.NotFound);
        await using (await host.SignInAsync("ines"))
        {
        }

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<Guid>("select user_id from audit where action = 'second_factor_taken_off' and object_id = @id", new { id = id.ToString() })).Should().Be(Seeds.Ada);
    }

    [PostgresFact]
    public async Task The_secret_lies_sealed_for_its_person_and_recovery_codes_only_as_hashes()
    {
        var (mine, thine) = (await HireAsync("mona"), await HireAsync("theo"));
        await using var page = await host.SignInAsync("mona");
        var (secret, codes) = await TurnOnAsync(page);
        await using var database = await host.Database.OpenConnectionAsync();
        var kept = (await database.QueryAsync<string>("select f::text from second_factor f union all select r::text from recovery_code r union all select a::text from audit a")).ToList();
        var key = Base32Encoding.ToBytes(secret);
        kept.Should().NotContain(k => k.Contains(secret) || k.Contains(Convert.ToBase64String(key)) || k.Contains(Convert.ToHexString(key), StringComparison.OrdinalIgnoreCase) || codes.Any(k.Contains));

        // Copied into another row it opens nothing, and it survives a restart of the host.
        await database.ExecuteAsync("insert into second_factor (user_id, secret, created_at, confirmed_at) select @thine, secret, created_at, confirmed_at from second_factor where user_id = @mine", new { mine, thine });
        await host.RestartAsync();
        await using var nobody = Page.Nobody(host.Address);
        (await RefusedAsync(nobody, "theo", Now(secret))).Problem.ErrorId.Should().Be("code_wrong");
        (await SignInAsync(nobody, "mona", Now(secret))).Should().Be(HttpStatusCode.OK);
    }
}
