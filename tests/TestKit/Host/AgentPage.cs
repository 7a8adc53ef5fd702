using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Threading.Channels;
using CallCrm.Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.TestKit.Host;

/// <summary>An agent's page without a browser: signs in, holds the live feed, shows pops, sends commands. The public API only.</summary>
public sealed class AgentPage : IAsyncDisposable
{
    readonly HubConnection _hub;
    readonly Channel<LiveEvent> _events = Channel.CreateUnbounded<LiveEvent>();

    AgentPage(Uri address)
    {
        Cookies = new CookieContainer();
        Http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies }) { BaseAddress = address };
        var origin = address.GetLeftPart(UriPartial.Authority);
        Http.DefaultRequestHeaders.Add("Origin", origin);
        _hub = new HubConnectionBuilder()
            .WithUrl(new Uri(address, "hubs/live"), o =>
            {
                o.Cookies = Cookies;
                o.Headers["Origin"] = origin;
            })
            .AddJsonProtocol(o => o.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default))
            .Build();
        _hub.On<FeedMessage>("Feed", Take);
    }

    public HttpClient Http { get; }

    public CookieContainer Cookies { get; }

    public string PageId { get; } = Guid.NewGuid().ToString("N")[..12];

    public string? Position { get; private set; }

    public DeskView? Desk { get; private set; }

    /// <summary>When false, pops are shown but never acknowledged: a page that hangs.</summary>
    public bool AcknowledgesPops { get; set; } = true;

    /// <summary>All that came, in order.</summary>
    public ConcurrentQueue<LiveEvent> Seen { get; } = new();

    /// <summary>Signs in, opens the feed, sits down at the extension and becomes ready.</summary>
    public static async Task<AgentPage> OpenAsync(Uri address, string login, string password, string? node = null, string? extension = null, bool ready = true)
    {
        var page = new AgentPage(address);
        using var answer = await page.Http.PostAsJsonAsync("api/session", new SignInRequest(login, password), ContractsJson.Default.SignInRequest);
        answer.EnsureSuccessStatusCode();
        await page.ConnectAsync();
        if (node is null || extension is null)
            return page;
        await page.CommandAsync("sign_in", node: node, extension: extension);
        if (ready)
            await page.CommandAsync("ready");
        return page;
    }

    public async Task ConnectAsync()
    {
        await _hub.StartAsync();
        Take(await _hub.InvokeAsync<FeedMessage>("Resume", Position, PageId));
    }

    public Task DisconnectAsync() => _hub.StopAsync();

    public Task<CommandAnswer> DialAsync(string number) => CommandAsync(new CommandRequest(Guid.CreateVersion7(), "dial", Number: number));

    public Task<CommandAnswer> CommandAsync(string kind, Guid? call = null, string? node = null, string? extension = null, string? reason = null, Guid? client = null) =>
        CommandAsync(new CommandRequest(Guid.CreateVersion7(), kind, call, node, extension, reason, client));

    async Task<CommandAnswer> CommandAsync(CommandRequest command)
    {
        using var response = await Http.PostAsJsonAsync("api/commands", command, ContractsJson.Default.CommandRequest);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!;
    }

    /// <summary>The next event of this kind that fits; others are passed over.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool>? fits = null, TimeSpan? within = null) where T : LiveEvent
    {
        using var patience = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(15));
        try
        {
            await foreach (var e in _events.Reader.ReadAllAsync(patience.Token))
            {
                if (e is T wanted && (fits is null || fits(wanted)))
                    return wanted;
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"No {typeof(T).Name} came. Seen: {string.Join(", ", Seen.Select(s => s.GetType().Name))}");
        }

        throw new InvalidOperationException("The feed ended.");
    }

    void Take(FeedMessage message)
    {
        Position = message.Position;
        if (message.Desk is { } desk)
            Desk = desk;
        foreach (var e in message.Events)
        {
            Seen.Enqueue(e);
            _events.Writer.TryWrite(e);
            if (e is PopEvent pop && AcknowledgesPops)
                _ = _hub.InvokeAsync("PopSeen", pop.Pop.OfferId, true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        Http.Dispose();
    }
}
