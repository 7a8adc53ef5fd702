using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CallCrm.CallRouter.Tests;

/// <summary>What routers of the running test said, for the message of a test that fails.</summary>
/// <param name="own">Of one bench alone: its tests wait for what its routers say.</param>
sealed class KeptLog(string router, ConcurrentQueue<string> own) : ILoggerProvider
{
    const int Most = 300;

    static readonly ConcurrentQueue<string> Lines = new();

    public static string Text() => string.Join('\n', Lines);

    public ILogger CreateLogger(string categoryName) => new Logger(router, categoryName, own);

    public void Dispose()
    {
    }

    sealed class Logger(string router, string category, ConcurrentQueue<string> own) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => category.StartsWith("CallCrm", StringComparison.Ordinal);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            own.Enqueue(formatter(state, exception));
            Lines.Enqueue($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {router} {logLevel} {formatter(state, exception)} {exception}");
            while (Lines.Count > Most)
                Lines.TryDequeue(out _);
        }
    }
}
