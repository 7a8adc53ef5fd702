namespace CallCrm.CallFlow;

/// <summary>The private cluster's settings and who may come in: the host's own user by the kernel's word (peer), nobody by network.</summary>
internal static class PostgresSettings
{
    public static async Task WriteAsync(ClusterFolders folders, bool durable, CancellationToken ct)
    {
        var main = Path.Combine(folders.Data, "postgresql.conf");
        const string Include = "include_if_exists 'callcrm.conf'";
        var text = await File.ReadAllTextAsync(main, ct);
        if (!text.Contains(Include, StringComparison.Ordinal)) await File.AppendAllTextAsync(main, $"\n# The host writes that file at each start.\n{Include}\n", ct);

        await File.WriteAllTextAsync(Path.Combine(folders.Data, "callcrm.conf"), Settings(folders.Socket, durable), ct);
        await File.WriteAllTextAsync(Path.Combine(folders.Data, "pg_hba.conf"), "local all all peer map=callcrm\nlocal replication all peer map=callcrm\n", ct);
        var us = Environment.UserName;
        var users = new[] { us, "postgres", "root" }.Distinct(StringComparer.Ordinal);
        var map = users.SelectMany(u => new[] { $"callcrm \"{u}\" callcrm\n", $"callcrm \"{u}\" postgres\n" });
        await File.WriteAllTextAsync(Path.Combine(folders.Data, "pg_ident.conf"), string.Concat(map), ct);
        RollLog(folders.ServerLog);
    }

    static void RollLog(string file)
    {
        const int Largest_bytes = 16 * 1024 * 1024;
        if (File.Exists(file) && new FileInfo(file).Length > Largest_bytes) File.Move(file, file + ".1", overwrite: true);
    }

    static string Settings(string socket, bool durable) => $"""
        # Written by the host at each start; changes here are lost. Yours belong into postgresql.conf, below the include.
        listen_addresses = ''
        unix_socket_directories = '{socket.Replace("'", "''", StringComparison.Ordinal)}'
        unix_socket_permissions = 0700
        port = 5432
        max_connections = 120
        shared_buffers = 128MB
        effective_cache_size = 1GB
        work_mem = 8MB
        maintenance_work_mem = 64MB
        max_wal_size = 1GB
        checkpoint_timeout = 15min
        random_page_cost = 1.1
        # Plans that are kept were made for the tables as they were when these were last analyzed: a young site's grow fast.
        autovacuum_naptime = 15s
        jit = off
        timezone = 'UTC'
        log_timezone = 'UTC'
        log_line_prefix = '%m [%p] '
        log_min_duration_statement = 2s
        fsync = {(durable ? "on" : "off")}
        full_page_writes = {(durable ? "on" : "off")}

        """;
}
