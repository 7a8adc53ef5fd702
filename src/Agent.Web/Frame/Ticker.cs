namespace CallCrm.AgentWeb.Frame;

/// <summary>One tick a second for everything that shows a running time.</summary>
sealed class Ticker : IDisposable
{
    readonly ITimer _timer;

    public Ticker(TimeProvider time)
    {
        Time = time;
        _timer = time.CreateTimer(_ => Ticked?.Invoke(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public TimeProvider Time { get; }

    public event Action? Ticked;

    public DateTimeOffset Now => Time.GetUtcNow();

    public void Dispose() => _timer.Dispose();
}
