using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Pbx;

/// <summary>
/// Keeps two routers of a domain from both acting on a PBX when the lock cannot: the network parts one of them from PostgreSQL, which
/// gives the lock to the other, and the first goes on with its spill as if the server were down. What both still share is the PBX, so
/// there each says with which number it got the domain. Whoever hears a higher one has lost the domain; a lower one is answered.
/// </summary>
sealed partial class RouterFence(string domain, JournalWriter journal, ILogger<RouterFence> log)
{
    const string Event = "CallCrmRouter";

    readonly string _router = Guid.NewGuid().ToString("N");

    public AmiAction Announcement => PbxActions.Announce(Event, ("Domain", domain), ("Database", journal.Database), ("Router", _router), ("Epoch", journal.Epoch.ToString(CultureInfo.InvariantCulture)));

    public static bool IsAnnouncement(AmiEvent e) => e.Name == "UserEvent" && string.Equals(e["UserEvent"], Event, StringComparison.OrdinalIgnoreCase);

    /// <returns>True: another one believes to have the domain and has not; it is to be told.</returns>
    public async Task<bool> HearAsync(AmiEvent said, string node)
    {
        if (said["Domain"] != domain || said["Database"] != journal.Database || said["Router"] is not { } other || other == _router
            || !long.TryParse(said["Epoch"], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch))
            return false;
        var own = journal.Epoch;
        if (epoch > own && !journal.Lost.IsCancellationRequested)
        {
            LogTaken(domain, node, epoch, own);
            await journal.GiveUpAsync($"Another router holds domain {domain} now, told by PBX {node}.");
        }
        else if (epoch < own)
        {
            LogStale(domain, node, epoch, own);
        }

        return epoch < own;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Domain '{Domain}': by PBX {Node} another router took it over (number {Epoch}, ours is {Own}), while the database does not answer us. Nothing more is let out here")]
    partial void LogTaken(string domain, string node, long epoch, long own);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Domain '{Domain}': by PBX {Node} another router still works on it (number {Epoch}, ours is {Own}); it is told to stop")]
    partial void LogStale(string domain, string node, long epoch, long own);
}
