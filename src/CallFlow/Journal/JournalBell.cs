using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// NOTIFY after commits, on a connection of its own: inside the transaction it would make committers queue for one lock.
/// Rings that come while one is under way become one.
/// </summary>
internal sealed partial class JournalBell : IAsyncDisposable
{
    public const string Channel = "callcrm_journal";
    readonly RouterDatabase database;
    readonly ILogger log;
    readonly Channel<bool> rings = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    readonly Task ringing;

    public JournalBell(RouterDatabase database, ILogger log)
    {
        (this.database, this.log) = (database, log);
        ringing = Task.Run(RunAsync);
    }

    public void Ring() => rings.Writer.TryWrite(true);

    public async ValueTask DisposeAsync()
    {
        rings.Writer.TryComplete();
        await ringing;
    }

    async Task RunAsync()
    {
        await foreach (var _ in rings.Reader.ReadAllAsync())
        {
            try
            {
                await using var notify = database.Source.CreateCommand($"notify {Channel}");
                await notify.ExecuteNonQueryAsync();
            }
            catch (Exception e) when (DatabaseAway.MayPass(e))
            {
                // Readers poll each second, so a lost bell only makes them slower.
                NotRung(e.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Readers were not woken: {Reason}")]
    partial void NotRung(string reason);
}
