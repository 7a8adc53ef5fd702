using System.Globalization;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using CallCrm.Telephony.Ami;

namespace CallCrm.CallRouter.Pbx;

/// <summary>
/// Phones and queues as the PBX has them. PJSIPShowEndpoints and, for chan_sip, SIPpeers tell most; the first needs the write class system, so
/// that without it the devices whose states we may see must do, with the hints that name their extensions.
/// </summary>
static partial class PbxInventory
{
    public static async Task<RoadPbx> ReadAsync(AmiClient ami, PbxOptions pbx, CancellationToken cancel)
    {
        var commands = await ami.SendAsync(new AmiAction("ListCommands"), cancel);
        var hints = await ami.SendListAsync(new AmiAction("ExtensionStateList"), cancel);
        var queues = await ami.SendListAsync(new AmiAction("QueueStatus"), cancel);
        if (commands.Outcome is AmiOutcome.NotConnected or AmiOutcome.Lost)
            return Trouble("pbx_away");
        var numbers = Numbers(hints.Items);
        var (source, phones) = await PhonesAsync(ami, pbx, numbers, cancel);
        return new RoadPbx(null, source, !commands.IsSuccess || commands["PJSIPNotify"] is not null, phones, Queues(queues.Items, numbers));
    }

    public static RoadPbx Trouble(string why) => new(why, "", false, [], []);

    static async Task<(string Source, IReadOnlyList<RoadPhone> Phones)> PhonesAsync(AmiClient ami, PbxOptions pbx, Dictionary<string, string> numbers, CancellationToken cancel)
    {
        foreach (var source in (string[])["PJSIPShowEndpoints", "SIPpeers", "DeviceStateList"])
        {
            var list = await ami.SendListAsync(new AmiAction(source), cancel);
            RoadPhone[] phones = [.. list.Items.Select(i => Phone(i, pbx, numbers)).OfType<RoadPhone>().OrderBy(p => p.Number.Length).ThenBy(p => p.Number, StringComparer.Ordinal).ThenBy(p => p.Device, StringComparer.Ordinal)];
            if (list.IsSuccess && phones.Length > 0)
                return (source, phones);
        }

        return ("", []);
    }

    /// <returns>Null for what is no device that can be dialled (a parking lot, a conference, a hint's own state).</returns>
    static RoadPhone? Phone(AmiEvent item, PbxOptions pbx, Dictionary<string, string> numbers)
    {
        var (device, state, line) = item.Name switch
        {
            // Who signs in at others is a line to the outside.
            "EndpointList" => ("PJSIP/" + item["ObjectName"], item["DeviceState"], item["OutboundAuths"] is { Length: > 0 }),
            "PeerEntry" => ("SIP/" + item["ObjectName"], item["Status"], item["Dynamic"] == "no"),
            "DeviceStateChange" => (item["Device"] ?? "", item["State"], false),
            _ => ("", null, false),
        };
        if (!SettingsRules.IsDevice(device) || !Phones().IsMatch(device))
            return null;
        var name = device[(device.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var number = numbers.GetValueOrDefault(device) ?? (Extension().IsMatch(name) ? name : "");
        return new RoadPhone(device, number, state ?? "", line || pbx.TrunkEndpoints.Contains(device, StringComparer.Ordinal) || pbx.TrunkEndpoints.Contains(name, StringComparer.Ordinal));
    }

    /// <summary>Which extension rings a device: the first device of its hint. Hints of feature codes are none.</summary>
    static Dictionary<string, string> Numbers(IReadOnlyList<AmiEvent> hints)
    {
        var numbers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var hint in hints)
        {
            if (hint["Exten"] is not { } number || !Extension().IsMatch(number))
                continue;
            foreach (var device in (hint["Hint"] ?? "").Split('&', ','))
            {
                if (SettingsRules.IsDevice(device) && Phones().IsMatch(device))
                    numbers.TryAdd(device, number);
            }
        }

        return numbers;
    }

    static RoadQueue[] Queues(IReadOnlyList<AmiEvent> items, Dictionary<string, string> numbers)
    {
        var members = items.Where(i => i.Name == "QueueMember").ToLookup(i => i["Queue"] ?? "", StringComparer.Ordinal);
        return
        [
            // FreePBX has one of this name for its own use.
            .. items.Where(i => i.Name == "QueueParams" && i["Queue"] is not (null or "" or "default"))
                .Select(i => new RoadQueue(i["Queue"]!, i["Strategy"] ?? "", [.. members[i["Queue"]!].Select(m => Member(m, numbers))])).OrderBy(q => q.Name, StringComparer.Ordinal),
        ];
    }

    static RoadQueueMember Member(AmiEvent item, Dictionary<string, string> numbers)
    {
        var way = item["Location"] ?? item["Interface"] ?? "";
        var name = item["Name"] is { Length: > 0 } told && told != way ? told : "";
        var penalty = int.TryParse(item["Penalty"], NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        return new RoadQueueMember(way, name, Local().Match(way) is { Success: true } local ? local.Groups["number"].Value : numbers.GetValueOrDefault(way) ?? Bare(way), penalty);
    }

    static string Bare(string device) => device[(device.IndexOf('/', StringComparison.Ordinal) + 1)..] is var name && Extension().IsMatch(name) ? name : "";

    [GeneratedRegex("^(PJSIP|SIP|IAX2|DAHDI|SCCP|Skinny)/", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Phones();

    [GeneratedRegex("^[0-9]{2,20}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Extension();

    [GeneratedRegex("^Local/(?<number>[0-9]{2,20})@", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Local();
}
