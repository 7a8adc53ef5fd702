using CallCrm.CallFlow;
using CallCrm.CallRouter.Flight;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallRouter.Tests;

/// <summary>A whole town dials at once: as many requests and events as a PBX can send, then all give up together.</summary>
public sealed class BurstTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    const int Callers = 1_300;

    [PostgresFact]
    public async Task Hundreds_of_callers_at_once_are_all_served_and_all_in_the_log()
    {
        await using var bench = await RouterBench.StartAsync(postgres);
        await bench.SignInAsync(RouterBench.Anna, "101", ready: false);
        await bench.DoAsync(RouterBench.Anna, new RoadCommand("pause", Reason: "lunch"));

        var calls = Enumerable.Range(0, Callers).Select(n => bench.Pbx.PlaceCall(new DemoCaller($"+39347{7_000_000 + n}", RouterBench.Dialled))).ToArray();
        await bench.UntilTrueAsync(() => calls.All(c => c.WhereAmI is DemoCallPlace.Hold or DemoCallPlace.Fallback or DemoCallPlace.Ended));
        foreach (var call in calls)
            call.HangUp();
        await Task.WhenAll(calls.Select(c => c.Ended)).WaitAsync(TimeSpan.FromSeconds(30));
        var known = calls.Where(c => c.CallId is not null).Select(c => Guid.Parse(c.CallId!)).ToHashSet();
        await bench.UntilTrueAsync(() => known.IsSubsetOf(bench.Entries.OfType<CallEnded>().Select(e => e.Call!.Value)));

        calls.Should().OnlyContain(c => c.History.Any(h => h.Place == DemoCallPlace.Hold || h.Place == DemoCallPlace.Fallback), "nobody is left without music or fallback");
        known.Should().HaveCountGreaterThan(Callers * 9 / 10, "the router is not what gives up first");
        var entries = bench.Entries;
        entries.OfType<CallStarted>().Select(e => e.Call).Should().OnlyHaveUniqueItems();
        entries.OfType<CallEnded>().Select(e => e.Call).Should().OnlyHaveUniqueItems().And.BeEquivalentTo(entries.OfType<CallStarted>().Select(e => e.Call), "no call stays open");
        entries.Select(e => e.Seq).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();

        await bench.DoAsync(RouterBench.Anna, new RoadCommand("ready"));
        bench.Pbx.PlaceCall(new DemoCaller("+393479999999", RouterBench.Dialled));
        var offered = await bench.UntilAsync<CallOffered>(o => !known.Contains(o.Call!.Value));
        await bench.UntilAsync<OfferRang>(r => r.Call == offered.Call);
        bench.Pbx.Faults.Should().Be(0);

        await bench.StopAsync();
        var output = new StringWriter();
        FlightCommand.Replay([], bench.FlightFolder, output, output).Should().Be(0, output.ToString());
        var inputs = System.Text.RegularExpressions.Regex.Match(output.ToString(), "([0-9]+) inputs from");
        int.Parse(inputs.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture).Should().BeGreaterThan(10_000, output.ToString());
    }
}
