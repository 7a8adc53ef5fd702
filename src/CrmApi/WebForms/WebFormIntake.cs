using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Tasks;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CallCrm.CrmApi.WebForms;

/// <summary>
/// Takes what a form of the site hands in: the client is found by number or mail or made, a task or deal is made, all in one transaction. A stranger filled it: no value that stands on a card is
/// overwritten, and the answer tells nothing of the card but its id.
/// </summary>
internal sealed class WebFormIntake(NpgsqlDataSource database, WebFormStore forms, ClientDirectory directory, DealStore deals, TaskStore tasks, CardAudit cards, AuditStore audit, ChangeHints hints, IOptions<SiteOptions> site, TimeProvider time)
{
    const int MostValues = 100;
    const int LongestValue = 4_000;
    const int LongestKey = 200;

    public async Task<Results<Ok<WebFormAnswer>, ProblemHttpResult>> TakeAsync(string code, Dictionary<string, string?> values, string? once, Person person, CancellationToken cancel)
    {
        if (once is { Length: 0 or > LongestKey }) return Problems.Invalid(Contracts.WebForms.IdempotencyHeader, "1 to 200 characters");
        if (values.Count is 0 or > MostValues) return Problems.Invalid("body", "1 to 100 fields of the form");
        if (values.FirstOrDefault(v => v.Key.Length is 0 or > 100 || v.Value is { Length: > LongestValue }) is { Key: not null } wrong) return Problems.Invalid(wrong.Key.Length > 100 ? wrong.Key[..100] : wrong.Key, "a name of 1 to 100 characters and a text of at most 4000");
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (await forms.FindAsync(transaction, code, cancel) is not { } form) return Problems.NotFound("web form");
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => JsonSerializer.Serialize(new[] { v.Key, v.Value })))));
        if (once is not null && await BeforeAsync(transaction, code, once, cancel) is { } before)
        {
            return before.BodyHash.AsSpan().SequenceEqual(hash) ? TypedResults.Ok(before.Answer)
                : Problems.Of(StatusCodes.Status409Conflict, "key_used", "This Idempotency-Key came with another body before. Nothing was done.");
        }

        var (fields, rest, errors) = Read(form, values);
        if (errors.Count > 0) return Problems.Invalid(errors);
        var whose = await WhoseAsync(transaction, form, cancel);
        var client = new ImportedClient(Guid.CreateVersion7(), fields with { ResponsibleId = whose }, $"web form: {form.Name}");
        var rule = new ImportRule(form.Duplicates == "skip" ? ImportDuplicates.Skip : ImportDuplicates.FillEmpty, ByNumber: true, ByMail: true, site.Value.Region);
        Guid card;
        var taken = (await directory.ImportAsync(transaction, [client], rule, cancel))[0];
        switch (taken)
        {
            case ClientImported.Invalid invalid:
                return Problems.Invalid(Named(form, invalid.Errors));
            case ClientImported.Made made:
                card = made.Id;
                break;
            case ClientImported.Changed changed:
                card = changed.Id;
                break;
            case var other:
                card = ((ClientImported.Skipped)other).Id;
                break;
        }

        var answer = await MakeAsync(transaction, form, card, card == client.Id, whose, person, cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            insert into web_form_submission (id, form, form_name, idempotency_key, body_hash, at, client_id, created, task_id, deal_id, text, key_id)
            values (@Id, @Code, @Name, @once, @hash, @now, @ClientId, @Created, @TaskId, @DealId, @rest, @key)
            """, new { answer.Id, form.Code, form.Name, once, hash, now = time.GetUtcNow(), answer.ClientId, answer.Created, answer.TaskId, answer.DealId, rest, key = person.Key }, transaction, cancellationToken: cancel));
        await cards.WriteImportedAsync(transaction, person.Id, [taken], cancel);
        await audit.AddChangeAsync(transaction, person.Id, "web_form.submitted", "client", card.ToString(), "", form.Name, cancel);
        await hints.AddAsync(transaction, "client", card.ToString(), null, null, cancel);
        await transaction.CommitAsync(cancel);
        hints.Wake();
        return TypedResults.Ok(answer);
    }

    /// <summary>Held until the transaction ends: of two at the same time the second finds what the first made.</summary>
    static async Task<Before?> BeforeAsync(NpgsqlTransaction transaction, string form, string once, CancellationToken cancel)
    {
        await transaction.Connection!.ExecuteAsync(new CommandDefinition("select pg_advisory_xact_lock(hashtextextended(@form || ' ' || @once, 442))", new { form, once }, transaction, cancellationToken: cancel));
        return await transaction.Connection!.QuerySingleOrDefaultAsync<Before>(new CommandDefinition(
            "select id, client_id, created, task_id, deal_id, body_hash from web_form_submission where form = @form and idempotency_key = @once", new { form, once }, transaction, cancellationToken: cancel));
    }

    async Task<WebFormAnswer> MakeAsync(NpgsqlTransaction transaction, WebFormSetup form, Guid card, bool created, Guid? whose, Person person, CancellationToken cancel)
    {
        // Who knows the client already goes on with them.
        var owner = await transaction.Connection!.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            "select u.id from client c join app_user u on u.id = c.responsible_id and u.active where c.id = client_root(@card)", new { card }, transaction, cancellationToken: cancel)) ?? whose;
        var title = form.Title.Length > 0 ? form.Title : form.Name;
        Guid? task = null, deal = null;
        if (form.Makes is "task" or "callback")
        {
            task = Guid.CreateVersion7();
            await tasks.AddAsync(transaction, new NewTask(task.Value, card, null, owner ?? person.Id, form.Makes, title, time.GetUtcNow().AddMinutes(form.Due_min)), person.Id, cancel);
        }
        // A type that was put away since makes no more deals; what was handed in is kept all the same.
        else if (form.Makes == "deal" && await DealStore.StageAsync(transaction, form.DealType!, null, cancel) is { } stage)
        {
            deal = Guid.CreateVersion7();
            await deals.AddAsync(transaction, new DealCreate(deal.Value, card, form.DealType!, title), stage, owner, person.Id, cancel);
        }

        return new WebFormAnswer(Guid.CreateVersion7(), card, created, task, deal);
    }

    /// <summary>The form's person, or of its queue whoever has the fewest open tasks.</summary>
    static async Task<Guid?> WhoseAsync(NpgsqlTransaction transaction, WebFormSetup form, CancellationToken cancel) =>
        await transaction.Connection!.ExecuteScalarAsync<Guid?>(new CommandDefinition(
            """
            select u.id from app_user u where u.active and (u.id = @ResponsibleId or (@QueueId is not null and u.id in (select user_id from queue_agent where queue_id = @QueueId)))
            order by u.id = @ResponsibleId desc nulls last, (select count(*) from task t where t.user_id = u.id and t.done_at is null and t.deleted_at is null), u.id limit 1
            """, new { form.ResponsibleId, form.QueueId }, transaction, cancellationToken: cancel));

    static (ClientFields Fields, string Other, Dictionary<string, string[]> Errors) Read(WebFormSetup form, Dictionary<string, string?> values)
    {
        var to = form.Fields.ToDictionary(f => f.Name, f => f.To, StringComparer.OrdinalIgnoreCase);
        var card = new Dictionary<string, string>(StringComparer.Ordinal);
        var rest = new StringBuilder();
        foreach (var (name, value) in values)
        {
            var text = PlainText.CleanLines(value ?? "", LongestValue);
            if (text.Length == 0) continue;
            if (!to.TryGetValue(PlainText.Clean(name, 100), out var field)) rest.Append(PlainText.Clean(name, 100)).Append(": ").Append(text).Append('\n');
            else card[field] = text;
        }

        string Text(string field) => card.GetValueOrDefault(field, "");
        string Line(string field) => PlainText.Clean(Text(field), LongestValue);
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var field in form.Fields.Where(f => f.To is "phone" or "email").Select(f => f.Name))
        {
            if (Text("phone").Length + Text("email").Length == 0) errors[field] = ["a telephone number or a mail"];
        }

        var called = Line("name");
        var company = Line("company");
        // Whoever gives no name is called by what they give.
        if (called.Length + company.Length == 0) called = Line("email").Length > 0 ? Line("email") : Line("phone");
        var custom = card.Where(c => c.Key.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal)).ToDictionary(c => c.Key[CardFieldCodes.CustomPrefix.Length..], c => JsonSerializer.SerializeToElement(c.Value), StringComparer.Ordinal);
        return (new ClientFields("person", called, company, Line("email"), Line("city"), Text("note"), null, null, null, Line("phone").Length > 0 ? [new ClientNumber(Line("phone"), "", true)] : [])
        {
            More = new ClientMore(Custom: custom.Count > 0 ? custom : null),
        }, rest.ToString().TrimEnd(), errors);
    }

    /// <summary>The card's names of fields become the form's.</summary>
    static Dictionary<string, string[]> Named(WebFormSetup form, IReadOnlyDictionary<string, string[]> errors)
    {
        var named = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (var (field, expected) in errors)
        {
            var to = field.StartsWith("phones", StringComparison.Ordinal) ? "phone" : field;
            named[form.Fields.FirstOrDefault(f => f.To == to)?.Name ?? field] = expected;
        }

        return named;
    }

    sealed record Before(Guid Id, Guid ClientId, bool Created, Guid? TaskId, Guid? DealId, byte[] BodyHash)
    {
        public WebFormAnswer Answer => new(Id, ClientId, Created, TaskId, DealId);
    }
}
