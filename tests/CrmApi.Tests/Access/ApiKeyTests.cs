using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>Programs with keys: what they may, in whose name, until when.</summary>
[Trait("Category", "Slow")]
public sealed class ApiKeyTests(ApiHost host) : IClassFixture<ApiHost>
{
    internal static async Task<ApiKeyMade> MakeAsync(Page admin, Guid user, DateTimeOffset? until = null, params (string Right, string Scope)[] rights)
    {
        var create = new ApiKeyCreate(Guid.CreateVersion7(), "Site", user, rights.ToDictionary(r => r.Right, r => r.Scope), until);
        using var answer = await admin.Http.PostAsJsonAsync("api/admin/keys", create, ContractsJson.Default.ApiKeyCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ApiKeyMade))!;
    }

    async Task<(Page Program, ApiKeyMade Key)> ProgramAsync(Guid user, params (string Right, string Scope)[] rights)
    {
        await using var ada = await host.SignInAsync("ada");
        var made = await MakeAsync(ada, user, null, rights);
        return (Page.OfKey(host.Address, made.Secret), made);
    }

    static async Task<HttpStatusCode> StatusAsync(Page page, string path) => (await page.Http.GetAsync(path)).StatusCode;

    [PostgresFact]
    public async Task A_key_is_told_once_kept_as_a_hash_and_gone_when_it_is_revoked()
    {
        await using var ada = await host.SignInAsync("ada");
        var made = await MakeAsync(ada, Seeds.Sara, null, (Rights.WorkWithClients, "all"));
        made.Secret.Should().MatchRegex("^ckey_[0-9a-f]{64}$");
        (await ada.Http.GetStringAsync("api/admin/keys")).Should().Contain(made.Key.Hint).And.NotContain(made.Secret);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select string_agg(k::text, ' ') from api_key k")).Should().NotContain(made.Secret[5..]);
        await using var program = Page.OfKey(host.Address, made.Secret);
        (await StatusAsync(program, "api/clients")).Should().Be(HttpStatusCode.OK);
        (await ada.GetAsync("api/admin/keys", ContractsJson.Default.ApiKeysView)).Items.Single(k => k.Id == made.Key.Id).LastUsedAt.Should().NotBeNull();
        using (var revoked = await ada.Http.DeleteAsync($"api/admin/keys/{made.Key.Id}")) (await revoked.Content.ReadFromJsonAsync(ContractsJson.Default.ApiKeyView))!.RevokedAt.Should().NotBeNull();
        (await program.ProblemAsync(HttpMethod.Get, "api/clients")).Should().Match<(HttpStatusCode Status, ProblemView Problem)>(p => p.Status == HttpStatusCode.Unauthorized && p.Problem.ErrorId == "not_signed_in");
        (await database.QueryAsync<string>("select action from audit where object = 'api_key' and object_id = @id order by id", new { id = made.Key.Id.ToString() })).Should().Equal("key.made", "key.revoked");
        (await ada.ProblemAsync(HttpMethod.Delete, $"api/admin/keys/{Guid.NewGuid()}")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task A_key_may_what_it_says_as_far_as_its_person_may_and_what_it_does_is_told_as_its_own()
    {
        var (program, made) = await ProgramAsync(Seeds.Anna, (Rights.WorkWithClients, "all"), (Rights.SeeNumbers, "all"), (Rights.EditClients, "all"), (Rights.DeleteClients, "all"), (Rights.CreateClients, "all"));
        await using var p = program;
        var card = await program.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView);
        card.Phones.Should().NotBeEmpty();
        (await StatusAsync(program, "api/calls")).Should().Be(HttpStatusCode.Forbidden, "the key says nothing of calls");
        (await StatusAsync(program, "api/clients/bin")).Should().Be(HttpStatusCode.Forbidden, "Anna may not delete, whatever the key says");
        var create = new ClientCreate(Guid.CreateVersion7(), new ClientSave("person", "By a program", "", "", "", "", null, null, null, []));
        using (var answer = await program.Http.PostAsJsonAsync("api/clients", create, ContractsJson.Default.ClientCreate)) answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        await using var ada = await host.SignInAsync("ada");
        var told = await ada.GetAsync($"api/audit?kind=client&object={create.Id}", ContractsJson.Default.ListPageAuditView);
        told.Items.Should().Contain(a => a.Action == "client.created" && a.Who == "Anna Verdi · Site");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update app_user set role = 'reviewer' where login = 'anna'; update access_version set version = version + 1");
        (await StatusAsync(program, "api/clients")).Should().Be(HttpStatusCode.OK);
        using (var answer = await program.Http.PostAsJsonAsync("api/clients", create with { Id = Guid.CreateVersion7() }, ContractsJson.Default.ClientCreate)) answer.StatusCode.Should().Be(HttpStatusCode.Forbidden, "what the person loses the key loses");
        await database.ExecuteAsync("update app_user set active = false where login = 'anna'");
        (await StatusAsync(program, "api/clients")).Should().Be(HttpStatusCode.Unauthorized);
        await database.ExecuteAsync("update app_user set active = true, role = 'agent' where login = 'anna'; update access_version set version = version + 1");
        (await StatusAsync(program, "api/clients")).Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task The_scope_of_a_key_and_what_it_may_not_see_hold_as_for_people()
    {
        var (program, _) = await ProgramAsync(Seeds.Anna, (Rights.WorkWithClients, "own"));
        await using var p = program;
        var seen = await program.GetAsync("api/clients", ContractsJson.Default.ListPageClientRow);
        seen.Items.Select(c => c.Name).Should().Equal("Mario Rossi");
        seen.Items[0].Phone.Should().Contain("•", "the key has no right to see numbers");
        (await StatusAsync(program, $"api/clients/{Seeds.Bianchi}")).Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task A_key_has_an_end_and_opens_neither_the_live_feed_nor_anybodys_session()
    {
        await using var ada = await host.SignInAsync("ada");
        var made = await MakeAsync(ada, Seeds.Ada, TimeProvider.System.GetUtcNow().AddHours(1), [.. ApiKeyStore.Grantable.Select(r => (r.Code, "all"))]);
        await using var program = Page.OfKey(host.Address, made.Secret);
        (await StatusAsync(program, "api/clients")).Should().Be(HttpStatusCode.OK);
        using (var hub = new HttpRequestMessage(HttpMethod.Post, "hubs/live/negotiate?negotiateVersion=1"))
        {
            hub.Headers.Add("X-CallCrm-Client", "test");
            using var answer = await program.Http.SendAsync(hub);
            answer.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        }

        foreach (var path in new[] { "api/session", "api/sessions", "api/session/second-factor", "api/admin", "api/admin/keys", "api/seats" })
            (await StatusAsync(program, path)).Should().Be(HttpStatusCode.Forbidden, path);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update api_key set expires_at = now() - interval '1 s' where id = @Id", new { made.Key.Id });
        (await StatusAsync(program, "api/clients")).Should().Be(HttpStatusCode.Unauthorized);
        await using var guess = Page.OfKey(host.Address, "ckey_" + new string('0', 64));
        (await StatusAsync(guess, "api/clients")).Should().Be(HttpStatusCode.Unauthorized);
        // A cookie beside a wrong key helps nothing.
        ada.Http.DefaultRequestHeaders.Add("Authorization", "Bearer ckey_none");
        (await StatusAsync(ada, "api/clients")).Should().Be(HttpStatusCode.Unauthorized);
    }

    [PostgresTheory]
    [InlineData("""{"name":""}""", "name", "1 to 100")]
    [InlineData("""{"userId":"00000000-0000-7000-8000-000000000007"}""", "userId", "active")]
    [InlineData("""{"rights":{}}""", "rights", "at least one")]
    [InlineData("""{"rights":{"settings.configure":"all"}}""", "rights", "at least one")]
    [InlineData("""{"rights":{"client.view":"some"}}""", "rights", "at least one")]
    [InlineData("""{"rights":{"client.create":"own"}}""", "rights", "at least one")]
    [InlineData("""{"expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt", "to come")]
    public async Task A_key_that_cannot_be_names_what_is_wrong(string change, string field, string expected)
    {
        await using var ada = await host.SignInAsync("ada");
        var json = System.Text.Json.Nodes.JsonNode.Parse($$$"""{"id":"{{{Guid.NewGuid()}}}","name":"Site","userId":"{{{Seeds.Sara}}}","rights":{"client.view":"all"}}""")!.AsObject();
        foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse(change)!.AsObject()) json[name] = value?.DeepClone();
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Post, "api/admin/keys", json.ToJsonString());
        status.Should().Be(HttpStatusCode.BadRequest);
        problem.Errors!.Keys.Should().Equal(field);
        problem.Errors[field].Single().Should().Contain(expected);
    }

    [PostgresFact]
    public async Task A_program_that_asks_too_often_is_told_to_wait_and_takes_nothing_from_its_person()
    {
        host.Settings["Access:KeyRequestsPerSecond"] = "1";
        await host.RestartAsync();
        try
        {
            var (program, _) = await ProgramAsync(Seeds.Sara, (Rights.WorkWithClients, "all"));
            await using var p = program;
            HttpResponseMessage? refused = null;
            for (var n = 0; n < 40 && refused is null; n++)
            {
                var answer = await program.Http.GetAsync("api/clients?limit=1");
                if (answer.StatusCode == HttpStatusCode.TooManyRequests) refused = answer;
                else answer.Dispose();
            }

            refused.Should().NotBeNull("ten at once, then one a second");
            refused!.Headers.RetryAfter!.Delta.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(1));
            (await refused.Content.ReadAsStringAsync()).Should().Contain("too_many_requests");
            refused.Dispose();
            await using var sara = await host.SignInAsync("sara");
            (await StatusAsync(sara, "api/clients?limit=1")).Should().Be(HttpStatusCode.OK);
        }
        finally
        {
            host.Settings.Remove("Access:KeyRequestsPerSecond");
            await host.RestartAsync();
        }
    }
}
