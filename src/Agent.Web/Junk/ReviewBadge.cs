using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Live;
using CallCrm.AgentWeb.Session;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Junk;

/// <summary>How many cards wait to be looked at: for those who look at them, asked when the line comes up and a little after cards changed.</summary>
sealed class ReviewBadge
{
    /// <summary>Many callers in a moment are one question.</summary>
    static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    readonly ApiClient _api;
    readonly FeedClient _feed;
    readonly SignedIn _session;
    readonly TimeProvider _time;
    bool _connected;
    bool _due;

    public ReviewBadge(ApiClient api, FeedClient feed, SignedIn session, TimeProvider time)
    {
        (_api, _feed, _session, _time) = (api, feed, session, time);
        feed.Changed += OnFeed;
    }

    /// <summary>Null until it is known.</summary>
    public int? Waiting { get; private set; }

    public event Action? Changed;

    public async Task AskAsync()
    {
        if (!_session.May("client.review"))
            return;
        try
        {
            var waiting = (await _api.UnconfirmedCountAsync()).Waiting;
            if (waiting == Waiting)
                return;
            Waiting = waiting;
            Changed?.Invoke();
        }
        catch (ApiException)
        {
            // The next change asks again.
        }
    }

    void OnFeed(FeedMessage? message)
    {
        var came = _feed.Connected && !_connected;
        _connected = _feed.Connected;
        if (came || message?.Snapshot == true)
            _ = AskAsync();
        else if (!_due && _session.May("client.review") && message?.Events.OfType<HintEvent>().Any(h => h.Subject == "client") == true)
            _ = AskSoonAsync();
    }

    async Task AskSoonAsync()
    {
        _due = true;
        await Task.Delay(Calm, _time);
        _due = false;
        await AskAsync();
    }
}
