namespace CallCrm.Engine;

/// <summary>Channels by which a phone is tried (device check): no calls of anybody, kept from the engine by their ids.</summary>
public static class PhoneTests
{
    public const string Prefix = "callcrm-test-";

    public static bool IsChannel(string? uniqueId) => uniqueId?.StartsWith(Prefix, StringComparison.Ordinal) == true;
}
