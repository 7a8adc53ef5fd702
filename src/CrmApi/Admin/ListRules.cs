using CallCrm.Contracts;

namespace CallCrm.CrmApi.Admin;

/// <summary>What segments, deal types and stages may be; pure.</summary>
internal static class ListRules
{
    const int MostSegments = 200;
    const int MostTypes = 50;
    const int MostStages = 40;
    const int MostSkills = 100;

    public static AdminRules.Errors Check(SegmentList list)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(list.Items.Count <= MostSegments, "items", $"at most {MostSegments} of them");
        CheckNames(errors, [.. list.Items.Select(i => (i.Code, i.Name, i.Retired))]);
        return errors;
    }

    public static AdminRules.Errors Check(SkillList list, AdminView known)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(list.Items.Count <= MostSkills, "items", $"at most {MostSkills} of them");
        CheckNames(errors, [.. list.Items.Select(i => (i.Code, i.Name, i.Retired))]);
        errors.Unless(list.Agents.Select(a => a.User).Distinct().Count() == list.Agents.Count, "agents", "each person once");
        errors.Unless(list.Agents.All(a => known.Users.Any(u => u.Id == a.User)), "agents", "people who take calls");
        // One that was put away, or is to be, keeps its levels.
        var codes = list.Items.Select(i => i.Code).Concat((known.Skills?.Items ?? []).Select(i => i.Code)).ToHashSet(StringComparer.Ordinal);
        errors.Unless(list.Agents.All(a => a.Levels.Keys.All(codes.Contains)), "agents", "skills of the list");
        errors.Unless(list.Agents.All(a => a.Levels.Values.All(l => l is >= 1 and <= 9)), "agents", "a level from 1 to 9");
        return errors;
    }

    public static AdminRules.Errors Check(DealTypeList list, AdminView known)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(list.Items.Count <= MostTypes, "items", $"at most {MostTypes} of them");
        CheckNames(errors, [.. list.Items.Select(i => (i.Code, i.Name, i.Retired))]);
        foreach (var type in list.Items)
        {
            errors.Unless(type.Stages.Count is >= 1 and <= MostStages, "items", $"1 to {MostStages} stages in every deal type");
            CheckNames(errors, [.. type.Stages.Select(s => (s.Code, s.Name, s.Retired))]);
            errors.Unless(type.Stages.All(s => s.Outcome is null or "won" or "lost"), "items", "stages that are won, lost, or neither");
            // Where new deals begin: they are not over as soon as they are made.
            errors.Unless(type.Stages.FirstOrDefault(s => !s.Retired) is { Outcome: null }, "items", "an open stage first in every deal type");
            CheckRules(errors, type, known);
        }

        return errors;
    }

    /// <summary>A disposition whose stage is put away would move nothing any more: its rule is changed first. Of a type that is put away as a whole, deals go on, and so do the rules.</summary>
    static void CheckRules(AdminRules.Errors errors, DealTypeSetup type, AdminView known)
    {
        var kept = type.Stages.Where(s => !s.Retired).Select(s => s.Code).ToHashSet(StringComparer.Ordinal);
        foreach (var stage in (known.DealTypes?.Items.FirstOrDefault(t => t.Code == type.Code)?.Stages ?? []).Where(s => !s.Retired && !kept.Contains(s.Code)))
        {
            var movers = known.Dispositions.Where(d => d.Rule?.Stage is { } to && to.DealType == type.Code && to.Stage == stage.Code).Select(d => d.Name).ToList();
            errors.Unless(movers.Count == 0, "items", $"“{stage.Name}” kept while dispositions move deals there: {string.Join(", ", movers)}");
        }
    }

    /// <summary>Two of one name could not be told apart, neither by people nor by an import.</summary>
    static void CheckNames(AdminRules.Errors errors, List<(string Code, string Name, bool Retired)> items)
    {
        errors.Unless(items.Select(i => i.Code).Distinct(StringComparer.Ordinal).Count() == items.Count, "items", "each code once");
        var used = items.Where(i => !i.Retired).Select(i => i.Name).ToList();
        errors.Unless(used.Distinct(StringComparer.OrdinalIgnoreCase).Count() == used.Count, "items", "each name once");
        foreach (var (code, name, _) in items)
        {
            errors.Unless(AdminRules.IsCode(code), "items", "codes of 1 to 40 small letters, digits, - and _");
            errors.Name("items", name);
        }
    }
}
