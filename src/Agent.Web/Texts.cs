using System.Globalization;
using CallCrm.Contracts;
using Microsoft.Extensions.Localization;

namespace CallCrm.AgentWeb;

/// <summary>Names the resource files Resources/Texts.resx, Texts.it.resx, Texts.ru.resx; and how times and sums are written.</summary>
sealed class Texts
{
    /// <summary>Of the pages, and of greetings.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["en", "it", "ru"];

    /// <summary>In the reader's language; a code that names none stays as it is.</summary>
    public static string LanguageName(string code)
    {
        if (code.Length == 0)
            return "";
        try
        {
            var culture = CultureInfo.GetCultureInfo(code, predefinedOnly: true);
            return culture.DisplayName is { Length: > 0 } name && name != culture.Name ? char.ToUpper(name[0], CultureInfo.CurrentCulture) + name[1..] : code.ToUpperInvariant();
        }
        catch (CultureNotFoundException)
        {
            return code.ToUpperInvariant();
        }
    }

    /// <summary>As its speakers write it.</summary>
    public static string OwnName(string language)
    {
        var culture = CultureInfo.GetCultureInfo(language);
        return char.ToUpper(culture.NativeName[0], culture) + culture.NativeName[1..];
    }

    /// <summary>4:05, 1:04:05; never negative, as clocks differ a little.</summary>
    public static string Span(TimeSpan span)
    {
        if (span < TimeSpan.Zero)
            span = TimeSpan.Zero;
        return span.TotalHours >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes}:{span.Seconds:00}");
    }

    public static string Span(int seconds) => Span(TimeSpan.FromSeconds(seconds));

    public static string Exact(DateTimeOffset at) => at.ToLocalTime().ToString("F", CultureInfo.CurrentCulture);

    public static string Day(DateTimeOffset at) => at.ToLocalTime().ToString("d MMM", CultureInfo.CurrentCulture);

    /// <summary>The hour today, else day and hour.</summary>
    public static string Moment(DateTimeOffset at, DateTimeOffset now)
    {
        var (then, today) = (at.ToLocalTime(), now.ToLocalTime());
        return then.Date == today.Date
            ? then.ToString("t", CultureInfo.CurrentCulture)
            : then.Year == today.Year
                ? then.ToString("d MMM, ", CultureInfo.CurrentCulture) + then.ToString("t", CultureInfo.CurrentCulture)
                : then.ToString("d", CultureInfo.CurrentCulture);
    }

    public static string Money(decimal amount, string currency) => string.Create(CultureInfo.CurrentCulture, $"{amount.ToString(decimal.Truncate(amount) == amount ? "N0" : "N2", CultureInfo.CurrentCulture)} {currency}");

    /// <summary>A number and what is keyed in behind it.</summary>
    public static string Phone(IStringLocalizer<Texts> t, string number, string? extension) => extension is { Length: > 0 } ? t["Phone.WithExtension", number, extension] : number;

    /// <summary>What the caller is called before there is a card.</summary>
    public static string Caller(IStringLocalizer<Texts> t, CallerView caller) =>
        caller.Number is { Length: > 0 } number ? number : caller.Kind == "Withheld" ? t["Caller.Withheld"] : Named(caller) ? caller.Name : t["Caller.Unknown"];

    /// <summary>Name, else company, else number.</summary>
    public static string ClientName(IStringLocalizer<Texts> t, ClientCardView? card, CallerView caller) =>
        card is { Name.Length: > 0 } ? card.Name : card is { Company.Length: > 0 } ? card.Company : Named(caller) ? caller.Name : Caller(t, caller);

    // A PBX writes so when the line carried no name.
    static bool Named(CallerView caller) => caller.Name.Length > 0 && !caller.Name.Equals("unknown", StringComparison.OrdinalIgnoreCase);

    /// <summary>The sentence that says why this call is here.</summary>
    public static string Why(IStringLocalizer<Texts> t, ReasonView why)
    {
        var chosen = why.Candidates.Count > 0 ? why.Candidates[0] : null;
        var start = why.Preferred is { } preferred && why.PreferredState is { } state
            ? why.PreferredBy == "LastContacted" && why.LastContactAt is { } at
                ? t["Why.LastBut", preferred, Day(at), t["State." + state]]
                : t["Why.ResponsibleBut", preferred, t["State." + state]]
            : null;
        var main = why.Rule switch
        {
            "LastContacted" when why.LastContactAt is { } last => t["Why.LastContacted", why.Chosen ?? "", Day(last)],
            "Responsible" => t["Why.Responsible", why.Chosen ?? ""],
            "LeastBusy" when chosen is not null => t["Why.LeastBusy", why.CandidateCount, chosen.Name, Math.Round(chosen.LoadPercent)],
            "Blocked" when why.Chosen is { } who => t["Why.BlockedBy", who],
            var rule => t["Why." + rule],
        };
        return start is null || why.Rule is "LastContacted" or "Responsible" ? main : $"{start} → {main}";
    }

    /// <summary>The sentence that says why this script leads the call.</summary>
    /// <param name="own">The site's own fields.</param>
    public static string Why(IStringLocalizer<Texts> t, ScriptReason why, IReadOnlyList<ClientFieldView>? own = null)
    {
        var met = why.Met.Select(m => Condition(t, m, own)).ToArray();
        var language = t[$"Script.Why.Language.{why.LanguageOf}", LanguageName(why.Language)].Value;
        return t["Script.Why", met.Length == 0 ? t["Script.Why.Always"].Value : string.Join(", ", met), language];
    }

    public static string Condition(IStringLocalizer<Texts> t, ScriptConditionMet met, IReadOnlyList<ClientFieldView>? own = null) => met is { Field: { } field, Operator: { } op }
        ? FieldCondition(t, field, op, met.Value, own)
        : met.Kind is "client" or "deal" or "direction" ? t[$"Script.Why.{met.Kind}.{met.Value}"] : t["Script.Why." + met.Kind, met.Value];

    static string FieldCondition(IStringLocalizer<Texts> t, string field, ScriptOperator op, string value, IReadOnlyList<ClientFieldView>? own)
    {
        const string Own = "client.custom.";
        var mine = field.StartsWith(Own, StringComparison.Ordinal) ? own?.FirstOrDefault(f => f.Code == field[Own.Length..]) : null;
        var name = mine?.Name ?? (t["Script.Field." + field] is { ResourceNotFound: false } known ? known.Value : field);
        if (op == ScriptOperator.WithinDays && value.StartsWith('-')) return t["Script.Op.WithinDaysAgo", name, value[1..]];
        var options = mine is null ? value : string.Join(", ", value.Split(", ").Select(v => mine.Options.FirstOrDefault(o => o.Code == v)?.Name ?? v));
        return t["Script.Op." + op, name, options];
    }

    /// <summary>What a failed request means to a person; the server's own words, which are English, where it says more than we know.</summary>
    public static string Failure(IStringLocalizer<Texts> t, Api.ApiException failure) => failure.ErrorId switch
    {
        var id when id.StartsWith("http_", StringComparison.Ordinal) => t["Failure.status", id["http_".Length..]],
        "file_type_differs" => t["Failure.file_type_differs", failure.Claimed ?? "?", ContentKind(t, failure.Found ?? "?")],
        var id when t["Failure." + id] is { ResourceNotFound: false } text => text,
        var id => failure.Message is { Length: > 0 } words ? words : t["Failure.status", id],
    };

    /// <summary>What a file is by its content: words where there are any, else as the kind is called everywhere.</summary>
    static string ContentKind(IStringLocalizer<Texts> t, string code) => t["Files.Kind." + code] is { ResourceNotFound: false } words ? words : code.ToUpperInvariant();

    /// <summary>Also what was expected of the fields, where the server says so.</summary>
    public static string FailureOfFields(IStringLocalizer<Texts> t, Api.ApiException failure) => failure.Errors.Count == 0
        ? Failure(t, failure)
        : t["Admin.Expected", string.Join("; ", failure.Errors.SelectMany(f => f.Value).Distinct(StringComparer.Ordinal).Select(expected => Expectation.Of(t, expected)))];

    public static string Outcome(IStringLocalizer<Texts> t, string? outcome) => outcome is null ? "" : t["Outcome." + outcome];

    /// <summary>Where a client comes from: words of our own in the page's language, others as they are.</summary>
    public static string Source(IStringLocalizer<Texts> t, string source) => source is "import" or "manual" ? t["Client.Source." + source] : source;
}
