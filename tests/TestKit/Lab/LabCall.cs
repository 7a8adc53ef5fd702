namespace CallCrm.TestKit.Lab;

/// <summary>What a caller from the trunk does.</summary>
public sealed record LabCallPlan(string To)
{
    /// <summary>As it stands in the From header.</summary>
    public string From { get; init; } = "+390212345678";

    /// <summary>Display name, any characters but the semicolon; empty for none.</summary>
    public string DisplayName { get; init; } = "";

    /// <summary>Anonymous From, the number in P-Asserted-Identity.</summary>
    public bool Withheld { get; init; }

    /// <summary>Gives up when this goes by without an answer; each new ringing starts it afresh.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Hangs up so long after the answer.</summary>
    public TimeSpan Talk { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Groups of keys parted by commas, pressed from 1.5 s after the answer on, one group each 1.5 s. Such a caller says nothing.</summary>
    public string Keys { get; init; } = "";
}

/// <summary>A running call from the trunk; hangs up when disposed.</summary>
public sealed class LabCall : IAsyncDisposable
{
    readonly LabProgram _program;
    readonly string _log;

    LabCall(LabProgram program, string log)
    {
        _program = program;
        _log = log;
    }

    public IReadOnlyList<LabStep> Steps => LabStep.Read(_log);

    internal static LabCall Start(AsteriskLab lab, LabCallPlan plan)
    {
        var log = lab.NewLog("call");
        List<string> arguments =
        [
            lab.Name, "--to", plan.To, "--from", plan.From, "--log", log,
            "--patience", LabPhone.Ms(plan.Patience), "--talk", LabPhone.Ms(plan.Talk),
        ];
        if (plan.DisplayName.Length > 0)
            arguments.AddRange(["--name", plan.DisplayName]);
        if (plan.Keys.Length > 0)
            arguments.AddRange(["--keys", plan.Keys]);
        if (plan.Withheld)
            arguments.Add("--withheld");
        return new LabCall(LabProgram.Start("call", arguments), log);
    }

    /// <summary>The first (or, counted from 0, a later) step of this kind.</summary>
    public Task<LabStep> StepAsync(string what, TimeSpan? within = null, int index = 0) =>
        Eventually.GetAsync(() => Steps.Where(s => s.What == what).ElementAtOrDefault(index), within ?? TimeSpan.FromSeconds(10),
            $"the caller's step '{what}'; it did: {string.Join(", ", Steps.Select(s => s.What))} {_program.Output}");

    /// <summary>Waits for the end of the call: 0 went its way, 1 refused or broken.</summary>
    public Task<int> EndAsync(TimeSpan? within = null) => _program.WaitAsync(within ?? TimeSpan.FromSeconds(60));

    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
