using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using CallCrm.Telephony.FastAgi;
using Microsoft.Extensions.Options;

namespace CallCrm.CallRouter.Pbx;

/// <summary>All PBXs of the domain, and which of them a FastAGI peer is. The addresses of their names are looked up at each AMI login: a PBX that moved is found again.</summary>
sealed partial class PbxLinks
{
    readonly Dictionary<string, PbxLink> _byNode = new(StringComparer.Ordinal);
    readonly ILogger<PbxLinks> _log;
    ImmutableDictionary<string, IPAddress[]> _addresses = ImmutableDictionary<string, IPAddress[]>.Empty;

    public PbxLinks(IOptions<List<PbxOptions>> options, TimeProvider time, ILoggerFactory logs)
    {
        _log = logs.CreateLogger<PbxLinks>();
        foreach (var pbx in options.Value)
        {
            var link = new PbxLink(pbx, time, logs.CreateLogger<PbxLink>());
            if (!_byNode.TryAdd(pbx.Node, link))
                throw new OptionsValidationException(PbxOptions.Section, typeof(PbxOptions), [$"Pbx: the node '{pbx.Node}' stands there twice; each PBX needs a name of its own."]);
            link.LoggedIn = () => _ = Task.Run(() => LookUp(pbx));
            LookUp(pbx);
        }
    }

    public IReadOnlyCollection<PbxLink> All => _byNode.Values;

    public PbxLink? Find(string node) => _byNode.GetValueOrDefault(node);

    /// <summary>Addresses that may ask for routes; nobody else is served.</summary>
    public IReadOnlySet<IPAddress> Peers => _addresses.Values.SelectMany(a => a).ToHashSet();

    /// <summary>The peers are others now.</summary>
    public Action? PeersChanged { get; set; }

    /// <summary>By the systemname in the unique id where several PBXs share an address, else by the address.</summary>
    public PbxLink? Find(AgiSession session)
    {
        var uniqueId = session.Request.UniqueId;
        var dash = uniqueId.LastIndexOf('-');
        if (dash > 0 && _byNode.TryGetValue(uniqueId[..dash], out var named))
            return named;
        var addresses = _addresses;
        return All.FirstOrDefault(l => addresses.TryGetValue(l.Node, out var own) && own.Contains(session.Request.Peer));
    }

    /// <summary>What cannot be found now keeps its former addresses.</summary>
    void LookUp(PbxOptions pbx)
    {
        try
        {
            var found = IPAddress.TryParse(pbx.Host, out var literal) ? [literal] : Dns.GetHostAddresses(pbx.Host);
            ImmutableInterlocked.AddOrUpdate(ref _addresses, pbx.Node, found, (_, _) => found);
            PeersChanged?.Invoke();
        }
        catch (SocketException e)
        {
            LogNotFound(pbx.Node, pbx.Host, e.SocketErrorCode);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "PBX {Node}: the address of '{Host}' cannot be found ({Reason}); its calls are served when it is")]
    partial void LogNotFound(string node, string host, SocketError reason);
}
