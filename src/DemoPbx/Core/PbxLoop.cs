using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace CallCrm.DemoPbx.Core;

/// <summary>
/// The one thread of state: everything that reads or changes the exchange runs here, one piece at a time.
/// It is a synchronization context, so an <c>await</c> inside comes back here, and a dialplan can be written as a plain method.
/// </summary>
internal sealed partial class PbxLoop : SynchronizationContext, IAsyncDisposable
{
    private readonly Channel<(SendOrPostCallback Callback, object? State)> _queue =
        Channel.CreateUnbounded<(SendOrPostCallback, object?)>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ILogger _logger;
    private readonly Task _running;

    public PbxLoop(ILogger logger)
    {
        _logger = logger;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Exceptions that reached the loop's edge.</summary>
    public int Faults { get; private set; }

    public override void Post(SendOrPostCallback d, object? state) => _queue.Writer.TryWrite((d, state));

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("The PBX loop is never waited for.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Does something on the loop, later.</summary>
    public void Post(Action action) => Post(static state => ((Action)state!)(), action);

    /// <summary>Does something on the loop and gives its result to the caller, who is on another thread.</summary>
    public Task<T> Ask<T>(Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var queued = _queue.Writer.TryWrite((_ =>
        {
            try
            {
                answer.SetResult(question());
            }
            catch (Exception exception)
            {
                answer.SetException(exception);
            }
        }, null));
        if (!queued)
        {
            answer.SetException(new ObjectDisposedException(nameof(DemoPbxServer)));
        }

        return answer.Task;
    }

    /// <summary>Starts something that waits; its failure is logged here.</summary>
    public void Spawn(Func<Task> work, string what) => Post(() => _ = ObserveAsync(work, what));

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _running.ConfigureAwait(false);
    }

    private async Task ObserveAsync(Func<Task> work, string what)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            // Stopped on purpose.
        }
        catch (Exception exception)
        {
            Faults++;
            LogFault(exception, what);
        }
    }

    private async Task RunAsync()
    {
        while (await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            var before = Current;
            SetSynchronizationContext(this);
            try
            {
                while (_queue.Reader.TryRead(out var item))
                {
                    RunOne(item);
                }
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }
    }

    private void RunOne((SendOrPostCallback Callback, object? State) item)
    {
        try
        {
            item.Callback(item.State);
        }
        catch (Exception exception)
        {
            Faults++;
            LogFault(exception, "a step");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Demo PBX: {What} failed")]
    private partial void LogFault(Exception exception, string what);
}
