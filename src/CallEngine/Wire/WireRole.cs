using System.Reflection;

namespace CallCrm.Engine.Wire;

/// <summary>What a text tells of people, for excerpts that leave the house.</summary>
internal enum WireRole : byte
{
    /// <summary>Nothing by its place; it may still be a phone number.</summary>
    Plain,

    /// <summary>A person's, queue's or line's name.</summary>
    Name,

    /// <summary>A code of ours (<c>signed_in</c>), or free text.</summary>
    Code,

    /// <summary>A telephone number, an extension, or what was dialled.</summary>
    Number,

    /// <summary>A channel's name, which may hold a number.</summary>
    Channel,
}

internal static class WireRoles
{
    public static WireRole Of(FieldInfo field) => WireType.NameOf(field) switch
    {
        "Name" when field.DeclaringType == typeof(AgentSettings) || field.DeclaringType == typeof(QueueSettings) || field.DeclaringType == typeof(DialledNumberSettings) || field.DeclaringType == typeof(CampaignSettings) => WireRole.Name,
        "CallerName" => WireRole.Name,
        "Pause" or "Reason" or "Detail" or "Message" or "Source" => WireRole.Code,
        "Raw" or "E164" or "CallerNumber" or "DialledNumber" or "Number" or "Target" => WireRole.Number,
        "Channel" or "ChannelName" => WireRole.Channel,
        "Client" or "Own" or "First" or "Second" when field.FieldType == typeof(string) => WireRole.Channel,
        _ => WireRole.Plain,
    };

    public static WireRole OfHeader(string? key) => key?.ToUpperInvariant() switch
    {
        "CALLERIDNAME" => WireRole.Name,
        "CALLERIDNUM" or "EXTEN" or "EXTENSION" => WireRole.Number,
        "CHANNEL" or "DESTCHANNEL" or "NEWNAME" => WireRole.Channel,
        _ => WireRole.Plain,
    };
}
