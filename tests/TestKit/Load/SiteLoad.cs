using CallCrm.Engine;

namespace CallCrm.TestKit.Load;

/// <summary>
/// A site on a simulated clock: callers, a PBX that speaks as the captured one did, agents who answer, hold, decline and wrap up.
/// The PBX does what the engine tells it. The same seed gives the same inputs.
/// </summary>
public sealed class SiteLoad
{
    const string Node = "pbx";
    static readonly DateTimeOffset s_start = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);
    static readonly string[] s_names = ["Ada Rossi", "Žaneta Nováková", "Иван Петров", "<unknown>", "Studio Bianchi S.r.l.", "O\\'Brien"];
    readonly CallTemplate _answered = new("12");
    readonly CallTemplate _declined = new("07c");
    readonly CallTemplate _abandoned = new("05b");
    readonly PriorityQueue<Action, (TimeSpan, long)> _due = new();
    readonly Dictionary<Guid, SiteCall> _calls = [];
    readonly Dictionary<string, SiteCall> _byChannel = new(StringComparer.Ordinal);
    readonly Random _random;
    readonly TimeSpan _talk;
    TimeSpan _now;
    TimeSpan? _deadline;
    long _order;
    int _ids;
    long _channels;

    sealed class SiteCall(Guid id, CallParts parts)
    {
        public Guid Id { get; } = id;
        public CallParts Parts { get; set; } = parts;
        public bool Gone { get; set; }
        public bool Talks { get; set; }
    }

    /// <param name="talk">Mean length of a talk.</param>
    public SiteLoad(int agents, TimeSpan talk, int seed = 1, CallEngine? engine = null)
    {
        (_random, _talk, Engine) = (new Random(seed), talk, engine ?? new CallEngine("main"));
        Agents = agents;
    }

    public CallEngine Engine { get; set; }

    public int Agents { get; }

    public TimeSpan Now => _now;

    /// <summary>AMI events so far.</summary>
    public long Events { get; private set; }

    public long Inputs { get; private set; }

    public long Calls { get; private set; }

    public long Answered { get; private set; }

    /// <summary>Before the engine handles an input.</summary>
    public Action<Moment, EngineInput>? Before { get; set; }

    public Action<Moment, IReadOnlyList<EngineEffect>>? After { get; set; }

    /// <summary>Settings, lists, and everybody ready.</summary>
    public void Open(int queues = 10)
    {
        var ids = Enumerable.Range(1, Agents).Select(Id).ToArray();
        var reject = new Overflow(AfterWait.Reject, "");
        var settings = Enumerable.Range(0, queues).Select(q => new QueueSettings(Id(1_000_000 + q), $"Queue {q}", TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(10), TimeSpan.Zero,
            TimeSpan.FromMinutes(5), reject, reject, reject, null, TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), true, [.. ids.Where((_, i) => i % queues == q).Select(a => new QueueAgent(a, 1))])).ToArray();
        Send(new EngineInput.Restored(new RestoredState(1, [], [])));
        Send(new EngineInput.SettingsChanged(new EngineSettings(1, "main", [.. settings], [.. ids.Select((a, i) => new AgentSettings(a, $"Agent {i + 1}", NeedsPage: false))],
            [.. Enumerable.Range(1, Agents).Select(n => new ExtensionSettings(Node, $"{1000 + n}", [new DeviceSettings($"PJSIP/{1000 + n}", true, true)]))],
            [.. settings.Select((q, i) => new DialledNumberSettings($"80010{i}", $"Line {i}", q.Id, "web", "it"))], [new PbxSettings(Node, ["PJSIP/trunk"], settings[0].Id)], new EngineOptions())));
        Send(new EngineInput.Fact(new PbxFact.Connected(Node, null, "22.10.1")));
        Send(new EngineInput.PbxLists(Node, [], [], NewId()));
        for (var i = 0; i < Agents; i++)
        {
            Send(new EngineInput.Command(NewId(), ids[i], new AgentCommand.SignIn(Node, $"{1001 + i}")));
            Send(new EngineInput.Command(NewId(), ids[i], new AgentCommand.Ready()));
        }
    }

    /// <param name="callsPerSecond">At a time of the day.</param>
    public void Run(TimeSpan until, Func<TimeSpan, double> callsPerSecond)
    {
        var next = _now;
        while (true)
        {
            next += TimeSpan.FromSeconds(-Math.Log(1 - _random.NextDouble()) / callsPerSecond(next));
            if (next >= until)
                break;
            Pass(next);
            Begin();
        }

        Pass(until);
    }

    /// <summary>Lets all running calls come to their end.</summary>
    public void Drain()
    {
        while (_due.Count > 0)
            Pass(_now + TimeSpan.FromMinutes(1));
    }

    void Pass(TimeSpan to)
    {
        while (true)
        {
            var due = _due.TryPeek(out _, out var at) ? at.Item1 : TimeSpan.MaxValue;
            if (_deadline is { } tick && tick <= due && tick <= to)
            {
                _now = tick > _now ? tick : _now;
                Send(EngineInput.Tick.Instance);
            }
            else if (due <= to)
            {
                _now = due > _now ? due : _now;
                _due.Dequeue()();
            }
            else
            {
                _now = to > _now ? to : _now;
                return;
            }
        }
    }

    void Begin()
    {
        Calls++;
        var n = ++_channels;
        var id = NewId();
        var call = new SiteCall(id, new CallParts(Node, $"PJSIP/trunk-{n:x8}", $"1795448470.{n}", "", "", "", "", "", $"+39{_random.NextInt64(300_000_000, 400_000_000)}", s_names[_random.Next(s_names.Length)]));
        _calls.Add(id, call);
        _byChannel.Add(call.Parts.CallerChannel, call);
        Say(_answered, 0..1, call, id);
        After_ms(3, () => Ask(call, RequestState.New, null));
    }

    void Ask(SiteCall call, RequestState state, DialResult? last)
    {
        if (call.Gone)
            return;
        var number = new PhoneNumber(call.Parts.Number, NumberKind.E164, call.Parts.Number);
        Send(new EngineInput.RouteAsked(NewId(), call.Id, new LegId(Node, call.Parts.CallerId), call.Parts.CallerChannel, state, number, call.Parts.Name,
            new PhoneNumber($"80010{call.Id.GetHashCode() & 7}", NumberKind.Unparsed), last));
    }

    void Obey(EngineEffect effect)
    {
        switch (effect)
        {
            case EngineEffect.LookUp lookUp:
                After_ms(4, () => Send(new EngineInput.LookupArrived(lookUp.Call, Found(lookUp))));
                break;
            case EngineEffect.AnswerRoute { Answer: not RouteAnswer.Fallback } answer when _calls.TryGetValue(answer.Call, out var call):
                After_ms(2, () => Send(new EngineInput.RouteTaken(answer.Request)));
                After_ms(3, () => Do(call, answer.Answer));
                break;
            case EngineEffect.AnswerRoute answer:
                After_ms(1, () => Send(new EngineInput.RouteClosed(answer.Request)));
                if (_calls.TryGetValue(answer.Call, out var left))
                    After_ms(5, () => End(left, _declined, 9..10));
                break;
            case EngineEffect.Act { What: PbxAction.Redirect redirect } act:
                var there = _byChannel.TryGetValue(redirect.Channel, out var fetched) && !fetched.Gone;
                After_ms(2, () => Send(new EngineInput.ActionDone(act.Action, there, there ? "Redirect successful" : "Channel does not exist")));
                if (there)
                    After_ms(4, () => Ask(fetched!, RequestState.Redirected, null));
                break;
            case EngineEffect.Write { Entry: AgentChanged { State: AgentState.Paused, Agent: var agent } }:
                After_ms(5_000, () => Send(new EngineInput.Command(NewId(), agent, new AgentCommand.Ready())));
                break;
        }
    }

    void Do(SiteCall call, RouteAnswer answer)
    {
        if (call.Gone)
            return;
        switch (answer)
        {
            case RouteAnswer.Dial dial:
                Dial(call, dial.Device);
                break;
            case RouteAnswer.Hold hold:
                Send(new EngineInput.PbxSaid(new PbxEvent(Node, "UserEvent",
                    [new("Channel", call.Parts.CallerChannel), new("Uniqueid", call.Parts.CallerId), new("Linkedid", call.Parts.CallerId), new("UserEvent", "CallCrmHold")], null)));
                After_ms((int)hold.Turn.TotalMilliseconds, () =>
                {
                    if (!call.Talks)
                        Ask(call, RequestState.Held, null);
                });
                break;
            default:
                End(call, _declined, 9..10);
                break;
        }
    }

    void Dial(SiteCall call, string device)
    {
        var n = ++_channels;
        call.Parts = call.Parts with
        {
            AgentChannel = $"{device}-{n:x8}",
            AgentId = $"1795448470.{n}",
            Device = device,
            Extension = device[6..],
            Bridge = $"975360f6-980d-4b98-a0d4-{n:x12}",
        };
        var luck = _random.Next(100);
        if (luck < 5)
        {
            Say(_declined, 1..9, call);
            After_ms(30, () => Ask(call, RequestState.Next, DialResult.NoAnswer));
        }
        else if (luck < 9)
        {
            Say(_abandoned, 1..10, call);
            After_ms(_random.Next(1_000, 9_000), () => End(call, _abandoned, 10..18));
        }
        else
        {
            call.Talks = true;
            Say(_answered, 1..10, call);
            After_ms(_random.Next(1_500, 9_000), () => Talk(call));
        }
    }

    void Talk(SiteCall call)
    {
        Answered++;
        Say(_answered, 10..18, call);
        var length = _talk.TotalMilliseconds * (0.2 + 1.6 * _random.NextDouble());
        if (_random.Next(10) == 0)
        {
            After_ms((int)(length * 0.3), () => Say(_answered, 18..20, call));
            After_ms((int)(length * 0.5), () => Say(_answered, 20..22, call));
        }

        After_ms((int)length, () => End(call, _answered, 24..34));
    }

    void End(SiteCall call, CallTemplate template, Range range)
    {
        if (call.Gone)
            return;
        Say(template, range, call);
        call.Gone = true;
        _calls.Remove(call.Id);
        _byChannel.Remove(call.Parts.CallerChannel);
    }

    LookupResult Found(EngineEffect.LookUp lookUp)
    {
        var known = lookUp.Caller.Raw[^1] < '6';
        return known
            ? new LookupResult(LookupOutcome.Known, [new ClientMatch(Id(5_000_000 + lookUp.Caller.Raw[^2]), Id(1 + _random.Next(Agents)), null, [new Contact(Id(1 + _random.Next(Agents)), s_start.AddDays(-3), TimeSpan.FromMinutes(2))])], lookUp.Late)
            : new LookupResult(LookupOutcome.Created, [new ClientMatch(NewId(), null, null, [])], lookUp.Late);
    }

    void Say(CallTemplate template, Range range, SiteCall call, Guid newCall = default)
    {
        var parts = call.Parts;
        foreach (var (after, e) in template.Take(range, parts))
        {
            var input = new EngineInput.PbxSaid(e, PbxModel.MayBeginCall(e.Name) ? newCall == default ? NewId() : newCall : default);
            if (after < TimeSpan.FromMilliseconds(1))
                Send(input);
            else
                Later(after, () => Send(input));
        }
    }

    void After_ms(int ms, Action action) => Later(TimeSpan.FromMilliseconds(ms), action);

    void Later(TimeSpan after, Action action) => _due.Enqueue(action, (_now + after, ++_order));

    void Send(EngineInput input)
    {
        Inputs++;
        if (input is EngineInput.PbxSaid)
            Events++;
        var at = new Moment(_now, s_start + _now);
        Before?.Invoke(at, input);
        var step = Engine.Handle(at, input);
        _deadline = step.NextDeadline;
        After?.Invoke(at, step.Effects);
        // The list is the engine's own until the next input, and what it asks for is done later.
        foreach (var effect in step.Effects)
            Obey(effect);
    }

    Guid NewId() => Id(10_000_000 + ++_ids);

    static Guid Id(int n) => new(n, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
}
