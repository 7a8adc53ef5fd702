namespace CallCrm.CrmApi.Scripts;

/// <summary>The least a script must have to be worth an agent's screen.</summary>
internal sealed record ScriptShape(int Steps, int Branches, int Fields, int Objections)
{
    public static readonly ScriptShape Library = new(Steps: 6, Branches: 2, Fields: 4, Objections: 3);

    /// <summary>For tests of everything else.</summary>
    public static readonly ScriptShape Any = new(1, 0, 0, 0);
}

/// <summary>What no single line shows: ids, ways through the steps, shape.</summary>
internal static class ScriptRules
{
    public static void Check(Script script, ScriptShape shape, ProblemList problems)
    {
        Unique("step", script.Steps.Select(s => (s.Id, s.At)), problems);
        Unique("question", script.Questions.Select(q => (q.Id, q.At)), problems);
        Unique("objection", script.Objections.Select(o => (o.Id, o.At)), problems);
        foreach (var step in script.Steps.Where(s => s.Id == Script.End))
        {
            problems.Add(step.At, "a step named \"end\", expected another id: \"goto: end\" ends the script");
        }

        foreach (var step in script.Steps)
        {
            foreach (var second in step.Questions.Where(q => q.Branches).Skip(1))
            {
                problems.Add(second.At, $"a second question of step \"{step.Id}\" whose answers branch, expected at most one per step");
            }
        }

        foreach (var step in script.Steps.Where(s => s.Branches.Count > 0 && s.Questions.Any(q => q.Answers.Count > 0 && q.Answers.All(a => a.Goto is not null))))
        {
            problems.Add(step.Branches[0].At, $"every answer of step \"{step.Id}\" leads elsewhere, so \"branches\" are never taken, expected an answer without \"goto\"");
        }

        foreach (var step in script.Steps.Where(s => s.When.Count > 0 && s.Id == script.FirstStep))
        {
            problems.Add(step.When[0].At, $"step \"{step.Id}\" is the first one and is always shown, expected no \"when\": use \"branches\"");
        }

        var ways = new ScriptWays(script);
        foreach (var step in script.Steps.Where(ways.PassesInCircles))
        {
            problems.Add(step.When[0].At, $"when it is passed over, step \"{step.Id}\" leads back to itself, expected a \"goto\" that leads on");
        }

        foreach (var target in ways.Targets.Where(t => t.Step != Script.End && !ways.Has(t.Step)))
        {
            problems.Add(target.At, $"\"goto\" names step \"{target.Step}\", which is not in this script{Nearest.Hint(target.Step, [.. script.Steps.Select(s => s.Id).Where(i => i.Length > 0), Script.End])}");
        }

        if (script.Steps.Count > 0 && !ways.Has(script.FirstStep))
        {
            problems.Add(script.FirstStepAt, $"\"start\" names step \"{script.FirstStep}\", which is not in this script{Nearest.Hint(script.FirstStep, script.Steps.Select(s => s.Id))}");
            return;
        }

        foreach (var step in script.Steps.Where(s => s.Id.Length > 0 && !ways.Reached.Contains(s.Id)))
        {
            problems.Add(step.At, $"step \"{step.Id}\" is never reached, expected a way to it from \"{script.FirstStep}\"");
        }

        foreach (var ring in ways.WithoutExit())
        {
            problems.Add(ring[0].At, $"from here the script never ends: {string.Join(" → ", ring.Select(s => s.Id))} lead only to each other, expected a way to \"end\"");
        }

        CheckShape(script, ways, shape, problems);
    }

    private static void CheckShape(Script script, ScriptWays ways, ScriptShape shape, ProblemList problems)
    {
        if (script.Steps.Count == 0) return;
        Least(script.Steps.Count, shape.Steps, "steps");
        Least(script.Steps.Count(s => ways.From(s).Distinct(StringComparer.Ordinal).Skip(1).Any()), shape.Branches, "steps that branch");
        Least(script.FilledFields.Count(), shape.Fields, "fields filled");
        Least(script.Objections.Count, shape.Objections, "objections");

        void Least(int has, int least, string what)
        {
            if (has < least) problems.Add(script.StepsAt, $"the script has {has} {what}, expected at least {least}");
        }
    }

    private static void Unique(string what, IEnumerable<(string Id, Place At)> all, ProblemList problems)
    {
        var first = new Dictionary<string, Place>(StringComparer.Ordinal);
        foreach (var (id, at) in all.Where(x => x.Id.Length > 0))
        {
            if (!first.TryAdd(id, at)) problems.Add(at, $"{what} id \"{id}\" is used twice, first on line {first[id].Line}");
        }
    }
}

/// <summary>The steps as a graph.</summary>
internal sealed class ScriptWays
{
    private readonly Script _script;
    private readonly Dictionary<string, Step> _steps = new(StringComparer.Ordinal);

    public ScriptWays(Script script)
    {
        _script = script;
        foreach (var step in script.Steps) _steps.TryAdd(step.Id, step);
        // A client may object at any time, so what an objection leads to is reached too.
        Reached = Flood([script.FirstStep, .. script.Objections.Select(o => o.Goto?.Step).OfType<string>().SelectMany(Passing)], s => From(s));
    }

    public HashSet<string> Reached { get; }

    /// <summary>Every place in the file that names a step to go to.</summary>
    public IEnumerable<Target> Targets => _script.Steps
        .Where(s => s.Default.At != s.At).Select(s => s.Default)
        .Concat(_script.Steps.SelectMany(s => s.Branches).Select(b => b.Goto))
        .Concat(_script.Questions.SelectMany(q => q.Answers).Select(a => a.Goto).OfType<Target>())
        .Concat(_script.Objections.Select(o => o.Goto).OfType<Target>());

    public bool Has(string step) => _steps.ContainsKey(step);

    /// <summary>
    /// Where a step leads: each branching answer, and, unless every answer branches, each of its own branches and its default. Behind a step that may be
    /// passed over stands the one that follows then.
    /// </summary>
    public IEnumerable<string> From(Step step) => Named(step).SelectMany(Passing);

    private static IEnumerable<string> Named(Step step)
    {
        var answers = step.Questions.FirstOrDefault(q => q.Branches)?.Answers ?? [];
        foreach (var answer in answers)
        {
            if (answer.Goto is { } target) yield return target.Step;
        }

        if (answers.Count > 0 && answers.All(a => a.Goto is not null)) yield break;
        foreach (var branch in step.Branches) yield return branch.Goto.Step;
        yield return step.Default.Step;
    }

    /// <summary>The step, and those that are come to when it is passed over.</summary>
    private IEnumerable<string> Passing(string step)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var id = step; seen.Add(id); id = _steps[id].Default.Step)
        {
            yield return id;
            if (!_steps.TryGetValue(id, out var found) || found.When.Count == 0) yield break;
        }
    }

    /// <summary>A step that may be passed over, and then comes again, all others on the way being passed over too.</summary>
    public bool PassesInCircles(Step step)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = step; at is { When.Count: > 0 } && seen.Add(at.Id); at = _steps.GetValueOrDefault(at.Default.Step))
        {
            if (at.Default.Step == step.Id) return true;
        }

        return false;
    }

    /// <summary>Steps on the shortest way from each step to the end, the step itself included.</summary>
    public IReadOnlyDictionary<string, int> StepsLeft()
    {
        var left = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var distance = 1; ; distance++)
        {
            var next = _steps.Values
                .Where(s => !left.ContainsKey(s.Id))
                .Where(s => From(s).Any(t => distance == 1 ? t == Script.End : left.TryGetValue(t, out var d) && d == distance - 1))
                .Select(s => s.Id).ToArray();
            if (next.Length == 0) return left;
            foreach (var id in next) left[id] = distance;
        }
    }

    /// <summary>Groups of reached steps from which no answer leads to the end. A missing target is another fault, and counts as a way out here.</summary>
    public IEnumerable<IReadOnlyList<Step>> WithoutExit()
    {
        var out_ = new HashSet<string>(StringComparer.Ordinal);
        bool grew;
        do
        {
            grew = false;
            foreach (var step in _steps.Values.Where(s => !out_.Contains(s.Id)))
            {
                if (From(step).Any(t => t == Script.End || !Has(t) || out_.Contains(t))) grew |= out_.Add(step.Id);
            }
        }
        while (grew);

        var trapped = _script.Steps.Where(s => Reached.Contains(s.Id) && !out_.Contains(s.Id)).ToList();
        while (trapped.Count > 0)
        {
            var group = Flood([trapped[0].Id], s => From(s).Concat(trapped.Where(t => From(t).Contains(s.Id, StringComparer.Ordinal)).Select(t => t.Id)));
            yield return [.. trapped.Where(t => group.Contains(t.Id))];
            trapped.RemoveAll(t => group.Contains(t.Id));
        }
    }

    private HashSet<string> Flood(IEnumerable<string> from, Func<Step, IEnumerable<string>> next)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(from);
        while (open.TryPop(out var id))
        {
            if (!_steps.TryGetValue(id, out var step) || !seen.Add(id)) continue;
            foreach (var target in next(step)) open.Push(target);
        }

        return seen;
    }
}
