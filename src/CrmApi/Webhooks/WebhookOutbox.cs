using System.Globalization;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Files;
using CallCrm.CrmApi.Mails;
using CallCrm.CrmApi.Tasks;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Webhooks;

/// <summary>
/// Reads what happened from the changes and the journal, and writes for each webhook what it is to be told, in one transaction with how far it has read: a host that
/// dies in the middle reads it again, several hosts take turns. Both sources are kept for longer than a day.
/// </summary>
internal sealed class WebhookOutbox(NpgsqlDataSource database, ClientStore clients, CallStore calls, DealReader deals, TaskReader tasks, FileStore files, MailReader mails, MergeStore merges, IOptions<RouterRoadOptions> road, TimeProvider time)
{
    const int MostPerRead = 500;

    /// <returns>Whether there may be more.</returns>
    public async Task<bool> CollectAsync(CancellationToken cancel)
    {
        var domain = road.Value.Domain;
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var hooks = (await connection.QueryAsync<Hook>(new CommandDefinition("select id, events from webhook where domain = @domain and active", new { domain }, transaction, cancellationToken: cancel))).AsList();
        if (hooks.Count == 0)
        {
            // Who is set up later is told what happens from then on.
            await connection.ExecuteAsync(new CommandDefinition("delete from webhook_position where domain = @domain", new { domain }, transaction, cancellationToken: cancel));
            await transaction.CommitAsync(cancel);
            return false;
        }

        await BeginAsync(transaction, domain, cancel);
        // Another host reads just now: it does.
        if (await connection.QuerySingleOrDefaultAsync<Position>(new CommandDefinition(
                "select change_xid::text as change_xid, change_id, journal_seq from webhook_position where domain = @domain for update skip locked", new { domain }, transaction, cancellationToken: cancel)) is not { } position)
            return false;
        var (changes, read) = await ChangeHints.ReadAsync(connection, transaction, new ChangePosition(ulong.Parse(position.ChangeXid, CultureInfo.InvariantCulture), position.ChangeId), MostPerRead, cancel);
        var entries = (await connection.QueryAsync<Entry>(new CommandDefinition(
            """
            select seq, at, kind, call_id from journal where domain = @domain and seq > @JournalSeq order by seq limit @MostPerRead
            """, new { domain, position.JournalSeq, MostPerRead }, transaction, cancellationToken: cancel))).AsList();
        if (changes.Count == 0 && entries.Count == 0) return false;
        var happened = Happened(changes, entries).Where(h => hooks.Any(k => k.Wants(h))).ToList();
        await WriteAsync(transaction, hooks, happened, cancel);
        await connection.ExecuteAsync(new CommandDefinition("update webhook_position set change_xid = @xid::xid8, change_id = @id, journal_seq = @seq where domain = @domain",
            new { xid = read.Xid.ToString(CultureInfo.InvariantCulture), id = read.Id, seq = entries.Count > 0 ? entries[^1].Seq : position.JournalSeq, domain }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return changes.Count == MostPerRead || entries.Count == MostPerRead;
    }

    /// <summary>What happens from this transaction on is told.</summary>
    public static Task BeginAsync(NpgsqlTransaction transaction, string domain, CancellationToken cancel) => transaction.Connection!.ExecuteAsync(new CommandDefinition(
        """
        insert into webhook_position (domain, change_xid, change_id, journal_seq)
        select @domain, change_horizon(), 0, (select coalesce(max(seq), 0) from journal where domain = @domain)
        where not exists (select from webhook_position where domain = @domain) on conflict do nothing
        """, new { domain }, transaction, cancellationToken: cancel));

    /// <returns>False: there is none.</returns>
    public async Task<bool> PingAsync(Guid webhook, CancellationToken cancel)
    {
        var message = new WebhookMessage(Guid.CreateVersion7(), WebhookEvents.Ping, time.GetUtcNow(), webhook.ToString());
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            "insert into webhook_delivery (id, webhook_id, event, body, created_at, next_at) select @Id, id, @Event, @body, @At, @At from webhook where id = @webhook and domain = @Domain",
            new { message.Id, message.Event, message.At, body = Json(message), webhook, road.Value.Domain }, cancellationToken: cancel)) == 1;
    }

    /// <summary>Now, and for another day; the same id and body.</summary>
    public async Task<bool> AgainAsync(Guid webhook, Guid delivery, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
            update webhook_delivery d set next_at = @now, attempts = 0, created_at = @now, delivered_at = null
            from webhook w where w.id = d.webhook_id and w.domain = @Domain and d.id = @delivery and d.webhook_id = @webhook
            """, new { now = time.GetUtcNow(), webhook, delivery, road.Value.Domain }, cancellationToken: cancel)) == 1;
    }

    /// <summary>An object that changed several times in one reading is told once; a deal that moved, once for each stage that it came to from another.</summary>
    static IEnumerable<Happening> Happened(List<ChangeHint> changes, List<Entry> entries)
    {
        var of = changes.Select(c => (What: c.Kind switch
        {
            "client" => WebhookEvents.ClientSaved,
            "wrap_up" => WebhookEvents.WrapUpSaved,
            "recording" => WebhookEvents.RecordingReady,
            "deal" => WebhookEvents.DealSaved,
            DealStore.MovedHint => WebhookEvents.DealMoved,
            "task" => WebhookEvents.TaskSaved,
            TaskStore.DoneHint => WebhookEvents.TaskDone,
            MergeStore.MergedHint => WebhookEvents.ClientMerged,
            MergeStore.UnmergedHint => WebhookEvents.ClientUnmerged,
            ClientDirectory.NoteAddedHint => WebhookEvents.NoteAdded,
            ClientDirectory.NoteRemovedHint => WebhookEvents.NoteRemoved,
            MailStore.AddedHint => WebhookEvents.MailAdded,
            MailStore.RemovedHint => WebhookEvents.MailRemoved,
            MailStore.RestoredHint => WebhookEvents.MailRestored,
            FileStore.AddedHint => WebhookEvents.FileAdded,
            FileStore.RenamedHint => WebhookEvents.FileRenamed,
            FileStore.RemovedHint => WebhookEvents.FileRemoved,
            FileStore.RestoredHint => WebhookEvents.FileRestored,
            _ => null,
        }, c.Key, c.At))
            .Concat(entries.Where(e => e.CallId is not null).Select(e => (What: e.Kind switch { "call_started" or "call_imported" => WebhookEvents.CallStarted, "call_answered" => WebhookEvents.CallAnswered, "call_ended" => WebhookEvents.CallEnded, _ => null },
                Key: e.CallId!.Value.ToString(), e.At)));
        foreach (var same in of.Where(h => h.What is not null).GroupBy(h => (h.What, h.Key)).OrderBy(g => g.Max(h => h.At)))
        {
            var key = same.Key.Key.Split(DealStore.MovedMark);
            if (Guid.TryParse(key[0], out var id)) yield return new Happening(same.Key.What!, id, same.Max(h => h.At), key.ElementAtOrDefault(1), key.ElementAtOrDefault(2));
        }
    }

    async Task WriteAsync(NpgsqlTransaction transaction, List<Hook> hooks, List<Happening> happened, CancellationToken cancel)
    {
        if (happened.Count == 0) return;
        var told = await ReadAsync(transaction, happened, cancel);
        var deliveries = new List<object>();
        foreach (var what in happened)
        {
            if (told.Of(what) is not { } message) continue;
            foreach (var hook in hooks.Where(h => h.Hears(message.Event)))
            {
                var own = message with { Id = Guid.CreateVersion7() };
                deliveries.Add(new { own.Id, hook = hook.Id, own.Event, body = Json(own), now = time.GetUtcNow() });
            }
        }

        await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            "insert into webhook_delivery (id, webhook_id, event, body, created_at, next_at) values (@Id, @hook, @Event, @body, @now, @now)", deliveries, transaction, cancellationToken: cancel));
    }

    /// <summary>What the messages are about, each kind in one go.</summary>
    async Task<Told> ReadAsync(NpgsqlTransaction transaction, List<Happening> happened, CancellationToken cancel)
    {
        Guid[] Keys(params string[] events) => [.. happened.Where(h => events.Contains(h.Event)).Select(h => h.Key).Distinct()];
        var recordings = (await transaction.Connection!.QueryAsync<(Guid Id, Guid CallId)>(new CommandDefinition("select id, call_id from recording where id = any(@ids) and call_id is not null",
            new { ids = Keys(WebhookEvents.RecordingReady) }, transaction, cancellationToken: cancel))).ToDictionary(r => r.Id, r => r.CallId);
        var rows = await calls.RowsAsync([.. Keys(WebhookEvents.CallStarted, WebhookEvents.CallAnswered, WebhookEvents.CallEnded, WebhookEvents.WrapUpSaved).Concat(recordings.Values).Distinct()], cancel);
        return new Told(Keys(WebhookEvents.ClientSaved) is { Length: > 0 } cards ? await clients.CardsAsync(cards, cancel) : [], rows, recordings,
            Keys(WebhookEvents.DealSaved, WebhookEvents.DealMoved) is { Length: > 0 } ofDeals ? await deals.FindAsync(ofDeals, cancel) : [],
            Keys(WebhookEvents.TaskSaved, WebhookEvents.TaskDone) is { Length: > 0 } ofTasks ? await tasks.FindAsync(ofTasks, Reach.Everyone, cancel) : [],
            Keys(WebhookEvents.ClientMerged, WebhookEvents.ClientUnmerged) is { Length: > 0 } ofMerges ? await merges.ToldAsync(ofMerges, cancel) : [],
            Keys(WebhookEvents.NoteAdded) is { Length: > 0 } ofNotes ? await clients.NotesAsync(ofNotes, cancel) : [],
            Keys(WebhookEvents.MailAdded, WebhookEvents.MailRestored) is { Length: > 0 } ofMails ? await mails.FindAsync(ofMails, cancel) : [],
            Keys(WebhookEvents.FileAdded, WebhookEvents.FileRenamed, WebhookEvents.FileRestored) is { Length: > 0 } ofFiles ? await files.FindAsync(ofFiles, cancel) : []);
    }

    sealed record Told(Dictionary<Guid, ClientCardView> Cards, IReadOnlyDictionary<Guid, CallRow> Calls, Dictionary<Guid, Guid> Recordings, Dictionary<Guid, DealDetailView> Deals, Dictionary<Guid, TaskView> Tasks,
        Dictionary<Guid, MergeTold> Merges, Dictionary<Guid, NoteTold> Notes, Dictionary<Guid, MailRowView> Mails, Dictionary<Guid, FileRow> Files)
    {
        /// <summary>Null: there is nothing to tell.</summary>
        public WebhookMessage? Of(Happening what)
        {
            var message = new WebhookMessage(Guid.Empty, what.Event, what.At, what.Key.ToString());
            switch (what.Event)
            {
                case WebhookEvents.ClientSaved:
                    return Cards.GetValueOrDefault(what.Key) is { DeletedAt: null } card && card.Id == what.Key ? message with { Client = CardLinks.Named(card, Reach.Everyone, Reach.Everyone) } : message with { Event = WebhookEvents.ClientRemoved };
                case WebhookEvents.DealSaved:
                    return Deals.GetValueOrDefault(what.Key) is { DeletedAt: null } deal ? message with { Deal = deal } : message with { Event = WebhookEvents.DealRemoved };
                case WebhookEvents.DealMoved:
                    return Deals.GetValueOrDefault(what.Key) is { } moved ? message with { Deal = moved, From = what.From, To = what.To } : null;
                case WebhookEvents.TaskSaved:
                    return Tasks.GetValueOrDefault(what.Key) is { DeletedAt: null } task ? message with { Task = task } : message with { Event = WebhookEvents.TaskRemoved };
                case WebhookEvents.TaskDone:
                    return Tasks.GetValueOrDefault(what.Key) is { DoneAt: not null } done ? message with { Task = done } : null;
                case WebhookEvents.ClientMerged or WebhookEvents.ClientUnmerged:
                    return Merges.GetValueOrDefault(what.Key) is { } merge ? message with { Merge = merge } : null;
                // What was added and lies in the bin by now: that it was removed is told by itself.
                case WebhookEvents.NoteAdded:
                    return Notes.GetValueOrDefault(what.Key) is { } note ? message with { Note = note } : null;
                case WebhookEvents.MailAdded or WebhookEvents.MailRestored:
                    return Mails.GetValueOrDefault(what.Key) is { } mail ? message with { Mail = mail } : null;
                case WebhookEvents.FileAdded or WebhookEvents.FileRenamed or WebhookEvents.FileRestored:
                    return Files.GetValueOrDefault(what.Key) is { DeletedAt: null } file ? message with { File = file.View(mayDelete: false) } : null;
                case WebhookEvents.NoteRemoved or WebhookEvents.MailRemoved or WebhookEvents.FileRemoved:
                    return message;
                default:
                    return Calls.GetValueOrDefault(what.Event == WebhookEvents.RecordingReady ? Recordings.GetValueOrDefault(what.Key) : what.Key) is { } call ? message with { Call = call } : null;
            }
        }
    }

    static string Json(WebhookMessage message) => JsonSerializer.Serialize(message, ContractsJson.Default.WebhookMessage);

    sealed record Hook(Guid Id, Array Events)
    {
        public bool Hears(string what) => Array.IndexOf((string[])Events, what) >= 0;

        /// <summary>Whether it was saved or removed is known only when it is read.</summary>
        public bool Wants(Happening what) => Hears(what.Event) || what.Event switch
        {
            WebhookEvents.ClientSaved => Hears(WebhookEvents.ClientRemoved),
            WebhookEvents.DealSaved => Hears(WebhookEvents.DealRemoved),
            WebhookEvents.TaskSaved => Hears(WebhookEvents.TaskRemoved),
            _ => false,
        };
    }

    sealed record Position(string ChangeXid, long ChangeId, long JournalSeq);

    sealed record Entry(long Seq, DateTimeOffset At, string Kind, Guid? CallId);

    sealed record Happening(string Event, Guid Key, DateTimeOffset At, string? From, string? To);
}
