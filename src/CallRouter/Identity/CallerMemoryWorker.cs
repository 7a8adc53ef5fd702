using CallCrm.CallFlow;
using Microsoft.Extensions.Options;

namespace CallCrm.CallRouter.Identity;

/// <summary>Fills the memory at the start with who called lately, then each minute with what changed since.</summary>
sealed partial class CallerMemoryWorker(CallerMemory memory, ClientDirectory directory, IOptions<RouterOptions> options, TimeProvider time, ILogger<CallerMemoryWorker> log) : BackgroundService
{
    static readonly TimeSpan LookBack = TimeSpan.FromDays(90);
    static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    /// <summary>Rows of one moment may be committed a little later than they are dated.</summary>
    static readonly TimeSpan Overlap = TimeSpan.FromMinutes(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var since = time.GetUtcNow() - LookBack;
        while (options.Value.MemoryNumbers > 0)
        {
            try
            {
                var now = time.GetUtcNow();
                await RefreshAsync(since, stoppingToken);
                since = now - Overlap;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotRefreshed(e.Message);
            }

            await Task.Delay(Every, time, stoppingToken);
        }
    }

    internal async Task RefreshAsync(DateTimeOffset since, CancellationToken cancel)
    {
        var numbers = await directory.RecentNumbersAsync(since, options.Value.MemoryNumbers, cancel);
        // The newest last, so that it is the one used most lately.
        await foreach (var (number, result) in directory.LookUpAllAsync(numbers.Reverse(), cancel))
            memory.Keep(number, result);
        LogRefreshed(memory.Count);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Count} numbers are remembered")]
    partial void LogRefreshed(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is remembered of callers was not refreshed: {Reason}")]
    partial void LogNotRefreshed(string reason);
}
