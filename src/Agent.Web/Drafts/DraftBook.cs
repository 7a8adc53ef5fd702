using System.Collections.Concurrent;
using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Live;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Drafts;

/// <summary>
/// Everything typed about a call: shown at once, kept in the browser until the server has it, sent 400 ms after the last key.
/// What the server could not take is sent again until it does, also after a reload.
/// </summary>
sealed class DraftBook
{
    const string Prefix = "draft:";

    static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(400);
    static readonly TimeSpan Again = TimeSpan.FromSeconds(3);
    static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(2);

    readonly ApiClient _api;
    readonly FeedClient _feed;
    readonly Browser _browser;
    readonly TimeProvider _time;
    readonly ConcurrentDictionary<(Guid Call, string Field), Pending> _pending = new();

    /// <summary>Drafts of past calls, as the server had them when they were opened and as this page saved them since.</summary>
    readonly ConcurrentDictionary<Guid, ConcurrentDictionary<string, string>> _opened = new();
    readonly ConcurrentDictionary<Guid, IReadOnlyList<DraftFieldView>> _openedOthers = new();

    /// <summary>Of simulated calls: here alone, never sent, not kept in the browser.</summary>
    readonly ConcurrentDictionary<Guid, ConcurrentDictionary<string, string>> _practice = new();
    bool _loaded;

    public DraftBook(ApiClient api, FeedClient feed, Browser browser, TimeProvider time)
    {
        (_api, _feed, _browser, _time) = (api, feed, browser, time);
    }

    sealed class Pending(string value)
    {
        public string Value { get; set; } = value;

        public int Edit { get; set; }

        /// <summary>One write at a time: an earlier one must not overtake a later one on the way.</summary>
        public SemaphoreSlim Sending { get; } = new(1);
    }

    /// <summary>Something is not with the server yet.</summary>
    public bool Unsaved => !_pending.IsEmpty;

    /// <summary>The server refused or was not reached: the text is kept here and tried again.</summary>
    public bool Troubled { get; private set; }

    public event Action? Changed;

    /// <summary>What is typed under this id belongs to a simulated call.</summary>
    public void Practise(Guid id) => _practice[id] = new(StringComparer.Ordinal);

    public void ForgetPractice(Guid id) => _practice.TryRemove(id, out _);

    /// <summary>What this page typed, else what the server has.</summary>
    public string Value(Guid call, string field)
    {
        if (_practice.TryGetValue(call, out var own))
            return own.GetValueOrDefault(field, "");
        if (_pending.TryGetValue((call, field), out var typed))
            return typed.Value;
        if (_feed.State.Call?.CallId == call)
            return _feed.State.Draft.TryGetValue(field, out var known) ? known.Value : "";
        return _opened.TryGetValue(call, out var past) && past.TryGetValue(field, out var then) ? then : "";
    }

    /// <summary>Reads the draft of a call that is over, so that it can be shown and written on.</summary>
    /// <exception cref="ApiException">The server was not reached, or the call is not this person's.</exception>
    public async Task OpenAsync(Guid call)
    {
        var fields = await _api.DraftAsync(call);
        _openedOthers[call] = [.. fields.Where(f => f.By is not null)];
        _opened[call] = new(fields.Where(f => f.By is null).Select(f => KeyValuePair.Create(f.Field, f.Value)), StringComparer.Ordinal);
        Changed?.Invoke();
    }

    /// <summary>What the call's other agents noted, to be read only.</summary>
    public IEnumerable<DraftFieldView> OthersNotes(Guid call) =>
        (_feed.State.Call?.CallId == call ? _feed.State.Draft.Values : _openedOthers.GetValueOrDefault(call) ?? []).Where(f => f is { By: not null, Value.Length: > 0 }).OrderBy(f => f.By, StringComparer.CurrentCulture).ThenBy(f => f.Field, StringComparer.Ordinal);

    /// <summary>All fields with this prefix and a value, the prefix cut off.</summary>
    public Dictionary<string, string> Values(Guid call, string prefix)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (_practice.TryGetValue(call, out var own))
        {
            foreach (var (field, value) in own.Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal) && f.Value.Length > 0))
                found[field[prefix.Length..]] = value;
            return found;
        }

        if (_feed.State.Call?.CallId == call)
        {
            foreach (var (field, known) in _feed.State.Draft)
            {
                if (field.StartsWith(prefix, StringComparison.Ordinal) && known.Value.Length > 0)
                    found[field[prefix.Length..]] = known.Value;
            }
        }

        foreach (var ((of, field), typed) in _pending)
        {
            if (of == call && field.StartsWith(prefix, StringComparison.Ordinal))
                found[field[prefix.Length..]] = typed.Value;
        }

        return found;
    }

    public void Type(Guid call, string field, string value)
    {
        if (_practice.TryGetValue(call, out var own))
        {
            own[field] = value;
            Changed?.Invoke();
            return;
        }

        var typed = _pending.GetOrAdd((call, field), _ => new Pending(value));
        typed.Value = value;
        typed.Edit++;
        _ = SendLaterAsync(call, field, typed, typed.Edit);
        Changed?.Invoke();
    }

    /// <summary>After a reload or crash: what the server did not get then is sent now.</summary>
    public async Task RecoverAsync()
    {
        if (_loaded)
            return;
        _loaded = true;
        foreach (var (key, value) in await _browser.DraftsAsync(Prefix))
        {
            var parts = key.Split(':', 3);
            if (parts.Length == 3 && Guid.TryParse(parts[1], out var call))
                Type(call, parts[2], value);
        }
    }

    /// <summary>Waits until everything typed about the call is with the server, at most two seconds.</summary>
    public async Task FlushAsync(Guid call)
    {
        var all = _pending.ToArray().Where(p => p.Key.Call == call).Select(p => SendAsync(call, p.Key.Field, p.Value, p.Value.Edit));
        try
        {
            await Task.WhenAll(all).WaitAsync(LongestFlush, _time);
        }
        catch (TimeoutException)
        {
            // It goes on trying behind the page; the caller must not wait for a slow line.
        }
    }

    async Task SendLaterAsync(Guid call, string field, Pending typed, int edit)
    {
        await _browser.SaveAsync(Key(call, field), typed.Value);
        await Task.Delay(Quiet, _time);
        while (typed.Edit == edit && _pending.ContainsKey((call, field)) && !await SendAsync(call, field, typed, edit))
            await Task.Delay(Again, _time);
    }

    /// <returns>False when it should be tried again.</returns>
    async Task<bool> SendAsync(Guid call, string field, Pending typed, int edit)
    {
        await typed.Sending.WaitAsync();
        try
        {
            if (typed.Edit != edit || !_pending.ContainsKey((call, field)))
                return true; // Sent meanwhile, or a later edit sends it.
            var saved = await _api.SaveDraftAsync(call, field, new DraftWrite(typed.Value, _feed.PageId));
            _feed.TakeOwn(call, saved);
            if (_opened.TryGetValue(call, out var past))
                past[field] = saved.Value;
            await SettleAsync(call, field, typed, edit);
            return true;
        }
        catch (ApiException e) when (e.Status is System.Net.HttpStatusCode.NotFound or System.Net.HttpStatusCode.Forbidden or System.Net.HttpStatusCode.Gone)
        {
            // The call is not ours any more: nobody will ever take it.
            await SettleAsync(call, field, typed, edit);
            return true;
        }
        catch (ApiException)
        {
            Troubled = true;
            Changed?.Invoke();
            return false;
        }
        finally
        {
            typed.Sending.Release();
        }
    }

    async Task SettleAsync(Guid call, string field, Pending typed, int edit)
    {
        if (typed.Edit != edit)
            return;
        _pending.TryRemove((call, field), out _);
        await _browser.SaveAsync(Key(call, field), null);
        Troubled = Troubled && Unsaved;
        Changed?.Invoke();
    }

    static string Key(Guid call, string field) => $"{Prefix}{call}:{field}";
}
