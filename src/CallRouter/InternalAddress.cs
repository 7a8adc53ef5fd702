using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace CallCrm.CallRouter;

/// <summary>Where this process can be reached by CrmApi when no address is configured.</summary>
interface IInternalAddress
{
    Task<string> FindAsync(CancellationToken cancel);
}

/// <summary>The web server's own first plain address: right for the all-in-one host, where both are one process.</summary>
sealed class ServerAddress(IServer server, IHostApplicationLifetime lifetime) : IInternalAddress
{
    public async Task<string> FindAsync(CancellationToken cancel)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(cancel);
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var plain = addresses.FirstOrDefault(a => a.StartsWith("http://", StringComparison.Ordinal)) ?? addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("Router:InternalUrl is not set and the host listens on no address.");
        return plain.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal).Replace("[::]", "127.0.0.1", StringComparison.Ordinal).TrimEnd('/') + "/";
    }
}
