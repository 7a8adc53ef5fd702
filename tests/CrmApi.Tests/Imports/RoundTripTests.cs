using System.Net;
using System.Net.Http.Json;
using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Imports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Imports;

/// <summary>What an export writes, an import reads back unchanged; and further lists of a card in files.</summary>
[Trait("Category", "Slow")]
public sealed class RoundTripTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<(byte[] File, List<IReadOnlyList<string>> Rows)> ExportAsync(Page page, string query)
    {
        var content = await page.Http.GetByteArrayAsync("api/clients/export?" + query);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, content);
        var rows = TableFile.Open(file, new TableReading()).Rows().Select(r => r.Cells).ToList();
        File.Delete(file);
        return (content, rows);
    }

    static async Task<Guid> NewAsync(Page page, ClientSave save)
    {
        var id = Guid.CreateVersion7();
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(id, save), ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return id;
    }

    static async Task<ImportRunView> LoadAsync(Page page, string name, byte[] content, Func<ImportStart, ImportStart>? change = null)
    {
        var preview = await ClientImportTests.UploadAsync(page, name, content);
        var plan = ClientImportTests.Plan(preview);
        await ClientImportTests.StartAsync(page, preview.Id, change?.Invoke(plan) ?? plan);
        return await ClientImportTests.EndAsync(page, preview.Id);
    }

    static async Task<ClientCardView> FoundAsync(Page page, string query) =>
        await page.GetAsync($"api/clients/{(await page.GetAsync($"api/clients?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageClientRow)).Items.Single().Id}", ContractsJson.Default.ClientCardView);

    [PostgresTheory]
    [InlineData("csv", "en")]
    [InlineData("csv", "it")]
    [InlineData("csv", "ru")]
    [InlineData("xlsx", "ru")]
    public async Task What_is_exported_is_imported_unchanged(string format, string language)
    {
        await using var page = await host.SignInAsync("ada");
        var tag = $"trip-{format}-{language}";
        var company = await NewAsync(page, new ClientSave("company", $"Trip {tag} Srl", $"Trip {tag} Srl", "", "Torino", "", null, null, null, [new PhoneSave("+39 011 555 0100", "office", true)], TaxId: "IT01234567897", Tags: [tag], SecondTaxId: "RSSMRA85T10A562S"));
        await NewAsync(page, new ClientSave("person", "Ada Viaggi", "", "ada@trip.example", "Torino", "=note\nof two; lines", "it", "vip", Seeds.Anna,
            [new PhoneSave("+39 347 555 0101", "mobile", true), new PhoneSave("+39 011 555 0102", "office", false, "12"), new PhoneSave("+39 011 555 0102", "", false, "0040"), new PhoneSave("+44 20 7946 0999", "", false)],
            Emails: [new EmailView("second@trip.example", "office"), new EmailView("third@trip.example")], TaxId: "RSSMRA80A01H501U", TimeZone: "Europe/Rome", Tags: [tag, "fair, no".Replace(",", "", StringComparison.Ordinal)], CompanyId: company,
            Roles: ["client", "partner"], Addresses: [new AddressView("legal", "Via Roma 1", "Torino", "10121", "Piemonte", "Italia"), new AddressView("delivery", "Magazzino: porta 3\nSuona due volte"), new AddressView("other", "", "Asti")]));
        var (file, before) = await ExportAsync(page, $"format={format}&language={language}&tag={tag}");
        before.Should().HaveCount(3);
        await using (var connection = await host.Database.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                "delete from client_phone where client_id in (select id from client where tags @> array[@tag]); delete from client_email where client_id in (select id from client where tags @> array[@tag]); delete from client_address where client_id in (select id from client where tags @> array[@tag]); update client set company_id = null where tags @> array[@tag]; delete from client where tags @> array[@tag]", new { tag });
        }

        var run = await LoadAsync(page, "trip." + format, file, p => p with { Companies = "link", Alike = "ignore" });
        run.Should().BeEquivalentTo(new { State = "done", Made = 2L, Failed = 0L }, string.Join(' ', run.Errors.Select(e => e.ToString())));
        var (_, after) = await ExportAsync(page, $"format={format}&language={language}&tag={tag}");
        // Number, made and last called are the card's own.
        static string Told(IReadOnlyList<string> row) => string.Join(" ¦ ", row.Skip(1).Take(18));
        after.Skip(1).Select(Told).Should().BeEquivalentTo(before.Skip(1).Select(Told));
        var card = await FoundAsync(page, "Ada Viaggi");
        card.CompanyName.Should().Be($"Trip {tag} Srl");
        card.Phones.Select(p => (p.E164, p.Label, p.Extension)).Should().BeEquivalentTo([("+393475550101", "mobile", ""), ("+390115550102", "office", "12"), ("+390115550102", "", "0040"), ("+442079460999", "", "")]);
        card.Addresses.Should().HaveCount(3);
        card.Address.Should().Be("Via Roma 1, 10121 Torino, Piemonte, Italia");
        await using (var connection = await host.Database.OpenConnectionAsync()) await connection.ExecuteAsync("update client set deleted_at = now() where tags @> array[@tag]", new { tag });
    }

    [PostgresFact]
    public async Task Columns_of_addresses_mails_tags_roles_and_zones_fill_the_card_and_a_wrong_one_is_named()
    {
        await using var page = await host.SignInAsync("ada");
        var file = """
            Name;Work e-mail;Other e-mail;Address;Legal address;Postal code;City;Country;Tags;Roles;Time zone;Language
            Lista Prima;a@lista.example, b@lista.example;c@lista.example;Via Po 5;Corso Re 9;10123;Torino;Italia;fiera, nord;cliente, поставщик;Europe/Rome;Italiano
            Lista Seconda;x;;;;;;;;boss;Mars/Olympus;
            Lista Terza;;;;Corso Re 10;;;;"too, many, commas";partner;;
            """;
        var run = await LoadAsync(page, "lists.csv", Encoding.UTF8.GetBytes(file));
        run.Should().BeEquivalentTo(new { Made = 2L, Failed = 1L });
        run.Errors.Select(e => e.Column).Should().BeEquivalentTo("Work e-mail", "Roles", "Time zone");
        var card = await FoundAsync(page, "Lista Prima");
        card.Should().BeEquivalentTo(new
        {
            Email = "a@lista.example",
            Emails = new[] { new EmailView("b@lista.example", "office"), new EmailView("c@lista.example") },
            Tags = new[] { "fiera", "nord" },
            Roles = new[] { "client", "supplier" },
            TimeZone = "Europe/Rome",
            Language = "it",
            City = "Torino",
            Source = "import",
        });
        card.Addresses.Should().BeEquivalentTo([new AddressView("actual", "Via Po 5", "Torino", "10123", "", "Italia"), new AddressView("legal", "Corso Re 9")]);
        (await FoundAsync(page, "Lista Terza")).Address.Should().Be("Corso Re 10");

        // Loaded again it is the same card; what comes new is added and nothing goes.
        run = await LoadAsync(page, "again.csv", "Name;E-mail;Other e-mail;Address;Tags\nLista Prima;new@lista.example;C@lista.example;Via Po 5;sud\n"u8.ToArray(), p => p with { Duplicates = "fill_empty" });
        run.Changed.Should().Be(1);
        card = await FoundAsync(page, "Lista Prima");
        card.Email.Should().Be("a@lista.example");
        card.Emails!.Select(e => e.Address).Should().Equal("b@lista.example", "c@lista.example", "new@lista.example");
        card.Tags.Should().Equal("fiera", "nord", "sud");
        (await LoadAsync(page, "once.csv", "Name;E-mail;Other e-mail;Tags\nLista Prima;new@lista.example;;SUD\n"u8.ToArray(), p => p with { Duplicates = "fill_empty" })).Skipped.Should().Be(1);
    }

    [PostgresFact]
    public async Task A_person_is_linked_with_the_company_by_tax_id_or_name_and_it_is_made_when_that_is_chosen()
    {
        await using var page = await host.SignInAsync("ada");
        var known = await NewAsync(page, new ClientSave("company", "Cantiere Nord Spa", "", "", "", "", null, null, null, [], TaxId: "12345678903"));
        byte[] Rows(string text) => Encoding.UTF8.GetBytes("Name;Phone;Company;Company tax id\n" + text);
        var run = await LoadAsync(page, "c.csv", Rows("Uno Cantiere;+39 347 644 0001;cantiere nord spa;\nDue Cantiere;+39 347 644 0002;Any name;IT12345678903\nTre Cantiere;+39 347 644 0003;Officina Sud;\n"), p => p with { Companies = "link" });
        run.Should().BeEquivalentTo(new { Made = 3L, Companies = 0L, Failed = 0L });
        (await FoundAsync(page, "Uno Cantiere")).Should().BeEquivalentTo(new { CompanyId = known, Company = "" });
        (await FoundAsync(page, "Tre Cantiere")).Should().BeEquivalentTo(new { CompanyId = (Guid?)null, Company = "Officina Sud" });

        run = await LoadAsync(page, "m.csv", Rows("Quattro Cantiere;+39 347 644 0004;Officina Est;\nCinque Cantiere;+39 347 644 0005;OFFICINA EST;\nSei Cantiere;+39 347 644 0006;Officina Est;02345678901\n"), p => p with { Companies = "make", Alike = "ignore" });
        run.Should().BeEquivalentTo(new { Failed = 1L, Made = 2L, Companies = 1L });
        var (four, five) = (await FoundAsync(page, "Quattro Cantiere"), await FoundAsync(page, "Cinque Cantiere"));
        (four.CompanyName, five.CompanyId).Should().Be(("Officina Est", four.CompanyId));
        run.Errors.Single().Column.Should().Be("Company tax id");

        await NewAsync(page, new ClientSave("company", "Officina Est", "", "", "", "", null, null, null, [], TaxId: "00743110157"));
        run = await LoadAsync(page, "t.csv", Rows("Sette Cantiere;+39 347 644 0007;Officina Est;\n"), p => p with { Companies = "make", Alike = "ignore" });
        run.Errors.Single().Should().BeEquivalentTo(new { Column = "Company", Value = "Officina Est", Expected = "a company that is told by its tax id: several have this name" });
    }

    [PostgresFact]
    public async Task Clients_have_the_source_that_was_chosen_and_the_list_and_its_file_can_be_narrowed_to_it()
    {
        await using var page = await host.SignInAsync("ada");
        await LoadAsync(page, "s.csv", "Name;Phone;Source\nFiera Uno;+39 347 645 0001;\nFiera Due;+39 347 645 0002;partner list\n"u8.ToArray(), p => p with { Source = "Fair 2026", Alike = "ignore" });
        (await page.GetAsync("api/clients/sources", ContractsJson.Default.ClientSources)).Sources.Should().Contain(["Fair 2026", "partner list", "web"]).And.OnlyHaveUniqueItems();
        (await page.GetAsync("api/clients?source=Fair%202026", ContractsJson.Default.ListPageClientRow)).Items.Select(c => c.Name).Should().Equal("Fiera Uno");
        (await ExportAsync(page, "source=partner%20list")).Rows.Skip(1).Select(r => r[2]).Should().Equal("Fiera Due");
        (await page.GetAsync("api/clients?source=nowhere", ContractsJson.Default.ListPageClientRow)).Items.Should().BeEmpty();
    }
}
