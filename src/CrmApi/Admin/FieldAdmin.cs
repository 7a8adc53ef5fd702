using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>The site's own fields on the clients' cards. What was entered is never lost: a kind that a value does not fit is refused, a field is put away, not deleted.</summary>
internal static class FieldAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/client-fields/{code}", SaveAsync).WithName("SaveClientField")
            .WithSummary("Make (version 0) or change a field of the clients' cards; 409 values_do_not_fit where stored values are none of the new kind or options")
            .ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapPost("/client-fields/{code}/try", TryAsync).WithName("TryFormula").WithSummary("What a formula gives for a client, before it is saved");
        admin.MapGet("/client-fields/calculation", async Task<Ok<CalculationView>> (ClientDirectory clients, CancellationToken cancel) =>
            {
                var now = await clients.RecalculationAsync(cancel);
                return TypedResults.Ok(new CalculationView(now.Running, now.Percent, now.EndedAt));
            })
            .WithName("GetCalculation").WithSummary("How far all cards are calculated anew");
        admin.MapDelete("/client-fields/{code}", ArchiveAsync).WithName("ArchiveClientField").WithSummary("Put a field away: it is on no card, its values are kept and come back with it");
    }

    static AdminWriter.Subject<ClientFieldSetup> Subject(string code) =>
        new("client_field", code, v => (v.ClientFields ?? []).FirstOrDefault(f => f.Code == code), f => f.Name, ContractsJson.Default.ClientFieldSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(string code, ClientFieldSetup field, Person person, AdminWriter writer, ClientDirectory clients, CancellationToken cancel)
    {
        if (field.Code != code) return Problems.Invalid("code", "the code of the address");
        field = Clean(field);
        return (await writer.ChangeAsync(person, Subject(code), known => Check(field, known), async change =>
        {
            // Always in the same order, as those lock them who save cards: from here on no card is saved, so that no value comes in between.
            await RoleStore.LockAsync(change.Transaction, cancel);
            await change.DoAsync("select code from client_field order by code for update", new { }, cancel);
            var values = new { field.Code, field.Name, field.Kind, field.Position, field.Archived, field.Version, field.Target, field.Expression, options = CustomField.WriteOptions(field.Options.Select(o => new FieldOption(o.Code, o.Name))) };
            var before = Subject(code).Find(change.Before);
            if (field.Version == 0)
            {
                if (change.Conflict(await change.DoAsync(
                    "insert into client_field (code, name, kind, options, position, archived, target, expression) values (@Code, @Name, @Kind, @options::jsonb, @Position, @Archived, @Target, @Expression) on conflict do nothing", values, cancel)) is { } made)
                    return made;
            }
            else
            {
                if (before?.Version != field.Version) return change.Conflict(0);
                if ((before.Kind != field.Kind || before.Target != field.Target || !before.Options.SequenceEqual(field.Options)) && await clients.ConvertAsync(change.Transaction, Field(before), Field(field), cancel) is { } misfits)
                    return DoNotFit(misfits, before.Kind != field.Kind ? "kind" : before.Target != field.Target ? "target" : "options");
                await change.DoAsync(
                    "update client_field set name = @Name, kind = @Kind, options = @options::jsonb, position = @Position, archived = @Archived, target = @Target, expression = @Expression, version = version + 1 where code = @Code", values, cancel);
            }

            await FollowAsync(change, before, field, clients, cancel);
            return null;
        }, cancel)).Answer();
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> ArchiveAsync(string code, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject(code), known => Subject(code).Find(known) is { } field ? Check(field with { Archived = true }, known) : new AdminRules.Errors(),
            async change => change.Conflict(await change.DoAsync("update client_field set archived = true, version = version + 1 where code = @code and not archived", new { code }, cancel)), cancel)).Answer();

    static async Task<Results<Ok<FormulaTryView>, ProblemHttpResult>> TryAsync(string code, FormulaTry asked, Person person, AdminStore store, ClientDirectory clients, ClientStore cards, CardAccess access, CancellationToken cancel)
    {
        var known = await store.ReadAsync(person.Id, cancel);
        var field = Clean(asked.Field) with { Code = code, Kind = CustomField.Calculated };
        // What else is wrong with it is told when it is saved.
        if (Check(field, known).ByField.GetValueOrDefault("expression") is { } expected) return Problems.Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { ["expression"] = expected });
        if (!(await access.OfAsync(person, asked.Client, cancel)).View) return Problems.Invalid("client", "the id of a client");
        var formulas = FormulaSet.Build(InUse(field, known), out _);
        if (formulas.IsLinked(code) && await cards.CardAsync(asked.Client, cancel) is { } card && !CardLinks.SeesAll(card, formulas.LinksOf(code), person.Within(Rights.WorkWithClients), person.Within(Rights.SeeDeals)))
            return Problems.Invalid("client", "a client whose links lead to what you may see");
        if (person.Veil.HidesFields && formulas.UsedBy(code).Any(person.Veil.Hides)) return Problems.Invalid("expression", "fields that you see");
        return await clients.TryFormulaAsync(formulas, code, asked.Client, cancel) is (true, var value) ? TypedResults.Ok(new FormulaTryView(Formula.NameOf(formulas.KindOf(code)!.Value), value)) : Problems.Invalid("client", "the id of a client");
    }

    static ClientFieldSetup Clean(ClientFieldSetup field) => field with
    {
        Name = Texts.Clean(field.Name).Trim(),
        Options = [.. field.Options.Select(o => o with { Name = Texts.Clean(o.Name).Trim() })],
        Target = field.Kind == CustomField.Link ? field.Target : null,
        // One character more than it may have is enough to refuse it.
        Expression = field.Kind == CustomField.Calculated ? PlainText.CleanLines(field.Expression ?? "", Formula.Longest + 1) : null,
    };

    /// <summary>A formula's fault stands at the formula; what breaks another's, at what would break it.</summary>
    static AdminRules.Errors Check(ClientFieldSetup field, AdminView known)
    {
        var errors = AdminRules.Check(field, known);
        FormulaSet.Build(InUse(field, known), out var wrong);
        if (wrong is not { } problem) return errors;
        if (field.Kind == CustomField.Calculated && !field.Archived && (problem.Code == field.Code || problem.Expected.Contains('→', StringComparison.Ordinal))) errors.Add("expression", problem.Expected);
        else errors.Add(field.Archived ? "archived" : field.Kind == CustomField.Calculated ? "expression" : "kind", $"what the formula of {problem.Code} can reckon with");
        return errors;
    }

    static List<CustomField> InUse(ClientFieldSetup field, AdminView known) =>
        [.. (known.ClientFields ?? []).Where(f => f.Code != field.Code).Append(field).Where(f => !f.Archived).OrderBy(f => f.Code == field.Code ? 0 : 1).ThenBy(f => f.Code, StringComparer.Ordinal).Select(Field)];

    /// <summary>What follows from formulas: kinds of results, what is kept from whom, and the values of all cards.</summary>
    static async Task FollowAsync(AdminWriter.Change change, ClientFieldSetup? before, ClientFieldSetup field, ClientDirectory clients, CancellationToken cancel)
    {
        var formulas = FormulaSet.Build(InUse(field, change.Before), out _);
        foreach (var code in formulas.Codes)
            await change.DoAsync("update client_field set result = @result, uses = @uses, links = @links where code = @code",
                new { code, result = Formula.NameOf(formulas.KindOf(code)!.Value), uses = formulas.UsedBy(code).ToArray(), links = formulas.LinksOf(code).ToArray() }, cancel);
        await change.DoAsync("update client_field set result = null, uses = '{}', links = '{}' where kind <> 'calculated' and result is not null", new { }, cancel);
        if (before?.Kind != CustomField.Calculated && formulas.IsEmpty) return;
        await RoleStore.RaiseVersionAsync(change.Transaction, cancel);
        var same = before is not null && (before.Kind, before.Expression, before.Archived) == (field.Kind, field.Expression, field.Archived);
        if (!same && (field.Kind == CustomField.Calculated || formulas.Codes.Any(c => formulas.UsedBy(c).Contains(FormulaNames.CustomPrefix + field.Code)))) await clients.RecalculateAllAsync(change.Transaction, cancel);
    }

    static CustomField Field(ClientFieldSetup field) => new(field.Code, field.Name, field.Kind, [.. field.Options.Select(o => new FieldOption(o.Code, o.Name))], field.Target, field.Expression);

    static ProblemHttpResult DoNotFit(ValuesDoNotFit misfits, string field)
    {
        var such = string.Join(", ", misfits.Examples);
        return Problems.Of(StatusCodes.Status409Conflict, "values_do_not_fit", $"{misfits.Count} stored values do not fit, such as {such}. Nothing was changed.",
            new Dictionary<string, string[]>(StringComparer.Ordinal) { [field] = [$"what all stored values fit; {misfits.Count} do not: {such}"] });
    }
}
