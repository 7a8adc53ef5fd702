namespace CallCrm.DemoPbx.Ami;

/// <summary>AMI's classes of authorization.</summary>
[Flags]
internal enum AmiClasses
{
    None = 0,
    System = 1,
    Call = 2,
    Log = 4,
    Verbose = 8,
    Command = 16,
    Agent = 32,
    User = 64,
    Config = 128,
    Dtmf = 256,
    Reporting = 512,
    Cdr = 1024,
    Dialplan = 2048,
    Originate = 4096,
    Agi = 8192,
    Security = 16384,
    All = 32767,
}

internal static class AmiClassNames
{
    /// <summary>Reads a list such as <c>system,call,agent</c> or <c>all</c>; unknown names are ignored as Asterisk ignores them.</summary>
    public static AmiClasses Parse(string list)
    {
        var classes = AmiClasses.None;
        foreach (var name in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!char.IsAsciiDigit(name[0]) && Enum.TryParse<AmiClasses>(name, ignoreCase: true, out var one))
            {
                classes |= one;
            }
        }

        return classes;
    }

    public static string Privilege(this AmiClasses one) => one.ToString().ToLowerInvariant() + ",all";
}
