using Xunit;

namespace CallCrm.TestKit.Lab;

/// <summary>A test on the real Asterisk of <c>deploy/lab</c>: skipped at a desk that cannot have it, failed in CI.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LabFactAttribute : FactAttribute
{
    public LabFactAttribute() => Skip = LabRequired.WhyNot;
}

/// <inheritdoc cref="LabFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LabTheoryAttribute : TheoryAttribute
{
    public LabTheoryAttribute() => Skip = LabRequired.WhyNot;
}

static class LabRequired
{
    /// <summary>What is missing here, null when nothing is, and in CI, where a missing part must show as a failure.</summary>
    public static string? WhyNot { get; } = Environment.GetEnvironmentVariable("CI") == "true" ? null : Find();

    static string? Find()
    {
        if (!Environment.IsPrivilegedProcess)
            return "The lab's Asterisk needs root (chroot)";
        var missing = new[] { "sipp", "baresip", "ffmpeg", "espeak-ng" }.Where(p => !InPath(p)).ToArray();
        if (missing.Length > 0)
            return $"Not installed here: {string.Join(", ", missing)}; ./callcrm test installs them";
        var cache = Environment.GetEnvironmentVariable("CALLCRM_LAB_CACHE") ?? "/var/cache/callcrm/lab";
        return File.Exists(Path.Combine(cache, "root/etc/callcrm-lab")) || InPath("debootstrap")
            ? null
            : "The lab's Asterisk was not made yet: deploy/lab/make-root";
    }

    static bool InPath(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin".Split(':').Any(f => f.Length > 0 && File.Exists(Path.Combine(f, program)));
}
