using System.Runtime.CompilerServices;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// From the engine to the writer: one puts, one takes, neither waits for the other. Full, it refuses; it never blocks. Things lie in
/// chunks that are made anew: memory that the writer's core has held is slow to write for the engine's.
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
        _last = new Chunk(0);
        _reader = new Reader(_last);
    }

    struct Slot
    {
        public Moment At;
        public object Item;
    }

    sealed class Chunk(long before)
    {
        public const int Size = 256;

        /// <summary>What was put before its first.</summary>
        public readonly long Before = before;
        public readonly Slot[] Slots = new Slot[Size];
        public int Count;
        public Chunk? Next;
    }

    sealed class Reader(Chunk first)
    {
        public Chunk Chunk = first;
        public int Next;
        public long Taken;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPut(in Moment at, object item)
    {
        var chunk = _last;
        var n = chunk.Count;
        var slots = chunk.Slots;
        if ((uint)n >= (uint)slots.Length || chunk.Before + n - _takenSeen >= _size)
            return TryPutSlowly(at, item);
        ref var slot = ref slots[n];
        slot.At = at;
        slot.Item = item;
        Volatile.Write(ref chunk.Count, n + 1);
        return true;
    }

    bool TryPutSlowly(in Moment at, object item)
    {
        var put = Put;
        if (put - _takenSeen >= _size && put - (_takenSeen = Volatile.Read(ref _reader.Taken)) >= _size)
            return false;
        if (_last.Count == Chunk.Size)
        {
            var next = new Chunk(put);
            Volatile.Write(ref _last.Next, next);
            Volatile.Write(ref _last, next);
        }

        return TryPut(at, item);
    }

    public bool TryTake(out Moment at, out object item)
    {
        var reader = _reader;
        var chunk = reader.Chunk;
        if (reader.Next == Chunk.Size)
        {
            if (Volatile.Read(ref chunk.Next) is not { } next)
            {
                (at, item) = (default, null!);
                return false;
            }

            (reader.Chunk, chunk, reader.Next) = (next, next, 0);
        }

        if (reader.Next == Volatile.Read(ref chunk.Count))
        {
            (at, item) = (default, null!);
            return false;
        }

        ref var slot = ref chunk.Slots[reader.Next++];
        (at, item) = (slot.At, slot.Item);
        Volatile.Write(ref reader.Taken, reader.Taken + 1);
        return true;
    }
}
