using System.Globalization;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Admin;

/// <summary>What an administrator may enter, field by field; pure. Field names are those of the JSON.</summary>
internal static partial class AdminRules
{
    const int LongestName = 100;
    internal static readonly string[] Languages = ["en", "it", "ru"];
    const int MostFields = 100;
    static readonly string[] AfterWrapUps = ["ready", "paused"];

    /// <summary>Pauses that are nobody's to choose from the list: the router, or the page for practice, sets them.</summary>
    static readonly string[] OwnPauses = ["practice", "signed_in", "no_answer", "by_supervisor", "wrap_up_over"];

    public static Errors Check(UserSetup user, AdminView known)
    {
        var errors = new Errors();
        errors.Unless(Login().IsMatch(user.Login), "login", "2 to 100 letters, digits and . _ - @");
        errors.Name("name", user.Name);
        errors.OneOf("role", user.Role, [.. known.Roles!.Select(r => r.Code)]);
        errors.Unless(user.Department is not { } department || known.Departments!.Any(d => d.Id == department), "department", "a department");
        errors.OneOf("language", user.Language, Languages);
        errors.Zone("timeZone", user.TimeZone);
        return errors;
    }

    public static Errors Check(RoleSetup role, AdminView known)
    {
        var errors = new Errors();
        var before = known.Roles!.FirstOrDefault(r => r.Code == role.Code);
        errors.Unless(RoleCode().IsMatch(role.Code), "code", "1 to 40 small letters, digits and _");
        if (before is not { Builtin: true } || role.Name.Length > 0) errors.Name("name", role.Name);
        errors.Unless(role.Name.Length == 0 || !known.Roles!.Any(r => r.Code != role.Code && r.Name.Equals(role.Name, StringComparison.OrdinalIgnoreCase)), "name", "a name that no other role has");
        if (role.Version == 0) errors.Unless(known.Roles!.Any(r => r.Code == role.CopyOf), "copyOf", "the role it is copied from");
        foreach (var (right, scope) in role.Rights)
        {
            if (!Access.RightCatalog.ByCode.TryGetValue(right, out var line)) errors.Add("rights", $"known rights: {right} is none");
            else if (line.Scoped) errors.Unless(Access.RightCatalog.ScopeOf(scope) is not null, "rights", $"own, department or all for {right}");
            else errors.Unless(scope == "all", "rights", $"all for {right}, which has no scope");
        }

        return errors;
    }

    public static Errors Check(DepartmentSetup department, AdminView known)
    {
        var errors = new Errors();
        errors.Name("name", department.Name);
        errors.Unless(!known.Departments!.Any(d => d.Id != department.Id && d.Parent == department.Parent && d.Name.Equals(department.Name, StringComparison.OrdinalIgnoreCase)), "name", "a name that no other department beside it has");
        if (department.Parent is { } parent)
        {
            if (!known.Departments!.Any(d => d.Id == parent)) errors.Add("parent", "a department");
            else errors.Unless(!IsAbove(department.Id, parent, known), "parent", "a department that is not this one, nor below it");
        }

        return errors;
    }

    static bool IsAbove(Guid top, Guid? below, AdminView known)
    {
        for (var steps = 0; below is { } id && steps <= known.Departments!.Count; steps++)
        {
            if (id == top) return true;
            below = known.Departments.FirstOrDefault(d => d.Id == id)?.Parent;
        }

        return false;
    }

    public static Errors Check(QueueSetup queue, AdminView known)
    {
        var errors = new Errors();
        errors.Name("name", queue.Name);
        errors.Unless(!known.Queues.Any(q => q.Id != queue.Id && q.Name.Equals(queue.Name, StringComparison.OrdinalIgnoreCase)), "name", "a name that no other queue has");
        errors.Range("ring_s", queue.Ring_s, 1, 120);
        errors.Range("wrapUp_s", queue.WrapUp_s, 0, 3600);
        errors.OneOf("afterWrapUp", queue.AfterWrapUp, AfterWrapUps);
        errors.Range("preferredPatience_s", queue.PreferredPatience_s, 0, 600);
        errors.Range("maxWait_s", queue.MaxWait_s, 5, 7200);
        if (queue.MostWaiting is { } most) errors.Range("mostWaiting", most, 1, 10_000);
        errors.Range("serviceLevel_s", queue.ServiceLevel_s, 1, 600);
        errors.Range("lastContactDays", queue.LastContactDays, 1, 3650);
        errors.Range("lastContactTalk_s", queue.LastContactTalk_s, 0, 3600);
        errors.Zone("timeZone", queue.TimeZone);
        Check(errors, "afterMaxWait", queue.AfterMaxWait, queue, known);
        Check(errors, "whenClosed", queue.WhenClosed, queue, known);
        Check(errors, "whenNobody", queue.WhenNobody, queue, known);
        CheckBlocked(errors, queue.WhenBlocked);
        foreach (var problem in queue.Hours is { } hours ? SettingsRules.HoursProblems(hours) : []) errors.Add("hours", problem);
        errors.Unless(queue.Holidays.Count <= 400, "holidays", "at most 400 days");
        errors.Unless(queue.Holidays.Select(h => h.Day).Distinct().Count() == queue.Holidays.Count, "holidays", "each day once");
        foreach (var holiday in queue.Holidays) errors.Unless(holiday.Name.Length <= LongestName, "holidays", $"a name of at most {LongestName} characters");
        errors.Unless(queue.Members.Select(m => m.User).Distinct().Count() == queue.Members.Count, "members", "each person once");
        foreach (var member in queue.Members)
        {
            errors.Unless(member.Level is >= 1 and <= 9, "members", "a level from 1 to 9");
            errors.Unless(known.Users.Any(u => u.Id == member.User && u.IsAgent), "members", "people who take calls");
        }

        errors.Unless((queue.Skills ?? []).Select(s => s.Skill).Distinct(StringComparer.Ordinal).Count() == (queue.Skills ?? []).Count, "skills", "each skill once");
        foreach (var skill in queue.Skills ?? [])
        {
            errors.Unless(skill.Least is >= 1 and <= 9, "skills", "a level from 1 to 9");
            errors.Unless((known.Skills?.Items ?? []).Any(s => s.Code == skill.Skill), "skills", "skills of the list");
        }

        return errors;
    }

    public static Errors Check(CallSetup calls)
    {
        var errors = new Errors();
        errors.Range("wrapUpOut_s", calls.WrapUpOut_s, 0, 3600);
        return errors;
    }

    /// <summary>Blocked callers are led to nobody.</summary>
    static void CheckBlocked(Errors errors, OverflowSetup? blocked)
    {
        var expected = blocked?.Kind switch
        {
            null => null,
            "busy" or "reject" => blocked.Target.Length == 0 ? null : "no target",
            "goto" => SettingsRules.IsGotoTarget(blocked.Target) ? null : "a target of the dialplan: context,exten,label",
            "play" => SettingsRules.IsSoundName(blocked.Target) ? null : "a sound's name, without its ending",
            _ => "busy, reject, play or goto",
        };
        if (expected is not null) errors.Add("whenBlocked", expected);
    }

    /// <summary>Calls would go round for ever: A passes on to B and B to A. The router gives up after five; better not to begin.</summary>
    static void Check(Errors errors, string field, OverflowSetup overflow, QueueSetup queue, AdminView known)
    {
        var expected = overflow.Kind switch
        {
            "reject" or "voicemail" => overflow.Target.Length == 0 ? null : "no target",
            "goto" => SettingsRules.IsGotoTarget(overflow.Target) ? null : "a target of the dialplan: context,exten,label",
            "play" => SettingsRules.IsSoundName(overflow.Target) ? null : "a sound's name, without its ending",
            "queue" => Guid.TryParse(overflow.Target, out var id) && id != queue.Id && known.Queues.Any(q => q.Id == id) ? null : "another queue",
            _ => "queue, voicemail, goto, play or reject",
        };
        if (expected is not null) errors.Add(field, expected);
        else if (overflow.Kind == "queue" && LeadsBack(field, Guid.Parse(overflow.Target), queue.Id, known)) errors.Add(field, "a queue that does not lead back here");
    }

    static bool LeadsBack(string field, Guid next, Guid start, AdminView known)
    {
        for (var steps = 0; steps <= known.Queues.Count; steps++)
        {
            if (next == start) return true;
            if (known.Queues.FirstOrDefault(q => q.Id == next) is not { } queue) return false;
            var overflow = field switch { "afterMaxWait" => queue.AfterMaxWait, "whenClosed" => queue.WhenClosed, _ => queue.WhenNobody };
            if (overflow.Kind != "queue" || !Guid.TryParse(overflow.Target, out next)) return false;
        }

        return true;
    }

    public static Errors Check(ExtensionSetup extension, AdminView known)
    {
        var errors = new Errors();
        errors.Unless(known.Nodes.Contains(extension.Node), "node", known.Nodes.Count == 0 ? "a PBX named in the configuration" : "one of " + string.Join(", ", known.Nodes));
        errors.Unless(ExtensionNumber().IsMatch(extension.Number), "number", "1 to 20 digits");
        errors.Unless(extension.Name.Length <= 60, "name", "at most 60 characters");
        errors.Unless(extension.Devices.Count is >= 1 and <= 10, "devices", "1 to 10 devices");
        foreach (var device in extension.Devices)
        {
            errors.Unless(SettingsRules.IsDevice(device.Name), "devices", "names as the PBX dials them, such as PJSIP/101");
            if (known.Extensions.FirstOrDefault(e => e.Node == extension.Node && e.Number != extension.Number && e.Devices.Any(d => d.Name == device.Name)) is { } other)
                errors.Add("devices", $"{device.Name} belongs to {other.Number}");
        }

        errors.Unless(extension.Devices.Select(d => d.Name).Distinct(StringComparer.Ordinal).Count() == extension.Devices.Count, "devices", "each device once");
        return errors;
    }

    public static Errors Check(NumberSetup number, AdminView known)
    {
        var errors = new Errors();
        errors.Unless(DialledNumber().IsMatch(number.Number), "number", "2 to 20 digits, as the dialplan sends them, with or without +");
        errors.Unless(!known.Numbers.Any(n => n.Number != number.Number && n.Number.TrimStart('+') == number.Number.TrimStart('+')), "number", "a number that is not there with or without +");
        errors.Name("name", number.Name);
        errors.Unless(known.Queues.Any(q => q.Id == number.Queue), "queue", "a queue");
        errors.Unless(number.Source.Length <= LongestName, "source", $"at most {LongestName} characters");
        errors.Unless(number.Campaign is null || known.Campaigns?.Items.Any(c => c.Code == number.Campaign && !c.Retired) == true, "campaign", "a campaign that is not put away");
        errors.OneOf("language", number.Language, Languages);
        CheckGreeting(errors, "greeting", number.Greeting);
        foreach (var (language, text) in number.Greetings ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            errors.Unless(Languages.Contains(language) && language != number.Language, "greetings", $"the others of {string.Join(", ", Languages)}, not the number's own");
            CheckGreeting(errors, $"greetings.{language}", text);
        }

        return errors;
    }

    /// <summary>As a spoken line of a script: what it says of placeholders holds here, too.</summary>
    static void CheckGreeting(Errors errors, string field, string text)
    {
        errors.Unless(text.Length <= 300, field, "at most 300 characters");
        var problems = new ProblemList("");
        SpokenLine.ReadGreeting(text, problems);
        foreach (var problem in problems.InOrder()) errors.Add(field, problem.Message);
    }

    public static Errors CheckPauses(CodesSave save)
    {
        var errors = CheckCodes(save, 60);
        foreach (var item in save.Items)
        {
            errors.Unless(Array.IndexOf(OwnPauses, item.Code) < 0, "items", $"no code that has a meaning of its own: {string.Join(", ", OwnPauses)}");
            errors.Unless(item.Allowance_min is null or (>= 1 and <= 1440), "items", "an allowance of 1 to 1440 minutes a day, of pause reasons only");
            errors.Unless(item is { Parent: null, Group: false, Queues: null, Rule: null, Campaigns: null }, "items", "branches, queues, campaigns and rules of dispositions only");
        }

        return errors;
    }

    /// <summary>What is the same for every list.</summary>
    internal static Errors CheckCodes(CodesSave save, int most)
    {
        var errors = new Errors();
        errors.Unless(save.Items.Count >= 1 && save.Items.Count <= most, "items", $"1 to {most} of them");
        errors.Unless(save.Items.Select(i => i.Code).Distinct(StringComparer.Ordinal).Count() == save.Items.Count, "items", "each code once");
        foreach (var item in save.Items)
        {
            errors.Unless(Code().IsMatch(item.Code), "items", "codes of 1 to 40 small letters, digits, - and _");
            errors.Name("items", item.Name);
        }

        return errors;
    }

    internal static bool IsCode(string text) => Code().IsMatch(text);

    public static Errors Check(ClientFieldSetup field, AdminView known)
    {
        var errors = new Errors();
        errors.Unless(FieldCode().IsMatch(field.Code), "code", "1 to 40 small letters, digits and _, a letter first");
        errors.Name("name", field.Name);
        var others = (known.ClientFields ?? []).Where(f => f.Code != field.Code).ToList();
        errors.Unless(field.Archived || !others.Exists(f => !f.Archived && f.Name.Equals(field.Name, StringComparison.OrdinalIgnoreCase)), "name", "a name that no other field has");
        errors.Unless(field.Archived || others.Count(f => !f.Archived) < MostFields, "name", $"at most {MostFields} fields in use");
        errors.OneOf("kind", field.Kind, [.. CustomField.Kinds]);
        if (field.Kind == CustomField.Link) errors.OneOf("target", field.Target ?? "", [.. CustomField.Targets]);
        errors.Range("position", field.Position, 1, 999);
        if (field.Kind is not ("choice" or "choices"))
        {
            errors.Unless(field.Options.Count == 0, "options", "none for this kind");
            return errors;
        }

        errors.Unless(field.Options.Count is >= 1 and <= 100, "options", "1 to 100 of them");
        errors.Unless(field.Options.Select(o => o.Code).Distinct(StringComparer.Ordinal).Count() == field.Options.Count, "options", "each code once");
        errors.Unless(field.Options.Select(o => o.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count() == field.Options.Count, "options", "each name once");
        foreach (var option in field.Options)
        {
            errors.Unless(Code().IsMatch(option.Code), "options", "codes of 1 to 40 small letters, digits, - and _");
            errors.Name("options", option.Name);
        }

        return errors;
    }

    public static Errors Check(RequiredRuleSetup rule, AdminView known)
    {
        var errors = new Errors();
        errors.Unless(rule.Id != Guid.Empty, "id", "a UUID made by the page");
        errors.Name("name", rule.Name);
        errors.Unless(!(known.RequiredRules ?? []).Any(r => r.Id != rule.Id && r.Name.Equals(rule.Name, StringComparison.OrdinalIgnoreCase)), "name", "a name that no other rule has");
        errors.OneOf("occasion", rule.Occasion, ["save", "stage", "wrap_up"]);
        // One that is there may stay: a role that was deleted is nobody's, and in nobody's way.
        if (rule.Role is { } role && (known.RequiredRules ?? []).FirstOrDefault(r => r.Id == rule.Id)?.Role != role) errors.OneOf("role", role, [.. known.Roles!.Select(r => r.Code)]);
        errors.Unless(rule.DealStage is null || rule.DealType is not null, "dealStage", "none without a deal type");
        errors.Unless(rule.Fields.Count > 0, "fields", "at least one field");
        var ofDeal = Required.RequiredFields.OfDeal;
        var fields = Required.RequiredFields.BuiltIn.Concat(ofDeal).Concat((known.ClientFields ?? []).Select(f => Required.RequiredFields.Own + f.Code)).ToList();
        foreach (var field in rule.Fields.Where(f => !fields.Contains(f))) errors.Add("fields", $"fields such as taxId, deal.amount and custom.CODE, not {field}");
        errors.Unless(rule.Occasion != "save" || !rule.Fields.Any(ofDeal.Contains), "fields", "fields of the card when it is saved: those of a deal are asked for when it leaves its stage, or at the wrap-up");
        return errors;
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,39}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FieldCode();

    [GeneratedRegex("^[A-Za-z0-9._@-]{2,100}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Login();

    [GeneratedRegex("^[0-9*#]{1,20}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ExtensionNumber();

    [GeneratedRegex(@"^\+?[0-9]{2,20}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DialledNumber();

    [GeneratedRegex("^[a-z0-9_]{1,40}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RoleCode();

    [GeneratedRegex("^[a-z0-9_-]{1,40}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Code();

    /// <summary>What was expected, by field.</summary>
    internal sealed class Errors
    {
        readonly SortedDictionary<string, List<string>> _byField = new(StringComparer.Ordinal);

        public bool Any => _byField.Count > 0;

        public IReadOnlyDictionary<string, string[]> ByField => _byField.ToDictionary(f => f.Key, f => f.Value.ToArray(), StringComparer.Ordinal);

        public void Add(string field, string expected)
        {
            if (!_byField.TryGetValue(field, out var all)) _byField[field] = all = [];
            if (!all.Contains(expected)) all.Add(expected);
        }

        public void Unless(bool fine, string field, string expected)
        {
            if (!fine) Add(field, expected);
        }

        public void Name(string field, string text) => Unless(text.Trim().Length is >= 1 and <= LongestName, field, $"a name of 1 to {LongestName} characters");

        public void Range(string field, int value, int from, int to) => Unless(value >= from && value <= to, field, string.Create(CultureInfo.InvariantCulture, $"{from} to {to}"));

        public void OneOf(string field, string value, string[] known) => Unless(known.Contains(value), field, "one of " + string.Join(", ", known));

        public void Zone(string field, string zone) => Unless(TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _), field, "an IANA time zone such as Europe/Rome");
    }
}
