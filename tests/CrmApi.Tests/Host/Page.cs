using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Host;

/// <summary>A signed-in browser: cookies, requests with our Origin, and live feeds.</summary>
sealed class Page : IAsyncDisposable
{
    readonly CookieContainer cookies = new();
    readonly List<LivePage> live = [];

    Page(Uri address)
    {
        Address = address;
        Http = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies }) { BaseAddress = address };
        Http.DefaultRequestHeaders.Add("Origin", Origin);
    }

    public Uri Address { get; }

    public string Origin => Address.GetLeftPart(UriPartial.Authority);

    public HttpClient Http { get; }

    public SessionView Session { get; private set; } = null!;

    public CookieContainer Cookies => cookies;

    public static Page Nobody(Uri address) => new(address);

    /// <summary>A program that signs its requests with a key: no cookie, no Origin.</summary>
    public static Page OfKey(Uri address, string secret)
    {
        var page = new Page(address);
        page.Http.DefaultRequestHeaders.Remove("Origin");
        page.Http.DefaultRequestHeaders.Add("Authorization", "Bearer " + secret);
        return page;
    }

    public static async Task<Page> SignInAsync(Uri address, string login, string password)
    {
        var page = new Page(address);
        using var answer = await page.Http.PostAsJsonAsync("api/session", new SignInRequest(login, password), ContractsJson.Default.SignInRequest);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        page.Session = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.SessionView))!;
        return page;
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type)
    {
        using var answer = await Http.GetAsync(path);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(type))!;
    }

    public async Task<(HttpStatusCode Status, ProblemView Problem)> ProblemAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var answer = await Http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        answer.Content.Headers.ContentType?.MediaType.Should().Be("application/problem+json", $"{(int)answer.StatusCode} {text}");
        return (answer.StatusCode, JsonSerializer.Deserialize(text, ContractsJson.Default.ProblemView)!);
    }

    public async Task<LivePage> OpenAsync(string? position = null, string? pageId = null)
    {
        var page = new LivePage(this, pageId);
        live.Add(page);
        await page.ConnectAsync(position);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var page in live) await page.DisposeAsync();
        Http.Dispose();
    }
}

/// <summary>One tab's line to the feed, with the rule of the contract: what comes before the answer to Resume is applied waits for it.</summary>
sealed class LivePage : IAsyncDisposable
{
    readonly Page page;
    readonly Lock sync = new();
    readonly List<FeedMessage> waiting = [];
    readonly SemaphoreSlim came = new(0);
    HubConnection hub;
    bool resumed;

    public LivePage(Page page, string? pageId)
    {
        this.page = page;
        PageId = pageId ?? Guid.NewGuid().ToString("N")[..12];
        hub = Build();
    }

    public string PageId { get; }

    public string? Position { get; private set; }

    public FeedMessage Answer { get; private set; } = null!;

    public ConcurrentQueue<FeedMessage> Messages { get; } = new();

    public ConcurrentQueue<LiveEvent> Events { get; } = new();

    public TaskCompletionSource Closed { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Action<LiveEvent>? On { get; set; }

    HubConnection Build()
    {
        var connection = new HubConnectionBuilder()
            .WithUrl(new Uri(page.Address, "hubs/live"), o =>
            {
                o.Cookies = page.Cookies;
                o.Headers["Origin"] = page.Origin;
                o.SkipNegotiation = true;
                o.Transports = Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets;
            })
            .AddJsonProtocol(o => o.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default))
            .Build();
        var closed = Closed;
        connection.On<FeedMessage>("Feed", message =>
        {
            lock (sync)
            {
                // A connection that was given up may still hand over what it had received.
                if (connection != hub) return;
                if (resumed) Take(message);
                else waiting.Add(message);
            }
        });
        connection.Closed += _ =>
        {
            closed.TrySetResult();
            return Task.CompletedTask;
        };
        return connection;
    }

    public async Task ConnectAsync(string? position)
    {
        await hub.StartAsync();
        var answer = await hub.InvokeAsync<FeedMessage>("Resume", position, PageId);
        lock (sync)
        {
            Answer = answer;
            Take(answer);
            foreach (var message in waiting) Take(message);
            waiting.Clear();
            resumed = true;
        }
    }

    /// <summary>The line breaks without a word, as a network does, and the page comes back.</summary>
    public async Task ReconnectAsync()
    {
        var old = hub;
        string? position;
        lock (sync)
        {
            resumed = false;
            waiting.Clear();
            Closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            hub = Build();
            position = Position;
        }

        await old.DisposeAsync();
        await ConnectAsync(position);
    }

    void Take(FeedMessage message)
    {
        Position = message.Position;
        Messages.Enqueue(message);
        foreach (var e in message.Events)
        {
            Events.Enqueue(e);
            On?.Invoke(e);
        }

        came.Release();
    }

    public Task PopSeenAsync(Guid offer, bool painted) => hub.InvokeAsync("PopSeen", offer, painted);

    public Task<T> InvokeAsync<T>(string method, params object?[] args) => hub.InvokeCoreAsync<T>(method, args);

    /// <summary>The first event that fits, of those that came and those to come.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool>? fits = null) where T : LiveEvent
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            if (Events.OfType<T>().FirstOrDefault(e => fits?.Invoke(e) ?? true) is { } found) return found;
            try
            {
                await came.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"No such {typeof(T).Name}. Came: {string.Join(", ", Events.Select(e => e.GetType().Name))}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        came.Dispose();
    }
}
