namespace CallCrm.CallFlow;

/// <summary>One of a client's addresses.</summary>
/// <param name="Kind">legal, actual, delivery, other.</param>
/// <param name="Line">Street and house, or all of it; at most 500 characters.</param>
public sealed record ClientAddress(string Kind, string Line, string City = "", string PostalCode = "", string Region = "", string Country = "")
{
    public const string Actual = "actual";
    const int LongestPart = 100, Longest = 500;

    public static IReadOnlyList<string> Kinds { get; } = ["legal", Actual, "delivery", "other"];

    /// <summary>All of it, as it is shown and found.</summary>
    public string Text => string.Join(", ", new[] { Line, $"{PostalCode} {City}".Trim(), Region, Country }.Where(p => p.Length > 0));

    /// <summary>Parts never hold the bar that parts them in files.</summary>
    internal ClientAddress Clean() => new(Kind, PlainText.CleanLines(Line, Longest).Replace('|', '/'), Part(City), Part(PostalCode), Part(Region), Part(Country));

    static string Part(string text) => PlainText.Clean(text, LongestPart).Replace('|', '/');
}
