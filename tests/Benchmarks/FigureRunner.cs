using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CallCrm.Benchmarks;

/// <summary>Runs figures one after the other and prints one JSON line each; a figure not reached is printed as it is.</summary>
static class FigureRunner
{
    static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<int> RunAsync(string[] names)
    {
        var all = typeof(FigureRunner).Assembly.GetTypes()
            .Where(t => t is { IsClass: true, IsAbstract: false } && t.IsAssignableTo(typeof(IFigure)))
            .Select(t => (IFigure)Activator.CreateInstance(t, nonPublic: true)!)
            .OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
        var unknown = names.Where(n => !all.Any(f => Matches(f, n))).ToArray();
        if (unknown.Length > 0)
        {
            await Console.Error.WriteLineAsync($"No figure {string.Join(", ", unknown)}. Known: {string.Join(", ", all.Select(f => f.Name))}");
            return 2;
        }

        var failed = 0;
        foreach (var figure in all.Where(f => names.Length == 0 || names.Any(n => Matches(f, n))))
        {
            try
            {
                await Console.Error.WriteLineAsync($"{figure.Name} …");
                Console.WriteLine(Line(figure, LoadAverage(), await figure.RunAsync()));
            }
            catch (Exception e)
            {
                // One figure that cannot run here (no lab, no database) does not stop the others.
                failed++;
                await Console.Error.WriteLineAsync($"{figure.Name}: {e}");
                Console.WriteLine(JsonSerializer.Serialize(
                    new { name = figure.Name, value = (double?)null, unit = figure.Unit, better = figure.Better, goal = figure.Goal, error = e.Message }, s_json));
            }
        }

        return failed == 0 ? 0 : 1;
    }

    static bool Matches(IFigure figure, string name) =>
        figure.Name == name || figure.Name.StartsWith(name.TrimEnd('.') + ".", StringComparison.Ordinal);

    static string Line(IFigure figure, string loadBefore, double[] runs)
    {
        var sorted = runs.Order().ToArray();
        var median = sorted.Length % 2 == 1
            ? sorted[sorted.Length / 2]
            : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
        var machine = new
        {
            cores = Environment.ProcessorCount,
            memory = string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0:F0} GB"),
            runs = runs.Length,
            spread = string.Create(CultureInfo.InvariantCulture, $"{sorted[0]:G6} to {sorted[^1]:G6}"),
            // What else ran on these cores: the average over one, five and fifteen minutes as the figure began.
            load = loadBefore,
        };
        return JsonSerializer.Serialize(
            new { name = figure.Name, value = Math.Round(median, 4), unit = figure.Unit, better = figure.Better, goal = figure.Goal, machine }, s_json);
    }

    static string LoadAverage() =>
        File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
}
