using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using NpgsqlTypes;

namespace CallCrm.CallFlow.Demo;

internal sealed class DemoClient
{
    public Guid Id { get; set; }
    public string Kind { get; set; } = "person";
    public string Name { get; set; } = "";
    public string Company { get; set; } = "";
    public string Email { get; set; } = "";
    public string City { get; set; } = "";
    public string? Language { get; set; }
    public string? Segment { get; set; }
    public string SegmentReason { get; set; } = "";
    public string Source { get; set; } = "";
    public Guid? ResponsibleId { get; set; }
    public bool Confirmed { get; set; } = true;
    public Guid? CompanyId { get; set; }
    public string[] Roles { get; set; } = [];
    public string[] Tags { get; set; } = [];
    public string TaxId { get; set; } = "";
    public string TimeZone { get; set; } = "";
    public string Address { get; set; } = "";
    public string Note { get; set; } = "";
    public int Version { get; set; } = 1;
    public Dictionary<string, object> Custom { get; } = new(StringComparer.Ordinal);
    public DateTimeOffset? DoNotCallAt { get; set; }
    public Guid? DoNotCallBy { get; set; }
    public DateTimeOffset? HiddenAt { get; set; }
    public Guid? HiddenBy { get; set; }
    public DateTimeOffset? DeletedAt { get; set; }
    public Guid? DeletedBy { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset UpdatedAt { get; set; }

    [JsonIgnore]
    public string E164 { get; set; } = "";

    [JsonIgnore]
    public Guid? OpenDeal { get; set; }

    [JsonIgnore]
    public DateTimeOffset OpenDealSince { get; set; }
}

internal sealed record DemoPhone(Guid ClientId, string E164, string Raw, string Label, bool IsMain, DateTimeOffset AddedAt);

internal sealed record DemoEmail(Guid ClientId, string Address, string Label, int Position);

internal sealed record DemoBlocked(Guid Id, string Domain, string E164, string Reason, string Note, Guid MadeBy, DateTimeOffset MadeAt, DateTimeOffset? Until, Guid? HiddenClient);

internal sealed record DemoDeal(Guid Id, Guid ClientId, string DealType, string Stage, string Title, decimal Amount, string Currency, Guid? ResponsibleId, DateTimeOffset StageSince,
    DateTimeOffset? ClosedAt, DateTimeOffset CreatedAt);

internal sealed record DemoTask(Guid Id, Guid? ClientId, Guid? CallId, Guid UserId, string Kind, string Title, DateTimeOffset DueAt, DateTimeOffset? DoneAt, DateTimeOffset CreatedAt);

internal sealed record DemoWrapUp(Guid CallId, Guid AgentId, string Disposition, string Note, string NextStep, DateTimeOffset CreatedAt, Dictionary<string, string> Answers,
    string ScriptId, string ScriptVersion, string[] Path);

/// <summary>Rows into tables: property names are column names, columns not named get their defaults, order is kept.</summary>
internal static class DemoInsert
{
    const int Chunk = 4000;

    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public static async Task RowsAsync<T>(NpgsqlConnection connection, string table, IEnumerable<T> rows, CancellationToken ct)
    {
        var columns = string.Join(", ", typeof(T).GetProperties().Where(p => !p.IsDefined(typeof(JsonIgnoreAttribute), inherit: true)).Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)));
        foreach (var chunk in rows.Chunk(Chunk))
        {
            await using var command = new NpgsqlCommand($"insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, $1)", connection)
            {
                Parameters = { new() { Value = JsonSerializer.Serialize(chunk, Json), NpgsqlDbType = NpgsqlDbType.Json } },
                CommandTimeout = 120,
            };
            await command.ExecuteNonQueryAsync(ct);
        }
    }
}
