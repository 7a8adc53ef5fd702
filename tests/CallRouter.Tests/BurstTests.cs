using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>Half a town is on hold and gives up in one moment: as many events as a PBX can send.</summary>
[Trait("Category", "Slow")]
public sealed class BurstTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const int Callers = 1_600;
    const int Wave = 100;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [PostgresFact]
    public async Task A_thousand_and_more_who_give_up_at_once_are_all_in_the_log()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101", ready: false);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"));

        // In waves, as the dialplan gives the router two seconds for each answer; what comes at once is the end of all.
        var calls = new List<DemoCall>();
        for (var wave = 0; wave < Callers / Wave; wave++)
        {
            calls.AddRange(Enumerable.Range(wave * Wave, Wave).Select(n => bench.Pbx.PlaceCall(new DemoCaller($"+39347{7_000_000 + n}", RouterBench.Dialled))));
            await Eventually.BeAsync(() => calls.TrueForAll(c => c.WhereAmI is DemoCallPlace.Hold or DemoCallPlace.Fallback or DemoCallPlace.Ended), Patience, "everybody on hold, in the fallback or gone");
        }

        foreach (var call in calls)
            call.HangUp();
        await Task.WhenAll(calls.Select(c => c.Ended)).WaitAsync(TimeSpan.FromSeconds(30));
        var known = calls.Where(c => c.CallId is not null).Select(c => Guid.Parse(c.CallId!)).ToHashSet();
        await Eventually.BeAsync(() => known.IsSubsetOf(bench.Entries.OfType<CallEnded>().Select(e => e.Call!.Value)), Patience, "the end of every call in the journal");

        calls.Should().OnlyContain(c => c.History.Any(h => h.Place == DemoCallPlace.Hold || h.Place == DemoCallPlace.Fallback), "nobody is left without music or fallback");
        known.Should().HaveCountGreaterThan(Callers * 9 / 10, "the router is not what gives up first");
        var entries = bench.Entries;
        entries.OfType<CallStarted>().Select(e => e.Call).Should().OnlyHaveUniqueItems();
        entries.OfType<CallEnded>().Select(e => e.Call).Should().OnlyHaveUniqueItems().And.BeEquivalentTo(entries.OfType<CallStarted>().Select(e => e.Call), "no call stays open");
        // On a full machine a part of the events gives way to a snapshot; what became of the calls is written all the same.
        entries.Should().HaveCountGreaterThan(10_000, "that is what makes it a burst");
        entries.Select(e => e.Seq).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();

        await bench.DoAsync(RouterBench.Anna, new RoadCommand("ready"));
        bench.Pbx.PlaceCall(new DemoCaller("+393479999999", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>(o => !known.Contains(o.Call!.Value));
        await bench.UntilAsync<OfferRang>(r => r.Call == offered.Call);
        bench.Pbx.Faults.Should().Be(0);

        await bench.StopAsync();
        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
    }
}
