using System.Globalization;

namespace CallCrm.CallFlow.Demo;

/// <summary>Clients of three countries with numbers as those countries have them.</summary>
internal sealed class DemoClients(DemoRandom random, DemoOptions options, DateTimeOffset begin)
{
    readonly HashSet<string> used = new(StringComparer.Ordinal);

    public List<DemoPhone> Phones { get; } = [];

    /// <summary>Those who were clients before the first day; the rest appears with a first call.</summary>
    public List<DemoClient> Make()
    {
        var clients = new List<DemoClient>(options.Clients);
        var before = options.Clients * 7 / 10;
        for (var n = 0; n < options.Clients; n++)
        {
            var client = One(n < before ? begin.AddDays(-random.Between(1, 900)) : begin);
            // Three in a hundred share a number: a family, or a switchboard.
            var shared = n < before && n > 100 && random.Percent(3);
            client.E164 = shared ? clients[random.Next(n)].E164 : Number(client.Language!);
            clients.Add(client);
        }

        return [.. clients.Take(before).OrderBy(c => c.CreatedAt).Concat(clients.Skip(before))];
    }

    public void AddPhones(DemoClient client)
    {
        Phones.Add(new DemoPhone(client.Id, client.E164, client.E164, client.E164.StartsWith("+3902", StringComparison.Ordinal) ? "office" : "mobile", true, client.CreatedAt));
        if (random.Percent(12)) Phones.Add(new DemoPhone(client.Id, Number(client.Language!), "", "private", false, client.CreatedAt));
    }

    DemoClient One(DateTimeOffset created)
    {
        var country = random.Next(100) switch { < 45 => DemoNames.Italy, < 75 => DemoNames.Russia, _ => DemoNames.Britain };
        var woman = random.Percent(50);
        var first = random.One(woman ? country.Women : country.Men);
        var family = random.One(woman && country.WomenFamilies.Length > 0 ? country.WomenFamilies : country.Families);
        var company = random.Percent(40) ? Company(country) : "";
        var source = random.One(DemoNames.Sources);
        var isCompany = company.Length > 0 && random.Percent(30);
        return new DemoClient
        {
            Id = random.Id(created),
            Kind = isCompany ? "company" : "person",
            Name = isCompany ? company : $"{first} {family}",
            Company = isCompany ? "" : company,
            City = random.One(country.Cities),
            Email = random.Percent(70) ? $"client{random.Next(90000) + 10000}@{country.Mail}" : "",
            Language = country.Language,
            Source = source,
            CreatedAt = created,
            UpdatedAt = created,
            ResponsibleId = random.Percent(70) ? random.One(DemoCompany.People.Where(p => p.Languages.Contains(country.Language)).ToList()).Id : null,
        };
    }

    string Company(DemoNames.Country country)
    {
        var (word, form, family) = (random.One(country.Companies), random.One(country.Forms), random.One(country.Families));
        return country.Language switch { "ru" => $"{form} «{word}»", "en" => $"{word} {form}", _ => $"{word} {family} {form}" };
    }

    string Number(string language)
    {
        while (true)
        {
            var number = language switch
            {
                "it" when random.Percent(30) => "+3902" + Digits(8, first: 3),
                "it" => "+39" + random.One(MobilesIt) + Digits(7, 1),
                "ru" => "+7" + random.One(MobilesRu) + Digits(7, 1),
                _ => "+44" + random.One(MobilesGb) + Digits(6, 1),
            };
            if (used.Add(number)) return number;
        }
    }

    string Digits(int count, int first) => (first + random.Next(7)).ToString(CultureInfo.InvariantCulture) + random.Next((int)Math.Pow(10, count - 1)).ToString(CultureInfo.InvariantCulture).PadLeft(count - 1, '0');

    static readonly string[] MobilesIt = ["333", "347", "338", "349", "340", "328", "320", "335"];
    static readonly string[] MobilesRu = ["903", "905", "916", "921", "926", "985", "911", "912"];
    static readonly string[] MobilesGb = ["7400", "7712", "7801", "7881", "7903", "7970", "7739"];
}
