using CallCrm.CallFlow;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.Access;

/// <summary>
/// Where nobody can administer (a new installation), the start makes the first administrator and shows a link that works once. There is
/// no default password. A link that was lost: start again, and a new one is shown.
/// </summary>
internal sealed partial class FirstAdmin(NpgsqlDataSource database, RoleStore roles, UserLinks links, IOptions<SiteOptions> site, IConfiguration configuration, IHostApplicationLifetime lifetime,
    Microsoft.AspNetCore.Hosting.Server.IServer server, TimeProvider time, ILogger<FirstAdmin> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stoppingToken);
        while (await TryAsync(stoppingToken) is { } trouble)
        {
            LogLater(trouble);
            await Task.Delay(TimeSpan.FromSeconds(5), time, stoppingToken);
        }
    }

    /// <returns>Why it must be tried again.</returns>
    async Task<string?> TryAsync(CancellationToken cancel)
    {
        try
        {
            if (await FindOrMakeAsync(cancel) is { } admin) await ShowAsync(await links.MakeAsync(admin, null, cancel));
            return null;
        }
        catch (NpgsqlException e)
        {
            return e.Message;
        }
    }

    async Task ShowAsync(Contracts.LinkView link)
    {
        var address = server.Features.Get<Microsoft.AspNetCore.Hosting.Server.Features.IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "";
        await Console.Out.WriteLineAsync($"Sign in: {address}{link.Path}  (sets the first administrator's password, once)");
        LogMade();
    }

    /// <returns>Null: somebody can sign in and administer.</returns>
    internal async Task<Guid?> FindOrMakeAsync(CancellationToken cancel)
    {
        await roles.GiveDefaultsAsync(cancel);
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended('first admin', 0))", transaction: transaction, cancellationToken: cancel));
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            $"select exists (select from app_user u where {Administrators.Usable})", new { right = Rights.Configure }, transaction, cancellationToken: cancel))) return null;
        var id = await connection.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            $"select id from app_user where role in ({Administer}) and active order by created_at, id limit 1", new { right = Rights.Configure }, transaction, cancellationToken: cancel));
        var now = time.GetUtcNow();
        id ??= await connection.ExecuteScalarAsync<Guid>(new CommandDefinition(
            """
            insert into domain (name) values (@domain) on conflict do nothing;
            insert into settings_version (domain) values (@domain) on conflict do nothing;
            insert into app_user (id, login, name, role, language, time_zone, is_agent, domain, security_stamp, created_at)
            values (@id, case when exists (select from app_user where lower(login) = 'admin') then 'admin-' || left(@id::text, 8) else 'admin' end,
              'Administrator', coalesce((select role from role_right where right_code = @right order by role <> 'admin', role limit 1), 'admin'), 'en', @zone, false, @domain, @id, @now) returning id
            """,
            new { id = Guid.CreateVersion7(now), domain = configuration["Router:Domain"] is { Length: > 0 } domain ? domain : "main", zone = site.Value.TimeZone, now, right = Rights.Configure }, transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
        return id;
    }

    const string Administer = "select role from role_right where right_code = @right";

    [LoggerMessage(Level = LogLevel.Warning, Message = "No administrator can sign in; a link for the first one is printed on standard output")]
    partial void LogMade();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether somebody can administer is not known yet: {Reason}")]
    partial void LogLater(string reason);
}
