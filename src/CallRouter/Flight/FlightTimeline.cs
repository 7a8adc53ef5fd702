using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>One moment in a call's life.</summary>
/// <param name="Who">Who said or did it: PBX, look-up, an agent, time; "router" for what we decided and told.</param>
sealed record TimelineLine(DateTimeOffset At, string Who, string What);

/// <summary>A call's life out of a replay: what was said about it, what was decided and why, what was told to whom.</summary>
static class FlightTimeline
{
    /// <exception cref="FlightException">No such call, or files that cannot be read.</exception>
    public static IReadOnlyList<TimelineLine> Of(Guid call, IReadOnlyList<string> files)
    {
        var lines = new List<TimelineLine>();
        var watch = new CallWatch(call);
        FlightText? text = null;
        foreach (var path in FlightFolder.FilesOf(call, files))
        {
            using var file = FlightFile.Open(path);
            if (file.Head.Gap is { } gap && lines.Count > 0)
                lines.Add(new TimelineLine(gap.Since, "recorder", $"{gap.Inputs} inputs from here on are not recorded, up to {file.Head.StartedAt:HH:mm:ss.fff}"));
            new FlightReplay(file).Run(watch: Add);
        }

        return lines;

        void Add(CallEngine engine, Moment at, EngineInput input, IReadOnlyList<EngineEffect> effects)
        {
            if (!watch.Has(engine, input, effects))
                return;
            if (text?.Settings != engine.State.Settings.Settings)
                text = new FlightText(engine.State.Settings.Settings);
            var (who, what) = text.Of(input);
            lines.Add(new TimelineLine(at.Utc, who, what));
            foreach (var effect in effects)
            {
                if (watch.Has(engine, effect) || effect is EngineEffect.AnswerCommand or EngineEffect.Report)
                    lines.Add(new TimelineLine(effect is EngineEffect.Write w ? w.Entry.At : at.Utc, "", text.Of(effect)));
            }
        }
    }

    public static void Print(IReadOnlyList<TimelineLine> lines, TextWriter output)
    {
        var start = lines[0].At;
        var day = default(DateOnly);
        foreach (var (at, who, what) in lines)
        {
            if (DateOnly.FromDateTime(at.UtcDateTime) is var today && today != day)
                output.WriteLine($"{day = today:yyyy-MM-dd} UTC");
            var since = (at - start).TotalSeconds.ToString("+0.000;-0.000", CultureInfo.InvariantCulture);
            output.WriteLine(who.Length > 0 ? $"{at:HH:mm:ss.fff} {since,9}  {who,-9} {what}" : $"{at:HH:mm:ss.fff} {since,9}    → {what}");
        }
    }
}
