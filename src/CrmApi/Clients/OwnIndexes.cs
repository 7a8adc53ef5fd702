using CallCrm.CallFlow;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Clients;

/// <summary>
/// Where there are many cards, a range of an own field that few of them fulfil is looked up in an index of that field. Fields are made by administrators, so no migration knows them: here each number, amount and date gets its
/// index, beside all work, and loses it when the field is put away or holds something else.
/// </summary>
internal sealed partial class OwnIndexes(NpgsqlDataSource database, TimeProvider time, ILogger<OwnIndexes> log) : BackgroundService
{
    const string Prefix = "client_own_";

    /// <summary>Each index is written with every card.</summary>
    const int Most = 20;

    static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>An index waits for transactions that were there before it, such as a long export.</summary>
    static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Fewer cards are walked through in tenths of a second.</summary>
    internal long FromCards { get; set; } = 100_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(Every, time, stoppingToken);
            try
            {
                await StepAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                LogLater(e.Message);
            }
        }
    }

    public async Task StepAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        // One host at a time: what it has begun looks broken to another until it is done.
        if (!await connection.ExecuteScalarAsync<bool>(Command("select pg_try_advisory_lock(hashtextextended('own indexes', 520))"))) return;
        try
        {
            var there = (await connection.QueryAsync<(string Name, bool Valid)>(Command(
                $"select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'client'::regclass and starts_with(c.relname, '{Prefix}')"))).AsList();
            var wanted = await WantedAsync(connection, cancel);
            foreach (var (name, _) in there.Where(i => !i.Valid || !wanted.ContainsKey(i.Name))) await connection.ExecuteAsync(Command($"drop index concurrently if exists \"{name}\""));
            var missing = wanted.Where(w => !there.Contains((w.Key, true))).ToList();
            if (missing.Count == 0 || await connection.ExecuteScalarAsync<float>(Command("select reltuples from pg_class where oid = 'client'::regclass")) < FromCards) return;
            foreach (var (name, measure) in missing)
            {
                await connection.ExecuteAsync(Command($"create index concurrently \"{name}\" on client (({measure}))"));
                LogMade(name);
            }

            // It is used once it is known how the values spread.
            await connection.ExecuteAsync(Command("analyze client"));
        }
        finally
        {
            await connection.ExecuteAsync("select pg_advisory_unlock(hashtextextended('own indexes', 520))");
        }

        CommandDefinition Command(string sql) => new(sql, commandTimeout: (int)Longest.TotalSeconds, cancellationToken: cancel);
    }

    /// <summary>Names, which say of which kind the field is, and what is in the index.</summary>
    static async Task<Dictionary<string, string>> WantedAsync(NpgsqlConnection connection, CancellationToken cancel) =>
        (await connection.QueryAsync<(string Code, string Kind)>(new CommandDefinition(
            $"select code, coalesce(result, kind) as kind from client_field where not archived and links = '{{}}' and coalesce(result, kind) in ('number', 'money', 'date') order by position, code limit {Most}", cancellationToken: cancel)))
        .ToDictionary(f => $"{Prefix}{f.Kind}_{f.Code}", f => OwnValues.Measure(f.Code, f.Kind, ""), StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ranges of clients have the index {Index}")]
    private partial void LogMade(string index);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Indexes of own fields wait: {Reason}")]
    private partial void LogLater(string reason);
}
