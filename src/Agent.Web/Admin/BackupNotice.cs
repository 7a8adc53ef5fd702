using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Live;
using CallCrm.AgentWeb.Session;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Admin;

/// <summary>Whether the last backup is too old, for administrators: asked when the line comes up and every half hour.</summary>
sealed class BackupNotice : IDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromMinutes(30);
    readonly ApiClient _api;
    readonly FeedClient _feed;
    readonly SignedIn _session;
    readonly ITimer _timer;
    bool _connected;

    public BackupNotice(ApiClient api, FeedClient feed, SignedIn session, TimeProvider time)
    {
        (_api, _feed, _session) = (api, feed, session);
        _timer = time.CreateTimer(_ => Ask(), null, Every, Every);
        feed.Changed += OnFeed;
    }

    /// <summary>Null: nothing to tell.</summary>
    public BackupView? Late { get; private set; }

    public event Action? Changed;

    void OnFeed(FeedMessage? message)
    {
        var came = _feed.Connected && !_connected;
        _connected = _feed.Connected;
        if (came)
            Ask();
    }

    void Ask() => _ = AskAsync();

    internal async Task AskAsync()
    {
        var late = (BackupView?)null;
        try
        {
            if (_session.Is("admin") && await _api.BackupAsync() is { Late: true } view)
                late = view;
        }
        catch (ApiException)
        {
            return;
        }

        if (Late == late)
            return;
        Late = late;
        Changed?.Invoke();
    }

    public void Dispose()
    {
        _feed.Changed -= OnFeed;
        _timer.Dispose();
    }
}
