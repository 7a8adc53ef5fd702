using System.Runtime.CompilerServices;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Deals;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;

namespace CallCrm.CrmApi.Exports;

/// <summary>The list of deals as a file: as it is filtered and ordered, of the clients that one may export.</summary>
internal sealed class DealExport(DealReader reader, NumberMask mask, SiteClock clock)
{
    const int PageRows = 500;

    public static async Task<IResult> ExportAsync(HttpContext http, Person person, DealExport deals, TableExport export, SiteClock clock, AuditStore audit, CancellationToken cancel, Guid? client = null, string? type = null,
        string? stage = null, Guid? responsible = null, string? state = null, decimal? amountFrom = null, decimal? amountTo = null, DateTimeOffset? createdFrom = null, DateTimeOffset? createdTo = null, DateTimeOffset? stageFrom = null,
        DateTimeOffset? stageTo = null, string? query = null, string? sort = null, string format = "csv", string language = "en")
    {
        if (ExportEndpoints.Wrong(format, language) is { } wrong) return wrong;
        var filter = new DealFilter(client, Texts.CleanOrNull(type), Texts.CleanOrNull(stage), responsible, state, amountFrom, amountTo, createdFrom, createdTo, stageFrom, stageTo, query is { Length: > 200 } ? query[..200] : query);
        if (DealEndpoints.Order(filter, sort, null).Refused is { } refused) return refused;
        await audit.AddAsync(person.Id, "export", "deal", $"{format} {filter.Type} {filter.Stage} {filter.State} {Texts.Clean(filter.Query).Trim()}".TrimEnd(), http.Connection.RemoteIpAddress?.ToString(), cancel);
        return (await export.AnswerAsync(http, ExportEndpoints.Name("deals", clock), format, language, ExportTexts.DealHeader(language), deals.RowsAsync(filter, sort, person, cancel), cancel)).Result;
    }

    /// <summary>Page by page, as the list is read.</summary>
    async IAsyncEnumerable<object?[]> RowsAsync(DealFilter filter, string? sort, Person person, [EnumeratorCancellation] CancellationToken cancel)
    {
        var (deals, cards) = (person.Within(Rights.SeeDeals).And(person.Within(Rights.ExportDeals)), person.Within(Rights.WorkWithClients));
        string? cursor = null;
        do
        {
            var page = await reader.ListAsync(filter, deals, cards, DealEndpoints.Order(filter, sort, cursor).Order!, PageRows, cancel);
            foreach (var deal in page.Items) yield return Row(deal, person.Veil);
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    object?[] Row(DealDetailView d, Veil veil)
    {
        string Shown(string text) => veil.Numbers ? mask.Text(text) : text;
        return
        [
            d.Number, Shown(d.Title), Shown(d.ClientName), d.DealTypeName, d.StageName, d.Amount, d.Currency, d.ResponsibleName, clock.Local(d.StageSince), d.ClosedAt is { } closed ? clock.Local(closed) : null, clock.Local(d.CreatedAt),
        ];
    }
}
