using System.Globalization;
using CallCrm.Contracts;

namespace CallCrm.AgentWeb.Calls;

/// <summary>Where a moment stands in the picture of a call, in percent of its width. A running call reaches to the present and grows.</summary>
public readonly record struct LifeScale(DateTimeOffset From, DateTimeOffset To)
{
    static readonly int[] Steps_s = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
    const int MostTicks = 9;

    /// <param name="now">By the server's clock.</param>
    public static LifeScale Of(CallTimelineView timeline, DateTimeOffset now)
    {
        var to = timeline.To ?? now;
        // Never empty: a call of no length is drawn as one second.
        return new LifeScale(timeline.From, to > timeline.From.AddSeconds(1) ? to : timeline.From.AddSeconds(1));
    }

    double Length_s => (To - From).TotalSeconds;

    public double Percent(DateTimeOffset at) => Math.Clamp(100 * (at - From).TotalSeconds / Length_s, 0, 100);

    /// <summary>Begin and width of a bar; an open one reaches to the end.</summary>
    public (double Left, double Width) Bar(BarView bar)
    {
        var left = Percent(bar.From);
        return (left, Math.Max(0, Percent(bar.To ?? To) - left));
    }

    /// <summary>Round offsets from the beginning, at most nine.</summary>
    public IReadOnlyList<(int Offset_s, double Percent)> Ticks()
    {
        var length = Length_s;
        var step = Steps_s.FirstOrDefault(s => length / s <= MostTicks);
        if (step == 0)
            step = (int)Math.Ceiling(length / MostTicks / 3600) * 3600;
        return [.. Enumerable.Range(0, (int)(length / step) + 1).Select(n => (n * step, 100 * n * step / length))];
    }

    /// <summary>Events that would lie on each other are one mark.</summary>
    public static IReadOnlyList<(double Percent, IReadOnlyList<int> Events)> Marks(IEnumerable<(double Percent, int Event)> events, double apart)
    {
        var marks = new List<(double Percent, List<int> Events)>();
        foreach (var (percent, index) in events.OrderBy(e => e.Percent).ThenBy(e => e.Event))
        {
            if (marks.Count > 0 && percent - marks[^1].Percent < apart)
                marks[^1].Events.Add(index);
            else
                marks.Add((percent, [index]));
        }

        return [.. marks.Select(m => (m.Percent, (IReadOnlyList<int>)m.Events))];
    }

    public static string Css(double percent) => percent.ToString("0.###", CultureInfo.InvariantCulture) + "%";

    /// <summary>m:ss.t since the beginning.</summary>
    public string Offset(DateTimeOffset at)
    {
        var since = at > From ? at - From : TimeSpan.Zero;
        return string.Create(CultureInfo.InvariantCulture, $"{Texts.Span(TimeSpan.FromSeconds(Math.Floor(since.TotalSeconds)))}.{since.Milliseconds / 100}");
    }

    public static TimeSpan Length(BarView bar, DateTimeOffset now) => (bar.To ?? (now > bar.From ? now : bar.From)) - bar.From;
}
