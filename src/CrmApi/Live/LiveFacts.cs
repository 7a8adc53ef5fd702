using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;
using CallCrm.Engine;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Live;

internal sealed record FactPerson(Guid Id, string Name, string Language, string? Queues, string Role = "", Guid? Department = null);

/// <param name="Greetings">What to say, by language.</param>
internal sealed record FactNumber(string Number, string Name, string Language, IReadOnlyDictionary<string, SpokenLine> Greetings)
{
    /// <summary>In the client's language, else the number's, else the agent's: the first of these in which there is one.</summary>
    public (string Language, SpokenLine Line)? Greeting(string? client, string? agent)
    {
        foreach (var language in new[] { ScriptChoice.Base(client), ScriptChoice.Base(Language), ScriptChoice.Base(agent) })
        {
            if (language is not null && Greetings.TryGetValue(language, out var line)) return (language, line);
        }

        return null;
    }

    /// <summary>Its own greeting and those in other languages; what cannot be read as a line with placeholders is said as it stands.</summary>
    public static FactNumber Of(string number, string name, string language, string greeting, string others)
    {
        var lines = new Dictionary<string, SpokenLine>(StringComparer.Ordinal);
        foreach (var (of, text) in JsonSerializer.Deserialize<Dictionary<string, string>>(others) ?? []) Add(of, text);
        Add(ScriptChoice.Base(language) ?? "en", greeting);
        return new FactNumber(number, name, language, lines);

        void Add(string of, string text)
        {
            if (text.Length == 0) return;
            var problems = new ProblemList("");
            var line = SpokenLine.ReadGreeting(text, problems);
            lines[of] = problems.Any ? new SpokenLine([new SpokenPart(text, null)]) : line;
        }
    }
}

internal sealed record FactQueue(Guid Id, string Name, string TimeZone);

/// <summary>The settings' names as one immutable whole, swapped at the hint "settings".</summary>
internal sealed record LiveNames(FrozenDictionary<Guid, FactPerson> People, FrozenDictionary<Guid, FactQueue> Queues, FrozenDictionary<string, FactNumber> Numbers)
{
    public static LiveNames None { get; } = new(FrozenDictionary<Guid, FactPerson>.Empty, FrozenDictionary<Guid, FactQueue>.Empty, FrozenDictionary<string, FactNumber>.Empty);

    /// <summary>The site's own fields on the clients' cards.</summary>
    public IReadOnlyList<CustomField> Fields { get; init; } = [];

    /// <summary>All that there ever was, by their codes.</summary>
    public FrozenDictionary<string, NamedCode> Campaigns { get; init; } = FrozenDictionary<string, NamedCode>.Empty;

    /// <summary>One that the settings do not have is called by its code.</summary>
    public NamedCode? Campaign(string? code) => code is null ? null : Campaigns.GetValueOrDefault(code) ?? new NamedCode(code, code);

    public string? Person(Guid? id) => id is { } i && People.TryGetValue(i, out var person) ? person.Name : null;

    public string? Queue(Guid? id) => id is { } i && Queues.TryGetValue(i, out var queue) ? queue.Name : null;

    public FactNumber? Number(PhoneNumber dialled) => Numbers.GetValueOrDefault(Digits(dialled.Raw)) ?? Numbers.GetValueOrDefault(Digits(dialled.Display));

    public static string Digits(string text) => string.Concat(text.Where(char.IsAsciiDigit));

    public static async Task<LiveNames> LoadAsync(NpgsqlDataSource database, string domain, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select u.id, u.name, u.language, (select string_agg(q.name, ', ' order by q.position, q.name) from queue_member a join queue q on q.id = a.queue_id where a.user_id = u.id) as queues, u.role, u.department_id as department from app_user u;
            select id, name, time_zone from queue where domain = @domain;
            select number, name, language, greeting, greetings::text from dialled_number where domain = @domain;
            select code, name, kind, options::text, target, expression, result from client_field where not archived order by position, code;
            select code, name, retired from campaign;
            """,
            new { domain }, cancellationToken: cancel));
        var people = await results.ReadAsync<FactPerson>();
        var queues = await results.ReadAsync<FactQueue>();
        var numbers = (await results.ReadAsync<NumberRow>()).Select(n => FactNumber.Of(n.Number, n.Name, n.Language, n.Greeting, n.Greetings));
        var fields = await results.ReadAsync<FieldRow>();
        var campaigns = await results.ReadAsync<(string Code, string Name, bool Retired)>();
        return new LiveNames(people.ToFrozenDictionary(p => p.Id), queues.ToFrozenDictionary(q => q.Id),
            numbers.GroupBy(n => Digits(n.Number), StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal))
        {
            Fields = [.. fields.Select(f => CustomField.Of(f.Code, f.Name, f.Kind, f.Options, f.Target, f.Expression, f.Result))],
            Campaigns = campaigns.ToFrozenDictionary(c => c.Code, c => new NamedCode(c.Code, c.Name) { Retired = c.Retired }, StringComparer.OrdinalIgnoreCase),
        };
    }

    sealed record FieldRow(string Code, string Name, string Kind, string Options, string? Target, string? Expression, string? Result);

    sealed record NumberRow(string Number, string Name, string Language, string Greeting, string Greetings);
}

/// <summary>What the journal does not carry: short numbers of calls and names of clients, kept for the calls of the moment.</summary>
internal sealed class LiveFacts
{
    const int Most = 50_000;

    public ConcurrentDictionary<Guid, long> CallNumbers { get; } = new();

    public ConcurrentDictionary<Guid, string> ClientNames { get; } = new();

    public LiveNames Names { get; set; } = LiveNames.None;

    public long Number(Guid call) => CallNumbers.GetValueOrDefault(call);

    public string? ClientName(Guid? client) => client is { } id && ClientNames.TryGetValue(id, out var name) && name.Length > 0 ? name : null;

    /// <summary>Only what is in the state stays.</summary>
    public void Trim(LiveState state)
    {
        if (CallNumbers.Count + ClientNames.Count < Most) return;
        foreach (var call in CallNumbers.Keys.Where(c => !state.Calls.ContainsKey(c))) CallNumbers.TryRemove(call, out _);
        var clients = state.Calls.Values.Select(c => c.Client).OfType<Guid>().ToHashSet();
        foreach (var client in ClientNames.Keys.Where(c => !clients.Contains(c))) ClientNames.TryRemove(client, out _);
    }
}
