using System.Data;
using System.Text;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Reports;

/// <summary>Reports that read every card: all of it as of one moment, each statement ended when nobody waits for it any more.</summary>
internal static class SlowReport
{
    /// <summary>Of each statement; who waits longer has left.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static ProblemHttpResult TooSlow => Problems.Of(StatusCodes.Status503ServiceUnavailable, "report_too_slow", "The cards could not be counted within 30 seconds just now. Try again when less is going on.");

    /// <returns>Null: it took too long.</returns>
    public static async Task<T?> ReadAsync<T>(NpgsqlDataSource database, TimeSpan patience, Func<NpgsqlTransaction, Task<T>> read, CancellationToken cancel) where T : class
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancel);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition($"set local statement_timeout = {(int)patience.TotalMilliseconds}; set local work_mem = '128MB'", transaction: transaction, cancellationToken: cancel));
            return await read(transaction);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && !cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>As <see cref="ReportCsv"/> has them.</summary>
    public static FileContentHttpResult File(HttpContext http, string csv, string name)
    {
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.File([.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(csv)], "text/csv; charset=utf-8", name);
    }
}
