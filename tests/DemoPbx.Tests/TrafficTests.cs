using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

[Trait("Category", "Slow")]
public sealed class TrafficTests
{
    [Fact]
    public async Task The_same_seed_gives_the_same_callers()
    {
        (await DrawAsync(7, 50)).Should().Equal(await DrawAsync(7, 50));
        (await DrawAsync(7, 50)).Should().NotEqual(await DrawAsync(8, 50));
    }

    [Fact]
    public async Task About_thirty_percent_are_new_and_fifteen_percent_give_up()
    {
        var callers = await DrawAsync(1, 2000);
        callers.Count(c => c.Name is null).Should().BeInRange(500, 700);
        callers.Count(c => c.Patience < TimeSpan.FromMinutes(1)).Should().BeInRange(230, 370);
        callers.Select(c => c.Dialled).Distinct().Should().BeEquivalentTo("100", "200");
    }

    [Fact]
    public async Task Simulated_phones_answer_talk_and_hang_up_by_themselves()
    {
        await using var bench = await Bench.StartAsync([talk => Dial($"PJSIP/10{Random.Shared.Next(1, 7)}")(talk)], o =>
        {
            o.Phones.Clear();
            o.Traffic.Interval = TimeSpan.FromSeconds(5);
            o.Traffic.DialledNumbers.Add("560001");
        }, new FasterTime(60));
        var placed = new List<DemoCall>();
        bench.Pbx.Traffic.Placed = call =>
        {
            lock (placed)
            {
                placed.Add(call);
            }
        };
        bench.Pbx.Traffic.Start();
        for (var i = 0; i < 500; i++)
        {
            await Task.Delay(10);
            lock (placed)
            {
                if (placed.Count(c => c.Talked && c.Ended.IsCompleted) >= 3)
                {
                    break;
                }
            }
        }

        bench.Pbx.Traffic.Stop();
        placed.Count(c => c.Talked && c.Ended.IsCompleted).Should().BeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task The_browsers_phone_rings_until_somebody_answers()
    {
        await using var bench = await Bench.StartAsync([Dial("PJSIP/110", ring: 120)], o => o.Phones.Clear(), new FasterTime(25));
        var call = bench.Pbx.PlaceCall(Bench.Alice());
        await call.Reached(DemoCallPlace.Ringing, "PJSIP/110");
        await Task.Delay(200);
        call.WhereAmI.Should().Be(DemoCallPlace.Ringing);
        (await bench.Pbx.Phone("PJSIP/110").Answer()).Should().BeTrue();
        await call.Reached(DemoCallPlace.Talking);
    }

    [Fact]
    public async Task The_hosted_service_starts_from_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["DemoPbx:AmiPort"] = "0",
            ["DemoPbx:Node"] = "from-config",
            ["DemoPbx:Users:0:Name"] = "callcrm",
            ["DemoPbx:Users:0:Secret"] = "demo-secret",
            ["DemoPbx:Phones:0:Name"] = "PJSIP/201",
        }).Build();
        using var host = new HostBuilder().ConfigureServices(services => services.AddDemoPbx(configuration)).Build();
        await host.StartAsync();
        var pbx = host.Services.GetRequiredService<DemoPbxServer>();
        await using (var ami = await AmiProbe.LogInAsync(pbx.AmiPort))
        {
            (await ami.DoAsync("CoreSettings"))["SystemName"].Should().Be("from-config");
            (await ami.ListAsync("DeviceStateList")).Select(e => e["Device"]).Should().StartWith("PJSIP/201");
        }

        await host.StopAsync();
    }

    private static async Task<List<DemoCaller>> DrawAsync(int seed, int count)
    {
        var options = new DemoPbxOptions { AmiPort = 0, Seed = seed };
        options.Traffic.DialledNumbers = ["100", "200"];
        await using var pbx = new DemoPbxServer(options);
        pbx.Traffic.KnownCaller = random => new DemoKnownCaller($"+3902{random.Next(1_000_000):D6}", "Known");
        return [.. Enumerable.Range(0, count).Select(_ => pbx.Traffic.Next())];
    }
}
