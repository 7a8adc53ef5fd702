using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.Options;

namespace CallCrm.AllInOne;

/// <summary>The people at the demo's simulated phones, section <c>Demo</c>.</summary>
public sealed class DemoAgentsOptions
{
    public const string Section = "Demo";

    /// <summary>Run the demo PBX, the demo company and the simulated agents while no PBX is configured. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The demo company also with a configured PBX; its sign-ins are known to everybody. For labs. Default false.</summary>
    public bool Company { get; set; }

    /// <summary>Six of the company's agents are simulated. Default true.</summary>
    public bool Simulate { get; set; } = true;

    /// <summary>Sign-in names of the simulated agents, in the order of their extensions.</summary>
    public string[] Logins { get; set; } = ["anna", "luca", "marta", "pavel", "irina", "james"];

    /// <summary>Sign-in name of the person at the browser.</summary>
    public string Guest { get; set; } = "demo";

    /// <summary>First of their extensions. Default 101.</summary>
    public int FirstExtension { get; set; } = 101;

    /// <summary>Password of all demo sign-ins; known, so the demo listens on loopback only.</summary>
    public string Password { get; set; } = "demo";

    /// <summary>The PBX's node name. Default "demo".</summary>
    public string Node { get; set; } = "demo";

    /// <summary>How long a simulated agent writes up a call: 2 s to this. Default 12 s.</summary>
    public TimeSpan LongestWrapUp { get; set; } = TimeSpan.FromSeconds(12);
}

/// <summary>
/// Simulated agents sign in, show pops and write up calls through the public API and feed, like any page.
/// Their phones belong to the demo PBX.
/// </summary>
sealed partial class DemoAgents(
    IServer server, IHostApplicationLifetime lifetime, IOptions<DemoAgentsOptions> options, TimeProvider time, ILogger<DemoAgents> log) : BackgroundService
{
    static readonly TimeSpan Again = TimeSpan.FromSeconds(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stoppingToken);
        var own = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault(a => a.StartsWith("http://", StringComparison.Ordinal));
        if (own is null)
            return;
        var address = new Uri(own.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("[::]", "127.0.0.1", StringComparison.Ordinal));
        await Task.WhenAll(options.Value.Logins.Select((login, i) => KeepWorkingAsync(address, login, i, stoppingToken)));
    }

    async Task KeepWorkingAsync(Uri address, string login, int index, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await using var agent = new DemoAgent(address, login, index, options.Value, time);
                await agent.WorkAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or Microsoft.AspNetCore.SignalR.HubException or OperationCanceledException)
            {
                LogTroubled(login, e.Message);
            }

            try
            {
                await Task.Delay(Again, time, cancel);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Simulated agent {Login} signs in again: {Why}")]
    partial void LogTroubled(string login, string why);
}

/// <summary>One simulated agent's session.</summary>
sealed class DemoAgent : IAsyncDisposable
{
    static readonly string[] Notes =
    [
        "Asked for a new quote, sent by mail.", "Wants delivery on Friday, confirmed.", "Question about the last invoice, clarified.",
        "Will decide after the holidays.", "Changed the delivery address.", "Interested in the larger package; call back next week.",
    ];

    readonly HttpClient _http;
    readonly HubConnection _hub;
    readonly DemoAgentsOptions _options;
    readonly TimeProvider _time;
    readonly string _login;
    readonly string _extension;
    readonly string _page = "demo-" + Guid.NewGuid().ToString("N")[..8];
    readonly Random _random;
    readonly TaskCompletionSource<Exception?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    CancellationToken _cancel;

    public DemoAgent(Uri address, string login, int index, DemoAgentsOptions options, TimeProvider time)
    {
        (_login, _options, _time) = (login, options, time);
        _extension = (options.FirstExtension + index).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _random = new Random(index + 1);
        var cookies = new CookieContainer();
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies }) { BaseAddress = address };
        var origin = address.GetLeftPart(UriPartial.Authority);
        _http.DefaultRequestHeaders.Add("Origin", origin);
        _hub = new HubConnectionBuilder()
            .WithUrl(new Uri(address, "hubs/live"), o =>
            {
                o.Cookies = cookies;
                o.Headers["Origin"] = origin;
            })
            .AddJsonProtocol(o => o.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default))
            .Build();
        _hub.On<FeedMessage>("Feed", OnFeedAsync);
        _hub.Closed += e =>
        {
            _closed.TrySetResult(e);
            return Task.CompletedTask;
        };
    }

    public async Task WorkAsync(CancellationToken cancel)
    {
        _cancel = cancel;
        using var signedIn = await _http.PostAsJsonAsync("api/session", new SignInRequest(_login, _options.Password), ContractsJson.Default.SignInRequest, cancel);
        signedIn.EnsureSuccessStatusCode();
        await _hub.StartAsync(cancel);
        var first = await _hub.InvokeAsync<FeedMessage>("Resume", null, _page, cancel);
        await CommandAsync("sign_in", node: _options.Node, extension: _extension);
        if (first.Desk?.State is { State: not "Talking" and not "WrapUp" })
            await CommandAsync("ready");
        await OnFeedAsync(first);
        await _closed.Task.WaitAsync(cancel);
    }

    async Task OnFeedAsync(FeedMessage message)
    {
        if (message.Desk is { } desk)
            await OnStateAsync(desk.State);
        foreach (var e in message.Events)
        {
            switch (e)
            {
                case PopEvent pop:
                    await _hub.InvokeAsync("PopSeen", pop.Pop.OfferId, true, _cancel);
                    break;
                case MyStateEvent me:
                    await OnStateAsync(me.State);
                    break;
            }
        }
    }

    Task OnStateAsync(AgentStateView state)
    {
        switch (state.State)
        {
            case "WrapUp" when state.CallId is { } call:
                _ = AfterAsync(TimeSpan.FromSeconds(2 + (_random.NextDouble() * (_options.LongestWrapUp.TotalSeconds - 2))), () => WrapUpAsync(call));
                break;
            case "Paused" or "Away":
                _ = AfterAsync(TimeSpan.FromSeconds(20), () => CommandAsync("ready"));
                break;
        }

        return Task.CompletedTask;
    }

    async Task AfterAsync(TimeSpan delay, Func<Task> what)
    {
        try
        {
            await Task.Delay(delay, _time, _cancel);
            await what();
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or ObjectDisposedException)
        {
            // The session is ending; the next one takes up the state it finds.
        }
    }

    async Task WrapUpAsync(Guid call)
    {
        var catalog = await _http.GetFromJsonAsync("api/catalog", ContractsJson.Default.CatalogView, _cancel);
        // What anybody's call can end with: no branch, nothing of another queue, nothing that asks when.
        var leaves = catalog!.Dispositions.Where(d => d is { Group: false, Parent: null, Queues: null, Rule: null or { Task.Ask: not true, Callback.Ask: not true, DoNotCall: false } }).ToList();
        var disposition = leaves[_random.Next(leaves.Count)].Code;
        var save = new WrapUpSave(disposition, Notes[_random.Next(Notes.Length)], "", Finish: true, _page, Guid.CreateVersion7(_time.GetUtcNow()));
        (await _http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save, ContractsJson.Default.WrapUpSave, _cancel)).Dispose();
    }

    async Task CommandAsync(string kind, string? node = null, string? extension = null)
    {
        var command = new CommandRequest(Guid.CreateVersion7(_time.GetUtcNow()), kind, Node: node, Extension: extension);
        using var response = await _http.PostAsJsonAsync("api/commands", command, ContractsJson.Default.CommandRequest, _cancel);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _http.Dispose();
    }
}
