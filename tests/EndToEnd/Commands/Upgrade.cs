using System.Diagnostics;
using System.Globalization;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Commands;

/// <summary><c>./callcrm upgrade</c> where no service is installed: what runs in a terminal by <c>./callcrm up</c> goes on there with the new program.</summary>
[Trait("Category", "Long")]
public sealed class Upgrade : IDisposable
{
    static readonly TimeSpan s_build = TimeSpan.FromMinutes(10);

    readonly string _tree = DemoSite.Folder("callcrm-tree"), _backups = DemoSite.Folder("callcrm-backups");
    readonly Dictionary<string, string> _site = DemoSite.Settings(null);
    readonly string _port = Ports.Free().ToString(CultureInfo.InvariantCulture);

    string Program => Path.Combine(_tree, "src/AllInOne/Program.cs");

    public void Dispose()
    {
        Directory.Delete(_tree, recursive: true);
        Directory.Delete(_backups, recursive: true);
    }

    [PostgresFact]
    public async Task The_running_program_is_backed_up_and_replaced_in_its_terminal_and_a_source_that_does_not_build_changes_nothing()
    {
        await CopyAsync();
        _site["Router:AgiPort"] = Ports.Free().ToString(CultureInfo.InvariantCulture);
        await using var up = CallCrmCommand.StartIn(_tree, _site, "up", "--port", _port);
        await up.SaysAsync("Ctrl-C ends it", s_build);
        (await UpgradeAsync()).Should().Match<(int Code, string Output)>(r => r.Code == 0 && r.Output.Contains("nothing to upgrade"));

        await File.AppendAllTextAsync(Program, "no code\n");
        (await UpgradeAsync()).Should().Match<(int Code, string Output)>(r => r.Code == 1 && r.Output.Contains("The upgrade failed before anything was changed"));
        Directory.GetDirectories(_backups).Should().BeEmpty();
        (await StatusAsync()).Should().Be(200, "what runs goes on");

        await File.WriteAllTextAsync(Program, (await File.ReadAllTextAsync(Program)).Replace("no code\n", "// newer\n", StringComparison.Ordinal));
        var (code, output) = await UpgradeAsync();
        code.Should().Be(0, output);
        output.Should().Contain($"Upgraded. The backup before it: {Directory.GetDirectories(_backups).Single()}").And.Contain($"the former program: {_tree}/artifacts/host.old");
        (await StatusAsync()).Should().Be(200);
        up.Output.Split("CallCrm is ready").Should().HaveCount(3, "it was started twice, in the same terminal");
        (await UpgradeAsync()).Output.Should().Contain("nothing to upgrade");

        (await up.CtrlCAsync()).Should().Be(0, "Ctrl-C still reaches it");
        await File.AppendAllTextAsync(Program, "// newest\n");
        (code, output) = await UpgradeAsync();
        code.Should().Be(0, output);
        output.Should().Contain("Start it: ./callcrm up", "nothing ran that could be started again");
        Directory.GetDirectories(_backups).Should().HaveCount(2);
    }

    Task<(int Code, string Output)> UpgradeAsync() => CallCrmCommand.RunInAsync(_tree, s_build, _site, "upgrade", _backups, "--port", _port);

    async Task<int> StatusAsync()
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{_port}/health/ready"));
        return (int)answer.StatusCode;
    }

    /// <summary>The source, and the program built from it, so that it need not be built to be the former one.</summary>
    async Task CopyAsync()
    {
        using var copy = Process.Start("bash", ["-c", $"cd '{Repository.Folder}' && tar -c --exclude=./.git --exclude=./artifacts --exclude=bin --exclude=obj --exclude=node_modules . | tar -x -C '{_tree}' && mkdir '{_tree}/artifacts' && cp -r artifacts/host artifacts/host.stamp '{_tree}/artifacts/'"]);
        await copy.WaitForExitAsync();
        copy.ExitCode.Should().Be(0);
    }
}
