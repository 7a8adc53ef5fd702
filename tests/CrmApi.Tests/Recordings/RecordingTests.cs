using System.Net;
using System.Net.Http.Headers;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Recordings;

[Trait("Category", "Slow")]
public sealed class RecordingTests(ApiHost host) : IClassFixture<ApiHost>
{
    async Task<(Guid Call, Guid Recording)> RecordAsync(string status, byte[]? sound = null, string? path = null, string? error = null)
    {
        await using var story = await Story.BeginAsync(host);
        var (call, offer, recording) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
            .. story.Answers(call, offer, Seeds.Anna, "101"), .. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        path ??= sound is null ? null : RecordingFiles.PathOf(recording, TimeProvider.System.GetUtcNow());
        if (sound is not null)
        {
            var file = Path.Combine(host.RecordingFolder, path!);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllBytesAsync(file, sound);
        }

        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, waveform, error, created_at)
            values (@recording, 'pbx', @unique, @call, @status, 1500, @size, @path, @waveform, @error, now())
            """,
            new { recording, unique = recording.ToString(), call, status, size = sound?.Length, path, waveform = new Waveform([1, 2, 3], [9, 8]).ToBytes(), error });
        return (call, recording);
    }

    [PostgresFact]
    public async Task A_recording_plays_from_any_place_and_each_listen_is_audited_once()
    {
        var sound = Enumerable.Range(0, 10_000).Select(i => (byte)(i % 251)).ToArray();
        var (call, id) = await RecordAsync("ready", sound);
        await using var anna = await host.SignInAsync("anna");
        var view = await anna.GetAsync($"api/recordings/{id}", ContractsJson.Default.RecordingView);
        view.Should().BeEquivalentTo(new { Status = "ready", Duration_ms = 1500, Size_bytes = 10_000, Client = new[] { 1, 2, 3 }, Agent = new[] { 9, 8, 0 } });
        (await anna.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).Recording!.Id.Should().Be(id);
        foreach (var (range, expected) in new[] { ("bytes=0-", 0..10_000), ("bytes=5000-5999", 5000..6000), ("bytes=-10", 9990..10_000) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"api/recordings/{id}/audio");
            request.Headers.Range = RangeHeaderValue.Parse(range);
            using var answer = await anna.Http.SendAsync(request);
            answer.StatusCode.Should().Be(HttpStatusCode.PartialContent);
            answer.Content.Headers.ContentType!.MediaType.Should().Be("audio/ogg");
            (await answer.Content.ReadAsByteArrayAsync()).Should().Equal(sound[expected]);
        }

        using (var beyond = new HttpRequestMessage(HttpMethod.Get, $"api/recordings/{id}/audio") { Headers = { Range = new RangeHeaderValue(20_000, null) } })
        using (var answer = await anna.Http.SendAsync(beyond)) answer.StatusCode.Should().Be(HttpStatusCode.RequestedRangeNotSatisfiable);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'listen' and object_id = @id and user_id = @Anna", new { id = id.ToString(), Seeds.Anna })).Should().Be(1);
        await database.ExecuteAsync(
            """
            insert into role (code, name, model, builtin) values ('only_audit', 'Only the audit', 'agent', false);
            insert into role_right (role, right_code, scope) values ('only_audit', 'audit.view', 'all');
            insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active)
            select @id, 'only.audit', 'Only Audit', password_hash, 'only_audit', 'en', false, 'main', @id, created_at, true from app_user where login = 'anna';
            update access_version set version = version + 1;
            """, new { id = Guid.CreateVersion7() });
        foreach (var (login, name) in new[] { ("ada", "Mario Rossi"), ("only.audit", null) })
        {
            await using var reader = await host.SignInAsync(login);
            var listens = await reader.GetAsync($"api/audit?action=listen&user={Seeds.Anna}", ContractsJson.Default.ListPageAuditView);
            listens.Items.Single(l => l.ObjectId == id).Should().BeEquivalentTo(new { Kind = "recording", CallId = call, Name = name }, "{0} reads which call was heard, and whose if they may see the client", login);
        }
    }

    [PostgresTheory]
    [InlineData("pending", "recording_pending")]
    [InlineData("missing", "recording_missing")]
    [InlineData("broken", "recording_broken")]
    public async Task What_cannot_be_played_says_why(string status, string errorId)
    {
        var (_, id) = await RecordAsync(status, error: "as the recorder said");
        await using var anna = await host.SignInAsync("anna");
        (await anna.GetAsync($"api/recordings/{id}", ContractsJson.Default.RecordingView)).Error.Should().Be("as the recorder said");
        var (code, problem) = await anna.ProblemAsync(HttpMethod.Get, $"api/recordings/{id}/audio");
        (code, problem.ErrorId, problem.Detail).Should().Be((HttpStatusCode.NotFound, errorId, "as the recorder said"));
    }

    [PostgresFact]
    public async Task A_file_that_vanished_is_named_and_others_recordings_do_not_exist()
    {
        var (_, id) = await RecordAsync("ready", path: "2026/01/01/gone.opus");
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        (await anna.ProblemAsync(HttpMethod.Get, $"api/recordings/{id}/audio")).Problem.ErrorId.Should().Be("recording_missing");
        (await luca.ProblemAsync(HttpMethod.Get, $"api/recordings/{id}/audio")).Problem.ErrorId.Should().Be("not_found");
        (await luca.ProblemAsync(HttpMethod.Get, $"api/recordings/{id}")).Problem.ErrorId.Should().Be("not_found");
    }
}
