using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using System.Net.Http.Json;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>Live reload, on real files.</summary>
public sealed class ScriptShelfTests : IDisposable
{
    private static readonly ScriptContext Context = new(new Dictionary<string, string?>(), new TimeOnly(9, 0));

    private readonly string _root = Directory.CreateTempSubdirectory("callcrm-scripts-").FullName;
    private DateTime _clock = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public ScriptShelfTests() => Directory.CreateDirectory(Library);

    private string Library => Path.Combine(_root, "library");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void An_edited_file_is_taken_up_and_a_call_keeps_its_version()
    {
        Write("a.yaml", Real("alpha", "One"));
        var shelf = Shelf();
        var changes = 0;
        shelf.Changed += (_, _) => changes++;
        shelf.Refresh();
        var before = shelf.Find("alpha")!;

        Write("a.yaml", Real("alpha", "Two"));
        shelf.Refresh().Should().BeTrue();

        shelf.Find("alpha")!.Title.Should().Be("Two");
        shelf.View("alpha", before.Version, Context)!.Title.Should().Be("One");
        shelf.Refresh().Should().BeFalse("nothing changed");
        changes.Should().Be(2);
    }

    [Fact]
    public void A_broken_file_keeps_its_last_good_version_and_is_shown()
    {
        Write("a.yaml", Real("alpha", "One"));
        var shelf = Shelf();
        shelf.Refresh();

        Write("a.yaml", Real("alpha", "Two").Replace("goto: end", "goto: nowhere"));
        shelf.Refresh().Should().BeTrue();

        shelf.Find("alpha")!.Title.Should().Be("One");
        var file = shelf.Overview().Files.Should().ContainSingle().Which;
        file.State.Should().Be(ScriptFileState.LastGood);
        file.Problems.Should().ContainSingle().Which.Message.Should().Contain("\"nowhere\", which is not in this script");
        shelf.Refresh().Should().BeFalse("the same fault is told once");

        Write("a.yaml", Real("alpha", "Three"));
        shelf.Refresh();
        shelf.Find("alpha")!.Title.Should().Be("Three");
        shelf.Overview().Files[0].State.Should().Be(ScriptFileState.Good);
    }

    [Fact]
    public void A_file_that_was_never_good_is_shown_and_disturbs_no_other()
    {
        Write("a.yaml", Real("alpha"));
        Write("b.yaml", "id: [");
        var shelf = Shelf();
        shelf.Refresh();

        shelf.Current.Scripts.Should().ContainSingle().Which.Id.Should().Be("alpha");
        shelf.Overview().Files.Select(f => (f.File, f.State)).Should().Equal(("a.yaml", ScriptFileState.Good), ("b.yaml", ScriptFileState.Broken));
    }

    [Fact]
    public void A_deleted_file_takes_its_script_away_but_not_from_a_call_that_has_it()
    {
        Write("a.yaml", Real("alpha"));
        var shelf = Shelf();
        shelf.Refresh();
        var version = shelf.Find("alpha")!.Version;

        File.Delete(Path.Combine(Library, "a.yaml"));
        shelf.Refresh();

        shelf.Find("alpha").Should().BeNull();
        shelf.View("alpha", version, Context).Should().NotBeNull();
    }

    [Fact]
    public void A_folder_that_disappears_leaves_the_scripts_in_use_and_is_shown()
    {
        Write("a.yaml", Real("alpha"));
        var shelf = Shelf();
        shelf.Refresh();

        Directory.Move(Library, Library + "-away");
        shelf.Refresh();

        shelf.Find("alpha").Should().NotBeNull();
        shelf.Overview().Files.Should().Contain(f => f.State == ScriptFileState.Broken && f.Problems[0].Message.Contains("the folder cannot be read"));

        Directory.Move(Library + "-away", Library);
        shelf.Refresh();
        shelf.Overview().Files.Should().ContainSingle().Which.State.Should().Be(ScriptFileState.Good);
    }

    [Fact]
    public void One_id_belongs_to_the_file_that_had_it_first()
    {
        Write("b.yaml", Real("alpha", "Mine"));
        var shelf = Shelf();
        shelf.Refresh();

        Write("a.yaml", Real("alpha", "Copy"));
        shelf.Refresh();

        shelf.Find("alpha")!.Title.Should().Be("Mine");
        shelf.Overview().Files[0].Problems.Should().ContainSingle().Which.Message.Should().Be("script id \"alpha\" is used twice, first in b.yaml on line 1");
    }

    [Fact]
    public void With_a_history_folder_versions_and_last_good_files_outlive_a_restart()
    {
        Write("a.yaml", Real("alpha", "One"));
        var shelf = Shelf(history: true);
        shelf.Refresh();
        var first = shelf.Find("alpha")!.Version;
        Write("a.yaml", Real("alpha", "Two"));
        shelf.Refresh();

        Write("a.yaml", "id: [");
        var restarted = Shelf(history: true);
        restarted.Refresh();

        restarted.Find("alpha")!.Title.Should().Be("Two");
        restarted.Overview().Files[0].State.Should().Be(ScriptFileState.LastGood);
        restarted.View("alpha", first, Context)!.Title.Should().Be("One");
        restarted.View("../../etc/passwd", first, Context).Should().BeNull();
        restarted.View("alpha", "../x", Context).Should().BeNull();
    }

    [Fact]
    public void The_check_names_file_line_and_column()
    {
        Write("a.yaml", Real("alpha"));
        Write("b.yaml", Real("alpha").Replace("language: en", "language: english"));
        var output = new StringWriter();

        ScriptCheck.Run(Library, output).Should().Be(1);

        output.ToString().ReplaceLineEndings("\n").Should().Be(
            $"{Library}/b.yaml:3:11: \"language\" is \"english\", expected two small letters of ISO 639-1 such as en, it, ru\n2 scripts checked, 1 problem\n");
    }

    [Fact]
    public void The_check_of_nothing_says_so()
    {
        var output = new StringWriter();

        ScriptCheck.Run(Library, output).Should().Be(2);
        ScriptCheck.Run(Path.Combine(_root, "none"), output).Should().Be(2);

        output.ToString().Should().Contain("no scripts here").And.Contain("the folder cannot be read");
    }

    [Fact]
    public async Task The_running_host_serves_the_library_and_takes_up_an_edit()
    {
        Write("a.yaml", Real("alpha", "One"));
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = _root });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration["Scripts:Folder"] = Library;
        builder.Configuration["Scripts:SettleTime"] = "00:00:00.020";
        builder.Services.AddScripts(builder.Configuration);
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
        await using var app = builder.Build();
        app.MapScripts();
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        var shelf = app.Services.GetRequiredService<ScriptShelf>();
        var changed = new TaskCompletionSource();
        shelf.Changed += (_, _) =>
        {
            // A file caught half-written is broken for a moment, and taken up whole a moment later.
            if (shelf.Find("alpha")!.Title == "Two") changed.TrySetResult();
        };

        (await client.GetFromJsonAsync("/api/scripts", ContractsJson.Default.ScriptLibraryView))!.Scripts[0].Title.Should().Be("One");
        var version = (await client.GetFromJsonAsync("/api/scripts/alpha", ContractsJson.Default.ScriptView))!.Version;
        await File.WriteAllTextAsync(Path.Combine(Library, "a.yaml"), Real("alpha", "Two"));
        await changed.Task.WaitAsync(TimeSpan.FromSeconds(20));

        (await client.GetFromJsonAsync("/api/scripts/alpha", ContractsJson.Default.ScriptView))!.Title.Should().Be("Two");
        (await client.GetFromJsonAsync($"/api/scripts/alpha/versions/{version}", ContractsJson.Default.ScriptView))!.Title.Should().Be("One");
        using var missing = await client.GetAsync(new Uri("/api/scripts/beta", UriKind.Relative));
        missing.StatusCode.Should().Be(System.Net.HttpStatusCode.NotFound);
        (await missing.Content.ReadAsStringAsync()).Should().Contain("script.not_found");
        await app.StopAsync();
    }

    private ScriptShelf Shelf(bool history = false) => new(
        Options.Create(new ScriptsOptions { Folder = Library, HistoryFolder = history ? Path.Combine(_root, "history") : null }),
        new TestHost(_root), TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>Each write gets a time of its own: two edits within one tick of the file system are two edits.</summary>
    private void Write(string name, string text)
    {
        var path = Path.Combine(Library, name);
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, _clock = _clock.AddSeconds(1));
    }

    /// <summary>A script that meets the library's rules.</summary>
    private static string Real(string id, string title = "Real") => $$"""
        id: {{id}}
        title: {{title}}
        language: en
        for: {}
        greeting: "Hello."
        steps:
          - id: a
            title: A
            questions:
              - { id: q1, ask: "One?", kind: yes/no, fills: client.consent, answers: [{ id: "no", goto: d }] }
              - { id: q2, ask: "Two?", kind: text, fills: client.name }
          - id: b
            title: B
            questions:
              - { id: q3, ask: "Three?", kind: yes/no, answers: [{ id: "no", goto: e }] }
              - { id: q4, ask: "Four?", kind: text, fills: client.company }
              - { id: q5, ask: "Five?", kind: money, fills: deal.amount }
          - { id: c, title: C, say: "C." }
          - { id: d, title: D, say: "D." }
          - { id: e, title: E, say: "E." }
          - { id: f, title: F, say: "F.", goto: end }
        objections:
          - { id: o1, when: "1", say: "One." }
          - { id: o2, when: "2", say: "Two." }
          - { id: o3, when: "3", say: "Three." }
        """;

    private sealed class TestHost(string root) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = "Test";

        public string ApplicationName { get; set; } = "Test";

        public string ContentRootPath { get; set; } = root;

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
