using System.Globalization;

namespace CallCrm.TestKit.Lab;

/// <summary>Callers from the trunk at a steady rate, each with a number of their own; hang up when disposed.</summary>
public sealed class LabTraffic : IAsyncDisposable
{
    readonly LabProgram _program;
    readonly string _log;
    readonly string _file;

    LabTraffic(LabProgram program, string log, string file, IReadOnlyList<string> numbers) => (_program, _log, _file, Numbers) = (program, log, file, numbers);

    /// <summary>Who calls, in E.164.</summary>
    public IReadOnlyList<string> Numbers { get; }

    public IReadOnlyList<LabStep> Steps => LabStep.Read(_log);

    /// <param name="rate">Calls per minute.</param>
    /// <param name="patience">Gives up when this goes by without an answer.</param>
    /// <param name="talk">Hangs up so long after the answer, be it an agent's or the hold music's.</param>
    public static LabTraffic Start(AsteriskLab lab, string to, int firstNumber, int count, int rate, TimeSpan patience, TimeSpan talk)
    {
        var log = lab.NewLog("traffic");
        var file = log + ".csv";
        var numbers = Enumerable.Range(firstNumber, count).Select(n => string.Create(CultureInfo.InvariantCulture, $"+39347{n:D7}")).ToArray();
        File.WriteAllLines(file, numbers.Select(n => $"{n};;{to}"));
        var program = LabProgram.Start("call",
        [
            lab.Name, "--file", file, "--in-order", "--rate", Text(rate), "--count", Text(count), "--limit", "400", "--log", log, "--patience", LabPhone.Ms(patience), "--talk", LabPhone.Ms(talk),
        ]);
        return new LabTraffic(program, log, file, numbers);
    }

    /// <summary>When all have ended.</summary>
    public Task<int> EndAsync(TimeSpan within) => _program.WaitAsync(within);

    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        File.Delete(_file);
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
