using CallCrm.CallFlow;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Admin;

/// <summary>
/// What the PBX has set up beside what stands here, and what an import would write; pure. It only adds: a device or a person that the PBX does not
/// name stays.
/// </summary>
/// <param name="Seats">Who sits, or sat last, at an extension of this PBX.</param>
internal sealed record ImportPlan(string Node, RoadPbx Pbx, AdminView Known, IReadOnlyDictionary<string, Guid> Seats, string TimeZone)
{
    const int LongestName = 100;

    public PbxImportView View() => new(Node, Pbx.Source, Pbx.Notifies,
        [.. Numbered().Select(Row), .. Pbx.Phones.Where(p => p.IsTrunk || p.Number.Length == 0).Select(p => new ImportExtension(p.Number, [p.Device], p.IsTrunk ? "trunk" : "unnumbered", []))],
        [.. Pbx.Queues.Select(Row)]);

    /// <returns>Null when there is nothing to write, or nothing of it can be.</returns>
    public ExtensionSetup? Extension(string number)
    {
        if (Numbered().FirstOrDefault(g => g.Key == number) is not { } phones || Row(phones) is not { State: "new" or "changed" } row) return null;
        var known = Known.Extensions.FirstOrDefault(e => e.Node == Node && e.Number == number);
        return new ExtensionSetup(Node, number, [.. known?.Devices ?? [], .. row.Added.Select(d => new DeviceSetup(d, false, false))], known?.Version ?? 0);
    }

    /// <param name="id">Of a new one.</param>
    public QueueSetup? Queue(string name, Guid id)
    {
        if (Pbx.Queues.FirstOrDefault(q => q.Name == name) is not { } queue || Row(queue).State == "known") return null;
        var members = Members(queue).Where(m => m.User is not null).Select(m => new MemberSetup(m.User!.Value, m.Level)).DistinctBy(m => m.User);
        if (Find(queue) is { } known) return known with { Members = [.. known.Members, .. members.Where(m => known.Members.All(k => k.User != m.User))] };
        var nobody = new OverflowSetup("reject", "");
        return new QueueSetup(id, Cut(name), 20, 30, 0, 300, 20, nobody, nobody, nobody, TimeZone, null, [], 90, 20, true, [.. members], 0);
    }

    IEnumerable<IGrouping<string, RoadPhone>> Numbered() => Pbx.Phones.Where(p => p is { IsTrunk: false, Number.Length: > 0 }).GroupBy(p => p.Number, StringComparer.Ordinal);

    ImportExtension Row(IGrouping<string, RoadPhone> phones)
    {
        string[] devices = [.. phones.Select(p => p.Device).Distinct(StringComparer.Ordinal)];
        if (Known.Extensions.FirstOrDefault(e => e.Node == Node && e.Number != phones.Key && e.Devices.Any(d => devices.Contains(d.Name))) is { } other)
            return new ImportExtension(phones.Key, devices, "taken", [], other.Number);
        var known = Known.Extensions.FirstOrDefault(e => e.Node == Node && e.Number == phones.Key);
        string[] added = [.. devices.Where(d => known?.Devices.All(k => k.Name != d) ?? true)];
        return new ImportExtension(phones.Key, devices, known is null ? "new" : added.Length > 0 ? "changed" : "known", added);
    }

    ImportQueue Row(RoadQueue queue)
    {
        var (known, members) = (Find(queue), Members(queue));
        var added = members.Where(m => m.User is { } user && (known?.Members.All(k => k.User != user) ?? true)).Select(m => Known.Users.First(u => u.Id == m.User).Name).Distinct(StringComparer.Ordinal);
        var unknown = members.Where(m => m.User is null).Select(m => m.Name).Distinct(StringComparer.Ordinal);
        var names = added.ToArray();
        return new ImportQueue(queue.Name, known is null ? "new" : names.Length > 0 ? "changed" : "known", names, [.. unknown]);
    }

    QueueSetup? Find(RoadQueue queue) => Known.Queues.FirstOrDefault(q => q.Name.Equals(Cut(queue.Name), StringComparison.OrdinalIgnoreCase));

    /// <summary>A member is a phone; a person is recognised by the member's name, else by who sits there.</summary>
    (string Name, Guid? User, int Level)[] Members(RoadQueue queue) =>
    [
        .. queue.Members.Select(m => (m.Name.Length > 0 ? m.Name : m.Extension.Length > 0 ? m.Extension : m.Interface, Person(m), Math.Clamp(m.Penalty + 1, 1, 9))),
    ];

    Guid? Person(RoadQueueMember member)
    {
        var people = Known.Users.Where(u => u is { IsAgent: true, Active: true }).ToArray();
        return people.FirstOrDefault(u => member.Name.Length > 0 && (u.Name.Equals(member.Name, StringComparison.OrdinalIgnoreCase) || u.Login.Equals(member.Name, StringComparison.OrdinalIgnoreCase)))?.Id
            ?? (Seats.TryGetValue(member.Extension, out var seat) && people.Any(u => u.Id == seat) ? seat : null);
    }

    static string Cut(string name) => name.Length > LongestName ? name[..LongestName] : name;
}
