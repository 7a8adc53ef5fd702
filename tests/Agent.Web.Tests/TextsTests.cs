using System.Globalization;
using CallCrm.AgentWeb;
using CallCrm.AgentWeb.Api;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Localization;

namespace CallCrm.Agent.Web.Tests;

public sealed class TextsTests : IDisposable
{
    readonly CultureInfo _before = CultureInfo.CurrentUICulture;
    readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddLocalization(o => o.ResourcesPath = "Resources").BuildServiceProvider();

    public TextsTests() => (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (CultureInfo.GetCultureInfo("en"), CultureInfo.GetCultureInfo("en"));

    IStringLocalizer<Texts> T => _services.GetRequiredService<IStringLocalizer<Texts>>();

    [Fact]
    public void Why_names_who_talked_last() =>
        Texts.Why(T, Some.Reason("LastContacted", "Alex", lastContact: Some.Noon)).Should().Be("Alex talked with this client last, on 5 Mar");

    [Theory]
    [InlineData("en", "exe", "The name ends in .pdf, but the content is: a Windows program.")]
    [InlineData("it", "exe", "Il nome finisce in .pdf, ma il contenuto è: un programma per Windows.")]
    [InlineData("ru", "html", "Имя заканчивается на .pdf, а содержимое: веб-страница.")]
    [InlineData("en", "mp3", "The name ends in .pdf, but the content is: MP3.")]
    public void A_file_whose_name_lies_is_told_with_both_kinds(string language, string found, string expected)
    {
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo(language);
        Texts.Failure(T, new ApiException(System.Net.HttpStatusCode.BadRequest, "file_type_differs", "", claimed: ".pdf", found: found)).Should().Be(expected);
    }

    [Fact]
    public void Why_names_who_is_responsible() =>
        Texts.Why(T, Some.Reason("Responsible", "Alex")).Should().Be("Alex is responsible for this client");

    [Fact]
    public void Why_names_the_least_busy_and_the_load() =>
        Texts.Why(T, Some.Reason("LeastBusy", candidates: [new("Alex", 1, 11.6m, 40), new("Anna", 1, 30m, 10)])).Should().Be("least busy of 2: Alex, load 12 %");

    [Fact]
    public void Why_says_first_whom_the_client_should_have_had() =>
        Texts.Why(T, Some.Reason("LeastBusy", null, "Anna", "LastContacted", "Talking", Some.Noon, new ReasonCandidateView("Alex", 1, 5m, 9)))
            .Should().Be("last talked with Anna on 5 Mar, who was: Talking → least busy of 1: Alex, load 5 %");

    [Fact]
    public void Why_says_that_the_responsible_one_was_away() =>
        Texts.Why(T, Some.Reason("Hold", null, "Anna", "Responsible", "Away")).Should().Be("Anna is responsible, but was: Away → nobody is free yet, held in line");

    [Theory]
    [InlineData("en", "Why this script: known client, deal at stage Negotiation. Language: Italian, the client’s.", "Why this script: it fits every call. Language: English, as there is none in another one.")]
    [InlineData("it", "Perché questo script: cliente noto, trattativa in fase Negotiation. Lingua: Italiano, quella del cliente.", "Perché questo script: va bene per ogni chiamata. Lingua: Inglese, perché non ce n’è in un’altra.")]
    [InlineData("ru", "Почему этот сценарий: известный клиент, сделка на стадии Negotiation. Язык: Итальянский, язык клиента.", "Почему этот сценарий: подходит к любому звонку. Язык: Английский, на других нет.")]
    public void Why_this_script_is_said_in_the_language_of_the_page(string language, string known, string always)
    {
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (CultureInfo.GetCultureInfo(language), CultureInfo.GetCultureInfo(language));
        Texts.Why(T, new ScriptReason([new("client", "known"), new("deal_stage", "Negotiation")], "it", ScriptLanguageOf.Client)).Should().Be(known);
        Texts.Why(T, new ScriptReason([], "en", ScriptLanguageOf.Nobody)).Should().Be(always);
    }

    [Theory]
    [InlineData("Hold")]
    [InlineData("MaxWait")]
    [InlineData("QueueClosed")]
    [InlineData("NobodySignedIn")]
    [InlineData("UnknownNumber")]
    [InlineData("Fallback")]
    public void Every_other_rule_has_its_words(string rule) => Texts.Why(T, Some.Reason(rule)).Should().NotBeEmpty().And.NotContain("Why.");

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(65, "1:05")]
    [InlineData(3845, "1:04:05")]
    [InlineData(-3, "0:00")]
    public void Times_are_short_and_never_negative(int seconds, string written) => Texts.Span(seconds).Should().Be(written);

    [Fact]
    public void A_client_is_called_by_card_then_by_the_line_then_by_number()
    {
        Texts.ClientName(T, Some.Card(), Some.Caller()).Should().Be("Ilaria Gentile");
        Texts.ClientName(T, Some.Card("") with { Company = "Studio Rossi" }, Some.Caller()).Should().Be("Studio Rossi");
        Texts.ClientName(T, null, Some.Caller(name: "ROSSI MARIO")).Should().Be("ROSSI MARIO");
        Texts.ClientName(T, null, Some.Caller(name: "unknown")).Should().Be("+39 02 1234 5678");
        Texts.ClientName(T, null, Some.Caller(null, kind: "Withheld")).Should().Be("Number withheld");
        Texts.ClientName(T, null, Some.Caller(null, kind: "Unparsed")).Should().Be("Unknown number");
    }

    public void Dispose()
    {
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (_before, _before);
        _services.Dispose();
    }
}
