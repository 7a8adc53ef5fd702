using System.Globalization;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;
using Npgsql;

namespace CallCrm.EndToEnd.Calls;

/// <summary>
/// Two hosts at one database and one Asterisk, callers on hold, and the one that works on them breaks in the midst of giving them to agents. Read from both wires to the PBX: never two
/// Redirects for one turn of a caller, and each caller is served once.
/// </summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class TwoHosts(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const int Callers = 16;
    const string First = "first", Second = "second";

    public enum Break
    {
        /// <summary>kill -9.</summary>
        Killed,

        /// <summary>Its lines to PostgreSQL are cut, that to the PBX is not: it would go on alone.</summary>
        PartedFromDatabase,

        /// <summary>Stopped in mid-work; its lock is taken from it; and it goes on when the other one works.</summary>
        Frozen,
    }

    [LabTheory]
    [InlineData(Break.Killed)]
    [InlineData(Break.PartedFromDatabase)]
    [InlineData(Break.Frozen)]
    public async Task A_caller_on_hold_is_never_redirected_twice_and_served_once(Break fault)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        var straight = await postgres.NewDatabaseAsync();
        var redirects = new SentRedirects();
        await using TcpRelay firstWire = redirects.Wire(lab, First), secondWire = redirects.Wire(lab, Second), database = ToDatabase(straight);
        await using var agi = new AgiSplit(lab.AgiPort, inTurn: true);
        await using var site = await LabSite.StartAsync(lab, straight, agents: 4, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Pbx:0:AmiPort"] = Text(firstWire.Port),
            ["Router:AgiPort"] = Text(agi.Add(First)),
            ["ConnectionStrings:CallCrm"] = Over(database, straight),
        });
        await using var second = await CallCrmHost.StartAsync(SecondSettings(lab, straight, secondWire, agi.Add(Second)));
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, string.Join(',', site.Extensions), ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(1.5));
        await using var fallback = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(200), talk: TimeSpan.FromSeconds(1.5));
        await using var watch = await lab.WatchAsync();
        // The agents' pages are the second's, so that they outlive the first.
        var pages = new List<AgentPage>();
        try
        {
            foreach (var extension in site.Extensions)
                pages.Add(await AgentPage.OpenAsync(second.Address, LabSite.LoginAt(extension), "demo", lab.Node, extension, ready: false));
            var earlier = lab.Cel().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
            await using var callers = LabTraffic.Start(lab, LabSite.Sales, 5_550_000, Callers, rate: 480, patience: TimeSpan.FromSeconds(60), talk: TimeSpan.FromMinutes(2));
            await Eventually.BeAsync(() => Marks(watch).Select(m => m.Channel).Distinct().Count() == Callers, TimeSpan.FromSeconds(30), "all are on hold");
            redirects.All.Should().BeEmpty("no agent is ready");

            foreach (var answer in await Task.WhenAll(pages.Select(p => p.CommandAsync("ready"))))
                answer.Accepted.Should().BeTrue(answer.Reason);
            await Eventually.BeAsync(() => redirects.Of(First) >= 3, TimeSpan.FromSeconds(20), "the first gives callers to agents");
            await BreakAsync(fault, site.Host, straight, database);
            await Eventually.BeAsync(() => redirects.Of(Second) >= 1, TimeSpan.FromSeconds(60), "the second goes on with them");
            if (fault == Break.Frozen)
                await site.Host.ThawAsync();
            await callers.EndAsync(TimeSpan.FromMinutes(2));
            await lab.QuietAsync();

            Judge(lab, watch, redirects, [.. lab.Cel().Where(r => !earlier.Contains(r.Uniqueid))]);
            await JudgeTablesAsync(straight);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n--- first\n{Last(site.Host)}\n--- second\n{Last(second)}", e);
        }
        finally
        {
            foreach (var page in pages)
                await page.DisposeAsync();
            database.Mend();
        }
    }

    static async Task BreakAsync(Break fault, CallCrmHost first, string straight, TcpRelay database)
    {
        switch (fault)
        {
            case Break.Killed:
                await first.KillAsync();
                break;
            case Break.PartedFromDatabase:
                database.Cut();
                break;
            case Break.Frozen:
                await first.FreezeAsync();
                // As when the server gives up a connection that says nothing any more.
                await using (var source = NpgsqlDataSource.Create(straight))
                await using (var command = source.CreateCommand("""
                    select count(pg_terminate_backend(l.pid)) from pg_locks l
                    where l.locktype = 'advisory' and l.granted and l.classid = 1130458220 and l.database = (select oid from pg_database where datname = current_database())
                    """))
                    (await command.ExecuteScalarAsync()).Should().Be(1L, "one has the domain");
                break;
        }
    }

    /// <summary>A turn begins with the mark that a caller may be fetched, and ends with the next one.</summary>
    static void Judge(AsteriskLab lab, LabAmi watch, SentRedirects redirects, IReadOnlyList<CelRow> cel)
    {
        var marks = Marks(watch).ToLookup(m => m.Channel, m => m.AtSeconds, StringComparer.Ordinal);
        foreach (var channel in redirects.All.GroupBy(r => r.Channel, StringComparer.Ordinal))
        {
            marks.Contains(channel.Key).Should().BeTrue("{0} was on hold", channel.Key);
            var turns = channel.GroupBy(r => marks[channel.Key].Count(m => m <= r.AtSeconds));
            turns.Should().OnlyContain(t => t.Key > 0 && t.Count() == 1, "{0} is redirected once a turn; marks at {1}, redirects {2}", channel.Key, string.Join(", ", marks[channel.Key]), string.Join(", ", channel));
        }

        var truth = new CallLogOracle("PJSIP/trunk", Served).Read(cel);
        truth.Should().HaveCount(Callers);
        truth.Should().OnlyContain(c => c.Talks.Count == 1, "each caller speaks with one agent, or with the fallback's phone: {0}", string.Join("; ", truth.Select(c => $"{c.Number} {string.Join("+", c.Talks.Select(t => t.Agent))}")));
        truth.Count(c => c.Talks[0].Agent != "fallback").Should().BeGreaterThan(Callers / 2, "who waits on hold does not need the fallback");
    }

    static async Task JudgeTablesAsync(string connection)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        // What the first had still to say is in when the second has taken its place; the CEL of calls that ended between them a little later.
        var wrong = "";
        for (var n = 0; n < 60; n++)
        {
            wrong = await WrongAsync(source);
            if (wrong.Length == 0)
                return;
            await Task.Delay(500);
        }

        wrong.Should().BeEmpty();
    }

    static async Task<string> WrongAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand($"""
            with ours as (select * from call where caller_e164 like '+393475550%' and merged_into is null)
            select concat_ws('; ',
              (select case when count(*) <> {Callers} or count(distinct caller_e164) <> {Callers} then count(*) || ' calls of ' || count(distinct caller_e164) || ' callers' end from ours),
              (select string_agg(id || ' is ' || state, ', ') from ours where state <> 'Ended'),
              (select string_agg(id || ' ended as ' || outcome, ', ') from ours where outcome not in ('Answered', 'Fallback')),
              (select string_agg(unique_id || ' is in two calls', ', ') from (select unique_id from call_leg group by unique_id having count(distinct call_id) > 1) twice),
              (select string_agg(call_id || ' was answered ' || n || ' times', ', ') from (select call_id, count(*) as n from offer where outcome = 'Answered' group by call_id having count(*) > 1) twice),
              (select string_agg(a.id || ' and ' || b.id || ' were offered to one agent at once', ', ') from offer a join offer b on a.agent_id = b.agent_id and a.id < b.id and a.call_id <> b.call_id
                where tstzrange(a.offered_at, coalesce(a.ended_at, 'infinity')) && tstzrange(b.offered_at, coalesce(b.ended_at, 'infinity')) and a.offered_at <> b.ended_at and b.offered_at <> a.ended_at),
              (select 'the journal has ' || count(*) || ' entries up to ' || max(seq) from journal having count(*) <> max(seq)))
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    static string? Served(string device) => device == "PJSIP/110" ? "fallback" : device.StartsWith("PJSIP/1", StringComparison.Ordinal) ? device : null;

    static IEnumerable<(string Channel, double AtSeconds)> Marks(LabAmi watch) =>
        watch.Events.Where(e => e["Event"] == "UserEvent" && e["UserEvent"] == "CallCrmHold").Select(e => (e["Channel"], LabAmi.AtSeconds(e)));

    static Dictionary<string, string> SecondSettings(AsteriskLab lab, string connection, TcpRelay wire, int agiPort)
    {
        var settings = lab.HostSettings();
        settings["ConnectionStrings:CallCrm"] = connection;
        settings["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-host").FullName;
        settings["Pbx:0:AmiPort"] = Text(wire.Port);
        settings["Router:AgiPort"] = Text(agiPort);
        // The first host's recorder takes the recordings and messages.
        settings.Remove("Pbx:0:RecordingFolder");
        settings.Remove("Pbx:0:VoicemailFolder");
        return settings;
    }

    static TcpRelay ToDatabase(string connection) => new(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(new NpgsqlConnectionStringBuilder(connection).Host!, ".s.PGSQL.5432")));

    static string Over(TcpRelay wire, string connection) => new NpgsqlConnectionStringBuilder(connection) { Host = "127.0.0.1", Port = wire.Port, SslMode = SslMode.Disable }.ConnectionString;

    static string Last(CallCrmHost host) => string.Join('\n', host.Output.Split('\n').Where(l => !l.Contains("Call ", StringComparison.Ordinal)).TakeLast(40));

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
