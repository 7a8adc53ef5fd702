using CallCrm.Telephony.Ami;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.Ami;

/// <summary>A client that runs against a test server until the test is over.</summary>
sealed class RunningAmiClient : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly Task _run;

    public RunningAmiClient(AmiClientOptions options, TimeProvider? time = null)
    {
        Client = new AmiClient(options, time) { StatusChanged = status => { lock (Statuses) Statuses.Add(status); } };
        _run = Client.RunAsync(_stop.Token);
    }

    public AmiClient Client { get; }

    public List<AmiStatus> Statuses { get; } = [];

    public static AmiClientOptions Options(AmiTestServer server, AmiEventFilter? events = null, TimeSpan? bootWait = null) => new()
    {
        Host = "localhost",
        Port = server.Port,
        User = "callcrm",
        Secret = "lab",
        Events = events ?? AmiEventFilter.Everything(),
        FirstBackOff = TimeSpan.FromMilliseconds(10),
        MaxBackOff = TimeSpan.FromMilliseconds(50),
        BootWait = bootWait ?? TimeSpan.FromSeconds(10),
    };

    /// <summary>The next signal, which must be of this kind.</summary>
    public async Task<T> NextAsync<T>()
        where T : AmiSignal
    {
        var signal = await NextAsync();
        return signal.Should().BeOfType<T>("this comes next, not {0}", signal).Subject;
    }

    public async Task<AmiSignal> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await Client.Signals.ReadAsync(limit.Token);
    }

    /// <summary>Waits for the first status that fits, also one already past.</summary>
    public async Task<AmiStatus> StatusAsync(Func<AmiStatus, bool> fits)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (true)
        {
            lock (Statuses)
            {
                if (Statuses.Find(s => fits(s)) is { } found)
                    return found;
            }

            await poll.WaitForNextTickAsync(limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(TimeSpan.FromSeconds(10));
        _stop.Dispose();
    }
}
