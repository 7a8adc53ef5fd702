using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Live;
using CallCrm.AgentWeb.Session;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Admin;

/// <summary>What administrators should know of the host (the last backup is too old, the certificate ends): asked when the line comes up and every half hour.</summary>
sealed class HostNotice : IDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromMinutes(30);
    readonly ApiClient _api;
    readonly FeedClient _feed;
    readonly SignedIn _session;
    readonly ITimer _timer;
    bool _connected;

    public HostNotice(ApiClient api, FeedClient feed, SignedIn session, TimeProvider time)
    {
        (_api, _feed, _session) = (api, feed, session);
        _timer = time.CreateTimer(_ => Ask(), null, Every, Every);
        feed.Changed += OnFeed;
    }

    /// <summary>Null: nothing to tell.</summary>
    public BackupView? Late { get; private set; }

    /// <summary>Null: nothing to tell.</summary>
    public CertificateView? Certificate { get; private set; }

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
        var (late, certificate) = ((BackupView?)null, (CertificateView?)null);
        try
        {
            if (_session.May("settings.configure"))
            {
                if (await _api.BackupAsync() is { Late: true } backup)
                    late = backup;
                if (await _api.CertificateAsync() is { } view && (view.Soon || view.Refused))
                    certificate = view;
            }
        }
        catch (ApiException)
        {
            return;
        }

        if (Late == late && Certificate == certificate)
            return;
        (Late, Certificate) = (late, certificate);
        Changed?.Invoke();
    }

    public void Dispose()
    {
        _feed.Changed -= OnFeed;
        _timer.Dispose();
    }
}
