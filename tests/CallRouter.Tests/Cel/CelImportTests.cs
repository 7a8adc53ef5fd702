using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CallRouter.Tests;

/// <summary>Calls that the router did not see end, or not at all, come from the PBX's own record: once, with who took them.</summary>
[Trait("Category", "Slow")]
public sealed class CelImportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("cel").FullName;

    string FilePath => Path.Combine(_folder, "cel.csv");

    Dictionary<string, string?> Settings => new() { ["Pbx:0:CelFile"] = FilePath };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [PostgresFact]
    public async Task Calls_that_began_and_ended_while_the_router_was_away_are_added_once()
    {
        Write("1.9", "LINKEDID_END", 0, "PJSIP/trunk");
        await using var bench = await RouterBench.StartAsync(postgres, Settings);
        await bench.SignInAsync(RouterBench.Anna, "101");
        // An answered command is not yet a committed one.
        await bench.UntilAsync<AgentChanged>(e => e.Agent == RouterBench.Anna && e.State == AgentState.Ready);
        await using (var database = await bench.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync("""
                update agent_state set since = since - interval '1 hour';
                insert into client (id, name, created_at, updated_at) values ('00000000-0000-7000-8000-00000000c001', 'Mario', now(), now());
                insert into client_phone (client_id, e164, raw, added_at) values ('00000000-0000-7000-8000-00000000c001', '+390212345678', '', now());
                """);
        }

        await CursorAsync(bench, 1);
        await bench.StopRouterAsync();
        var began = TimeProvider.System.GetUtcNow();
        Fallback(began.AddSeconds(-30), 1, "+390212345678", "allowed", "PJSIP/101");
        Fallback(began.AddSeconds(-20), 5, "+390255555555", "prohib", "PJSIP/102");
        await bench.StartRouterAsync();

        var known = await bench.UntilAsync<CallImported>(e => e.Caller.Kind == NumberKind.E164);
        var withheld = await bench.UntilAsync<CallImported>(e => e.Caller.Kind == NumberKind.Withheld);
        known.Should().BeEquivalentTo(new { Outcome = CallOutcome.Fallback, Agent = (Guid?)RouterBench.Anna, Client = (Guid?)Guid.Parse("00000000-0000-7000-8000-00000000c001"), Wait_ms = 3000, Talk_ms = 6000, By = EndedBy.Caller, Routed = true });
        withheld.Should().BeEquivalentTo(new { Client = (Guid?)null, Lookup = (LookupOutcome?)LookupOutcome.Withheld, CallerName = "", Agent = (Guid?)null }, "nobody sat at 102");

        // Read again from the beginning, and by a router that remembers nothing: nothing new.
        await bench.StopRouterAsync();
        await using (var database = await bench.Database.OpenConnectionAsync())
            await database.ExecuteAsync("update cel_cursor set byte_offset = 0, line = 1");
        await bench.StartRouterAsync();
        await CursorAsync(bench, 19);
        bench.Entries.OfType<CallImported>().Should().HaveCount(2);
        await using (var database = await bench.Database.OpenConnectionAsync())
        {
            (await database.QueryAsync<string>("select concat_ws(' ', outcome, state, talk_ms, agent_id is not null, client_id is not null, estimated) from call order by started_at"))
                .Should().Equal("Fallback Ended 6000 t t f", "Fallback Ended 0 f f f");
            (await database.ExecuteScalarAsync<long>("select count(*) from call_leg where ended_at is not null")).Should().Be(4);
            (await database.ExecuteScalarAsync<int>("select talk_ms from client_contact")).Should().Be(6000);
        }
    }

    [PostgresFact]
    public async Task A_call_closed_by_estimate_gets_its_true_end_from_the_record()
    {
        Write("1.9", "LINKEDID_END", 0, "PJSIP/trunk");
        await using var bench = await RouterBench.StartAsync(postgres, Settings);
        await bench.SignInAsync(RouterBench.Anna, "101");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>();
        await bench.UntilAsync<OfferRang>();
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("answer", offered.Call));
        await bench.UntilAsync<CallAnswered>();
        var legs = bench.Entries.OfType<LegStarted>().ToList();
        await bench.StopRouterAsync();
        await bench.Pbx.RestartAsync(kill: true);
        // What the PBX wrote of it: 9 s of talk, the agent hung up. Its clock is an hour behind ours.
        var began = legs[0].At.AddHours(-1);
        foreach (var (leg, n) in legs.Select((l, n) => (l, n)))
            Line(began.AddMilliseconds(n * 10), "CHAN_START", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "");
        foreach (var leg in legs)
            Line(began.AddSeconds(1), "BRIDGE_ENTER", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "{\"bridge_id\":\"b\",\"bridge_technology\":\"simple_bridge\"}");
        foreach (var leg in legs)
        {
            Line(began.AddSeconds(10), "HANGUP", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, $"{{\"hangupcause\":16,\"hangupsource\":\"{legs[1].ChannelName}\"}}");
            Line(began.AddSeconds(10), "CHAN_END", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "");
        }

        await bench.StartRouterAsync();
        var closed = await bench.UntilAsync<CallEnded>();
        var corrected = await bench.UntilAsync<CallCorrected>();

        closed.Estimated.Should().BeTrue();
        corrected.Should().BeEquivalentTo(new { Call = offered.Call, Outcome = CallOutcome.Answered, By = EndedBy.Agent, Agent = (Guid?)RouterBench.Anna, Talk_ms = 9000, Cause = 16, Estimated = false });
        corrected.EndedAt.Should().BeCloseTo(legs[0].At.AddSeconds(10), TimeSpan.FromMilliseconds(1), "by our clock");
        await CursorAsync(bench, 9);
        bench.Entries.OfType<CallCorrected>().Should().ContainSingle();
        bench.Entries.OfType<CallImported>().Should().BeEmpty();
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<string>("select concat_ws(' ', outcome, ended_by, talk_ms, estimated) from call")).Should().Be("Answered Agent 9000 f");
    }

    [PostgresFact]
    public async Task An_answer_that_nobody_heard_of_before_the_PBX_died_comes_from_the_record()
    {
        Write("1.9", "LINKEDID_END", 0, "PJSIP/trunk");
        await using var bench = await RouterBench.StartAsync(postgres, Settings);
        await bench.SignInAsync(RouterBench.Anna, "101");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        await bench.UntilAsync<OfferRang>();
        var legs = bench.Entries.OfType<LegStarted>().ToList();
        legs.Should().HaveCount(2);
        await Task.Delay(TimeSpan.FromSeconds(1));
        await bench.Pbx.RestartAsync(kill: true);
        var closed = await bench.UntilAsync<CallEnded>();
        closed.Outcome.Should().Be(CallOutcome.Lost, "as far as AMI told");
        // What the PBX wrote until it died: both met half a second before; then nothing but the next life's first channel.
        var met = closed.At.AddSeconds(-0.5);
        foreach (var (leg, n) in legs.Select((l, n) => (l, n)))
            Line(legs[0].At.AddMilliseconds(n * 10), "CHAN_START", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "");
        foreach (var leg in legs)
            Line(met, "BRIDGE_ENTER", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "{\"bridge_id\":\"b\",\"bridge_technology\":\"simple_bridge\"}");
        var next = Id(closed.At.AddMinutes(5), 0);
        Line(closed.At.AddMinutes(5), "CHAN_START", next, next, "PJSIP/trunk-0", "");

        var corrected = await bench.UntilAsync<CallCorrected>();
        corrected.Should().BeEquivalentTo(new { closed.Call, Outcome = CallOutcome.Answered, By = EndedBy.Pbx, Agent = (Guid?)RouterBench.Anna, Estimated = true });
        corrected.EndedAt.Should().BeCloseTo(closed.At, TimeSpan.FromMilliseconds(30));
        corrected.Talk_ms.Should().BeInRange(460, 540, "from their meeting to the last that was seen of them");
        await Task.Delay(TimeSpan.FromSeconds(5));
        bench.Entries.OfType<CallCorrected>().Should().ContainSingle();
    }

    [PostgresFact]
    public async Task A_talk_that_began_while_the_router_was_away_and_ended_with_the_PBX_is_as_long_as_the_record_has_it()
    {
        Write("1.9", "LINKEDID_END", 0, "PJSIP/trunk");
        await using var bench = await RouterBench.StartAsync(postgres, Settings);
        await bench.SignInAsync(RouterBench.Anna, "101");
        var call = bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        await bench.UntilAsync<OfferRang>();
        var legs = bench.Entries.OfType<LegStarted>().ToList();
        legs.Should().HaveCount(2);
        await bench.StopRouterAsync();
        await bench.Pbx.Phone("PJSIP/101").Answer();
        await call.Reached(DemoCallPlace.Talking);
        var met = TimeProvider.System.GetUtcNow();
        await Task.Delay(TimeSpan.FromSeconds(2));
        await bench.StartRouterAsync();
        var found = await bench.UntilAsync<CallAnswered>();
        (found.At - met).Should().BeGreaterThan(TimeSpan.FromSeconds(1.5), "the router found them in talk");
        await Task.Delay(TimeSpan.FromSeconds(1));
        await bench.Pbx.RestartAsync(kill: true);
        var closed = await bench.UntilAsync<CallEnded>();
        closed.Should().BeEquivalentTo(new { Outcome = CallOutcome.Answered, Estimated = true });
        foreach (var (leg, n) in legs.Select((l, n) => (l, n)))
            Line(legs[0].At.AddMilliseconds(n * 10), "CHAN_START", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "");
        foreach (var leg in legs)
            Line(met, "BRIDGE_ENTER", leg.UniqueId, legs[0].UniqueId, leg.ChannelName, "{\"bridge_id\":\"b\",\"bridge_technology\":\"simple_bridge\"}");
        var next = Id(closed.At.AddMinutes(5), 0);
        Line(closed.At.AddMinutes(5), "CHAN_START", next, next, "PJSIP/trunk-0", "");

        var corrected = await bench.UntilAsync<CallCorrected>();
        corrected.Should().BeEquivalentTo(new { closed.Call, Outcome = CallOutcome.Answered, By = EndedBy.Pbx, Agent = (Guid?)RouterBench.Anna, Estimated = true });
        corrected.AnsweredAt.Should().BeCloseTo(met, TimeSpan.FromMilliseconds(30));
        corrected.Talk_ms.Should().BeCloseTo((int)(closed.At - met).TotalMilliseconds, 40);
        await Task.Delay(TimeSpan.FromSeconds(5));
        bench.Entries.OfType<CallCorrected>().Should().ContainSingle("the tables show it now");
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<int>("select talk_ms from call_leg where agent_id is not null")).Should().Be(corrected.Talk_ms);
        (await database.ExecuteScalarAsync<string>("select outcome from offer")).Should().Be("Answered", "though the router that offered the call did not see it");
    }

    [PostgresFact]
    public async Task Rubbish_in_the_file_is_passed_over_and_a_living_call_is_not_touched()
    {
        Write("1.9", "LINKEDID_END", 0, "PJSIP/trunk");
        await using var bench = await RouterBench.StartAsync(postgres, Settings);
        await bench.SignInAsync(RouterBench.Anna, "101");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234571", RouterBench.Dialled));
        var leg = await bench.UntilAsync<LegStarted>();
        await bench.UntilAsync<CallOffered>();
        await File.AppendAllTextAsync(FilePath, "\"this\",\"is\",\"none\"\n\0\0\0\n\n");
        Line(leg.At, "CHAN_START", leg.UniqueId, leg.UniqueId, leg.ChannelName, "");
        Line(leg.At.AddSeconds(1), "CHAN_END", leg.UniqueId, leg.UniqueId, leg.ChannelName, "");
        Fallback(TimeProvider.System.GetUtcNow().AddSeconds(-20), 100, "+390212345678", "allowed", "PJSIP/102");

        await bench.UntilAsync<CallImported>();
        bench.Entries.OfType<CallImported>().Should().ContainSingle();
        bench.Entries.OfType<CallEnded>().Should().BeEmpty();
    }

    void Fallback(DateTimeOffset at, int n, string number, string presentation, string device)
    {
        string client = Id(at, n), agent = Id(at, n + 1);
        Line(at, "CHAN_START", client, client, $"PJSIP/trunk-{n}", "", number);
        Line(at, "CALLCRM_CALL", client, client, $"PJSIP/trunk-{n}", $"{{\"extra\":\"{presentation}_not_screened:560001\"}}", number, "callcrm-route");
        Line(at, "CALLCRM_FALLBACK", client, client, $"PJSIP/trunk-{n}", "", number, "callcrm-route");
        Line(at.AddSeconds(1), "CHAN_START", agent, client, $"{device}-{n}", "");
        foreach (var (id, name) in new[] { (agent, device), (client, "PJSIP/trunk") })
            Line(at.AddSeconds(3), "BRIDGE_ENTER", id, client, $"{name}-{n}", "{\"bridge_id\":\"b\",\"bridge_technology\":\"simple_bridge\"}");
        foreach (var (id, name) in new[] { (client, "PJSIP/trunk"), (agent, device) })
        {
            Line(at.AddSeconds(9), "HANGUP", id, client, $"{name}-{n}", $"{{\"hangupcause\":16,\"hangupsource\":\"PJSIP/trunk-{n}\"}}");
            Line(at.AddSeconds(9), "CHAN_END", id, client, $"{name}-{n}", "");
        }
    }

    void Write(string seconds, string kind, int n, string channel) =>
        File.AppendAllText(FilePath, $"\"{kind}\",\"17950000{seconds.PadLeft(4, '0')}\",\"pbx1-1795000000.{n}\",\"pbx1-1795000000.{n}\",\"{channel}-1\",\"s\",\"x\",\"\",\"\"\n");

    void Line(DateTimeOffset at, string kind, string id, string linked, string channel, string extra, string number = "", string context = "from-trunk") =>
        File.AppendAllText(FilePath, string.Create(CultureInfo.InvariantCulture,
            $"\"{kind}\",\"{(at - DateTimeOffset.UnixEpoch).Ticks / 10 / 1_000_000m:F6}\",\"{id}\",\"{linked}\",\"{channel}\",\"560001\",\"{context}\",\"\",\"{extra.Replace("\"", "\"\"", StringComparison.Ordinal)}\",\"{number}\",\"\",\"\"\n"));

    static string Id(DateTimeOffset at, int n) => $"pbx1-{at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}.{n.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Until everything before this line is done with.</summary>
    static async Task CursorAsync(RouterBench bench, long line)
    {
        await using var database = await bench.Database.OpenConnectionAsync();
        var since = TimeProvider.System.GetTimestamp();
        for (long? at = null; at is null || at <= line;)
        {
            TimeProvider.System.GetElapsedTime(since).TotalSeconds.Should().BeLessThan(60, $"the cursor is at {at}, not beyond {line}");
            await Task.Delay(100);
            at = await database.QuerySingleOrDefaultAsync<long?>("select line from cel_cursor");
        }
    }
}
