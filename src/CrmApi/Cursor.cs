using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CallCrm.CrmApi;

/// <summary>What was sent as a cursor is none, or one of another list or order: its page cannot be told.</summary>
internal sealed class BadCursorException() : Exception("The cursor is none of this list.");

/// <summary>Where a list goes on: the last row's time and id, opaque to the caller. None given begins at the start; one that is none throws <see cref="BadCursorException"/>.</summary>
internal static class Cursor
{
    public static string Of(DateTimeOffset at, Guid id) => Encode($"{at.UtcTicks}|{id:N}");

    public static string Of(long number) => Encode(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>In a list of several orders: which, the value that it is sorted by, and the id.</summary>
    public static string Of(string order, string value, Guid id) => Encode($"{order}|{id:N}|{value}");

    public static (string Order, string Value, Guid Id)? Place(string? cursor) => string.IsNullOrEmpty(cursor) ? null
        : Decode(cursor)?.Split('|', 3) is [var order, var id, var value] && Guid.TryParse(id, out var guid) ? (order, value, guid) : throw new BadCursorException();

    public static (DateTimeOffset At, Guid Id)? Time(string? cursor) => string.IsNullOrEmpty(cursor) ? null
        : Decode(cursor)?.Split('|') is [var ticks, var id] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var t)
        && t <= DateTimeOffset.MaxValue.UtcTicks && Guid.TryParse(id, out var guid)
            ? (new DateTimeOffset(t, TimeSpan.Zero), guid)
            : throw new BadCursorException();

    public static long? Number(string? cursor) => string.IsNullOrEmpty(cursor) ? null
        : long.TryParse(Decode(cursor), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new BadCursorException();

    /// <summary>1 to 100, 50 when not given.</summary>
    public static int Limit(int? limit) => Math.Clamp(limit ?? 50, 1, 100);

    static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    static string? Decode(string? cursor)
    {
        if (cursor is not { Length: > 0 and < 2000 } || !Base64Url.IsValid(cursor)) return null;
        return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
    }
}
