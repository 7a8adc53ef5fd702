using System.Runtime.InteropServices;
using CallCrm.Engine;

namespace CallCrm.CallRouter.Flight;

/// <summary>
/// From the engine to the writer: one puts, one takes, neither waits for the other. A full ring refuses; it never blocks.
/// </summary>
/// <param name="size">A power of two.</param>
sealed class FlightRing(int size)
{
    readonly Slot[] _slots = new Slot[size];
    Counter _put;
    Counter _taken;

    struct Slot
    {
        public Moment At;
        public object? Item;
    }

    // Each on a cache line of its own: the two sides would slow each other down.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    struct Counter
    {
        [FieldOffset(64)]
        public long Value;

        /// <summary>The other side's counter as seen last, looked at again only when it matters.</summary>
        [FieldOffset(72)]
        public long Other;
    }

    public int Count => (int)(Volatile.Read(ref _put.Value) - Volatile.Read(ref _taken.Value));

    public bool TryPut(Moment at, object item)
    {
        var put = _put.Value;
        if (put - _put.Other == _slots.Length && put - (_put.Other = Volatile.Read(ref _taken.Value)) == _slots.Length)
            return false;
        ref var slot = ref _slots[put & (_slots.Length - 1)];
        slot.At = at;
        slot.Item = item;
        Volatile.Write(ref _put.Value, put + 1);
        return true;
    }

    public bool TryTake(out Moment at, out object item)
    {
        var taken = _taken.Value;
        if (taken == _taken.Other && taken == (_taken.Other = Volatile.Read(ref _put.Value)))
        {
            (at, item) = (default, null!);
            return false;
        }

        ref var slot = ref _slots[taken & (_slots.Length - 1)];
        (at, item) = (slot.At, slot.Item!);
        slot.Item = null;
        Volatile.Write(ref _taken.Value, taken + 1);
        return true;
    }
}
