namespace CallCrm.Contracts;

/// <summary>GET /api/practice?script=&amp;turn=: an invented client who calls, led by a real script. Nothing of it exists anywhere but on the page that asked.</summary>
/// <param name="Scripts">Those one can practise with.</param>
public sealed record PracticeView(CallerView Caller, ClientCardView Card, string? NumberName, string? Greeting, ScriptChoiceView Script, IReadOnlyList<NamedCode> Scripts);
