using System.Globalization;
using CallCrm.DemoPbx.Ami;

namespace CallCrm.DemoPbx.Core;

/// <summary>What an Originate asked for.</summary>
internal sealed record OriginateRequest(string Device, DialplanPoint Target, TimeSpan Timeout, IReadOnlyList<string> Variables)
{
    public string? ActionId { get; private init; }

    public string? ChannelId { get; private init; }

    public string CallerNumber { get; private init; } = "";

    public string CallerName { get; private init; } = "";

    public static OriginateRequest From(AmiRequest request)
    {
        var timeout_ms = int.TryParse(request["Timeout"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 30_000;
        var target = request["Application"] is { } application ? new DialplanPoint("", application, "1") : new DialplanPoint(request["Context"]!, request["Exten"]!, request["Priority"] ?? "1");
        var id = request["CallerID"] ?? "";
        var (open, close) = (id.LastIndexOf('<'), id.LastIndexOf('>'));
        return new OriginateRequest(request["Channel"]!, target, TimeSpan.FromMilliseconds(timeout_ms), [.. request.All("Variable")])
        {
            ActionId = request.ActionId,
            ChannelId = request["ChannelId"] is { Length: > 0 } own ? own : null,
            CallerNumber = open >= 0 && close > open ? id[(open + 1)..close] : id,
            CallerName = open > 0 ? id[..open].Trim(' ', '"') : "",
        };
    }
}

/// <summary>A customer behind the trunk who is called.</summary>
internal sealed class CustomerPhone(Exchange exchange, string number) : PbxPhone(exchange, Chance(exchange))
{
    /// <summary>Not everybody is at home, by the seed.</summary>
    private static DemoPhoneOptions Chance(Exchange exchange)
    {
        var options = exchange.Options;
        var chance = options.CustomerBusyPercent + options.CustomerAbsentPercent > 0 ? exchange.Random.Next(100) : 100;
        return new DemoPhoneOptions
        {
            Name = options.Trunk,
            Behaviour = chance < options.CustomerBusyPercent ? DemoPhoneBehaviour.Busy : options.CustomerBehaviour,
            AnswerAfterMin = chance < options.CustomerBusyPercent + options.CustomerAbsentPercent ? null : options.CustomerAnswersAfter,
            TalkMin = options.CustomerTalksFor,
        };
    }

    public override string Extension => number;

    public override bool IsCustomer => true;

    public override string DialString => $"{number}@{Name[(Name.IndexOf('/', StringComparison.Ordinal) + 1)..]}";
}

/// <summary>Originate as click-to-dial uses it: the agent's phone rings first, then the customer is called (traces 13i to 13k); or the phone listens.</summary>
internal sealed class OutboundCall(Exchange exchange, OriginateRequest request)
{
    private PbxChannel? _agent;

    public async Task RunAsync(TaskCompletionSource<bool>? answered = null)
    {
        if (exchange.FindPhone(request.Device) is not { Registered: true } phone)
        {
            Response(0);
            answered?.TrySetResult(false);
            return;
        }

        var agent = _agent = Announce(phone);
        var cdr = new CdrKeeper(exchange, agent);
        var cause = await RingAsync(agent, phone);
        answered?.TrySetResult(cause is null);
        if (cause is null)
        {
            // Wait, in silence: a phone that is tried.
            agent.Application = request.Target.Context.Length == 0 ? "Wait" : agent.Application;
            await (request.Target.Context.Length == 0 ? agent.Gone.Task.WaitAsync(exchange.PowerCut.Token)
                : request.Target.Context == SnippetContexts.Listen ? ListenAsync(agent) : CallCustomerAsync(agent, cdr));
            cause = agent.Cause ?? HangupCause.Normal;
            exchange.HangupRequest(agent, HangupCause.Normal, soft: true);
        }

        cdr.TellAll(cancelled: agent.State != ChannelState.Up);
        exchange.End(agent, cause.Value);
    }

    private PbxChannel Announce(PbxPhone phone)
    {
        var agent = exchange.NewChannel(phone.Name, ChannelState.Down, uniqueid: request.ChannelId);
        (agent.CallerNumber, agent.CallerName) = (phone.Extension, phone.Display);
        (agent.Context, agent.Exten) = ("from-internal", "s");
        (agent.Application, agent.ApplicationData) = ("AppDial2", "(Outgoing Line)");
        exchange.Emit("Newchannel", agent);
        foreach (var variable in request.Variables)
        {
            var equals = variable.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                exchange.SetVariable(agent, variable[..equals], variable[(equals + 1)..]);
            }
        }

        if (request.CallerNumber.Length > 0)
        {
            (agent.CallerNumber, agent.CallerName) = (request.CallerNumber, request.CallerName);
            exchange.NewCallerid(agent);
            (agent.ConnectedNumber, agent.ConnectedName) = (request.CallerNumber, request.CallerName);
            exchange.Emit("NewConnectedLine", agent);
        }

        return agent;
    }

    /// <summary>Null when the agent answered, else how the leg ends.</summary>
    private async Task<HangupCause?> RingAsync(PbxChannel agent, PbxPhone phone)
    {
        Dial("DialBegin", agent, ("DialString", phone.Extension));
        var ringing = phone.Call(agent);
        if (agent.State == ChannelState.Ringing)
        {
            Dial("DialState", agent, ("DialStatus", "RINGING"));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(exchange.PowerCut.Token);
        var first = await Task.WhenAny(ringing, Task.Delay(request.Timeout, exchange.Time, stop.Token));
        exchange.PowerCut.Token.ThrowIfCancellationRequested();
        await stop.CancelAsync();
        if (first != ringing)
        {
            // Asterisk tells no DialEnd here (trace 13c).
            Response(3);
            return new HangupCause(19, 480);
        }

        var (end, cause) = await ringing;
        if (end != RingEnd.Answered)
        {
            if (end == RingEnd.Refused)
            {
                exchange.HangupRequest(agent, cause);
            }

            Response(0);
            Dial("DialEnd", agent, ("DialStatus", cause.Q850 == 17 ? "BUSY" : "NOANSWER"));
            return cause;
        }

        exchange.Answer(agent);
        exchange.Devices.Refresh(agent.Device);
        Dial("DialEnd", agent, ("DialStatus", "ANSWER"));
        Response(4);
        return null;
    }

    private async Task CallCustomerAsync(PbxChannel agent, CdrKeeper cdr)
    {
        var (context, number, _) = request.Target;
        if (agent.Get("CALLCRM_FROM") is { Length: > 0 } own)
        {
            // The phone showed whom it calls; who is called sees the caller.
            (agent.CallerNumber, agent.CallerName) = (own, "");
            exchange.NewCallerid(agent);
        }

        if (exchange.Phones.FirstOrDefault(p => p.Extension == number) is { } colleague)
        {
            exchange.Step(agent, "callcrm-extension", number, 7, "Dial", $"{colleague.Name},25,t");
            await new DialApplication(exchange, agent, cdr, call: null) { BeforeDial = Record }.RunAsync(colleague, TimeSpan.FromSeconds(25));
            return;
        }

        exchange.Step(agent, context, number, 3, "Dial", $"PJSIP/{number}@{exchange.Options.Trunk[(exchange.Options.Trunk.IndexOf('/', StringComparison.Ordinal) + 1)..]},60");
        var dial = new DialApplication(exchange, agent, cdr, call: null) { BeforeDial = Record };
        var status = await dial.RunAsync(new CustomerPhone(exchange, number), exchange.Options.CustomerRing);
        if (status == "BUSY")
        {
            // Hangup() without a cause passes on that of the dialled leg (trace 13j).
            agent.Cause ??= new HangupCause(17, 486);
        }
    }

    /// <summary>The snippet's callcrm-listen: ChanSpy until either is gone (trace 16).</summary>
    private async Task ListenAsync(PbxChannel agent)
    {
        exchange.Step(agent, SnippetContexts.Listen, "s", 3, "ChanSpy", $"{agent.Get("CALLCRM_HEARD")},quES");
        if (exchange.FindChannel(agent.Get("CALLCRM_HEARD")) is not { State: ChannelState.Up } heard)
        {
            return;
        }

        Spy("ChanSpyStart");
        await Task.WhenAny(agent.Gone.Task, heard.Gone.Task).WaitAsync(exchange.PowerCut.Token);
        Spy("ChanSpyStop");

        void Spy(string name) => exchange.Events.Emit(AmiClasses.Call, name, t =>
            t.Channel(agent, exchange.Options.ChannelVariables, "Spyer").Channel(heard, exchange.Options.ChannelVariables, "Spyee"));
    }

    /// <summary>The snippet's callcrm-record, which Dial's option b runs on the called leg.</summary>
    private void Record(PbxChannel customer)
    {
        if (customer.Get("CALLCRM_RECORD") != "1" || exchange.Recordings.Start(customer, exchange.Time.GetUtcNow()) is not { } recording)
        {
            return;
        }

        customer.Recording = recording;
        exchange.SetVariable(customer, "CALLCRM_MIXMON", recording.MixMonitorId);
        exchange.Emit("MixMonitorStart", customer);
    }

    /// <summary>The dialling of an originated leg has no calling channel, only a called one.</summary>
    private void Dial(string name, PbxChannel agent, (string Key, string Value) last) => exchange.Events.Emit(AmiClasses.Call, name, t =>
        t.Channel(agent, exchange.Options.ChannelVariables, "Dest").Line(last.Key, last.Value));

    private void Response(int reason) => exchange.Events.Emit(AmiClasses.Call, "OriginateResponse", t =>
    {
        var channel = reason == 4 ? _agent : null;
        if (request.ActionId is { } id)
        {
            t.Line("ActionID", id);
        }

        t.Line("Response", reason == 4 ? "Success" : "Failure")
            .Line("Channel", channel?.Name ?? request.Device)
            .Line("Context", request.Target.Context)
            .Line("Exten", request.Target.Exten)
            .Line("Reason", reason)
            .Line("Uniqueid", channel?.Uniqueid ?? "<unknown>")
            .Line("CallerIDNum", AmiText.OrUnknown(channel?.CallerNumber ?? ""))
            .Line("CallerIDName", AmiText.OrUnknown(AmiText.Escape(channel?.CallerName ?? "")));
        foreach (var variable in channel is null ? [] : exchange.Options.ChannelVariables)
        {
            t.Line($"ChanVariable({channel!.Name})", $"{variable}={channel.Shown(variable)}");
        }
    });
}
