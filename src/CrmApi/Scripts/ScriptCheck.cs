using System.Net.Sockets;
using CallCrm.CallFlow;
using Npgsql;

namespace CallCrm.CrmApi.Scripts;

/// <summary>The command <c>callcrm scripts check</c>: every script of a folder, every problem, by file, line and column.</summary>
public static class ScriptCheck
{
    /// <summary>Compared with the site's own fields and its campaigns when its database answers.</summary>
    public static async Task<int> RunAsync(string folder, IConfiguration configuration, TextWriter output)
    {
        var (fields, campaigns) = await SiteAsync(configuration);
        return Run(folder, output, fields, campaigns);
    }

    /// <summary>0: all good, or warnings alone; 1: problems, all printed; 2: there is nothing to check.</summary>
    /// <param name="fields">The site's own, when the site can be asked; null: its fields are taken on trust.</param>
    /// <param name="campaigns">Likewise.</param>
    public static int Run(string folder, TextWriter output, IReadOnlyList<CustomField>? fields = null, IReadOnlyCollection<string>? campaigns = null)
    {
        var library = new ScriptFolder(folder, ScriptShape.Library, TimeProvider.System, _ => null, fields, campaigns).Read();
        var problems = library.Files.SelectMany(f => f.Problems).ToArray();
        foreach (var problem in problems)
        {
            output.WriteLine(problem.File == folder ? problem : problem with { File = Path.Combine(folder, problem.File) });
        }

        var read = library.Files.Count(f => f.Name.Length > 0);
        if (read == 0)
        {
            if (problems.Length == 0) output.WriteLine($"{folder}: no scripts here, expected *.yaml files");
            return 2;
        }

        var warnings = problems.Count(p => p.Warning);
        var faults = problems.Length - warnings;
        output.WriteLine($"{Count(read, "script")} checked, {Count(faults, "problem")}{(warnings == 0 ? "" : $", {Count(warnings, "warning")}")}");
        return faults == 0 ? 0 : 1;
    }

    static async Task<(IReadOnlyList<CustomField>? Fields, IReadOnlyCollection<string>? Campaigns)> SiteAsync(IConfiguration configuration)
    {
        try
        {
            var address = new NpgsqlConnectionStringBuilder(DatabaseAddress.From(configuration).ConnectionString) { Pooling = false, Timeout = 3, CommandTimeout = 3 };
            await using var connection = new NpgsqlConnection(address.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("select code, name, kind, options::text from client_field where not archived order by position, code; select code from campaign where not retired order by code", connection);
            await using var reader = await command.ExecuteReaderAsync();
            var fields = new List<CustomField>();
            while (await reader.ReadAsync()) fields.Add(new CustomField(reader.GetString(0), reader.GetString(1), reader.GetString(2), CustomField.ReadOptions(reader.GetString(3))));
            var campaigns = new List<string>();
            await reader.NextResultAsync();
            while (await reader.ReadAsync()) campaigns.Add(reader.GetString(0));
            return (fields, campaigns);
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException or ArgumentException)
        {
            return default; // The site does not run; scripts can be checked all the same.
        }
    }

    static string Count(int n, string what) => $"{n} {what}{(n == 1 ? "" : "s")}";
}
