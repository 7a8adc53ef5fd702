using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CallCrm.Contracts;
using CallCrm.CrmApi.Guides;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;

namespace CallCrm.CrmApi.Tests.Guides;

/// <summary>The guides: whole in every language, and about the pages that there are.</summary>
[Trait("Category", "Slow")]
public sealed class GuideTests(ApiHost host) : IClassFixture<ApiHost>
{
    public static TheoryData<string> Roles => [.. GuideModule.Roles];

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var language in GuideModule.Languages)
            {
                foreach (var role in GuideModule.Roles) all.Add(language, role);
            }

            return all;
        }
    }

    static List<string> Lines(string language, string role) => [.. GuideModule.Read(language, role).Split('\n').Select(l => l.TrimEnd())];

    /// <summary>Headings, list items and paragraphs in their order, without their words.</summary>
    static IEnumerable<string> Structure(string language, string role) =>
        Lines(language, role).Where(l => l.Length > 0).Select(l => Regex.Match(l, @"^(#+|-|\d+\.)?").Value);

    [PostgresTheory]
    [MemberData(nameof(Roles))]
    public void Every_language_has_the_same_headings_steps_keys_and_words_of_the_page(string role)
    {
        var english = Structure("en", role).ToList();
        english.Should().Contain("##").And.Contain("-");
        foreach (var language in GuideModule.Languages.Skip(1))
        {
            Structure(language, role).Should().Equal(english, language);
            Keys(language).Should().Equal(Keys("en"), language);
            // Word by word of the page: each is the translation of the English one in the same place.
            var (own, first) = (TextsOf(language), TextsOf("en"));
            Bold(language, role).Zip(Bold("en", role)).Where(p => !own[p.First].Intersect(first[p.Second]).Any()).Should().BeEmpty(language);
            Bold(language, role).Should().HaveSameCount(Bold("en", role));
            Lines(language, role).Where(l => l.StartsWith('#')).Should().NotIntersectWith(Lines("en", role).Where(l => l.StartsWith('#')), "it is translated");
        }

        IEnumerable<string> Keys(string language) => Lines(language, role).SelectMany(l => Regex.Matches(l, "`[^`]+`").Select(m => m.Value));
    }

    /// <summary>What stands in bold is what stands on the screen, in that language.</summary>
    [PostgresTheory]
    [MemberData(nameof(All))]
    public void Every_word_in_bold_is_a_word_of_the_page(string language, string role)
    {
        var words = TextsOf(language);
        var bold = Bold(language, role);
        bold.Should().NotBeEmpty();
        bold.Where(b => !words.Contains(b)).Should().BeEmpty();
    }

    [PostgresTheory]
    [MemberData(nameof(All))]
    public async Task The_host_serves_it_as_a_page_without_scripts(string language, string role)
    {
        await using var anna = await host.SignInAsync("anna");
        var guide = await anna.GetAsync($"api/guides/{role}?language={language}", ContractsJson.Default.GuideView);
        guide.Language.Should().Be(language);
        guide.Html.Should().StartWith("<h1").And.Contain("<h2").And.Contain("<strong>").And.NotContain("<script").And.NotContain("**");
    }

    [PostgresFact]
    public async Task An_unknown_language_is_English_and_an_unknown_role_is_not_there()
    {
        await using var anna = await host.SignInAsync("anna");
        (await anna.GetAsync("api/guides/agent?language=xx", ContractsJson.Default.GuideView)).Language.Should().Be("en");
        (await anna.GetAsync("api/guides/agent", ContractsJson.Default.GuideView)).Language.Should().Be("en");
        using var unknown = await anna.Http.GetAsync("api/guides/..%2F..%2Fagent");
        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    static List<string> Bold(string language, string role) => [.. Lines(language, role).SelectMany(l => Regex.Matches(l, @"\*\*([^*]+)\*\*").Select(m => m.Groups[1].Value))];

    /// <summary>The page's words, each with the keys it has.</summary>
    static ILookup<string, string> TextsOf(string language)
    {
        var file = Path.Combine(Repository.Folder, "src/Agent.Web/Resources", language == "en" ? "Texts.resx" : $"Texts.{language}.resx");
        return XDocument.Load(file).Root!.Elements("data").ToLookup(d => d.Element("value")!.Value, d => d.Attribute("name")!.Value);
    }
}
