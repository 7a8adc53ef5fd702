using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Calls;
using CallCrm.AgentWeb.Check;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Drafts;
using CallCrm.AgentWeb.Files;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Junk;
using CallCrm.AgentWeb.Live;
using CallCrm.AgentWeb.Missed;
using CallCrm.AgentWeb.Practice;
using CallCrm.AgentWeb.Session;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The page's own services as Program registers them; only server, browser and clock are the test's.</summary>
abstract public class PageContext : BunitContext
{
    /// <summary>A slow machine has long pauses; what does not come at all is waited for once.</summary>
    static PageContext() => DefaultWaitTimeout = TimeSpan.FromSeconds(30);

    private protected PageContext()
    {
        JSInterop.Mode = JSRuntimeMode.Loose;
        Services.AddLogging();
        Services.AddLocalization(o => o.ResourcesPath = "Resources");
        Services.AddSingleton<TimeProvider>(Time);
        Services.AddSingleton(new ApiClient(new HttpClient(Server) { BaseAddress = new Uri("http://server/") }, Time));
        Services.AddSingleton(new FeedClient(new Uri("http://server/hubs/live"), Time));
        Services.AddSingleton<Browser>();
        Services.AddSingleton<Ticker>();
        Services.AddSingleton<SignedIn>();
        Services.AddSingleton<DialCampaign>();
        Services.AddSingleton<DeskActions>();
        Services.AddSingleton<FileUpload>();
        Services.AddSingleton<DayCheck>();
        Services.AddSingleton<PracticeRun>();
        Services.AddSingleton<OpenCall>();
        Services.AddSingleton<DraftBook>();
        Services.AddSingleton<MissedBadge>();
        Services.AddSingleton<SpamDesk>();
        Services.AddSingleton<ReviewBadge>();
        Services.AddSingleton<HostNotice>();
    }

    private protected FakeServer Server { get; } = new();

    private protected FakeTimeProvider Time { get; } = new(Some.Noon);

    private protected FeedClient Feed => Services.GetRequiredService<FeedClient>();

    private protected DraftBook Drafts => Services.GetRequiredService<DraftBook>();

    private protected Browser Browser => Services.GetRequiredService<Browser>();

    private protected SignedIn Session => Services.GetRequiredService<SignedIn>();

    /// <summary>Signed in, at the desk, in a call of this state.</summary>
    private protected async Task InCallAsync(string state = "Talking", CallCrm.Contracts.ScriptChoiceView? script = null, params CallCrm.Contracts.DraftFieldView[] draft)
    {
        await Session.LoadAsync();
        Feed.Take(Some.Snapshot(Some.Desk(state == "Ended" ? "WrapUp" : "Talking", call: Some.Call(state, null, script, draft))));
    }
}
