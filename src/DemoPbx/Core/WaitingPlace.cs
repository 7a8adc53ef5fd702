using CallCrm.DemoPbx.Recording;

namespace CallCrm.DemoPbx.Core;

/// <summary>
/// BridgeWait: a place of one's own. Whoever is taken out of it into a talk (AMI Bridge), or joins one, is back when that talk is over, and goes on
/// behind the application.
/// </summary>
internal sealed class WaitingPlace(Exchange exchange, PbxChannel channel)
{
    /// <param name="music">Heard by who is recorded.</param>
    public async Task WaitAsync(TimeSpan limit, bool music)
    {
        var place = exchange.CreateBridge(waits: true);
        exchange.Join(place, channel);
        channel.Recording?.Mark(exchange.Time.GetUtcNow(), music ? CallSound.Music : CallSound.Silence);
        await StayAsync(limit, place);
    }

    /// <summary>BridgeAdd: into the talk of another, until it is over.</summary>
    public async Task JoinAsync(PbxBridge talk)
    {
        exchange.Join(talk, channel);
        channel.Recording?.Mark(exchange.Time.GetUtcNow(), CallSound.Talk);
        await StayAsync(Timeout.InfiniteTimeSpan, null);
    }

    /// <summary>As long as it is in any bridge; in its own place no longer than that.</summary>
    public async Task StayAsync(TimeSpan limit, PbxBridge? place)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(channel.Interrupted, exchange.PowerCut.Token);
        var interrupted = Task.Delay(Timeout.InfiniteTimeSpan, exchange.Time, stop.Token);
        var over = Task.Delay(limit, exchange.Time, stop.Token);
        while (channel.Bridge is { } bridge && channel.Pending == Interruption.None && !channel.Gone.Task.IsCompleted)
        {
            if (bridge == place && over.IsCompleted)
            {
                break;
            }

            await Task.WhenAny(bridge == place ? [channel.Moved, channel.Gone.Task, interrupted, over] : [channel.Moved, channel.Gone.Task, interrupted]);
            exchange.PowerCut.Token.ThrowIfCancellationRequested();
        }

        await stop.CancelAsync();
        exchange.Part(channel);
        channel.Recording?.Mark(exchange.Time.GetUtcNow(), CallSound.Silence);
    }
}
