using System.Runtime.InteropServices;
using CallCrm.DemoPbx.Recording;

namespace CallCrm.DemoPbx.Core;

/// <summary>Asterisk's channel states, with its numbers.</summary>
internal enum ChannelState
{
    Down = 0,
    Ring = 4,
    Ringing = 5,
    Up = 6,
}

/// <summary>Why the application a channel is in must stop.</summary>
internal enum Interruption
{
    None,
    Hangup,
    Redirect,
    AbsoluteTimeout,
}

/// <summary>A place in the dialplan.</summary>
internal readonly record struct DialplanPoint(string Context, string Exten, string Priority);

/// <summary>How a channel came to its end: the numbers its <c>Hangup</c> event carries.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct HangupCause(int Q850, int? Sip = null)
{
    public static readonly HangupCause Unknown = new(0);
    public static readonly HangupCause Normal = new(16);
    public static readonly HangupCause CallerCancelled = new(127, 487);
    public static readonly HangupCause LegOfCancelledCall = new(127, 500);

    /// <summary>The text Asterisk prints beside the number.</summary>
    public string Text => Q850 switch
    {
        0 => "Unknown",
        1 => "Unallocated (unassigned) number",
        16 => "Normal Clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "User alerting, no answer",
        20 => "Subscriber absent",
        21 => "Call Rejected",
        26 => "Answered elsewhere",
        34 => "Circuit/channel congestion",
        38 => "Network out of order",
        127 => "Interworking, unspecified",
        _ => "Unknown",
    };

    /// <summary>What chan_pjsip answers a caller whom the dialplan hangs up on before the answer.</summary>
    public static HangupCause Rejected(int q850) => new(q850, q850 switch
    {
        1 or 2 or 3 => 404,
        17 => 486,
        18 => 408,
        19 or 20 => 480,
        21 => 403,
        22 => 410,
        28 => 484,
        34 => 503,
        38 or 127 => 500,
        _ => null,
    });
}

/// <summary>One channel: one leg of a call as the PBX sees it.</summary>
internal sealed class PbxChannel(string name, string uniqueid, string linkedid, string device)
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private CancellationTokenSource _interrupt = new();
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name { get; } = name;

    public string Uniqueid { get; } = uniqueid;

    public string Linkedid { get; } = linkedid;

    /// <summary>The endpoint the channel belongs to.</summary>
    public string Device { get; } = device;

    public ChannelState State { get; set; }

    public string CallerNumber { get; set; } = "";

    public string CallerName { get; set; } = "";

    public string ConnectedNumber { get; set; } = "";

    public string ConnectedName { get; set; } = "";

    /// <summary>Asterisk's name of the presentation, <c>allowed_not_screened</c> for an ordinary caller.</summary>
    public DemoPresentation Presentation { get; set; }

    /// <summary>The number dialled, as the trunk sent it.</summary>
    public string Dnid { get; init; } = "";

    public string Context { get; set; } = "";

    public string Exten { get; set; } = "";

    public int Priority { get; set; } = 1;

    public string Application { get; set; } = "";

    public string ApplicationData { get; set; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? AnsweredAt { get; set; }

    public PbxBridge? Bridge { get; set; }

    /// <summary>The far side heard ringing or an answer, so the endpoint counts as in use.</summary>
    public bool Busies { get; set; }

    /// <summary>Held by the other side of the bridge.</summary>
    public bool Held { get; set; }

    public bool Ended { get; set; }

    /// <summary>What the final <c>Hangup</c> says; set by whoever ends the channel.</summary>
    public HangupCause? Cause { get; set; }

    public CallRecording? Recording { get; set; }

    /// <summary>The phone at the other end, where there is one.</summary>
    public PbxPhone? Phone { get; set; }

    /// <summary>Completed when the phone at the other end hung up, or somebody hung up on it.</summary>
    public TaskCompletionSource<HangupCause> Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed, and made anew, when somebody else moves it to another bridge or out of one.</summary>
    public Task Moved => _moved.Task;

    /// <summary>A dialled leg that goes its own way through the dialplan now.</summary>
    public bool Onward { get; set; }

    public Interruption Pending { get; private set; }

    public DialplanPoint Target { get; private set; }

    /// <summary>Cancelled when the application must stop.</summary>
    public CancellationToken Interrupted => _interrupt.Token;

    public string StateText => State.ToString();

    public string Get(string variable) => _variables.GetValueOrDefault(variable, "");

    public bool Has(string variable) => _variables.ContainsKey(variable);

    /// <summary>Sets a variable; a leading <c>_</c> or <c>__</c> makes it inherited, as in the dialplan.</summary>
    public void Set(string variable, string value)
    {
        var plain = variable.TrimStart('_');
        _variables[plain] = value;
        if (variable.Length - plain.Length >= 2)
        {
            Inherited.Add(plain);
        }
    }

    /// <summary>Variables that legs dialled from here get too.</summary>
    public ISet<string> Inherited { get; } = new SortedSet<string>(StringComparer.Ordinal);

    /// <summary>Value of a <c>channelvars</c> entry.</summary>
    public string Shown(string variable) => variable switch
    {
        "CALLERID(num-pres)" or "CALLERID(pres)" or "CALLERID(name-pres)" => Presentation.AsteriskName(),
        "CALLERID(num)" => CallerNumber,
        "CALLERID(name)" => CallerName,
        "BRIDGEPEER" => Bridge is null ? "" : string.Join(',', Bridge.Channels.Where(c => c != this).Select(c => c.Name)),
        _ => Get(variable),
    };

    /// <summary>Stops the application: hang-up goes before everything, the rest is first come, first served.</summary>
    public void Interrupt(Interruption why, DialplanPoint target = default)
    {
        if (Ended || Pending == Interruption.Hangup || (Pending != Interruption.None && why != Interruption.Hangup))
        {
            return;
        }

        Pending = why;
        Target = target;
        _interrupt.Cancel();
    }

    public void TellMoved()
    {
        var told = _moved;
        _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        told.TrySetResult();
    }

    /// <summary>The dialplan has taken note of the interruption and goes on.</summary>
    public void Resume()
    {
        Pending = Interruption.None;
        _interrupt.Dispose();
        _interrupt = new CancellationTokenSource();
    }
}

/// <summary>Channels that hear each other; or a place where one waits alone.</summary>
internal sealed class PbxBridge(string id, bool waits = false)
{
    public string Id { get; } = id;

    public bool Waits { get; } = waits;

    public List<PbxChannel> Channels { get; } = [];
}
