using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using CallCrm.CallRouter.Doctor;
using Microsoft.Extensions.Configuration;

namespace CallCrm.CallRouter.Tests.Doctor;

/// <summary>The host's own faults, the exit codes and the two ways to print.</summary>
[Trait("Category", "Slow")]
public sealed class DoctorCommandTests : IDisposable
{
    readonly TcpListener _other = new(IPAddress.Loopback, 0);
    readonly string _folder = Directory.CreateTempSubdirectory("callcrm-doctor").FullName;

    public DoctorCommandTests()
    {
        // Else, run by root, CallCrm's own PostgreSQL is looked for where its user gets at it.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
    }

    public void Dispose()
    {
        _other.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Without_PBX_and_host_it_says_so_and_finds_no_fault()
    {
        var (code, output) = await RunAsync([]);

        code.Should().Be(0, output);
        output.Should().Contain("No PBX is configured").And.Contain("The host does not run").And.Contain("No faults");
    }

    [Theory]
    [InlineData("Recorder:Ffmpeg", "no-such-program", "ffmpeg", "apt-get install ffmpeg")]
    [InlineData("ConnectionStrings:CallCrm", "Host=127.0.0.1;Port=1;Database=none;Username=none", "database", "ConnectionStrings:CallCrm")]
    [InlineData("Transcripts:Model", "/nowhere/ggml-small.bin", "transcripts", "deploy/get-whisper")]
    [InlineData("Router:AgiPort", "70000", "configuration", "Router:AgiPort")]
    [InlineData("CallCrm:DataFolder", "/proc/self", "data", "give it to the user")]
    public async Task Each_fault_of_the_host_is_named_alone_with_its_remedy(string key, string value, string check, string remedy)
    {
        var (code, output) = await RunAsync(["--json"], (key, value));

        code.Should().Be(1);
        using var report = JsonDocument.Parse(output);
        report.RootElement.GetProperty("fine").GetBoolean().Should().BeFalse();
        var fault = report.RootElement.GetProperty("findings").EnumerateArray().Should().ContainSingle(f => f.GetProperty("state").GetString() == "FAULT", output).Subject;
        fault.GetProperty("check").GetString().Should().Be(check);
        fault.GetProperty("text").GetString().Should().Contain(remedy);
    }

    [Fact]
    public async Task A_port_that_another_program_has_is_a_fault()
    {
        _other.Start();
        var port = ((IPEndPoint)_other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var (code, output) = await RunAsync(["--port", port]);

        code.Should().Be(1);
        output.Should().Contain($"Another program answers on port {port}");
    }

    [Fact]
    public async Task A_PBX_that_is_not_there_is_a_fault_and_the_rest_is_looked_at()
    {
        var (code, output) = await RunAsync([], ("Pbx:0:Node", "pbx-1"), ("Pbx:0:Host", "127.0.0.1"), ("Pbx:0:AmiPort", "1"), ("Pbx:0:Secret", "x"), ("Router:AgiPort", "0"));

        code.Should().Be(1);
        output.Should().Contain("pbx pbx-1").And.Contain("cannot be reached").And.Contain("The configuration is valid").And.Contain("1 fault,");
    }

    [Theory]
    [InlineData(25, "fine")]
    [InlineData(27, "FAULT")]
    public async Task A_backup_too_old_is_a_fault(int hours, string state)
    {
        var at = TimeProvider.System.GetUtcNow().AddHours(-hours);
        await File.WriteAllTextAsync(Path.Combine(_folder, "last-backup.json"), $$"""{"at":"{{at:O}}","folder":"/backups/callcrm-x"}""");

        var (code, output) = await RunAsync([]);

        code.Should().Be(state == "fine" ? 0 : 1, output);
        output.Should().MatchRegex(state + " .*last good backup.*/backups/callcrm-x");
    }

    /// <summary>By PostgreSQL's own folder where it does not run; a new site is only told of it.</summary>
    [Theory]
    [InlineData(25, "note")]
    [InlineData(27, "FAULT")]
    public async Task No_backup_is_a_fault_once_there_was_time_for_one(int hours, string state)
    {
        var postgres = Directory.CreateDirectory(Path.Combine(_folder, "postgres")).FullName;
        await File.WriteAllTextAsync(Path.Combine(postgres, "PG_VERSION"), "17\n");
        File.SetLastWriteTimeUtc(Path.Combine(postgres, "PG_VERSION"), TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-hours));

        var (code, output) = await RunAsync([]);

        code.Should().Be(state == "note" ? 0 : 1, output);
        output.Should().MatchRegex(state + " .*No backup has been made yet.*callcrm backup DIR");
    }

    [Theory]
    [InlineData(0, "FAULT", "there is no certificate")]
    [InlineData(10, "FAULT", "renew it before")]
    [InlineData(-1, "FAULT", "browsers refuse this server")]
    [InlineData(200, "fine", "ends")]
    public async Task A_certificate_that_is_missing_or_ends_is_a_fault(int days, string state, string text)
    {
        var now = TimeProvider.System.GetUtcNow();
        if (days != 0)
        {
            // Made so long ago that so many days are left of its 397.
            var own = new CallFlow.Https.OwnAuthority(_folder);
            own.MakeAuthority(["localhost", "127.0.0.1"], now.AddDays(days - 397));
            own.MakeServer(["localhost", "127.0.0.1"], now.AddDays(days - 397));
        }

        var (code, output) = await RunAsync([], ("Web:Urls", "http://127.0.0.1:1;https://0.0.0.0:2"));

        code.Should().Be(state == "fine" ? 0 : 1, output);
        output.Should().MatchRegex($"{state} .*{text}");
    }

    [Theory]
    [InlineData("--port", "0")]
    [InlineData("--what")]
    public async Task What_it_does_not_understand_is_2(params string[] args) => (await RunAsync(args)).Code.Should().Be(2);

    async Task<(int Code, string Output)> RunAsync(string[] args, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase)
        {
            ["CallCrm:DataFolder"] = _folder,
            ["Recorder:Ffmpeg"] = "/bin/sh",
            // Nobody listens on port 1.
            ["Web:Urls"] = "http://127.0.0.1:1",
        }).AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();
        using var output = new StringWriter();
        var code = await DoctorCommand.RunAsync(["doctor", .. args], configuration, TimeProvider.System, output, TextWriter.Null);
        return (code, output.ToString());
    }
}
