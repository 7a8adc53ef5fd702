using System.Text.Json;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.WebForms;

/// <summary>The forms as administrators set them up; every change is audited.</summary>
internal sealed partial class WebFormStore(NpgsqlDataSource database, AuditStore audit, IOptions<RouterRoadOptions> road, TimeProvider time)
{
    const int Most = 50;
    const int MostFields = 50;

    public async Task<WebFormsView> ListAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"{Columns} where f.domain = @Domain order by f.name, f.code", new { road.Value.Domain }, cancellationToken: cancel));
        return new WebFormsView([.. rows.Select(r => r.View())]);
    }

    /// <summary>Locked against a change until the transaction ends. Null: there is none, or it takes nothing.</summary>
    public async Task<WebFormSetup?> FindAsync(NpgsqlTransaction transaction, string code, CancellationToken cancel)
    {
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("select from web_form where code = @code for share", new { code }, transaction, cancellationToken: cancel));
        return await ReadAsync(transaction, code, cancel) is { Active: true } form ? form : null;
    }

    public async Task<Results<Ok<WebFormsView>, ProblemHttpResult>> SaveAsync(Person by, WebFormSetup form, CancellationToken cancel)
    {
        form = form with { Name = PlainText.Clean(form.Name, 101), Title = PlainText.Clean(form.Title, 201), Fields = [.. form.Fields.Select(f => new WebFormField(PlainText.Clean(f.Name, 101), f.To))] };
        await using (var connection = await database.OpenConnectionAsync(cancel))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            if (await CheckAsync(transaction, form, cancel) is { Count: > 0 } errors) return Problems.Invalid(errors);
            var was = await ReadAsync(transaction, form.Code, cancel);
            if (was is null && form.Version > 0) return Problems.NotFound("web form");
            if (was is null && await connection.ExecuteScalarAsync<int>(new CommandDefinition("select count(*) from web_form where domain = @Domain", new { road.Value.Domain }, transaction, cancellationToken: cancel)) >= Most)
                return Problems.Of(StatusCodes.Status409Conflict, "list_full", $"There are {Most} web forms already.");
            var rows = await connection.ExecuteAsync(new CommandDefinition(
                form.Version == 0
                    ? """
                      insert into web_form (code, domain, name, responsible_id, queue_id, fields, duplicates, makes, deal_type, title, due_min, active, created_at)
                      values (@Code, @Domain, @Name, @ResponsibleId, @QueueId, @fields::jsonb, @Duplicates, @Makes, @DealType, @Title, @Due_min, @Active, @now) on conflict do nothing
                      """
                    : """
                      update web_form set name = @Name, responsible_id = @ResponsibleId, queue_id = @QueueId, fields = @fields::jsonb, duplicates = @Duplicates, makes = @Makes, deal_type = @DealType, title = @Title, due_min = @Due_min,
                        active = @Active, version = version + 1 where code = @Code and domain = @Domain and version = @Version
                      """,
                new { form.Code, road.Value.Domain, form.Name, form.ResponsibleId, form.QueueId, fields = JsonSerializer.Serialize(form.Fields, JsonSerializerOptions.Web), form.Duplicates, form.Makes, form.DealType, form.Title, form.Due_min, form.Active, form.Version, now = time.GetUtcNow() },
                transaction, cancellationToken: cancel));
            if (rows == 0) return Problems.Of(StatusCodes.Status409Conflict, "edit_conflict", "Somebody changed it meanwhile. Nothing was saved.");
            await audit.AddChangeAsync(transaction, by.Id, "web_form.saved", "web_form", form.Code, was is null ? "" : Said(was), Said(form), cancel);
            await transaction.CommitAsync(cancel);
        }

        return TypedResults.Ok(await ListAsync(cancel));
    }

    /// <summary>With what is known of what it handed in; cards, tasks and deals stay.</summary>
    public async Task<bool> RemoveAsync(Person by, string code, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await ReadAsync(transaction, code, cancel) is not { } was) return false;
        await connection.ExecuteAsync(new CommandDefinition("delete from web_form where code = @code", new { code }, transaction, cancellationToken: cancel));
        await audit.AddChangeAsync(transaction, by.Id, "web_form.removed", "web_form", code, Said(was), "", cancel);
        await transaction.CommitAsync(cancel);
        return true;
    }

    async Task<Dictionary<string, string[]>> CheckAsync(NpgsqlTransaction transaction, WebFormSetup form, CancellationToken cancel)
    {
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        Task<bool> Is(string sql, object values) => transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition($"select exists ({sql})", values, transaction, cancellationToken: cancel));
        if (!Code().IsMatch(form.Code)) errors["code"] = ["codes of 1 to 40 small letters, digits, - and _"];
        if (form.Name.Length is 0 or > 100) errors["name"] = ["a name of 1 to 100 characters"];
        if (form.Title.Length > 200) errors["title"] = ["at most 200 characters"];
        if (form.Due_min is < 0 or > 43_200) errors["due_min"] = ["0 to 43200 minutes"];
        if (form.Duplicates is not ("skip" or "fill_empty")) errors["duplicates"] = ["skip or fill_empty"];
        if (!Contracts.WebForms.Made.Contains(form.Makes)) errors["makes"] = ["nothing, task, callback or deal"];
        if ((form.Makes == "deal") != (form.DealType is not null)
            || (form.DealType is not null && !await Is("select from deal_type where code = @DealType and not retired", new { form.DealType }))) errors["dealType"] = ["a deal type, of what makes deals alone"];
        if (form.ResponsibleId is not null && !await Is("select from app_user where id = @ResponsibleId and domain = @Domain and active", new { form.ResponsibleId, road.Value.Domain })) errors["responsibleId"] = ["a person who is active"];
        if (form.QueueId is not null && !await Is("select from queue where id = @QueueId and domain = @Domain", new { form.QueueId, road.Value.Domain })) errors["queueId"] = ["a queue"];
        if (form.Makes != "nothing" && form.ResponsibleId is null && form.QueueId is null) errors["responsibleId"] = ["somebody, or a queue, for what is made"];
        var own = (await transaction.Connection!.QueryAsync<string>(new CommandDefinition("select 'custom.' || code from client_field where not archived and kind not in ('link', 'calculated')", transaction: transaction, cancellationToken: cancel))).ToHashSet(StringComparer.Ordinal);
        if (form.Fields.Count > MostFields || form.Fields.Any(f => f.Name.Length is 0 or > 100 || !(Contracts.WebForms.Targets.Contains(f.To) || own.Contains(f.To))) || form.Fields.DistinctBy(f => f.Name, StringComparer.OrdinalIgnoreCase).Count() < form.Fields.Count
            || form.Fields.DistinctBy(f => f.To, StringComparer.Ordinal).Count() < form.Fields.Count)
            errors["fields"] = ["names of the form, each once, and for each a field of the card"];
        else if (!form.Fields.Any(f => f.To is "phone" or "email")) errors["fields"] = ["a number or a mail among them, by which the card is found"];
        return errors;
    }

    static string Said(WebFormSetup f) =>
        $"{f.Name} | {string.Join(", ", f.Fields.Select(x => $"{x.Name} → {x.To}"))} | {f.Duplicates} | {f.Makes} {f.DealType} {f.Title} {f.Due_min} | {f.ResponsibleId} {f.QueueId} | {(f.Active ? "active" : "off")}";

    async Task<WebFormSetup?> ReadAsync(NpgsqlTransaction transaction, string code, CancellationToken cancel) =>
        (await transaction.Connection!.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"{Columns} where f.code = @code and f.domain = @Domain", new { code, road.Value.Domain }, transaction, cancellationToken: cancel)))?.View();

    const string Columns =
        """
        select f.code, f.name, f.responsible_id, f.queue_id, f.fields::text as fields, f.duplicates, f.makes, f.deal_type, f.title, f.due_min, f.active, f.version, s.last_at, coalesce(s.submissions, 0)::int as submissions
        from web_form f left join lateral (select max(at) as last_at, count(*) as submissions from web_form_submission where form = f.code) s on true
        """;

    [GeneratedRegex("^[a-z0-9][a-z0-9_-]{0,39}$", RegexOptions.CultureInvariant)]
    private static partial Regex Code();

    sealed record Row(string Code, string Name, Guid? ResponsibleId, Guid? QueueId, string Fields, string Duplicates, string Makes, string? DealType, string Title, int Due_min, bool Active, int Version, DateTimeOffset? LastAt, int Submissions)
    {
        public WebFormSetup View() => new(Code, Name, ResponsibleId, QueueId, JsonSerializer.Deserialize<WebFormField[]>(Fields, JsonSerializerOptions.Web)!, Duplicates, Makes, DealType, Title, Due_min, Active, Version, LastAt, Submissions);
    }
}
