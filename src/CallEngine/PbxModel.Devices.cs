namespace CallCrm.Engine;

/// <summary>
/// States of devices, said when they change. DeviceStateChange is the source; only for a device it has never named are
/// hints (ExtensionStatus) and contacts (ContactStatus) taken, which know less.
/// </summary>
public sealed partial class PbxModel
{
    const int MaxDevices = 65_536;

    readonly Dictionary<string, KnownDevice> _devices = new(StringComparer.Ordinal);

    enum DeviceSource { Contact, Hint, Device }

    readonly record struct KnownDevice(DeviceState State, DeviceSource Source);

    void OnDeviceStateChange(in PbxModelFields f)
    {
        if (f.Device is null || f.State is null)
            _malformed++;
        else if (!IsPhone(f.Device))
            _unwanted++;
        else
            SetDevice(f.Device, StateOf(f.State), DeviceSource.Device);
    }

    /// <summary>A hint of one device; a hint of several (<c>PJSIP/102&amp;Custom:DND102</c>) is the state of none of them.</summary>
    void OnExtensionStatus(PbxEvent e)
    {
        var hint = e["Hint"] ?? "";
        var comma = hint.IndexOf(',');
        var device = comma < 0 ? hint : hint[..comma];
        if (!IsPhone(device) || device.Contains('&') || PbxModelText.LeadingNumber(e["Status"]) is not { } bits)
        {
            _unwanted++;
            return;
        }

        DeviceState? state = bits switch
        {
            0 => DeviceState.NotInUse,
            1 => DeviceState.InUse,
            2 => DeviceState.Busy,
            4 => DeviceState.Unavailable,
            8 => DeviceState.Ringing,
            9 => DeviceState.RingInUse,
            16 or 17 => DeviceState.OnHold,
            _ => null,
        };
        if (state is { } told)
            SetDevice(device, told, DeviceSource.Hint);
        else
            _unwanted++;
    }

    /// <summary>
    /// Tells only whether the phone can be reached, so it changes nothing else that is known. NonQualified tells nothing:
    /// the first qualify after a registration or a restart is still out, and the device stays unavailable until then.
    /// </summary>
    void OnContactStatus(PbxEvent e)
    {
        if (e["EndpointName"] is not { Length: > 0 } endpoint)
        {
            _malformed++;
            return;
        }

        var device = "PJSIP/" + endpoint;
        switch (e["ContactStatus"])
        {
            case "Unreachable" or "Removed":
                SetDevice(device, DeviceState.Unavailable, DeviceSource.Contact);
                break;
            case "Reachable" when !_devices.TryGetValue(device, out var known)
                || known.State is DeviceState.Unavailable or DeviceState.Unknown or DeviceState.Invalid:
                SetDevice(device, DeviceState.NotInUse, DeviceSource.Contact);
                break;
            default:
                _unwanted++;
                break;
        }
    }

    void SetDevice(string device, DeviceState state, DeviceSource source)
    {
        if (_devices.TryGetValue(device, out var known))
        {
            if (source < known.Source || (source == known.Source && state == known.State))
            {
                _repeated++;
                return;
            }
        }
        else if (_devices.Count >= MaxDevices)
        {
            _unwanted++;
            return;
        }

        _devices[device] = new KnownDevice(state, source);
        if (known != default && known.State == state)
            _repeated++;
        else
            Say(new PbxFact.DeviceChanged(_node, _time, device, state));
    }

    /// <summary>Technology and resource, as channels have them; not <c>Queue:…</c>, <c>Custom:…</c>, <c>park:…</c> and the like.</summary>
    static bool IsPhone(string device)
    {
        var slash = device.IndexOf('/');
        return slash > 0 && slash < device.Length - 1 && device.AsSpan(0, slash).IndexOf(':') < 0 && !PbxModelText.IsHidden(device);
    }

    static DeviceState StateOf(string word) => word switch
    {
        "NOT_INUSE" => DeviceState.NotInUse,
        "INUSE" => DeviceState.InUse,
        "BUSY" => DeviceState.Busy,
        "INVALID" => DeviceState.Invalid,
        "UNAVAILABLE" => DeviceState.Unavailable,
        "RINGING" => DeviceState.Ringing,
        "RINGINUSE" => DeviceState.RingInUse,
        "ONHOLD" => DeviceState.OnHold,
        _ => DeviceState.Unknown,
    };
}
