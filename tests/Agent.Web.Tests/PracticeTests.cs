using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Practice;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

/// <summary>A simulated call from ring to wrap-up, and that nothing of it leaves the page.</summary>
public sealed class PracticeTests : PageContext
{
    readonly List<string> _asked = [];

    public PracticeTests() => Server.Answer = r =>
    {
        if (r.RequestUri!.AbsolutePath != "/api/practice")
            return null;
        _asked.Add(r.RequestUri.Query);
        return FakeServer.Json(JsonSerializer.Serialize(new PracticeView(Some.Caller("+44 20 7946 0000"), Some.Card("Emma Hughes") with { Phones = [new PhoneView("+442079460000", "020 7946 0000", "", true)] }, "Web site", "Good morning, Example",
            Some.Script(), [new NamedCode("known", "Known client"), new NamedCode("new", "New caller")]), ContractsJson.Default.PracticeView));
    };

    IEnumerable<string> Written => Server.Asked.Where(a => a.Method != "GET").Select(a => a.Path);

    PracticeRun Run => Services.GetRequiredService<PracticeRun>();

    async Task<IRenderedComponent<DeskPage>> PractisingAsync()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk() with { State = Some.State("Paused", "practice") }));
        var desk = Render<DeskPage>();
        desk.Find("[data-test=practice-band]").TextContent.Should().Contain("no real call is offered");
        return desk;
    }

    [Fact]
    public async Task A_whole_call_is_practised_and_nothing_of_it_is_written()
    {
        var desk = await PractisingAsync();
        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-name]").TextContent.Should().Be("Emma Hughes"));
        JSInterop.Invocations["callcrm.ring"].Last().Arguments.Should().Equal(true);
        desk.Find("[data-test=practice-band]").TextContent.Should().Contain("Good morning, Example");
        desk.FindAll("[data-test=client-edit],.client .icon").Should().BeEmpty("an invented client is neither changed nor called");
        desk.Find("[data-test=script-answer]").HasAttribute("disabled").Should().BeTrue("before the answer the script is only read");

        Browser.OnKey("answer");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-band]").GetAttribute("data-stage").Should().Be("Talking"));
        JSInterop.Invocations["callcrm.ring"].Last().Arguments.Should().Equal(false);
        desk.Click("[data-test=script-answer]");
        desk.Find("[data-test=script-step]").GetAttribute("data-step").Should().Be("details");
        desk.Find(".notes").TextContent.Should().NotContain("Saved by itself");
        desk.Input("[data-test=note]", "wants two gardens watered");
        Drafts.Value(Run.Id, "note").Should().Be("wants two gardens watered");

        desk.Click("[data-test=practice-hang-up]");
        desk.Find("[data-test=wrap-up]");
        desk.Submit("[data-test=wrap-up]");
        desk.Find("[data-test=wrap-up] .error").TextContent.Should().NotBeEmpty("as in a real call an outcome is asked for");
        desk.Click("[data-test=disposition]");
        Time.Advance(TimeSpan.FromSeconds(5));
        desk.Submit("[data-test=wrap-up]");
        desk.Find("[data-test=practice-band]").TextContent.Should().Contain("That was a whole call.");

        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => _asked.Should().Equal("?turn=0", "?turn=1&script=known"));
        Drafts.Values(Run.Id, "answer.").Should().BeEmpty("the next client begins anew");
        desk.Click("[data-test=practice-stop]");
        Written.Should().Equal("api/commands");
        Server.Asked.Where(a => a.Path.StartsWith("api/calls", StringComparison.Ordinal) || a.Path.StartsWith("api/clients", StringComparison.Ordinal)).Should().BeEmpty();
        JSInterop.Invocations["callcrm.save"].Should().BeEmpty("not even the browser keeps it");
        JsonSerializer.Deserialize(Server.Asked.Last(a => a.Path == "api/commands").Body, ContractsJson.Default.CommandRequest)!.Kind.Should().Be("ready");
    }

    [Fact]
    public async Task A_ring_nobody_takes_is_over_and_said()
    {
        var desk = await PractisingAsync();
        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-answer]"));
        Time.Advance(TimeSpan.FromSeconds(21));
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-band]").TextContent.Should().Contain("you did not take it"));
        desk.WaitForAssertion(() => JSInterop.Invocations["callcrm.ring"].Last().Arguments.Should().Equal(false));
        Run.Answer();
        Run.Stage.Should().Be(PracticeStage.Idle);
    }

    [Fact]
    public async Task A_real_call_goes_before_it_and_the_practice_is_gone()
    {
        var desk = await PractisingAsync();
        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-answer]"));
        var id = Run.Id;
        Drafts.Type(id, "note", "half a note");
        Feed.Take(Some.Message(new PopEvent(Some.Pop()), Some.Me("Ringing")));
        desk.WaitForAssertion(() => desk.Find("[data-test=pop]"));
        desk.FindAll("[data-test=practice-band]").Should().BeEmpty();
        desk.WaitForAssertion(() => Run.Stage.Should().Be(PracticeStage.Idle));
        Drafts.Value(id, "note").Should().BeEmpty();
        Written.Should().NotContain(p => p.Contains("draft", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Declining_asks_for_the_next_and_a_script_can_be_chosen()
    {
        var desk = await PractisingAsync();
        desk.FindAll("[data-test=practice-script]").Should().BeEmpty("nothing is known of the library before the first");
        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-answer]"));
        Browser.OnKey("hang_up");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-begin]").TextContent.Should().Contain("Another client"));
        desk.Change("[data-test=practice-script]", "new");
        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => _asked.Last().Should().Be("?turn=1&script=new"));
    }

    [Fact]
    public async Task Without_a_script_there_is_nothing_to_practise_with_and_it_says_so()
    {
        var desk = await PractisingAsync();
        Server.Answer = r => r.RequestUri!.AbsolutePath == "/api/practice" ? FakeServer.Text("""{"errorId":"no_scripts","status":404}""", "application/problem+json", HttpStatusCode.NotFound) : null;
        desk.Click("[data-test=practice-begin]");
        desk.WaitForAssertion(() => desk.Find("[data-test=practice-error]").TextContent.Should().Contain("no script for incoming calls"));
        Run.Stage.Should().Be(PracticeStage.Idle);
    }

    [Fact]
    public async Task It_is_begun_from_the_menu_but_not_in_a_call_and_the_chip_says_what_one_does()
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk()));
        var menu = Render<PresenceMenu>();
        menu.Click("[data-test=presence]");
        menu.Click("[data-test=presence-practice]");
        menu.WaitForAssertion(() => Server.Asked.Should().Contain(a => a.Path == "api/commands" && a.Body.Contains("\"practice\"", StringComparison.Ordinal)));
        Feed.Take(Some.Message(new MyStateEvent(Some.State("Paused", "practice"), Some.Today)));
        menu.WaitForAssertion(() => menu.Find("[data-test=presence]").TextContent.Should().Contain("Practising"));
        menu.Click("[data-test=presence]");
        menu.FindAll("[data-test=presence-practice]").Should().BeEmpty();
        Feed.Take(Some.Message(Some.Me("Talking")));
        menu.WaitForAssertion(() => menu.FindAll("[data-test=presence-practice]").Should().BeEmpty());
    }
}
