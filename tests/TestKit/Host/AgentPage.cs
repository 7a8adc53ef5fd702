using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.TestKit.Host;

/// <summary>An agent's page without a browser: signs in, holds the live feed, shows pops, sends commands. The public API only.</summary>
public sealed class AgentPage : IAsyncDisposable
{
    readonly HubConnection _hub;
    readonly Channel<LiveEvent> _events = Channel.CreateUnbounded<LiveEvent>();

    AgentPage(Uri address, X509Certificate2? authority)
    {
        Cookies = new CookieContainer();
        var origin = address.GetLeftPart(UriPartial.Authority);
        Http = new HttpClient(Handler(authority)) { BaseAddress = address };
        Http.DefaultRequestHeaders.Add("Origin", origin);
        _hub = new HubConnectionBuilder()
            .WithUrl(new Uri(address, "hubs/live"), o =>
            {
                o.Headers["Origin"] = origin;
                o.Transports = HttpTransportType.WebSockets;
                o.HttpMessageHandlerFactory = _ => Handler(authority);
                o.WebSocketFactory = async (context, cancel) =>
                {
                    var socket = new ClientWebSocket();
                    socket.Options.SetRequestHeader("Origin", origin);
                    await socket.ConnectAsync(context.Uri, new HttpMessageInvoker(Handler(authority)), cancel);
                    return socket;
                };
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
    /// <param name="authority">Over https: the only one that is trusted; null: the system's.</param>
    public static async Task<AgentPage> OpenAsync(Uri address, string login, string password, string? node = null, string? extension = null, bool ready = true, X509Certificate2? authority = null)
    {
        var page = new AgentPage(address, authority);
        using var answer = await page.Http.PostAsJsonAsync("api/session", new SignInRequest(login, password), ContractsJson.Default.SignInRequest);
        answer.EnsureSuccessStatusCode();
        await page.ConnectAsync();
        if (node is null || extension is null)
            return page;
        await page.CommandAsync("sign_in", node: node, extension: extension);
        // A phone that has just signed in is known to the router a moment later.
        for (var tries = 0; ready && await page.CommandAsync("ready") is { Reason: "phone_unregistered" }; tries++)
        {
            if (tries == 40)
                throw new TimeoutException($"No phone is registered at {extension}: start it before its agent sits down.");
            await Task.Delay(250);
        }

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

    public async Task<CommandAnswer> CommandAsync(CommandRequest command)
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

    SocketsHttpHandler Handler(X509Certificate2? authority) => Trusting(authority, new SocketsHttpHandler { CookieContainer = Cookies });

    /// <summary>Takes certificates of this authority alone.</summary>
    public static SocketsHttpHandler Trusting(X509Certificate2? authority, SocketsHttpHandler handler)
    {
        if (authority is null)
            return handler;
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.Add(authority);
        return handler;
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
