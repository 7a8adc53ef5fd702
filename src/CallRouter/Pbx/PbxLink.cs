using CallCrm.CallFlow;
using CallCrm.CallRouter.Doctor;
using CallCrm.Engine;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Pbx;

/// <summary>
/// One PBX: its AMI connection, and what it says on its way to the engine. One consumer, in order; a full queue or a cut line
/// ends in a snapshot, never in single events missing without a word.
/// </summary>
sealed partial class PbxLink(PbxOptions options, TimeProvider time, ILogger<PbxLink> log)
{
    static readonly TimeSpan SnapshotRetry = TimeSpan.FromMilliseconds(500);

    static readonly TimeSpan ResyncAtMost = TimeSpan.FromSeconds(10);

    long? _resyncAsked;
    volatile AmiClient? _ami;
    volatile bool _recordInternal;
    volatile bool _notifies = true;
    volatile PhoneTest? _test;

    public string Node => options.Node;

    public PbxOptions Options => options;

    public bool Connected { get; private set; }

    /// <summary>The AMI let us in.</summary>
    public Action? LoggedIn { get; set; }

    /// <summary>Calls between colleagues that are dialled on a phone are recorded by the site's dialplan (callcrm-record-internal): told at each login and change.</summary>
    public async Task RecordInternalAsync(bool record, CancellationToken cancel)
    {
        var same = _recordInternal == record;
        _recordInternal = record;
        if (!same && _ami is { } ami && Connected)
            await TellRecordingAsync(ami, cancel);
    }

    async Task TellRecordingAsync(AmiClient ami, CancellationToken cancel)
    {
        var answer = await ami.SendAsync(PbxActions.SetGlobal("CALLCRM_RECORD_INTERNAL", _recordInternal ? "1" : "0"), cancel);
        if (!answer.IsSuccess && _recordInternal)
            LogNoInternalRecording(Node, answer.Message);
    }

    /// <summary>For as long as the domain is held; a connection of its own each time, so that nothing old is left in it.</summary>
    /// <param name="fence">Tells other routers of the domain, and hears of them; null: there can be none.</param>
    public async Task RunAsync(IInputs inputs, RouterFence? fence, CancellationToken cancel)
    {
        _seen = false;
        var ami = new AmiClient(PbxActions.ClientOptions(options), time);
        _ami = ami;
        ami.StatusChanged = status => TellNeverSeen(status, inputs, cancel);
        var reading = ami.RunAsync(cancel);
        try
        {
            await foreach (var signal in ami.Signals.ReadAllAsync(cancel))
                await TakeAsync(ami, signal, inputs, fence, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The domain was lost, or the host stops.
        }
        finally
        {
            (_ami, Connected) = (null, false);
            await reading;
        }
    }

    /// <summary>Only a login that ends is a signal: a PBX that could not be reached from the start is told here, so that pages do not show what was before us.</summary>
    void TellNeverSeen(AmiStatus status, IInputs inputs, CancellationToken cancel)
    {
        _seen |= status.State == AmiState.LoggedIn;
        if (!_seen && status.State is (AmiState.Lost or AmiState.LoginRefused) && !cancel.IsCancellationRequested)
            _ = inputs.PutAsync(new EngineInput.PbxLost(Node, (status.Reason ?? AmiLostReason.ConnectFailed).ToString()), cancel).AsTask();
    }

    volatile bool _seen;

    /// <summary>Our picture of this PBX was found wrong: a snapshot is taken, soon but not more often than every ten seconds.</summary>
    public void Resync()
    {
        if (_ami is not { } ami || !Connected || (_resyncAsked is { } last && time.GetElapsedTime(last) < ResyncAtMost))
            return;
        _resyncAsked = time.GetTimestamp();
        ami.Distrust();
    }

    // Events up to this position were sent before the lists were made: they are in the snapshot.
    long _inSnapshot;

    async Task TakeAsync(AmiClient ami, AmiSignal signal, IInputs inputs, RouterFence? fence, CancellationToken cancel)
    {
        switch (signal)
        {
            case AmiEvent e when RouterFence.IsAnnouncement(e):
                if (fence is not null && await fence.HearAsync(e, Node))
                    await AnnounceAsync(ami, fence, cancel);
                break;
            case AmiEvent e when PhoneTest.IsOurs(e):
                _test?.Hear(e);
                break;
            case AmiEvent e when e.Sequence > _inSnapshot && Connected && !AgiCheck.IsChannel(e["Channel"] ?? e["LocalOneChannel"]):
                await inputs.PutAsync(new EngineInput.PbxSaid(ToPbxEvent(e), PbxModel.MayBeginCall(e.Name) ? NewCall() : default), cancel);
                break;
            case AmiConnected connected:
                LogConnected(Node, connected.AsteriskVersion, connected.SystemName);
                LoggedIn?.Invoke();
                WarnOfOtherName(connected);
                await AnnounceAsync(ami, fence, cancel);
                await inputs.PutAsync(new EngineInput.Fact(new PbxFact.Connected(Node, null, connected.AsteriskVersion)), cancel);
                await ResyncAsync(ami, connected, inputs, cancel);
                await TellRightsAsync(ami, inputs, cancel);
                await TellRecordingAsync(ami, cancel);
                break;
            case AmiOverflow overflow:
                LogOverflow(Node, overflow.Dropped);
                await ResyncAsync(ami, overflow, inputs, cancel);
                break;
            case AmiLost lost:
                Connected = false;
                LogLost(Node, lost.Reason, lost.Detail);
                await inputs.PutAsync(new EngineInput.PbxLost(Node, lost.Reason.ToString(), lost.Silence), cancel);
                break;
        }
    }

    /// <summary>Before anything is sent to this PBX: whoever had the domain and does not know better has stopped by the time the lists are read.</summary>
    async Task AnnounceAsync(AmiClient ami, RouterFence? fence, CancellationToken cancel)
    {
        if (fence is null)
            return;
        var answer = await ami.SendAsync(fence.Announcement, cancel);
        if (answer.Outcome is AmiOutcome.Error)
            LogNotAnnounced(Node, answer.Message);
    }

    /// <summary>Where the login may not notify phones, "answer" and "hold" are not offered. A PBX that does not tell is believed to let us.</summary>
    async Task TellRightsAsync(AmiClient ami, IInputs inputs, CancellationToken cancel)
    {
        var commands = await ami.SendAsync(new AmiAction("ListCommands"), cancel);
        _notifies = !commands.IsSuccess || commands["PJSIPNotify"] is not null;
        await inputs.PutAsync(new EngineInput.PbxRights(Node, _notifies), cancel);
    }

    /// <param name="since">The login, or the loss, after which the picture is to be made whole.</param>
    async Task ResyncAsync(AmiClient ami, AmiSignal since, IInputs inputs, CancellationToken cancel)
    {
        // Without a snapshot nothing this PBX says can be trusted: tried until it works or the line is gone.
        while (true)
        {
            var devices = await ami.SendListAsync(new AmiAction("DeviceStateList"), cancel);
            var channels = await ami.SendListAsync(new AmiAction("CoreShowChannels"), cancel);
            if (devices.IsSuccess && channels.IsSuccess)
            {
                _inSnapshot = devices.Response.Sequence;
                Connected = true;
                RouterMetrics.Resyncs.Add(1);
                LogSnapshot(Node, channels.Items.Count);
                await inputs.PutAsync(
                    new EngineInput.PbxLists(Node, [.. channels.Items.Where(c => !AgiCheck.IsChannel(c["Channel"]) && !PhoneTest.IsOurs(c)).Select(ToPbxEvent)], [.. devices.Items.Select(ToPbxEvent)], NewCall()),
                    () => Whole(since), cancel);
                return;
            }

            var why = devices.IsSuccess ? channels.Response : devices.Response;
            LogSnapshotFailed(Node, why.Outcome, why.Message);
            if (why.Outcome is AmiOutcome.NotConnected or AmiOutcome.Lost)
                return;
            await Task.Delay(SnapshotRetry, time, cancel);
        }
    }

    /// <summary>The state is the PBX's again, and who reads the tables sees it.</summary>
    void Whole(AmiSignal since)
    {
        var took = time.GetElapsedTime(since.ReceivedAt);
        RouterMetrics.ResyncSeconds.Record(took.TotalSeconds, new KeyValuePair<string, object?>("node", Node));
        LogWhole(Node, took.TotalMilliseconds, since is AmiConnected ? "login" : "loss of events", since.ReceivedUtc);
    }

    Guid NewCall() => Guid.CreateVersion7(time.GetUtcNow());

    PbxEvent ToPbxEvent(AmiEvent e) => new(Node, e.Name, PbxModelHeaders.Cut(e.Headers), e.Timestamp);

    /// <summary>Carries out an action; never throws for what the PBX or the line does.</summary>
    public async Task<(bool Ok, string Message)> ActAsync(PbxAction what, CancellationToken cancel)
    {
        if (_ami is not { } ami)
            return (false, "not connected");
        if (what is PbxAction.Redirect { UnlessBridged: true, Channel: var channel } && await ami.SendAsync(PbxActions.AskPeer(channel), cancel) is var peer && (!peer.IsSuccess || peer["Value"] is { Length: > 0 }))
            return (false, peer.IsSuccess ? "the channel talks" : peer.Message);
        var response = await ami.SendAsync(PbxActions.ToAmi(what, Options), cancel);
        return (response.IsSuccess, response.Message);
    }

    /// <summary>One phone is tried at a time; what came of the last one is told until the next begins.</summary>
    /// <param name="stopping">The test goes on when who asked is gone.</param>
    public RoadPhoneTest TestPhone(string device, bool start, CancellationToken stopping)
    {
        if (!start)
            return _test is { } last && last.Result.Device == device ? last.Result : new RoadPhoneTest("none", device, _notifies && PbxActions.TakesNotify(device));
        if (_ami is not { } ami || !Connected)
            return RoadPhoneTest.Refused("pbx_away", device);
        if (_test is { Runs: true })
            return RoadPhoneTest.Refused("phone_test_runs", device);
        var test = _test = new PhoneTest(ami, device, _notifies && PbxActions.TakesNotify(device), time);
        _ = RunAsync(test);
        return test.Result;

        async Task RunAsync(PhoneTest begun)
        {
            try
            {
                await begun.RunAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // The host stops.
            }
            catch (Exception e)
            {
                LogTestFailed(e, Node, device);
            }
        }
    }

    /// <summary>What the PBX has set up.</summary>
    public Task<RoadPbx> InventoryAsync(CancellationToken cancel) =>
        _ami is { } ami && Connected ? PbxInventory.ReadAsync(ami, Options, cancel) : Task.FromResult(PbxInventory.Trouble("pbx_away"));

    void WarnOfOtherName(AmiConnected connected)
    {
        if (connected.SystemName.Length > 0 && connected.SystemName != Node)
            LogOtherName(Node, connected.SystemName);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node} connected: Asterisk {Version}, systemname '{SystemName}'")]
    partial void LogConnected(string node, string version, string systemName);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node} lost: {Reason} ({Detail})")]
    partial void LogLost(string node, AmiLostReason reason, string detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: {Dropped} events dropped, taking a snapshot")]
    partial void LogOverflow(string node, int dropped);

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node}: snapshot with {Channels} channels")]
    partial void LogSnapshot(string node, int channels);

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node}: whole again {Took_ms:F0} ms after the {Event} of {At:O}")]
    partial void LogWhole(string node, double took_ms, string @event, DateTimeOffset at);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: snapshot failed: {Outcome} {Detail}")]
    partial void LogSnapshotFailed(string node, AmiOutcome outcome, string detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: calls between colleagues dialled on a phone are not recorded, CALLCRM_RECORD_INTERNAL cannot be set: {Detail}")]
    partial void LogNoInternalRecording(string node, string detail);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: a second router of this domain would not hear of this one ({Detail}): add \"user\" to write in manager.conf")]
    partial void LogNotAnnounced(string node, string detail);

    [LoggerMessage(Level = LogLevel.Error, Message = "PBX {Node}: the test of {Device} failed")]
    partial void LogTestFailed(Exception e, string node, string device);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node} calls itself '{SystemName}': set both to the same name, or recordings are not found")]
    partial void LogOtherName(string node, string systemName);
}
