using System.Globalization;
using CallCrm.TestKit.Host;
using Npgsql;

namespace CallCrm.TestKit.Lab;

/// <summary>The published host in front of the lab, with many agents: extensions from 101 on (not 110, the fallback's), all in Sales, one page each.</summary>
public sealed class LabSite : IAsyncDisposable
{
    public const string Sales = "+390294750001";
    readonly List<AgentPage> _pages = [];

    LabSite(CallCrmHost host, string connection, AsteriskLab lab, IReadOnlyList<string> extensions) => (Host, Connection, Lab, Extensions) = (host, connection, lab, extensions);

    public CallCrmHost Host { get; }

    public string Connection { get; }

    public AsteriskLab Lab { get; }

    public IReadOnlyList<string> Extensions { get; }

    public IReadOnlyList<AgentPage> Pages => _pages;

    public static string LoginAt(string extension) => "agent" + extension;

    public static IReadOnlyList<string> FirstExtensions(int count) => [.. Enumerable.Range(101, count + 1).Where(n => n != 110).Take(count).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    /// <param name="more">Settings over the usual ones, e.g. another <c>Pbx:0:AmiPort</c>.</param>
    public static async Task<LabSite> StartAsync(AsteriskLab lab, string connection, int agents, IReadOnlyDictionary<string, string>? more = null)
    {
        var settings = lab.HostSettings();
        settings["ConnectionStrings:CallCrm"] = connection;
        settings["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-host").FullName;
        settings["Demo:Company"] = "true";
        settings["Demo:Simulate"] = "false";
        settings["Demo:Node"] = lab.Node;
        settings["Demo:Clients"] = "200";
        settings["Demo:Days"] = "5";
        foreach (var (key, value) in more ?? new Dictionary<string, string>(StringComparer.Ordinal))
            settings[key] = value;
        var host = await CallCrmHost.StartAsync(settings);
        await StaffAsync(connection, lab.Node, agents);
        await Eventually.BeAsync(() => host.Output.Contains("Settings version", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the new settings to be in force");
        await Eventually.BeAsync(() => host.Output.Contains("snapshot with", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "the router's first snapshot of the PBX");
        return new LabSite(host, connection, lab, FirstExtensions(agents));
    }

    /// <summary>Everybody at these extensions sits down, with a page that acknowledges its pops; ready, their phones must be there.</summary>
    public async Task SitDownAsync(IEnumerable<string> extensions, bool ready = true)
    {
        foreach (var extension in extensions)
            _pages.Add(await AgentPage.OpenAsync(Host.Address, LoginAt(extension), "demo", Lab.Node, extension, ready));
    }

    /// <summary>After a restart of the host: a page that lost its feed connects again by itself.</summary>
    public async Task ConnectAgainAsync()
    {
        foreach (var page in _pages)
        {
            await page.DisconnectAsync();
            await page.ConnectAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var page in _pages)
            await page.DisposeAsync();
        await Host.DisposeAsync();
    }

    static async Task StaffAsync(string connection, string node, int agents)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand("""
            insert into extension (node, number, domain) select $1, unnest($2::text[]), 'main' on conflict do nothing;
            """);
        command.Parameters.AddWithValue(node);
        command.Parameters.AddWithValue(FirstExtensions(agents).ToArray());
        await command.ExecuteNonQueryAsync();
        string[] steps =
        [
            "insert into device (node, name, extension) select node, 'PJSIP/' || number, number from extension on conflict do nothing",
            "update device set can_answer = false, can_hold = false",
            """
            insert into app_user (id, login, name, password_hash, role, is_agent, domain, security_stamp, created_at)
            select gen_random_uuid(), 'agent' || e.number, 'Agent ' || e.number, d.password_hash, 'agent', true, 'main', gen_random_uuid(), now()
            from extension e, app_user d where d.login = 'demo'
            """,
            "insert into queue_agent (queue_id, user_id) select q.id, u.id from queue q, app_user u where q.name = 'Sales' and u.login ~ '^agent[0-9]+$'",
            "update queue set wrap_up_s = 0, ring_s = 20, max_wait_s = 120",
            "update settings_version set version = version + 1",
            // The pages learn the new names.
            "insert into change (kind, key) values ('settings', 'lab')",
        ];
        foreach (var step in steps)
        {
            await using var run = source.CreateCommand(step);
            await run.ExecuteNonQueryAsync();
        }
    }
}
