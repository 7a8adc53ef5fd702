using System.Net.Http.Json;
using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Imports;

/// <summary>A company whose own row comes later in the file than its people: one card, also where the rows are written at different times.</summary>
[Trait("Category", "Slow")]
public sealed class CompanyRowsTests(ApiHost host) : IClassFixture<ApiHost>
{
    /// <summary>Rows between, so that the company is of another batch (500 rows each).</summary>
    static string Between(string tag, int rows = 600)
    {
        var text = new StringBuilder();
        for (var n = 0; n < rows; n++) text.Append($"person;Filler {tag} {n};;;;\n");
        return text.ToString();
    }

    const string Header = "Kind;Name;Company;Tax id;City;Responsible\n";

    static async Task<(ImportPreview Preview, ImportStart Plan)> UploadAsync(Page page, string file, string duplicates, string alike = "ignore")
    {
        var preview = await ClientImportTests.UploadAsync(page, "companies.csv", Encoding.UTF8.GetBytes(Header + file));
        return (preview, ClientImportTests.Plan(preview, duplicates) with { Companies = "make", Alike = alike });
    }

    static async Task<ImportRunView> LoadAsync(Page page, string file, string duplicates = "skip", string alike = "ignore")
    {
        var (preview, plan) = await UploadAsync(page, file, duplicates, alike);
        await ClientImportTests.StartAsync(page, preview.Id, plan);
        return await ClientImportTests.EndAsync(page, preview.Id);
    }

    sealed record Firm(Guid Id, string Name, string TaxId, string City, Guid? ResponsibleId, long People);

    async Task<List<Firm>> FirmsAsync(string name)
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        return (await connection.QueryAsync<Firm>(
            "select c.id, c.name, c.tax_id, c.city, c.responsible_id, (select count(*) from client p where p.company_id = c.id) as people from client c where c.kind = 'company' and lower(c.name) = lower(@name) order by c.number", new { name })).AsList();
    }

    async Task<long> WaitingAsync()
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<long>("select count(*) from import_company");
    }

    [PostgresTheory]
    [InlineData("skip")]
    [InlineData("fill_empty")]
    [InlineData("overwrite")]
    [InlineData("always_new")]
    public async Task A_company_that_comes_after_its_people_is_the_card_that_was_made_for_them(string duplicates)
    {
        await using var page = await host.SignInAsync("ada");
        var name = $"Dopo {duplicates} Srl";
        var tax = "DE" + duplicates.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();
        var run = await LoadAsync(page, $"person;Uno Dopo;{name};;;Luca Neri\nperson;Due Dopo;{name.ToUpperInvariant()};;;\n{Between(duplicates)}company;{name};;{tax};Torino;Anna Verdi\nperson;Tre Dopo;{name};;;\n", duplicates);
        run.Should().BeEquivalentTo(new { State = "done", Failed = 0L, Companies = 1L, Changed = 1L });
        (await FirmsAsync(name)).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Name = name, TaxId = tax, City = "Torino", ResponsibleId = (Guid?)Seeds.Anna, People = 3L });
        (await WaitingAsync()).Should().Be(0, "the import is over");
    }

    [PostgresFact]
    public async Task Another_tax_id_is_another_company_and_a_second_row_of_the_name_too()
    {
        await using var page = await host.SignInAsync("ada");
        var file = new StringBuilder("Kind;Name;Company;Company tax id;Tax id;City\n").Append("person;Ada Altra;Altra Srl;DEALTRA1;;\nperson;Bea Gemelle;Gemelle Srl;;;\n");
        for (var n = 0; n < 600; n++) file.Append($"person;Filler other {n};;;;\n");
        file.Append("company;Altra Srl;;;DEALTRA2;Bari\ncompany;Gemelle Srl;;;;Pisa\ncompany;Gemelle Srl;;;;Lodi\n");
        var preview = await ClientImportTests.UploadAsync(page, "others.csv", Encoding.UTF8.GetBytes(file.ToString()));
        await ClientImportTests.StartAsync(page, preview.Id, ClientImportTests.Plan(preview) with { Companies = "make", Alike = "ignore" });
        (await ClientImportTests.EndAsync(page, preview.Id)).Should().BeEquivalentTo(new { State = "done", Failed = 0L, Companies = 2L, Changed = 1L });
        (await FirmsAsync("Altra Srl")).Select(f => (f.TaxId, f.City, f.People)).Should().BeEquivalentTo([("DEALTRA1", "", 1L), ("DEALTRA2", "Bari", 0L)]);
        (await FirmsAsync("Gemelle Srl")).Select(f => (f.City, f.People)).Should().BeEquivalentTo([("Pisa", 1L), ("Lodi", 0L)]);
    }

    [PostgresFact]
    public async Task A_card_of_another_file_is_nobody_s_own()
    {
        await using var page = await host.SignInAsync("ada");
        await LoadAsync(page, "person;Cia Prima;Prima Srl;;;\n");
        (await LoadAsync(page, "company;Prima Srl;;;Asti;\n")).Should().BeEquivalentTo(new { Made = 1L, Changed = 0L });
        (await FirmsAsync("Prima Srl")).Should().HaveCount(2);
    }

    [PostgresFact]
    public async Task The_check_beforehand_says_the_same_and_leaves_nothing()
    {
        await using var page = await host.SignInAsync("ada");
        var (preview, plan) = await UploadAsync(page, $"person;Eva Prova;Prova Srl;;;\n{Between("check", 700)}company;Prova Srl;;;Asti;\n", "skip", alike: "make");
        using (var answer = await page.Http.PostAsJsonAsync($"api/imports/{preview.Id}/check", plan, ContractsJson.Default.ImportStart))
            (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportCheckView))!.Should().BeEquivalentTo(new { Rows = 100, Failed = 0 });
        (await FirmsAsync("Prova Srl")).Should().BeEmpty();
        (await WaitingAsync()).Should().Be(0);
        await ClientImportTests.StartAsync(page, preview.Id, plan);
        await ClientImportTests.EndAsync(page, preview.Id);
        (await FirmsAsync("Prova Srl")).Should().ContainSingle().Which.City.Should().Be("Asti");
    }

    [PostgresFact]
    public async Task An_import_that_is_killed_between_people_and_company_still_makes_one_card()
    {
        const int Firms = 40;
        var file = new StringBuilder();
        for (var n = 0; n < Firms; n++) file.Append($"person;Resto {n};Resto {n} Srl;;;\n");
        file.Append(Between("killed", 8_000));
        for (var n = 0; n < Firms; n++) file.Append($"company;Resto {n} Srl;;;Como;\n");
        Guid id;
        await using (var page = await host.SignInAsync("ada"))
        {
            var (preview, plan) = await UploadAsync(page, file.ToString(), "skip");
            id = preview.Id;
            await ClientImportTests.StartAsync(page, id, plan);
            while ((await page.GetAsync($"api/imports/{id}", ContractsJson.Default.ImportRunView)).LastRow == 0) await Task.Delay(10);
        }

        await host.RestartAsync();
        await using var later = await host.SignInAsync("ada");
        (await ClientImportTests.EndAsync(later, id)).Should().BeEquivalentTo(new { State = "done", Failed = 0L, Companies = (long)Firms, Changed = (long)Firms });
        await using var connection = await host.Database.OpenConnectionAsync();
        (await connection.QuerySingleAsync<(long, long)>("select count(*), count(*) filter (where city = 'Como') from client where kind = 'company' and name like 'Resto % Srl'")).Should().Be((Firms, Firms));
    }
}
