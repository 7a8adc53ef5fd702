using System.Collections.Immutable;
using System.Globalization;

namespace CallCrm.Engine.Tests;

/// <summary>
/// A small world to tell stories in: people and calls have names, time moves only when told, and all that the engine answers is text.
/// After every step the invariants are checked.
/// </summary>
internal sealed class Scenario
{
    public const string Node = "pbx";
    public const string Caller = "+393331112222";
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private readonly CallEngine _engine = new("main");
    private readonly Dictionary<Guid, string> _names = [];
    private readonly Dictionary<string, Guid> _ids = [];
    private readonly Dictionary<string, Guid> _requests = [];
    private readonly Dictionary<string, string> _agentOfExtension = [];
    private readonly List<string> _said = [];
    private int _bridges;
    private int _commands;
    private int _requestCount;
    private TimeSpan _now;

    /// <param name="restored">What the last router left; null: the first start.</param>
    public Scenario(Action<World>? change = null, Func<Scenario, RestoredState>? restored = null)
    {
        var world = new World(this);
        change?.Invoke(world);
        Settings = world.Build();
        if (restored is not null)
            Send(new EngineInput.Restored(restored(this)));
        Send(new EngineInput.SettingsChanged(Settings));
    }

    public EngineSettings Settings { get; private set; }

    public CallEngine Engine => _engine;

    /// <summary>Every effect since the start, in order.</summary>
    public List<EngineEffect> All { get; } = [];

    public TimeSpan Now => _now;

    /// <summary>The number of the last command.</summary>
    public int Commands => _commands;

    public TimeSpan? NextDeadline { get; private set; }

    public List<LegSpan> Spans { get; } = [];

    public DateTimeOffset Utc => Start + _now;

    /// <summary>An id with a name: the same every time, so that runs can be compared.</summary>
    public Guid Id(string name)
    {
        if (_ids.TryGetValue(name, out var id))
            return id;
        id = new Guid(_ids.Count + 1, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);
        _ids.Add(name, id);
        _names.Add(id, name);
        return id;
    }

    /// <summary>PBX in sight, these agents ready at 101, 102 and so on.</summary>
    public static Scenario With(params string[] agents) => new Scenario().PbxUp().Ready(agents);

    public Scenario Ready(params string[] agents)
    {
        var extension = 101;
        foreach (var agent in agents)
            ReadyAt(agent, $"{extension++}");
        return Forget();
    }

    // Time.

    public Scenario At(double seconds)
    {
        var to = TimeSpan.FromSeconds(seconds);
        while (NextDeadline is { } due && due < to)
        {
            _now = due > _now ? due : _now;
            Send(EngineInput.Tick.Instance);
        }

        _now = to;
        Send(EngineInput.Tick.Instance);
        return this;
    }

    public Scenario After(double seconds) => At((_now + TimeSpan.FromSeconds(seconds)).TotalSeconds);

    /// <summary>Moves the clock without a tick: the next input finds what is overdue.</summary>
    public Scenario JumpTo(double seconds)
    {
        _now = TimeSpan.FromSeconds(seconds);
        return this;
    }

    // The PBX.

    public Scenario PbxUp()
    {
        Fact(new PbxFact.Connected(Node, null, "22.10.1"));
        return SnapshotOf();
    }

    /// <param name="silence_s">Nothing had been heard for so long when that was noticed.</param>
    public Scenario PbxLost(double silence_s = 0) => Fact(new PbxFact.Lost(Node, null, "closed", TimeSpan.FromSeconds(silence_s)));

    public Scenario SnapshotOf(params SnapshotLeg[] legs) => SnapshotOf([], legs);

    public Scenario SnapshotOf(KeyValuePair<string, DeviceState>[] devices, params SnapshotLeg[] legs) =>
        Fact(new PbxFact.Snapshot(Node, null, [.. legs], [.. devices]), $"snap{_now.TotalSeconds}");

    public static SnapshotLeg Seen(string leg, string linked, string device, string? bridge = null, string? callId = null, double age = 10, string app = "") =>
        new(Leg(leg), linked, $"{device}-{leg}", device, Caller, "", "800100", "callcrm-route", app, Up: true, Ringing: false, bridge, TimeSpan.FromSeconds(age), callId);

    public Scenario Device(string extension, DeviceState state) => Fact(new PbxFact.DeviceChanged(Node, null, $"PJSIP/{extension}", state));

    /// <summary>AMI announces a channel.</summary>
    public Scenario Channel(string leg, string device, string? linked = null, string number = Caller, string dialled = "800100", bool restricted = false, string? call = null) =>
        Fact(new PbxFact.LegCreated(Node, null, Leg(leg), linked ?? leg, ChannelOf(leg, device), device, number, "", dialled, "from-trunk", restricted), call ?? $"observed-{leg}");

    public Scenario Dial(string caller, string dialled, string device)
    {
        if (!_engine.State.Legs.ContainsKey(Leg(dialled)))
            Channel(dialled, device, caller, number: "", dialled: "");
        return Fact(new PbxFact.DialBegan(Node, null, Leg(caller), Leg(dialled), device));
    }

    public Scenario Rings(string leg) => Fact(new PbxFact.LegRang(Node, null, Leg(leg)));

    public Scenario DialEnds(string? caller, string? dialled, DialResult result, int? tech = null) =>
        Fact(new PbxFact.DialEnded(Node, null, caller is null ? null : Leg(caller), dialled is null ? null : Leg(dialled), result, tech));

    public Scenario Joins(string bridge, params string[] legs)
    {
        foreach (var leg in legs)
            Fact(new PbxFact.LegJoined(Node, null, Leg(leg), bridge));
        return this;
    }

    public Scenario Meets(string conference, params string[] legs)
    {
        foreach (var leg in legs)
            Fact(new PbxFact.LegJoined(Node, null, Leg(leg), conference, Conference: true));
        return this;
    }

    public Scenario Leaves(string bridge, params string[] legs)
    {
        foreach (var leg in legs)
            Fact(new PbxFact.LegLeft(Node, null, Leg(leg), bridge));
        return this;
    }

    public Scenario Answers(string caller, string dialled) =>
        DialEnds(caller, dialled, DialResult.Answered).Joins($"b{++_bridges}", dialled, caller);

    public Scenario Ends(string leg, int cause = 16, int? tech = null, bool hungUp = false) => Fact(new PbxFact.LegEnded(Node, null, Leg(leg), cause, tech, hungUp));

    public Scenario Waits(string leg) => Fact(new PbxFact.WaitBegan(Node, null, Leg(leg), WaitKind.Music));

    public Scenario WaitsNoMore(string leg) => Fact(new PbxFact.WaitEnded(Node, null, Leg(leg)));

    public Scenario Mark(string leg) => Fact(new PbxFact.HoldMarked(Node, null, Leg(leg)));

    public Scenario FallsBack(string leg) => Fact(new PbxFact.FellBack(Node, null, Leg(leg)));

    public Scenario Fact(PbxFact fact, string newCall = "") => Send(new EngineInput.Fact(fact, newCall.Length == 0 ? default : Id(newCall)));

    public Scenario Done(long action, bool ok = true, string message = "") => Send(new EngineInput.ActionDone(action, ok, message));

    // Requests. A call has the name of its first leg with "call" before the number: leg 1 belongs to call1.

    public Scenario Asks(string leg, RequestState how = RequestState.New, string number = Caller, string dialled = "800100", DialResult? last = null, PhoneNumber? caller = null, bool tells = false)
    {
        var request = Id($"r{++_requestCount}");
        _requests[leg] = request;
        return Send(new EngineInput.RouteAsked(request, Id($"call{leg}"), Leg(leg), ChannelOf(leg, "PJSIP/trunk"), how,
            caller ?? new PhoneNumber(number, NumberKind.E164, number), "Ada", new PhoneNumber(dialled, NumberKind.Unparsed), last, tells));
    }

    public Scenario Takes(string leg) => Send(new EngineInput.RouteTaken(_requests[leg]));

    public Scenario Closes(string leg) => Send(new EngineInput.RouteClosed(_requests[leg]));

    public Scenario Known(string call, string client = "client", string? responsible = null, (string Agent, double DaysAgo, double Talk)[]? contacts = null) =>
        Arrives(call, new LookupResult(LookupOutcome.Known, [new ClientMatch(Id(client), responsible is null ? null : Id(responsible), null,
            [.. (contacts ?? []).Select(c => new Contact(Id(c.Agent), Utc.AddDays(-c.DaysAgo), TimeSpan.FromSeconds(c.Talk)))])]));

    public Scenario Arrives(string call, LookupResult result) => Send(new EngineInput.LookupArrived(Id(call), result));

    /// <summary>A whole beginning: asks, is known, is answered by us with whatever the engine decides, and takes it.</summary>
    public Scenario Inbound(string leg, string dialled = "800100") => Asks(leg, dialled: dialled).Known($"call{leg}").Takes(leg);

    /// <summary>From the taken Dial to the talk.</summary>
    public Scenario TalksTo(string caller, string dialled, string device) => Dial(caller, dialled, device).Rings(dialled).Answers(caller, dialled);

    // Agents.

    public Scenario Does(string agent, AgentCommand what) => Send(new EngineInput.Command(Id($"cmd{++_commands}"), Id(agent), what));

    public Scenario Supervised(string agent, AgentCommand what) => Send(new EngineInput.Command(Id($"cmd{++_commands}"), Id(agent), what, Id("sara")));

    public Scenario SignsIn(string agent, string extension)
    {
        _agentOfExtension[extension] = agent;
        return Does(agent, new AgentCommand.SignIn(Node, extension));
    }

    public Scenario ReadyAt(string agent, string extension) => SignsIn(agent, extension).Does(agent, new AgentCommand.Ready());

    public Scenario Pages(string reporter, params string[] agents) => Send(new EngineInput.PagesReported(reporter, [.. agents.Select(Id)]));

    public Scenario Change(Func<EngineSettings, EngineSettings> change)
    {
        Settings = change(Settings) with { Version = Settings.Version + 1 };
        return Send(new EngineInput.SettingsChanged(Settings));
    }

    public Scenario Send(EngineInput input)
    {
        var step = _engine.Handle(new Moment(_now, Utc), input);
        NextDeadline = step.NextDeadline;
        All.AddRange(step.Effects);
        Spans.AddRange(step.Effects.OfType<EngineEffect.Write>().Select(w => w.Entry).OfType<LegSpan>());
        // What each leg did for how long has tests of its own.
        _said.AddRange(step.Effects.Where(e => e is not EngineEffect.Write { Entry: LegSpan }).Select(e => EffectText.Of(e, Name)));
        _engine.CheckInvariants().Should().BeEmpty($"after {input} at {_now}");
        return this;
    }

    // What came of it.

    public Scenario Forget()
    {
        _said.Clear();
        return this;
    }

    /// <summary>Exactly these lines since the last time.</summary>
    public Scenario Expect(string expected)
    {
        var lines = _said.ToArray();
        _said.Clear();
        string.Join('\n', lines).Should().Be(expected.Replace("\r", "", StringComparison.Ordinal).Trim());
        return this;
    }

    public Scenario ExpectNothing() => Expect("");

    /// <summary>These lines are among them, in this order; the rest does not matter here.</summary>
    public Scenario ExpectAmong(string expected)
    {
        var lines = _said.ToArray();
        _said.Clear();
        var at = 0;
        foreach (var line in expected.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var found = Array.IndexOf(lines, line, at);
            found.Should().BeGreaterThanOrEqualTo(0, "\"{0}\" was expected in\n{1}", line, string.Join('\n', lines));
            at = found + 1;
        }

        return this;
    }

    public Scenario ExpectNone(string part)
    {
        _said.Should().NotContain(line => line.Contains(part, StringComparison.Ordinal));
        return this;
    }

    public AgentView AgentOf(string name) => _engine.Snapshot().Agents.Single(a => a.Agent == Id(name));

    public string Name(Guid id)
    {
        if (_names.TryGetValue(id, out var name))
            return name;
        foreach (var (known, knownName) in _names)
        {
            if (DerivedId.From(known, DerivedId.DialledCall, 1) == id)
                return $"{knownName}'s";
            for (var i = 1; i < 60; i++)
            {
                if (DerivedId.From(known, DerivedId.Offer, i) == id)
                    return $"{knownName}/{i.ToString(CultureInfo.InvariantCulture)}";
                if (DerivedId.From(known, DerivedId.AdoptedCall, i) == id)
                    return $"{knownName}+{i.ToString(CultureInfo.InvariantCulture)}";
            }
        }

        return id.ToString("N");
    }

    public static LegId Leg(string leg) => new(Node, leg);

    private static string ChannelOf(string leg, string device) => device.StartsWith("Local/", StringComparison.Ordinal) ? device : $"{device}-{leg}";
}
