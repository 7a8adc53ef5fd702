using System.Net;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Admin;

/// <summary>Extensions and queues taken over from the PBX: what is shown, what is written, what is refused.</summary>
[Trait("Category", "Slow")]
public sealed class ImportTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly RoadPbx Found = new(null, "PJSIPShowEndpoints", true,
        [
            new("PJSIP/101", "101", "Not in use", false), new("PJSIP/102", "102", "", false), new("PJSIP/102-mobile", "102", "", false), new("PJSIP/103", "203", "", false),
            new("PJSIP/120", "120", "", false), new("PJSIP/provider", "", "", true), new("PJSIP/door", "", "", false),
        ],
        [
            new("400", "ringall", [new("Local/101@from-queue/n", "Anna Verdi", "101", 0), new("Local/102@from-queue/n", "", "102", 3), new("PJSIP/900", "Nobody Known", "900", 0)]),
            new("Sales", "ringall", [new("PJSIP/101", "anna", "101", 0), new("PJSIP/103", "Mila Orlova", "103", 1)]),
            new("Support", "ringall", [new("PJSIP/103", "mila orlova", "103", 0)]),
        ]);

    static string Row(ImportExtension e) => string.Join(' ', new[] { e.Number, string.Join(',', e.Devices), e.State, string.Join(',', e.Added), e.Other }.Where(p => !string.IsNullOrEmpty(p)));

    static string Row(ImportQueue q) => $"{q.Name} {q.State} +{string.Join(',', q.Added)} ?{string.Join(',', q.Unknown)}";

    static async Task<PbxImportResult> ImportAsync(Page ada, string[] extensions, string[] queues)
    {
        using var answer = await ada.Http.PostAsJsonAsync("api/admin/pbx/pbx/import", new PbxImportRequest(extensions, queues), ContractsJson.Default.PbxImportRequest);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.PbxImportResult))!;
    }

    [PostgresFact]
    public async Task What_the_PBX_has_is_shown_beside_what_is_here_and_the_chosen_rows_are_taken_over()
    {
        host.Router.Pbx = _ => Found;
        await using var ada = await host.SignInAsync("ada");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into agent_state (agent_id, domain, state, node, extension, since, last_seq) values (@Luca, 'main', 'Ready', 'pbx', '102', now(), 1) on conflict (agent_id) do update set state = 'Ready', node = 'pbx', extension = '102'", new { Seeds.Luca });
        var view = await ada.GetAsync("api/admin/pbx/pbx", ContractsJson.Default.PbxImportView);
        (view.Source, view.Notifies).Should().Be(("PJSIPShowEndpoints", true));
        view.Extensions.Select(Row).Should().Equal("101 PJSIP/101 known", "102 PJSIP/102,PJSIP/102-mobile changed PJSIP/102-mobile", "203 PJSIP/103 taken 103", "120 PJSIP/120 new PJSIP/120", "PJSIP/provider trunk", "PJSIP/door unnumbered");
        view.Queues.Select(Row).Should().Equal("400 new +Anna Verdi,Luca Neri ?Nobody Known", "Sales changed +Mila Orlova ?", "Support known + ?");

        var result = await ImportAsync(ada, ["102", "120", "101", "203"], ["400", "Sales"]);
        result.Done.Should().Be(4);
        result.Refused.Select(r => $"{r.Kind} {r.Name} {r.Reason}").Should().Equal("extension 101 nothing_to_import", "extension 203 nothing_to_import");
        result.View.Extensions.Single(e => e.Number == "102").Devices.Should().Equal(new DeviceSetup("PJSIP/102", true, true), new DeviceSetup("PJSIP/102-mobile", false, false));
        result.View.Extensions.Single(e => e.Number == "120").Devices.Should().Equal(new DeviceSetup("PJSIP/120", false, false));
        result.View.Queues.Single(q => q.Name == "400").Members.Should().BeEquivalentTo([new MemberSetup(Seeds.Anna, 1), new MemberSetup(Seeds.Luca, 4)]);
        result.View.Queues.Single(q => q.Name == "Sales").Members.Select(m => m.User).Should().BeEquivalentTo([Seeds.Anna, Seeds.Luca, Seeds.Mila]);
        (await database.QueryAsync<string>("select kind || ' ' || name || case when before is null then ' made' else ' changed' end from settings_change where user_id = @Ada order by id", new { Seeds.Ada }))
            .Should().Equal("extension 102 changed", "extension 120 made", "queue 400 made", "queue Sales changed");
        (await ada.GetAsync("api/admin/pbx/pbx", ContractsJson.Default.PbxImportView)).Extensions.Where(e => e.State is "new" or "changed").Should().BeEmpty();
        (await ImportAsync(ada, ["120"], ["400"])).Done.Should().Be(0, "what is here is not made again");
    }

    [PostgresFact]
    public async Task A_PBX_that_is_away_or_unknown_is_told_and_a_wish_without_rows_is_refused()
    {
        await using var ada = await host.SignInAsync("ada");
        host.Router.Pbx = _ => new RoadPbx("pbx_away", "", false, [], []);
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Get, "api/admin/pbx/pbx");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.ServiceUnavailable, "pbx_away"));
        (await ada.ProblemAsync(HttpMethod.Get, "api/admin/pbx/mars")).Problem.ErrorId.Should().Be("not_found");
        host.Router.Pbx = _ => Found;
        foreach (var (body, field) in new[] { ("""{"extensions":[],"queues":[]}""", "extensions"), ("""{"extensions":["101"]}""", "queues"), ("""{"queues":["400"]}""", "extensions") })
        {
            (status, problem) = await ada.ProblemAsync(HttpMethod.Post, "api/admin/pbx/pbx/import", body);
            status.Should().Be(HttpStatusCode.BadRequest);
            problem.Errors.Should().ContainKey(field);
        }
    }
}
