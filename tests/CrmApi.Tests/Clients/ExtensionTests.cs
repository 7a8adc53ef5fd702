using System.Net;
using System.Net.Http.Json;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Imports;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

/// <summary>What is keyed in behind a number: on the card, in lists and searches, in merges and files.</summary>
[Trait("Category", "Slow")]
public sealed class ExtensionTests(ApiHost host) : IClassFixture<ApiHost>
{
    static ClientSave Person(string name, params PhoneSave[] phones) => new("person", name, "", "", "", "", null, null, null, phones);

    static ClientSave Of(ClientCardView card, params PhoneSave[] phones) => Person(card.Name, phones) with { Version = card.Version };

    static async Task<(HttpStatusCode Status, ProblemView? Problem, ClientCardView? Card)> SendAsync(Page page, ClientSave save, Guid? id = null)
    {
        using var answer = id is { } known
            ? await page.Http.PutAsJsonAsync($"api/clients/{known}", save, ContractsJson.Default.ClientSave)
            : await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(Guid.CreateVersion7(), save), ContractsJson.Default.ClientCreate);
        return answer.IsSuccessStatusCode
            ? (answer.StatusCode, null, await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))
            : (answer.StatusCode, await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView), null);
    }

    static async Task<ClientCardView> SavedAsync(Page page, ClientSave save, Guid? id = null)
    {
        var (status, problem, card) = await SendAsync(page, save, id);
        status.Should().Be(HttpStatusCode.OK, problem?.ToString());
        return card!;
    }

    static IEnumerable<string> Told(ClientCardView card) => card.Phones.Select(p => $"{p.E164};{p.Extension} {p.Label}".TrimEnd());

    [PostgresFact]
    public async Task An_extension_is_read_from_behind_the_number_or_given_and_one_number_may_have_several()
    {
        await using var page = await host.SignInAsync("anna");
        var card = await SavedAsync(page, Person("Ext One", new PhoneSave("+39 02 5550 1000 int. 12", "office", true), new PhoneSave("+39 02 5550 1000", "", false, "15"), new PhoneSave("0255501000x12", "again", false)));
        Told(card).Should().Equal("+390255501000;12 office", "+390255501000;15");
        card.Phones[0].Display.Should().Be("+39 02 5550 1000");
        card = await SavedAsync(page, Of(card, new PhoneSave("+39 02 5550 1000", "office", false, ""), new PhoneSave("+39 02 5550 1000", "", true, "15")), card.Id);
        Told(card).Should().Equal("+390255501000;15", "+390255501000; office");
        (await page.GetAsync("api/clients?query=Ext%20One", ContractsJson.Default.ListPageClientRow)).Items.Single().Should().BeEquivalentTo(new { Phone = "+39 02 5550 1000", Extension = "15" });
    }

    [PostgresFact]
    public async Task Who_knows_of_no_extensions_takes_none_away()
    {
        await using var page = await host.SignInAsync("anna");
        var card = await SavedAsync(page, Person("Ext Older", new PhoneSave("+39 02 5550 1100", "", true, "12"), new PhoneSave("+39 02 5550 1100", "porter", false, "15"), new PhoneSave("+39 02 5550 1101", "", false)));
        // As a program writes it back that has read number and label only.
        card = await SavedAsync(page, Of(card, [.. card.Phones.Select(p => new PhoneSave(p.E164, p.Label + "!", p.IsMain))]), card.Id);
        Told(card).Should().Equal("+390255501100;12 !", "+390255501100;15 porter!", "+390255501101; !");
        card = await SavedAsync(page, Of(card, new PhoneSave("+39 02 5550 1100", "", true)), card.Id);
        Told(card).Should().Equal("+390255501100;12");
    }

    [PostgresTheory]
    [InlineData("+39 02 5550 1200", "12a", "phones[0].extension")]
    [InlineData("+39 02 5550 1200", "12345678901", "phones[0].extension")]
    [InlineData("+39 02 5550 1200 ext. 12345678901", null, "phones[0].extension")]
    [InlineData("+39 02 5550 1200 ext. 12", "13", "phones[0].extension")]
    [InlineData("ext. 12", null, "phones[0].number")]
    public async Task A_bad_extension_is_named(string number, string? extension, string field)
    {
        await using var page = await host.SignInAsync("anna");
        var (status, problem, _) = await SendAsync(page, Person("Ext Bad", new PhoneSave(number, "", true, extension)));
        status.Should().Be(HttpStatusCode.BadRequest);
        problem!.Errors.Should().ContainSingle().Which.Key.Should().Be(field);
        if (field.EndsWith("extension", StringComparison.Ordinal)) problem.Errors!.Values.Single().Should().Equal("expected an extension of 1 to 10 digits, one for each number");
    }

    [PostgresFact]
    public async Task It_is_found_by_its_extension_and_a_caller_by_the_number_alone()
    {
        await using var page = await host.SignInAsync("anna");
        var one = await SavedAsync(page, Person("Ext Switch One", new PhoneSave("+39 02 5550 1300", "", true, "4711"), new PhoneSave("+39 02 5550 1300", "", false, "4712")));
        var two = await SavedAsync(page, Person("Ext Switch Two", new PhoneSave("+39 02 5550 1300", "", true, "4713")));
        async Task<IEnumerable<Guid>> FindAsync(string query) => (await page.GetAsync($"api/clients?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageClientRow)).Items.Select(i => i.Id);
        (await FindAsync("4712")).Should().Equal(one.Id);
        (await FindAsync("+39 02 5550 1300 доб. 4713")).Should().Equal(two.Id);
        (await FindAsync("02 5550 1300")).Should().BeEquivalentTo([one.Id, two.Id]);
        (await FindAsync("02 5550 1300 ext. 9")).Should().BeEmpty();
        var directory = host.Services.GetRequiredService<ClientDirectory>();
        var found = await directory.IdentifyAsync(new PhoneNumber("+390255501300", NumberKind.E164, "+390255501300"), "", null, mayCreate: true, CancellationToken.None);
        found.Outcome.Should().Be(LookupOutcome.Several);
        found.Candidates.Select(m => m.Client).Should().BeEquivalentTo([one.Id, two.Id], "who has the number twice is one client");
    }

    [PostgresFact]
    public async Task Lists_of_possible_duplicates_and_of_cards_to_review_have_it()
    {
        await using var lead = await host.SignInAsync("sara");
        var older = await SavedAsync(lead, Person("Ext Older Twin", new PhoneSave("+39 02 5550 1350", "", true, "21")));
        var newer = await SavedAsync(lead, Person("Ext Newer Twin", new PhoneSave("+39 02 5550 1350", "", true)));
        var pair = (await lead.GetAsync("api/clients/duplicates?limit=100", ContractsJson.Default.ListPageDuplicatePair)).Items.Single(p => p.Newer.Id == newer.Id);
        (pair.Newer.Phone, pair.Newer.Extension, pair.Older.Id, pair.Older.Phone, pair.Older.Extension).Should().Be(("+39 02 5550 1350", "", older.Id, "+39 02 5550 1350", "21"));
        using var asked = await lead.Http.PostAsJsonAsync("api/clients/duplicates/check", new DuplicateAsk(null, "", "", "", ["+39 02 5550 1350"], [], ""), ContractsJson.Default.DuplicateAsk);
        (await asked.Content.ReadFromJsonAsync(ContractsJson.Default.IReadOnlyListDuplicateView))!.Select(d => (d.Id, d.Extension)).Should().BeEquivalentTo([(older.Id, "21"), (newer.Id, "")]);
        await using (var database = await host.Database.OpenConnectionAsync()) await database.ExecuteAsync("update client set confirmed = false where id = @Id", new { older.Id });
        (await lead.GetAsync("api/clients/unconfirmed?limit=100", ContractsJson.Default.ListPageUnconfirmedRow)).Items.Single(r => r.Id == older.Id).Should().BeEquivalentTo(new { PhoneDisplay = "+39 02 5550 1350", Extension = "21" });
    }

    [PostgresFact]
    public async Task A_merge_and_its_undo_keep_extensions()
    {
        await using var lead = await host.SignInAsync("sara");
        var winner = await SavedAsync(lead, Person("Ext Winner", new PhoneSave("+39 02 5550 1400", "", true, "1")));
        var loser = await SavedAsync(lead, Person("Ext Loser", new PhoneSave("+39 02 5550 1400", "", true, "1"), new PhoneSave("+39 02 5550 1400", "night", false, "2")));
        var id = Guid.CreateVersion7();
        using var merged = await lead.Http.PostAsJsonAsync($"api/clients/{winner.Id}/merge", new ClientMergeRequest(id, loser.Id, winner.Version, loser.Version, []), ContractsJson.Default.ClientMergeRequest);
        Told((await merged.Content.ReadFromJsonAsync(ContractsJson.Default.ClientCardView))!).Should().Equal("+390255501400;1", "+390255501400;2 night");
        using var undone = await lead.Http.PostAsync($"api/clients/merges/{id}/undo", null);
        var both = (await undone.Content.ReadFromJsonAsync(ContractsJson.Default.ClientUnmergedView))!;
        Told(both.Client).Should().Equal("+390255501400;1");
        Told(both.Other).Should().Equal("+390255501400;1", "+390255501400;2 night");
    }

    [PostgresFact]
    public async Task A_file_has_extensions_behind_its_numbers_or_in_a_column_and_people_behind_one_switchboard_are_several()
    {
        await using var page = await host.SignInAsync("ada");
        async Task<ImportRunView> LoadAsync(string file, string duplicates = "skip")
        {
            var preview = await ClientImportTests.UploadAsync(page, "extensions.csv", Encoding.UTF8.GetBytes(file));
            await ClientImportTests.StartAsync(page, preview.Id, ClientImportTests.Plan(preview, duplicates));
            return await ClientImportTests.EndAsync(page, preview.Id);
        }

        async Task<ClientCardView> CardAsync(string name) =>
            await page.GetAsync($"api/clients/{(await page.GetAsync($"api/clients?query={Uri.EscapeDataString(name)}", ContractsJson.Default.ListPageClientRow)).Items.Single().Id}", ContractsJson.Default.ClientCardView);

        var run = await LoadAsync("""
            Name;Phone;Ext;Home phone
            Filo Primo;+39 02 5550 1500;12;
            Filo Secondo;+39 02 5550 1500;int. 13;+39 02 5550 1501 (ext. 5)
            Filo Terzo;+39 02 5550 1502, доб. 7;;
            Filo Quarto;+39 02 5550 1503;12a;
            Filo Quinto;;14;
            Filo Sesto;+39 02 5550 1504 ext. 8;9;
            Filo Settimo;+39 02 5550 1505 ext. 8;08;
            Filo Ottavo;+39 02 5550 1506 ext. 8;int. 8;
            Filo Nono;none;15;
            """);
        run.Should().BeEquivalentTo(new { Made = 4L, Failed = 5L });
        run.Errors.Select(e => (e.Row, e.Column, e.Value, e.Expected.Split(':')[0])).Should().Equal((5L, "Ext", "12a", "an extension of 1 to 10 digits, one for each number"),
            (6L, "Ext", "14", "the number that this extension belongs to"), (7L, "Ext", "9", "one extension for a number"), (8L, "Ext", "08", "one extension for a number"), (10L, "Phone", "none", "a telephone number such as +39 02 1234 5678"));
        Told(await CardAsync("Filo Ottavo")).Should().Equal("+390255501506;8");
        Told(await CardAsync("Filo Primo")).Should().Equal("+390255501500;12");
        Told(await CardAsync("Filo Secondo")).Should().Equal("+390255501500;13", "+390255501501;5 home");
        Told(await CardAsync("Filo Terzo")).Should().Equal("+390255501502;7");

        // Again: each is who they are, and a file that says nothing of extensions adds no number.
        run = await LoadAsync("Name;Phone;City\nFilo Secondo;+39 02 5550 1500 x13;Asti\nFilo Terzo;+39 02 5550 1502;Bari\n", "fill_empty");
        run.Should().BeEquivalentTo(new { Changed = 2L, Made = 0L });
        (await CardAsync("Filo Secondo")).City.Should().Be("Asti");
        Told(await CardAsync("Filo Terzo")).Should().Equal("+390255501502;7");
    }
}
