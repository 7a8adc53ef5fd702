using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using CallCrm.CallFlow;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Webhooks;

/// <summary>
/// Sends what is due. A delivery is taken for five minutes before it is sent, so that a host that dies leaves it to be taken again: it may come twice, never not at all.
/// Who does not answer with 2xx is asked again after 5 s, 10 s, 20 s … up to an hour, for 24 h; a slow one holds up no other.
/// </summary>
internal sealed partial class WebhookSender(NpgsqlDataSource database, WebhookOutbox outbox, WebhookStore store, ChangeHints hints, IHttpClientFactory http, TimeProvider time, ILogger<WebhookSender> log) : BackgroundService
{
    public const string HttpClientName = "webhooks";
    const int MostPerHook = 20;
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Taken = TimeSpan.FromMinutes(5);
    static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    static readonly TimeSpan GivenUpAfter = TimeSpan.FromHours(24);
    static readonly TimeSpan Kept = TimeSpan.FromDays(7);
    readonly Channel<bool> woken = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => woken.Writer.TryWrite(true);

    /// <summary>The header's value: at which second it was signed, and the signature over both.</summary>
    public static string Sign(string secret, long unixSeconds, string body)
    {
        var signed = string.Create(CultureInfo.InvariantCulture, $"{unixSeconds}.{body}");
        return string.Create(CultureInfo.InvariantCulture, $"t={unixSeconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(signed)))}");
    }

    /// <summary>How long after which failed attempt (1, 2, …) the next comes.</summary>
    public static TimeSpan After(int attempts) => attempts > 10 ? Longest : TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << (attempts - 1)));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = ListenAsync(stoppingToken);
        var cleaned = DateTimeOffset.MinValue;
        while (!stoppingToken.IsCancellationRequested)
        {
            var more = false;
            try
            {
                more = await outbox.CollectAsync(stoppingToken);
                more |= await SendDueAsync(stoppingToken);
                if (time.GetUtcNow() - cleaned > TimeSpan.FromHours(1))
                {
                    await CleanAsync(stoppingToken);
                    cleaned = time.GetUtcNow();
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                LogLater(e.Message);
            }

            if (!more) await WaitAsync(stoppingToken);
        }

        await listening;
    }

    /// <summary>Changes of clients and the like are told at once, what the journal says within a second.</summary>
    async Task ListenAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var _ in hints.WatchAsync(cancel)) Wake();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    async Task WaitAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await Task.WhenAny(woken.Reader.WaitToReadAsync(patience.Token).AsTask(), Task.Delay(Every, time, patience.Token));
        await patience.CancelAsync();
        woken.Reader.TryRead(out _);
    }

    /// <returns>Whether there may be more.</returns>
    async Task<bool> SendDueAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var due = (await connection.QueryAsync<Due>(new CommandDefinition(
            """
            update webhook_delivery d set next_at = @until, attempts = attempts + 1 from webhook w
            where w.id = d.webhook_id and d.id in (
              select x.id from webhook h cross join lateral (
                select id from webhook_delivery where webhook_id = h.id and next_at <= @now order by next_at, id limit @MostPerHook for update skip locked) x
              where h.active)
            returning d.id, d.webhook_id, d.event, d.body, d.created_at, d.attempts, w.url, w.secret
            """, new { now = time.GetUtcNow(), until = time.GetUtcNow() + Taken, MostPerHook }, cancellationToken: cancel))).AsList();
        await connection.CloseAsync();
        await Task.WhenAll(due.GroupBy(d => d.WebhookId).Select(g => SendAllAsync([.. g.OrderBy(d => d.Id)], cancel)));
        return due.Count > 0 && due.GroupBy(d => d.WebhookId).Any(g => g.Count() == MostPerHook);
    }

    /// <summary>
    /// One after the other. As soon as one does not arrive the rest is left for its time: it would not arrive either. A host that stops writes down what became of
    /// them first, and gives back what it did not come to: the next one need not wait until they are free again.
    /// </summary>
    async Task SendAllAsync(List<Due> due, CancellationToken cancel)
    {
        var arrives = true;
        for (var n = 0; n < due.Count; n++)
        {
            var one = due[n];
            int? status;
            string? error;
            try
            {
                (status, error) = arrives ? await SendAsync(one, cancel) : (null, null);
            }
            catch (OperationCanceledException)
            {
                await GiveBackAsync([.. due.Skip(n).Select(d => d.Id)]);
                throw;
            }

            var sent = status is >= 200 and < 300;
            var now = time.GetUtcNow();
            var attempts = arrives ? one.Attempts : one.Attempts - 1;
            DateTimeOffset? next = sent || now - one.CreatedAt > GivenUpAfter ? null : now + After(Math.Max(1, attempts));
            await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
            await connection.ExecuteAsync(new CommandDefinition(
                """
                update webhook_delivery set attempts = @attempts, next_at = @next, delivered_at = @delivered,
                  status = case when @arrives then @status else status end, error = case when @arrives then @error else error end where id = @Id
                """, new { one.Id, attempts, next, delivered = sent ? now : (DateTimeOffset?)null, arrives, status, error }));
            if (arrives && !sent) LogFailed(one.Url, one.Event, status?.ToString(CultureInfo.InvariantCulture) ?? error!);
            arrives = sent;
        }
    }

    async Task GiveBackAsync(Guid[] ids)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
            await connection.ExecuteAsync("update webhook_delivery set next_at = @now, attempts = attempts - 1 where id = any(@ids) and next_at is not null", new { ids, now = time.GetUtcNow() });
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            LogLater(e.Message); // They are free again by themselves in some minutes.
        }
    }

    async Task<(int? Status, string? Error)> SendAsync(Due due, CancellationToken cancel)
    {
        try
        {
            using var client = http.CreateClient(HttpClientName);
            using var request = new HttpRequestMessage(HttpMethod.Post, due.Url) { Content = new StringContent(due.Body, Encoding.UTF8, "application/json") };
            request.Headers.Add("CallCrm-Event", due.Event);
            request.Headers.Add("CallCrm-Delivery", due.Id.ToString());
            request.Headers.Add("CallCrm-Signature", Sign(store.Unseal(due.Secret), time.GetUtcNow().ToUnixTimeSeconds(), due.Body));
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            return ((int)answer.StatusCode, null);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or CryptographicException or UriFormatException && !cancel.IsCancellationRequested)
        {
            return (null, e is TaskCanceledException ? "no answer within 10 s" : e.Message.Length > 300 ? e.Message[..300] : e.Message);
        }
    }

    async Task CleanAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("delete from webhook_delivery where created_at < @before and next_at is null", new { before = time.GetUtcNow() - Kept }, cancellationToken: cancel));
    }

    sealed record Due(Guid Id, Guid WebhookId, string Event, string Body, DateTimeOffset CreatedAt, int Attempts, string Url, string Secret);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Url} was not told {Event}: {Reason}")]
    partial void LogFailed(string url, string @event, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhooks wait: {Reason}")]
    partial void LogLater(string reason);
}
