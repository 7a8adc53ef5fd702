using System.Collections.Immutable;

namespace CallCrm.Engine.Tests;

/// <summary>The settings of a story: two queues, four agents, extensions 101 to 106, a trunk. Change what the story needs.</summary>
internal sealed class World(Scenario scenario)
{
    private readonly List<string> _agents = ["anna", "bruno", "carla", "dario"];
    private readonly Dictionary<string, QueueSettings> _queues = [];
    private bool _built;

    public EngineOptions Options { get; set; } = new();

    public bool NeedsPage { get; set; }

    public string? DefaultQueue { get; set; }

    public bool RecordInternal { get; set; }

    public bool RecordOut { get; set; } = true;

    public bool UnknownPrivate { get; set; }

    public List<DialledNumberSettings> Dialled { get; } = [];

    public ImmutableArray<DeviceSettings> Devices(string number) =>
        number == "106" ? [new("PJSIP/106", true, true), new("PJSIP/106m", false, false)] : [new($"PJSIP/{number}", number != "104", number != "104")];

    public World Queue(string name, Func<QueueSettings, QueueSettings> change)
    {
        Prepare();
        _queues[name] = change(_queues.GetValueOrDefault(name) ?? New(name, []));
        return this;
    }

    public QueueAgent Member(string agent, int level = 1) => new(scenario.Id(agent), level);

    public EngineSettings Build()
    {
        Prepare();
        return new EngineSettings(1, "main", [.. _queues.Values],
            [.. _agents.Select(a => new AgentSettings(scenario.Id(a), a, NeedsPage))],
            [.. Enumerable.Range(101, 6).Select(n => new ExtensionSettings(Scenario.Node, $"{n}", Devices($"{n}")))],
            [
                new DialledNumberSettings("800100", "Sales", scenario.Id("sales"), "web", "it"),
                new DialledNumberSettings("+39 800 200", "Support", scenario.Id("support"), "print", "it"),
                .. Dialled,
            ],
            [new PbxSettings(Scenario.Node, ["PJSIP/trunk"], DefaultQueue is null ? null : scenario.Id(DefaultQueue))], Options)
        {
            RecordInternal = RecordInternal,
            RecordOut = RecordOut,
            UnknownPrivate = UnknownPrivate,
            WrapUpOut = TimeSpan.FromSeconds(12),
        };
    }

    private void Prepare()
    {
        if (_built)
            return;
        _built = true;
        foreach (var agent in _agents)
            scenario.Id(agent);
        _queues.Add("sales", New("sales", ["anna", "bruno", "carla"]));
        _queues.Add("support", New("support", ["dario"]));
    }

    private QueueSettings New(string name, string[] agents) => new(scenario.Id(name), name, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30), TimeSpan.Zero,
        TimeSpan.FromMinutes(5), new Overflow(AfterWait.Goto, "voicemail,s,1"), new Overflow(AfterWait.Play, "closed"), new Overflow(AfterWait.Reject, ""), null,
        TimeSpan.FromDays(90), TimeSpan.FromSeconds(20), Record: true, [.. agents.Select(a => Member(a))]);
}
