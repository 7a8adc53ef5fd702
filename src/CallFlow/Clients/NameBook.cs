using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// The names of all clients, to find which of them a name may be alike to, in some ten microseconds where the database's index takes milliseconds. Exact as pg_trgm: two names
/// are alike by the part of their trigrams that both have. Of two that share so large a part, the rarest few trigrams of one are among the rarest few of the
/// other, so only these are indexed. A name that has even its rarest trigrams in common with thousands (numbered ones: "Client 4711") is compared with the
/// first thousand of them, and with the oldest that is the same word for word. About 130 bytes a client, while a file is loaded.
/// </summary>
public sealed class NameBook
{
    /// <summary>Each trigram's place among all; after <see cref="Index"/> by rareness.</summary>
    readonly Dictionary<ulong, int> known = [];
    readonly Dictionary<ulong, int> oldest = [];
    readonly List<Guid> ids = [];
    readonly List<int> ends = [];
    readonly List<int> grams = [];
    readonly List<char> letters = [];
    readonly List<ulong> read = [];
    int[] starts = [];
    int[] posted = [];
    int[] seen = [];
    int round;

    NameBook()
    {
    }

    public int Count => ids.Count;

    /// <summary>Reads the names of cards that were there before.</summary>
    public static async Task<NameBook> ReadAsync(NpgsqlDataSource database, DateTimeOffset before, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(database);
        var book = new NameBook();
        await using var command = database.CreateCommand("select id, name from client where merged_into is null and deleted_at is null and length(name) >= $1 and created_at < $2 order by number");
        command.Parameters.AddWithValue(ClientLikeness.ShortestName);
        command.Parameters.AddWithValue(before.UtcDateTime);
        command.CommandTimeout = 600;
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) book.Add(reader.GetGuid(0), reader.GetString(1));
        book.Index();
        return book;
    }

    /// <summary>Of these, in this order.</summary>
    public static NameBook Of(IEnumerable<(Guid Id, string Name)> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var book = new NameBook();
        foreach (var (id, name) in names) book.Add(id, name);
        book.Index();
        return book;
    }

    void Add(Guid id, string name)
    {
        Trigrams(name, letters, read);
        oldest.TryAdd(Sum(read), ids.Count);
        foreach (var gram in read)
        {
            ref var n = ref CollectionsMarshal.GetValueRefOrAddDefault(known, gram, out var there);
            if (!there) n = known.Count - 1;
            grams.Add(n);
        }

        ids.Add(id);
        ends.Add(grams.Count);
    }

    /// <summary>Of each name the rarest trigrams, so many that an alike name has one of them among its own.</summary>
    void Index()
    {
        var all = CollectionsMarshal.AsSpan(grams);
        var places = ByRareness(all);
        foreach (ref var gram in all) gram = places[gram];
        foreach (var gram in known.Keys) CollectionsMarshal.GetValueRefOrNullRef(known, gram) = places[known[gram]];
        starts = new int[known.Count + 1];
        for (var n = 0; n < ids.Count; n++)
        {
            var own = Own(all, n);
            own.Sort();
            foreach (var gram in own[..Telling(own.Length)]) starts[gram + 1]++;
        }

        for (var n = 0; n < known.Count; n++) starts[n + 1] += starts[n];
        posted = new int[starts[^1]];
        var next = starts.ToArray();
        for (var n = 0; n < ids.Count; n++)
        {
            var own = Own(all, n);
            foreach (var gram in own[..Telling(own.Length)]) posted[next[gram]++] = n;
        }

        seen = new int[ids.Count];
    }

    /// <returns>Of each trigram its place when the rarest is the first.</returns>
    int[] ByRareness(ReadOnlySpan<int> all)
    {
        var uses = new int[known.Count];
        foreach (var gram in all) uses[gram]++;
        var rarest = Enumerable.Range(0, uses.Length).ToArray();
        Array.Sort(uses, rarest);
        var places = new int[rarest.Length];
        for (var place = 0; place < rarest.Length; place++) places[rarest[place]] = place;
        return places;
    }

    Span<int> Own(Span<int> all, int n) => all[(n == 0 ? 0 : ends[n - 1])..ends[n]];

    /// <summary>A hair below, for halves that are lost in reckoning: the database decides.</summary>
    const double Least = ClientLikeness.Least - 1e-6;

    static int Telling(int trigrams) => trigrams == 0 ? 0 : trigrams - (int)Math.Ceiling(trigrams * Least) + 1;

    /// <summary>Alike to more than these, a name says nothing; comparing with all of them would take milliseconds a row.</summary>
    const int MostCompared = 1_000;

    /// <summary>The likeliest cards, the older first of the equally likely.</summary>
    /// <param name="most">How many; those that are equal word for word end the search.</param>
    public IReadOnlyList<Guid> Near(string name, int most)
    {
        var wanted = Trigrams(name);
        // Those that no client has are the rarest of all.
        var own = wanted.Select(g => known.TryGetValue(g, out var n) ? n : -1).Where(n => n >= 0).ToArray();
        Array.Sort(own);
        var telling = Math.Max(0, Telling(wanted.Count) - (wanted.Count - own.Length));
        var (least, longest) = ((int)Math.Ceiling(wanted.Count * Least), (int)Math.Floor(wanted.Count / Least));
        var members = own.ToHashSet();
        var found = new List<(double Alike, int Client)>();
        round++;
        var compared = 0;
        if (oldest.TryGetValue(Sum(wanted), out var same) && Compared(same) == 1) seen[same] = round;
        foreach (var gram in own.AsSpan(0, Math.Min(telling, own.Length)))
        {
            foreach (var client in posted.AsSpan(starts[gram], starts[gram + 1] - starts[gram]))
            {
                if (seen[client] == round) continue;
                seen[client] = round;
                if (Own(CollectionsMarshal.AsSpan(grams), client).Length is var length && (length < least || length > longest)) continue;
                if (++compared > MostCompared || (Compared(client) == 1 && found.Count(f => f.Alike == 1) >= most)) return Ids();
            }
        }

        return Ids();

        // Those that are alike are found by it.
        double Compared(int client)
        {
            var theirs = Own(CollectionsMarshal.AsSpan(grams), client);
            var shared = 0;
            foreach (var g in theirs)
            {
                if (members.Contains(g)) shared++;
            }

            var alike = shared / (double)(wanted.Count + theirs.Length - shared);
            if (alike >= Least) found.Add((alike, client));
            return alike;
        }

        IReadOnlyList<Guid> Ids() => [.. found.OrderByDescending(f => f.Alike).ThenBy(f => f.Client).Take(most).Select(f => ids[f.Client])];
    }

    /// <summary>The same for the same trigrams, in whatever order.</summary>
    static ulong Sum(IEnumerable<ulong> trigrams)
    {
        var sum = 0UL;
        foreach (var gram in trigrams) sum += (gram * 0x9E3779B97F4A7C15UL) ^ (gram << 7);
        return sum;
    }

    /// <summary>As pg_trgm makes them: of each word in small letters, with two blanks before it and one behind; each once.</summary>
    public static IReadOnlyList<ulong> Trigrams(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var found = new List<ulong>();
        Trigrams(name, [], found);
        return found;
    }

    static void Trigrams(string name, List<char> word, List<ulong> found)
    {
        found.Clear();
        word.Clear();
        foreach (var c in name.ToLower(CultureInfo.InvariantCulture)) Take(c);
        Take(' ');

        void Take(char c)
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c))
            {
                if (word.Count == 0) word.AddRange("  ");
                word.Add(c);
                return;
            }

            if (word.Count == 0) return;
            word.Add(' ');
            for (var n = 0; n + 3 <= word.Count; n++)
            {
                // So few that looking through them is faster than a set.
                var gram = ((ulong)word[n] << 32) | ((ulong)word[n + 1] << 16) | word[n + 2];
                if (!found.Contains(gram)) found.Add(gram);
            }

            word.Clear();
        }
    }
}
