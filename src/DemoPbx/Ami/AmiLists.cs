using System.Globalization;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Ami;

/// <summary>Actions that only tell.</summary>
internal sealed class AmiLists(Exchange exchange)
{
    public void CoreSettings(AmiSession session, AmiRequest request) => session.Send(AmiActions.Reply(request, "Success")
        .Line("AMIversion", "11.0.0")
        .Line("AsteriskVersion", "22.10.1")
        .Line("SystemName", exchange.Options.Node)
        .Line("CoreMaxCalls", 400)
        .Line("CoreMaxLoadAvg", "0.000000")
        .Line("CoreRunUser", "")
        .Line("CoreRunGroup", "")
        .Line("CoreMaxFilehandles", 0)
        .Line("CoreRealTimeEnabled", "No")
        .Line("CoreCDRenabled", "Yes")
        .Line("CoreHTTPenabled", "No")
        .Line("SoundsSearchCustomDir", "No"));

    public void CoreStatus(AmiSession session, AmiRequest request)
    {
        var date = exchange.BootedAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var time = exchange.BootedAt.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        session.Send(AmiActions.Reply(request, "Success")
            .Line("CoreStartupDate", date)
            .Line("CoreStartupTime", time)
            .Line("CoreReloadDate", date)
            .Line("CoreReloadTime", time)
            .Line("CoreCurrentCalls", exchange.Channels.Count())
            .Line("CoreProcessedCalls", exchange.ProcessedCalls));
    }

    public void CoreShowChannels(AmiSession session, AmiRequest request)
    {
        Start(session, request, "Channels will follow");
        var channels = exchange.Channels.ToList();
        foreach (var channel in channels)
        {
            session.Send(Item(request, "CoreShowChannel")
                .Channel(channel, exchange.Options.ChannelVariables)
                .Line("Application", channel.Application)
                .Line("ApplicationData", channel.ApplicationData)
                .Line("Duration", (exchange.Time.GetUtcNow() - channel.CreatedAt).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture))
                .Line("BridgeId", channel.Bridge?.Id));
        }

        Complete(session, request, "CoreShowChannelsComplete", channels.Count);
    }

    public void Status(AmiSession session, AmiRequest request)
    {
        var channels = exchange.Channels.ToList();
        if (request["Channel"] is { Length: > 0 } name)
        {
            if (exchange.FindChannel(name) is not { } one)
            {
                AmiActions.Error(session, request, "No such channel");
                return;
            }

            channels = [one];
        }

        Start(session, request, "Channel status will follow");
        foreach (var channel in channels)
        {
            session.Send(StatusOf(channel, request));
        }

        session.Send(Item(request, "StatusComplete")
            .Line("EventList", "Complete")
            .Line("ListItems", channels.Count)
            .Line("Items", channels.Count));
    }

    public void DeviceStateList(AmiSession session, AmiRequest request)
    {
        Start(session, request, "Device State Changes will follow");
        var states = exchange.Devices.All().ToList();
        foreach (var (device, state) in states)
        {
            session.Send(Item(request, "DeviceStateChange").Line("Device", device).Line("State", state));
        }

        Complete(session, request, "DeviceStateListComplete", states.Count);
    }

    private AmiText StatusOf(PbxChannel channel, AmiRequest request)
    {
        var text = new AmiText().Line("Event", "Status").Line("Privilege", "Call")
            .Channel(channel, exchange.Options.ChannelVariables)
            .Line("Type", channel.Device[..channel.Device.IndexOf('/', StringComparison.Ordinal)])
            .Line("DNID", channel.Dnid)
            .Line("EffectiveConnectedLineNum", AmiText.OrUnknown(channel.ConnectedNumber))
            .Line("EffectiveConnectedLineName", AmiText.OrUnknown(AmiText.Escape(channel.ConnectedName)))
            .Line("TimeToHangup", 0)
            .Line("BridgeID", channel.Bridge?.Id)
            .Line("Application", channel.Application)
            .Line("Data", channel.ApplicationData)
            .Line("Nativeformats", "(ulaw)")
            .Line("Readformat", "ulaw")
            .Line("Readtrans", "")
            .Line("Writeformat", "ulaw")
            .Line("Writetrans", "")
            .Line("Callgroup", "0")
            .Line("Pickupgroup", "0")
            .Line("Seconds", (long)(exchange.Time.GetUtcNow() - channel.CreatedAt).TotalSeconds);
        foreach (var variable in (request["Variables"] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            text.Line("Variable", $"{variable}={channel.Shown(variable)}");
        }

        return request.ActionId is { } id ? text.Line("ActionID", id) : text;
    }

    private static void Start(AmiSession session, AmiRequest request, string message) =>
        session.Send(AmiActions.Reply(request, "Success").Line("EventList", "start").Line("Message", message));

    private static AmiText Item(AmiRequest request, string name)
    {
        var text = new AmiText().Line("Event", name);
        return request.ActionId is { } id ? text.Line("ActionID", id) : text;
    }

    private static void Complete(AmiSession session, AmiRequest request, string name, int items) =>
        session.Send(Item(request, name).Line("EventList", "Complete").Line("ListItems", items));
}
