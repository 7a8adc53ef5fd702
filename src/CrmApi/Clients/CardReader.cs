using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Reports;
using Dapper;
using Numbers = CallCrm.CallFlow.PhoneNumbers;

namespace CallCrm.CrmApi.Clients;

/// <summary>Reads whole cards, many at once, as a few statements of a batch: one round trip together with whatever else the batch reads.</summary>
internal static class CardReader
{
    /// <summary>Parameter @clients: uuid[]. Of a merged client it is the card that it went into, under the id asked for; with the deals and calls of all that went into it.</summary>
    public const string Sql =
        """
        select k.asked, c.id, c.number, c.kind, c.name, c.company, c.email, c.city, c.note, c.language, c.segment, s.name as segment_name, c.segment_reason, c.source,
          c.responsible_id, u.name as responsible_name, c.confirmed, c.version, c.created_at, c.hidden_at is not null as hidden,
          c.tax_id, c.time_zone, c.address, c.tags, c.custom::text as custom,
          (select jsonb_agg(jsonb_build_object('Code', f.code, 'Value', c.linked -> f.code, 'Links', f.links))::text from client_field f
            where c.linked <> '{}' and f.links <> '{}' and not f.archived and jsonb_exists(c.linked, f.code)) as linked,
          b.id as company_id, coalesce(nullif(b.company, ''), b.name) as company_name, c.roles, c.deleted_at, n.do_not_call_at, n.who as do_not_call_by, c.second_tax_id
        from unnest(@clients) k (asked) join client c on c.id = client_root(k.asked)
        left join client b on b.id = client_root(c.company_id)
        left join segment s on s.code = c.segment left join app_user u on u.id = c.responsible_id
        left join lateral (
          select m.do_not_call_at, w.name as who from client_family(c.id) f (id) join client m on m.id = f.id join app_user w on w.id = m.do_not_call_by
          where m.do_not_call_at is not null order by m.do_not_call_at limit 1) n on true;
        select k.asked, p.e164, p.label, p.is_main, p.extension from unnest(@clients) k (asked) join client_phone p on p.client_id = client_root(k.asked) order by k.asked, p.is_main desc, p.added_at, p.e164, p.extension;
        select k.asked, e.address, e.label from unnest(@clients) k (asked) join client_email e on e.client_id = client_root(k.asked) order by k.asked, e.position, e.address;
        select k.asked, c.id, c.name, c.phone, c.extension, c.responsible_id from unnest(@clients) k (asked)
        cross join lateral (
          select c.id, coalesce(nullif(c.name, ''), c.company) as name, p.e164 as phone, p.extension, c.responsible_id from client_family(client_root(k.asked)) f (id) join client c on c.company_id = f.id and c.merged_into is null and c.deleted_at is null
          left join lateral (select e164, extension from client_phone where client_id = c.id order by is_main desc, added_at, e164, extension limit 1) p on true
          order by 2, c.id limit 50) c;
        select k.asked, d.id, d.number, d.deal_type, t.name as deal_type_name, d.stage, s.name as stage_name, d.title, d.amount, d.currency, u.name as responsible_name, d.stage_since, d.version, d.responsible_id
        from unnest(@clients) k (asked) cross join lateral client_family(client_root(k.asked)) f (id)
        join deal d on d.client_id = f.id join deal_type t on t.code = d.deal_type join stage s on s.deal_type = d.deal_type and s.code = d.stage
        left join app_user u on u.id = d.responsible_id
        where d.closed_at is null and d.deleted_at is null order by d.stage_since desc, d.id;
        select k.asked, l.id as call_id, l.started_at as at, u.name as agent_name, coalesce(l.talk_ms, 0) as talk_ms, coalesce(p.name, w.disposition) as disposition, w.note
        from unnest(@clients) k (asked)
        cross join lateral (
          select o.id, o.started_at, o.talk_ms, o.agent_id from client_family(client_root(k.asked)) f (id)
          cross join lateral (
            select id, started_at, talk_ms, agent_id from call
            where client_id = f.id and state = 'Ended' and merged_into is null order by started_at desc limit 1) o
          order by o.started_at desc limit 1) l
        left join app_user u on u.id = l.agent_id
        left join wrap_up w on w.call_id = l.id and w.agent_id = l.agent_id
        left join disposition p on p.code = w.disposition;
        select k.asked, f.code, f.target as kind, coalesce(t.id, d.id, u.id) as id, coalesce(nullif(t.name, ''), t.company, d.title, u.name) as name, coalesce(t.responsible_id, d.responsible_id) as owner,
          o.id as client, o.responsible_id as client_owner
        from unnest(@clients) k (asked) join client c on c.id = client_root(k.asked) join client_field f on f.kind = 'link' and not f.archived and jsonb_exists(c.custom, f.code)
        cross join lateral (select (c.custom -> f.code ->> 'id')::uuid as id) v
        left join client t on f.target = 'client' and t.id = client_root(v.id) and t.deleted_at is null
        left join deal d on f.target = 'deal' and d.id = v.id and d.deleted_at is null left join client o on o.id = client_root(d.client_id)
        left join app_user u on f.target = 'person' and u.id = v.id
        where coalesce(t.id, d.id, u.id) is not null;
        select k.asked, a.kind, a.line, a.city, a.postal_code, a.region, a.country from unnest(@clients) k (asked) join client_address a on a.client_id = client_root(k.asked) order by k.asked, a.position, a.kind, a.key;
        """;

    public static async Task<Dictionary<Guid, ClientCardView>> ReadAsync(SqlMapper.GridReader results)
    {
        var cards = await results.ReadAsync<CardRow>();
        var phones = (await results.ReadAsync<PhoneRow>()).ToLookup(p => p.Asked);
        var emails = (await results.ReadAsync<EmailRow>()).ToLookup(e => e.Asked);
        var contacts = (await results.ReadAsync<ContactRow>()).ToLookup(c => c.Asked);
        var deals = (await results.ReadAsync<DealRow>()).ToLookup(d => d.Asked);
        var lastCalls = (await results.ReadAsync<LastCallRow>()).ToDictionary(l => l.Asked);
        var links = (await results.ReadAsync<LinkRow>()).ToLookup(l => l.Asked);
        var addresses = (await results.ReadAsync<AddressRow>()).ToLookup(a => a.Asked);
        return cards.DistinctBy(c => c.Asked).ToDictionary(c => c.Asked, c => new ClientCardView(c.Id, c.Number, c.Kind, c.Name, c.Company, c.Email, c.City, c.Note, c.Language,
            c.Segment, c.SegmentName, c.SegmentReason, c.Source, c.ResponsibleId, c.ResponsibleName, c.Confirmed, c.Version,
            [.. phones[c.Asked].Select(p => new PhoneView(p.E164, Numbers.Format(p.E164, "en"), p.Label, p.IsMain, p.Extension))],
            [.. deals[c.Asked].Select(d => new DealView(d.Id, d.Number, d.DealType, d.DealTypeName, d.Stage, d.StageName, d.Title, d.Amount, d.Currency, d.ResponsibleName, d.StageSince, d.Version, d.ResponsibleId))],
            lastCalls.GetValueOrDefault(c.Asked) is { } l ? new LastCallView(l.CallId, l.At, l.AgentName, CallFigures.Shown_s(l.Talk_ms), l.Disposition, l.Note) : null,
            c.CreatedAt, c.Hidden, [.. emails[c.Asked].Select(e => new EmailView(e.Address, e.Label))], c.TaxId, c.TimeZone.Length > 0 ? c.TimeZone : null, c.Address, (string[])c.Tags,
            JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(c.Custom), c.CompanyId, c.CompanyName, (string[])c.Roles,
            [.. contacts[c.Asked].Select(p => new ContactView(p.Id, p.Name, p.Phone is { } e164 ? Numbers.Format(e164, "en") : null, p.Extension ?? "") { ResponsibleId = p.ResponsibleId })], c.DeletedAt,
            DoNotCall: c.DoNotCallAt is { } marked ? new DoNotCallView(marked, c.DoNotCallBy ?? "…") : null,
            Addresses: !addresses.Contains(c.Asked) && c.Address.Length > 0 ? [new AddressView(CallFlow.ClientAddress.Actual, c.Address)] : [.. addresses[c.Asked].Select(a => new AddressView(a.Kind, a.Line, a.City, a.PostalCode, a.Region, a.Country))],
            SecondTaxId: c.SecondTaxId)
        {
            Links = links[c.Asked].ToDictionary(l => l.Code, l => new LinkTarget(l.Kind, l.Id, l.Name ?? "", l.Owner, l.Client, l.ClientOwner), StringComparer.Ordinal),
            Linked = c.Linked is { } linked ? JsonSerializer.Deserialize<LinkedValue[]>(linked) ?? [] : [],
        });
    }

    sealed record CardRow(Guid Asked, Guid Id, long Number, string Kind, string Name, string Company, string Email, string City, string Note, string? Language, string? Segment,
        string? SegmentName, string SegmentReason, string Source, Guid? ResponsibleId, string? ResponsibleName, bool Confirmed, int Version, DateTimeOffset CreatedAt, bool Hidden,
        string TaxId, string TimeZone, string Address, Array Tags, string Custom, string? Linked, Guid? CompanyId, string? CompanyName, Array Roles, DateTimeOffset? DeletedAt,
        DateTimeOffset? DoNotCallAt, string? DoNotCallBy, string SecondTaxId);

    sealed record AddressRow(Guid Asked, string Kind, string Line, string City, string PostalCode, string Region, string Country);

    sealed record LinkRow(Guid Asked, string Code, string Kind, Guid Id, string? Name, Guid? Owner, Guid? Client, Guid? ClientOwner);

    sealed record ContactRow(Guid Asked, Guid Id, string Name, string? Phone, string? Extension, Guid? ResponsibleId);

    sealed record EmailRow(Guid Asked, string Address, string Label);

    sealed record PhoneRow(Guid Asked, string E164, string Label, bool IsMain, string Extension);

    sealed record DealRow(Guid Asked, Guid Id, long Number, string DealType, string DealTypeName, string Stage, string StageName, string Title, decimal? Amount,
        string Currency, string? ResponsibleName, DateTimeOffset StageSince, int Version, Guid? ResponsibleId);

    sealed record LastCallRow(Guid Asked, Guid CallId, DateTimeOffset At, string? AgentName, int Talk_ms, string? Disposition, string? Note);
}
