using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Live;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Missed;

/// <summary>How many missed callers wait for this person: asked when the line comes up, told by the feed from then on.</summary>
sealed class MissedBadge
{
    readonly ApiClient _api;
    readonly FeedClient _feed;
    bool _connected;

    public MissedBadge(ApiClient api, FeedClient feed)
    {
        (_api, _feed) = (api, feed);
        feed.Changed += OnFeed;
    }

    /// <summary>Null until it is known.</summary>
    public int? Waiting { get; private set; }

    public event Action? Changed;

    void OnFeed(FeedMessage? message)
    {
        if (message?.Events.OfType<HintEvent>().LastOrDefault(h => h.Subject == "missed") is { } hint && int.TryParse(hint.Key, out var waiting))
            Set(waiting);
        var came = _feed.Connected && !_connected;
        _connected = _feed.Connected;
        if (came)
            _ = AskAsync();
    }

    async Task AskAsync()
    {
        try
        {
            Set((await _api.MissedCountAsync()).Waiting);
        }
        catch (ApiException)
        {
            // The next hint brings it.
        }
    }

    void Set(int waiting)
    {
        if (Waiting == waiting)
            return;
        Waiting = waiting;
        Changed?.Invoke();
    }
}
