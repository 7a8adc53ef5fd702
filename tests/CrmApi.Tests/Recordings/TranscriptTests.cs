using System.Net;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Recordings;

[Trait("Category", "Slow")]
public sealed class TranscriptTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly string[] Said = ["Buongiorno, come posso aiutarLa?", "Vorrei un preventivo per cinquanta caldaie, perché quelle vecchie perdono.", "Доброе утро, ёлка ещё нужна?"];

    /// <summary>A call of Anna's whose recording is written down, as the Recorder does it.</summary>
    async Task<(Guid Call, Guid Recording)> SayAsync(string state = "done", string[]? said = null, string? error = null, DateTimeOffset? again = null, string status = "ready")
    {
        await using var story = await Story.BeginAsync(host);
        var (call, offer, recording) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([.. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi), .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi),
            .. story.Answers(call, offer, Seeds.Anna, "101")]);
        await Task.Delay(300);
        await story.WriteAsync([.. story.Ends(call, Seeds.Anna, "101", Seeds.Rossi), story.Agent(Seeds.Anna, AgentState.Ready, "101", null)]);
        await story.WrittenAsync(host);
        said ??= state == "done" ? Said : [];
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into recording (id, node, pbx_unique_id, call_id, status, duration_ms, size_bytes, path, waveform, error, created_at, started_at, taken_at)
            select @recording, 'pbx', @unique, @call, @status, 250, 1, 'a.opus', '', 'as the recorder said', now(), answered_at, now() from call where id = @call;
            insert into transcript (recording_id, state, error, next_at, model, language, opening, words, created_at, finished_at) select @recording, @state, @error, @again, 'small', 'it', @opening, @words, now(), now() where @state <> '';
            insert into transcript_line (recording_id, n, side, from_ms, to_ms, text)
            select @recording, n, case n % 2 when 1 then 'agent' else 'client' end, n * 50, n * 50 + 40, text from unnest(@said) with ordinality l (text, n);
            """,
            new { recording, unique = $"{call:N}.1", call, status, state, error, again, said, opening = said.FirstOrDefault() ?? "", words = SaidWords.Of(said) });
        return (call, recording);
    }

    Task<TranscriptView> ReadAsync(Page page, Guid recording) => page.GetAsync($"api/recordings/{recording}/transcript", ContractsJson.Default.TranscriptView);

    async Task<long> AuditedAsync(Guid recording, string action)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.ExecuteScalarAsync<long>("select count(*) from audit where action = @action and object = 'recording' and object_id = @id", new { action, id = recording.ToString() });
    }

    [PostgresFact]
    public async Task Who_may_hear_a_recording_reads_what_was_said_and_by_whom_and_reading_is_audited_once()
    {
        var (_, recording) = await SayAsync();
        await using var anna = await host.SignInAsync("anna");
        var view = await ReadAsync(anna, recording);
        view.Should().BeEquivalentTo(new { State = "done", Language = "it", Model = "small", MayRedo = false, Error = (string?)null });
        view.Lines.Select(l => (l.Side, l.From_ms, l.To_ms, l.Text)).Should().Equal(("agent", 50, 90, Said[0]), ("client", 100, 140, Said[1]), ("agent", 150, 190, Said[2]));
        view.Lines.Select(l => l.Who).Should().Equal("Anna Verdi", null, "Anna Verdi");
        await ReadAsync(anna, recording);
        (await AuditedAsync(recording, "transcript")).Should().Be(1);
        (await AuditedAsync(recording, "listen")).Should().Be(0, "nobody listened");
        await using var luca = await host.SignInAsync("luca");
        foreach (var url in new[] { $"api/recordings/{recording}/transcript", $"api/recordings/{recording}/transcript/text" })
            (await luca.ProblemAsync(HttpMethod.Get, url)).Problem.ErrorId.Should().Be("not_found", "it is no call of his");
    }

    [PostgresFact]
    public async Task It_is_had_as_a_text_file_in_each_language()
    {
        var (call, recording) = await SayAsync();
        await using var anna = await host.SignInAsync("anna");
        var number = (await anna.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).Call.Number;
        using var answer = await anna.Http.GetAsync($"api/recordings/{recording}/transcript/text?language=it");
        answer.Content.Headers.ContentType!.ToString().Should().Be("text/plain; charset=utf-8");
        answer.Content.Headers.ContentDisposition!.FileName.Should().Be($"transcript-{number}.txt");
        var text = Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync()).TrimStart('\uFEFF');
        text.Should().StartWith($"Trascrizione della chiamata #{number}, ").And.Contain("\r\n[00:00] Anna Verdi: Buongiorno").And.Contain("[00:00] Cliente: Vorrei un preventivo");
        (await anna.Http.GetStringAsync($"api/recordings/{recording}/transcript/text?language=ru")).Should().Contain("Клиент: Vorrei");
        var (status, problem) = await anna.ProblemAsync(HttpMethod.Get, $"api/recordings/{recording}/transcript/text?language=xx");
        (status, problem.Errors!["language"].Single()).Should().Be((HttpStatusCode.BadRequest, "one of en, it, ru"));
        var (_, empty) = await SayAsync("silent");
        (await anna.ProblemAsync(HttpMethod.Get, $"api/recordings/{empty}/transcript/text")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresTheory]
    [InlineData("waiting")]
    [InlineData("silent")]
    [InlineData("failed")]
    [InlineData("too_long")]
    [InlineData("")]
    public async Task Without_lines_it_says_why_and_what_failed_only_to_who_configures(string state)
    {
        var again = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var (_, recording) = await SayAsync(state, error: "whisper.cpp ended with 3: no model", again: again);
        await using var anna = await host.SignInAsync("anna");
        var view = await ReadAsync(anna, recording);
        view.Should().BeEquivalentTo(new { State = state.Length == 0 ? "off" : state, Error = (string?)null, Again = state == "failed" ? again : (DateTimeOffset?)null });
        view.Lines.Should().BeEmpty();
        (await AuditedAsync(recording, "transcript")).Should().Be(0, "there was nothing to read");
        await using var admin = await host.SignInAsync("ada");
        (await ReadAsync(admin, recording)).Error.Should().Be(state.Length == 0 ? null : "whisper.cpp ended with 3: no model");
    }

    [PostgresFact]
    public async Task Calls_are_found_by_beginnings_of_what_was_said_in_any_language_where_they_may_be_heard()
    {
        var (call, _) = await SayAsync();
        var (other, _) = await SayAsync(said: ["Preventivo sì, caldaie no, zanzibar."]);
        await using var anna = await host.SignInAsync("anna");
        async Task<Guid[]> FoundAsync(Page page, string said) =>
            [.. (await page.GetAsync($"api/calls?limit=100&said={Uri.EscapeDataString(said)}", ContractsJson.Default.ListPageCallRow)).Items.Select(c => c.Id).Where(c => c == call || c == other)];
        (await FoundAsync(anna, "preventivo")).Should().BeEquivalentTo([call, other]);
        (await FoundAsync(anna, "PREV cinqu")).Should().Equal(call);
        (await FoundAsync(anna, "perche")).Should().Equal([call], "accents do not matter");
        (await FoundAsync(anna, "Елка")).Should().Equal([call], "nor do two dots");
        async Task<string?> LineAsync(string said) => (await anna.GetAsync($"api/calls?limit=100&said={Uri.EscapeDataString(said)}", ContractsJson.Default.ListPageCallRow)).Items.Single(c => c.Id == call).Said;
        (await LineAsync("preventivo")).Should().Be(Said[1], "the line is told, not the opening");
        (await LineAsync("елка")).Should().Be(Said[2]);
        (await LineAsync("елка cinqu prev")).Should().Be(Said[1], "it has most of the words");
        (await anna.GetAsync("api/calls?limit=100", ContractsJson.Default.ListPageCallRow)).Items.Should().OnlyContain(c => c.Said == null, "no words were asked for");
        (await FoundAsync(anna, "entivo")).Should().BeEmpty("a word is found by its beginning");
        (await FoundAsync(anna, "caldaie & | ! :* '")).Should().BeEquivalentTo([call, other], "signs are none of the question");
        (await FoundAsync(anna, "!!!")).Should().BeEmpty("no word was asked for");
        await using var luca = await host.SignInAsync("luca");
        (await FoundAsync(luca, "preventivo")).Should().BeEmpty("they are no calls of his");
        await using var sara = await host.SignInAsync("sara");
        (await FoundAsync(sara, "preventivo")).Should().BeEquivalentTo([call, other]);
        (await sara.Http.GetStringAsync("api/calls/export?format=csv&said=zanzibar")).Split('\n').Should().HaveCount(3, "a header, the call, and the end");
    }

    [PostgresFact]
    public async Task Who_sees_all_calls_and_hears_only_their_own_finds_by_words_only_their_own_and_reads_no_first_words_of_others()
    {
        var (call, _) = await SayAsync();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values ('sees_all', 'Sees all', 'agent'), ('deaf', 'Deaf', 'agent') on conflict do nothing;
            insert into role_right (role, right_code, scope) values ('sees_all', 'call.view', 'all'), ('sees_all', 'client.view', 'all'), ('sees_all', 'recording.listen', 'own'), ('deaf', 'call.view', 'all') on conflict do nothing;
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at)
            select gen_random_uuid(), login, login, (select password_hash from app_user where login = 'anna'), role, false, 'main', gen_random_uuid(), now()
            from unnest(array['eva', 'dino'], array['sees_all', 'deaf']) u (login, role) on conflict do nothing;
            update access_version set version = version + 1;
            """);
        await using var eva = await host.SignInAsync("eva");
        (await eva.GetAsync("api/calls?limit=100", ContractsJson.Default.ListPageCallRow)).Items.Should().Contain(c => c.Id == call);
        (await eva.GetAsync("api/calls?limit=100&said=preventivo", ContractsJson.Default.ListPageCallRow)).Items.Should().BeEmpty();
        async Task<string?> OpeningAsync(Page page) =>
            (await page.GetAsync($"api/clients/{Seeds.Rossi}/timeline?limit=100", ContractsJson.Default.ListPageTimelineItem)).Items.Single(i => i.Id == call.ToString()).Call!.Said;
        (await OpeningAsync(eva)).Should().BeNull();
        await using var anna = await host.SignInAsync("anna");
        (await OpeningAsync(anna)).Should().Be(Said[0]);
        await using var dino = await host.SignInAsync("dino");
        var (status, problem) = await dino.ProblemAsync(HttpMethod.Get, "api/calls?said=preventivo");
        (status, problem.ErrorId).Should().Be((HttpStatusCode.Forbidden, "not_allowed"));
        problem.Detail.Should().StartWith("said: ");
    }

    [PostgresFact]
    public async Task Only_who_configures_has_it_made_anew_and_only_where_it_can_be()
    {
        var (_, recording) = await SayAsync();
        var (_, pending) = await SayAsync("", status: "pending");
        await using var admin = await host.SignInAsync("ada");
        await using var sara = await host.SignInAsync("sara");
        await using var database = await host.Database.OpenConnectionAsync();
        (await sara.ProblemAsync(HttpMethod.Post, $"api/recordings/{recording}/transcript")).Status.Should().Be(HttpStatusCode.Forbidden);
        await database.ExecuteAsync("delete from transcriber");
        var (status, off) = await admin.ProblemAsync(HttpMethod.Post, $"api/recordings/{recording}/transcript");
        (status, off.ErrorId).Should().Be((HttpStatusCode.Conflict, "transcripts_off"));
        (await ReadAsync(admin, recording)).MayRedo.Should().BeFalse();
        await database.ExecuteAsync("insert into transcriber (model, since) values ('small', now())");
        (await ReadAsync(admin, recording)).MayRedo.Should().BeTrue();
        (await ReadAsync(sara, recording)).MayRedo.Should().BeFalse();
        using (var asked = await admin.Http.PostAsync($"api/recordings/{recording}/transcript", null)) asked.StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await database.ExecuteScalarAsync<long>("select count(*) from transcript_wish where recording_id = @recording", new { recording })).Should().Be(1);
        (await admin.ProblemAsync(HttpMethod.Post, $"api/recordings/{Guid.NewGuid()}/transcript")).Status.Should().Be(HttpStatusCode.NotFound);
        var (conflict, why) = await admin.ProblemAsync(HttpMethod.Post, $"api/recordings/{pending}/transcript");
        (conflict, why.ErrorId).Should().Be((HttpStatusCode.Conflict, "recording_pending"));
    }

    [PostgresFact]
    public async Task It_goes_with_its_recording()
    {
        var (_, recording) = await SayAsync();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into transcript_wish (recording_id, asked_at, asked_by) values (@recording, now(), @Anna); delete from recording where id = @recording", new { recording, Seeds.Anna });
        (await database.ExecuteScalarAsync<long>("select (select count(*) from transcript where recording_id = @recording) + (select count(*) from transcript_line where recording_id = @recording) + (select count(*) from transcript_wish where recording_id = @recording)", new { recording })).Should().Be(0);
    }
}
