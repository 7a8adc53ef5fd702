using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using Dapper;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>Calls of Rossi's that Anna takes, led by one script.</summary>
sealed class LedCalls(ApiHost host, Page anna, Story story, string script)
{
    /// <summary>Publishes the script, once for a site.</summary>
    public static async Task PublishAsync(ApiHost host, Page editor, string script, string yaml)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        if (await database.ExecuteScalarAsync<bool>("select exists (select from script_publish where script_id = @script)", new { script })) return;
        using var saved = await editor.Http.PutAsJsonAsync($"api/script-edits/{script}/draft", new ScriptDraftSave(yaml, 0, 0), ContractsJson.Default.ScriptDraftSave);
        var draft = (await saved.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptEditView))!;
        draft.Problems.Should().BeEmpty();
        using var published = await editor.Http.PostAsJsonAsync($"api/script-edits/{script}/publish", new ScriptPublish(draft.Draft), ContractsJson.Default.ScriptPublish);
        published.StatusCode.Should().Be(HttpStatusCode.OK, await published.Content.ReadAsStringAsync());
    }

    /// <summary>One with these answers; over.</summary>
    public async Task<Guid> AnsweredAsync(params (string Question, string Value)[] answers)
    {
        var desk = await anna.OpenAsync();
        var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await story.WriteAsync([story.Agent(Seeds.Anna, AgentState.Ready, "101", null), .. story.Arrives(call, Story.From("+390212345678"), LookupOutcome.Known, Seeds.Rossi, deal: Seeds.RossiDeal),
            .. story.Offers(call, offer, Seeds.Anna, "101", Seeds.Rossi), .. story.Answers(call, offer, Seeds.Anna, "101")]);
        (await desk.NextAsync<PopEvent>(e => e.Pop.CallId == call)).Pop.Script!.Id.Should().Be(script);
        await desk.NextAsync<CallEvent>(e => e.Call.CallId == call && e.Call.State == "Talking");
        await AnswerAsync(call, answers);
        await story.WriteAsync(story.Ends(call, Seeds.Anna, "101", Seeds.Rossi));
        await story.WrittenAsync(host);
        return call;
    }

    public async Task AnswerAsync(Guid call, params (string Question, string Value)[] answers)
    {
        foreach (var (question, value) in answers)
        {
            using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/draft/answer.{question}", new DraftWrite(value, "p"), ContractsJson.Default.DraftWrite);
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        }
    }
}
