using System.Globalization;

namespace CallCrm.CallFlow.Demo;

/// <summary>
/// What stands on the cards beside names and numbers: as a base looks after some years, filled here and empty there. With a chance of its own: calls and deals do not
/// change by it. To be called when the calls are made, as it looks at them.
/// </summary>
internal sealed class DemoCards(DemoRandom random, DemoOptions options, DateTimeOffset now)
{
    /// <summary>Days after which somebody has looked at a card that a call made.</summary>
    const int LookedAtAfter = 20;

    /// <summary>However few were made of late: so many of the newest still wait for it.</summary>
    const int NotLookedAt = 20;

    public List<DemoEmail> Emails { get; } = [];

    public List<DemoBlocked> Blocked { get; } = [];

    public void Dress(List<DemoClient> clients, List<DemoDeal> deals, DemoHistory history)
    {
        var spoke = history.Calls.Where(c => c.AnsweredAt is not null).Select(c => c.ClientId!.Value).ToHashSet();
        var called = history.Calls.Select(c => c.ClientId!.Value).ToHashSet();
        var won = deals.Where(d => d.Stage == "won").ToLookup(d => d.ClientId);
        var owners = deals.Select(d => d.ClientId).ToHashSet();
        var waiting = clients.Where(c => !c.Confirmed).OrderByDescending(c => c.CreatedAt).Take(NotLookedAt).ToHashSet();
        foreach (var client in clients)
        {
            if (client.CreatedAt < now.AddDays(-LookedAtAfter) && !waiting.Contains(client)) client.Confirmed = true;
            if (client.Confirmed) Fill(client, won[client.Id].FirstOrDefault());
            else if (!spoke.Contains(client.Id)) Unknown(client);
        }

        Companies(clients);
        PutAway(clients.Where(c => !called.Contains(c.Id) && !owners.Contains(c.Id) && c.Kind == "person").OrderByDescending(c => c.CreatedAt).Take(20).ToList());
        Block(clients.Where(c => !c.Confirmed && c.Name.Length == 0 && c.CreatedAt < now.AddDays(-3)).OrderBy(c => c.CreatedAt).Take(3).ToList());
    }

    /// <summary>A call that nobody answered tells a number, and no more.</summary>
    static void Unknown(DemoClient client) => (client.Name, client.Company, client.City, client.Email, client.Kind, client.Language) = ("", "", "", "", "person", null);

    void Fill(DemoClient client, DemoDeal? won)
    {
        var language = client.Language ?? "en";
        if (random.Percent(45)) client.Address = Address(language, client.City);
        else if (client.ResponsibleId == Careless && random.Percent(20)) client.Address = "n/a";
        if (random.Percent(30)) client.Tags = [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => random.One(Tags)).Distinct()];
        if (random.Percent(18)) client.Note = string.Join(' ', new[] { random.One(Notes[language]), random.One(Notes[language]) }.Distinct());
        if (random.Percent(8)) client.TimeZone = language switch { "it" => "Europe/Rome", "ru" => "Europe/Moscow", _ => "Europe/London" };
        if (random.Percent(60)) client.Version = 2 + random.Next(5);
        if (client.Email.Length > 0 && random.Percent(9))
            Emails.Add(new DemoEmail(client.Id, string.Create(CultureInfo.InvariantCulture, $"office{random.Next(90000) + 10000}@{client.Email.Split('@')[1]}"), "invoices", 0));
        if (client.Kind == "company") OfCompany(client, language);
        Own(client, language, won);
    }

    void OfCompany(DemoClient client, string language)
    {
        if (random.Percent(80)) client.TaxId = TaxId(language);
        client.Roles = random.Next(100) switch { < 70 => ["client"], < 80 => ["supplier"], < 88 => ["partner"], < 92 => ["client", "partner"], _ => [] };
        if (random.Percent(75)) client.Custom["employees"] = (int)Math.Clamp(random.LogNormal(18, 1), 1, 900);
    }

    /// <summary>Of the fields that <see cref="DemoFields"/> makes.</summary>
    void Own(DemoClient client, string language, DemoDeal? won)
    {
        if (random.Percent(28)) client.Custom["equipment"] = string.Create(CultureInfo.InvariantCulture, $"{random.One(Equipment)}, no. {random.Next(90000) + 10000}");
        if (random.Percent(35)) client.Custom["interests"] = Interests.Where(_ => random.Percent(40)).DefaultIfEmpty("service").ToArray();
        if (random.Percent(50)) client.Custom["newsletter"] = random.Percent(60);
        if (random.Percent(client.Kind == "company" ? 70 : 22)) client.Custom["credit_limit"] = new { amount = (4 + random.Next(40)) * 500, currency = "EUR" };
        if (random.Percent(25)) client.Custom["technician"] = Link(random.One(DemoCompany.Departments[2].Logins.Where(l => DemoCompany.People.Any(p => p.Login == l && p.IsAgent && (language != "ru" || p.Languages.Contains("ru")))).Select(l => DemoCompany.People.First(p => p.Login == l).Id).ToList()));
        if (won is not null && random.Percent(50)) client.Custom["reference_deal"] = Link(won.Id);
    }

    /// <summary>Fills for show, as the report on filling tells.</summary>
    static readonly Guid Careless = DemoCompany.People.First(p => p.Login == "luca").Id;

    static object Link(Guid id) => new { id };

    /// <summary>Some persons belong to a company that had a card before them, of the same town where there is one.</summary>
    void Companies(List<DemoClient> clients)
    {
        var companies = clients.Where(c => c is { Kind: "company", Confirmed: true }).OrderBy(c => c.CreatedAt).ToList();
        foreach (var person in clients.Where(c => c is { Kind: "person", Confirmed: true, Company.Length: > 0 }))
        {
            if (!random.Percent(45)) continue;
            var older = companies.Where(c => c.CreatedAt < person.CreatedAt && c.Language == person.Language).ToList();
            if (older.Count == 0) continue;
            var company = older.Where(c => c.City == person.City).ToList() is { Count: > 0 } near ? random.One(near) : random.One(older);
            (person.CompanyId, person.Company, person.City) = (company.Id, company.Name, company.City);
        }
    }

    /// <summary>Some in the bin, some who want no calls.</summary>
    void PutAway(List<DemoClient> clients)
    {
        var manager = DemoCompany.People.First(p => p.Login == "manager").Id;
        for (var n = 0; n < clients.Count; n++)
        {
            if (n < 6) (clients[n].DeletedAt, clients[n].DeletedBy) = (now.AddDays(-1 - (n * 4)).AddMinutes(-37 * n), manager);
            else (clients[n].DoNotCallAt, clients[n].DoNotCallBy) = (now.AddDays(-n), random.One(DemoCompany.People.Where(p => p.IsAgent).ToList()).Id);
        }
    }

    void Block(List<DemoClient> clients)
    {
        var people = DemoCompany.People.Where(p => p.IsAgent).ToList();
        for (var n = 0; n < clients.Count; n++)
        {
            var (client, by, at) = (clients[n], random.One(people).Id, clients[n].CreatedAt.AddHours(5));
            (client.HiddenAt, client.HiddenBy) = (at, by);
            Blocked.Add(new DemoBlocked(random.Id(at), options.Domain, client.E164, n == 0 ? "robot" : "spam", BlockNotes[n % BlockNotes.Length], by, at, n == 1 ? now.AddDays(20) : null, client.Id));
        }
    }

    string Address(string language, string city) => language switch
    {
        "it" => string.Create(CultureInfo.InvariantCulture, $"{random.One(StreetsIt)} {random.Next(120) + 1}, {random.Next(80) + 10}1{random.Next(90) + 10} {city}"),
        "ru" => string.Create(CultureInfo.InvariantCulture, $"{city}, {random.One(StreetsRu)}, д. {random.Next(120) + 1}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{random.Next(180) + 1} {random.One(StreetsEn)}, {city}"),
    };

    /// <summary>With the check digits that the card asks for.</summary>
    string TaxId(string language)
    {
        var digits = language switch { "it" => 10, "ru" => 9, _ => 9 };
        while (true)
        {
            var start = string.Concat(Enumerable.Range(0, digits).Select(n => (char)('0' + (n == 0 ? 1 + random.Next(9) : random.Next(10)))));
            if (language is not ("it" or "ru")) return "GB" + start;
            var last = Enumerable.Range(0, 10).FirstOrDefault(d => TaxIds.Expected(start + (char)('0' + d)) is null, -1);
            if (last >= 0) return start + (char)('0' + last);
        }
    }

    static readonly string[] Tags = ["trade fair", "newsletter", "pays late", "partner price", "visited", "closed in August", "reference", "invoice by mail"];
    static readonly string[] Interests = ["devices", "service", "training", "rental"];
    static readonly string[] Equipment = ["Two D40 printers, one scanner", "D60 with finisher, 2024", "Terminal T3 at the counter", "Four workplaces, one server", "D40 (lease until 2027)", "Label printer L2"];
    static readonly string[] BlockNotes = ["Recorded message about loans", "Calls every morning and says nothing", "Sells phone contracts"];
    static readonly string[] StreetsIt = ["Via Garibaldi", "Via Roma", "Corso Italia", "Via Mazzini", "Viale Europa", "Via Verdi", "Piazza Dante"];
    static readonly string[] StreetsRu = ["ул. Ленина", "ул. Гагарина", "Невский проспект", "ул. Мира", "Садовая ул.", "пр. Победы"];
    static readonly string[] StreetsEn = ["High Street", "Station Road", "Church Lane", "Victoria Road", "Mill Lane", "King Street"];

    static readonly Dictionary<string, string[]> Notes = new(StringComparer.Ordinal)
    {
        ["en"] = ["Prefers calls before noon.", "Decides together with the partner.", "Deliveries only by the back entrance.", "Asks for a written summary after each call."],
        ["it"] = ["Preferisce essere chiamato al mattino.", "Decide insieme al socio.", "Consegne solo dal cortile.", "Chiuso il lunedì."],
        ["ru"] = ["Лучше звонить до обеда.", "Решение принимает вместе с партнёром.", "Доставка только через склад.", "Просит счета на почту."],
    };
}
