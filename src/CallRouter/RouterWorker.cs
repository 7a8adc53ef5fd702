using CallCrm.CallFlow;
using CallCrm.CallRouter.Doctor;
using CallCrm.CallRouter.Flight;
using CallCrm.CallRouter.Cel;
using CallCrm.CallRouter.Mailboxes;
using CallCrm.CallRouter.Pbx;
using CallCrm.Engine;
using CallCrm.Telephony.FastAgi;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CallRouter;

/// <summary>
/// Holds the domain while it can: waits for its lock, runs a session on it, and starts again when lock or database connection
/// are lost. Without the domain FastAGI sockets are closed at once (the dialplan serves the caller) and nothing is sent to a PBX.
/// </summary>
sealed partial class RouterWorker(
    RouterDatabase database, NpgsqlDataSource pages, ClientDirectory directory, SettingsReader settings, PbxLinks links, LookupRunner lookups, PopGate pops, RouterSeat seat, JournalHealth health, AgiDesk desk,
    Replies<Guid, RouteReply> routes, Replies<Guid, RoadAnswer> commands, IOptions<RouterOptions> options, IConfiguration configuration, IInternalAddress address,
    TimeProvider time, ILoggerFactory logs, ILogger<RouterWorker> log) : BackgroundService
{
    static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    readonly RouterOptions _options = options.Value;
    long? _refusedTold;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var agi = new AgiServer(
            new AgiServerOptions
            {
                Address = System.Net.IPAddress.Parse(_options.AgiAddress),
                Port = _options.AgiPort,
                AllowedPeers = links.Peers,
                HandlerFailed = (request, e) => LogAgiFailed(e, request.UniqueId),
                PeerRefused = TellRefused,
            },
            ServeAgiAsync, time);
        links.PeersChanged = () => agi.AllowedPeers = links.Peers;
        links.PeersChanged();
        agi.Start();
        LogAgi(agi.LocalEndPoint.ToString());
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await HoldDomainAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogSessionFailed(e, _options.Domain);
            }

            await Task.Delay(Again, time, stoppingToken);
        }
    }

    /// <summary>Once a minute: a PBX at an address that is not its own here asks with every call, and strangers may ask for ever.</summary>
    void TellRefused(System.Net.IPAddress peer)
    {
        if (_refusedTold is { } last && time.GetElapsedTime(last) < TimeSpan.FromMinutes(1))
            return;
        _refusedTold = time.GetTimestamp();
        LogRefused(peer.ToString());
    }

    async Task HoldDomainAsync(CancellationToken stopping)
    {
        await using var journal = await JournalWriter.OpenAsync(
            database, _options.Domain, new JournalOptions { SpillFolder = Spill(), CommitWithin = _options.CommitTimeout }, time,
            logs.CreateLogger<JournalWriter>(), stopping);
        LogHeld(_options.Domain, journal.Restored.NextSeq);
        health.Watch(journal);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, journal.Lost);
        var first = await settings.LoadAsync(_options.Domain, stop.Token);
        using var flight = FlightOptions.From(_options, DataFolder.From(configuration)) is { } recorded ? new FlightRecorder(recorded, time, logs.CreateLogger<FlightRecorder>()) : null;
        var session = new DomainSession(
            _options.Domain, journal, links.All, lookups, pops, _options, routes, commands, flight, time, logs.CreateLogger<DomainSession>());
        try
        {
            await AnnounceAsync(stop.Token);
            foreach (var link in links.All)
                await link.RecordInternalAsync(first.RecordInternal, stop.Token);
            var parts = new List<Task> { session.RunAsync(first, stop.Token) };
            seat.Take(session, first);
            parts.Add(WatchSettingsAsync(session, first.Version, stop.Token));
            var fence = new RouterFence(_options.Domain, journal, logs.CreateLogger<RouterFence>());
            parts.AddRange(links.All.Select(link => link.RunAsync(session, fence, stop.Token)));
            parts.AddRange(links.All.Where(link => !string.IsNullOrEmpty(link.Options.CelFile)).Select(link => CelOf(link, journal).RunAsync(session, stop.Token)));
            foreach (var mailboxes in VoicemailFolders.From(configuration))
            {
                if (links.All.FirstOrDefault(l => l.Node == mailboxes.Node) is { } link)
                    parts.Add(MailboxesOf(mailboxes, link, journal).RunAsync(session, stop.Token));
            }

            await Task.WhenAny(parts);
            await stop.CancelAsync();
            await Task.WhenAll(parts);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested && journal.Lost.IsCancellationRequested)
        {
            LogLost(_options.Domain);
        }
        finally
        {
            seat.Leave();
            health.Watch(null);
            routes.ForgetAll();
            commands.ForgetAll();
        }
    }

    CelImport CelOf(PbxLink link, JournalWriter journal) => new(
        link, new CelFile(link.Options.CelFile!), new CelStore(pages, _options.Domain, link.Node, time), directory, seat, () => journal.IsSpilling, time, logs.CreateLogger<CelImport>());

    MailboxImport MailboxesOf(VoicemailFolder folder, PbxLink link, JournalWriter journal) => new(
        folder, link.Options, new VoicemailSpool(folder.Path, time), new MailboxStore(pages, _options.Domain, link.Node, time), seat, () => journal.IsSpilling, time, logs.CreateLogger<MailboxImport>());

    string Spill() => _options.SpillFolder is { Length: > 0 } folder ? folder : Path.Combine(DataFolder.From(configuration), "spill");

    async Task WatchSettingsAsync(DomainSession session, long version, CancellationToken cancel)
    {
        await foreach (var changed in settings.WatchAsync(_options.Domain, cancel))
        {
            seat.Take(session, changed);
            await session.PutAsync(new EngineInput.SettingsChanged(changed), cancel);
            foreach (var link in links.All)
                await link.RecordInternalAsync(changed.RecordInternal, cancel);
            if (changed.Version != version)
                LogSettings(changed.Version);
            version = changed.Version;
        }
    }

    /// <summary>Tells CrmApi where commands go.</summary>
    async Task AnnounceAsync(CancellationToken cancel)
    {
        var own = _options.InternalUrl ?? await address.FindAsync(cancel);
        await using var connection = await database.Source.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into domain (name, command_address, command_since) values (@domain, @own, @now)
            on conflict (name) do update set command_address = excluded.command_address, command_since = excluded.command_since
            """,
            new { domain = _options.Domain, own, now = time.GetUtcNow() }, cancellationToken: cancel));
        LogAnnounced(own);
    }

    async Task ServeAgiAsync(AgiSession session, CancellationToken cancel)
    {
        if (AgiCheck.IsAsked(session))
        {
            // Only where the question of a call would be understood, too.
            if (links.Find(session) is not null)
                await AgiCheck.AnswerAsync(session, cancel);
            return;
        }

        if (seat.Current is { } held && links.Find(session) is { } link)
            await desk.ServeAsync(session, link, held, seat, cancel);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "FastAGI on {Address}")]
    partial void LogAgi(string address);

    [LoggerMessage(Level = LogLevel.Error, Message = "Call on channel {UniqueId}: the FastAGI dialogue failed")]
    partial void LogAgiFailed(Exception e, string uniqueId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "FastAGI refused {Peer}, which is no address of a PBX named under Pbx; is it one, its calls go to the fallback")]
    partial void LogRefused(string peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "Holding domain '{Domain}' from journal entry {Seq} on")]
    partial void LogHeld(string domain, long seq);

    [LoggerMessage(Level = LogLevel.Information, Message = "Commands reach this router at {Address}")]
    partial void LogAnnounced(string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Settings version {Version} in force")]
    partial void LogSettings(long version);

    [LoggerMessage(Level = LogLevel.Error, Message = "Domain '{Domain}' lost; waiting for it again")]
    partial void LogLost(string domain);

    [LoggerMessage(Level = LogLevel.Error, Message = "Domain '{Domain}': the session failed; starting again")]
    partial void LogSessionFailed(Exception e, string domain);
}
