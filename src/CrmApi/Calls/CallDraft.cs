using CallCrm.Contracts;

namespace CallCrm.CrmApi.Calls;

/// <summary>A field as one agent left it.</summary>
internal sealed record DraftRow(Guid CallId, string Field, Guid OwnerId, Guid UserId, string Value, long Version, string PageId, DateTimeOffset UpdatedAt)
{
    // Until each had their own, what the call's agents shared belonged to nobody; it is of who wrote it last.
    public Guid Author => OwnerId == Guid.Empty ? UserId : OwnerId;
}

/// <summary>
/// What the agents of one call typed about it. Each writes their own, nobody over another's: of a transferred call both have it on the desk at the same time.
/// <list type="bullet">
/// <item>Note: one's own; those of the others are beside it, each as <c>note.{agent}</c> with the name.</item>
/// <item>Wrap-up: one's own alone.</item>
/// <item>Answers, place in the script, the card's form: where oneself has written nothing since one came, as who had the call before left it.</item>
/// </list>
/// </summary>
/// <param name="Came">When each agent last came to the call; who never did is taken as from before.</param>
internal sealed record CallDraft(IEnumerable<DraftRow> Rows, IReadOnlyDictionary<Guid, DateTimeOffset> Came)
{
    public const string Note = "note";
    const string OfOther = "note.";

    /// <summary>The newest of each field, as this person sees it.</summary>
    public IEnumerable<DraftFieldView> SeenBy(Guid person, Func<Guid, string?> name)
    {
        foreach (var field in Rows.GroupBy(r => r.Field).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            // Of calls that went into this one, too.
            var newest = field.GroupBy(r => r.Author).ToDictionary(a => a.Key, a => a.MaxBy(r => r.UpdatedAt)!);
            if (Seen(field.Key, newest, person) is { } seen) yield return new DraftFieldView(seen.Field, seen.Value, seen.Version, seen.PageId, seen.UpdatedAt) { Own = seen.Author == person };
            if (field.Key != Note) continue;
            foreach (var note in newest.Values.Where(n => n.Author != person && n.Value.Length > 0).OrderBy(n => n.UpdatedAt).ThenBy(n => n.Author))
                yield return OfAnother(new DraftFieldView(Note, note.Value, note.Version, note.PageId, note.UpdatedAt), note.Author, name(note.Author));
        }
    }

    /// <summary>As a colleague sees it.</summary>
    public static DraftFieldView OfAnother(DraftFieldView note, Guid author, string? name) => note with { Field = OfOther + author, By = name ?? "…" };

    DraftRow? Seen(string field, IReadOnlyDictionary<Guid, DraftRow> newest, Guid person)
    {
        if (field == DraftStore.ScriptField) return newest.Values.MaxBy(r => r.UpdatedAt);
        var own = newest.GetValueOrDefault(person);
        if (field == Note || DraftStore.IsOfWrapUp(field)) return own;
        var came = Came.TryGetValue(person, out var since) ? since : DateTimeOffset.MaxValue;
        if (own is not null && own.UpdatedAt > came) return own;
        return newest.Values.Where(r => r.Author == person || !Came.TryGetValue(r.Author, out var before) || before < came)
            .OrderByDescending(r => r.UpdatedAt <= came).ThenByDescending(r => r.UpdatedAt).ThenBy(r => r.Author).FirstOrDefault();
    }
}
