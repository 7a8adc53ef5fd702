using System.Text.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Queues: times, hours, holidays, who serves them, what follows.</summary>
internal static class QueueAdmin
{
    public static void Map(IEndpointRouteBuilder admin)
    {
        admin.MapPut("/queues/{id}", SaveAsync).WithName("SaveQueue").WithSummary("Make (version 0) or change a queue with its hours, holidays and members");
        admin.MapDelete("/queues/{id}", RetireAsync).WithName("RetireQueue").WithSummary("Put a queue away: no calls any more, its old ones keep its name. Refused while a number or another queue leads to it");
    }

    static AdminWriter.Subject<QueueSetup> Subject(Guid id) =>
        new("queue", id.ToString(), v => v.Queues.FirstOrDefault(q => q.Id == id), q => q.Name, ContractsJson.Default.QueueSetup);

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> SaveAsync(Guid id, QueueSetup queue, Person person, AdminWriter writer, CancellationToken cancel)
    {
        if (queue.Id != id) return Problems.Invalid("id", "the id of the address");
        queue = queue with { Name = Texts.Clean(queue.Name).Trim() };
        return (await WriteAsync(queue, person, writer, cancel)).Answer();
    }

    public static Task<AdminWriter.Written> WriteAsync(QueueSetup queue, Person person, AdminWriter writer, CancellationToken cancel) =>
        writer.ChangeAsync(person, Subject(queue.Id), known => AdminRules.Check(queue, known), change => WriteAsync(queue, change, cancel), cancel);

    static async Task<ProblemHttpResult?> WriteAsync(QueueSetup queue, AdminWriter.Change change, CancellationToken cancel)
    {
        var values = new
        {
            queue.Id,
            queue.Name,
            queue.Ring_s,
            queue.WrapUp_s,
            queue.PreferredPatience_s,
            queue.MaxWait_s,
            queue.ServiceLevel_s,
            queue.TimeZone,
            queue.LastContactDays,
            queue.LastContactTalk_s,
            queue.Record,
            queue.Version,
            queue.AfterWrapUp,
            queue.BlockWithheld,
            blocked = Json(queue.WhenBlocked ?? new OverflowSetup("busy", "")),
            queue.MostWaiting,
            change.Domain,
            after = Json(queue.AfterMaxWait),
            closed = Json(queue.WhenClosed),
            nobody = Json(queue.WhenNobody),
            hours = queue.Hours is null ? null : JsonSerializer.Serialize(queue.Hours),
            days = queue.Holidays.Select(h => h.Day).ToArray(),
            names = queue.Holidays.Select(h => Texts.Clean(h.Name).Trim()).ToArray(),
            users = queue.Members.Select(m => m.User).ToArray(),
            levels = queue.Members.Select(m => m.Level).ToArray(),
            skills = (queue.Skills ?? []).Select(s => s.Skill).ToArray(),
            least = (queue.Skills ?? []).Select(s => s.Least).ToArray(),
        };
        var rows = queue.Version == 0
            ? await change.DoAsync(
                """
                insert into queue (id, domain, name, ring_s, wrap_up_s, preferred_patience_s, max_wait_s, service_level_s, after_max_wait, when_closed, when_nobody, time_zone, hours,
                  last_contact_days, last_contact_talk_s, record, after_wrap_up, when_blocked, block_withheld, most_waiting, position)
                values (@Id, @Domain, @Name, @Ring_s, @WrapUp_s, @PreferredPatience_s, @MaxWait_s, @ServiceLevel_s, @after::jsonb, @closed::jsonb, @nobody::jsonb, @TimeZone, @hours::jsonb,
                  @LastContactDays, @LastContactTalk_s, @Record, @AfterWrapUp, @blocked::jsonb, @BlockWithheld, @MostWaiting, coalesce((select max(position) + 1 from queue where domain = @Domain), 0)) on conflict (id) do nothing
                """, values, cancel)
            : await change.DoAsync(
                """
                update queue set name = @Name, ring_s = @Ring_s, wrap_up_s = @WrapUp_s, preferred_patience_s = @PreferredPatience_s, max_wait_s = @MaxWait_s, service_level_s = @ServiceLevel_s,
                  after_max_wait = @after::jsonb, when_closed = @closed::jsonb, when_nobody = @nobody::jsonb, time_zone = @TimeZone, hours = @hours::jsonb,
                  last_contact_days = @LastContactDays, last_contact_talk_s = @LastContactTalk_s, record = @Record, after_wrap_up = @AfterWrapUp, when_blocked = @blocked::jsonb, block_withheld = @BlockWithheld, most_waiting = @MostWaiting, version = version + 1
                where id = @Id and version = @Version and domain = @Domain and retired_at is null
                """, values, cancel);
        if (rows == 0) return change.Conflict(rows);
        await change.DoAsync(
            """
            delete from queue_holiday where queue_id = @Id;
            insert into queue_holiday (queue_id, day, name) select @Id, day, name from unnest(@days, @names) as h(day, name);
            delete from queue_agent where queue_id = @Id;
            insert into queue_agent (queue_id, user_id, level) select @Id, user_id, level from unnest(@users, @levels) as m(user_id, level);
            delete from queue_skill where queue_id = @Id;
            insert into queue_skill (queue_id, skill, least) select @Id, skill, least from unnest(@skills, @least) as n(skill, least);
            """, values, cancel);
        return null;
    }

    static async Task<Results<Ok<AdminView>, ProblemHttpResult>> RetireAsync(Guid id, Person person, AdminWriter writer, CancellationToken cancel) =>
        (await writer.ChangeAsync(person, Subject(id), known => CheckUnused(id, known),
            async change => change.Conflict(await change.DoAsync(
                "update queue set retired_at = @Now, version = version + 1 where id = @id and domain = @Domain and retired_at is null", new { id, change.Now, change.Domain }, cancel)), cancel)).Answer();

    /// <summary>Names what leads here, so that it can be led elsewhere first.</summary>
    static AdminRules.Errors CheckUnused(Guid id, AdminView known)
    {
        var errors = new AdminRules.Errors();
        foreach (var number in known.Numbers.Where(n => n.Queue == id)) errors.Add("queue", $"that no number leads to: {number.Number} does");
        foreach (var queue in known.Queues.Where(q => q.Id != id && new[] { q.AfterMaxWait, q.WhenClosed, q.WhenNobody }.Any(o => o.Kind == "queue" && o.Target == id.ToString())))
            errors.Add("queue", $"that no queue leads to: {queue.Name} does");
        return errors;
    }

    static string Json(OverflowSetup overflow) => JsonSerializer.Serialize(overflow, ContractsJson.Default.OverflowSetup);
}
