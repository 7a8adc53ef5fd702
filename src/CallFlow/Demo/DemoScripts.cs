namespace CallCrm.CallFlow.Demo;

internal sealed record DemoVisit(Guid CallId, int N, Guid AgentId, string ScriptId, string ScriptVersion, string Step, string Came, DateTimeOffset EnteredAt);

/// <summary>Ways that agents took through the library's scripts, so that their report has something to show. With a chance of its own: the rest of the demo does not change by it.</summary>
internal sealed class DemoScripts(int seed)
{
    /// <summary>The version of no file.</summary>
    const string Version = "000000000000";

    /// <summary>How often of 100, and the way; a step in brackets was gone back from.</summary>
    static readonly (int Weight, string Way)[] Support =
    [
        (34, "what facts try check close end"), (18, "what explain check close end"), (9, "what facts urgent promise check close end"), (9, "what order check close end"), (8, "what facts try promise check close end"),
        (6, "what [order] facts try check close end"), (9, "what facts try"), (7, "what"),
    ];

    static readonly (int Weight, string Way)[] Known =
    [
        (18, "reason service review keep_in_touch close end"), (4, "reason service renewal review keep_in_touch close end"), (3, "reason service renewal need qualify open_deal appointment close end"), (17, "reason service promise close end"), (12, "reason need qualify open_deal appointment close end"), (9, "reason complaint promise close end"),
        (8, "reason need qualify later close end"), (6, "reason [complaint] service review keep_in_touch close end"), (10, "reason need qualify"), (9, "reason service"), (7, "reason"),
    ];

    /// <summary>The answers that lead from one step to the next: question, answer.</summary>
    static readonly Dictionary<(string From, string To), (string Question, string Answer)> Said = new()
    {
        [("reason", "need")] = ("call_reason", "new_need"),
        [("reason", "service")] = ("call_reason", "question"),
        [("reason", "complaint")] = ("call_reason", "complaint"),
        [("service", "review")] = ("solved", "yes"),
        [("service", "renewal")] = ("solved", "yes"),
        [("service", "promise")] = ("solved", "no"),
        [("renewal", "need")] = ("renew", "will_renew"),
        [("renewal", "review")] = ("renew", "undecided"),
        [("review", "keep_in_touch")] = ("anything_planned", "no"),
        [("qualify", "open_deal")] = ("serious", "yes"),
        [("qualify", "later")] = ("serious", "no"),
        [("what", "facts")] = ("problem_kind", "fault"),
        [("what", "explain")] = ("problem_kind", "how_to"),
        [("what", "order")] = ("problem_kind", "order"),
        [("facts", "urgent")] = ("severity", "stopped"),
        [("facts", "try")] = ("severity", "slowed"),
        [("try", "check")] = ("solved", "yes"),
        [("try", "promise")] = ("solved", "no"),
        [("explain", "check")] = ("understood", "yes"),
        [("order", "check")] = ("order_clear", "yes"),
    };

    readonly DemoRandom random = new(seed);

    /// <summary>What was said changes no way.</summary>
    readonly DemoRandom said = new(seed + 10);

    public List<DemoVisit> Visits { get; } = [];

    /// <summary>The script, the way as it stood at the wrap-up, and the answers that led along it.</summary>
    public (string Script, string Version, string[] Path, Dictionary<string, string> Answers) Walk(Guid call, Guid agent, string? queue, string? language, DateTimeOffset answered, DateTimeOffset ends)
    {
        var (id, ways) = queue == "Support" ? ("support", Support) : ("known-client", Known);
        if (language is "it" or "ru") id = $"{id}-{language}";
        var steps = One(ways).Split(' ');
        // Moves at chance moments of the talk, in their order.
        var moments = Enumerable.Range(0, steps.Length * 2).Select(_ => random.Next()).Order().ToArray();
        var path = new List<string>();
        for (var n = 0; n < steps.Length; n++)
        {
            var (step, back) = (steps[n].Trim('[', ']'), steps[n][0] == '[');
            Add(step, n == 0 ? "start" : "next", n == 0 ? 0 : moments[n * 2]);
            if (back) Add(path[^1], "back", moments[(n * 2) + 1]);
            else path.Add(step);
        }

        var answers = path.Zip(path.Skip(1)).Where(Said.ContainsKey).Select(p => Said[p]).ToDictionary(a => a.Question, a => a.Answer, StringComparer.Ordinal);
        // Who is in a hurry asks only what leads on.
        if (said.Percent(88))
        {
            foreach (var step in path) DemoAnswers.Add(answers, step, said, language is "it" or "ru" ? language : "en", answered);
        }

        return (id, Version, [.. path], answers);

        void Add(string step, string came, double moment) =>
            Visits.Add(new DemoVisit(call, Visits.Count > 0 && Visits[^1].CallId == call ? Visits[^1].N + 1 : 1, agent, id, Version, step, came, answered + (moment * (ends - answered))));
    }

    string One((int Weight, string Way)[] ways)
    {
        var at = random.Next(ways.Sum(w => w.Weight));
        foreach (var (weight, way) in ways)
        {
            at -= weight;
            if (at < 0) return way;
        }

        return ways[^1].Way;
    }
}
