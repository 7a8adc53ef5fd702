using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Imports;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Imports;

/// <summary>Files as Bitrix24 writes them (semicolons, UTF-8 with a byte order mark, all columns that its pages show), loaded as they are proposed.</summary>
[Trait("Category", "Slow")]
public sealed class BitrixTests(ApiHost host) : IClassFixture<ApiHost>
{
    const string Site = "Корпоративный сайт;Личная страница;Страница Facebook;Страница ВКонтакте;Другой сайт";
    const string Phones = "Рабочий телефон;Мобильный телефон;Номер факса;Домашний телефон;Номер пейджера;Телефон для рассылок;Другой телефон";
    const string Mails = "Рабочий e-mail;Частный e-mail;E-mail для рассылок;Другой e-mail";
    const string Places = "Адрес;Улица, номер дома;Квартира, офис, комната, этаж;Населенный пункт;Район;Регион;Почтовый индекс;Страна";

    public const string Contacts = $"""
        ID;Тип контакта;Обращение;Имя;Фамилия;Отчество;Имя, Фамилия;Дата рождения;Источник;Дополнительно об источнике;Компания;Ответственный;{Places};{Phones};{Site};{Mails};Должность;Комментарий;Доступен для всех;Дата создания;Кем создан
        17;Клиенты;г-жа;Ольга;Петрова;Ивановна;Ольга Петрова;01.02.1980;Выставка;стенд 5;ООО «Битва»;Anna Verdi [12];;ул. Ленина, д. 5;кв. 12;Казань;;Татарстан;420000;Россия;+7 843 200-10-01, доб. 7;+7 916 200-10-01;;;;;+7 843 200-10-02;https://bitva.example;;;;;olga@bitva.example;olga.home@mail.example;;news@bitva.example;Директор;Звонить утром;да;28.11.2026 10:15;Марко Рива
        18;Конкурент;;Пётр;Сидоров;;Пётр Сидоров;;;;ООО «Битва»;Luca Neri;Казань, ул. Баумана, 1;ул. Баумана, 1;;Казань;;;;;;+7 916 200-10-03;;;;;;;;;;;;;;;;;да;28.11.2026;Марко Рива

        """;

    public const string Companies = """
        ID;Company Name;Company type;Industry;Employees;Annual revenue;Currency;Responsible person;Address;Legal address;City;Region;Postal code;Country;Work Phone;Mobile;Fax;Home Phone;Other Phone;Corporate website;Work E-mail;Home E-mail;Newsletters email;Other E-mail;Comment;Available to everyone;Created on;Created by;Modified on
        7;Battle Ltd;Suppliers;IT;50-250;1000000;GBP;Anna Verdi;1 High Street;2 Law Lane, London;London;;EC1A 1BB;United Kingdom;+44 20 7946 0810;+44 7700 900810;+44 20 7946 0811;;;https://battle.example;info@battle.example;;news@battle.example;;Pays late;yes;11/28/2026;Marco Riva;11/28/2026

        """;

    public const string Leads = $"""
        ID;Название лида;Обращение;Имя;Фамилия;Отчество;Имя, Фамилия;Дата рождения;{Places};{Phones};{Site};{Mails};Связанный пользователь;Название компании;Должность;Комментарий;Стадия;Дополнительно о стадии;Товар;Цена;Количество;Возможная сумма;Валюта;Источник;Дополнительно об источнике;Доступен для всех;Ответственный;Дата создания
        31;Заявка с сайта;;Мария;Лидова;;Мария Лидова;;;;;Тверь;;;;;;+7 916 200-20-01;;;;;;;;;;;lead@lead.example;;;;;ЗАО Лидер;Закупки;Нужен котёл;Новый;перезвонить;;;;15000;RUB;Веб-сайт;форма;да;Luca Neri;28.11.2026

        """;

    public const string Deals = """
        ID;Nome trattativa;Tipo;Fase;Probabilità;Totale;Valuta;Azienda;Contatto;Contatto: Telefono cellulare;Contatto: E-mail di lavoro;Disponibile a tutti;Data inizio;Responsabile;Commento;Pipeline;Origine;Creato il
        44;Caldaia nuova;Order;Negotiation;50;1.250,50;EUR;Battaglia Spa;Carla Affari;+39 347 620 3001;carla@affari.example;sì;28/11/2026;Anna Verdi;Urgente;Generale;Fiera;28/11/2026

        """;

    static async Task<(ImportPreview Preview, ImportRunView Run)> LoadAsync(Page page, string name, string file)
    {
        var preview = await ClientImportTests.UploadAsync(page, name, TableFiles.Text(file.ReplaceLineEndings("\r\n"), Encoding.UTF8, mark: true));
        preview.Should().BeEquivalentTo(new { Encoding = "utf-8", Separator = ";", HeaderRow = 1L, Companies = "make" });
        await ClientImportTests.StartAsync(page, preview.Id, ClientImportTests.Plan(preview) with { Companies = preview.Companies });
        return (preview, await ClientImportTests.EndAsync(page, preview.Id));
    }

    static async Task<ClientCardView> FoundAsync(Page page, string query) =>
        await page.GetAsync($"api/clients/{(await page.GetAsync($"api/clients?query={Uri.EscapeDataString(query)}", ContractsJson.Default.ListPageClientRow)).Items.Single().Id}", ContractsJson.Default.ClientCardView);

    [PostgresFact]
    public async Task Contacts_come_with_all_numbers_mails_addresses_and_their_company()
    {
        await using var page = await host.SignInAsync("ada");
        var (preview, run) = await LoadAsync(page, "CONTACT.csv", Contacts);
        preview.Should().BeEquivalentTo(new { Preset = "bitrix24_contacts", Kind = "person" });
        run.Should().BeEquivalentTo(new { State = "done", Made = 2L, Companies = 1L, Failed = 0L }, string.Join(' ', run.Errors.Select(e => e.ToString())));
        var olga = await FoundAsync(page, "Петрова");
        olga.Should().BeEquivalentTo(new
        {
            Name = "Ольга Ивановна Петрова",
            Kind = "person",
            Email = "olga@bitva.example",
            Emails = new[] { new EmailView("olga.home@mail.example", "home"), new EmailView("news@bitva.example") },
            City = "Казань",
            CompanyName = "ООО «Битва»",
            Company = "",
            ResponsibleId = Seeds.Anna,
            Roles = new[] { "client" },
            Source = "Выставка",
            Note = "Дата рождения: 01.02.1980\nДополнительно об источнике: стенд 5\nКорпоративный сайт: https://bitva.example\nДолжность: Директор\nЗвонить утром",
        });
        olga.Phones.Select(p => (p.E164, p.Label, p.Extension)).Should().BeEquivalentTo([("+78432001001", "office", "7"), ("+79162001001", "mobile", ""), ("+78432001002", "", "")]);
        olga.Addresses.Should().Equal(new AddressView("actual", "ул. Ленина, д. 5, кв. 12", "Казань", "420000", "Татарстан", "Россия"));
        var petr = await FoundAsync(page, "Сидоров");
        petr.CompanyId.Should().Be(olga.CompanyId);
        petr.Roles.Should().BeEmpty("a competitor is no role");
        petr.Address.Should().Be("Казань, ул. Баумана, 1", "the street stands in the whole address already");
    }

    [PostgresFact]
    public async Task Companies_come_with_both_addresses_and_what_has_no_field_stands_in_the_note()
    {
        await using var page = await host.SignInAsync("ada");
        var (preview, run) = await LoadAsync(page, "COMPANY.csv", Companies);
        preview.Should().BeEquivalentTo(new { Preset = "bitrix24_companies", Kind = "company" });
        run.Should().BeEquivalentTo(new { State = "done", Made = 1L, Failed = 0L }, string.Join(' ', run.Errors.Select(e => e.ToString())));
        var card = await FoundAsync(page, "Battle Ltd");
        card.Should().BeEquivalentTo(new { Kind = "company", Roles = new[] { "supplier" }, City = "London", Email = "info@battle.example", ResponsibleId = Seeds.Anna, Note = "Industry: IT\nEmployees: 50-250\nAnnual revenue: 1000000\nCorporate website: https://battle.example\nPays late" });
        card.Emails!.Select(e => e.Address).Should().Equal("news@battle.example");
        card.Phones.Select(p => (p.E164, p.Label)).Should().BeEquivalentTo([("+442079460810", "office"), ("+447700900810", "mobile"), ("+442079460811", "fax")]);
        card.Addresses.Should().BeEquivalentTo([new AddressView("actual", "1 High Street", "London", "EC1A 1BB", "", "United Kingdom"), new AddressView("legal", "2 Law Lane, London")]);
    }

    [PostgresFact]
    public async Task Leads_become_people_of_their_company()
    {
        await using var page = await host.SignInAsync("ada");
        var (preview, run) = await LoadAsync(page, "LEAD.csv", Leads);
        preview.Preset.Should().Be("bitrix24_leads");
        run.Should().BeEquivalentTo(new { State = "done", Made = 1L, Companies = 1L, Deals = 0L, Failed = 0L }, string.Join(' ', run.Errors.Select(e => e.ToString())));
        var card = await FoundAsync(page, "Лидова");
        card.Should().BeEquivalentTo(new { Name = "Мария Лидова", CompanyName = "ЗАО Лидер", Email = "lead@lead.example", City = "Тверь", Source = "Веб-сайт", ResponsibleId = Seeds.Luca, Tags = new[] { "lead: Новый" } });
        card.Note.Split('\n').Should().Equal("Заявка с сайта", "Должность: Закупки", "Нужен котёл", "Дополнительно о стадии: перезвонить", "Дополнительно об источнике: форма");
    }

    [PostgresFact]
    public async Task A_lead_in_work_is_a_deal_in_the_stage_of_its_name_and_no_other_lead_is()
    {
        await using var page = await host.SignInAsync("ada");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into stage (deal_type, code, name, position) values ('order', 'junk_here', 'Junk lead', 98), ('order', 'ripe', 'Qualified', 99) on conflict do nothing");
        const string File = """
            ID;Lead name;First name;Last name;Mobile;Status;Opportunity;Currency;Responsible person;Created on
            61;Boiler for the shop;Lea;Inwork;+39 347 630 0001;negotiation;1250.50;EUR;Luca Neri;28.11.2026
            62;Asked for a price;Lia;Junky;+39 347 630 0002;Junk lead;9;EUR;Luca Neri;28.11.2026
            63;Became a deal;Lio;Ripened;+39 347 630 0003;Qualified;9;EUR;Luca Neri;28.11.2026
            64;Somewhere;Leo;Elsewhere;+39 347 630 0004;Waiting, long;;;Luca Neri;28.11.2026
            65;Nothing said;Lux;Silent;+39 347 630 0005;;;;Luca Neri;28.11.2026

            """;
        var (preview, run) = await LoadAsync(page, "LEAD status.csv", File);
        preview.Preset.Should().Be("bitrix24_leads");
        run.Should().BeEquivalentTo(new { State = "done", Made = 5L, Deals = 1L, Failed = 0L }, string.Join(' ', run.Errors.Select(e => e.ToString())));
        var inWork = await FoundAsync(page, "Inwork");
        inWork.OpenDeals.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Title = "Boiler for the shop", DealType = "order", Stage = "negotiation", Amount = 1250.50m, Currency = "EUR", ResponsibleId = Seeds.Luca });
        inWork.Tags.Should().BeNullOrEmpty();
        inWork.Note.Should().Be("Boiler for the shop");
        foreach (var (name, tag) in new[] { ("Junky", "lead: Junk lead"), ("Ripened", "lead: Qualified"), ("Elsewhere", "lead: Waiting long") })
        {
            var card = await FoundAsync(page, name);
            card.OpenDeals.Should().BeEmpty(name);
            card.Tags.Should().Equal(tag);
        }

        var silent = await FoundAsync(page, "Silent");
        silent.OpenDeals.Should().BeEmpty();
        silent.Tags.Should().BeNullOrEmpty();
        // A newer export has the same lead once more.
        (await LoadAsync(page, "LEAD status again.csv", File)).Run.Should().BeEquivalentTo(new { State = "done", Deals = 0L, Failed = 0L });
        (await FoundAsync(page, "Inwork")).OpenDeals.Should().ContainSingle();
    }

    [PostgresFact]
    public async Task Deals_come_with_contact_company_stage_amount_and_who_is_responsible()
    {
        await using var page = await host.SignInAsync("ada");
        var (preview, run) = await LoadAsync(page, "DEAL.csv", Deals);
        preview.Preset.Should().Be("bitrix24_deals");
        run.Should().BeEquivalentTo(new { State = "done", Made = 1L, Companies = 1L, Deals = 1L, Failed = 0L }, string.Join(' ', run.Errors.Select(e => e.ToString())));
        var card = await FoundAsync(page, "Carla Affari");
        card.Should().BeEquivalentTo(new { CompanyName = "Battaglia Spa", Email = "carla@affari.example", Source = "Fiera", Note = "Urgente", ResponsibleId = Seeds.Anna });
        card.OpenDeals.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Title = "Caldaia nuova", DealType = "order", Stage = "negotiation", Amount = 1250.50m, Currency = "EUR", ResponsibleId = Seeds.Anna });
        // A newer export has the same deals once more.
        (await LoadAsync(page, "DEAL again.csv", Deals)).Run.Should().BeEquivalentTo(new { State = "done", Deals = 0L, Failed = 0L });
        (await FoundAsync(page, "Carla Affari")).OpenDeals.Should().ContainSingle();
    }

    [Theory]
    [InlineData("bitrix24_contacts", "ID;Contact type;First name;Last name;Company;Work phone;Mobile;Home phone;Work e-mail;Home e-mail;Street, house no.;City;Postal code;Position;Created on",
        "roles:hint first_name last_name company phone:office phone:mobile phone:home email:office email:home address city postal_code note:Position")]
    [InlineData("bitrix24_contacts", "ID;Tipo di contatto;Nome;Cognome;Azienda;Telefono di lavoro;Cellulare;Telefono casa;E-mail di lavoro;E-mail personale;Indirizzo;Città;CAP;Regione;Paese;Posizione;Creato da",
        "roles:hint first_name last_name company phone:office phone:mobile phone:home email:office email:home address city postal_code region country note:Posizione")]
    [InlineData("bitrix24_companies", "ID;Tipo di azienda;Nome azienda;Sede legale;Indirizzo di consegna;Partita IVA;Creato il", "roles:hint name address:legal address:delivery tax_id")]
    public void Headings_in_English_and_Italian_are_known(string preset, string header, string expected)
    {
        var cells = header.Split(';');
        BitrixColumns.Preset([.. cells.Select(ImportTargets.Plain)]).Should().Be(preset);
        string.Join(' ', ImportGuess.Columns(cells, [], preset, "IT").Select(c => c.Label is { Length: > 0 } ? $"{c.Target}:{c.Label}" : c.Target)).Should().Be(expected);
    }
}
