using System.Text.Json;
using System.Text.Json.Serialization;
using CallCrm.Engine;

namespace CallCrm.CallFlow;

// The rows as PostgreSQL's row_to_json and json_populate_recordset read and write them: names are the columns'.

internal sealed class CallRow
{
    public Guid Id { get; set; }
    public string Domain { get; set; } = "";
    public string Node { get; set; } = "";
    public CallDirection Direction { get; set; }
    public CallState State { get; set; }
    public bool Routed { get; set; }
    public string CallerRaw { get; set; } = "";
    public NumberKind CallerKind { get; set; }
    public string? CallerE164 { get; set; }
    public string CallerName { get; set; } = "";
    public string DialledRaw { get; set; } = "";
    public string? DialledE164 { get; set; }
    public Guid? QueueId { get; set; }
    public LookupOutcome? Lookup { get; set; }
    public Guid? ClientId { get; set; }
    public Guid[] Candidates { get; set; } = [];
    public Guid? DealId { get; set; }
    public Guid? AgentId { get; set; }
    public int? Place { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset? QueuedAt { get; set; }
    public DateTimeOffset? AnsweredAt { get; set; }
    public DateTimeOffset? HeldSince { get; set; }
    public DateTimeOffset? WaitsSince { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public CallOutcome? Outcome { get; set; }
    public EndedBy? EndedBy { get; set; }
    public int? Cause { get; set; }
    public int? WaitMs { get; set; }
    public int? TalkMs { get; set; }
    public int? HoldMs { get; set; }
    public bool Estimated { get; set; }
    public Guid? MergedInto { get; set; }
    public RawJson? Decision { get; set; }
    public RawJson? Transfer { get; set; }
    public string? Campaign { get; set; }
    public long LastSeq { get; set; }
}

internal sealed class LegRow
{
    public string Node { get; set; } = "";
    public string UniqueId { get; set; } = "";
    public Guid CallId { get; set; }
    public string Channel { get; set; } = "";
    public Guid? AgentId { get; set; }
    public bool IsClient { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset? AnsweredAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public int? Cause { get; set; }
    public int? TechCause { get; set; }
    public int? TalkMs { get; set; }
    public int? HoldMs { get; set; }
    public int? WrapUpMs { get; set; }
    public bool Recorded { get; set; }
    public bool Estimated { get; set; }
    public bool CanHold { get; set; }
    public bool Unkept { get; set; }
}

internal sealed class OfferRow
{
    public Guid Id { get; set; }
    public Guid CallId { get; set; }
    public Guid AgentId { get; set; }
    public string Node { get; set; } = "";
    public string Extension { get; set; } = "";
    public string Device { get; set; } = "";
    public Guid? QueueId { get; set; }
    public Guid? ClientId { get; set; }
    public int Attempt { get; set; }
    public RouteRule Rule { get; set; }
    public bool CanAnswer { get; set; }
    public bool CanHold { get; set; }
    public DateTimeOffset OfferedAt { get; set; }
    public DateTimeOffset? RangAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public OfferOutcome? Outcome { get; set; }
    public int? TechCause { get; set; }
    public int? RingMs { get; set; }
}

internal sealed class DecisionRow
{
    public string Domain { get; set; } = "";
    public long Seq { get; set; }
    public Guid CallId { get; set; }
    public DateTimeOffset At { get; set; }
    public RawJson Body { get; set; }
}

internal sealed class AgentRow
{
    public Guid AgentId { get; set; }
    public string Domain { get; set; } = "";
    public AgentState State { get; set; }
    public string? Reason { get; set; }
    public string? Node { get; set; }
    public string? Extension { get; set; }
    public Guid? CallId { get; set; }
    public DateTimeOffset Since { get; set; }
    public DateTimeOffset? Until { get; set; }
    public bool Leaves { get; set; }
    public long LastSeq { get; set; }
}

internal sealed class SpanRow
{
    public Guid AgentId { get; set; }
    public string Domain { get; set; } = "";
    public long Seq { get; set; }
    public AgentState State { get; set; }
    public string? Reason { get; set; }
    public DateTimeOffset FromAt { get; set; }
    public long SpanMs { get; set; }
    public Guid? CallId { get; set; }
    public string? Node { get; set; }
    public string? Extension { get; set; }
}

internal sealed class LegSpanRow
{
    public string Domain { get; set; } = "";
    public long Seq { get; set; }
    public Guid CallId { get; set; }
    public string Node { get; set; } = "";
    public string UniqueId { get; set; } = "";
    public Guid? AgentId { get; set; }
    public SpanKind Kind { get; set; }
    public string? Bridge { get; set; }
    public string? OtherId { get; set; }
    public DateTimeOffset FromAt { get; set; }
    public DateTimeOffset ToAt { get; set; }
}

internal sealed class ListenRow
{
    public string Domain { get; set; } = "";
    public string Node { get; set; } = "";
    public string UniqueId { get; set; } = "";
    public Guid CallId { get; set; }
    public Guid UserId { get; set; }
    public Guid? AgentId { get; set; }
    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
}

internal sealed class MessageRow
{
    public Guid Id { get; set; }
    public string Domain { get; set; } = "";
    public Guid CallId { get; set; }
    public string Node { get; set; } = "";
    public string UniqueId { get; set; } = "";
    public string Mailbox { get; set; } = "";
    public string? MessageKey { get; set; }
    public DateTimeOffset LeftAt { get; set; }
    public int? DurationMs { get; set; }
    public MailboxState State { get; set; }
    public DateTimeOffset StateAt { get; set; }
    public long LastSeq { get; set; }
}

internal sealed class ContactRow
{
    public Guid ClientId { get; set; }
    public Guid CallId { get; set; }
    public Guid AgentId { get; set; }
    public DateTimeOffset At { get; set; }
    public int TalkMs { get; set; }
}

internal sealed class PbxRow
{
    public string Domain { get; set; } = "";
    public string Node { get; set; } = "";
    public bool Connected { get; set; }
    public string? Reason { get; set; }
    public string? Version { get; set; }
    public DateTimeOffset Since { get; set; }
}

internal sealed class SeatAskRow
{
    public Guid Id { get; set; }
    public string Domain { get; set; } = "";
    public string Node { get; set; } = "";
    public string Extension { get; set; } = "";
    public Guid AgentId { get; set; }
    public Guid HolderId { get; set; }
    public DateTimeOffset AskedAt { get; set; }
    public DateTimeOffset? Until { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public SeatOutcome? Outcome { get; set; }
}

/// <summary>JSON inside JSON, passed through as it is.</summary>
[JsonConverter(typeof(RawJsonConverter))]
internal readonly record struct RawJson(string Text);

internal sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return new RawJson(document.RootElement.GetRawText());
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) => writer.WriteRawValue(value.Text, skipInputValidation: true);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<CallRow>))]
[JsonSerializable(typeof(List<LegRow>))]
[JsonSerializable(typeof(List<OfferRow>))]
[JsonSerializable(typeof(List<DecisionRow>))]
[JsonSerializable(typeof(List<AgentRow>))]
[JsonSerializable(typeof(List<SpanRow>))]
[JsonSerializable(typeof(List<LegSpanRow>))]
[JsonSerializable(typeof(List<ListenRow>))]
[JsonSerializable(typeof(List<MessageRow>))]
[JsonSerializable(typeof(List<ContactRow>))]
[JsonSerializable(typeof(List<PbxRow>))]
[JsonSerializable(typeof(List<SeatAskRow>))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class ProjectionJson : JsonSerializerContext;
