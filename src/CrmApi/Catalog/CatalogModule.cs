using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using Dapper;
using Npgsql;

namespace CallCrm.CrmApi.Catalog;

/// <summary>Everything the pages choose from.</summary>
internal static class CatalogModule
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/catalog", ReadAsync).RequireAuthorization(Rights.SeeCatalog).WithTags("Catalog")
            .WithName("GetCatalog").WithSummary("What the pages choose from: pause reasons, dispositions, segments, queues, people and their departments (by their whole path), deal types, the clients' own fields");
        api.MapGet("/clock", (TimeProvider time) => TypedResults.Ok(new ClockView(time.GetUtcNow()))).RequireAuthorization(Rights.SeeCatalog).WithTags("Catalog")
            .WithName("GetClock").WithSummary("What the server takes for now: a page compares its own clock, and sees how far the server is");
    }

    static async Task<CatalogView> ReadAsync(Person person, NpgsqlDataSource database, SiteClock clock, CancellationToken cancel)
    {
        await using var connection = await database.OpenConnectionAsync(cancel);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            select r.code, r.name, r.allowance_min from pause_reason r join app_user u on u.domain = r.domain where u.id = @id and not r.retired order by r.position, r.code;
            select code, name, outcome, parent, is_group, queues, rule::text, campaigns from disposition where not retired order by position, code;
            select code, name, retired from segment order by retired, position, code;
            select q.id, q.name, q.service_level_s from queue q join app_user u on u.domain = q.domain where u.id = @id and q.retired_at is null order by q.position, q.name, q.id;
            select id, name, is_agent from app_user where active order by name, id;
            select code, name, retired from deal_type order by retired, position, code;
            select deal_type, code, name, retired from stage order by deal_type, retired, position, code;
            select code, name, kind, options::text, target, result, expression from client_field where not archived order by position, code;
            select role, deal_type, groups::text, version from card_layout where role is null or role = @role order by role nulls first, deal_type nulls first;
            select code, name, retired, from_day, to_day from campaign order by retired, position, code;
            with recursive tree (id, name) as (select id, name from department where parent_id is null union all select d.id, t.name || ' / ' || d.name from tree t join department d on d.parent_id = t.id)
            select id::text as code, name from tree order by lower(name), id;
            """,
            new { id = person.Id, role = person.Role }, cancellationToken: cancel));
        var pauses = await results.ReadAsync<PauseReasonView>();
        var dispositions = (await results.ReadAsync<DispositionRow>()).Select(d => d.View());
        var segments = (await results.ReadAsync<ListRow>()).Select(s => s.View());
        var queues = await results.ReadAsync<QueueView>();
        var people = await results.ReadAsync<PersonView>();
        var types = await results.ReadAsync<ListRow>();
        var stages = (await results.ReadAsync<StageRow>()).ToLookup(s => s.DealType, StringComparer.Ordinal);
        var fields = await results.ReadAsync<FieldRow>();
        var layouts = (await results.ReadAsync<LayoutStore.Row>()).Select(r => r.View());
        var campaigns = (await results.ReadAsync<CampaignRow>()).Select(c => c.View(clock));
        var departments = (await results.ReadAsync<(string Code, string Name)>()).Select(d => new NamedCode(d.Code, d.Name));
        return new CatalogView([.. pauses], [.. dispositions], [.. segments], [.. queues], [.. people],
            [.. types.Select(t => new DealTypeView(t.Code, t.Name, [.. stages[t.Code].Select(s => new NamedCode(s.Code, s.Name) { Retired = s.Retired })]) { Retired = t.Retired })],
            [.. fields.Select(f => new ClientFieldView(f.Code, f.Name, f.Kind, [.. CustomField.ReadOptions(f.Options).Select(o => new NamedCode(o.Code, o.Name))], f.Target, f.Result, f.Expression))], [.. layouts], Campaigns: [.. campaigns], Departments: [.. departments]);
    }

    sealed record ListRow(string Code, string Name, bool Retired)
    {
        public NamedCode View() => new(Code, Name) { Retired = Retired };
    }

    sealed record CampaignRow(string Code, string Name, bool Retired, DateOnly? From_day, DateOnly? To_day)
    {
        public CampaignView View(SiteClock clock) => new(Code, Name, clock.Begins(From_day), clock.Begins(To_day?.AddDays(1))) { Retired = Retired };
    }

    sealed record StageRow(string DealType, string Code, string Name, bool Retired);

    sealed record FieldRow(string Code, string Name, string Kind, string Options, string? Target, string? Result, string? Expression);
}
