using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// From the engine to the writer: one puts, one takes, neither waits for the other. Full, it refuses; it never blocks. Things lie in
/// chunks that are made anew: memory that the writer's core has held is slow to write for the engine's.
/// </summary>
/// <param name="size">How many may wait.</param>
sealed class FlightRing(int size)
{
    Chunk _last = new();
    long _put;
    long _takenSeen;

    // The writer's side.
    Chunk? _first;
    int _next;
    long _taken;

    struct Slot
    {
        public Moment At;
        public object Item;
    }

    sealed class Chunk
    {
        public const int Size = 256;
        public readonly Slot[] Slots = new Slot[Size];
        public int Count;
        public Chunk? Next;
    }

    /// <summary>All that was put so far. The engine's side.</summary>
    public long Put => _put;

    public int Count => (int)(Volatile.Read(ref _put) - Volatile.Read(ref _taken));

    public bool TryPut(Moment at, object item)
    {
        if (_put - _takenSeen >= size && _put - (_takenSeen = Volatile.Read(ref _taken)) >= size)
            return false;
        var chunk = _last;
        if (chunk.Count == Chunk.Size)
        {
            var next = new Chunk();
            Volatile.Write(ref chunk.Next, next);
            _last = chunk = next;
        }

        // The first one is where the writer begins.
        if (_put == 0)
            Volatile.Write(ref _first, chunk);
        ref var slot = ref chunk.Slots[chunk.Count];
        slot.At = at;
        slot.Item = item;
        Volatile.Write(ref chunk.Count, chunk.Count + 1);
        Volatile.Write(ref _put, _put + 1);
        return true;
    }

    public bool TryTake(out Moment at, out object item)
    {
        (at, item) = (default, null!);
        if (Volatile.Read(ref _first) is not { } chunk)
            return false;
        if (_next == Chunk.Size)
        {
            if (Volatile.Read(ref chunk.Next) is not { } next)
                return false;
            (_first, chunk, _next) = (next, next, 0);
        }

        if (_next == Volatile.Read(ref chunk.Count))
            return false;
        ref var slot = ref chunk.Slots[_next++];
        (at, item) = (slot.At, slot.Item);
        Volatile.Write(ref _taken, _taken + 1);
        return true;
    }
}
