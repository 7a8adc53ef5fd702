using CallCrm.DemoPbx.Ami;

namespace CallCrm.DemoPbx.Core;

/// <summary>
/// Works out device states from the channels, as chan_pjsip does, and tells of every change:
/// <c>DeviceStateChange</c> in words, <c>ExtensionStatus</c> of the phone's hint in numbers.
/// </summary>
internal sealed class DeviceStates(Exchange exchange)
{
    private readonly SortedDictionary<string, string> _told = new(StringComparer.Ordinal);

    public string Of(string device)
    {
        var channels = exchange.Channels.Where(c => c.Device == device).ToList();
        if (exchange.FindPhone(device) is { Registered: false } && channels.Count == 0)
        {
            return "UNAVAILABLE";
        }

        var ringing = channels.Exists(c => c.State == ChannelState.Ringing);
        var used = channels.FindAll(c => c.State == ChannelState.Up || (c.State == ChannelState.Ring && c.Busies));
        if (used.Count == 0)
        {
            return ringing ? "RINGING" : "NOT_INUSE";
        }

        if (ringing)
        {
            return "RINGINUSE";
        }

        // The state of who is being held, not of who pressed hold.
        return used.TrueForAll(c => c.Held) ? "ONHOLD" : "INUSE";
    }

    public IEnumerable<(string Device, string State)> All() =>
        exchange.Phones.Select(p => p.Name).Append(exchange.Options.Trunk).Select(d => (d, Of(d)));

    /// <summary>What Asterisk knows at boot it does not announce.</summary>
    public void LearnQuietly()
    {
        foreach (var (device, state) in All())
        {
            _told[device] = state;
        }
    }

    public void Refresh(string device)
    {
        var state = Of(device);
        if (_told.TryGetValue(device, out var before) && before == state)
        {
            return;
        }

        _told[device] = state;
        exchange.Events.Emit(AmiClasses.Call, "DeviceStateChange", t => t.Line("Device", device).Line("State", state));
        if (exchange.FindPhone(device) is not { } phone)
        {
            return;
        }

        var (number, words) = Hint(state);
        exchange.Events.Emit(AmiClasses.Call, "ExtensionStatus", t => t
            .Line("Exten", phone.Extension)
            .Line("Context", "hints")
            .Line("Hint", device)
            .Line("Status", number)
            .Line("StatusText", words));
    }

    private static (int Number, string Words) Hint(string state) => state switch
    {
        "INUSE" => (1, "InUse"),
        "BUSY" => (2, "Busy"),
        "UNAVAILABLE" => (4, "Unavailable"),
        "RINGING" => (8, "Ringing"),
        "RINGINUSE" => (9, "InUse&Ringing"),
        "ONHOLD" => (16, "Hold"),
        _ => (0, "Idle"),
    };
}
