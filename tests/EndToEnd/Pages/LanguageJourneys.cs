using System.Text.RegularExpressions;
using System.Xml.Linq;
using CallCrm.TestKit;
using static Microsoft.Playwright.Assertions;

namespace CallCrm.EndToEnd.Pages;

/// <summary>Every page in the other languages, wide and on a telephone.</summary>
[Trait("Category", "EndToEnd")]
[Collection(PagesCollection.Name)]
public sealed partial class LanguageJourneys(PagesSite site)
{
    static readonly string[] Pages =
    [
        "clients", "clients/import", "clients/duplicates", "clients/deals", "clients/tasks", "clients/bin", "clients/bin/mails", "calls", "missed", "review", "blocked", "live", "reports", "reports/clients", "reports/filling", "reports/scripts",
        "reports/prefill", "audit", "scripts", "admin/people", "admin/roles", "admin/fields", "admin/card", "admin/required", "admin/lists", "admin/changes",
        "admin/queues", "admin/departments", "admin/extensions", "admin/numbers", "admin/skills", "admin/keys", "admin/webhooks", "admin/forms",
    ];

    [ProgramsFact("chromium")]
    public Task In_Italian_every_page_has_words_and_fits_a_telephone() => EveryPageAsync("it", "Clienti");

    [ProgramsFact("chromium")]
    public Task In_Russian_every_page_has_words_and_fits_a_telephone() => EveryPageAsync("ru", "Клиенты");

    Task EveryPageAsync(string language, string clients) => site.VisitAsync(async visit =>
    {
        var client = await visit.ClientAsync(Unique.Name("Rita"), email: "rita@example.com", note: "Hello", tags: ["new"]);
        var person = await visit.AsAsync(await visit.PersonAsync("admin", language));
        await person.OpenAsync("clients");
        await Expect(person.Page.Locator("main h1").First).ToHaveTextAsync(clients);
        await Expect(person.Page.Locator("html")).ToHaveAttributeAsync("lang", language);
        foreach (var path in Pages.Prepend($"clients/{client.Id}"))
        {
            await person.Page.SetViewportSizeAsync(1440, 900);
            await person.GoAsync(path);
            await Expect(person.Page).ToHaveURLAsync(new Regex(Regex.Escape(path) + "$"));
            // All that the page asks for is there.
            await Expect(person.Page.Locator("main")).ToBeVisibleAsync();
            await Expect(person.Page.Locator("main .skeleton")).ToHaveCountAsync(0);
            Keys(await person.Page.EvaluateAsync<string>(Said)).Should().BeEmpty($"{path} has words in {language}");
            await person.Page.SetViewportSizeAsync(390, 844);
            await person.FitsAsync();
        }
    });

    /// <summary>What the page says, also to who does not see it.</summary>
    const string Said = "document.body.innerText + ' ' + [...document.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap(e => ['aria-label', 'title', 'placeholder'].map(a => e.getAttribute(a))).join(' ')";

    static readonly HashSet<string> s_keys =
    [
        .. XDocument.Load(Path.Combine(Repository.Folder, "src", "Agent.Web", "Resources", "Texts.resx")).Descendants("data").Select(d => d.Attribute("name")!.Value).Where(k => k.Contains('.', StringComparison.Ordinal)),
    ];

    /// <summary>Names of texts where the texts should be, also of such that there are not.</summary>
    static IEnumerable<string> Keys(string said) => Word().Matches(said).Select(m => m.Value).Where(w => s_keys.Contains(w) || s_keys.Any(k => k.StartsWith(w[..(w.LastIndexOf('.') + 1)], StringComparison.Ordinal)));

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+(\.[A-Za-z_]+)+\b")]
    private static partial Regex Word();
}
