using System.Text;
using CallCrm.Engine;
using FsCheck.Xunit;

namespace CallCrm.CallFlow.Tests;

public sealed class PhoneNumbersTests
{
    static bool IsExtension(string number) => number is "101" or "110";

    static PhoneNumber Parse(string raw, string region = "IT", bool restricted = false) => PhoneNumbers.Parse(raw, region, restricted, IsExtension);

    [Theory]
    [InlineData("+39 02 1234 5678", "IT", "+390212345678")]
    [InlineData("0212345678", "IT", "+390212345678")]
    [InlineData("3331234567", "IT", "+393331234567")]
    [InlineData("00442079460018", "IT", "+442079460018")]
    [InlineData("0044 20 7946 0018", "US", "+442079460018")]
    [InlineData("393331234567", "IT", "+393331234567")]
    [InlineData("442079460018", "IT", "+442079460018")]
    [InlineData("8 (495) 123-45-67", "RU", "+74951234567")]
    [InlineData("74951234567", "RU", "+74951234567")]
    [InlineData("020 7946 0018", "GB", "+442079460018")]
    [InlineData("+12025550143", "", "+12025550143")]
    public void Numbers_become_E164(string raw, string region, string e164)
    {
        var number = Parse(raw, region);
        number.Kind.Should().Be(NumberKind.E164);
        number.E164.Should().Be(e164);
        number.Raw.Should().Be(raw);
    }

    [Theory]
    [InlineData("")]
    [InlineData("anonymous")]
    [InlineData("Unknown")]
    [InlineData("<unknown>")]
    public void No_number_is_withheld(string raw) => Parse(raw).Should().Be(PhoneNumber.Withheld);

    [Fact]
    public void A_restricted_number_is_withheld_even_when_the_network_shows_it() => Parse("+390212345678", restricted: true).Should().Be(PhoneNumber.Withheld);

    [Fact]
    public void Own_extensions_are_extensions() => Parse("101").Should().Be(new PhoneNumber("101", NumberKind.Extension));

    [Theory]
    [InlineData("112")]
    [InlineData("12345")]
    [InlineData("'; drop table client; --")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("📞📞📞📞📞📞📞")]
    [InlineData("+++++++++")]
    [InlineData("CALL-ME-NOW")]
    [InlineData("1800FLOWERS")]
    [InlineData("+99999999999999999999999999")]
    [InlineData("٠٢١٢٣٤٥٦٧٨")]
    [InlineData("*21*0212345678#")]
    public void Garbage_is_kept_raw_and_matches_nobody(string raw)
    {
        var number = Parse(raw);
        number.Kind.Should().Be(NumberKind.Unparsed);
        number.E164.Should().BeNull();
    }

    [Fact]
    public void Five_hundred_characters_are_cut_between_characters()
    {
        var number = Parse(new StringBuilder("a").Insert(1, "😀", 250).ToString());
        number.Kind.Should().Be(NumberKind.Unparsed);
        number.Raw.Length.Should().BeLessThanOrEqualTo(80);
        char.IsHighSurrogate(number.Raw[^1]).Should().BeFalse();
    }

    [Property(MaxTest = 500)]
    public bool Nothing_a_caller_sends_throws_or_gives_a_false_E164(string? raw)
    {
        var number = PhoneNumbers.Parse(raw, "IT", restricted: false, IsExtension);
        return number.E164 is null || (number.E164[0] == '+' && number.E164.Length is >= 6 and <= 16 && number.E164.Skip(1).All(char.IsAsciiDigit));
    }

    [Fact]
    public void Shown_as_people_write_it_and_masked_in_logs()
    {
        PhoneNumbers.Format("+390212345678", "it").Should().Be("+39 02 1234 5678");
        PhoneNumbers.Format("nonsense", "it").Should().Be("nonsense");
        PhoneNumbers.Country("+442079460018").Should().Be("GB");
        PhoneNumbers.Mask(Parse("+442079460018")).Should().Be("+44•••0018");
    }

    [Theory]
    [InlineData("Mario Rossi", "Mario Rossi")]
    [InlineData("  Анна Петрова ", "Анна Петрова")]
    [InlineData("Mario 😀 Rossi", "Mario 😀 Rossi")]
    [InlineData("O'Brien & Sons (Dublin)", "O'Brien & Sons (Dublin)")]
    [InlineData("<script>alert(1)</script>", "")]
    [InlineData("'; drop table client; --", "")]
    [InlineData("+390212345678", "")]
    [InlineData("anonymous", "")]
    [InlineData("a\u0000b\u0007cd", "abcd")]
    public void A_caller_name_becomes_a_name_only_when_it_is_one(string given, string name) => PlainText.NameFrom(given).Should().Be(name);

    [Fact]
    public void A_long_caller_name_is_cut_to_200() => PlainText.NameFrom(new string('x', 500)).Length.Should().Be(200);

    [Theory]
    [InlineData("+39 02 1234567 ext. 12", "+39021234567", "12")]
    [InlineData("02 1234567 x12", "+39021234567", "12")]
    [InlineData("02 1234567x0012", "+39021234567", "0012")]
    [InlineData("+39 02 1234567 int. 12", "+39021234567", "12")]
    [InlineData("+39 02 1234567, interno 12", "+39021234567", "12")]
    [InlineData("+7 495 123-45-67 доб. 12", "+74951234567", "12")]
    [InlineData("+7 495 123-45-67 (доб. 12)", "+74951234567", "12")]
    [InlineData("+7 495 123-45-67 вн. 12", "+74951234567", "12")]
    [InlineData("+39021234567;ext=12", "+39021234567", "12")]
    [InlineData("tel:+39-02-1234567;ext=12", "+39021234567", "12")]
    [InlineData("+39 02 1234567 #12", "+39021234567", "12")]
    [InlineData("+39 02 1234567", "+39021234567", "")]
    [InlineData("+39 02 1234567 ext. 12345678901", "+39021234567", "12345678901")]
    [InlineData("ext. 12", null, "")]
    [InlineData("Rossi x 12", null, "12")]
    [InlineData("", null, "")]
    public void An_extension_is_told_from_the_number(string typed, string? e164, string extension) => CallFlow.PhoneNumbers.Typed(typed, "IT").Should().Be((e164, extension));

    [Theory]
    [InlineData("en")]
    [InlineData("it")]
    [InlineData("ru")]
    public void What_is_written_with_an_extension_is_read_again(string language) =>
        CallFlow.PhoneNumbers.Typed(CallFlow.PhoneNumbers.WithExtension("+39 02 1234 5678", "007", language), "IT").Should().Be(("+390212345678", "007"));
}
