using System.Globalization;

namespace CallCrm.TestKit.Lab;

/// <summary>How a phone of the lab behaves.</summary>
public enum LabPhoneKind
{
    /// <summary>Rings, answers by itself, talks.</summary>
    Answer,

    /// <summary>486 Busy Here.</summary>
    Busy,

    /// <summary>Rings half a second (or as long as said), then 603 Decline, as when a person presses "reject".</summary>
    Decline,

    /// <summary>480 Temporarily Unavailable, what phones say on do-not-disturb.</summary>
    Dnd,

    /// <summary>Rings for ever.</summary>
    Silent,

    /// <summary>Signed in, then lost its power.</summary>
    Dead,

    /// <summary>A desk phone that nobody touches: SIP NOTIFY answers and holds it, or it answers by itself when the INVITE asks for it.</summary>
    Remote,
}

/// <summary>A SIP phone, signed in; signs out when disposed.</summary>
public sealed class LabPhone : IAsyncDisposable
{
    readonly LabProgram _program;
    readonly string _log;

    LabPhone(LabProgram program, string log)
    {
        _program = program;
        _log = log;
    }

    public IReadOnlyList<LabStep> Steps => LabStep.Read(_log);

    internal static async Task<LabPhone> StartAsync(AsteriskLab lab, LabPhoneKind kind, string extensions, TimeSpan? ring, TimeSpan? talk)
    {
        // sipp does not bear long file names.
        var name = extensions.Replace(',', '-');
        var log = lab.NewLog($"phone-{(name.Length > 40 ? name[..40] : name)}");
        List<string> arguments = [lab.Name, kind.ToString().ToLowerInvariant(), extensions, "--log", log];
        if (ring is { } r)
            arguments.AddRange(["--ring", Ms(r)]);
        if (talk is { } t)
            arguments.AddRange(["--talk", Ms(t)]);
        var program = LabProgram.Start("phone", arguments);
        try
        {
            await program.ReadyAsync(TimeSpan.FromSeconds(15));
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }

        return new LabPhone(program, log);
    }

    /// <summary>The first (or, counted from 0, a later) step of this kind.</summary>
    public Task<LabStep> StepAsync(string what, TimeSpan? within = null, int index = 0) =>
        Eventually.GetAsync(() => Steps.Where(s => s.What == what).ElementAtOrDefault(index), within ?? TimeSpan.FromSeconds(10),
            $"the phone's step '{what}'; it did: {string.Join(", ", Steps.Select(s => s.What))}");

    /// <summary>As phones do by and by; a PBX that was killed has forgotten the registrations of its last second.</summary>
    public Task RegisterAgainAsync() => _program.SignalAsync("USR1");

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    internal static string Ms(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
