using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Cel;

/// <summary>
/// Follows one PBX's CEL file: after each login soon, else every half minute, calls that are over are held against the tables; those
/// that we closed by estimate, or never saw, go to the engine. A story is let go when the tables show it, so a crash in between only
/// makes it come again; while the database is away it waits.
/// </summary>
sealed partial class CelImport(
    PbxLink link, CelFile file, CelStore store, ClientDirectory directory, IExtensions extensions, Func<bool> journalIsBehind, TimeProvider time, ILogger<CelImport> log)
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Between = TimeSpan.FromSeconds(30);

    /// <summary>AMI tells of the same moment by another way: it is given so long.</summary>
    static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    /// <summary>What AMI tells as it happens comes sooner than this.</summary>
    static readonly TimeSpan LateSight = TimeSpan.FromMilliseconds(500);

    /// <summary>After a login what was missed comes in small steps.</summary>
    static readonly TimeSpan AfterLogin = TimeSpan.FromMinutes(1);

    const int MostRows = 200_000;
    const int MostPerRound = 500;
    const int MostSent = 5;

    readonly CelBook _book = new();
    readonly long _origin = time.GetTimestamp();
    CelPlace? _kept;
    TimeSpan _loginAt = TimeSpan.MinValue;
    TimeSpan _roundAt;
    int _gaps;
    bool _wasConnected;
    bool _open;
    bool _badToldAlready;

    TimeSpan Now => time.GetElapsedTime(_origin);

    public async Task RunAsync(IInputs inputs, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await LookAsync(inputs, cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The file or the database is away: nothing is lost, it is read later.
                RouterMetrics.CelFailures.Add(1);
                LogFailed(link.Node, file.Path, e.Message);
                await Task.Delay(Settle, time, cancel);
            }

            await Task.Delay(Look, time, cancel);
        }
    }

    internal async Task LookAsync(IInputs inputs, CancellationToken cancel)
    {
        if (!_open)
        {
            _kept = await store.CursorAsync(cancel);
            file.Attach(_kept);
            _open = true;
        }

        TakeRows();
        if (_kept is null)
        {
            // From here on, also when we end before anything was written.
            _kept = file.At ?? CelPlace.Nowhere;
            await store.KeepAsync(_kept, cancel);
        }

        if (link.Connected && !_wasConnected)
            _loginAt = Now;
        _wasConnected = link.Connected;
        var soon = _loginAt != TimeSpan.MinValue && Now - _loginAt < AfterLogin;
        if (!link.Connected || Now - _roundAt < (soon ? Settle : Between) || journalIsBehind())
            return;
        _roundAt = Now;
        await RoundAsync(inputs, cancel);
    }

    void TakeRows()
    {
        foreach (var line in file.Read())
        {
            if (line.Text.Length == 0)
                continue;
            if (CelRow.Read(line.Text, out var expected) is { } row)
                _book.Add(row, line.Place, Now);
            else
                Bad(line, expected);
        }

        for (; _gaps < file.Gaps; _gaps++)
            LogGap(link.Node, file.Path);
        while (_book.RowCount > MostRows)
        {
            RouterMetrics.CelDropped.Add(1);
            LogDropped(link.Node, ((CelPlace)_book.Stories[0].Place).Line);
            _book.Remove(_book.Stories[0]);
        }
    }

    void Bad(CelLine line, string expected)
    {
        RouterMetrics.CelBadLines.Add(1);
        if (_badToldAlready)
            return;
        _badToldAlready = true;
        LogBad(file.Path, line.Place.Line, expected);
    }

    async Task RoundAsync(IInputs inputs, CancellationToken cancel)
    {
        _badToldAlready = false;
        var ripe = _book.Stories.Where(s => (s.IsWhole || s.IsCutOff) && Now - s.ReadAt >= Settle).Take(MostPerRound).ToList();
        if (ripe.Count > 0)
        {
            var ours = await store.OursAsync(ripe.SelectMany(s => s.UniqueIds), ripe.Min(s => s.Rows[0].At), cancel);
            var findings = new List<CelFinding>();
            foreach (var story in ripe)
            {
                if (await FindAsync(story, [.. story.UniqueIds.SelectMany(id => ours[id])], cancel) is { } finding)
                    findings.Add(finding);
            }

            if (findings.Count > 0)
                await inputs.PutAsync(new EngineInput.CelRead(link.Node, [.. findings]), cancel);
        }

        // Where the first row stands that may be needed again.
        var keep = _book.Stories.Count > 0 ? (CelPlace)_book.Stories[0].Place : file.At;
        if (keep is not null && keep != _kept)
        {
            await store.KeepAsync(keep, cancel);
            _kept = keep;
        }
    }

    /// <returns>Null: nothing to say (any more, or yet).</returns>
    async Task<CelFinding?> FindAsync(CelStory story, IReadOnlyList<CelRowOfOurs> ours, CancellationToken cancel)
    {
        if (ours.Any(r => r.State != "Ended"))
            return null;
        var call = CelCall.Read(story, device => link.Options.TrunkEndpoints.Contains(device, StringComparer.Ordinal));
        // Known and not in doubt; or nobody real was in it; or its beginning is not there.
        if (call is null || (ours.Count > 0 && !IsInDoubt(ours, call)) || (ours.Count == 0 && story.Rows.All(r => r.Event != "CHAN_START")))
        {
            _book.Remove(story);
            return null;
        }

        if (++story.Sent > MostSent)
        {
            LogNotTaken(link.Node, call.LinkedId);
            _book.Remove(story);
            return null;
        }

        var known = CelStore.Known(ours);
        if (story.IsCutOff && ours.Max(r => r.EndedAt) is { } lastSeen)
            call = call.LastingUntil(lastSeen - known[0].ClockOf(call));
        RouterMetrics.CelCalls.Add(1, new KeyValuePair<string, object?>("kind", ours.Count > 0 ? "corrected" : "added"));
        LogFound(link.Node, call.LinkedId, ours.Count > 0 ? "corrected" : "added");
        return await ToFindingAsync(await store.WithAgentsAsync(call, cancel), known, cancel);
    }

    /// <summary>
    /// Closed by estimate. Where the PBX died in its midst CEL has no end either, but may have an answer that we did not hear of, or that we found
    /// given when we came back.
    /// </summary>
    static bool IsInDoubt(IReadOnlyList<CelRowOfOurs> ours, CelCall call) =>
        ours.Any(r => r.Estimated) && (!call.CutOff || (call.AnsweredAt is not null && ours.All(r => r.AnsweredAt is null)) || MetUnseen(ours, call));

    /// <summary>An agent spoke clearly before we saw it.</summary>
    static bool MetUnseen(IReadOnlyList<CelRowOfOurs> ours, CelCall call)
    {
        var shift = CelStore.Known(ours)[0].ClockOf(call);
        return call.Legs.Any(l => !l.IsClient && l.AnsweredAt is { } met && ours.Any(r => r.UniqueId == l.UniqueId && r.Agent is not null && (r.LegAnsweredAt is not { } seen || seen - met - shift > LateSight)));
    }

    async Task<CelFinding> ToFindingAsync(CelCall call, ImmutableArray<CelKnown> known, CancellationToken cancel)
    {
        var caller = PhoneNumbers.Parse(call.CallerNumber, link.Options.Region, call.Withheld == true, extensions.Contains);
        var dialled = PhoneNumbers.Parse(call.Dialled, link.Options.Region, restricted: false, extensions.Contains);
        var theirs = call.Direction == CallDirection.Outbound ? dialled : caller;
        // Where nothing tells whether the number is withheld it is shown and matches nobody.
        var certain = call.Direction switch { CallDirection.Inbound => call.Withheld is not null, CallDirection.Outbound => true, _ => false };
        LookupResult? client = null;
        if (known.IsEmpty && certain)
            client = await directory.IdentifyAsync(theirs, call.CallerName, source: null, mayCreate: false, cancel);
        return new CelFinding(call, IdOf(call), caller, dialled, client, known);
    }

    /// <summary>The same for the same call, whoever reads it and how often: UUID v7 of its start, the rest from node and linked id.</summary>
    Guid IdOf(CelCall call)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(call.StartedAt).TryWriteBytes(bytes, bigEndian: true, out _);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{link.Node}\n{call.LinkedId}\n{call.StartedAt.UtcTicks}"));
        bytes[6] = (byte)(0x70 | (hash[0] & 0x0f));
        bytes[7] = hash[1];
        bytes[8] = (byte)(0x80 | (hash[2] & 0x3f));
        hash.AsSpan(3, 7).CopyTo(bytes[9..]);
        return new Guid(bytes, bigEndian: true);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node}: call {LinkedId} is {How} from CEL")]
    partial void LogFound(string node, string linkedId, string how);

    [LoggerMessage(Level = LogLevel.Error, Message = "CEL file {File}, line {Line}: expected {Expected}. Lines that cannot be read are passed over; see deploy/asterisk/README.md, 'CEL'")]
    partial void LogBad(string file, long line, string expected);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: the CEL file {File} was cut or replaced, and the part not yet read is not beside it; calls may be missing")]
    partial void LogGap(string node, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: too many CEL rows of calls without an end; those from line {Line} are dropped")]
    partial void LogDropped(string node, long line);

    [LoggerMessage(Level = LogLevel.Error, Message = "PBX {Node}: call {LinkedId} was handed to the engine several times and does not show; given up")]
    partial void LogNotTaken(string node, string linkedId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: CEL file {File} not taken in now: {Reason}")]
    partial void LogFailed(string node, string file, string reason);
}
