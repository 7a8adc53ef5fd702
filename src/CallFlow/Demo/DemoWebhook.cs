using System.Security.Cryptography;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace CallCrm.CallFlow.Demo;

/// <summary>
/// A program that was told of calls and deals, with what it was told last. Switched off, at an address of which RFC 2606 says that nobody has it: nothing leaves the demo, and
/// who switches it on sees how a program that does not answer shows.
/// </summary>
internal static class DemoWebhook
{
    static readonly Guid Id = Guid.Parse("01930000-0000-7000-8000-000000000081");

    /// <param name="protection">Seals the secret, as <c>CrmApi/Webhooks</c> opens it. Null: no webhook, as nobody could sign with it.</param>
    public static async Task FillAsync(NpgsqlConnection connection, DemoOptions options, IDataProtectionProvider? protection, DateTimeOffset now, CancellationToken ct)
    {
        if (protection is null) return;
        var secret = protection.CreateProtector("CallCrm.Webhook").Protect(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into webhook (id, domain, url, secret, events, active, created_at) values (@Id, @Domain, 'https://erp.example/hooks/callcrm', @secret, @events, false, @at)",
            new { Id, options.Domain, secret, events = new[] { "call.ended", "wrap_up.saved", "deal.moved", "client.saved" }, at = now.AddDays(-45) }, cancellationToken: ct));
        var told = (await connection.QueryAsync<(string Event, string Key, DateTimeOffset At)>(new CommandDefinition(LatestSql, cancellationToken: ct))).AsList();
        for (var n = 0; n < told.Count; n++)
        {
            var (what, key, at) = told[n];
            // It was away one evening.
            var (status, error, attempts) = n is > 2 and < 6 ? (503, "HTTP 503", 3) : (200, (string?)null, 1);
            if (at < now.AddDays(-6)) continue;
            var id = Guid.CreateVersion7(at);
            await connection.ExecuteAsync(new CommandDefinition(
                """
                insert into webhook_delivery (id, webhook_id, event, body, created_at, attempts, next_at, delivered_at, status, error)
                values (@id, @hook, @what, @body, @at, @attempts, null, @delivered, @status, @error)
                """,
                new { id, hook = Id, what, body = JsonSerializer.Serialize(new { id, @event = what, at, key }), at, attempts, delivered = status == 200 ? at.AddMilliseconds(180) : (DateTimeOffset?)null, status, error }, cancellationToken: ct));
        }
    }

    const string LatestSql = """
        select event, key, at from (
          (select 'wrap_up.saved' as event, call_id::text as key, created_at as at from wrap_up order by created_at desc limit 14)
          union all (select 'call.ended', id::text, ended_at from call order by ended_at desc limit 14)
          union all (select 'deal.moved', deal_id::text, made_at from call_stage_change where before <> '' order by made_at desc limit 6)) t
        order by at desc
        """;
}
