using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Host;

/// <summary>Many rows for tests of plans. Step by step: changes are told up to the oldest open transaction of the whole server, on which other tests wait as well.</summary>
static class Bulk
{
    /// <param name="sql">A statement with <c>@From</c> and <c>@To</c>, both counted in.</param>
    public static async Task FillAsync(this NpgsqlConnection connection, string sql, int many, int step, object? values = null)
    {
        for (var from = 1; from <= many; from += step)
        {
            var parameters = new DynamicParameters(values);
            parameters.Add("From", from);
            parameters.Add("To", Math.Min(many, from + step - 1));
            await connection.ExecuteAsync(sql, parameters, commandTimeout: 120);
        }
    }
}
