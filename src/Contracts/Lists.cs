namespace CallCrm.Contracts;

/// <summary>The clients' segments, in order. Saved as a whole: what is left out is put away.</summary>
/// <param name="Version">As read: what somebody else saved meanwhile is a conflict.</param>
public sealed record SegmentList(IReadOnlyList<SegmentSetup> Items, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Code">1 to 40 small letters, digits, - and _; never changes.</param>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="Retired">Put away: clients that have it keep it, no other gets it.</param>
public sealed record SegmentSetup(string Code, string Name, bool Retired = false);

/// <summary>The types of deals with their stages, in order. Saved as a whole: what is left out is put away.</summary>
/// <param name="Version">As read: what somebody else saved meanwhile is a conflict.</param>
public sealed record DealTypeList(IReadOnlyList<DealTypeSetup> Items, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Code">1 to 40 small letters, digits, - and _; never changes.</param>
/// <param name="Stages">In order; new deals begin in the first one that is not put away, which is open.</param>
/// <param name="Retired">Put away: its deals go on, no new one is made.</param>
public sealed record DealTypeSetup(string Code, string Name, IReadOnlyList<StageSetup> Stages, bool Retired = false);

/// <param name="Code">1 to 40 small letters, digits, - and _; never changes.</param>
/// <param name="Outcome">won or lost: a deal that comes here is closed. Null: it is open. Stays as it is while deals stand there.</param>
/// <param name="Retired">Put away: deals that stand there stay until they are moved, no other comes.</param>
public sealed record StageSetup(string Code, string Name, string? Outcome = null, bool Retired = false);

/// <summary>GET /api/admin/lists/use: how many clients and deals have what, bins left out.</summary>
/// <param name="Segments">Clients by segment.</param>
/// <param name="Stages">Deals by type and stage.</param>
public sealed record ListUseView(IReadOnlyDictionary<string, long> Segments, IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> Stages);
