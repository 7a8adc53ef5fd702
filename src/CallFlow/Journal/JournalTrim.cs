using Microsoft.Extensions.Logging;

namespace CallCrm.CallFlow;

/// <summary>
/// Deletes entries older than they are kept. Beside the writer, by the pool: appends never wait for it. In small portions with a pause
/// after each, as many as there is work for, so that it keeps up with any site.
/// </summary>
internal sealed partial class JournalTrim(RouterDatabase database, string domain, JournalOptions options, TimeProvider time, ILogger log)
{
    /// <param name="mayWork">Asked before each portion: false while the database is slow or away.</param>
    public async Task RunAsync(Func<bool> mayWork, CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(options.TrimEvery, time, ct);
            try
            {
                while (mayWork() && await TrimAsync(time.GetUtcNow() - options.Keep, ct) == options.TrimPortion) await Task.Delay(options.TrimPause, time, ct);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                NotTrimmed(domain, e.Message);
            }
        }
    }

    /// <returns>How many were deleted.</returns>
    async Task<int> TrimAsync(DateTimeOffset before, CancellationToken ct)
    {
        // Only the first ones are looked at, they are the oldest. The last entry stays for ever: the next number follows from it.
        await using var trim = database.Source.CreateCommand("""
            delete from journal where domain = $1 and seq in (
              select seq from (select seq, at from journal where domain = $1 order by seq limit $3) oldest
              where at < $2 and seq < (select max(seq) from journal where domain = $1))
            """);
        trim.Parameters.AddWithValue(domain);
        trim.Parameters.AddWithValue(before.UtcDateTime);
        trim.Parameters.AddWithValue(options.TrimPortion);
        return await trim.ExecuteNonQueryAsync(ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain}: old entries cannot be deleted just now: {Reason}")]
    partial void NotTrimmed(string domain, string reason);
}
