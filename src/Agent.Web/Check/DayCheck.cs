using System.Globalization;
using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Frame;

namespace CallCrm.AgentWeb.Check;

/// <summary>How far the server is, and how far its clock stands from this page's.</summary>
/// <param name="Way">There and back, the quickest of a few.</param>
/// <param name="Ahead">The page's clock against the server's; unsure by half the way.</param>
readonly record struct LineMeasure(TimeSpan Way, TimeSpan Ahead)
{
    static readonly TimeSpan MostAhead = TimeSpan.FromSeconds(2);
    static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(300);

    /// <summary>Beyond what the way alone may explain.</summary>
    public bool ClockIsOff => Ahead.Duration() - (Way / 2) > MostAhead;

    public bool IsSlow => Way > Slow;
}

/// <summary>The check before the first call: opens by itself once a day in each browser, and again when it is asked for.</summary>
sealed class DayCheck(ApiClient api, Browser browser, TimeProvider time)
{
    const int Measures = 3;
    Guid? _for;

    public bool IsOpen { get; private set; }

    public event Action? Changed;

    /// <summary>At the desk: opens unless it was closed here today.</summary>
    public async Task BeginAsync(Guid person)
    {
        if (_for == person)
            return;
        _for = person;
        if (await browser.LoadAsync(Key(person)) != Today)
            Set(open: true);
    }

    public void Open() => Set(open: true);

    public async Task CloseAsync()
    {
        Set(open: false);
        if (_for is { } person)
            await browser.SaveAsync(Key(person), Today);
    }

    /// <exception cref="ApiException">The server was not reached.</exception>
    public async Task<LineMeasure> MeasureAsync()
    {
        LineMeasure? best = null;
        for (var i = 0; i < Measures; i++)
        {
            var (sent, began) = (time.GetUtcNow(), time.GetTimestamp());
            var clock = await api.ClockAsync();
            var way = time.GetElapsedTime(began);
            if (best is not { } known || way < known.Way)
                best = new LineMeasure(way, sent + (way / 2) - clock.Now);
        }

        return best!.Value;
    }

    string Today => time.GetLocalNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    static string Key(Guid person) => $"check:{person:N}";

    void Set(bool open)
    {
        IsOpen = open;
        Changed?.Invoke();
    }
}
