using CallCrm.Contracts;

namespace CallCrm.CrmApi.Admin;

/// <summary>What segments, deal types and stages may be; pure.</summary>
internal static class ListRules
{
    const int MostSegments = 200;
    const int MostTypes = 50;
    const int MostStages = 40;
    const int MostSkills = 100;
    const int MostCampaigns = 500;
    const int LongestDescription = 500;

    /// <summary>Days of a lifetime: what is typed wrong is not taken for one.</summary>
    static readonly (DateOnly From, DateOnly To) Days = (new DateOnly(2000, 1, 1), new DateOnly(2100, 12, 31));

    public static AdminRules.Errors Check(SegmentList list)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(list.Items.Count <= MostSegments, "items", $"at most {MostSegments} of them");
        CheckNames(errors, [.. list.Items.Select(i => (i.Code, i.Name, i.Retired))]);
        return errors;
    }

    public static AdminRules.Errors Check(CampaignList list, AdminView known)
    {
        var errors = new AdminRules.Errors();
        errors.Unless(list.Items.Count <= MostCampaigns, "items", $"at most {MostCampaigns} of them");
        CheckNames(errors, [.. list.Items.Select(i => (i.Code, i.Name, i.Retired))]);
        foreach (var item in list.Items)
        {
            errors.Unless(new[] { item.From, item.To }.OfType<DateOnly>().All(d => d >= Days.From && d <= Days.To), "items", "days from 2000 to 2100");
            errors.Unless(!(item.From > item.To), "items", "a last day that is not before the first");
            errors.Unless(item.Description.Length <= LongestDescription, "items", $"descriptions of at most {LongestDescription} characters");
        }

        // A disposition that no call can get any more is limited anew first, and who calls the number is not silently of no campaign.
        var kept = list.Items.Where(i => !i.Retired).Select(i => i.Code).ToHashSet(StringComparer.Ordinal);
        foreach (var campaign in (known.Campaigns?.Items ?? []).Where(c => !c.Retired && !kept.Contains(c.Code)))
        {
            var numbers = known.Numbers.Where(n => n.Campaign == campaign.Code).Select(n => n.Number).ToList();
            errors.Unless(numbers.Count == 0, "items", $"“{campaign.Name}” kept while numbers belong to it: {string.Join(", ", numbers)}");
            var limited = known.Dispositions.Where(d => d.Campaigns?.Contains(campaign.Code) == true).Select(d => d.Name).ToList();
            errors.Unless(limited.Count == 0, "items", $"“{campaign.Name}” kept while dispositions are for it: {string.Join(", ", limited)}");
        }

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
