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

/// <summary>Campaigns, in order: what calls come in or are made for. Saved as a whole: what is left out is put away.</summary>
/// <param name="Version">As read: what somebody else saved meanwhile is a conflict.</param>
public sealed record CampaignList(IReadOnlyList<CampaignSetup> Items, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Code">1 to 40 small letters, digits, - and _; never changes. Scripts name it.</param>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="Retired">Put away: calls that are of it stay so, no other becomes.</param>
/// <param name="From">The first day of it, in the zone of the called number's queue; null: since ever.</param>
/// <param name="To">The last day; null: without end.</param>
/// <param name="Description">What it is about, at most 500 characters.</param>
public sealed record CampaignSetup(string Code, string Name, bool Retired = false, DateOnly? From = null, DateOnly? To = null, string Description = "");

/// <summary>What people can do, in order, and who can what. Saved as a whole: a skill that is left out is put away, who is not named has none.</summary>
/// <param name="Version">As read: what somebody else saved meanwhile is a conflict.</param>
public sealed record SkillList(IReadOnlyList<SkillSetup> Items, IReadOnlyList<AgentSkills> Agents, int Version = 0) : IVersionedWrite
{
    IVersionedWrite IVersionedWrite.WithVersion(int version) => this with { Version = version };
}

/// <param name="Code">1 to 40 small letters, digits, - and _; never changes.</param>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="Retired">Put away: no queue asks for it any more, until it is brought back.</param>
public sealed record SkillSetup(string Code, string Name, bool Retired = false);

/// <param name="Levels">By skill, 1 (the best) to 9.</param>
public sealed record AgentSkills(Guid User, IReadOnlyDictionary<string, int> Levels);

/// <param name="Least">The last level that will do, 1 to 9: at 3 who has 1, 2 or 3 serves the queue.</param>
public sealed record QueueSkill(string Skill, int Least);

/// <summary>Who serves a queue by skills: everybody who has all of those that it asks for, at the weakest of them; who is named for it serves it at that level. As <c>queue_member</c> in the database says it.</summary>
public static class SkillRules
{
    /// <param name="asked">Skills that were put away are asked of nobody.</param>
    /// <returns>The level of each, without those who are named.</returns>
    public static IReadOnlyDictionary<Guid, int> Members(IReadOnlyList<QueueSkill> asked, SkillList skills, IReadOnlyList<MemberSetup> named)
    {
        var wanted = asked.Where(a => skills.Items.Any(s => s.Code == a.Skill && !s.Retired)).ToList();
        return wanted.Count == 0 ? new Dictionary<Guid, int>() : skills.Agents
            .Where(a => named.All(m => m.User != a.User) && wanted.TrueForAll(w => a.Levels.TryGetValue(w.Skill, out var level) && level <= w.Least))
            .ToDictionary(a => a.User, a => wanted.Max(w => a.Levels[w.Skill]));
    }
}

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
