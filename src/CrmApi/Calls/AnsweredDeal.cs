using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Required;
using CallCrm.CrmApi.Scripts;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Calls;

/// <param name="Deal">The one that the wrap-up names or makes; null: none.</param>
/// <param name="Made">What the wrap-up says of a deal that it makes: it was typed after the answers, and goes before them.</param>
/// <param name="Typed">By field of the draft, when it was typed last.</param>
/// <param name="StageGiven">The agent or the disposition says where the deal is: the answers say nothing more of it.</param>
/// <param name="Filled">What the answers fill, as rules name it.</param>
internal sealed record AnsweredCall(Guid Call, Person Person, Guid Client, Guid? Deal, DealNew? Made, Script Script, IReadOnlyDictionary<string, string> Answers, IReadOnlyDictionary<string, DateTimeOffset> Typed,
    bool StageGiven, IReadOnlyCollection<string> Filled);

/// <summary>
/// Puts what a script's answers fill onto the deal of the call, in the wrap-up's transaction: onto the one that the wrap-up names or makes, else onto the client's
/// only open one. With none, or several and none chosen, an answer waits for the next wrap-up that names one. What somebody changed after it was answered stays
/// theirs. What is not taken stays an answer of the call, with what was expected of it.
/// </summary>
internal sealed class AnsweredDeal(DealStore deals, CardAccess access, RequiredFields required, LiveFacts facts)
{
    const string Title = "deal.title", Amount = "deal.amount", Currency = "deal.currency", Stage = "deal.stage";

    const string NotYours = "a deal that you may change", Which = "a deal, chosen or made at the wrap-up", Newer = "no newer value in the deal: it was changed after the answer", AsMade = "what the wrap-up says of the new deal",
        AsGiven = "the stage that the wrap-up or its outcome gives", NoStage = "a stage of the deal's type", NotYet = "the fields that must be filled before the deal leaves its stage";

    /// <summary>What the answers call the deal; null: nothing that can be a title.</summary>
    public string? TitleOf(Script? script, IReadOnlyDictionary<string, string> answers) =>
        script is not null && Filled(script, answers).Values.GetValueOrDefault(Title) is { } title && AsTitle(title) is { } fits ? fits : null;

    /// <summary>The deal's fields that the answers are about to fill.</summary>
    public IEnumerable<string> Fills(Script script, IReadOnlyDictionary<string, string> answers) => Filled(script, answers).Values.Where(f => Expected(f.Key, f.Value) is null).Select(f => f.Key);

    /// <returns>By question: what was expected of an answer that is not in the deal.</returns>
    public async Task<IReadOnlyDictionary<string, string>> FillAsync(NpgsqlTransaction transaction, AnsweredCall call, CancellationToken cancel)
    {
        var (values, by) = Filled(call.Script, call.Answers);
        var refused = new Dictionary<string, string>(StringComparer.Ordinal);
        if (values.Count == 0) return refused;
        var reach = CardAccess.DealsOf(call.Person, await access.OfAsync(call.Person, call.Client, cancel)).With(call.Person.Id);
        if (await DealAsync(transaction, call, reach, cancel) is not { } deal)
        {
            RefuseAll(Which);
            return refused;
        }

        // One that was made in this very wrap-up is the agent's own, whatever the rest of the card.
        if (call.Made is null && !(reach.Includes(deal.ResponsibleId) && await access.MayChangeDealAsync(call.Person, call.Client, deal.ResponsibleId, cancel)))
        {
            RefuseAll(NotYours);
            return refused;
        }

        var becomes = deal;
        foreach (var (field, value) in values.Where(v => v.Key != Stage))
        {
            if (Expected(field, value) is { } expected) refused[by[field]] = expected;
            else if (With(becomes, field, value) is var filled && filled == becomes) continue;
            else if (Said(call.Made, field) is not { } said) becomes = filled;
            else if (!said(filled)) refused[by[field]] = AsMade;
        }

        IReadOnlyDictionary<string, DateTimeOffset>? changed = null;
        if (becomes != deal)
        {
            // Who makes a deal on the card during the call types there what it is: that is newer than what was answered before.
            changed = await DealHistory.ChangedAsync(transaction, deal, made: call.Made is null, cancel);
            Keep(Title, DealHistory.Title, b => b with { Title = deal.Title });
            Keep(Amount, DealHistory.Amount, b => b with { Amount = deal.Amount });
            Keep(Currency, DealHistory.Currency, b => b with { Currency = deal.Currency });

            void Keep(string field, string column, Func<DealRow, DealRow> back)
            {
                if (!by.TryGetValue(field, out var question) || back(becomes) == becomes) return;
                if (!IsNewer(changed, column, question)) return;
                becomes = back(becomes);
                refused[question] = Newer;
            }
        }

        await deals.ChangeAsync(transaction, deal, becomes, call.Person.Id, cancel, DealStore.FilledAction);
        if (values.TryGetValue(Stage, out var stage) && stage != deal.Stage && await WhyStaysAsync(stage) is { } stays) refused[by[Stage]] = stays;
        return refused;

        bool IsNewer(IReadOnlyDictionary<string, DateTimeOffset> written, string column, string question) =>
            written.TryGetValue(column, out var at) && !(call.Typed.TryGetValue(question, out var typed) && at <= typed);

        // Null: it went there, by the same rules as when an agent moves it.
        async Task<string?> WhyStaysAsync(string to)
        {
            if (call.StageGiven) return AsGiven;
            if (await DealStore.StageAsync(transaction, deal.DealType, to, cancel) is null) return NoStage;
            if (IsNewer(changed ?? await DealHistory.ChangedAsync(transaction, deal, made: call.Made is null, cancel), DealHistory.Stage, by[Stage])) return Newer;
            if (await required.RefuseStageAsync(transaction, becomes, call.Person, call.Filled, cancel) is not null) return NotYet;
            await deals.MoveAsync(transaction, becomes, to, call.Person.Id, cancel, new DealOccasion(call.Call, call.Person.Id));
            return null;
        }

        void RefuseAll(string expected)
        {
            foreach (var question in values.Keys.Select(f => by[f])) refused[question] = expected;
        }
    }

    /// <summary>Locked until the transaction ends.</summary>
    static async Task<DealRow?> DealAsync(NpgsqlTransaction transaction, AnsweredCall call, Reach reach, CancellationToken cancel)
    {
        if (call.Deal is { } named) return await DealStore.FindAsync(transaction, named, cancel);
        var open = (await transaction.Connection!.QueryAsync<Guid>(new CommandDefinition(
            """
            select id from deal where client_id in (select client_family(client_root(@Client))) and closed_at is null and deleted_at is null and (@people::uuid[] is null or responsible_id = any(@people)) order by id limit 2
            """,
            new { call.Client, people = reach.People }, transaction, cancellationToken: cancel))).AsList();
        return open.Count == 1 ? await DealStore.FindAsync(transaction, open[0], cancel) : null;
    }

    (Dictionary<string, string> Values, IReadOnlyDictionary<string, string> By) Filled(Script script, IReadOnlyDictionary<string, string> answers)
    {
        var filled = ScriptAnswers.Fill(script, answers, facts.Names.Fields);
        return (filled.Fields.Where(f => f.Field is Title or Amount or Currency or Stage && f.Value.Length > 0).ToDictionary(f => f.Field, f => f.Value, StringComparer.Ordinal), filled.By);
    }

    /// <summary>Why the value cannot stand there; null: it can.</summary>
    static string? Expected(string field, string value) => field switch
    {
        Title => AsTitle(value) is null ? DealEdits.TitleExpected : null,
        Amount => AsAmount(value) is null ? DealEdits.AmountExpected : null,
        Currency => DealEdits.IsCurrency(value) ? null : DealEdits.CurrencyExpected,
        _ => NoStage,
    };

    static DealRow With(DealRow deal, string field, string value) => field switch
    {
        Title => deal with { Title = AsTitle(value)! },
        Amount => deal with { Amount = AsAmount(value) },
        _ => deal with { Currency = value },
    };

    /// <summary>Whether a deal is as the wrap-up that makes it says; null: it says nothing of this.</summary>
    static Func<DealRow, bool>? Said(DealNew? made, string field) => made switch
    {
        null => null,
        not null when field == Title && !string.IsNullOrWhiteSpace(made.Title) => deal => deal.Title == made.Title.Trim(),
        { Amount: { } amount } when field == Amount => deal => deal.Amount == amount,
        _ => null,
    };

    static decimal? AsAmount(string value) => decimal.TryParse(value, NumberStyles.Number, CultureInfo.InvariantCulture, out var amount) && DealEdits.IsAmount(amount) ? amount : null;

    static string? AsTitle(string value) => PlainText.Clean(value, DealEdits.LongestTitle + 1) is { Length: > 0 and <= DealEdits.LongestTitle } title ? title : null;
}
