using CallCrm.Engine;
using CallCrm.Engine.Wire;

namespace CallCrm.CallRouter.Flight;

/// <param name="Inputs">In the excerpt.</param>
/// <param name="Of">In the time of the call.</param>
sealed record BundleResult(int Inputs, int Of, int Entries, bool Whole);

/// <summary>
/// An excerpt of the log around one call, made anonymous: the state before its first sign, and the inputs of the call and of the
/// queues and agents it met. It is run before it is handed out: what it does not tell again is not left out.
/// </summary>
static class Bundle
{
    public const string Extension = ".bundle";

    sealed record Step(Moment At, EngineInput Input, bool Needed);

    /// <exception cref="FlightException">No such call, or one that is not whole in the files.</exception>
    public static BundleResult Write(Guid call, IReadOnlyList<string> files, Stream output)
    {
        var own = FlightFolder.FilesOf(call, files);
        var (scope, first, last) = Span(call, own);
        var (image, steps, entries) = Collect(call, own, scope, first, last);
        var current = WireFile.Of(WireFile.CurrentText);
        var kept = steps.Where(s => s.Needed).ToList();
        var whole = Difference(call, EngineImage.Read(image, current), kept, entries) is not null;
        if (whole)
            kept = steps;
        if (whole && Difference(call, EngineImage.Read(image, current), kept, entries) is { } difference)
            throw new FlightException($"the call cannot be told again from its inputs: {difference}");
        var anonymiser = new Anonymiser();
        var writer = new WireWriter { Rewrite = anonymiser.Rewrite };
        EngineImage.Write(EngineImage.Read(image, current), writer);
        var head = new FlightHead(FlightFormat.Version, EngineVersion.Text, "bundle", Guid.Empty, 1, kept[0].At.Utc, null, new FlightBundle(call, whole));
        using (var file = FlightFileWriter.Begin(output, head, writer.Written, anonymiser.Rewrite))
        {
            foreach (var step in kept)
                file.Input(step.At, step.Input);
            foreach (var entry in entries)
                file.Entry(entry);
            file.End();
        }

        return new BundleResult(kept.Count, steps.Count, entries.Count, whole);
    }

    /// <summary>Runs an excerpt and compares the call's entries; their numbers are not the excerpt's, as other calls are missing in it.</summary>
    /// <returns>The first difference in words; null when the call is told as it was.</returns>
    public static string? Check(FlightFile file)
    {
        if (file.Head.Bundle is not { } bundle)
            throw new FlightException($"{Path.GetFileName(file.Path)} is no excerpt of a call");
        var engine = file.Engine();
        var steps = new List<Step>();
        var entries = new List<JournalEntry>();
        while (file.Next())
        {
            if (file.Kind == RecordKind.Input)
                steps.Add(new Step(file.At, file.Input!, true));
            else if (file.Kind == RecordKind.Entry)
                entries.Add(file.Entry!);
        }

        return file.Ending == FlightEnding.Complete ? Difference(bundle.Call, engine, steps, entries) : $"the excerpt is cut off: {file.EndedBy}";
    }

    static string? Difference(Guid call, CallEngine engine, List<Step> steps, List<JournalEntry> then)
    {
        var now = new List<JournalEntry>();
        foreach (var step in steps)
            AddOwn(call, engine.Handle(step.At, step.Input).Effects, now);
        for (var i = 0; i < Math.Max(then.Count, now.Count); i++)
        {
            var (a, b) = (i < then.Count ? Text(then[i]) : "nothing", i < now.Count ? Text(now[i]) : "nothing");
            if (a != b)
                return $"entry {i + 1} of the call was {a}\n  now it is {b}";
        }

        return null;

        static string Text(JournalEntry entry) => FlightReplay.Text(entry with { Seq = 0 });
    }

    static void AddOwn(Guid call, IReadOnlyList<EngineEffect> effects, List<JournalEntry> own)
    {
        foreach (var effect in effects)
        {
            if (effect is EngineEffect.Write { Entry: var entry } && (entry.Call == call || entry is CallMerged { From: var from } && from == call))
                own.Add(entry);
        }
    }

    /// <summary>First pass: from where to where the call lives, and what it meets.</summary>
    static (BundleScope Scope, long First, long Last) Span(Guid call, IReadOnlyList<string> files)
    {
        var (watch, scope) = (new CallWatch(call), new BundleScope(call));
        var (first, last, n) = (-1L, -1L, 0L);
        Run(files, (engine, _, input, effects) =>
        {
            if (watch.Has(engine, input, effects))
                (first, last) = (first < 0 ? n : first, n);
            scope.Learn(engine, effects);
            n++;
        });
        return first >= 0 ? (scope, first, last) : throw new FlightException($"no input of call {call} is in the files that name it");
    }

    /// <summary>Second pass: the state before the first input, the inputs, the call's entries.</summary>
    static (byte[] Image, List<Step> Steps, List<JournalEntry> Entries) Collect(Guid call, IReadOnlyList<string> files, BundleScope scope, long first, long last)
    {
        byte[]? image = null;
        var (steps, entries, n) = (new List<Step>(), new List<JournalEntry>(), 0L);
        Run(files, After, Before);
        return (image!, steps, entries);

        void Before(CallEngine engine, Moment at, EngineInput input)
        {
            if (n == first)
                image = EngineImage.Of(engine);
            if (n >= first && n <= last)
                steps.Add(new Step(at, input, scope.Needs(engine, input)));
        }

        void After(CallEngine engine, Moment at, EngineInput input, IReadOnlyList<EngineEffect> effects)
        {
            if (n >= first && n <= last)
            {
                steps[^1] = steps[^1] with { Needed = steps[^1].Needed || scope.Needs(engine, input) };
                AddOwn(call, effects, entries);
            }

            n++;
        }
    }

    static void Run(IReadOnlyList<string> files, Action<CallEngine, Moment, EngineInput, IReadOnlyList<EngineEffect>> after, Action<CallEngine, Moment, EngineInput>? before = null)
    {
        CallEngine? engine = null;
        FlightHead? head = null;
        foreach (var path in files)
        {
            using var file = FlightFile.Open(path);
            if (head is not null && (file.Head.Session != head.Session || file.Head.Number != head.Number + 1 || file.Head.Gap is not null))
                throw new FlightException($"between {Path.GetFileName(files[0])} and {Path.GetFileName(path)} inputs are missing, so the call is not whole");
            (head, engine) = (file.Head, engine ?? file.Engine());
            while (file.Next())
            {
                if (file.Kind != RecordKind.Input)
                    continue;
                before?.Invoke(engine, file.At, file.Input!);
                after(engine, file.At, file.Input!, engine.Handle(file.At, file.Input!).Effects);
            }
        }
    }
}
