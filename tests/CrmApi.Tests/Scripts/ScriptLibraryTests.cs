using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>The scripts that are delivered.</summary>
public sealed class ScriptLibraryTests
{
    internal static string Folder { get; } = Find();

    [Fact]
    public void Every_delivered_script_passes_the_check()
    {
        var output = new StringWriter();

        var exit = ScriptCheck.Run(Folder, output);

        exit.Should().Be(0, output.ToString());
    }

    [Fact]
    public void The_example_in_the_docs_is_right()
    {
        var page = File.ReadAllText(Path.Combine(Folder, "..", "docs", "scripts.md"));
        var yaml = page.Split("```yaml\n")[1].Split("```")[0];

        ScriptText.Read(yaml).Problems.Should().BeEmpty();
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CallCrm.sln"))) return Path.Combine(folder.FullName, "scripts-library");
        }

        throw new DirectoryNotFoundException("no CallCrm.sln above the tests");
    }
}
