using System.Diagnostics;
using System.Text.Json;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Npgsql;

namespace CallCrm.EndToEnd.Calls;

/// <summary><c>callcrm doctor</c> on the real Asterisk with the very files of deploy/asterisk.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Doctor(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [LabFact]
    public async Task Finds_no_fault_with_and_without_a_running_host_then_the_phone_that_is_not_there()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        var settings = lab.HostSettings();
        settings["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync();
        settings["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-host").FullName;

        (await RunAsync(settings, Ports.Free())).Should().Be((0, ""), "the doctor answers FastAGI in the host's place");

        settings["Demo:Company"] = "true";
        settings["Demo:Simulate"] = "false";
        settings["Demo:Node"] = lab.Node;
        settings["Demo:Clients"] = "20";
        settings["Demo:Days"] = "1";
        await using var host = await CallCrmHost.StartAsync(settings);
        await using var database = NpgsqlDataSource.Create(settings["ConnectionStrings:CallCrm"]);
        await RunSqlAsync(database, "update device set can_answer = false, can_hold = false");
        await Eventually.BeAsync(() => host.Output.Contains("snapshot with", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the router's first snapshot of the PBX");
        var calls = await CountAsync(database);

        (await RunAsync(settings, host.Port)).Should().Be((0, ""));

        await RunSqlAsync(database, "insert into extension (node, number, domain) values ('lab', '998', 'main'); insert into device (node, name, extension) values ('lab', 'PJSIP/998', '998')");
        (await RunAsync(settings, host.Port)).Should().Be((1, "device"));
        (await CountAsync(database)).Should().Be(calls, "the doctor's channels are no calls");
        (await lab.ChannelsAsync()).Should().BeEmpty();
    }

    /// <returns>Exit code, and the checks that found faults.</returns>
    static async Task<(int Code, string Faults)> RunAsync(Dictionary<string, string> settings, int port)
    {
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { PublishedHost.FindAssembly(), "doctor", "--json", "--port", $"{port}" }, RedirectStandardOutput = true };
        foreach (var (key, value) in settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        using var report = JsonDocument.Parse(output);
        report.RootElement.GetProperty("seconds").GetDouble().Should().BeLessThan(10);
        var findings = report.RootElement.GetProperty("findings").EnumerateArray().ToList();
        findings.Should().Contain(f => f.GetProperty("check").GetString() == "agi" && f.GetProperty("state").GetString() == "fine", output);
        return (process.ExitCode, string.Join(',', findings.Where(f => f.GetProperty("state").GetString() == "FAULT").Select(f => f.GetProperty("check").GetString())));
    }

    static async Task RunSqlAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    static async Task<long> CountAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("select count(*) from call");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
