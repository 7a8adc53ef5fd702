using System.Collections.Immutable;
using System.Globalization;
using CallCrm.DemoPbx.Ami;
using CallCrm.DemoPbx.Recording;
using Microsoft.Extensions.Logging;

namespace CallCrm.DemoPbx.Core;

/// <summary>
/// The PBX's state between two boots: channels, bridges, phones, and the small steps every scenario is made of.
/// All of it belongs to the loop.
/// </summary>
internal sealed class Exchange
{
    private readonly Dictionary<string, PbxChannel> _channels = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<PbxPhone> _phones = [];
    private long _counter;

    public Exchange(DemoPbxOptions options, TimeProvider time, PbxLoop loop, AmiEvents events, Recordings recordings, ILogger logger)
    {
        (Options, Time, Loop, Events, Recordings, Logger) = (options, time, loop, events, recordings, logger);
        BootedAt = time.GetUtcNow();
        Random = new Random(options.Seed);
        Devices = new DeviceStates(this);
        _phones.AddRange((options.Phones.Count > 0 ? options.Phones.AsEnumerable() : DemoPbxOptions.StandardPhones()).Select(p => new PbxPhone(this, p)));
    }

    public DemoPbxOptions Options { get; }

    /// <summary>Global variables of the dialplan.</summary>
    public Dictionary<string, string> Globals { get; } = new(StringComparer.OrdinalIgnoreCase);

    public TimeProvider Time { get; }

    public PbxLoop Loop { get; }

    public AmiEvents Events { get; }

    public Recordings Recordings { get; }

    public ILogger Logger { get; }

    public DeviceStates Devices { get; }

    public Random Random { get; }

    public DateTimeOffset BootedAt { get; }

    /// <summary>Set when this boot is over: whatever still runs stops without a word.</summary>
    public CancellationTokenSource PowerCut { get; } = new();

    public IReadOnlyList<PbxPhone> Phones => _phones;

    public IEnumerable<PbxChannel> Channels => _channels.Values.OrderBy(c => c.CreatedAt).ThenBy(c => c.Name, StringComparer.Ordinal);

    public List<DemoCall> Calls { get; } = [];

    public int FallbackCalls { get; set; }

    public int ProcessedCalls { get; private set; }

    /// <summary>What other threads see of <see cref="Channels"/>.</summary>
    public ImmutableArray<DemoChannelInfo> Snapshot { get; private set; } = [];

    public PbxPhone? FindPhone(string device) => _phones.Find(p => p.Name == device);

    public PbxChannel? FindChannel(string name) =>
        _channels.GetValueOrDefault(name) ?? _channels.Values.FirstOrDefault(c => c.Uniqueid == name);

    public PbxChannel NewChannel(string device, ChannelState state, string? linkedid = null, string? uniqueid = null, string dnid = "")
    {
        var number = _counter++;
        var own = uniqueid ?? string.Create(CultureInfo.InvariantCulture,
            $"{(Options.Node.Length > 0 ? Options.Node + "-" : "")}{Time.GetUtcNow().ToUnixTimeSeconds()}.{number}");
        var channel = new PbxChannel($"{device}-{number:x8}", own, linkedid ?? own, device)
        {
            State = state,
            CreatedAt = Time.GetUtcNow(),
            Dnid = dnid,
        };
        _channels.Add(channel.Name, channel);
        ProcessedCalls++;
        Publish();
        return channel;
    }

    public void Emit(string name, PbxChannel channel, Action<AmiText>? more = null, AmiClasses one = AmiClasses.Call) =>
        Events.Emit(one, name, text =>
        {
            text.Channel(channel, Options.ChannelVariables);
            more?.Invoke(text);
        });

    /// <summary>Sets a variable and says so, as the dialplan does.</summary>
    public void SetVariable(PbxChannel channel, string variable, string value)
    {
        channel.Set(variable, value);
        Emit("VarSet", channel, t => t.Line("Variable", variable.TrimStart('_')).Line("Value", AmiText.Escape(value)), AmiClasses.Dialplan);
    }

    /// <summary>The dialplan goes to a priority and starts its application.</summary>
    public void Step(PbxChannel channel, string context, string exten, int priority, string application, string data = "")
    {
        (channel.Context, channel.Exten, channel.Priority) = (context, exten, priority);
        (channel.Application, channel.ApplicationData) = (application, data);
        Emit("Newexten", channel,
            t => t.Line("Extension", exten).Line("Application", application).Line("AppData", data), AmiClasses.Dialplan);
    }

    public void Answer(PbxChannel channel)
    {
        if (channel.State == ChannelState.Up)
        {
            return;
        }

        channel.State = ChannelState.Up;
        channel.AnsweredAt = Time.GetUtcNow();
        channel.Busies = true;
        channel.Recording?.MediaStarts(Time.GetUtcNow());
        Emit("Newstate", channel);
        Publish();
    }

    public void Join(PbxBridge bridge, PbxChannel channel)
    {
        bridge.Channels.Add(channel);
        channel.Bridge = bridge;
        Events.Emit(AmiClasses.Call, "BridgeEnter", t => t.Bridge(bridge).Channel(channel, Options.ChannelVariables));
        Publish();
    }

    public void Leave(PbxChannel channel)
    {
        if (channel.Bridge is not { } bridge)
        {
            return;
        }

        bridge.Channels.Remove(channel);
        channel.Bridge = null;
        Events.Emit(AmiClasses.Call, "BridgeLeave", t => t.Bridge(bridge).Channel(channel, Options.ChannelVariables));
        Publish();
    }

    public PbxBridge CreateBridge(bool waits = false)
    {
        // Not by the seed: ids of bridges never come again, not even after a restart.
        var bridge = new PbxBridge(Guid.NewGuid().ToString(), waits);
        Events.Emit(AmiClasses.Call, "BridgeCreate", t => t.Bridge(bridge));
        return bridge;
    }

    public void Destroy(PbxBridge bridge) => Events.Emit(AmiClasses.Call, "BridgeDestroy", t => t.Bridge(bridge));

    /// <summary>Out of its bridge; who would be left alone there is out, too, and goes on in its own place.</summary>
    public void Part(PbxChannel channel)
    {
        if (channel.Bridge is not { } bridge)
        {
            return;
        }

        Leave(channel);
        channel.TellMoved();
        if (bridge is { Waits: false, Channels.Count: 1 })
        {
            var left = bridge.Channels[0];
            Leave(left);
            left.TellMoved();
        }

        if (bridge.Channels.Count == 0)
        {
            Destroy(bridge);
        }
    }

    /// <summary>AMI Bridge: out of where they are, into one talk.</summary>
    public void Bring(PbxChannel first, PbxChannel second)
    {
        var bridge = CreateBridge();
        foreach (var channel in (ReadOnlySpan<PbxChannel>)[first, second])
        {
            Part(channel);
            Join(bridge, channel);
            channel.Recording?.Mark(Time.GetUtcNow(), CallSound.Talk);
            channel.TellMoved();
        }
    }

    /// <summary>The one end of every channel.</summary>
    public void End(PbxChannel channel, HangupCause cause)
    {
        if (channel.Ended)
        {
            return;
        }

        channel.Ended = true;
        channel.Gone.TrySetResult(cause);
        _channels.Remove(channel.Name);
        Emit("Hangup", channel, t =>
        {
            t.Line("Cause", cause.Q850).Line("Cause-txt", cause.Text);
            TechCause(t, cause);
        });
        channel.Recording?.Finish(Time.GetUtcNow());
        channel.Phone?.Forget(channel);
        Devices.Refresh(channel.Device);
        Publish();
    }

    public void HangupRequest(PbxChannel channel, HangupCause? cause, bool soft = false) =>
        Emit(soft ? "SoftHangupRequest" : "HangupRequest", channel, t =>
        {
            if (cause is { } known)
            {
                t.Line("Cause", known.Q850);
                TechCause(t, known);
            }
        });

    public void NewCallerid(PbxChannel channel) => Emit("NewCallerid", channel, t => t.Line("CID-CallingPres",
        channel.Presentation == DemoPresentation.WithheldButKnown ? "32 (Presentation Prohibited, Not Screened)" : "0 (Presentation Allowed, Not Screened)"));

    /// <summary>Waits in PBX time; false when the power was cut meanwhile.</summary>
    public async Task WaitAsync(TimeSpan time, CancellationToken cancel)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, PowerCut.Token);
        await Task.Delay(time, Time, both.Token);
    }

    /// <summary>A duration between two bounds, by the seed.</summary>
    public TimeSpan Between(TimeSpan from, TimeSpan? to) =>
        to is { } end && end > from ? from + ((end - from) * Random.NextDouble()) : from;

    public void Publish() =>
        Snapshot = [.. Channels.Select(c => new DemoChannelInfo(c.Name, c.Uniqueid, c.Linkedid, c.StateText, c.Bridge?.Id))];

    public string FormatUptime() => ((long)(Time.GetUtcNow() - BootedAt).TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static void TechCause(AmiText text, HangupCause cause)
    {
        if (cause.Sip is { } sip)
        {
            text.Line("TechCause", sip);
        }
    }
}
