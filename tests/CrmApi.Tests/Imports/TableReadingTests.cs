using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Exports;
using CallCrm.CrmApi.Files;
using CallCrm.CrmApi.Imports;
using FsCheck.Xunit;

namespace CallCrm.CrmApi.Tests.Imports;

public sealed class TableReadingTests
{
    const string Italian = "Nome;Città;Note\r\nNiccolò;Forlì;perché è già lì\r\nSofia;Cantù;più tardi, così";
    const string Russian = "Имя;Город;Заметка\r\nАнна;Москва;Звонить после обеда\r\nПётр;Тверь;ёлка";

    [Theory]
    [InlineData("utf-8", Russian, true)]
    [InlineData("utf-8", Russian, false)]
    [InlineData("utf-8", Italian, false)]
    [InlineData("utf-16", Russian, true)]
    [InlineData("utf-16", Italian, false)]
    [InlineData("utf-16be", Russian, true)]
    [InlineData("utf-16be", Italian, false)]
    [InlineData("windows-1251", Russian, false)]
    [InlineData("windows-1252", Italian, false)]
    public void The_encoding_is_found_out(string encoding, string text, bool mark)
    {
        using var file = new MemoryStream(TableFiles.Text(text, TextSniff.EncodingOf(encoding), mark));
        TextSniff.Detect(file).Should().Be(encoding);
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_far_down_in_the_file_count()
    {
        using var file = new MemoryStream([.. Encoding.ASCII.GetBytes(new string('a', 200_000)), .. TableFiles.Text("\r\nМосква", TableFiles.Windows1251)]);
        TextSniff.Detect(file).Should().Be("windows-1251");
    }

    [Theory]
    [InlineData("a;b;c\n1,5;2,5;3\n4,1;5;6", ";")]
    [InlineData("a,b,c\n\"x, y\",2,3", ",")]
    [InlineData("a\tb\n1,5\t2;3", "\t")]
    [InlineData("name\nAnna\nLuca", ",")]
    [InlineData("Имя;Телефон\nИванов, Пётр;+7 495 1\nСидоров, Иван;+7 495 2", ";")]
    public void The_separator_is_found_out(string text, string expected) => TextSniff.Separator(() => new StringReader(text)).Should().Be(expected);

    [Theory]
    [InlineData("a,b\r\nc,d", "a|b//c|d")]
    [InlineData("\"a \"\"x\"\"\",b\nc", "a \"x\"|b//c")]
    [InlineData("\"two\r\nlines\",b", "two\nlines|b")]
    [InlineData("pipe 5\",b\nc,d", "pipe 5\"|b//c|d")]
    [InlineData("sep=,\na,b", "a|b")]
    [InlineData("a,b,\n", "a|b|")]
    [InlineData("a\rb", "a//b")]
    [InlineData("", "")]
    public void Rows_are_read_as_programs_write_them(string text, string expected) =>
        string.Join("//", new CsvRows(new StringReader(text), ',').Select(r => string.Join('|', r.Cells))).Should().Be(expected);

    [Fact]
    public void A_quote_that_is_not_closed_spoils_its_own_row_only()
    {
        var rows = new CsvRows(new StringReader("a,b\n\"open,1\n" + string.Join('\n', Enumerable.Range(0, 5000).Select(n => $"row {n},x"))), ',').ToList();
        rows.Should().HaveCount(5002);
        rows.FindAll(r => r.Trouble is not null).Should().ContainSingle().Which.Number.Should().Be(2);
        rows[^1].Cells.Should().Equal("row 4999", "x");
    }

    [Fact]
    public void A_row_without_end_is_told_and_not_kept_in_memory()
    {
        var rows = new CsvRows(new StringReader(new string('x', 3_000_000) + "\na,b"), ',').ToList();
        rows[0].Trouble.Should().Be(ImportTexts.LongRow);
        rows[0].Cells[0].Length.Should().BeLessThan(1000);
        rows[1].Cells.Should().Equal("a", "b");
    }

    [Property]
    public void What_is_written_is_read_again(string?[] cells)
    {
        var written = CsvText.Line(cells.Append("end"), ';');
        var row = new CsvRows(new StringReader(written), ';').Single();
        row.Cells.Select(c => c.ReplaceLineEndings("\n")).Should().Equal(cells.Append("end").Select(c => CsvText.Safe(c).ReplaceLineEndings("\n")));
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0")]
    [InlineData("-2+3", "'-2+3")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\tx", "'\tx")]
    [InlineData("  =1", "'  =1")]
    [InlineData("+39 02 1234 5678", "+39 02 1234 5678")]
    [InlineData("+390212345678", "+390212345678")]
    [InlineData("+7 (916) 100-20-02", "+7 (916) 100-20-02")]
    [InlineData("+7-916-100-20-02", "'+7-916-100-20-02")]
    [InlineData("a=b", "a=b")]
    public void Formulas_become_texts_and_telephone_numbers_stay(string text, string expected)
    {
        CsvText.Safe(text).Should().Be(expected);
        Cells.Plain(expected).Should().Be(text.Trim());
    }

    [Theory]
    [InlineData("1 234,56", "1234.56")]
    [InlineData("1\u00a0234,56", "1234.56")]
    [InlineData("1.234,56", "1234.56")]
    [InlineData("1,234.56", "1234.56")]
    [InlineData("1.234.567", "1234567")]
    [InlineData("1234,5 руб.", "1234.5")]
    [InlineData("€ 12,00", "12.00")]
    [InlineData("-5", "-5")]
    [InlineData("twelve", null)]
    public void Amounts_are_read_with_comma_and_point(string text, string? expected) => Cells.Decimal(text)?.ToString(System.Globalization.CultureInfo.InvariantCulture).Should().Be(expected);

    [Theory]
    [InlineData("46354", "2026-11-28")]
    [InlineData("28.11.2026", "2026-11-28")]
    [InlineData("28/11/2026", "2026-11-28")]
    [InlineData("2026-11-28 10:15", "2026-11-28")]
    [InlineData("31.02.2026", null)]
    [InlineData("soon", null)]
    public void Dates_are_read_as_texts_and_as_the_numbers_of_Excel(string text, string? expected) => Cells.Date(text)?.ToString("yyyy-MM-dd").Should().Be(expected);

    [Theory]
    [InlineData("7,91612E+10", true)]
    [InlineData("3.9E+11", true)]
    [InlineData("+39 02 1234", false)]
    [InlineData("79161234567", false)]
    public void A_number_that_a_spreadsheet_shortened_is_known(string text, bool expected) => Cells.IsScientific(text).Should().Be(expected);

    [Theory]
    [InlineData("11/28/2026", true)]
    [InlineData("11/28/2026 10:15:00 am", true)]
    [InlineData("28.11.2026 10:15", true)]
    [InlineData("2026-11-28T10:15:00", true)]
    [InlineData("02-1234-5678", false)]
    [InlineData("8.495.123.45.67", false)]
    [InlineData("12/34/56789", false)]
    public void A_date_is_no_number_whichever_way_it_is_written(string text, bool expected) => Cells.LooksLikeDate(text).Should().Be(expected);

    [Fact]
    public void Labels_stand_in_brackets_behind_numbers_and_addresses_of_mail()
    {
        Cells.LabelledPhones("+39 02 1234 5678 (office ext. 5); 8 (495) 123-45-67 (mobile), +39 333 1112222 (a; b (c))")
            .Should().Equal(("+39 02 1234 5678", "", "office ext. 5"), ("8 (495) 123-45-67", "", "mobile"), ("+39 333 1112222", "", "a; b (c)"));
        Cells.LabelledPhones("8 (495) 123-45-67; 8 495 123").Should().Equal(("8 (495) 123-45-67", "", ""), ("8 495 123", "", ""));
        Cells.Mails("a@x.example, b@x.example (work); c@x.example d@x.example\nnot a mail").Should().Equal(("a@x.example", ""), ("b@x.example", "work"), ("c@x.example", ""), ("d@x.example", ""), ("not a mail", ""));
        Cells.Mails("").Should().BeEmpty();
    }

    [Theory]
    [InlineData("Via Po 1, Torino", "actual=Via Po 1, Torino")]
    [InlineData("legal: Via Po 1 | Torino | 10123 | | Italia\ndelivery: Depot\nsecond line", "legal=Via Po 1, 10123 Torino, Italia;delivery=Depot\nsecond line")]
    [InlineData("юридический: ул. Мира, 1 | Тверь\nдоставка: склад", "legal=ул. Мира, 1, Тверь;delivery=склад")]
    [InlineData("Note: ring twice", "actual=Note: ring twice")]
    [InlineData("", "")]
    public void Addresses_of_one_cell_are_told_by_their_kind(string cell, string expected) => string.Join(';', AddressCells.Read(cell).Select(a => $"{a.Kind}={a.Text}")).Should().Be(expected);

    [Fact]
    public void One_cell_may_hold_several_numbers_and_extensions() =>
        Cells.Phones("8 (495) 123-45-67, доб. 12; +7 916 000-11-22,+39 02 1234 ext 5").Should().Equal(("8 (495) 123-45-67", "12"), ("+7 916 000-11-22", ""), ("+39 02 1234", "5"));

    [Theory]
    [InlineData("Имя;Фамилия;Мобильный телефон;Рабочий e-mail;Город", "first_name last_name phone:mobile email:office city")]
    [InlineData("Nome;Cellulare;Indirizzo e-mail;Città;Azienda", "name phone:mobile email city company")]
    [InlineData("First name,Last name,Work phone,Phone 2,E-mail,Responsible person", "first_name last_name phone:office phone email responsible")]
    [InlineData("Full name;Amount;Total", "name")]
    public void Columns_are_told_by_their_headers(string header, string expected)
    {
        var cells = header.Split(';', ',');
        Told(ImportGuess.Columns(cells, [], null, "IT")).Should().Be(expected);
    }

    [Fact]
    public void Columns_without_known_headers_are_told_by_what_stands_in_them()
    {
        TableRow[] rows = [new(2, ["x1", "+39 02 1234 5678", "anna@example.com", "12.05.2026"]), new(3, ["x2", "+39 333 111 2222", "luca@example.com", "13.05.2026"])];
        Told(ImportGuess.Columns(["A", "B", "C", "D"], rows, null, "IT")).Should().Be("phone email");
    }

    [Theory]
    [InlineData("bitrix24_contacts", "ID;Имя;Отчество;Фамилия;Тип контакта;Компания;Рабочий телефон;Мобильный телефон;Рабочий e-mail;Ответственный;Комментарий;Дата создания", "first_name middle_name last_name roles:hint company phone:office phone:mobile email:office responsible note")]
    [InlineData("bitrix24_companies", "ID;Название компании;Тип компании;Рабочий телефон;Рабочий e-mail;Ответственный;Кем создана", "name roles:hint phone:office email:office responsible")]
    [InlineData("bitrix24_companies", "ID,Company Name,Company type,Work Phone,Work E-mail,Responsible person,Created on", "name roles:hint phone:office email:office responsible")]
    [InlineData("bitrix24_leads", "ID;Название лида;Имя;Фамилия;Название компании;Мобильный телефон;Источник;Дата создания", "lead_key lead_name first_name last_name company phone:mobile source")]
    [InlineData("bitrix24_leads", "ID;Nome lead;Nome;Cognome;Nome azienda;Telefono cellulare;Origine;Creato il", "lead_key lead_name first_name last_name company phone:mobile source")]
    [InlineData("bitrix24_deals", "ID;Название сделки;Стадия сделки;Тип;Сумма;Валюта;Контакт;Компания;Контакт: Мобильный телефон;Контакт: Рабочий e-mail;Ответственный;Дата начала;Дата создания",
        "deal_key deal_title deal_stage deal_type deal_amount deal_currency name company phone:mobile email:office responsible deal_date")]
    public void Exports_of_Bitrix24_are_known(string preset, string header, string expected)
    {
        var cells = header.Split(';', ',');
        BitrixColumns.Preset([.. cells.Select(ImportTargets.Plain)]).Should().Be(preset);
        Told(ImportGuess.Columns(cells, [], preset, "RU")).Should().Be(expected);
    }

    [Fact]
    public void An_ordinary_file_is_no_export_of_Bitrix24() => BitrixColumns.Preset(["id", "name", "company type"]).Should().BeNull();

    static string Told(IReadOnlyList<ImportColumn> columns) => string.Join(' ', columns.Select(c => c.Label is { Length: > 0 } ? $"{c.Target}:{c.Label}" : c.Target));

    public static TheoryData<string, byte[]> Contents => new()
    {
        { "pdf", "%PDF-1.7 ..."u8.ToArray() }, { "png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0] }, { "exe", [0x4D, 0x5A, 0x90, 0x00, 0x03, 0, 0, 0] }, { "elf", [0x7F, 0x45, 0x4C, 0x46, 2] },
        { "html", "\r\n<!DOCTYPE html><html>"u8.ToArray() }, { "text", "name;phone\r\nMZ;1"u8.ToArray() }, { "text", TableFiles.From1C }, { "text", TableFiles.Text(Russian, Encoding.Unicode, true) }, { "empty", [] },
        { "xls", TableFiles.Xls(["Имя"]) }, { "binary", [1, 2, 3, 0, 255, 0, 0, 9] }, { "binary", "PK\x03\x04 and no archive"u8.ToArray() }, { "text", "MZ is two letters"u8.ToArray() }, { "script", "#!/bin/sh\nls"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void A_file_is_told_by_its_content(string expected, byte[] content)
    {
        using var file = new MemoryStream(content);
        ContentKind.Of(file).Code.Should().Be(expected);
    }

    [Fact]
    public async Task Workbooks_are_told_by_their_content()
    {
        using var file = new MemoryStream(await TableFiles.XlsxAsync(["a"]));
        ContentKind.Of(file).Code.Should().Be("xlsx");
    }
}
