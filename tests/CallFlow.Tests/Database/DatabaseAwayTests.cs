using System.Net.Sockets;
using CallCrm.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

/// <summary>Whoever reads by and by waits while the database is away, whatever fault tells of it.</summary>
public sealed class DatabaseAwayTests
{
    /// <summary>Npgsql does not wrap the fault of a name that cannot be found; a refused port it does.</summary>
    public static TheoryData<string> Away => ["Host=callcrm.invalid;Timeout=2", "Host=127.0.0.1;Port=1;Timeout=2"];

    [Theory]
    [MemberData(nameof(Away))]
    public Task Settings_are_asked_for_again(string where) => ReadsAgainAsync<SettingsReader>(async (log, cancel) =>
    {
        await using var router = RouterDatabase.Create(where);
        await NothingComesAsync(new SettingsReader(router, new ConfigurationBuilder().Build(), TimeProvider.System, log).WatchAsync("main", cancel));
    });

    [Theory]
    [MemberData(nameof(Away))]
    public Task Changes_are_asked_for_again(string where) => ReadsAgainAsync<ChangeHints>(async (log, cancel) =>
    {
        await using var source = NpgsqlDataSource.Create(where);
        await using var hints = new ChangeHints(source, TimeProvider.System, log);
        await NothingComesAsync(hints.WatchAsync(cancel));
    });

    [Theory]
    [MemberData(nameof(Away))]
    public Task The_journal_is_asked_for_again(string where) => ReadsAgainAsync<JournalReader>(async (log, cancel) =>
    {
        await using var source = NpgsqlDataSource.Create(where);
        await NothingComesAsync(new JournalReader(source, TimeProvider.System, log).ReadAsync("main", 0, cancel));
    });

    [Fact]
    public void A_fault_of_our_own_is_not_taken_for_an_absence()
    {
        Exception[] away = [new NpgsqlException("cut"), new IOException("cut"), new TimeoutException(), new SocketException(), new InvalidOperationException("Connection is not open")];
        Exception[] own = [new ObjectDisposedException("connection"), new InvalidOperationException("x"), new FormatException("x"), new OperationCanceledException()];

        away.Should().OnlyContain(e => DatabaseAway.Is(e) && DatabaseAway.MayPass(e));
        own.Should().NotContain(e => DatabaseAway.MayPass(e));
    }

    static async Task NothingComesAsync<T>(IAsyncEnumerable<T> all)
    {
        await foreach (var one in all)
            throw new InvalidOperationException($"{one} was read from no database");
    }

    static async Task ReadsAgainAsync<T>(Func<ILogger<T>, CancellationToken, Task> read)
    {
        using var stop = new CancellationTokenSource();
        var log = new Warnings<T>();
        var reading = read(log, stop.Token);

        await Eventually.BeAsync(() => log.Count >= 2 || reading.IsCompleted, TimeSpan.FromSeconds(60), "a second attempt");
        reading.IsCompleted.Should().BeFalse("it goes on, and did not end by {0}", reading.Exception);
        await stop.CancelAsync();
        await FluentActions.Awaiting(() => reading).Should().ThrowAsync<OperationCanceledException>();
    }

    sealed class Warnings<T> : ILogger<T>
    {
        int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Interlocked.Increment(ref _count);
    }
}
