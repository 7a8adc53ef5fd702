using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Sockets;
using CallCrm.CallFlow;
using CallCrm.CallFlow.Backup;
using CallCrm.CallFlow.Https;
using CallCrm.CallRouter.Pbx;
using Npgsql;

namespace CallCrm.CallRouter.Doctor;

/// <summary>A device of the settings.</summary>
/// <param name="Remote">To be answered or held from the page.</param>
sealed record DoctorDevice(string Node, string Name, string Extension, bool Remote);

/// <summary>What the settings want of the PBX.</summary>
/// <param name="RecordsCallsOut">Of agents of at least one queue, or of those who serve none.</param>
sealed record DoctorSettings(IReadOnlyList<DoctorDevice> Devices, bool RecordsCallsOut);

/// <summary>The machine CallCrm runs on.</summary>
sealed class HostDoctor(IConfiguration configuration, Uri page)
{
    const string Area = "host";
    const double LeastFreeGigabytes = 1;
    static readonly TimeSpan WarnWithin = TimeSpan.FromDays(14);
    static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(3);

    public IReadOnlyList<Finding> CheckConfiguration(IReadOnlyList<PbxOptions> pbxs)
    {
        var problems = new List<string>();
        var router = configuration.GetSection(RouterOptions.Section).Get<RouterOptions>() ?? new RouterOptions();
        // The all-in-one host makes its own when none is set.
        if (router.InternalKey.Length == 0)
            router.InternalKey = new string('-', 16);
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(router, new ValidationContext(router), results, validateAllProperties: true);
        problems.AddRange(results.Select(r => $"Router:{string.Join(',', r.MemberNames)}: {r.ErrorMessage}"));
        if (new PbxOptionsValidator().Validate(null, [.. pbxs]) is { Failed: true, Failures: { } failures })
            problems.AddRange(failures);
        problems.AddRange(pbxs.GroupBy(p => p.Node, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"Pbx: the node '{g.Key}' stands there twice; each PBX needs a name of its own."));
        return problems.Count == 0
            ? [Finding.Fine(Area, "configuration", "The configuration is valid.")]
            : [.. problems.Select(p => Finding.Fault(Area, "configuration", $"{p} Correct it in the configuration file or the environment."))];
    }

    public Finding CheckData()
    {
        var folder = DataFolder.From(configuration);
        if (!Directory.Exists(folder))
            return Finding.Untold(Area, "data", $"The data folder {folder} is not there yet, the first start makes it.");
        if (FolderCheck.WhyNotWritable(folder) is { } why)
            return Finding.Fault(Area, "data", $"The data folder {folder} cannot be written ({why}): give it to the user CallCrm runs as.");
        var free = new DriveInfo(folder).AvailableFreeSpace / (double)(1 << 30);
        var text = free.ToString("F1", CultureInfo.InvariantCulture);
        return free < LeastFreeGigabytes
            ? Finding.Fault(Area, "data", $"The data folder {folder} has {text} GB left: make room, or move it (CallCrm:DataFolder).")
            : Finding.Fine(Area, "data", $"The data folder {folder} can be written, {text} GB are free.");
    }

    /// <param name="begun">The first start, by the database; null when that does not tell.</param>
    public Finding CheckBackup(DateTimeOffset now, DateTimeOffset? begun)
    {
        var limit = (configuration.GetSection(BackupOptions.Section).Get<BackupOptions>() ?? new BackupOptions()).WarnAfter;
        if (LastBackup.Read(DataFolder.From(configuration)) is not { } last)
        {
            const string None = "No backup has been made yet";
            const string Remedy = "./callcrm backup DIR, and a timer for it (docs, \"Operations\").";
            return limit > TimeSpan.Zero && now - (begun ?? ClusterMade()) > limit
                ? Finding.Fault(Area, "backup", $"{None}, and there is something to lose: {Remedy}")
                : Finding.Untold(Area, "backup", $"{None}: {Remedy}");
        }

        var when = $"{last.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC in {last.Folder}";
        return limit > TimeSpan.Zero && now - last.At > limit
            ? Finding.Fault(Area, "backup", $"The last good backup is too old ({when}): run ./callcrm backup DIR, and see why its timer did not.")
            : Finding.Fine(Area, "backup", $"The last good backup is of {when}.");
    }

    /// <summary>Of CallCrm's own PostgreSQL, whether or not it runs; initdb alone writes this file.</summary>
    DateTimeOffset? ClusterMade()
    {
        try
        {
            return DatabaseAddress.From(configuration).Cluster is { } own && new FileInfo(Path.Combine(own.Data, "PG_VERSION")) is { Exists: true } made ? new DateTimeOffset(made.LastWriteTimeUtc) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <returns>Null: the host serves no HTTPS.</returns>
    public Finding? CheckCertificate(DateTimeOffset now)
    {
        if (!(configuration["Web:Urls"] ?? "").Contains("https://", StringComparison.OrdinalIgnoreCase) || configuration.GetSection("Kestrel:Certificates:Default").GetChildren().Any())
            return null;
        if (CertificateFiles.From(configuration) is not { } files)
            return Finding.Fault(Area, "certificate", "Web:Urls has an https address but there is no certificate: name yours in Web:CertificateFile, or make one by ./callcrm certificate NAME.");
        try
        {
            var certificate = ServerCertificate.Load(files);
            var until = $"{files.File} ends {certificate.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";
            if (certificate.BeginsAt > now)
                return Finding.Fault(Area, "certificate", $"The certificate {files.File} is not valid yet (from {certificate.BeginsAt.UtcDateTime:u}): set the clock right, or take another one.");
            return certificate.ExpiresAt - now < WarnWithin
                ? Finding.Fault(Area, "certificate", certificate.ExpiresAt < now ? $"The certificate {until}, so browsers refuse this server: renew it." : $"The certificate {until}: renew it before.")
                : Finding.Fine(Area, "certificate", $"The certificate {until}.");
        }
        catch (CertificateException e)
        {
            return Finding.Fault(Area, "certificate", $"The certificate cannot be used: {e.Message.ReplaceLineEndings(" ")} A running host keeps the last good one until it is started again.");
        }
    }

    public Finding CheckFfmpeg()
    {
        var program = configuration["Recorder:Ffmpeg"] is { Length: > 0 } given ? given : "ffmpeg";
        return Find(program) is { } found
            ? Finding.Fine(Area, "ffmpeg", $"ffmpeg is {found}.")
            : Finding.Fault(Area, "ffmpeg", $"'{program}' is not found, recordings cannot be played: sudo apt-get install ffmpeg, or name the program in Recorder:Ffmpeg.");
    }

    /// <summary>Of a command with arguments only its program is looked for: what it makes of the rest is its own.</summary>
    public Finding CheckTranscripts()
    {
        if (configuration["Transcripts:Model"] is not { Length: > 0 } model)
            return Finding.Untold(Area, "transcripts", "Recordings are not written down: no model is set (Transcripts:Model; docs/recordings.md says how).");
        var command = configuration["Transcripts:Program"] is { Length: > 0 } given ? given.Trim() : "whisper-cli";
        var program = File.Exists(command) ? command : command.Split(' ')[0];
        if (Find(program) is not { } found)
            return Finding.Fault(Area, "transcripts", $"'{program}' is not found, recordings are not written down: deploy/get-whisper FOLDER fetches it, then name it in Transcripts:Program.");
        return program != command || File.Exists(model)
            ? Finding.Fine(Area, "transcripts", $"Recordings are written down by {found} with {Path.GetFileName(model)}.")
            : Finding.Fault(Area, "transcripts", $"The model {model} is not there (Transcripts:Model): recordings are not written down.");
    }

    static string? Find(string program) => (program.Contains('/', StringComparison.Ordinal)
        ? [program]
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(f => f.Length > 0).Select(f => Path.Combine(f, program))).FirstOrDefault(File.Exists);

    /// <returns>What was found, and whether the host runs.</returns>
    public async Task<(Finding Finding, bool Runs)> CheckPortAsync(CancellationToken cancel)
    {
        try
        {
            using var probe = new TcpClient();
            using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            soon.CancelAfter(AnswerWithin);
            await probe.ConnectAsync(page.Host, page.Port, soon.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return (Finding.Untold(Area, "port", $"The host does not run; its port {page.Port} is free."), false);
        }

        try
        {
            // This machine is only asked whether it lives, by an address that need not be in its certificate, which CheckCertificate looks at.
#pragma warning disable MA0039 // Nothing is told and nothing believed.
            using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
#pragma warning restore MA0039
            using var http = new HttpClient(handler) { Timeout = AnswerWithin };
            using var live = await http.GetAsync(new Uri(page, "/health/live"), cancel);
            var ours = live.IsSuccessStatusCode && await live.Content.ReadAsStringAsync(cancel) == "Healthy";
            if (!ours)
                return (Taken(), false);
            var ready = await http.GetStringAsync(new Uri(page, "/health/ready"), cancel);
            return (ready == "Healthy"
                ? Finding.Fine(Area, "port", $"The host runs and answers on {page}.")
                : Finding.Fault(Area, "port", $"The host on {page} says it is {ready}: look into its log, and at \"Operations\" in docs."), true);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return (e is HttpRequestException { StatusCode: not null } ? Finding.Fault(Area, "port", $"The host on {page} is not ready: look into its log, mostly the database is away.") : Taken(), e is HttpRequestException { StatusCode: not null });
        }

        Finding Taken() => Finding.Fault(Area, "port", $"Another program answers on port {page.Port}: stop it, or give CallCrm another port (--port, Web:Urls).");
    }

    /// <returns>What was found, the settings, and when the site was first started; null when they cannot be read.</returns>
    public async Task<(Finding Finding, DoctorSettings? Settings, DateTimeOffset? Begun)> CheckDatabaseAsync(string domain, Task<(Finding, bool Runs)> host, CancellationToken cancel)
    {
        var address = DatabaseAddress.From(configuration);
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(address.ConnectionString) { Pooling = false, Timeout = 3, CommandTimeout = 3 };
            await using var connection = new NpgsqlConnection(builder.ConnectionString);
            await connection.OpenAsync(cancel);
            var fine = Finding.Fine(Area, "database", $"PostgreSQL {connection.PostgreSqlVersion} answers.");
            return (fine, await SettingsAsync(connection, domain, cancel), await BegunAsync(connection, cancel));
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException or ArgumentException)
        {
            if (address.Cluster is not null && !(await host).Runs)
                return (Finding.Untold(Area, "database", "CallCrm's own PostgreSQL runs only while the host does; start the host to have it looked at."), null, null);
            return (Finding.Fault(Area, "database", $"PostgreSQL cannot be used ({e.Message.ReplaceLineEndings(" ")}): start it, and correct ConnectionStrings:CallCrm."), null, null);
        }
    }

    /// <summary>When the first migration was run, as the metric of the backup's age takes it.</summary>
    static async Task<DateTimeOffset?> BegunAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("select min(applied)::timestamptz from schema_version", connection);
        try
        {
            return await command.ExecuteScalarAsync(cancel) is DateTime at ? new DateTimeOffset(at) : null;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // Never started with this database.
            return null;
        }
    }

    static async Task<DoctorSettings?> SettingsAsync(NpgsqlConnection connection, string domain, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand("""
            select d.node, d.name, d.extension, d.can_answer and not d.auto_answer or d.can_hold
            from device d join extension e on e.node = d.node and e.number = d.extension
            where e.domain = $1
            order by d.node, d.name
            """, connection);
        command.Parameters.AddWithValue(domain);
        await using var records = new NpgsqlCommand("select exists (select from queue where domain = $1 and record and retired_at is null) or coalesce((select record_out from domain_setting where domain = $1), true)", connection);
        records.Parameters.AddWithValue(domain);
        try
        {
            var devices = new List<DoctorDevice>();
            await using (var reader = await command.ExecuteReaderAsync(cancel))
            {
                while (await reader.ReadAsync(cancel))
                    devices.Add(new DoctorDevice(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3)));
            }

            return new DoctorSettings(devices, (bool)(await records.ExecuteScalarAsync(cancel))!);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // Never started with this database.
            return null;
        }
    }
}
