using System.Globalization;
using CallCrm.DemoPbx;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Pages;

/// <summary>One demo company and one browser for all journeys through its pages; each person has a browser context of their own.</summary>
public sealed class PagesSite : IAsyncLifetime
{
    readonly Dictionary<string, string> _signedIn = new(StringComparer.Ordinal);
    Task? _started;
    CallCrmHost? _host;
    DemoPbxServer? _pbx;
    IPlaywright? _playwright;
    IBrowser? _browser;

    public Uri Address => _host!.Address;

    internal IBrowser Browser => _browser!;

    /// <summary>The company's telephones: silent but for the calls of the journey. Whom it calls takes them at once and hangs up last.</summary>
    internal DemoPbxServer Pbx => _pbx!;

    /// <summary>Of people made here; those of the demo have their own.</summary>
    internal Dictionary<string, string> Passwords { get; } = new(StringComparer.Ordinal);

    // Only when a test runs: where there is no browser all are skipped.
    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>A journey of one or more people. Afterwards nothing may have failed in their browsers, and what they look at fits a telephone.</summary>
    internal async Task VisitAsync(Func<Visit, Task> journey)
    {
        await (_started ??= StartAsync());
        await using var visit = new Visit(this);
        try
        {
            await journey(visit);
            await visit.EndAsync();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}\n{await visit.TellAsync()}", e);
        }
    }

    async Task StartAsync()
    {
        var settings = DemoSite.Settings(await new PostgresFixture().NewDatabaseAsync());
        settings["Demo:Simulate"] = "false";
        settings["Access:SignInsPerMinute"] = "1000";
        _pbx = Telephones(settings);
        await _pbx.StartAsync();
        _host = await CallCrmHost.StartAsync(settings);
        // On a full machine a page may take longer than the usual five seconds.
        Assertions.SetDefaultExpectTimeout(40_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    /// <summary>A PBX of the test's own, so that a journey says who calls and when.</summary>
    static DemoPbxServer Telephones(Dictionary<string, string> settings)
    {
        var (ami, agi) = (Ports.Free(), Ports.Free());
        var recordings = DemoSite.Folder("callcrm-pages-recordings");
        settings["Site:CompanyName"] = "CallCrm Demo";
        settings["Demo:Company"] = "true";
        settings["Demo:Node"] = settings["Pbx:0:Node"] = "demo";
        settings["Router:AgiPort"] = agi.ToString(CultureInfo.InvariantCulture);
        settings["Pbx:0:AmiPort"] = ami.ToString(CultureInfo.InvariantCulture);
        settings["Pbx:0:User"] = "callcrm";
        settings["Pbx:0:Secret"] = "s3cret";
        settings["Pbx:0:TrunkEndpoints:0"] = "PJSIP/trunk";
        settings["Pbx:0:RecordingFolder"] = recordings;
        return new DemoPbxServer(new DemoPbxOptions
        {
            AmiPort = ami,
            AgiAddress = $"agi://127.0.0.1:{agi}/route",
            // On a full machine the router may think longer than people would wait.
            AgiTimeout = TimeSpan.FromSeconds(30),
            Users = { new DemoAmiUser { Name = "callcrm", Secret = "s3cret" } },
            Phones = [.. Enumerable.Range(101, 6).Select(n => new DemoPhoneOptions { Name = $"PJSIP/{n}" })],
            CustomerAnswersAfter = TimeSpan.FromMilliseconds(300),
            CustomerTalksFor = null,
            PlayTime = TimeSpan.FromMilliseconds(500),
            MessageTime = TimeSpan.FromSeconds(3),
            RecordingFolder = recordings,
        });
    }

    /// <summary>A context in which this person is signed in. Nobody signs in twice: the session's cookie is kept.</summary>
    internal async Task<IBrowserContext> ContextAsync(string login)
    {
        var context = await Browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1440, Height = 900 },
            Locale = "en-GB",
            TimezoneId = "Europe/Rome",
            StorageState = _signedIn.GetValueOrDefault(login),
        });
        context.SetDefaultTimeout(40_000);
        if (_signedIn.ContainsKey(login))
            return context;
        var answer = await context.APIRequest.PostAsync(new Uri(Address, "api/session").ToString(), new APIRequestContextOptions
        {
            DataObject = new { login, password = Passwords.GetValueOrDefault(login, "demo") },
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Origin"] = Address.GetLeftPart(UriPartial.Authority) },
        });
        answer.Ok.Should().BeTrue(await answer.TextAsync());
        _signedIn[login] = await context.StorageStateAsync();
        return context;
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_host is not null)
            await _host.DisposeAsync();
        if (_pbx is not null)
            await _pbx.DisposeAsync();
    }
}

/// <summary>All journeys share the site, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PagesCollection : ICollectionFixture<PagesSite>
{
    public const string Name = "pages";
}
