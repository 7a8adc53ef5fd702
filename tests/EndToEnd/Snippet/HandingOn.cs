using CallCrm.TestKit;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Snippet;

/// <summary>deploy/asterisk/callcrm.conf on a real Asterisk: how clients are handed on, with the actions that the router sends. Whatever ends, the client asks again.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class HandingOn
{
    const string Number = "+390699998888";
    static readonly LabCallPlan Plan = new("+390240001") { Talk = TimeSpan.FromSeconds(25), Patience = TimeSpan.FromSeconds(60) };

    /// <summary>A client in talk with 101.</summary>
    sealed class Talk : IAsyncDisposable
    {
        readonly List<IAsyncDisposable> _all = [];

        public required AsteriskLab Lab { get; init; }

        public required ScriptedAgi Agi { get; init; }

        public required LabAmi Watch { get; init; }

        public required LabCall Call { get; init; }

        public string Client { get; private set; } = "";

        public string Own { get; private set; } = "";

        public static async Task<Talk> BeginAsync(LabPhoneKind? target = LabPhoneKind.Answer, LabPhoneKind? outside = null)
        {
            var lab = await AsteriskLab.SharedAsync();
            await lab.QuietAsync();
            var own = await lab.PhoneAsync(LabPhoneKind.Answer, "101", ring: TimeSpan.FromMilliseconds(100), talk: TimeSpan.FromSeconds(60));
            var other = target is { } kind ? await lab.PhoneAsync(kind, "102", ring: TimeSpan.FromMilliseconds(400), talk: TimeSpan.FromSeconds(60)) : null;
            var trunk = outside is { } there ? await lab.PhoneAsync(there, "trunk", ring: TimeSpan.FromMilliseconds(400), talk: TimeSpan.FromSeconds(60)) : null;
            var talk = new Talk { Lab = lab, Agi = new ScriptedAgi(lab.AgiPort, AgiAnswer.Dial("PJSIP/101", record: true), AgiAnswer.Keep(4)), Watch = await lab.WatchAsync(), Call = lab.Call(Plan) };
            talk._all.AddRange(new IAsyncDisposable?[] { talk.Call, talk.Watch, talk.Agi, own, other, trunk }.OfType<IAsyncDisposable>());
            await talk.Call.StepAsync("answered");
            talk.Client = (await talk.Watch.EventAsync("Newchannel", e => Is(e, "PJSIP/trunk-")))["Channel"];
            talk.Own = (await talk.Watch.EventAsync("Newchannel", e => Is(e, "PJSIP/101-")))["Channel"];
            await talk.TogetherAsync(talk.Client, talk.Own);
            return talk;
        }

        public static bool Is(IReadOnlyDictionary<string, string> e, string channel) => e.GetValueOrDefault("Channel", "").StartsWith(channel, StringComparison.Ordinal);

        public async Task DoAsync(string action, params (string, string)[] headers) => (await Watch.SendAsync(action, headers))["Response"].Should().Be("Success", action);

        public Task ConsultAsync(string target) => DoAsync("Redirect", ("Channel", Client), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"),
            ("ExtraChannel", Own), ("ExtraContext", "callcrm-consult"), ("ExtraExten", target), ("ExtraPriority", "callcrm"));

        public Task AsideAsync(string channel, string where) => DoAsync("Redirect", ("Channel", channel), ("Context", "callcrm-consult"), ("Exten", where), ("Priority", "callcrm"));

        public Task BridgeAsync(string first, string second) => DoAsync("Bridge", ("Channel1", first), ("Channel2", second), ("Tone", "no"));

        public Task HangUpAsync(string channel) => DoAsync("Hangup", ("Channel", channel), ("Cause", "16"));

        public async Task<string> AnsweredAsync(string device) =>
            (await Watch.EventAsync("DialEnd", e => e["DestChannel"].StartsWith(device + "-", StringComparison.Ordinal) && e["DialStatus"] == "ANSWER"))["DestChannel"];

        /// <summary>All of these, and nobody else, are in one bridge that is no place to wait.</summary>
        public Task TogetherAsync(params string[] channels) => Eventually.BeAsync(() =>
        {
            var bridges = channels.Select(c => Where(c)).ToArray();
            return bridges[0] is { Length: > 0 } bridge && bridge != "waits" && bridges.All(b => b == bridge);
        }, TimeSpan.FromSeconds(8), $"{string.Join(", ", channels)} to be together; they are in {string.Join(", ", channels.Select(c => Where(c)))}");

        public Task WaitsAsync(string channel) => Eventually.BeAsync(() => Where(channel) == "waits", TimeSpan.FromSeconds(8), $"{channel} to wait; it is in '{Where(channel)}'");

        string Where(string channel)
        {
            var at = "";
            foreach (var e in Watch.Events.Where(e => e.GetValueOrDefault("Channel") == channel && e["Event"] is "BridgeEnter" or "BridgeLeave" && e.GetValueOrDefault("Channel") == channel))
            {
                if (e["Event"] == "BridgeEnter")
                    at = e["BridgeTechnology"] == "holding_bridge" ? "waits" : e["BridgeUniqueid"];
                else if (at == e["BridgeUniqueid"] || (at == "waits" && e["BridgeTechnology"] == "holding_bridge"))
                    at = "";
            }

            return at;
        }

        /// <summary>The client's channel has been one and the same all the time, and its recording with it.</summary>
        public async Task EndsWellAsync()
        {
            Agi.Next(AgiAnswer.Reject(16));
            await Watch.EventAsync("Hangup", e => e["Channel"] == Client, TimeSpan.FromSeconds(40));
            Watch.Events.Should().NotContain(e => e["Event"] == "UserEvent" && e["UserEvent"] == "LabFallback");
            Watch.Events.Where(e => e["Event"] == "MixMonitorStart").Should().ContainSingle();
            await Eventually.BeAsync(() => Lab.ChannelsAsync().GetAwaiter().GetResult().Count == 0, TimeSpan.FromSeconds(15), "all channels to end");
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var one in _all)
                await one.DisposeAsync();
        }
    }

    [LabFact]
    public async Task Asked_first_then_handed_over_and_the_client_asks_when_that_talk_is_over()
    {
        await using var talk = await Talk.BeginAsync();
        await talk.ConsultAsync("PJSIP/102");
        await talk.Agi.AskedAsync("redirected");
        await talk.WaitsAsync(talk.Client);
        var target = await talk.AnsweredAsync("PJSIP/102");
        await talk.TogetherAsync(talk.Own, target);
        await talk.Agi.AskedAsync("held");
        await talk.WaitsAsync(talk.Client);
        await talk.BridgeAsync(talk.Client, target);
        await talk.TogetherAsync(talk.Client, target);
        await talk.WaitsAsync(talk.Own);
        await talk.HangUpAsync(talk.Own);
        var asked = talk.Agi.Asked.Count;
        talk.Agi.Next(AgiAnswer.Reject(16));
        await talk.HangUpAsync(target);
        await Eventually.BeAsync(() => talk.Agi.Asked.Count > asked, TimeSpan.FromSeconds(5), "the client to ask");
        talk.Agi.Asked[^1].State.Should().Be("held");
        await talk.EndsWellAsync();
    }

    [LabFact]
    [Trait("Category", "Long")]
    public async Task Swapped_to_the_client_and_back_and_over_from_there()
    {
        await using var talk = await Talk.BeginAsync();
        await talk.ConsultAsync("PJSIP/102");
        var target = await talk.AnsweredAsync("PJSIP/102");
        await talk.TogetherAsync(talk.Own, target);
        await talk.AsideAsync(target, "held");
        await talk.WaitsAsync(target);
        await talk.WaitsAsync(talk.Own);
        await talk.WaitsAsync(talk.Client);
        await talk.BridgeAsync(talk.Client, talk.Own);
        await talk.TogetherAsync(talk.Client, talk.Own);
        await talk.BridgeAsync(talk.Own, target);
        await talk.TogetherAsync(talk.Own, target);
        await talk.WaitsAsync(talk.Client);
        await talk.AsideAsync(target, "held");
        await talk.WaitsAsync(target);
        await talk.WaitsAsync(talk.Own);
        await talk.BridgeAsync(talk.Client, talk.Own);
        await talk.TogetherAsync(talk.Client, talk.Own);
        await talk.BridgeAsync(talk.Client, target);
        await talk.TogetherAsync(talk.Client, target);
        await talk.WaitsAsync(talk.Own);
        await talk.HangUpAsync(talk.Own);
        await talk.EndsWellAsync();
    }

    [LabTheory]
    [InlineData(LabPhoneKind.Busy)]
    [InlineData(LabPhoneKind.Decline)]
    [InlineData(null)]
    public async Task Nobody_takes_it_and_the_two_are_brought_together_again(LabPhoneKind? kind)
    {
        await using var talk = await Talk.BeginAsync(kind);
        await talk.ConsultAsync("PJSIP/102");
        await talk.WaitsAsync(talk.Own);
        await talk.WaitsAsync(talk.Client);
        await talk.BridgeAsync(talk.Client, talk.Own);
        await talk.TogetherAsync(talk.Client, talk.Own);
        talk.Agi.Next(AgiAnswer.Reject(16));
        await talk.HangUpAsync(talk.Own);
        await talk.EndsWellAsync();
    }

    [LabFact]
    public async Task Taken_back_while_it_rings_the_target_stops_ringing()
    {
        await using var talk = await Talk.BeginAsync(LabPhoneKind.Silent);
        await talk.ConsultAsync("PJSIP/102");
        await talk.Watch.EventAsync("DialState", e => e["DestChannel"].StartsWith("PJSIP/102-", StringComparison.Ordinal) && e["DialStatus"] == "RINGING");
        await talk.AsideAsync(talk.Own, "wait");
        await talk.Watch.EventAsync("Hangup", e => Talk.Is(e, "PJSIP/102-"));
        await talk.WaitsAsync(talk.Own);
        await talk.BridgeAsync(talk.Client, talk.Own);
        await talk.TogetherAsync(talk.Client, talk.Own);
        talk.Agi.Next(AgiAnswer.Reject(16));
        await talk.HangUpAsync(talk.Own);
        await talk.EndsWellAsync();
    }

    [LabFact]
    [Trait("Category", "Long")]
    public async Task The_sender_hangs_up_and_the_target_waits_for_the_client()
    {
        await using var talk = await Talk.BeginAsync();
        await talk.ConsultAsync("PJSIP/102");
        var target = await talk.AnsweredAsync("PJSIP/102");
        await talk.TogetherAsync(talk.Own, target);
        await talk.HangUpAsync(talk.Own);
        await talk.WaitsAsync(target);
        await talk.BridgeAsync(talk.Client, target);
        await talk.TogetherAsync(talk.Client, target);
        await talk.EndsWellAsync();
    }

    [LabFact]
    public async Task All_three_talk_and_two_stay_when_one_leaves()
    {
        await using var talk = await Talk.BeginAsync();
        await talk.ConsultAsync("PJSIP/102");
        var target = await talk.AnsweredAsync("PJSIP/102");
        await talk.TogetherAsync(talk.Own, target);
        await talk.WaitsAsync(talk.Client);
        talk.Agi.Next(AgiAnswer.Join(talk.Own));
        await talk.DoAsync("Redirect", ("Channel", talk.Client), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"));
        await talk.TogetherAsync(talk.Client, talk.Own, target);
        talk.Agi.Next(AgiAnswer.Keep());
        await talk.HangUpAsync(talk.Own);
        await talk.Watch.EventAsync("Hangup", e => e["Channel"] == talk.Own);
        await Task.Delay(500);
        await talk.TogetherAsync(talk.Client, target);
        talk.Agi.Next(AgiAnswer.Reject(16));
        await talk.HangUpAsync(target);
        await talk.EndsWellAsync();
    }

    [LabFact]
    [Trait("Category", "Long")]
    public async Task A_number_outside_is_asked_and_gets_the_client()
    {
        await using var talk = await Talk.BeginAsync(target: null, outside: LabPhoneKind.Answer);
        await talk.ConsultAsync(Number);
        var there = await Eventually.GetAsync(() => talk.Watch.Events.FirstOrDefault(e => e["Event"] == "DialEnd" && e["DestChannel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal) && e["DialStatus"] == "ANSWER")?["DestChannel"], TimeSpan.FromSeconds(10), "the number's answer");
        await talk.WaitsAsync(talk.Client);
        await Eventually.BeAsync(() => !talk.Lab.ChannelsAsync().GetAwaiter().GetResult().Any(c => c.StartsWith("Local/", StringComparison.Ordinal)), TimeSpan.FromSeconds(5), "the Local channel to be gone");
        await talk.TogetherAsync(talk.Own, there);
        await talk.BridgeAsync(talk.Client, there);
        await talk.TogetherAsync(talk.Client, there);
        await talk.HangUpAsync(talk.Own);
        await talk.EndsWellAsync();
    }

    [LabFact]
    [Trait("Category", "Long")]
    public async Task A_number_is_called_for_the_client_and_a_busy_one_is_told()
    {
        await using (var talk = await Talk.BeginAsync(target: null, outside: LabPhoneKind.Answer))
        {
            talk.Agi.Next(AgiAnswer.Call(Number));
            await talk.DoAsync("Redirect", ("Channel", talk.Client), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"));
            await talk.Watch.EventAsync("Hangup", e => e["Channel"] == talk.Own);
            (await talk.Watch.EventAsync("DialBegin", e => e["DestChannel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal)))["CallerIDNum"].Should().Be("101", "as if dialled on the agent's phone");
            var there = await Eventually.GetAsync(() => talk.Watch.Events.FirstOrDefault(e => e["Event"] == "DialEnd" && e["DestChannel"].StartsWith("PJSIP/trunk-", StringComparison.Ordinal) && e["DialStatus"] == "ANSWER")?["DestChannel"], TimeSpan.FromSeconds(10), "the number's answer");
            await talk.TogetherAsync(talk.Client, there);
            await talk.EndsWellAsync();
        }

        await using var busy = await Talk.BeginAsync(target: null, outside: LabPhoneKind.Busy);
        busy.Agi.Next(AgiAnswer.Call(Number));
        await busy.DoAsync("Redirect", ("Channel", busy.Client), ("Context", "callcrm-route"), ("Exten", "s"), ("Priority", "callcrm"));
        await busy.Agi.AskedAsync("redirected");
        busy.Agi.Next(AgiAnswer.Dial("PJSIP/101"));
        (await busy.Agi.AskedAsync("next")).DialStatus.Should().Be("BUSY");
        await busy.Watch.EventAsync("DialEnd", e => e["DestChannel"].StartsWith("PJSIP/101-", StringComparison.Ordinal) && e["DialStatus"] == "ANSWER", index: 1);
        await busy.EndsWellAsync();
    }

    [LabFact]
    public async Task Without_CallCrm_a_client_who_is_kept_comes_to_the_fallback()
    {
        await using var talk = await Talk.BeginAsync(LabPhoneKind.Silent);
        talk.Agi.Next(AgiAnswer.Keep(2));
        await talk.ConsultAsync("PJSIP/102");
        await talk.Agi.AskedAsync("redirected");
        await talk.Agi.DisposeAsync();
        await talk.Watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(8));
    }
}
