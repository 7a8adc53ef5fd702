using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.DemoPbx;
using Microsoft.Playwright;

namespace CallCrm.EndToEnd.Pages;

/// <summary>Who came in one journey, and what they need made beforehand: by the public API, as another program would.</summary>
sealed class Visit(PagesSite site) : IAsyncDisposable
{
    const string Password = "a password for tests 1";

    readonly List<Visitor> _visitors = [];
    Visitor? _admin;

    public async Task<Visitor> AsAsync(string login)
    {
        var visitor = new Visitor(site.Address, await site.ContextAsync(login));
        _visitors.Add(visitor);
        return visitor;
    }

    /// <summary>The administrator who prepares things; no page is opened.</summary>
    public async Task<Visitor> AdminAsync() => _admin ??= await AsAsync("admin");

    /// <summary>The company's telephones.</summary>
    public DemoPbxServer Pbx => site.Pbx;

    /// <summary>A role of its own: what is set for it concerns no other test.</summary>
    public async Task<RoleSetup> RoleAsync(string copyOf, params string[] without)
    {
        var admin = await AdminAsync();
        var rights = (await admin.GetAsync<AdminView>("api/admin")).Roles!.First(r => r.Code == copyOf).Rights.Where(r => !without.Contains(r.Key)).ToDictionary();
        var role = new RoleSetup(Unique.Code("role"), Unique.Name("Role"), false, rights, 0, copyOf);
        return (await admin.SendAsync<AdminView>("PUT", $"api/admin/roles/{role.Code}", role)).Roles!.First(r => r.Code == role.Code);
    }

    /// <returns>The login.</returns>
    public async Task<string> PersonAsync(string role, string language = "en", string? name = null, bool isAgent = false, Guid? department = null)
    {
        var admin = await AdminAsync();
        var (id, login) = (Guid.CreateVersion7(), Unique.Code("person"));
        await admin.SendAsync<JsonElement>("PUT", $"api/admin/users/{id}", new UserSetup(id, login, name ?? Unique.Name("Person"), role, language, "Europe/Rome", isAgent, false, true, 0, Department: department));
        var link = await admin.SendAsync<LinkView>("POST", $"api/admin/users/{id}/link", null);
        await admin.SendAsync<JsonElement>("POST", "api/session/link", new LinkUse(link.Path[(link.Path.IndexOf('#', StringComparison.Ordinal) + 1)..], Password));
        site.Passwords[login] = Password;
        return login;
    }

    /// <summary>Somebody who takes calls and serves no queue: nobody is sent to them.</summary>
    /// <param name="extension">No other journey's.</param>
    public async Task<Visitor> AtDeskAsync(string extension, string? role = null, string? name = null)
    {
        var agent = await AsAsync(await PersonAsync(role ?? "agent", name: name, isAgent: true));
        await agent.OpenAsync("");
        await agent.Page.Locator($"[data-test=sit][data-extension='{extension}']").ClickAsync();
        await agent.Page.Locator("[data-test=presence][data-state=Ready]").WaitForAsync();
        return agent;
    }

    public async Task<Guid> DepartmentAsync()
    {
        var id = Guid.CreateVersion7();
        await (await AdminAsync()).SendAsync<JsonElement>("PUT", $"api/admin/departments/{id}", new DepartmentSetup(id, Unique.Name("Department"), null, 0));
        return id;
    }

    public async Task<ClientFieldSetup> FieldAsync(string name, string kind, params NamedCode[] options)
    {
        var field = new ClientFieldSetup(Unique.Code("field"), name, kind, options, 500, false, 0);
        await (await AdminAsync()).SendAsync<JsonElement>("PUT", $"api/admin/client-fields/{field.Code}", field);
        return field;
    }

    public async Task<ClientCardView> ClientAsync(string name, string? number = null, string email = "", string city = "", string note = "", IReadOnlyList<string>? tags = null, Dictionary<string, JsonElement>? custom = null)
    {
        var save = new ClientSave("person", name, "", email, city, note, null, null, null, [new PhoneSave(number ?? Unique.Number(), "", true)], Tags: tags, Custom: custom);
        return await (await AdminAsync()).SendAsync<ClientCardView>("POST", "api/clients", new ClientCreate(Guid.CreateVersion7(), save));
    }

    public async Task EndAsync()
    {
        foreach (var visitor in _visitors)
            await visitor.EndAsync();
    }

    /// <summary>What went wrong, for whoever reads the failure.</summary>
    public async Task<string> TellAsync()
    {
        var told = new List<string>();
        foreach (var visitor in _visitors)
            told.Add(await visitor.TellAsync());
        return string.Join('\n', told.Where(t => t.Length > 0));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var visitor in _visitors)
            await visitor.DisposeAsync();
    }
}

/// <summary>Names that no other test and nothing of the demo has.</summary>
static class Unique
{
    public static string Name(string word) => $"{word} {Letters()}";

    public static string Code(string word) => $"{word}_{Letters().ToLowerInvariant()}";

    /// <summary>Letters alone: digits would be looked for among the numbers.</summary>
    public static string Letters() => string.Concat(Guid.NewGuid().ToByteArray().Take(8).Select((b, n) => (char)((n == 0 ? 'A' : 'a') + b % 26)));

    /// <summary>A telephone number of Milan, as E.164.</summary>
    public static string Number() => "+39029" + string.Concat(Guid.NewGuid().ToByteArray().Take(7).Select(b => (char)('0' + b % 10)));
}
