using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using Dapper;

namespace CallCrm.CrmApi.Clients;

/// <summary>
/// One box finds a card by any fragment: every word on the card, in one of its further addresses, or in the title of a deal; digits in a telephone number, or the whole
/// number of a card or deal. Who does not see a field does not find by it; who sees no numbers finds by a whole one alone, so that none can be guessed digit by digit.
/// </summary>
static class ClientSearch
{
    const int MostWords = 5;
    const int MostNumbers = 20_000;

    /// <summary>A fragment that many cards have fills a page from the newest of them; only a rarer one is looked up in the index, which knows no order.</summary>
    const int Newest = 5_000;

    const int MostOlder = 20_000;
    const int MostElsewhere = 1_000;

    /// <summary>A <c>with</c> that names the cards of a page <c>hit</c>; empty where nothing is looked for.</summary>
    /// <param name="only">What else the cards <c>c</c> must fulfil.</param>
    /// <param name="limit">Null: all of them, however long it takes.</param>
    /// <param name="deals">Whose deals are seen: nobody finds a card by a deal that they may not read.</param>
    public static string Hits(string query, DynamicParameters parameters, Veil veil, Reach deals, string region, string only, int? limit)
    {
        var words = query.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(MostWords).ToArray();
        if (words.Length == 0) return "";
        var page = limit is null ? only : string.Create(CultureInfo.InvariantCulture, $"{only} order by c.number desc limit {limit}");
        var ways = new List<string>();
        var first = "";
        var onCard = All("c.search", words, parameters) + Seen(veil, words, parameters);
        if (limit is null)
        {
            ways.Add($"select c.number from client c where {onCard} and {only}");
        }
        else
        {
            first = string.Create(CultureInfo.InvariantCulture,
                $"""
                newest as materialized (
                  select number from (select c.number, c.search{(veil.HidesFields ? ", c.name, c.company, c.email, c.tax_id, c.city, c.tags, c.custom" : "")} from client c where {only} order by c.number desc limit {Newest}) c where {onCard} limit {limit}),
                older as materialized (
                  select c.number from client c where (select count(*) from newest) < {limit} and {onCard} and {only} limit {MostOlder}),
                """);
            ways.Add("select number from newest");
            ways.Add(string.Create(CultureInfo.InvariantCulture, $"select number from older order by number desc limit {limit}"));
        }

        if (!veil.Hides("email"))
            ways.Add(Elsewhere($"client_email e where {All("e.address", words, parameters)}", limit is null ? null : MostElsewhere, page));
        var seenDeals = "d.deleted_at is null";
        if (!deals.IsEveryone)
        {
            parameters.Add("dealsOf", deals.People);
            seenDeals += " and d.responsible_id = any(@dealsOf)";
        }

        ways.Add(Elsewhere($"deal d where {All("d.title", words, parameters)} and {seenDeals}", limit is null ? null : MostElsewhere, page));
        var digits = string.Concat(query.Where(char.IsAsciiDigit));
        if (veil.Numbers)
        {
            parameters.Add("e164", PhoneNumbers.Typed(query, region).E164);
            ways.Add(Elsewhere("client_phone p where p.e164 = @e164", null, page));
        }
        else if (PhoneNumbers.Typed(query, region) is { E164: { } whole, Extension: { Length: > 0 } extension })
        {
            parameters.Add("e164", whole);
            parameters.Add("extension", extension);
            ways.Add(Elsewhere("client_phone p where p.e164 = @e164 and p.extension = @extension", null, page));
        }
        else if (digits.Length >= 3 && !query.Any(char.IsLetter))
        {
            // An extension alone, as the caller says it.
            parameters.Add("extension", digits);
            ways.Add(Elsewhere("client_phone p where p.extension = @extension and p.extension <> ''", limit is null ? null : MostNumbers, page));
            parameters.Add("digits", $"%{digits}%");
            // As written within the country (020 …), where the international form has no 0.
            var national = digits[0] == '0' && digits.TrimStart('0').Length >= 3;
            parameters.Add("national", $"%{digits.TrimStart('0')}%");
            ways.Add(Elsewhere($"client_phone p where (p.e164 like @digits{(national ? " or p.e164 like @national" : "")})", limit is null ? null : MostNumbers, page));
        }

        if (long.TryParse(query.TrimStart('#'), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            parameters.Add("number", number);
            ways.Add($"select c.number from client c where c.number = @number and {page}");
            ways.Add(Elsewhere($"deal d where d.number = @number and {seenDeals}", null, page));
        }

        return $"with {first} hit as materialized (({string.Join(") union (", ways)}))";
    }

    /// <summary>First what has the fragment, then its cards: from the newest card on, each would have its numbers, addresses and deals read.</summary>
    static string Elsewhere(string from, int? most, string page) =>
        $"""
        select c.number from (select distinct client_id from (select client_id from {from} {(most is null ? "" : string.Create(CultureInfo.InvariantCulture, $"limit {most}"))}) x) x
        join client k on k.id = x.client_id join client c on c.id = case when k.merged_into is null then k.id else client_root(k.id) end where {page}
        """;

    /// <summary>Beside what the index knows: that the words stand in a field that is seen.</summary>
    public static string Seen(Veil veil, string[] words, DynamicParameters parameters)
    {
        if (!veil.HidesFields) return "";
        parameters.Add("unseen", veil.Fields.Where(f => f.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal)).Select(f => f[CardFieldCodes.CustomPrefix.Length..]).ToArray());
        string Column(string field, string column) => veil.Hides(field) ? "''" : column;
        return " and " + All($"client_search(c.name, c.company, {Column("email", "c.email")}, {Column("taxId", "c.tax_id")}, {Column("city", "c.city")}, c.tags, c.custom - @unseen::text[])", words, parameters);
    }

    /// <summary>Each word anywhere in the column. The indexes know parts of three characters: a shorter word is looked for at the beginning of one.</summary>
    static string All(string column, string[] words, DynamicParameters parameters) => string.Join(" and ", words.Select((word, n) =>
    {
        var fragment = Texts.LikeFragment(word);
        if (word.Length >= 3 || !word.All(char.IsLetterOrDigit))
        {
            parameters.Add($"word{n}", $"%{fragment}%");
            if (Stored(word) is not { } stored) return $"{column} ilike @word{n}";
            parameters.Add($"stored{n}", $"%{stored}%");
            return $"({column} ilike @word{n} or {column} ilike @stored{n})";
        }

        parameters.Add($"word{n}", fragment + "%");
        parameters.Add($"later{n}", $"% {fragment}%");
        return $"({column} ilike @word{n} or {column} ilike @later{n})";
    }));

    /// <summary>As the card keeps a date or a decimal that people write otherwise: 31.12.2026 and 31/12/2026 stand there as 2026-12-31, 12,5 as 12.5.</summary>
    static string? Stored(string word)
    {
        if (DateOnly.TryParseExact(word, ["d.M.yyyy", "d/M/yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return word.Count(c => c == ',') == 1 && word.All(c => c == ',' || char.IsAsciiDigit(c)) ? word.Replace(',', '.') : null;
    }
}
