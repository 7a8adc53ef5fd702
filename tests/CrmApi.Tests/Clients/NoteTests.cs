using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class NoteTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<HttpStatusCode> AddAsync(Page page, Guid client, Guid id, string text)
    {
        using var answer = await page.Http.PostAsJsonAsync($"api/clients/{client}/notes", new NoteNew(id, text), ContractsJson.Default.NoteNew);
        return answer.StatusCode;
    }

    static async Task<List<TimelineItem>> NotesAsync(Page page, Guid client) =>
        [.. (await page.GetAsync($"api/clients/{client}/timeline?limit=100", ContractsJson.Default.ListPageTimelineItem)).Items.Where(i => i.Kind == "note")];

    [PostgresFact]
    public async Task A_note_stands_on_the_history_once_and_is_taken_back_by_who_wrote_it()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        await using var luca = await host.SignInAsync("luca");
        var live = await sara.OpenAsync();
        var id = Guid.CreateVersion7();
        (await AddAsync(anna, Seeds.Rossi, id, "  Rings after four\n")).Should().Be(HttpStatusCode.NoContent);
        (await AddAsync(anna, Seeds.Rossi, id, "  Rings after four\n")).Should().Be(HttpStatusCode.NoContent);
        await live.NextAsync<HintEvent>(h => h.Subject == "client" && h.Key == Seeds.Rossi.ToString());
        (await NotesAsync(anna, Seeds.Rossi)).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Id = id.ToString(), Text = "Rings after four", AgentName = "Anna Verdi", Mine = true });
        (await NotesAsync(sara, Seeds.Rossi)).Should().ContainSingle(n => !n.Mine);
        // Another one of this id tells nothing of the first.
        (await sara.ProblemAsync(HttpMethod.Post, $"api/clients/{Seeds.Bianchi}/notes", JsonSerializer.Serialize(new NoteNew(id, "x"), ContractsJson.Default.NoteNew))).Problem.ErrorId.Should().Be("id_taken");

        (await luca.ProblemAsync(HttpMethod.Delete, $"api/clients/{Seeds.Rossi}/notes/{id}")).Problem.ErrorId.Should().Be("not_yours");
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/clients/{Seeds.Bianchi}/notes/{id}")).Status.Should().Be(HttpStatusCode.NotFound);
        for (var again = 0; again < 2; again++)
            (await anna.Http.DeleteAsync($"api/clients/{Seeds.Rossi}/notes/{id}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await NotesAsync(anna, Seeds.Rossi)).Should().BeEmpty();
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QueryAsync<(string Action, string Before, string After)>("select action, detail ->> 'before', detail ->> 'after' from audit where action like 'client.note%' and object_id = @id order by id", new { id = Seeds.Rossi.ToString() }))
            .Should().Equal(("client.note_added", "", "Rings after four"), ("client.note_removed", "Rings after four", ""));
    }

    [PostgresFact]
    public async Task Who_may_not_change_the_card_or_not_see_notes_writes_none_and_a_bad_one_is_refused()
    {
        await using var anna = await host.SignInAsync("anna");
        (await AddAsync(anna, Seeds.Rossi, Guid.CreateVersion7(), " \n ")).Should().Be(HttpStatusCode.BadRequest);
        (await AddAsync(anna, Seeds.Rossi, Guid.CreateVersion7(), new string('x', 4_001))).Should().Be(HttpStatusCode.BadRequest);
        (await AddAsync(anna, Seeds.Rossi, Guid.Empty, "x")).Should().Be(HttpStatusCode.BadRequest);
        (await AddAsync(anna, Guid.CreateVersion7(), Guid.CreateVersion7(), "x")).Should().Be(HttpStatusCode.NotFound);
        await using var luca = await host.SignInAsync("luca");
        (await AddAsync(luca, Seeds.Rossi, Guid.CreateVersion7(), "x")).Should().Be(HttpStatusCode.Forbidden, "it is Anna's client");
        (await AddAsync(anna, Seeds.Rossi, Guid.CreateVersion7(), "For us")).Should().Be(HttpStatusCode.NoContent);
        await using (var database = await host.Database.OpenConnectionAsync())
            await database.ExecuteAsync("insert into sensitive_field (field) values ('note') on conflict do nothing; update access_version set version = version + 1");
        await using var mila = await host.SignInAsync("mila");
        (await NotesAsync(mila, Seeds.Rossi)).Should().BeEmpty();
        (await AddAsync(mila, Seeds.Bianchi, Guid.CreateVersion7(), "x")).Should().Be(HttpStatusCode.BadRequest);
    }
}
