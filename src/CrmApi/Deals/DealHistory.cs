using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using CallCrm.Contracts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Deals;

/// <summary>
/// What became of a deal, read from what <see cref="DealStore"/> wrote into the audit: there is no second record of it. Entries of another form are left out.
/// </summary>
internal static class DealHistory
{
    public const string Title = "title", Amount = "amount", Currency = "currency", Responsible = "responsible", Client = "client", Stage = "stage";

    /// <summary>Letters of every alphabet stay as they are: people read the audit.</summary>
    public static JsonSerializerOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>By field; null: it has another form.</summary>
    public static Dictionary<string, string>? Read(string? audited)
    {
        try
        {
            return audited is null ? null : JsonSerializer.Deserialize(audited, ContractsJson.Default.DictionaryStringString);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>When fields of a deal were last written, by people or by the answers of a call.</summary>
    /// <param name="made">Also when it was made, of what it was made with.</param>
    public static async Task<IReadOnlyDictionary<string, DateTimeOffset>> ChangedAsync(NpgsqlTransaction transaction, DealRow deal, bool made, CancellationToken cancel)
    {
        var rows = await transaction.Connection!.QueryAsync<Written>(new CommandDefinition(
            "select at, action, detail ->> 'after' as after from audit where object = @Subject and object_id = @id and action = any(@actions) order by at desc, id desc limit 200",
            new { DealStore.Subject, id = deal.Id.ToString(), actions = new[] { DealStore.ChangedAction, DealStore.FilledAction, DealStore.CreatedAction, DealStore.MovedAction } }, transaction, cancellationToken: cancel));
        var last = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var (at, action, after) in rows)
        {
            IEnumerable<string> fields = action == DealStore.MovedAction ? [Stage] : action != DealStore.CreatedAction ? Read(after)?.Keys ?? Enumerable.Empty<string>() : !made ? [] : deal.Amount is null ? [Title] : [Title, Amount];
            foreach (var field in fields) last.TryAdd(field, at);
        }

        return last;
    }

    /// <param name="names">Of people, clients as far as they are seen, and stages; null: no name to show.</param>
    public static IReadOnlyList<DealChangeView> View(string action, string before, string after, Func<string, string, string?> names)
    {
        if (action is DealStore.MovedAction or DealStore.CreatedAction) return [new DealChangeView(Stage, before.Length == 0 ? null : names(Stage, before), names(Stage, after))];
        if (Read(before) is not { } was || Read(after) is not { } became) return [];
        var changes = new List<DealChangeView>();
        foreach (var field in new[] { Title, Amount, Responsible, Client, Currency })
        {
            if (!was.TryGetValue(field, out var from) || !became.TryGetValue(field, out var to)) continue;
            changes.Add(field switch
            {
                Amount => new DealChangeView(field, null, null, Sum(from), Sum(to), was.GetValueOrDefault(Currency), became.GetValueOrDefault(Currency)),
                Responsible or Client => new DealChangeView(field, from.Length == 0 ? null : names(field, from), to.Length == 0 ? null : names(field, to)),
                _ => new DealChangeView(field, from, to),
            });
        }

        // The currency is told with the amount.
        if (changes.Exists(c => c.Field == Amount)) changes.RemoveAll(c => c.Field == Currency);
        return changes;
    }

    sealed record Written(DateTimeOffset At, string Action, string? After);

    static decimal? Sum(string text) => decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out var sum) ? sum : null;
}
