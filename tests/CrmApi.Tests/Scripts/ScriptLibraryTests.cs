using CallCrm.CrmApi.Scripts;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>The scripts that are delivered.</summary>
public sealed class ScriptLibraryTests
{
    internal static string Folder { get; } = Path.Combine(Repository.Folder, "scripts-library");

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
}
