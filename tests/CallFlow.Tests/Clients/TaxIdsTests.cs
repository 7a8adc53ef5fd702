namespace CallCrm.CallFlow.Tests.Clients;

public sealed class TaxIdsTests
{
    /// <summary>Published ones: of Sberbank, Gazprom, the tax service, Poste Italiane, Eni; the persons' are examples of the authorities.</summary>
    public static TheoryData<string> Valid => new(
        "7707083893", "7736050003", "7707329152", "500100732259", "1027700132195", "1027700070518", "1047707030513", "304500116000157",
        "01114601006", "00484960588", "IT00905811006", "RSSMRA85T10A562S", "MRTMTT25D09F205Z");

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_real_one_is_taken(string id) => TaxIds.Expected(id).Should().BeNull();

    /// <summary>A Polish NIP has ten digits, a Swiss or a Czech id may have twelve: they are an INN in Russia alone.</summary>
    [Theory]
    [InlineData("5260250995", true)]
    [InlineData("526025099512", true)]
    [InlineData("5260250995", false)]
    [InlineData("526025099512", false)]
    public void Ten_and_twelve_digits_are_an_inn_in_russia_alone(string id, bool russian) => (TaxIds.Expected(id, russian) is null).Should().Be(!russian);

    /// <summary>A Polish PESEL, a Croatian OIB, a Romanian CNP.</summary>
    [Theory]
    [InlineData("44051401359")]
    [InlineData("94577403194")]
    [InlineData("1800101221144")]
    public void Eleven_thirteen_and_fifteen_digits_are_whatever_they_are_elsewhere(string id)
    {
        TaxIds.Expected(id, russian: false, italian: false).Should().BeNull();
        TaxIds.Expected("IT44051401350", russian: false, italian: false).Should().NotBeNull("it says itself whose it is");
        (TaxIds.IsItalian(["Italia"], "pl", "PL"), TaxIds.IsItalian(["Polska"], "it", "IT"), TaxIds.IsItalian([], null, "IT")).Should().Be((true, false, true));
    }

    [Theory]
    [InlineData("", null, "RU", true)]
    [InlineData("", null, "IT", false)]
    [InlineData("", "ru", "IT", true)]
    [InlineData("", "pl", "RU", false)]
    [InlineData("Polska", "ru", "RU", false)]
    [InlineData("Российская Федерация", "en", "IT", true)]
    [InlineData("russia", null, "IT", true)]
    public void The_country_says_whose_law_it_is_else_the_language_else_the_site(string country, string? language, string region, bool russian) => TaxIds.IsRussian([country, ""], language, region).Should().Be(russian);

    /// <summary>The sums for INN and OGRN are cut to one digit and let a fault through here and there; in these they find every one.</summary>
    [Theory]
    [InlineData("7707083893", "INN")]
    [InlineData("7736050003", "INN")]
    [InlineData("500100732259", "INN")]
    [InlineData("1027700132195", "OGRN")]
    [InlineData("304500116000157", "OGRN")]
    [InlineData("00905811006", "Partita IVA")]
    [InlineData("IT01114601006", "Partita IVA")]
    [InlineData("RSSMRA85T10A562S", "Codice Fiscale")]
    [InlineData("MRTMTT25D09F205Z", "Codice Fiscale")]
    public void Every_single_wrong_digit_is_found(string id, string kind)
    {
        TaxIds.Expected(id).Should().BeNull();
        foreach (var wrong in SingleFaults(id)) TaxIds.Expected(wrong).Should().Contain(kind, wrong);
    }

    static IEnumerable<string> SingleFaults(string id)
    {
        for (var n = 0; n < id.Length; n++)
        {
            if (!char.IsAsciiDigit(id[n])) continue;
            for (var digit = '0'; digit <= '9'; digit++)
            {
                if (digit != id[n]) yield return id[..n] + digit + id[(n + 1)..];
            }
        }
    }

    /// <summary>The digits of an omocodia, from the last one on, with the check letter that belongs to each.</summary>
    [Fact]
    public void Letters_that_stand_for_digits_are_taken_with_their_own_check_letter()
    {
        const string Letters = "LMNPQRSTUV";
        int[] places = [14, 13, 12, 10, 9, 7, 6];
        var id = "MRTMTT25D09F205Z".ToCharArray();
        foreach (var place in places)
        {
            id[place] = Letters[id[place] - '0'];
            var right = Enumerable.Range('A', 26).Select(c => new string(id, 0, 15) + (char)c).Where(t => TaxIds.Expected(t) is null).ToList();
            right.Should().ContainSingle("one letter of 26 is right");
        }

        TaxIds.Expected("MRTMTT91D08F205J").Should().BeNull();
        TaxIds.Expected("MRTMTT91D08F20RJ").Should().NotBeNull("the check letter is that of the digit");
    }

    [Theory]
    [InlineData("RSSMRA85F10A562S")] // F is no month.
    [InlineData("RSSMRA8OT10A562S")] // O is no digit.
    [InlineData("RSSMRA85T10A562T")]
    public void What_looks_like_a_codice_fiscale_and_is_none_is_named(string id) => TaxIds.Expected(id).Should().Contain("Codice Fiscale");

    [Theory]
    [InlineData("")]
    [InlineData("77")]
    [InlineData("DE136695976")]
    [InlineData("FR40303265045")]
    [InlineData("GB999999973")]
    [InlineData("123456789")]
    [InlineData("12345678901234")]
    [InlineData("CHE-116.281.710")]
    [InlineData("77070838931234567890")]
    public void Another_shape_is_taken_as_it_is(string id) => TaxIds.Expected(id).Should().BeNull();

    [Theory]
    [InlineData("0000000001")]
    [InlineData("000000000010")]
    [InlineData("1027700132196")]
    [InlineData("304500116000158")]
    [InlineData("IT01234567890")]
    public void A_wrong_check_digit_is_refused(string id) => TaxIds.Expected(id).Should().EndWith("right");
}
