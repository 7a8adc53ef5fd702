using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace CallCrm.AgentWeb.Frame;

/// <summary>The browser itself: painting, storage, keys, sound, notifications (wwwroot/app.js).</summary>
sealed class Browser(IJSRuntime js) : IDisposable
{
    DotNetObjectReference<Browser>? _self;

    /// <summary>answer, hang_up, spam, prefill, search, finish, wrap-up:back, help, escape; alt:1 … alt:9 anywhere, script:1 … and wrap-up:1 … where the focus is.</summary>
    public event Action<string>? Key;

    /// <summary>The network went (false) or came back (true), as far as the browser can tell.</summary>
    public event Action<bool>? Line;

    public async Task ListenAsync()
    {
        _self ??= DotNetObjectReference.Create(this);
        await js.InvokeVoidAsync("callcrm.listen", _self);
    }

    [JSInvokable]
    public void OnKey(string what) => Key?.Invoke(what);

    [JSInvokable]
    public void OnLine(bool online) => Line?.Invoke(online);

    /// <summary>Returns when the frame that shows it is painted; false in a hidden tab, which paints nothing.</summary>
    public ValueTask<bool> PaintedAsync(Guid offer) => js.InvokeAsync<bool>("callcrm.painted", offer.ToString());

    public ValueTask BadgeAsync(string? text) => js.InvokeVoidAsync("callcrm.badge", text);

    public ValueTask RingAsync(bool on) => js.InvokeVoidAsync("callcrm.ring", on);

    public ValueTask NotifyAsync(string heading, string text) => js.InvokeVoidAsync("callcrm.notify", heading, text);

    /// <summary>granted, denied, default (not asked yet), none (this browser cannot).</summary>
    public ValueTask<string?> NotifyStateAsync() => js.InvokeAsync<string?>("callcrm.notifyState");

    /// <summary>Rings once: playing, or blocked.</summary>
    public ValueTask<string?> TryRingAsync() => js.InvokeAsync<string?>("callcrm.tryRing");

    public ValueTask<string> AskToNotifyAsync() => js.InvokeAsync<string>("callcrm.askToNotify");

    public ValueTask<string?> LoadAsync(string key) => js.InvokeAsync<string?>("callcrm.load", key);

    public ValueTask SaveAsync(string key, string? value) => js.InvokeVoidAsync("callcrm.save", key, value);

    public ValueTask<Dictionary<string, string>> DraftsAsync(string prefix) => js.InvokeAsync<Dictionary<string, string>>("callcrm.drafts", prefix);

    public ValueTask<string> ThemeAsync() => js.InvokeAsync<string>("callcrm.theme");

    public ValueTask SetThemeAsync(string theme) => js.InvokeVoidAsync("callcrm.setTheme", theme);

    public ValueTask FocusAsync(string selector) => js.InvokeVoidAsync("callcrm.focus", selector);

    /// <summary>Scrolls a box, and nothing around it, until its line can be read; not under a pointer that is in it.</summary>
    public ValueTask FollowAsync(string box, int line) => js.InvokeVoidAsync("callcrm.follow", box, line);

    /// <summary>Calls OnEnd of its component when this element comes near what is seen.</summary>
    public ValueTask WatchEndAsync(ElementReference element, DotNetObjectReference<EndOfList> component) => js.InvokeVoidAsync("callcrm.watchEnd", element, component);

    /// <summary>Focuses only when nothing has the focus.</summary>
    public ValueTask FocusIfFreeAsync(string selector) => js.InvokeVoidAsync("callcrm.focusIfFree", selector);

    /// <summary>Puts the cursor of a text box there; both from 1.</summary>
    public ValueTask CaretAsync(string selector, int line, int column) => js.InvokeVoidAsync("callcrm.caret", selector, line, column);

    /// <summary>Keeps the focus in this dialog while it is open, gives it back after.</summary>
    public ValueTask TrapAsync(string selector) => js.InvokeVoidAsync("callcrm.trap", selector);

    /// <summary>The document's language, for screen readers and hyphens.</summary>
    public ValueTask SetLanguageAsync(string code) => js.InvokeVoidAsync("callcrm.language", code);

    /// <summary>Answer to a question that the page's script asked before .NET was up; null when there is none.</summary>
    public async ValueTask<(int Status, string Body)?> EarlyAsync(string path)
    {
        var answer = await js.InvokeAsync<JsonElement?>("callcrm.early", path);
        return answer is { ValueKind: JsonValueKind.Object } found
            ? (found.GetProperty("status").GetInt32(), found.GetProperty("body").GetString() ?? "")
            : null;
    }

    public void Dispose() => _self?.Dispose();
}
