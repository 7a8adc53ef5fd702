using CallCrm.Contracts;
using Dapper;
using Numbers = CallCrm.CallFlow.PhoneNumbers;

namespace CallCrm.CrmApi.Clients;

/// <summary>Reads whole cards, many at once, as four statements of a batch: one round trip together with whatever else the batch reads.</summary>
internal static class CardReader
{
    /// <summary>Parameter @clients: uuid[].</summary>
    public const string Sql =
        """
        select c.id, c.number, c.kind, c.name, c.company, c.email, c.city, c.note, c.language, c.segment, s.name as segment_name, c.segment_reason, c.source,
          c.responsible_id, u.name as responsible_name, c.confirmed, c.version, c.created_at, c.hidden_at is not null as hidden
        from client c left join segment s on s.code = c.segment left join app_user u on u.id = c.responsible_id
        where c.id = any(@clients);
        select client_id, e164, label, is_main from client_phone where client_id = any(@clients) order by client_id, is_main desc, added_at, e164;
        select d.client_id, d.id, d.number, d.deal_type, t.name as deal_type_name, d.stage, s.name as stage_name, d.title, d.amount, d.currency, u.name as responsible_name, d.stage_since, d.version, d.responsible_id
        from deal d join deal_type t on t.code = d.deal_type join stage s on s.deal_type = d.deal_type and s.code = d.stage
        left join app_user u on u.id = d.responsible_id
        where d.client_id = any(@clients) and d.closed_at is null order by d.stage_since desc, d.id;
        select k.id as client_id, l.id as call_id, l.started_at as at, u.name as agent_name, coalesce(l.talk_ms, 0) as talk_ms, coalesce(p.name, w.disposition) as disposition, w.note
        from unnest(@clients) k (id)
        cross join lateral (
          select id, started_at, talk_ms, agent_id from call
          where client_id = k.id and state = 'Ended' and merged_into is null order by started_at desc limit 1) l
        left join app_user u on u.id = l.agent_id
        left join wrap_up w on w.call_id = l.id and w.agent_id = l.agent_id
        left join disposition p on p.code = w.disposition;
        """;

    public static async Task<Dictionary<Guid, ClientCardView>> ReadAsync(SqlMapper.GridReader results)
    {
        var cards = await results.ReadAsync<CardRow>();
        var phones = (await results.ReadAsync<PhoneRow>()).ToLookup(p => p.ClientId);
        var deals = (await results.ReadAsync<DealRow>()).ToLookup(d => d.ClientId);
        var lastCalls = (await results.ReadAsync<LastCallRow>()).ToDictionary(l => l.ClientId);
        return cards.ToDictionary(c => c.Id, c => new ClientCardView(c.Id, c.Number, c.Kind, c.Name, c.Company, c.Email, c.City, c.Note, c.Language,
            c.Segment, c.SegmentName, c.SegmentReason, c.Source, c.ResponsibleId, c.ResponsibleName, c.Confirmed, c.Version,
            [.. phones[c.Id].Select(p => new PhoneView(p.E164, Numbers.Format(p.E164, "en"), p.Label, p.IsMain))],
            [.. deals[c.Id].Select(d => new DealView(d.Id, d.Number, d.DealType, d.DealTypeName, d.Stage, d.StageName, d.Title, d.Amount, d.Currency, d.ResponsibleName, d.StageSince, d.Version, d.ResponsibleId))],
            lastCalls.GetValueOrDefault(c.Id) is { } l ? new LastCallView(l.CallId, l.At, l.AgentName, l.Talk_ms / 1000, l.Disposition, l.Note) : null,
            c.CreatedAt, c.Hidden));
    }

    sealed record CardRow(Guid Id, long Number, string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment,
        string? SegmentName, string SegmentReason, string Source, Guid? ResponsibleId, string? ResponsibleName, bool Confirmed, int Version, DateTimeOffset CreatedAt, bool Hidden);

    sealed record PhoneRow(Guid ClientId, string E164, string Label, bool IsMain);

    sealed record DealRow(Guid ClientId, Guid Id, long Number, string DealType, string DealTypeName, string Stage, string StageName, string Title, decimal? Amount,
        string Currency, string? ResponsibleName, DateTimeOffset StageSince, int Version, Guid? ResponsibleId);

    sealed record LastCallRow(Guid ClientId, Guid CallId, DateTimeOffset At, string? AgentName, int Talk_ms, string? Disposition, string? Note);
}
