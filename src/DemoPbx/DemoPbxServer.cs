using System.Collections.Immutable;
using CallCrm.DemoPbx.Ami;
using CallCrm.DemoPbx.Core;
using CallCrm.DemoPbx.Recording;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.DemoPbx;

/// <summary>
/// A small PBX on loopback: AMI on the server side, FastAGI on the client side, with the event order of Asterisk 22,
/// the project's dialplan acted out, phones and callers driven by code. All its state belongs to one loop.
/// </summary>
public sealed class DemoPbxServer : IAsyncDisposable
{
    /// <summary>Time from a start to the first accepted connection, as measured on Asterisk.</summary>
    private static readonly TimeSpan BootTime = TimeSpan.FromMilliseconds(350);

    private readonly DemoPbxOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PbxLoop _loop;
    private readonly AmiEvents _events;
    private readonly AmiServer _ami;
    private readonly Recordings _recordings;
    private Exchange _exchange;
    private int _fallbackCalls;
    private bool _disposed;

    /// <param name="options">Settings; not to be changed afterwards.</param>
    /// <param name="time">The clock of every timer; the system's by default. See <see cref="FasterTime"/>.</param>
    /// <param name="logger">Where faults are logged.</param>
    public DemoPbxServer(DemoPbxOptions options, TimeProvider? time = null, ILogger<DemoPbxServer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _time, _logger) = (options, time ?? TimeProvider.System, logger ?? NullLogger<DemoPbxServer>.Instance);
        _loop = new PbxLoop(_logger);
        _events = new AmiEvents(options, _time);
        _ami = new AmiServer(options, _time, _loop, _events, _logger);
        _recordings = new Recordings(options, _logger);
        _exchange = Boot();
        Traffic = new DemoTraffic(this, options, _time);
    }

    /// <summary>The load generator; runs when <see cref="DemoTrafficOptions.Enabled"/> is set, or after <see cref="DemoTraffic.Start"/>.</summary>
    public DemoTraffic Traffic { get; }

    /// <summary>Port AMI listens on, known after <see cref="StartAsync"/>.</summary>
    public int AmiPort => _ami.Port;

    /// <summary>The settings it was made with.</summary>
    public DemoPbxOptions Options => _options;

    /// <summary>Channels alive now.</summary>
    public ImmutableArray<DemoChannelInfo> LiveChannels => _exchange.Snapshot;

    /// <summary>Callers the fallback took, over all boots.</summary>
    public int FallbackCalls => _fallbackCalls + _exchange.FallbackCalls;

    /// <summary>AMI clients logged in now.</summary>
    public int AmiClients => _events.Sessions.Count;

    /// <summary>Exceptions that should not have been; tests expect 0.</summary>
    public int Faults => _loop.Faults;

    /// <summary>Starts to listen; from here on calls can be placed.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _ami.Listen();
        if (_options.Traffic.Enabled)
        {
            Traffic.Start();
        }

        return Task.CompletedTask;
    }

    /// <summary>A call comes in from the trunk.</summary>
    public DemoCall PlaceCall(DemoCaller caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var call = new DemoCall(_loop, caller);
        _loop.Spawn(async () =>
        {
            var exchange = _exchange;
            if (exchange.PowerCut.IsCancellationRequested)
            {
                call.Over(null);
                return;
            }

            exchange.Calls.Add(call);
            await new InboundCall(exchange, call).RunAsync();
        }, "a call");
        return call;
    }

    /// <summary>A global variable of the dialplan; null: not set since the boot.</summary>
    public Task<string?> GlobalAsync(string name) => _loop.Ask(() => _exchange.Globals.GetValueOrDefault(name));

    /// <summary>A phone by its device name, for example <c>PJSIP/110</c>.</summary>
    /// <exception cref="ArgumentException">There is no such phone.</exception>
    public DemoPhone Phone(string name) =>
        _exchange.FindPhone(name) is null
            ? throw new ArgumentException($"The demo PBX has no phone {name}.", nameof(name))
            : new DemoPhone(name, question => _loop.Ask(() => question(_exchange.FindPhone(name)!, _exchange)));

    /// <summary>
    /// Restarts the PBX. With <paramref name="kill"/> as <c>kill -9</c> does it: sockets and calls are gone without a word;
    /// otherwise all calls are hung up, <c>Shutdown</c> is told, then the sockets close. Counters start again, phones stay registered.
    /// </summary>
    public async Task RestartAsync(bool kill)
    {
        await StopBootAsync(kill).ConfigureAwait(false);
        await Task.Delay(BootTime, _time, CancellationToken.None).ConfigureAwait(false);
        await _loop.Ask(() => _exchange = Boot()).ConfigureAwait(false);
        _ami.Listen();
    }

    /// <summary>Runs something on the PBX's thread and waits for it: whatever was under way before has been done then.</summary>
    public Task SettleAsync() => _loop.Ask(() => true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Traffic.Stop();
        await StopBootAsync(kill: true).ConfigureAwait(false);
        await _ami.DisposeAsync().ConfigureAwait(false);
        await _recordings.FlushAsync().ConfigureAwait(false);
        await _loop.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Done when every recording of an ended call is on the disk.</summary>
    public async Task RecordingsWrittenAsync()
    {
        await (await _loop.Ask(_recordings.FlushAsync).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private Exchange Boot()
    {
        var exchange = new Exchange(_options, _time, _loop, _events, _recordings, _logger);
        exchange.Devices.LearnQuietly();
        _ami.Actions = new AmiActions(exchange);
        return exchange;
    }

    private async Task StopBootAsync(bool kill)
    {
        if (!kill)
        {
            await _loop.Ask(HangUpAll).ConfigureAwait(false);
            await Task.Delay(TimeSpan.FromSeconds(1.1), _time, CancellationToken.None).ConfigureAwait(false);
        }

        await _loop.Ask(() =>
        {
            if (!kill)
            {
                _events.Emit(AmiClasses.System, "Shutdown", t => t.Line("Shutdown", "Cleanly").Line("Restart", "True"));
            }

            CutPower();
            return true;
        }).ConfigureAwait(false);
        await _ami.StopAsync(politely: !kill).ConfigureAwait(false);
    }

    private bool HangUpAll()
    {
        foreach (var channel in _exchange.Channels.ToList())
        {
            channel.Cause ??= HangupCause.Normal;
            channel.Interrupt(Interruption.Hangup);
        }

        return true;
    }

    private void CutPower()
    {
        var exchange = _exchange;
        _fallbackCalls += exchange.FallbackCalls;
        exchange.FallbackCalls = 0;
        exchange.PowerCut.Cancel();
        foreach (var channel in exchange.Channels)
        {
            channel.Recording?.Abandon(_time.GetUtcNow());
        }

        foreach (var call in exchange.Calls.ToList())
        {
            call.Over(null);
        }
    }
}
