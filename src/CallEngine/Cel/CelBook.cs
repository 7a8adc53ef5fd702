namespace CallCrm.Engine;

/// <summary>
/// Sorts CEL rows into calls: linked ids that share a channel are one call. A call is whole when each of its channels has its
/// CHAN_END, and cut off when a later boot of the PBX shows that the end will never come. Pure; rows come in the file's order.
/// </summary>
public sealed class CelBook
{
    /// <summary>Rows of one moment may stand out of order; a new boot is later than this.</summary>
    private const int OtherBoot_s = 3;

    private readonly Dictionary<string, CelStory> _byId = new(StringComparer.Ordinal);
    private readonly List<CelStory> _stories = [];
    private long _order;

    /// <summary>In the order of their first rows.</summary>
    public IReadOnlyList<CelStory> Stories => _stories;

    public int RowCount { get; private set; }

    /// <param name="place">Where the row stands, for the reader; the story keeps that of its first row.</param>
    /// <param name="now">When it was read, by the reader's monotonic clock.</param>
    public void Add(CelRow row, object place, TimeSpan now)
    {
        if (row.Event == "LINKEDID_END" && !_byId.ContainsKey(row.LinkedId) && !_byId.ContainsKey(row.UniqueId))
            return;
        if (row.Event == "CHAN_START")
            CutOff(row);
        var story = Join(_byId.GetValueOrDefault(row.UniqueId), _byId.GetValueOrDefault(row.LinkedId));
        if (story is null)
            _stories.Add(story = new CelStory(_order++, place));
        _byId[row.UniqueId] = story;
        _byId[row.LinkedId] = story;
        story.Add(row, now);
        RowCount++;
    }

    public void Remove(CelStory story)
    {
        if (!_stories.Remove(story))
            return;
        RowCount -= story.Rows.Count;
        foreach (var row in story.Rows)
        {
            _byId.Remove(row.UniqueId);
            _byId.Remove(row.LinkedId);
        }
    }

    /// <summary>Counters of channels start again at a boot: one that is lower, and clearly younger, belongs to a later boot than what is open.</summary>
    private void CutOff(CelRow row)
    {
        if (CelId.Parse(row.UniqueId) is not { } id)
            return;
        foreach (var story in _stories)
        {
            if (story is { IsWhole: false, IsCutOff: false } && story.Newest is { } newest && newest.Number > id.Number && newest.Epoch_s + OtherBoot_s <= id.Epoch_s)
                story.IsCutOff = true;
        }
    }

    private CelStory? Join(CelStory? a, CelStory? b)
    {
        if (a is null || b is null || ReferenceEquals(a, b))
            return a ?? b;
        var (older, younger) = a.Order < b.Order ? (a, b) : (b, a);
        _stories.Remove(younger);
        older.TakeOver(younger);
        foreach (var row in younger.Rows)
        {
            _byId[row.UniqueId] = older;
            _byId[row.LinkedId] = older;
        }

        return older;
    }
}

/// <summary>The rows of one call so far.</summary>
public sealed class CelStory
{
    private readonly List<CelRow> _rows = [];
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);

    internal CelStory(long order, object place) => (Order, Place) = (order, place);

    internal long Order { get; }

    public object Place { get; }

    public IReadOnlyList<CelRow> Rows => _rows;

    /// <summary>When its last row was read.</summary>
    public TimeSpan ReadAt { get; private set; }

    public bool IsWhole => _open.Count == 0;

    /// <summary>The PBX died in the midst of it.</summary>
    public bool IsCutOff { get; internal set; }

    /// <summary>How often the reader handed it on; it keeps the story until the tables show it.</summary>
    public int Sent { get; set; }

    internal CelId? Newest { get; private set; }

    public IEnumerable<string> UniqueIds => _rows.Select(r => r.UniqueId).Distinct(StringComparer.Ordinal);

    internal void Add(CelRow row, TimeSpan now)
    {
        _rows.Add(row);
        ReadAt = now;
        if (row.Event == "CHAN_END")
            _open.Remove(row.UniqueId);
        else if (row.Event != "LINKEDID_END" && !_rows.Exists(r => r.Event == "CHAN_END" && r.UniqueId == row.UniqueId))
            _open.Add(row.UniqueId);
        if (CelId.Parse(row.UniqueId) is { } id && (Newest is not { } newest || id.Number > newest.Number))
            Newest = id;
    }

    internal void TakeOver(CelStory younger)
    {
        _rows.AddRange(younger._rows);
        _rows.Sort(static (a, b) => a.At.CompareTo(b.At));
        _open.UnionWith(younger._open);
        ReadAt = ReadAt > younger.ReadAt ? ReadAt : younger.ReadAt;
        if (younger.Newest is { } theirs && (Newest is not { } mine || theirs.Number > mine.Number))
            Newest = theirs;
    }
}
