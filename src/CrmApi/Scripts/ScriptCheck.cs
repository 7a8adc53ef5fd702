using System.Net.Sockets;
using CallCrm.CallFlow;
using Npgsql;

namespace CallCrm.CrmApi.Scripts;

/// <summary>The command <c>callcrm scripts check</c>: every script of a folder, every problem, by file, line and column.</summary>
public static class ScriptCheck
{
    /// <summary>Compared with the site's own fields when its database answers.</summary>
    public static async Task<int> RunAsync(string folder, IConfiguration configuration, TextWriter output) => Run(folder, output, await FieldsAsync(configuration));

    /// <summary>0: all good, or warnings alone; 1: problems, all printed; 2: there is nothing to check.</summary>
    /// <param name="fields">The site's own, when the site can be asked; null: its fields are taken on trust.</param>
    public static int Run(string folder, TextWriter output, IReadOnlyList<CustomField>? fields = null)
    {
        var library = new ScriptFolder(folder, ScriptShape.Library, TimeProvider.System, _ => null, fields).Read();
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

    static async Task<IReadOnlyList<CustomField>?> FieldsAsync(IConfiguration configuration)
    {
        try
        {
            var address = new NpgsqlConnectionStringBuilder(DatabaseAddress.From(configuration).ConnectionString) { Pooling = false, Timeout = 3, CommandTimeout = 3 };
            await using var connection = new NpgsqlConnection(address.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("select code, name, kind, options::text from client_field where not archived order by position, code", connection);
            await using var reader = await command.ExecuteReaderAsync();
            var fields = new List<CustomField>();
            while (await reader.ReadAsync()) fields.Add(new CustomField(reader.GetString(0), reader.GetString(1), reader.GetString(2), CustomField.ReadOptions(reader.GetString(3))));
            return fields;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException or ArgumentException)
        {
            return null; // The site does not run; scripts can be checked all the same.
        }
    }

    static string Count(int n, string what) => $"{n} {what}{(n == 1 ? "" : "s")}";
}
