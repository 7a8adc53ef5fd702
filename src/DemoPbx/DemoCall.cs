using System.Collections.Immutable;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx;

/// <summary>A caller's end of a call: tells where it is, and can hang up or press keys. Safe from any thread.</summary>
public sealed class DemoCall
{
    private readonly PbxLoop _loop;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(DemoCallPlace Place, string? Device, TaskCompletionSource Reached)> _waiting = [];

    internal DemoCall(PbxLoop loop, DemoCaller caller) => (_loop, Caller) = (loop, caller);

    /// <summary>Raised on the PBX's thread after each change of <see cref="WhereAmI"/>; must not block.</summary>
    public event EventHandler? Moved;

    /// <summary>What the call was placed with.</summary>
    public DemoCaller Caller { get; }

    /// <summary>Where the caller is now.</summary>
    public DemoCallPlace WhereAmI { get; private set; }

    /// <summary>The phone that rings or talks, if any.</summary>
    public string? Device { get; private set; }

    /// <summary>Channel name at the PBX, once announced.</summary>
    public string? Channel => Leg?.Name;

    /// <summary>Unique id at the PBX, once announced.</summary>
    public string? Uniqueid => Leg?.Uniqueid;

    /// <summary>The call id the router gave, if it did.</summary>
    public string? CallId => Leg?.Get("CALLCRM_CALLID") is { Length: > 0 } id ? id : null;

    /// <summary>Whether an agent talked with the caller.</summary>
    public bool Talked => History.Any(h => h.Place == DemoCallPlace.Talking);

    /// <summary>All places in their order, with the phone where there was one.</summary>
    public ImmutableList<(DemoCallPlace Place, string? Device)> History { get; private set; } = [];

    /// <summary>Q.850 cause of the end.</summary>
    public int? Cause { get; private set; }

    /// <summary>Done when the call is over.</summary>
    public Task Ended => _ended.Task;

    internal PbxChannel? Leg { get; set; }

    internal Action<DemoCall>? HangUpNow { get; set; }

    internal Action<DemoCall, char>? PressNow { get; set; }

    /// <summary>The caller hangs up.</summary>
    public void HangUp() => _loop.Post(() => HangUpNow?.Invoke(this));

    /// <summary>The caller presses keys (RFC 4733 events at the trunk).</summary>
    public void PressDigits(string digits)
    {
        ArgumentNullException.ThrowIfNull(digits);
        foreach (var digit in digits)
        {
            _loop.Post(() => PressNow?.Invoke(this, digit));
        }
    }

    /// <summary>Done when the caller is, or has been, at a place (and with a phone, if one is named).</summary>
    public async Task<DemoCall> Reached(DemoCallPlace place, string? device = null)
    {
        var reached = await _loop.Ask(() =>
        {
            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (History.Exists(h => Fits(place, device, h.Place, h.Device)))
            {
                waiter.SetResult();
            }
            else
            {
                _waiting.Add((place, device, waiter));
            }

            return waiter.Task;
        }).ConfigureAwait(false);
        await reached.ConfigureAwait(false);
        return this;
    }

    internal void Move(DemoCallPlace place, string? device = null)
    {
        if (WhereAmI == DemoCallPlace.Ended || (WhereAmI == place && Device == device))
        {
            return;
        }

        (WhereAmI, Device) = (place, device);
        History = History.Add((place, device));
        foreach (var waiter in _waiting.FindAll(w => Fits(w.Place, w.Device, place, device)))
        {
            waiter.Reached.TrySetResult();
            _waiting.Remove(waiter);
        }

        Moved?.Invoke(this, EventArgs.Empty);
    }

    internal void Over(int? cause)
    {
        if (WhereAmI == DemoCallPlace.Ended)
        {
            return;
        }

        Cause = cause;
        Move(DemoCallPlace.Ended);
        foreach (var waiter in _waiting)
        {
            waiter.Reached.TrySetException(new InvalidOperationException($"The call ended before it was at {waiter.Place} {waiter.Device}."));
        }

        _waiting.Clear();
        _ended.TrySetResult();
    }

    private static bool Fits(DemoCallPlace wanted, string? device, DemoCallPlace place, string? at) =>
        wanted == place && (device is null || device == at);
}
