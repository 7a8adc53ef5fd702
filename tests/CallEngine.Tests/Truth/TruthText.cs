using System.Globalization;
using System.Text;

namespace CallCrm.Engine.Tests;

/// <summary>
/// The journal of one trace as a story that can be held against the trace's README: who rang, talked, held, waited, with whom,
/// from when to when (seconds of the scenario), and what each agent's leg is booked with. A leg is named by its agent (or
/// "client", or its device) and the end of its unique id.
/// </summary>
internal sealed class TruthText
{
    private readonly TruthJournal _journal;
    private readonly StringBuilder _text = new();

    private TruthText(TruthJournal journal) => _journal = journal;

    public static string Of(TraceRun run)
    {
        var text = new TruthText(new TruthJournal(run.Entries, TraceRun.Start));
        foreach (var call in text._journal.Calls)
            text.Add(call);
        return text._text.ToString();
    }

    private void Add(TruthCall call)
    {
        var started = call.Started;
        var dialled = call.Entries.OfType<CallDialled>().LastOrDefault() ?? new CallDialled(started.Direction, started.Dialled) { Seq = 0, At = started.At };
        Line($"call {call.Number} {dialled.Direction} {Of(started.Caller)} to {Of(dialled.Dialled)}, {At(started.At)}");
        foreach (var line in call.Spans.SelectMany(Alone).Concat(Together(call)).Concat(call.Entries.SelectMany(Told)).OrderBy(l => l.From).ThenBy(l => l.Text, StringComparer.Ordinal))
            Line($"  {line.Text}");
        foreach (var leg in call.LegEnds.Where(l => l.Agent is not null && l.Talk_ms + l.Hold_ms > 0))
            Line($"  {_journal.Name(leg.Node, leg.UniqueId)} is booked talk {Ms(leg.Talk_ms)} hold {Ms(leg.Hold_ms)}");
        if (call.Ended is { } ended)
            Line($"  ended {At(ended.At)} {ended.Outcome} by {ended.By}, cause {ended.Cause}, wait {Ms(ended.Wait_ms)} talk {Ms(ended.Talk_ms)} hold {Ms(ended.Hold_ms)}");
        else
            Line("  goes on");
    }

    private IEnumerable<(DateTimeOffset From, string Text)> Alone(LegSpan span)
    {
        var other = span.Other is null ? "" : _journal.Name(span.Node, span.Other);
        var what = span.What switch
        {
            SpanKind.Ring => "rings",
            SpanKind.Wait => "waits",
            SpanKind.Park => "is parked",
            SpanKind.Hold => other.Length > 0 ? $"is held by {other}" : "holds",
            SpanKind.Listen => $"listens to {other}",
            _ => "",
        };
        if (what.Length > 0)
            yield return (span.FromAt, $"{At(span.FromAt)}–{At(span.ToAt)} {_journal.Name(span.Node, span.UniqueId)} {what}");
    }

    /// <summary>Each stretch in which the same legs talk in one bridge; told where its first leg's call is told.</summary>
    private IEnumerable<(DateTimeOffset From, string Text)> Together(TruthCall call)
    {
        foreach (var bridge in call.Spans.Where(TruthJournal.IsTalk).Select(s => s.Bridge).Distinct())
        {
            foreach (var stretch in TruthJournal.Stretches(_journal.TalkIn(bridge!)))
            {
                if (stretch.Spans.Count == 1)
                    yield return (stretch.From, $"{At(stretch.From)}–{At(stretch.To)} {Names(stretch.Spans)} talks to nobody");
                else if (call.Spans.Any(s => stretch.Spans.Contains(s)))
                    yield return (stretch.From, $"{At(stretch.From)}–{At(stretch.To)} {Names(stretch.Spans)} {(stretch.Spans[0].What == SpanKind.Conference ? "confer" : "talk")}");
            }
        }
    }

    private IEnumerable<(DateTimeOffset From, string Text)> Told(JournalEntry entry)
    {
        var text = entry switch
        {
            CallAnswered e => $"answered by {_journal.Name(e.Node, e.UniqueId)}, wait {Ms(e.Wait_ms)}",
            CallTransferred e => $"transfer {e.Transfer} by {TruthJournal.Number(e.FromAgent)} to {e.Target}",
            CallMerged e => $"call {_journal.NumberOf(e.From)} is this one",
            RecordingStarted e => $"recording of {_journal.Name(e.Node, e.UniqueId)}",
            LegEnded e when e.Cause is not (16 or 0) => $"{_journal.Name(e.Node, e.UniqueId)} ends, cause {e.Cause}{(e.TechCause is { } sip ? $" (SIP {sip})" : "")}",
            _ => "",
        };
        if (text.Length > 0)
            yield return (entry.At, $"{At(entry.At)} {text}");
    }

    private string Names(IEnumerable<LegSpan> spans) => string.Join(" + ", spans.Select(s => _journal.Name(s.Node, s.UniqueId)).Order(StringComparer.Ordinal));

    private static string Of(PhoneNumber number) => number.Display.Length > 0 ? number.Display : number.Kind.ToString();

    private static string At(DateTimeOffset at) => (at - TraceRun.Start).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Ms(int ms) => (ms / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);

    private void Line(string line) => _text.Append(line).Append('\n');
}
