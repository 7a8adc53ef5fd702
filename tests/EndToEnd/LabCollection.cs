namespace CallCrm.EndToEnd;

/// <summary>Tests on the real Asterisk take turns: there is one, and each must find it silent.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LabCollection
{
    public const string Name = "lab";
}
