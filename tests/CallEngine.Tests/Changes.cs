namespace CallCrm.Engine.Tests;

internal static class Without
{
    public static EngineSettings WrapUp(EngineSettings settings) => settings with { Queues = [.. settings.Queues.Select(q => q with { WrapUpTime = TimeSpan.Zero })] };
}

internal static class With
{
    public static Func<EngineSettings, EngineSettings> MaxWait(double seconds) =>
        settings => settings with { Queues = [.. settings.Queues.Select(q => q with { MaxWait = TimeSpan.FromSeconds(seconds) })] };

    public static Func<EngineSettings, EngineSettings> Patience(double seconds) =>
        settings => settings with { Queues = [.. settings.Queues.Select(q => q with { PreferredPatience = TimeSpan.FromSeconds(seconds) })] };
}
