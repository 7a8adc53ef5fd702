using System.Net;
using System.Net.Sockets;
using CallCrm.Telephony.FastAgi;
using Microsoft.Extensions.Options;

namespace CallCrm.CallRouter.Pbx;

/// <summary>All PBXs of the domain, and which of them a FastAGI peer is.</summary>
sealed class PbxLinks
{
    readonly Dictionary<string, PbxLink> _byNode = new(StringComparer.Ordinal);
    readonly List<(IPAddress Address, PbxLink Link)> _byAddress = [];

    public PbxLinks(IOptions<List<PbxOptions>> options, TimeProvider time, ILoggerFactory logs)
    {
        foreach (var pbx in options.Value)
        {
            var link = new PbxLink(pbx, time, logs.CreateLogger<PbxLink>());
            if (!_byNode.TryAdd(pbx.Node, link))
                throw new OptionsValidationException(PbxOptions.Section, typeof(PbxOptions), [$"Pbx: the node '{pbx.Node}' stands there twice; each PBX needs a name of its own."]);
            foreach (var address in Resolve(pbx))
                _byAddress.Add((address, link));
        }
    }

    public IReadOnlyCollection<PbxLink> All => _byNode.Values;

    public PbxLink? Find(string node) => _byNode.GetValueOrDefault(node);

    /// <summary>Addresses that may ask for routes; nobody else is served.</summary>
    public IReadOnlySet<IPAddress> Peers => _byAddress.Select(a => a.Address).ToHashSet();

    /// <summary>By the systemname in the unique id where several PBXs share an address, else by the address.</summary>
    public PbxLink? Find(AgiSession session)
    {
        var uniqueId = session.Request.UniqueId;
        var dash = uniqueId.LastIndexOf('-');
        if (dash > 0 && _byNode.TryGetValue(uniqueId[..dash], out var named))
            return named;
        var peer = session.Request.Peer;
        foreach (var (address, link) in _byAddress)
        {
            if (address.Equals(peer))
                return link;
        }

        return null;
    }

    static IPAddress[] Resolve(PbxOptions pbx)
    {
        if (IPAddress.TryParse(pbx.Host, out var literal))
            return [literal];
        try
        {
            return Dns.GetHostAddresses(pbx.Host);
        }
        catch (SocketException e)
        {
            throw new OptionsValidationException(PbxOptions.Section, typeof(PbxOptions), [$"Pbx {pbx.Node}: the host '{pbx.Host}' cannot be found ({e.SocketErrorCode}); expected a name or an IP address."]);
        }
    }
}
