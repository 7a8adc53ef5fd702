using System.Runtime.CompilerServices;
using CallCrm.Engine;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>Reads a domain's journal from a number on. Numbers have no gaps and one writer, so the number is a safe cursor.</summary>
public sealed partial class JournalReader(NpgsqlDataSource source, TimeProvider time, ILogger<JournalReader> log)
{
    const int MostPerRead = 1000;
    static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(1);

    /// <summary>The newest committed number; 0 when there is none.</summary>
    public async Task<long> LastSeqAsync(string domain, CancellationToken ct)
    {
        await using var command = source.CreateCommand("select coalesce(max(seq), 0) from journal where domain = $1");
        command.Parameters.AddWithValue(domain);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>The oldest number still kept; 0 when there is none. A cursor below it needs a snapshot.</summary>
    public async Task<long> FirstSeqAsync(string domain, CancellationToken ct)
    {
        await using var command = source.CreateCommand("select coalesce(min(seq), 0) from journal where domain = $1");
        command.Parameters.AddWithValue(domain);
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Everything after <paramref name="afterSeq"/>, in order, for ever. While the database is away it waits and goes on from where it was.</summary>
    public async IAsyncEnumerable<IReadOnlyList<JournalEntry>> ReadAsync(string domain, long afterSeq, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var listener = new Listener(source, JournalBell.Channel, time);
        while (true)
        {
            List<JournalEntry> entries = [];
            try
            {
                await listener.OpenAsync(ct);
                entries = await ReadOnceAsync(domain, afterSeq, ct);
            }
            catch (Exception e) when (DatabaseAway.MayPass(e))
            {
                NotRead(domain, e.Message);
            }

            if (entries.Count > 0)
            {
                afterSeq = entries[^1].Seq;
                yield return entries;
            }

            if (entries.Count < MostPerRead) await listener.WaitAsync(PollEvery, ct);
        }
    }

    async Task<List<JournalEntry>> ReadOnceAsync(string domain, long afterSeq, CancellationToken ct)
    {
        await using var command = source.CreateCommand("select body from journal where domain = $1 and seq > $2 order by seq limit 1000");
        command.Parameters.AddWithValue(domain);
        command.Parameters.AddWithValue(afterSeq);
        var entries = new List<JournalEntry>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) entries.Add(JournalText.Read(reader.GetString(0)));
        return entries;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal of {Domain} cannot be read just now: {Reason}")]
    partial void NotRead(string domain, string reason);
}
