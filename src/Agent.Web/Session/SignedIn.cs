using System.Runtime.CompilerServices;
using System.Text.Json;
using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Session;

/// <summary>Who is signed in, and what the pages choose from. Null until somebody is.</summary>
sealed class SignedIn
{
    static readonly string[] Languages = ["en", "it", "ru"];

    readonly ApiClient _api;
    readonly Browser _browser;

    public SignedIn(ApiClient api, Browser browser)
    {
        (_api, _browser) = (api, browser);
        api.SignedOut += Forget;
    }

    public SessionView? View { get; private set; }

    public CatalogView? Catalog { get; private set; }

    /// <summary>The server could not be asked: neither signed in nor out.</summary>
    public ApiException? Failure { get; private set; }

    public event Action? Changed;

    /// <summary>What is on the screen, and is drawn again with each change; what has gone is forgotten by itself.</summary>
    readonly ConditionalWeakTable<SessionPart, object> _parts = [];

    public void Watch(SessionPart part) => _parts.AddOrUpdate(part, part);

    /// <summary>The person's own language when known, else the browser's, else English.</summary>
    public string Language => Known(View?.Language) ?? Known(System.Globalization.CultureInfo.CurrentCulture.TwoLetterISOLanguageName) ?? "en";

    /// <summary>What the server says of the role, such as client.edit; the server asks again at each request.</summary>
    public bool May(string right) => View?.Rights?.ContainsKey(right) == true;

    /// <summary>May do so with what is everybody's.</summary>
    public bool MayWithAll(string right) => View?.Rights?.GetValueOrDefault(right) == "all";

    public bool EditsScripts => May("script.edit");

    public async Task LoadAsync()
    {
        try
        {
            Failure = null;
            (View, Catalog) = await EarlyAsync() ?? (await _api.SessionAsync(), await _api.CatalogAsync());
        }
        catch (ApiException e) when (e.Status == System.Net.HttpStatusCode.Unauthorized)
        {
            (View, Catalog) = (null, null);
        }
        catch (ApiException e)
        {
            Failure = e;
        }

        Changed?.Invoke();
    }

    /// <summary>The page's script asked both while .NET was loading; null when that gave no answer to use.</summary>
    async Task<(SessionView, CatalogView)?> EarlyAsync()
    {
        var (session, catalog) = (await _browser.EarlyAsync("api/session"), await _browser.EarlyAsync("api/catalog"));
        if (session is not { Status: 200 } s || catalog is not { Status: 200 } c)
            return null;
        try
        {
            return JsonSerializer.Deserialize(s.Body, ContractsJson.Default.SessionView) is { } view
                && JsonSerializer.Deserialize(c.Body, ContractsJson.Default.CatalogView) is { } choices ? (view, choices) : null;
        }
        catch (JsonException)
        {
            return null; // Not our server's answer: asked again in the usual way, which tells what is wrong.
        }
    }

    /// <exception cref="ApiException">sign_in_failed, code_needed, code_wrong, locked_out, offline.</exception>
    public async Task SignInAsync(string login, string password, string? code = null)
    {
        View = await _api.SignInAsync(login, password, code);
        Catalog = await _api.CatalogAsync();
        Changed?.Invoke();
    }

    /// <summary>The settings changed: what one chooses from, and perhaps what one may.</summary>
    public async Task ReloadAsync()
    {
        try
        {
            (View, Catalog) = (await _api.SessionAsync(), await _api.CatalogAsync());
        }
        catch (ApiException)
        {
            return; // What is known serves on; the next hint asks again.
        }

        Changed?.Invoke();
        foreach (var (part, _) in _parts)
            part.SessionChanged();
    }

    void Forget()
    {
        (View, Catalog) = (null, null);
        Changed?.Invoke();
    }

    static string? Known(string? language) => Array.Find(Languages, l => l == language);
}
