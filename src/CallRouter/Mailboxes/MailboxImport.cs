using System.Security.Cryptography;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Mailboxes;

/// <summary>
/// Follows one PBX's mailboxes on disk: what lies there and the tables do not have goes to the engine, tied to its call, as does what was heard or deleted
/// on the phone. Each look derives all anew from the two, so being killed in between, or looking twice, changes nothing; while the database is away it waits.
/// </summary>
sealed partial class MailboxImport(
    VoicemailFolder folder, PbxOptions pbx, VoicemailSpool spool, MailboxStore store, IExtensions extensions, Func<bool> journalIsBehind, TimeProvider time, ILogger<MailboxImport> log)
{
    static readonly TimeSpan Between = TimeSpan.FromSeconds(2);
    static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(10);

    /// <summary>What was handed over comes into the tables within this, or is handed over again.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The call of a message may come late: from the journal's spill, or by the PBX's own record. After that the message is a call of its own.</summary>
    static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(30);
    static readonly TimeSpan CelPatience = TimeSpan.FromMinutes(2);

    /// <summary>What became of older messages is not followed.</summary>
    static readonly TimeSpan Followed = TimeSpan.FromDays(30);

    readonly Dictionary<string, (MailboxState State, DateTimeOffset At)> sent = new(StringComparer.Ordinal);
    readonly Dictionary<string, DateTimeOffset> orphans = new(StringComparer.Ordinal);
    readonly HashSet<string> told = new(StringComparer.Ordinal);
    DateTimeOffset? since;
    bool unreadable;

    public async Task RunAsync(IInputs inputs, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var rest = Between;
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
                // Folder or database are away: nothing is lost, it is looked at later.
                if (!unreadable && (folder.Named || e is not DirectoryNotFoundException)) LogUnreadable(pbx.Node, folder.Path, e.Message);
                (unreadable, rest) = (true, AfterFailure);
            }

            await Task.Delay(rest, time, cancel);
        }
    }

    internal async Task LookAsync(IInputs inputs, CancellationToken cancel)
    {
        var lying = spool.Look();
        if (unreadable) LogReadable(pbx.Node, folder.Path);
        unreadable = false;
        TellBroken();
        if (journalIsBehind()) return;
        since ??= await store.SinceAsync(cancel);
        var now = time.GetUtcNow();
        var horizon = now - Followed > since ? now - Followed : since.Value;
        // A message's time has whole seconds: that of the first look's own second is looked at.
        horizon = horizon.AddTicks(-(horizon.Ticks % TimeSpan.TicksPerSecond));
        var known = await store.KnownAsync(horizon, cancel);
        var findings = new List<MailboxFinding>();
        foreach (var (key, message) in lying)
        {
            if (message.LeftAt < horizon || IsSent(key, message.State, now)) continue;
            if (known.GetValueOrDefault(key) is { } row)
            {
                if (row.State != message.State.ToString()) findings.Add(Changed(row, message.State));
            }
            else if (await TieAsync(message, now, cancel) is { } finding)
            {
                findings.Add(finding);
            }
        }

        // A disk that is not mounted shows an empty folder: then nobody deleted anything.
        if (lying.Count > 0 || Directory.EnumerateDirectories(folder.Path).Any())
            findings.AddRange(known.Values.Where(r => r.State != nameof(MailboxState.Removed) && !lying.ContainsKey(r.MessageKey) && !IsSent(r.MessageKey, MailboxState.Removed, now)).Select(r => Changed(r, MailboxState.Removed)));
        if (findings.Count == 0) return;
        foreach (var finding in findings) sent[finding.Key] = (finding.State, now);
        await inputs.PutAsync(new EngineInput.MailboxRead(pbx.Node, [.. findings]), cancel);
        foreach (var old in sent.Where(s => now - s.Value.At > Patience).Select(s => s.Key).ToArray()) sent.Remove(old);
    }

    bool IsSent(string key, MailboxState state, DateTimeOffset now) => sent.TryGetValue(key, out var before) && before.State == state && now - before.At <= Patience;

    static MailboxFinding Changed(KnownMessage row, MailboxState state) =>
        new(row.Id, row.CallId, false, row.UniqueId, "", row.Mailbox, row.MessageKey, row.LeftAt, row.DurationMs, state, new PhoneNumber("", NumberKind.Unparsed), "");

    /// <returns>Null: not now, its call still lives or may yet become known.</returns>
    async Task<MailboxFinding?> TieAsync(VoicemailMessage message, DateTimeOffset now, CancellationToken cancel)
    {
        var caller = PhoneNumbers.Parse(message.CallerNumber, pbx.Region, restricted: false, extensions.Contains);
        var id = IdOf("message", message);
        if (await store.CallOfAsync(message.Channel, message.Mailbox, caller, message.LeftAt, cancel) is { } call)
        {
            orphans.Remove(message.Key);
            if (call.State != "Ended") return null;
            LogFound(pbx.Node, message.Mailbox, call.CallId);
            return Of(call.CallId, false, call.UniqueId);
        }

        if (!orphans.TryGetValue(message.Key, out var first)) orphans[message.Key] = first = now;
        if (now - first < (string.IsNullOrEmpty(pbx.CelFile) ? CallPatience : CelPatience)) return null;
        orphans.Remove(message.Key);
        var own = IdOf("call", message);
        LogAdded(pbx.Node, message.Mailbox, own);
        return Of(own, true, $"voicemail-{id:N}");

        MailboxFinding Of(Guid of, bool adds, string uniqueId) =>
            new(id, of, adds, uniqueId, message.Channel, message.Mailbox, message.Key, message.LeftAt, message.Duration_s * 1000, message.State, caller, message.CallerName);
    }

    /// <summary>The same for the same message, whoever reads it and how often: UUID v7 of its time, the rest from node and key.</summary>
    Guid IdOf(string kind, VoicemailMessage message)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(message.LeftAt).TryWriteBytes(bytes, bigEndian: true, out _);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{pbx.Node}\n{message.Key}"));
        bytes[6] = (byte)(0x70 | (hash[0] & 0x0f));
        bytes[7] = hash[1];
        bytes[8] = (byte)(0x80 | (hash[2] & 0x3f));
        hash.AsSpan(3, 7).CopyTo(bytes[9..]);
        return new Guid(bytes, bigEndian: true);
    }

    void TellBroken()
    {
        foreach (var (file, expected) in spool.Broken)
        {
            if (told.Add(file)) LogBroken(file, expected);
        }

        told.RemoveWhere(f => !spool.Broken.ContainsKey(f));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node}: a message in mailbox {Mailbox} belongs to call {Call}")]
    partial void LogFound(string node, string mailbox, Guid call);

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node}: a message in mailbox {Mailbox} of a call that nobody saw; it is added as {Call}")]
    partial void LogAdded(string node, string mailbox, Guid call);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Voicemail file {File} is passed over: expected {Expected}")]
    partial void LogBroken(string file, string expected);

    [LoggerMessage(Level = LogLevel.Warning, Message = "PBX {Node}: mailboxes in {Folder} are not taken in now: {Reason}")]
    partial void LogUnreadable(string node, string folder, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "PBX {Node}: the voicemail folder {Folder} can be read again")]
    partial void LogReadable(string node, string folder);
}
