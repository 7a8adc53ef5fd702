using System.Runtime.CompilerServices;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// From the engine to the writer: one puts, one takes, neither waits for the other. Full, it refuses; it never blocks. Things lie in
/// chunks that are made anew: memory that the writer's core has held is slow to write for the engine's. New memory costs as well, by
/// the byte: an entry lies behind the input it came from, and its moment is that one's.
/// </summary>
sealed class FlightRing
{
    // The engine's side.
    readonly int _size;
    Chunk _last;
    long _takenSeen;

    // The writer's side, in a place of its own: what one core writes again and again is slow to read for the other.
    readonly Reader _reader;

    /// <param name="size">How many may wait.</param>
    public FlightRing(int size)
    {
        _size = size;
        _last = new Chunk(0, 0, 0);
        _reader = new Reader(_last);
    }

    /// <summary>A reference, without the check that an array of objects makes when it is written.</summary>
    struct Slot
    {
        public object Item;
    }

    /// <summary>Ticks after the chunk's own: half the memory of a moment, and enough for seven minutes.</summary>
    struct Time
    {
        public uint Stamp;
        public int Drift;
    }

    /// <param name="stamp">What its times are counted from.</param>
    /// <param name="drift">The wall clock less the stamp.</param>
    sealed class Chunk(long before, long stamp, long drift)
    {
        public const int Size = 256;

        /// <summary>About two of three are inputs; a chunk that has room for no more of their times is followed by the next.</summary>
        public const int TimeSize = 160;

        /// <summary>What was put before its first.</summary>
        public readonly long Before = before;
        public readonly long Stamp = stamp;
        public readonly long Drift = drift;
        public readonly Slot[] Slots = new Slot[Size];

        /// <summary>Of all but entries, in their order.</summary>
        public readonly Time[] Times = new Time[TimeSize];
        public int Count;
        public int TimeCount;
        public Chunk? Next;

        public bool Holds(in Moment at) =>
            TimeCount < TimeSize && at.Stamp.Ticks - Stamp is >= 0 and <= uint.MaxValue && at.Utc.UtcTicks - at.Stamp.Ticks - Drift is >= int.MinValue and <= int.MaxValue;
    }

    sealed class Reader(Chunk first)
    {
        public Chunk Chunk = first;
        public int Next;
        public int NextTime;
        public long Taken;
        public Moment At;
    }

    /// <summary>All that was put so far.</summary>
    public long Put
    {
        get
        {
            var last = Volatile.Read(ref _last);
            return last.Before + Volatile.Read(ref last.Count);
        }
    }

    public int Count => (int)(Put - Volatile.Read(ref _reader.Taken));

    /// <param name="item">No <see cref="JournalEntry"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPut(in Moment at, object item)
    {
        var chunk = _last;
        var n = chunk.Count;
        var slots = chunk.Slots;
        var times = chunk.Times;
        var stamp = at.Stamp.Ticks - chunk.Stamp;
        var drift = at.Utc.UtcTicks - at.Stamp.Ticks - chunk.Drift;
        if ((uint)n >= (uint)slots.Length || (uint)chunk.TimeCount >= (uint)times.Length || stamp != (uint)stamp || drift != (int)drift || chunk.Before + n - _takenSeen >= _size)
            return MakesRoom(at) && TryPut(at, item);
        ref var time = ref times[chunk.TimeCount++];
        time.Stamp = (uint)stamp;
        time.Drift = (int)drift;
        slots[n].Item = item;
        Volatile.Write(ref chunk.Count, n + 1);
        return true;
    }

    /// <summary>Behind the input that it came from.</summary>
    public bool TryPut(JournalEntry entry)
    {
        var chunk = _last;
        var n = chunk.Count;
        var slots = chunk.Slots;
        if ((uint)n >= (uint)slots.Length || chunk.Before + n - _takenSeen >= _size)
            return MakesRoom(null) && TryPut(entry);
        slots[n].Item = entry;
        Volatile.Write(ref chunk.Count, n + 1);
        return true;
    }

    /// <param name="at">Which moment must fit; null: none, the times go on as they are.</param>
    bool MakesRoom(Moment? at)
    {
        var put = Put;
        if (put - _takenSeen >= _size && put - (_takenSeen = Volatile.Read(ref _reader.Taken)) >= _size)
            return false;
        var last = _last;
        if (last.Count == Chunk.Size || (at is { } wanted && !last.Holds(wanted)))
        {
            var next = at is { } moment ? new Chunk(put, moment.Stamp.Ticks, moment.Utc.UtcTicks - moment.Stamp.Ticks) : new Chunk(put, last.Stamp, last.Drift);
            Volatile.Write(ref last.Next, next);
            Volatile.Write(ref _last, next);
        }

        return true;
    }

    public bool TryTake(out Moment at, out object item)
    {
        var reader = _reader;
        var chunk = reader.Chunk;
        // What has a next one gets no more.
        if (Volatile.Read(ref chunk.Next) is { } next && reader.Next == Volatile.Read(ref chunk.Count))
            (reader.Chunk, chunk, reader.Next, reader.NextTime) = (next, next, 0, 0);
        if (reader.Next == Volatile.Read(ref chunk.Count))
        {
            (at, item) = (default, null!);
            return false;
        }

        item = chunk.Slots[reader.Next++].Item;
        if (item is not JournalEntry)
        {
            ref var time = ref chunk.Times[reader.NextTime++];
            var stamp = chunk.Stamp + time.Stamp;
            reader.At = new Moment(new TimeSpan(stamp), new DateTimeOffset(stamp + chunk.Drift + time.Drift, TimeSpan.Zero));
        }

        at = reader.At;
        Volatile.Write(ref reader.Taken, reader.Taken + 1);
        return true;
    }
}
