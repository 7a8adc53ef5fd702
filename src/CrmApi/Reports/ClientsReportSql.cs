using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Clients;

namespace CallCrm.CrmApi.Reports;

/// <summary>One pass over the cards, their calls and deals; the lines are made of what it found.</summary>
internal static class ClientsReportSql
{
    /// <summary>As the list of clients shows them.</summary>
    const string Cards = "c.merged_into is null and c.deleted_at is null and c.hidden_at is null and (@cards::uuid[] is null or c.responsible_id = any(@cards))";

    /// <summary>Of the merged card <c>k</c> the one that it went into.</summary>
    const string Root = "case when k.merged_into is null then k.id else client_root(k.id) end as id";

    /// <summary>What is counted of cards <c>b</c>, with their calls and deals beside them.</summary>
    const string Counts =
        """
        count(*) as clients, count(*) filter (where b.fresh) as fresh, count(*) filter (where b.called) as called, coalesce(sum(b.calls_in), 0)::bigint as calls_in, coalesce(sum(b.answered), 0)::bigint as answered,
            coalesce(sum(b.missed), 0)::bigint as missed, coalesce(sum(b.calls_out), 0)::bigint as calls_out, coalesce(sum(b.reached), 0)::bigint as reached, coalesce(sum(b.talk_ms), 0)::bigint as talk_ms,
            coalesce(sum(b.opened), 0)::bigint as opened, coalesce(sum(b.won), 0)::bigint as won, coalesce(sum(b.lost), 0)::bigint as lost, coalesce(sum(b.open), 0)::bigint as open
        """;

    const string Added =
        """
        coalesce(sum(g.clients), 0)::bigint as clients, coalesce(sum(g.fresh), 0)::bigint as fresh, coalesce(sum(g.called), 0)::bigint as called, coalesce(sum(g.calls_in), 0)::bigint as calls_in, coalesce(sum(g.answered), 0)::bigint as answered, coalesce(sum(g.missed), 0)::bigint as missed,
            coalesce(sum(g.calls_out), 0)::bigint as calls_out, coalesce(sum(g.reached), 0)::bigint as reached, coalesce(sum(g.talk_ms), 0)::bigint as talk_ms, coalesce(sum(g.opened), 0)::bigint as opened, coalesce(sum(g.won), 0)::bigint as won, coalesce(sum(g.lost), 0)::bigint as lost, coalesce(sum(g.open), 0)::bigint as open
        """;

    const string None = "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0";

    /// <summary>Of the own fields <c>o.v</c> and <c>a.v</c>: number and amount with its currency; what is of another kind, from before a change of the field's, is none.</summary>
    static string Amount(string kind, string value) => kind == "money"
        ? $"case when jsonb_typeof({value} -> 'amount') = 'number' then ({value} ->> 'amount')::numeric end"
        : $"case when jsonb_typeof({value}) = 'number' then ({value} #>> '{{}}')::numeric end";

    static string Currency(string kind, string value) => kind == "money" ? $"coalesce({value} ->> 'currency', '')" : "''";

    /// <summary>The key of a card <c>c</c>: '' without a value; several of choices (as JSON), tags and departments.</summary>
    static string Key(ClientsReportBy by) => (by.Code, by.Kind) switch
    {
        ("segment" or "kind" or "language", _) => $"coalesce(c.{by.Code}, '')",
        ("source", _) => "c.source",
        ("city", _) => "btrim(c.city)",
        ("responsible", _) => "coalesce(c.responsible_id::text, '')",
        ("tag", _) => "c.tags",
        ("department", _) => "coalesce(m.keys, '{}')",
        (_, "number" or "money") => Own(by, $"case when r.step is null then '?' else r.currency || '|' || least(greatest(floor(({Amount(by.Kind, "o.v")} - r.first) / r.step), -1), r.count)::int end"),
        (_, "choices") => Own(by, "o.v", "'[\"\"]'"),
        (_, "date") => Own(by, "left(o.v #>> '{}', 7)"),
        (_, "link") => Own(by, "o.v ->> 'id'"),
        _ => Own(by, "o.v #>> '{}'"),
    };

    static string Own(ClientsReportBy by, string key, string none = "''") => $"case when {OwnValues.None(by.Kind, "o.v")} then {none} else {key} end";

    /// <summary>The people of a department are those of all above it, as the list of clients has it.</summary>
    const string Members =
        """
        member as materialized (
          with recursive up (person, id) as (
            select id, department_id from app_user where department_id is not null union select u.person, d.parent_id from up u join department d on d.id = u.id where d.parent_id is not null)
          select person, array_agg(id::text) as keys from up group by 1
        ),
        """;

    static string Joins(ClientsReportBy by) => (by.Own ? " cross join lateral (select " + by.Column + " -> @by as v) o" : "") + by switch
    {
        { Code: "department" } => " left join member m on m.person = c.responsible_id",
        { IsRange: true } => $" left join unnest(@currencies::text[], @firsts::numeric[], @steps::numeric[], @counts::int[]) r (currency, first, step, count) on r.currency = {Currency(by.Kind, "o.v")}",
        _ => "",
    };

    /// <summary>What a key <c>g.key</c> is called, and whether it may be told; that of a link's target is the target's own, as it may have been merged.</summary>
    static (string Key, string Name, string Told, string Join) Names(ClientsReportBy by) => by switch
    {
        { Code: "segment" } => ("g.key", "x.name", "true", "left join segment x on x.code = g.key"),
        { Code: "responsible" } or { Target: "person" } => ("g.key", "x.name", "g.key = '' or x.id is not null", "left join app_user x on x.id = nullif(g.key, '')::uuid"),
        { Code: "department" } => ("g.key", "x.name", "true", "left join department x on x.id = nullif(g.key, '')::uuid"),
        { Target: "client" } => ("coalesce(x.id::text, '')", "coalesce(nullif(x.name, ''), x.company)", "x.id is not null and (@clients::uuid[] is null or x.responsible_id = any(@clients))",
            "left join client k on k.id = nullif(g.key, '')::uuid left join client x on x.id = case when k.merged_into is null then k.id else client_root(k.id) end and x.deleted_at is null"),
        { Target: "deal" } => ("coalesce(x.id::text, '')", "x.title", $"x.id is not null and {Clients.CardLinks.SeenDeal("x")}", "left join deal x on x.id = nullif(g.key, '')::uuid and x.deleted_at is null"),
        _ => ("g.key", "null::text", "g.key <> '?'", ""),
    };

    /// <summary>Where ranges are to begin and end: between the twentieth and the last but one twentieth of the values, so that a few odd ones do not stretch them.</summary>
    public static string Spread(ClientsReportBy by) =>
        $"""
        select v.currency, round((percentile_disc(array[0.05, 0.95]) within group (order by v.amount))[1], 4) as low, round((percentile_disc(array[0.05, 0.95]) within group (order by v.amount))[2], 4) as high,
          bool_and(v.amount = trunc(v.amount)) as whole
        from (select {Amount(by.Kind, "o.v")} as amount, {Currency(by.Kind, "o.v")} as currency from client c cross join lateral (select {by.Column} -> @by as v) o where {Cards}) v
        where v.amount is not null group by 1 order by count(*) desc, 1 limit 20
        """;

    public static string Of(ClientsReportBy by, ClientsReportBy? sum)
    {
        var sumKind = sum?.Kind;
        var each = !by.HasMany ? "" : by.Own ? "cross join lateral jsonb_array_elements_text(b.key) e (key)" : "cross join lateral unnest(case when cardinality(b.key) > 0 then b.key else array[''] end) e (key)";
        var key = by.HasMany ? "e.key" : "b.key";
        // Cards with the same tags or choices are added up before they are counted in each of them: there are few such bags.
        var bag = by.HasMany ? "bag" : "grp";
        var (named, name, told, join) = Names(by);
        return $"""
            with {(by.Code == "department" ? Members : "")}
            base as materialized (
              select c.id, c.created_at >= @from and c.created_at < @to as fresh, {Key(by)} as key,
                {(sumKind is null ? "null::numeric" : Amount(sumKind, "a.v"))} as amount, {(sumKind is null ? "''" : Currency(sumKind, "a.v"))} as currency,
                s.id is not null as called, s.calls_in, s.answered, s.missed, s.calls_out, s.reached, s.talk_ms, d.opened, d.won, d.lost, d.open
              from client c{Joins(by)}{(sumKind is null ? "" : " cross join lateral (select " + sum!.Column + " -> @sum as v) a")}
              left join (
                select {Root}, sum(g.calls_in)::int as calls_in, sum(g.answered)::int as answered, sum(g.missed)::int as missed, sum(g.calls_out)::int as calls_out, sum(g.reached)::int as reached, sum(g.talk_ms)::bigint as talk_ms
                from (
                  select c.client_id, count(*) filter (where c.direction = 'Inbound') as calls_in, count(*) filter (where c.direction = 'Inbound' and c.agent_id is not null and (c.answered_at is not null or c.talk_ms > 0)) as answered,
                    count(*) filter (where c.direction = 'Inbound' and m.kind <> 'Short') as missed, count(*) filter (where c.direction = 'Outbound') as calls_out,
                    count(*) filter (where c.direction = 'Outbound' and c.answered_at is not null) as reached, sum(coalesce(c.talk_ms, 0)) as talk_ms
                  from call c left join missed_call m on m.call_id = c.id
                  where c.domain = @domain and c.direction <> 'Internal' and c.client_id is not null and c.merged_into is null and c.outcome is distinct from 'Blocked' and c.started_at >= @from and c.started_at < @to
                    and (@calls::uuid[] is null or {CallStore.OfPeople("@calls")})
                  group by 1) g
                join client k on k.id = g.client_id group by 1
              ) s on s.id = c.id
              left join (
                select {Root}, (count(*) filter (where d.created_at >= @from and d.created_at < @to))::int as opened, (count(*) filter (where t.outcome = 'won' and d.closed_at >= @from and d.closed_at < @to))::int as won,
                  (count(*) filter (where t.outcome = 'lost' and d.closed_at >= @from and d.closed_at < @to))::int as lost, (count(*) filter (where d.closed_at is null))::int as open
                from deal d join stage t on t.deal_type = d.deal_type and t.code = d.stage join client k on k.id = d.client_id
                where d.deleted_at is null and (@deals::uuid[] is null or d.responsible_id = any(@deals)) and (d.closed_at is null or d.closed_at >= @from or d.created_at >= @from) group by 1
              ) d on d.id = c.id
              where {Cards}
            ), sale as materialized (
              select {Root}, d.currency::text as currency, sum(d.amount) as amount, count(*) as counted
              from deal d join stage t on t.deal_type = d.deal_type and t.code = d.stage and t.outcome = 'won' join client k on k.id = d.client_id
              where d.deleted_at is null and (@deals::uuid[] is null or d.responsible_id = any(@deals)) and d.closed_at >= @from and d.closed_at < @to and d.amount is not null group by 1, 2
            ), {bag} as materialized (
              select b.key, {Counts} from base b group by 1
            ){(by.HasMany ? $", grp as materialized (select e.key, {Added} from bag g {each.Replace("b.key", "g.key", StringComparison.Ordinal)} group by 1)" : "")},
            {(sumKind is null ? "" : "added as materialized (select b.key, b.currency, sum(b.amount) as amount, count(*) as counted from base b where b.amount is not null group by 1, 2),")}
            named as (
              select g.key as raw, g.clients, {named} as key, {name} as name, g.key <> '' and ({told}) as told from grp g {join}
            ), top as (
              select key from named where told group by key order by sum(clients) desc, key limit @most
            ), line as materialized (
              select n.raw, case when n.raw = '' then 'without' when t.key is null then 'others' else 'value' end as kind, coalesce(t.key, '') as key, case when t.key is not null then n.name end as name
              from named n left join top t on n.told and t.key = n.key
            )
            select 'row' as part, l.kind, l.key, min(l.name) as name, null::text as currency, {Added}, null::numeric as amount, 0::bigint as counted from line l join grp g on g.key = l.raw group by l.kind, l.key
            union all
            select 'row', 'total', '', null, null, {Added}, null, 0 from {bag} g
            union all
            select 'won', l.kind, l.key, null, w.currency, {None}, sum(w.amount), sum(w.counted)::bigint from sale w join base b on b.id = w.id {each} join line l on l.raw = {key} group by l.kind, l.key, w.currency
            union all
            select 'won', 'total', '', null, w.currency, {None}, sum(w.amount), sum(w.counted)::bigint from sale w join base b on b.id = w.id group by w.currency
            {(sumKind is null ? "" : $"""
            union all
            select 'sum', l.kind, l.key, null, b.currency, {None}, round(sum(b.amount), 4), sum(b.counted)::bigint from added b {each} join line l on l.raw = {key} group by l.kind, l.key, b.currency
            union all
            select 'sum', 'total', '', null, b.currency, {None}, round(sum(b.amount), 4), sum(b.counted)::bigint from added b group by b.currency
            """)}
            """;
    }
}
