using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace CallCrm.CrmApi.Required;

/// <summary>Before what the fields must be filled.</summary>
internal enum RuleOccasion { Save, Stage, WrapUp }

/// <param name="Field">As errors of the API name it.</param>
/// <param name="Rule">The name of the rule that asks for it.</param>
internal sealed record MissingField(string Field, string Rule);

/// <summary>
/// The one place that says which mandatory fields a card lacks. It reads the card within the transaction that asks, so what is about to be saved counts. A
/// field that was put away is not asked for, nor one that is calculated, nor a responsible of who may name none, nor what a person does not see or may not change: nobody is held up by what
/// they cannot fill.
/// </summary>
internal sealed class RequiredFields(CardAccess access, LayoutStore layouts)
{
    /// <summary>Of the card; the site's own are <c>custom.CODE</c>.</summary>
    public static readonly string[] BuiltIn = ["name", "company", "companyId", "roles", "phones", "email", "city", "address", "language", "timeZone", "segment", "responsibleId", "taxId", "tags", "note"];

    /// <summary>Of the deal that leaves its stage, or that a call was about. A rule for saving the card names none: there is no one deal then.</summary>
    public static readonly string[] OfDeal = [DealAmount, DealResponsible];

    public const string Own = "custom.";
    const string DealAmount = "deal.amount", DealResponsible = "deal.responsibleId";

    /// <param name="deal">Of <see cref="RuleOccasion.Stage"/> the one that leaves its stage, as it becomes otherwise; of <see cref="RuleOccasion.WrapUp"/> the call's, if it has one.</param>
    public async Task<IReadOnlyList<MissingField>> MissingAsync(NpgsqlTransaction transaction, RuleOccasion occasion, Guid client, Person person, CancellationToken cancel, DealRow? deal = null)
    {
        string[] lacks = deal is null ? [] : [.. OfDeal.Where(f => f == DealAmount ? deal.Amount is null : deal.ResponsibleId is null)];
        var missing = (await transaction.Connection!.QueryAsync<MissingField>(new CommandDefinition(
            MissingSql, new { client, occasion = Name(occasion), role = person.Role, type = deal?.DealType, stage = deal?.Stage, lacks }, transaction, cancellationToken: cancel))).AsList();
        if (missing.Count == 0) return missing;
        var closed = await ClosedAsync(transaction, client, person, cancel);
        return [.. missing.Where(m => !closed.Contains(m.Field) && !person.Veil.Hides(m.Field) && (m.Field is not ("responsibleId" or DealResponsible) || CardAccess.MayReassign(person, null)))];
    }

    /// <summary>Fields that the card's layout does not let this person fill.</summary>
    async Task<HashSet<string>> ClosedAsync(NpgsqlTransaction transaction, Guid client, Person person, CancellationToken cancel)
    {
        var types = await transaction.Connection!.QueryAsync<string>(new CommandDefinition(
            "select d.deal_type from client_family(@client) m (id) join deal d on d.client_id = m.id where d.closed_at is null and d.deleted_at is null", new { client }, transaction, cancellationToken: cancel));
        var layout = CardLayouts.For(await layouts.OfAsync(person, cancel), person.Role, types);
        return layout is null ? [] : layout.Groups.SelectMany(g => g.Fields).Where(f => f.Mode != CardLayouts.Shown).Select(f => f.Code).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Of a deal that is to leave its stage, where the person may write the card.</summary>
    /// <param name="deal">As it becomes, but for its stage.</param>
    /// <param name="filled">What the script's answers are about to fill.</param>
    public async Task<ProblemHttpResult?> RefuseStageAsync(NpgsqlTransaction transaction, DealRow deal, Person person, IReadOnlyCollection<string> filled, CancellationToken cancel)
    {
        var missing = (await MissingAsync(transaction, RuleOccasion.Stage, deal.ClientId, person, cancel, deal)).Where(m => !filled.Contains(m.Field)).ToList();
        return missing.Count > 0 && (await access.OfAsync(person, deal.ClientId, cancel)).Edit ? Problem(missing, deal.ClientId) : null;
    }

    /// <summary>
    /// Of a call that is wrapped up: its client's card, where the agent may write it and it is not in the bin. Then also a wrap-up that ran out, and waits
    /// under unfinished, asks for them; of whom the card is closed meanwhile, it asks for nothing.
    /// </summary>
    /// <param name="deal">That the call was about; null: none, and nothing is asked of one.</param>
    /// <param name="filled">What the script's answers are about to fill.</param>
    public async Task<ProblemHttpResult?> RefuseWrapUpAsync(NpgsqlTransaction transaction, Guid call, DealRow? deal, Person person, IReadOnlyCollection<string> filled, CancellationToken cancel)
    {
        var client = await transaction.Connection!.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            "select c.id from call l join client c on c.id = client_root(l.client_id) where l.id = @call and c.deleted_at is null", new { call }, transaction, cancellationToken: cancel));
        if (client is not { } card) return null;
        var missing = (await MissingAsync(transaction, RuleOccasion.WrapUp, card, person, cancel, deal)).Where(m => !filled.Contains(m.Field)).ToList();
        return missing.Count > 0 && (await access.OfAsync(person, card, cancel)).Edit ? Problem(missing, card) : null;
    }

    public static ProblemHttpResult Problem(IReadOnlyList<MissingField> missing, Guid client)
    {
        var problem = Problems.Of(StatusCodes.Status400BadRequest, "fields_missing", $"Not filled yet: {string.Join(", ", missing.Select(m => $"{m.Field} (rule “{m.Rule}”)"))}.",
            missing.GroupBy(m => m.Field, StringComparer.Ordinal).ToDictionary(f => f.Key, f => f.Select(m => $"a value, as the rule “{m.Rule}” asks").ToArray(), StringComparer.Ordinal));
        problem.ProblemDetails.Extensions["client"] = client;
        return problem;
    }

    static string Name(RuleOccasion occasion) => occasion switch { RuleOccasion.Save => "save", RuleOccasion.Stage => "stage", _ => "wrap_up" };

    // Rules that hold for an open deal hold for a client who has one.
    const string MissingSql =
        """
        with card as (
          select c.id, c.segment, array_remove(array[
            case when c.name <> '' then 'name' end, case when c.company <> '' then 'company' end, case when c.company_id is not null or c.kind = 'company' then 'companyId' end,
            case when c.roles <> '{}' then 'roles' end, case when exists (select from client_phone p where p.client_id = c.id) then 'phones' end,
            case when c.email <> '' or exists (select from client_email e where e.client_id = c.id) then 'email' end, case when c.city <> '' then 'city' end,
            case when c.address <> '' then 'address' end, case when c.language is not null then 'language' end, case when c.time_zone <> '' then 'timeZone' end,
            case when c.segment is not null then 'segment' end, case when c.responsible_id is not null then 'responsibleId' end, case when c.tax_id <> '' or c.second_tax_id <> '' then 'taxId' end,
            case when c.tags <> '{}' then 'tags' end, case when c.note <> '' then 'note' end], null) || array(select 'custom.' || k from jsonb_object_keys(c.custom) k) as filled
          from client c where c.id = @client
        )
        select f.field, r.name as rule from card c
        join required_rule r on r.active and r.occasion = @occasion and (r.segment is null or r.segment = c.segment) and (r.role is null or r.role = @role)
          and case when @occasion = 'stage' then (r.deal_type is null or r.deal_type = @type) and (r.deal_stage is null or r.deal_stage = @stage)
            else r.deal_type is null or exists (select from client_family(c.id) m (id) join deal d on d.client_id = m.id
              where d.closed_at is null and d.deleted_at is null and d.deal_type = r.deal_type and (r.deal_stage is null or d.stage = r.deal_stage)) end
        cross join unnest(r.fields) with ordinality f (field, n)
        where f.field <> all (c.filled) and (f.field not like 'deal.%' or f.field = any (@lacks)) and (f.field not like 'custom.%' or exists (select from client_field o where 'custom.' || o.code = f.field and not o.archived and o.kind <> 'calculated'))
        order by r.name, r.id, f.n
        """;
}
