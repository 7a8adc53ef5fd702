using System.Collections.Concurrent;
using System.Text.Json;
using CallCrm.Contracts;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Pages;

/// <summary>A person at a browser of their own, signed in. Whatever fails in it is kept until <see cref="EndAsync"/>.</summary>
sealed class Visitor(Uri address, IBrowserContext context) : IAsyncDisposable
{
    static readonly JsonSerializerOptions Json = ContractsJson.Default.Options;

    readonly ConcurrentQueue<string> _troubles = new();
    readonly ConcurrentQueue<Task<string>> _told = new();
    readonly List<(int Status, string Path)> _refusals = [];
    IPage? _page;

    public IPage Page => _page ?? throw new InvalidOperationException("No page is open yet.");

    async Task<IPage> ComeAsync()
    {
        if (_page is not null)
            return _page;
        _page = await context.NewPageAsync();
        _page.PageError += (_, error) => _troubles.Enqueue("page error: " + error);
        // What the server refuses is told with its address by the response below.
        _page.Console += (_, said) =>
        {
            if (said.Type == "error" && !said.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                _troubles.Enqueue("console: " + said.Text);
        };
        context.Response += (_, response) =>
        {
            Note(response.Status, response.Request);
            if (response.Url.Contains("/api/", StringComparison.Ordinal))
                _told.Enqueue(BodyAsync(response));
        };
        _page.WebSocket += (_, feed) => feed.FrameReceived += (_, frame) => _told.Enqueue(Task.FromResult(frame.Text ?? ""));
        // A page that is left, and a download, end their request themselves.
        context.RequestFailed += (_, request) =>
        {
            if (request.Failure != "net::ERR_ABORTED")
                _troubles.Enqueue($"{request.Method} {request.Url}: {request.Failure}");
        };
        return _page;
    }

    static async Task<string> BodyAsync(IResponse response)
    {
        try
        {
            return await response.TextAsync();
        }
        catch (PlaywrightException)
        {
            return ""; // A download, or of a page that was left.
        }
    }

    /// <summary>All that this browser was told since its page was opened, shows, or keeps: answers, the live feed, titles and boxes as much as what is read.</summary>
    public async Task<string> EverythingAsync() => string.Join('\n', [.. await Task.WhenAll(_told), await Page.EvaluateAsync<string>(Held)]);

    const string Held = """
        () => [document.title, document.documentElement.outerHTML, ...[...document.querySelectorAll('input, textarea, select')].map(e => e.value),
          JSON.stringify(localStorage), JSON.stringify(sessionStorage)].join('\n')
        """;

    /// <summary>The next answer with this status from there is meant.</summary>
    public void ExpectRefusal(int status, string path)
    {
        lock (_refusals)
            _refusals.Add((status, path));
    }

    void Note(int status, IRequest request)
    {
        if (status < 400)
            return;
        lock (_refusals)
        {
            if (_refusals.FindIndex(r => r.Status == status && request.Url.Contains(r.Path, StringComparison.Ordinal)) is int at and >= 0)
                _refusals.RemoveAt(at);
            else
                _troubles.Enqueue($"{request.Method} {request.Url}: {status}");
        }
    }

    /// <summary>An element by its test hook.</summary>
    public ILocator See(string hook) => Page.Locator($"[data-test='{hook}']");

    public ILocator See(string hook, string text) => Page.Locator($"[data-test='{hook}']", new PageLocatorOptions { HasText = text });

    /// <summary>A box of the client's form, whose error stands in it.</summary>
    public ILocator Field(string input) => Page.Locator($".field:has(#{input})");

    /// <summary>By its address, as from a bookmark.</summary>
    public async Task OpenAsync(string path)
    {
        await (await ComeAsync()).GotoAsync(new Uri(address, path).ToString());
        await Page.Locator("main h1").First.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
    }

    public Task OpenAsync(ClientCardView client) => OpenAsync($"clients/{client.Id}");

    /// <summary>As by a link within the pages.</summary>
    public Task GoAsync(string path) => Page.EvaluateAsync("path => Blazor.navigateTo(path)", path);

    /// <summary>What was only in the browser is gone.</summary>
    public async Task ReloadAsync()
    {
        await Page.ReloadAsync();
        await Page.Locator("main h1").First.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
    }

    /// <summary>A click that downloads.</summary>
    public async Task<byte[]> DownloadAsync(ILocator link)
    {
        var download = await Page.RunAndWaitForDownloadAsync(() => link.ClickAsync());
        return await File.ReadAllBytesAsync((await download.PathAsync())!);
    }

    public async Task<T> GetAsync<T>(string path) => Read<T>(await AskAsync("GET", path));

    public async Task<T> SendAsync<T>(string method, string path, object? body) => Read<T>(await AskAsync(method, path, body));

    /// <summary>The same session past the page: its API as it answers.</summary>
    /// <param name="body">As JSON; a text as it stands, of the type that is said.</param>
    public async Task<(int Status, string Body)> AskAsync(string method, string path, object? body = null, string type = "application/json")
    {
        var answer = await context.APIRequest.FetchAsync(new Uri(address, path).ToString(), new APIRequestContextOptions
        {
            Method = method,
            DataString = body is null ? null : body as string ?? JsonSerializer.Serialize(body, body.GetType(), Json),
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["Origin"] = address.GetLeftPart(UriPartial.Authority), ["Content-Type"] = type },
        });
        return (answer.Status, await answer.TextAsync());
    }

    static T Read<T>((int Status, string Body) answer)
    {
        answer.Status.Should().BeInRange(200, 299, answer.Body);
        return typeof(T) == typeof(JsonElement) ? default! : JsonSerializer.Deserialize<T>(answer.Body, Json)!;
    }

    /// <summary>Nothing failed on the way, and the page that is open fits a telephone.</summary>
    public async Task EndAsync()
    {
        // Who only prepared something has opened none.
        if (_page is not null)
        {
            await _page.SetViewportSizeAsync(390, 844);
            await FitsAsync();
        }

        _troubles.Should().BeEmpty();
        lock (_refusals)
            _refusals.Should().BeEmpty("these refusals were expected");
    }

    /// <summary>Nothing is wider than the window.</summary>
    public async Task FitsAsync() => (await Page.EvaluateAsync<string>(Wider)).Should().BeEmpty($"{Page.Url} does not scroll sideways");

    /// <summary>Two frames on the page has drawn itself in its new width. What makes it too wide is told.</summary>
    const string Wider = """
        () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
          const room = document.documentElement.clientWidth, over = document.documentElement.scrollWidth - room;
          const widest = [...document.querySelectorAll('main *')].find(e => e.getBoundingClientRect().right > room + 1 && !e.closest('.table-wrap'));
          done(over > 0 ? `${over} px too wide: ${widest?.outerHTML.slice(0, 200) ?? ''}` : '');
        })))
        """;

    public async Task<string> TellAsync()
    {
        if (_page is null)
            return "";
        if (Environment.GetEnvironmentVariable("CALLCRM_SHOTS") is { Length: > 0 } folder)
            await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"pages-{Guid.NewGuid():N}.png"), FullPage = true });
        return $"At {Page.Url}: {string.Join("; ", _troubles)}";
    }

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
