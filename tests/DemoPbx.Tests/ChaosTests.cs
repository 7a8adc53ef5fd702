using CallCrm.Engine;
using static CallCrm.DemoPbx.Tests.AgiAnswerer;

namespace CallCrm.DemoPbx.Tests;

/// <summary>Callers, agents, router and operator do what they like, by a seed; the story of every channel stays whole.</summary>
[Trait("Category", "Slow")]
public sealed class ChaosTests
{
    private static readonly string[] Devices = ["PJSIP/101", "PJSIP/102", "PJSIP/109", "PJSIP/110"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_happens_every_channel_has_one_beginning_and_one_end(int seed)
    {
        var random = new Random(seed);
        await using var bench = await Bench.StartAsync([talk => RouteAsync(random, talk)], o =>
        {
            o.AgiTimeout = TimeSpan.FromSeconds(5);
            o.Phones[0].AnswerAfterMin = TimeSpan.FromSeconds(0.5);
        }, new FasterTime(30));
        var calls = new List<DemoCall>();
        for (var i = 0; i < 300; i++)
        {
            await StepAsync(bench, calls, random);
            await Task.Delay(2);
        }

        foreach (var call in calls)
        {
            call.HangUp();
        }

        await Task.WhenAll(calls.Select(c => c.Ended)).WaitAsync(TimeSpan.FromSeconds(10));
        await bench.Pbx.SettleAsync();
        bench.Pbx.LiveChannels.Should().BeEmpty();
        var states = await bench.Ami.ListAsync("DeviceStateList");
        states.Where(s => s.Name == "DeviceStateChange").Should().OnlyContain(s => s["State"] == "NOT_INUSE" || s["State"] == "UNAVAILABLE");
        Whole(bench.Ami);
    }

    private static void Whole(AmiProbe ami)
    {
        var events = ami.Messages.Where(m => m.IsEvent && m["ActionID"] is null).ToList();
        foreach (var channel in events.Where(e => e["Uniqueid"] is not null).GroupBy(e => e["Uniqueid"]!))
        {
            var names = channel.Select(e => e.Name).ToList();
            names[0].Should().Be("Newchannel");
            names[^1].Should().Be("Hangup");
            names.Count(n => n == "Hangup").Should().Be(1);
            names.Count(n => n == "BridgeEnter").Should().Be(names.Count(n => n == "BridgeLeave"));
            names.Count(n => n == "MusicOnHoldStart").Should().Be(names.Count(n => n == "MusicOnHoldStop"));
            names.Count(n => n == "DialBegin").Should().Be(names.Count(n => n == "DialEnd"));
        }

        string[] expected = ["BridgeEnter", "MusicOnHoldStart", "DialEnd", "Cdr", "UserEvent"];
        events.Select(e => e.Name).Should().Contain(expected, "else this test shows little");
        events.Count(e => e.Name == "BridgeCreate").Should().Be(events.Count(e => e.Name == "BridgeDestroy"));
        var model = new PbxModel("demo");
        foreach (var e in events)
        {
            model.Handle(new PbxEvent("demo", e.Name, e.Lines, null));
        }

        var counters = model.Counters;
        (counters.Malformed, counters.UnknownLeg, counters.AfterEnd).Should().Be((0, 0, 0), "{0}", counters);
    }

    private static Task RouteAsync(Random random, AgiTalk talk)
    {
        int dice, device;
        lock (random)
        {
            (dice, device) = (random.Next(20), random.Next(Devices.Length));
        }

        return dice switch
        {
            < 9 => Dial(Devices[device], ring: 1 + (dice % 5))(talk),
            < 14 => Hold(1 + (dice % 3))(talk),
            14 => Reject()(talk),
            15 => Say(("CALLCRM_PLAY", "closed"), ("CALLCRM_ACTION", "play"))(talk),
            16 => Say(("CALLCRM_GOTO", "voicemail,s,1"), ("CALLCRM_ACTION", "goto"))(talk),
            17 => CloseAtOnce(talk),
            18 => Reset(talk),
            _ => Silent(talk),
        };
    }

    private static async Task StepAsync(Bench bench, List<DemoCall> calls, Random random)
    {
        int dice, which;
        lock (random)
        {
            (dice, which) = (random.Next(30), random.Next(10_000));
        }

        var phone = bench.Pbx.Phone(Devices[which % Devices.Length]);
        var call = calls.Count > 0 ? calls[which % calls.Count] : null;
        var live = bench.Pbx.LiveChannels;
        switch (dice)
        {
            case < 6:
                calls.Add(bench.Pbx.PlaceCall(new DemoCaller($"42077700{which:D4}", "560001") { HoldPatience = TimeSpan.FromSeconds(20) }));
                break;
            case < 14:
                await phone.Answer();
                break;
            case < 16:
                await phone.Hold();
                break;
            case < 18:
                await phone.Unhold();
                break;
            case 18:
                await phone.HangUp();
                break;
            case 19:
                await phone.Decline();
                break;
            case 20:
                await bench.Pbx.Phone("PJSIP/102").Unregister();
                break;
            case 21 or 22:
                await phone.Register();
                break;
            case 23:
                await bench.Pbx.Phone("PJSIP/102").Behave((DemoPhoneBehaviour)(which % 5));
                break;
            case 24:
                await bench.Pbx.Phone("PJSIP/102").Behave(DemoPhoneBehaviour.Ring);
                break;
            case 25:
                call?.HangUp();
                break;
            case 26:
                call?.PressDigits("5#");
                break;
            case 27 or 28 when call?.Channel is not null:
                await ConformanceTests.RedirectAsync(bench, call);
                break;
            default:
                if (live.Length > 0)
                {
                    await bench.Ami.DoAsync("Hangup", ("Channel", live[which % live.Length].Name));
                }

                break;
        }
    }
}
