namespace CallCrm.CallRouter.Doctor;

enum FindingState
{
    Fine,

    /// <summary>It cannot be told from here; never counted as a fault.</summary>
    Untold,
    Fault,
}

/// <summary>What one check found.</summary>
/// <param name="Area"><c>host</c>, or <c>pbx NODE</c>.</param>
/// <param name="Check">Stable name for machines.</param>
/// <param name="Text">One sentence; of a fault with its remedy.</param>
sealed record Finding(string Area, string Check, FindingState State, string Text)
{
    public static Finding Fine(string area, string check, string text) => new(area, check, FindingState.Fine, text);

    public static Finding Untold(string area, string check, string text) => new(area, check, FindingState.Untold, text);

    public static Finding Fault(string area, string check, string text) => new(area, check, FindingState.Fault, text);
}
