using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Session;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Desk;

/// <summary>Which campaign this person calls for, until they choose another; kept in the browser as drafts are. None at first, and when it is over.</summary>
sealed class DialCampaign(Browser browser, SignedIn session, TimeProvider time)
{
    Guid? _of;
    string? _code;

    public event Action? Changed;

    /// <summary>In the settings' order.</summary>
    public IEnumerable<CampaignView> Running => (session.Catalog?.Campaigns ?? []).Where(c => c.RunsAt(time.GetUtcNow()));

    public CampaignView? Chosen => _code is { } code && _of == session.View?.UserId ? Running.FirstOrDefault(c => c.Code == code) : null;

    /// <summary>What was chosen in this browser before the page was loaded.</summary>
    public async Task LoadAsync()
    {
        if (session.View?.UserId is not { } person || person == _of)
            return;
        (_of, _code) = (person, null);
        var kept = await browser.LoadAsync(Key(person));
        // Meanwhile a person may have chosen, or another one signed in.
        if (_of == person)
            _code ??= kept;
        Changed?.Invoke();
    }

    public async Task ChooseAsync(string? code)
    {
        if (session.View?.UserId is not { } person)
            return;
        (_of, _code) = (person, code is { Length: > 0 } ? code : null);
        Changed?.Invoke();
        await browser.SaveAsync(Key(person), _code);
    }

    /// <summary>The server knows it better: it is over or was put away, and others may run.</summary>
    public async Task OverAsync()
    {
        await ChooseAsync(null);
        await session.ReloadAsync();
        Changed?.Invoke();
    }

    static string Key(Guid person) => $"dial-campaign:{person}";
}
