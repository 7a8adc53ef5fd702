using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Errors;
using Dapper;

namespace CallCrm.CrmApi.Clients;

/// <summary>What a list of clients is narrowed to; null is any.</summary>
/// <param name="Department">Cards of the people of this one and of all below it.</param>
/// <param name="CreatedTo">Exclusive.</param>
/// <param name="Own">By the site's own fields.</param>
internal sealed record ClientFilter(string? Tag, string? Kind, string? Segment, Guid? Responsible, Guid? Department, string? Source, DateTimeOffset? CreatedFrom, DateTimeOffset? CreatedTo, IReadOnlyList<OwnCondition> Own)
{
    /// <summary>No department, and nobody of one: the cards of people that are in none stand there, too.</summary>
    const string NoDepartment = "not exists (select from app_user p where p.id = c.responsible_id and p.department_id is not null)";

    /// <summary>Of the card's head: what it is without.</summary>
    static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal)
    {
        ["segment"] = "c.segment is null",
        ["source"] = "c.source = ''",
        ["tag"] = "c.tags = '{}'",
        ["language"] = "coalesce(c.language, '') = ''",
        ["city"] = "btrim(c.city) = ''",
        ["responsible"] = "c.responsible_id is null",
        ["department"] = NoDepartment,
    };

    public static ClientFilter None { get; } = new(null, null, null, null, null, null, null, null, []);

    /// <summary>As the card has it, two letters.</summary>
    public string? Language { get; init; }

    /// <summary>The whole name, as cards write it.</summary>
    public string? City { get; init; }

    /// <summary>Fields of the card's head in which nothing stands; those of <see cref="CanLack"/>.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>What of the card's head may be without a value.</summary>
    public static IReadOnlyCollection<string> CanLack => Nothing.Keys;

    /// <summary>SQL of conditions on a card <c>c</c> that begins with and, or nothing.</summary>
    public string Sql(DynamicParameters parameters)
    {
        var sql = new StringBuilder();
        void When(object? value, string name, string condition)
        {
            if (value is null) return;
            parameters.Add(name, value);
            sql.Append(" and ").Append(condition);
        }

        When(Tag is null ? null : new[] { Tag }, "tags", "c.tags @> @tags");
        When(Kind, "kind", "c.kind = @kind");
        When(Segment, "segment", "c.segment = @segment");
        When(Responsible, "responsible", "c.responsible_id = @responsible");
        // Read once: a list of people, by which the index of who is responsible is used.
        When(Department, "department",
            "c.responsible_id = any(array(with recursive under (id) as (select @department union select d.id from under u join department d on d.parent_id = u.id) select p.id from under u join app_user p on p.department_id = u.id))");
        When(Source, "source", "c.source <> '' and c.source = @source");
        When(Language, "speaks", "c.language = @speaks");
        When(City, "city", "c.city <> '' and btrim(c.city) = @city");
        When(CreatedFrom?.ToUniversalTime(), "createdFrom", "c.created_at >= @createdFrom");
        When(CreatedTo?.ToUniversalTime(), "createdTo", "c.created_at < @createdTo");
        foreach (var field in Without) sql.Append(" and ").Append(Nothing[field]);
        for (var n = 0; n < Own.Count; n++)
        {
            var (condition, name) = Own[n].Named(n);
            sql.Append(" and ").Append(condition);
            if (Own[n].Value is { } value) parameters.Add(name, value);
        }

        return sql.ToString();
    }
}

/// <summary>What stands in the address of the list, beside the site's own fields.</summary>
/// <param name="ClientLanguage">Not <c>language</c>: that is a file's.</param>
/// <param name="Without">Fields in which nothing stands, with commas between them.</param>
internal sealed record ClientAsk(string? Tag, string? Kind, string? Segment, Guid? Responsible, Guid? Department, string? Source, string? ClientLanguage, string? City, string? Without, DateTimeOffset? CreatedFrom,
    DateTimeOffset? CreatedTo)
{
    /// <summary>Without those of the site's own fields.</summary>
    public ClientFilter Filter() => new(Texts.CleanOrNull(Tag?.Trim()), Texts.CleanOrNull(Kind), Texts.CleanOrNull(Segment), Responsible, Department, Texts.CleanOrNull(Source), CreatedFrom, CreatedTo, [])
    {
        Language = Texts.CleanOrNull(ClientLanguage)?.ToLowerInvariant(),
        City = Texts.CleanOrNull(City?.Trim()),
        Without = [.. Lacking.Where(f => !f.StartsWith(CardFieldCodes.CustomPrefix, StringComparison.Ordinal))],
    };

    public IReadOnlyList<string> Lacking => [.. Texts.Clean(Without).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)];
}
