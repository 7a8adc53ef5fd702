using System.Threading.Channels;
using CallCrm.Engine;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// Appends to one domain's journal and keeps its projections, as the only one who may. One task does all of it:
/// <code>
/// Online    a batch commits within CommitWithin          → its callers go on
///           later than that, or the connection is gone   → the batch is fsynced to the spill, its callers go on: Spilling
/// Spilling  every batch goes to the spill; meanwhile the connection comes back and the spill is brought in, in order
///           all of it in                                 → the spill is cleared: Online
///           another router has the domain                → Lost
/// </code>
/// </summary>
public sealed partial class JournalWriter : IAsyncDisposable
{
    readonly RouterDatabase database;
    readonly string domain;
    readonly JournalOptions options;
    readonly TimeProvider time;
    readonly ILogger log;
    readonly JournalConnection connection;
    readonly JournalBell bell;
    readonly SpillFile spill;
    readonly Channel<Waiting> queue = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true });
    readonly CancellationTokenSource lost = new();
    readonly CancellationTokenSource closing = new();
    Exception? reason;
    Task running = Task.CompletedTask;
    Task<bool>? more;
    Task? recovering;
    readonly List<JournalLine> homeless = [];
    JournalLine[]? bringing;
    long brought;
    Task trimming = Task.CompletedTask;

    JournalWriter(RouterDatabase database, string domain, JournalOptions options, TimeProvider time, ILogger log, JournalConnection connection, SpillFile spill)
    {
        (this.database, this.domain, this.options, this.time, this.log, this.connection, this.spill) = (database, domain, options, time, log, connection, spill);
        bell = new JournalBell(database, log);
        spill.Fault = options.SpillFault;
        Lost = lost.Token;
    }

    /// <summary>What was open when the last router of this domain ended, with the next number to use.</summary>
    public RestoredState Restored { get; private set; } = new(1, [], []);

    /// <summary>Grows each time somebody gets the domain: of two that believe to have it, the one with the higher number has.</summary>
    public long Epoch => connection.Epoch;

    /// <summary>In which database that number grows.</summary>
    public string Database => connection.Database;

    /// <summary>Cancelled when the domain is another's, or its journal contradicts ours: stop serving it.</summary>
    public CancellationToken Lost { get; }

    /// <summary>True while entries go to the spill: PostgreSQL is slow or away, and pops may be late.</summary>
    public bool IsSpilling => recovering is not null;

    /// <summary>True while entries are in memory alone: PostgreSQL is away, and the spill's disk is full or broken.</summary>
    public bool IsAtRisk { get; private set; }

    /// <summary>Waits until this domain is ours (a standby waits here), brings in what an earlier run spilled, and reads what is open.</summary>
    public static async Task<JournalWriter> OpenAsync(RouterDatabase database, string domain, JournalOptions options, TimeProvider time, ILogger log, CancellationToken ct)
    {
        var held = new JournalConnection(database, domain, log);
        SpillFile? file = null;
        while (true)
        {
            try
            {
                await held.WaitForDomainAsync(options.CheckEvery * 2, time, ct);
                file ??= SpillFile.Open(options.SpillFolder, domain, copy => SpillBroken(log, copy));
                var writer = new JournalWriter(database, domain, options, time, log, held, file);
                await writer.StartAsync(ct);
                return writer;
            }
            catch (Exception e) when (DatabaseAway.Is(e))
            {
                await held.DisposeAsync();
                WaitingForDatabase(log, domain, e.Message);
                await Task.Delay(options.StandbyDelay, time, ct);
            }
            catch
            {
                file?.Dispose();
                await held.DisposeAsync();
                throw;
            }
        }
    }

    async Task StartAsync(CancellationToken ct)
    {
        await BringInAtStartAsync(ct);
        var restored = await JournalRestore.ReadAsync(connection.Open, domain, time.GetUtcNow(), ct);
        Restored = await CloseDeadAsync(restored, ct);
        running = Task.Run(RunAsync, CancellationToken.None);
        var trim = new JournalTrim(database, domain, options, time, log);
        trimming = Task.Run(() => trim.RunAsync(() => !IsSpilling, closing.Token), CancellationToken.None);
    }

    /// <summary>A call whose last leg ended just before the last router did has nobody left to end it.</summary>
    async Task<RestoredState> CloseDeadAsync(RestoredState restored, CancellationToken ct)
    {
        var dead = restored.Calls.Where(c => c.Legs.IsEmpty).ToList();
        if (dead.Count == 0) return restored;
        var ends = await JournalRestore.EndsAsync(connection.Open, [.. dead.Select(c => c.Call)], restored.NextSeq, time.GetUtcNow(), ct);
        await connection.AppendAsync([.. ends.Select(JournalLine.From)], ct);
        bell.Ring();
        return new RestoredState(restored.NextSeq + ends.Count, restored.Agents, [.. restored.Calls.Where(c => !c.Legs.IsEmpty)]);
    }

    /// <summary>Completes when the entries are safe: committed with their projections, or on the disk of this machine. Calls are kept in order.</summary>
    /// <exception cref="JournalLostException">The domain is not ours any more.</exception>
    public ValueTask AppendAsync(IReadOnlyList<JournalEntry> entries, CancellationToken ct)
    {
        if (entries.Count == 0) return ValueTask.CompletedTask;
        var waiting = new Waiting([.. entries.Select(JournalLine.From)], time.GetTimestamp());
        if (!queue.Writer.TryWrite(waiting)) throw reason as JournalLostException ?? new JournalLostException($"The journal of domain {domain} is closed.", reason);
        return new ValueTask(waiting.Done.Task.WaitAsync(ct));
    }

    /// <summary>Another router has the domain, as was told past the database, which we do not reach: the same as a lost lock.</summary>
    public async Task GiveUpAsync(string why)
    {
        reason ??= new JournalLostException(why);
        DomainLost(reason, domain);
        queue.Writer.TryComplete();
        await lost.CancelAsync();
    }

    /// <summary>What was appended is finished first; what is in the spill stays there for the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        closing.CancelAfter(TimeSpan.FromSeconds(5));
        await running;
        await closing.CancelAsync();
        if (recovering is { } last) await Quietly(last);
        await Quietly(trimming);
        WriteHeld();
        if (homeless.Count > 0) HeldLost(domain, homeless.Count);
        await bell.DisposeAsync();
        await connection.DisposeAsync();
        spill.Dispose();
        closing.Dispose();
        lost.Dispose();
    }

    sealed record Waiting(JournalLine[] Lines, long Since)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    async Task RunAsync()
    {
        try
        {
            while (await WaitForWorkAsync(Lost))
            {
                var batch = TakeBatch();
                if (batch.Count == 0) continue;
                if (recovering is not null) Spill(batch);
                else await CommitOrSpillAsync(batch);
            }

            if (recovering is { } last) await FinishAsync(last.WaitAsync(closing.Token));
        }
        catch (OperationCanceledException)
        {
            // Closing, or given up; the spill has what the journal has not.
            if (reason is { } why) Refuse(why);
        }
        catch (Exception e)
        {
            await LoseAsync(e);
        }
    }

    /// <summary>False when closed and empty. Meanwhile looks after the recovery and the lock.</summary>
    async Task<bool> WaitForWorkAsync(CancellationToken ct)
    {
        while (true)
        {
            more ??= queue.Reader.WaitToReadAsync(ct).AsTask();
            if (recovering is null)
            {
                if (more.IsCompleted || await CompletesAsync(more, options.CheckEvery)) break;
                await CheckAsync();
                continue;
            }

            await Task.WhenAny(more, recovering);
            if (!recovering.IsCompleted) break;
            await FinishAsync(recovering);
        }

        var any = await more;
        more = null;
        return any;
    }

    List<Waiting> TakeBatch()
    {
        var batch = new List<Waiting>();
        for (var count = 0; count < options.MostPerBatch && queue.Reader.TryRead(out var waiting); count += waiting.Lines.Length) batch.Add(waiting);
        return batch;
    }

    async Task CommitOrSpillAsync(List<Waiting> batch)
    {
        var commit = connection.AppendAsync([.. batch.SelectMany(b => b.Lines)], CancellationToken.None);
        var left = options.CommitWithin - time.GetElapsedTime(batch[0].Since);
        if (await CompletesAsync(commit, left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1)))
        {
            if (commit.IsCompletedSuccessfully)
            {
                Finish(batch);
                bell.Ring();
                return;
            }

            if (commit.Exception?.InnerException is { } fault && !DatabaseAway.Is(fault))
            {
                foreach (var waiting in batch) waiting.Done.TrySetException(new JournalLostException($"The journal of domain {domain} failed: {fault.Message}", fault));
                throw fault;
            }

            if (commit.IsFaulted)
            {
                commit = ReturnAsync(batch);
                if (await IsBackAsync(commit, batch)) return;
            }
        }

        SpillBegins(domain, commit.Exception?.InnerException?.Message ?? $"no commit within {options.CommitWithin.TotalMilliseconds} ms");
        brought = 0;
        recovering = Task.CompletedTask;
        Spill(batch);
        recovering = Task.Run(() => RecoverAsync(commit), CancellationToken.None);
    }

    /// <summary>
    /// The line was cut, and the lock with it: a standby may have the domain by now. Only when nobody can (no server answers) do we go
    /// on without it.
    /// </summary>
    async Task<bool> IsBackAsync(Task returning, List<Waiting> batch)
    {
        if (!await CompletesAsync(returning, options.CommitWithin)) return false;
        if (returning.Exception?.InnerException is not { } fault)
        {
            Finish(batch);
            bell.Ring();
            return true;
        }

        if (DatabaseAway.Is(fault)) return false;
        foreach (var waiting in batch) waiting.Done.TrySetException(fault);
        throw fault;
    }

    async Task ReturnAsync(List<Waiting> batch)
    {
        if (!await connection.TryComeBackAsync(closing.Token)) throw new JournalLostException($"Another router holds domain {domain} now.");
        if (batch.Count > 0) await connection.AppendAsync([.. batch.SelectMany(b => b.Lines)], closing.Token);
    }

    /// <summary>A disk that takes nothing stops no call: the entries stay in memory, which is told.</summary>
    void Spill(List<Waiting> batch)
    {
        homeless.AddRange(batch.SelectMany(b => b.Lines));
        WriteHeld();
        if (homeless.Count > options.MostHeld) throw new JournalLostException($"Neither database nor disk took {homeless.Count} entries of domain {domain}.");
        Finish(batch);
    }

    void WriteHeld()
    {
        if (homeless.Count == 0) return;
        try
        {
            spill.Append(homeless);
            homeless.Clear();
            if (!IsAtRisk) return;
            IsAtRisk = false;
            SpillWorksAgain(domain);
        }
        catch (IOException e)
        {
            if (!IsAtRisk) SpillFails(domain, spill.Path, e.Message);
            IsAtRisk = true;
        }
    }

    static void Finish(List<Waiting> batch)
    {
        foreach (var waiting in batch) waiting.Done.TrySetResult();
    }

    /// <summary>The lock lives on the connection: when that died unnoticed, somebody else may have the domain.</summary>
    async Task CheckAsync()
    {
        try
        {
            await connection.CheckAsync(CancellationToken.None);
        }
        catch (Exception e) when (DatabaseAway.Is(e))
        {
            var returning = ReturnAsync([]);
            if (await IsBackAsync(returning, [])) return;
            SpillBegins(domain, e.Message);
            brought = 0;
            recovering = Task.Run(() => RecoverAsync(returning), CancellationToken.None);
        }
    }

    /// <summary>Waits for the outcome of the commit that was too late, then for the database, and brings the spill in as far as it reaches now.</summary>
    /// <param name="inMemory">What no disk took: goes into the journal after what the spill has.</param>
    async Task RecoverAsync(Task late, JournalLine[]? inMemory = null)
    {
        await Quietly(late);
        var sound = late.IsCompletedSuccessfully && connection.IsOpen;
        while (true)
        {
            try
            {
                if (!sound && !await connection.TryComeBackAsync(closing.Token)) throw new JournalLostException($"Another router holds domain {domain} now.");
                await connection.CheckAsync(closing.Token);
                await BringInAsync(closing.Token);
                foreach (var some in (inMemory ?? []).Chunk(options.MostPerBatch)) await connection.AppendAsync(some, closing.Token);
                bell.Ring();
                return;
            }
            catch (Exception e) when (DatabaseAway.Is(e))
            {
                sound = false;
                await Task.Delay(options.ReconnectEvery, time, closing.Token);
            }
        }
    }

    async Task BringInAsync(CancellationToken ct)
    {
        var end = spill.Length;
        while (brought < end)
        {
            var (lines, next) = spill.Read(brought, options.MostPerBatch);
            if (lines.Count == 0) return;
            await connection.AppendAsync(lines, ct);
            brought = next;
            bell.Ring();
        }
    }

    /// <summary>By the writing task alone, so nothing is spilled between the look at the length and the return to Online.</summary>
    async Task FinishAsync(Task recovery)
    {
        await recovery;
        if (bringing is { } done)
        {
            // Should the disk have taken them meanwhile they come again from there, which changes nothing.
            if (homeless.Count > 0 && homeless[0].Seq == done[0].Seq) homeless.RemoveRange(0, done.Length);
            bringing = null;
        }

        WriteHeld();
        if (brought < spill.Length)
        {
            recovering = Task.Run(() => RecoverAsync(Task.CompletedTask), CancellationToken.None);
            return;
        }

        if (homeless.Count > 0)
        {
            bringing = [.. homeless];
            recovering = Task.Run(() => RecoverAsync(Task.CompletedTask, bringing), CancellationToken.None);
            return;
        }

        if (spill.Length > 0) spill.Clear();
        (recovering, IsAtRisk) = (null, false);
        SpillEnds(domain);
    }

    async Task BringInAtStartAsync(CancellationToken ct)
    {
        if (spill.Length == 0) return;
        try
        {
            BringingIn(domain, spill.Length);
            await BringInAsync(ct);
            spill.Clear();
        }
        catch (PostgresException e) when (e.SqlState == Conflict)
        {
            // Another router went on in the meantime. Its journal counts; ours is kept for people to look at.
            SpillContradicts(e, spill.MoveAside());
        }

        brought = 0;
    }

    async Task LoseAsync(Exception e)
    {
        reason = e as JournalLostException ?? new JournalLostException($"The journal of domain {domain} failed: {e.Message}", e);
        DomainLost(reason, domain);
        queue.Writer.TryComplete();
        Refuse(reason);
        await lost.CancelAsync();
    }

    /// <summary>By the writing task alone.</summary>
    void Refuse(Exception why)
    {
        while (queue.Reader.TryRead(out var waiting)) waiting.Done.TrySetException(why);
    }

    /// <summary>SQLSTATE of journal_append when something else stands under the number.</summary>
    const string Conflict = "CJ001";

    static async Task Quietly(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    async Task<bool> CompletesAsync(Task task, TimeSpan within)
    {
        if (task.IsCompleted) return true;
        using var cancel = new CancellationTokenSource();
        var first = await Task.WhenAny(task, Task.Delay(within, time, cancel.Token));
        await cancel.CancelAsync();
        return first == task || task.IsCompleted;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain}: PostgreSQL cannot be reached, waiting: {Reason}")]
    static partial void WaitingForDatabase(ILogger logger, string domain, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The spill was damaged; what could not be read is kept in {File}")]
    static partial void SpillBroken(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain}: entries go to the spill ({Reason}); pops may be late")]
    partial void SpillBegins(string domain, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Domain {Domain}: the spill {File} cannot be written ({Reason}); entries are in memory alone until database or disk are back. Calls go on")]
    partial void SpillFails(string domain, string file, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Domain {Domain}: {Count} entries are lost: neither database nor disk took them before the end")]
    partial void HeldLost(string domain, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain}: the spill can be written again, and has what was in memory")]
    partial void SpillWorksAgain(string domain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain}: the spill is in the journal, commits are in time again")]
    partial void SpillEnds(string domain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain {Domain}: bringing in {Bytes} bytes that an earlier run spilled")]
    partial void BringingIn(string domain, long bytes);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The spill of an earlier run contradicts the journal; it is kept in {File}")]
    partial void SpillContradicts(Exception e, string file);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Domain {Domain} is lost")]
    partial void DomainLost(Exception e, string domain);
}
