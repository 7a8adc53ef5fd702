using System.Text;
using CallCrm.Contracts;
using CallCrm.TestKit;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>Clients in from a file, and out into one.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed class ImportJourneys(PagesSite site)
{
    [ProgramsFact("chromium")]
    public Task A_file_is_looked_at_mapped_imported_and_what_failed_comes_back_as_a_file() => site.VisitAsync(async visit =>
    {
        var (fresh, wrong, number, place) = (Unique.Name("Fresh"), Unique.Name("Wrong"), Unique.Number(), Unique.Name("Borgo"));
        var there = await visit.ClientAsync(Unique.Name("There"), number, note: "Written by hand");
        var file = $"""
            Name;Telephone;E-mail;Tax id;Where to find them
            {fresh};{Unique.Number()};fresh@example.com;;{place}
            Somebody else;{number};there@example.com;;{place}
            {wrong};{Unique.Number()};wrong@example.com;12345678901;{place}

            """;
        var manager = await visit.AsAsync("manager");
        await manager.OpenAsync("clients/import");
        await manager.See("import-file").SetInputFilesAsync(new FilePayload { Name = "people.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(file) });
        await Expect(manager.See("import-preview")).ToContainTextAsync(fresh);
        await Expect(manager.See("import-column-1")).ToHaveValueAsync("phone");
        await Expect(manager.See("import-column-4")).ToHaveValueAsync("");
        await manager.See("import-column-4").SelectOptionAsync("city");
        await manager.See("import-next").ClickAsync();
        await manager.See("import-fill_empty").CheckAsync();
        await manager.See("import-check").ClickAsync();
        await Expect(manager.See("import-matches")).ToContainTextAsync("number");
        await manager.See("import-start").ClickAsync();
        await Expect(manager.See("import-result")).ToHaveAttributeAsync("data-state", "done");
        await manager.ReloadAsync();
        await Expect(manager.See("import-made")).ToHaveTextAsync("1");
        await Expect(manager.See("import-changed")).ToHaveTextAsync("1");
        await Expect(manager.See("import-failed")).ToHaveTextAsync("1");
        await Expect(manager.See("import-errors")).ToContainTextAsync("12345678901");
        Encoding.UTF8.GetString(await manager.DownloadAsync(manager.See("import-failed-file"))).Should().Contain(wrong).And.NotContain(fresh);

        // What somebody had written stayed; what was empty was filled.
        await manager.GoAsync($"clients/{there.Id}");
        await Expect(manager.See("client-name")).ToHaveTextAsync(there.Name);
        await Expect(manager.See("client-card")).ToContainTextAsync("Written by hand");
        await Expect(manager.See("client-card")).ToContainTextAsync("there@example.com");
        (await manager.GetAsync<ClientCardView>($"api/clients/{there.Id}")).City.Should().Be(place);

        await manager.GoAsync("clients");
        await manager.Page.Locator("main input.find").FillAsync(place);
        await Expect(manager.See("client-row")).ToHaveCountAsync(2);
        var list = Encoding.UTF8.GetString(await manager.DownloadAsync(manager.See("clients-csv")));
        list.Should().Contain(fresh).And.Contain(there.Name).And.Contain(place).And.NotContain(wrong);
        list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(3, "the list is exported as it is narrowed");
    });
}
