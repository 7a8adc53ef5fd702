using System.Globalization;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using CallCrm.CrmApi.Hiding;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Clients;

/// <summary>
/// One box finds a card by any fragment. All words must be found, each anywhere: on the card, in one of its numbers or addresses, in a name that one of its fields shows, in the title of a deal;
/// the whole number of a card or deal finds as well. Who does not see a field does not find by it; who sees no numbers finds by a whole one alone, so that none can be guessed digit by digit.
/// </summary>
/// <param name="clients">Whose clients are seen: by another's name that a link shows nobody finds a card.</param>
/// <param name="deals">Whose deals are seen: nobody finds a card by a deal that they may not read.</param>
internal sealed class ClientSearch(string query, DynamicParameters parameters, Veil veil, Reach clients, Reach deals, string region)
{
    /// <summary>So many words, the longest, are asked of the index and of the titles of deals; each of the others is looked for on what these find.</summary>
    const int MostWords = 5;

    /// <summary>More are refused, not left out: what is found has all that was typed.</summary>
    const int MostTyped = 20;

    /// <summary>A fragment that many cards have fills a page from the newest of them; only a rarer one is looked up in the index, which knows no order.</summary>
    const int Newest = 5_000;

    /// <summary>Of more, these alone would be any of them, not the newest: then so many cards are read from the newest on, and only where that fills no page all that the index finds is put in order.</summary>
    const int MostOlder = 20_000;

    const int Wider = 10_000;
    const int MostDeals = 1_000;

    readonly string[] words = WordsOf(query);
    int patterns;

    /// <summary>Null: it can be looked for.</summary>
    public static ProblemHttpResult? Refuse(string? query) => query is not null && WordsOf(Texts.Clean(query)).Length > MostTyped ? Problems.Invalid("query", $"at most {MostTyped} words") : null;

    static string[] WordsOf(string query)
    {
        var each = query.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        return each.Length > MostWords ? [.. each.OrderByDescending(w => w.Length)] : each;
    }

    IEnumerable<string> Asked => words.Take(MostWords);

    /// <summary>A <c>with</c> that names the cards of a page <c>hit</c>; empty where nothing is looked for.</summary>
    /// <param name="only">What else the cards <c>c</c> must fulfil: rights and filters, so that nothing is cut before them.</param>
    /// <param name="limit">Null: all of them, however long it takes.</param>
    public string Hits(string only, int? limit)
    {
        if (words.Length == 0) return "";
        var page = limit is null ? only : string.Create(CultureInfo.InvariantCulture, $"{only} order by c.number desc limit {limit}");
        SeenDeals();
        var onCard = OnCard();
        var (before, ways) = limit is { } most ? Page(onCard, only, most) : ("", [$"select c.number from client c where {All(onCard)} and {only}"]);
        before += string.Concat(Asked.Select((_, n) => string.Create(CultureInfo.InvariantCulture,
            $"""
            titled{n} as materialized (
              select d.client_id from deal d where {Title(n)} and {SeenDeal} {(limit is null ? "" : $"limit {MostDeals}")}),

            """)));
        ways.AddRange(Asked.Select((_, n) => Elsewhere($"titled{n}", string.Concat(words.Select((_, o) => o == n ? "" : $"({Read(onCard[o])} or exists (select from deal d where d.client_id = k.id and {Title(o)} and {SeenDeal})) and ")) + page)));
        WholeNumber(ways, page);
        if (long.TryParse(query.TrimStart('#'), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            parameters.Add("number", number);
            ways.Add($"select c.number from client c where c.number = @number and {page}");
            ways.Add(Elsewhere($"(select client_id from deal d where d.number = @number and {SeenDeal}) d", page));
        }

        return $"with {before} hit as materialized (({string.Join(") union (", ways)}))";
    }

    /// <summary>Beside what the index knows: that the fragment stands in what is seen.</summary>
    public static string Seen(string fragment, DynamicParameters parameters, Veil veil) => new ClientSearch("", parameters, veil, Reach.Nobody, Reach.Nobody, "").Visible(Like("c.search", [$"%{Texts.LikeFragment(fragment)}%"], parameters, "seen"));

    (string Before, List<string> Ways) Page(string[] onCard, string only, int limit)
    {
        var common = string.Join(" or ", Asked.Select((_, n) => string.Create(CultureInfo.InvariantCulture, $"(select count(*) from titled{n}) >= {MostDeals}")));
        // Who sees few finds each of theirs; where there are a million, a page that is full is enough.
        var enough = clients.IsEveryone ? string.Create(CultureInfo.InvariantCulture, $" and (select count(*) from newest) + (select count(*) from older) < {limit}") : "";
        // Each reads no further than it must; number + 0, so that the index of numbers is not read from its end on.
        var fresh = string.Create(CultureInfo.InvariantCulture, $"select {FreshColumns} from client c where {only} order by c.number desc limit {Newest}");
        var before = string.Create(CultureInfo.InvariantCulture,
            $"""
            newest as materialized (
              select c.number from ({fresh}) c where {Read(All(onCard))} order by c.number desc limit {limit}),
            older as materialized (
              select c.number from client c where (select count(*) from newest) < {limit} and {All(onCard)} and {only} limit {MostOlder}),
            wider as materialized (
              select c.number from (select {FreshColumns} from client c where (select count(*) from older) = {MostOlder} and {only} order by c.number desc limit {Wider}) c
              where {Read(All(onCard))} order by c.number desc limit {limit}),
            every as materialized (
              select c.number from client c where (select count(*) from older) = {MostOlder} and (select count(*) from wider) < {limit} and {All(onCard)} and {only} order by c.number + 0 desc limit {limit}),

            """);
        // A word that stands in the titles of many deals: of those who have it the newest, as with what stands on cards.
        return (before,
        [
            "select number from newest",
            string.Create(CultureInfo.InvariantCulture, $"select number from older order by number desc limit {limit}"),
            "select number from wider",
            "select number from every",
            string.Create(CultureInfo.InvariantCulture,
                $"""
                select c.number from ({fresh}) c cross join lateral (
                  select string_agg(d.title, ' ') as title from (select c.id union all select m.id from client m where m.merged_into = c.id) f (id) join deal d on d.client_id = f.id and {SeenDeal}) d
                where ({common}){enough} and d.title is not null and {string.Join(" and ", words.Select((_, n) => $"({Read(onCard[n])} or {Title(n)})"))} order by c.number desc limit {limit}
                """),
        ]);
    }

    /// <summary>Where no index is asked: to estimate a pattern from all that is known of the column takes as long as to look for it on a thousand cards.</summary>
    static string Read(string condition) => condition.Replace("c.search", "(c.search || '')", StringComparison.Ordinal);

    string FreshColumns => HidesSome ? "c.id, c.number, c.search, c.name, c.company, c.email, c.tax_id, c.second_tax_id, c.city, c.tags, c.custom, c.own_words, c.link_words, c.linked, c.phone_words, c.email_words" : "c.id, c.number, c.search";

    string SeenDeal => deals.IsEveryone ? "d.deleted_at is null" : "d.deleted_at is null and d.responsible_id = any(@dealsOf)";

    void SeenDeals()
    {
        if (!deals.IsEveryone) parameters.Add("dealsOf", deals.People);
    }

    /// <summary>Who sees no numbers finds by a whole one; so does everyone by one with its extension.</summary>
    void WholeNumber(List<string> ways, string page)
    {
        var (e164, extension) = PhoneNumbers.Typed(query, region);
        if (!veil.Numbers && (e164 is null || extension.Length == 0)) return;
        parameters.Add("e164", e164);
        parameters.Add("extension", extension);
        ways.Add(Elsewhere($"(select client_id from client_phone p where p.e164 = @e164 {(veil.Numbers ? "" : "and p.extension = @extension")}) p", page));
    }

    /// <summary>First what has the fragment, then its cards: from the newest card on, each would have its deals read.</summary>
    static string Elsewhere(string from, string page) =>
        $"""
        select c.number from (select distinct client_id from {from}) x
        join client k on k.id = x.client_id join client c on c.id = case when k.merged_into is null then k.id else client_root(k.id) end where {page}
        """;

    /// <summary>Of each word, that it stands on the card.</summary>
    string[] OnCard() => [.. words.Select(word => Visible(Like("c.search", Written(word), parameters, $"w{patterns++}")))];

    /// <summary>All words; or the digits of all, one number in groups.</summary>
    string All(string[] onCard)
    {
        var all = string.Join(" and ", onCard.Select((found, n) => n < MostWords ? found : $"({Read(found)} or {Titled(n)})"));
        if (onCard.Length == 1 || query.Any(char.IsLetter) || Digits(query) is not { } digits) return all;
        return $"(({all}) or {Visible(Like("c.search", Written(digits), parameters, "digits"))})";
    }

    /// <summary>In the title of a deal of the card, or of one that went into it.</summary>
    string Titled(int word) => $"exists (select from (select c.id union all select m.id from client m where m.merged_into = c.id) f (id) join deal d on d.client_id = f.id and {SeenDeal} where {Title(word)})";

    string Title(int word) => Like("d.title", Fragments(words[word]), parameters, $"t{word}");

    bool HidesSome => !veil.IsNone || !clients.IsEveryone || !deals.IsEveryone;

    /// <param name="found">A condition on <c>c.search</c>, which holds all there is.</param>
    string Visible(string found)
    {
        if (!HidesSome) return found;
        var everything = clients.IsEveryone && deals.IsEveryone;
        var codes = veil.Fields.Where(f => f.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal)).Select(f => f[CardFieldCodes.CustomPrefix.Length..]).ToArray();
        parameters.Add("unseen", codes);
        string Column(string field, string column) => veil.Hides(field) ? "''" : column;
        string Own(string column) => codes.Length > 0 ? $"{column} - @unseen::text[]" : column;
        var text = $"client_text(c.name, c.company, {Column("email", "c.email")}, {Column("taxId", "c.tax_id || ' ' || c.second_tax_id")}, {Column("city", "c.city")}, c.tags, {Own("c.custom")}, {Own("c.own_words")}, "
            + $"{(everything ? Own("c.link_words") : "'{}'")}, {(everything ? Own("c.linked") : "'{}'")}, {(veil.Numbers ? "''" : "c.phone_words")}, {Column("email", "c.email_words")})";
        var seen = found.Replace("c.search", text, StringComparison.Ordinal);
        if (!everything)
        {
            seen = $"({seen} or (c.link_words <> '{{}}' and {Linked(found)}))";
            // Most cards lead nowhere: there the index alone has told it.
            if (veil.IsNone) seen = $"((c.link_words = '{{}}' and c.linked = '{{}}') or {seen})";
        }

        return $"{found} and {seen}";
    }

    /// <summary>By the names of such clients and deals as are seen.</summary>
    string Linked(string found)
    {
        parameters.Add("clientsOf", clients.People);
        parameters.Add("linkedDealsOf", deals.People);
        return $"""
            exists (select from client_field lf where lf.kind = 'link' and lf.code <> all(@unseen::text[]) and case lf.target
              when 'client' then exists (select from client t where t.id = client_root((c.custom -> lf.code ->> 'id')::uuid) and t.deleted_at is null
                and (@clientsOf::uuid[] is null or t.responsible_id = any(@clientsOf)) and {found.Replace("c.search", "(t.name || ' ' || t.company)", StringComparison.Ordinal)})
              when 'deal' then exists (select from deal t where t.id = (c.custom -> lf.code ->> 'id')::uuid and t.deleted_at is null
                and (@linkedDealsOf::uuid[] is null or t.responsible_id = any(@linkedDealsOf)) and {found.Replace("c.search", "t.title", StringComparison.Ordinal)}) end)
            """;
    }

    static string Like(string column, IReadOnlyList<string> patterns, DynamicParameters parameters, string name)
    {
        for (var n = 0; n < patterns.Count; n++) parameters.Add($"{name}_{n}", patterns[n]);
        var any = string.Join(" or ", patterns.Select((_, n) => $"{column} ilike @{name}_{n}"));
        return patterns.Count == 1 ? any : $"({any})";
    }

    /// <summary>The indexes know parts of three characters: a shorter word is looked for at the beginning of one.</summary>
    static List<string> Fragments(string word)
    {
        var fragment = Texts.LikeFragment(word);
        return word.Length >= 3 || !word.All(char.IsLetterOrDigit) ? [$"%{fragment}%"] : [fragment + "%", $"% {fragment}%"];
    }

    /// <summary>As typed, and as the card keeps it.</summary>
    List<string> Written(string word)
    {
        var all = Fragments(word);
        if (Stored(word) is { } stored) all.Add($"%{stored}%");
        if (veil.Numbers || Digits(word) is not { } digits) return all;
        if (digits != word) all.Add($"%{digits}%");
        // As written within the country (020 …, 8 912 …), where the international form has other digits in front.
        if (digits[0] == '0' && digits.TrimStart('0').Length >= 3) all.Add($"%{digits.TrimStart('0')}%");
        if (PhoneNumbers.Typed(word, region).E164 is { } e164 && !e164.Contains(digits, StringComparison.Ordinal)) all.Add($"%{e164}%");
        return all;
    }

    /// <summary>Those of what may be a part of a number, at least three.</summary>
    static string? Digits(string text) =>
        text.All(c => char.IsAsciiDigit(c) || char.IsWhiteSpace(c) || c is '+' or '(' or ')' or '-' or '.' or '/') && string.Concat(text.Where(char.IsAsciiDigit)) is { Length: >= 3 } digits ? digits : null;

    /// <summary>As the card keeps a date or a decimal that people write otherwise: 31.12.2026 and 31/12/2026 stand there as 2026-12-31, 12,5 as 12.5.</summary>
    static string? Stored(string word)
    {
        if (DateOnly.TryParseExact(word, ["d.M.yyyy", "d/M/yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        return word.Count(c => c == ',') == 1 && word.All(c => c == ',' || char.IsAsciiDigit(c)) ? word.Replace(',', '.') : null;
    }
}
