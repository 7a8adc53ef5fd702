using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Imports;

[Trait("Category", "Slow")]
public sealed class ClientImportTests(ApiHost host) : IClassFixture<ApiHost>
{
    internal static async Task<ImportPreview> UploadAsync(Page page, string name, byte[] content, Guid? id = null)
    {
        using var answer = await SendAsync(page, name, content, id);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportPreview))!;
    }

    static async Task<HttpResponseMessage> SendAsync(Page page, string name, byte[] content, Guid? id = null)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return await page.Http.PostAsync($"api/imports?id={id ?? Guid.CreateVersion7()}&name={Uri.EscapeDataString(name)}", body);
    }

    internal static ImportStart Plan(ImportPreview preview, string duplicates = "skip", bool number = true, bool mail = true, string language = "en") =>
        new(preview.Columns, preview.HeaderRow, preview.Kind, duplicates, number, mail, preview.Encoding, preview.Separator, preview.Sheet, language);

    internal static async Task<ImportRunView> StartAsync(Page page, Guid id, ImportStart plan)
    {
        using var answer = await page.Http.PostAsJsonAsync($"api/imports/{id}/start", plan, ContractsJson.Default.ImportStart);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportRunView))!;
    }

    internal static async Task<ImportRunView> EndAsync(Page page, Guid id)
    {
        for (var n = 0; n < 600; n++)
        {
            var run = await page.GetAsync($"api/imports/{id}", ContractsJson.Default.ImportRunView);
            if (run.State != "running") return run;
            await Task.Delay(100);
        }

        throw new TimeoutException("The import does not end.");
    }

    static async Task<ImportRunView> LoadAsync(Page page, string name, byte[] content, string duplicates = "skip", string language = "en", bool number = true, bool mail = true)
    {
        var preview = await UploadAsync(page, name, content);
        await StartAsync(page, preview.Id, Plan(preview, duplicates, number, mail, language));
        return await EndAsync(page, preview.Id);
    }

    async Task<T> AskAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        return (await connection.QuerySingleAsync<T>(sql, parameters))!;
    }

    async Task<IEnumerable<T>> AskAllAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        return await connection.QueryAsync<T>(sql, parameters);
    }

    sealed record Card(Guid Id, string Kind, string Name, string Company, string Email, string City, string Note, string? Segment, Guid? ResponsibleId, string Source, bool Confirmed, int Version, string Numbers);

    Task<Card> CardAsync(string e164) => AskAsync<Card>(
        """
        select c.id, c.kind, c.name, c.company, c.email, c.city, c.note, c.segment, c.responsible_id, c.source, c.confirmed, c.version,
          (select string_agg(p.e164 || ' ' || p.label || case when p.extension <> '' then ';' || p.extension else '' end, ',' order by not p.is_main, p.e164) from client_phone p where p.client_id = c.id) as numbers
        from client c where c.id in (select client_id from client_phone where e164 = @e164)
        """, new { e164 });

    [PostgresFact]
    public async Task A_file_of_1C_comes_in_right()
    {
        await using var page = await host.SignInAsync("sara");
        var preview = await UploadAsync(page, "Контрагенты.csv", TableFiles.From1C);
        preview.Should().BeEquivalentTo(new { Format = "csv", Encoding = "windows-1251", Separator = ";", HeaderRow = 3L, Remembered = false });
        preview.Header.Should().Equal("Наименование", "Телефон", "Эл. почта", "Город", "Ответственный", "Комментарий");
        preview.Rows[0].Cells[0].Should().Be("ООО \"Ромашка\"");
        preview.Columns.Select(c => c.Target).Should().Equal("name", "phone", "email", "city", "responsible", "note");
        await StartAsync(page, preview.Id, Plan(preview));
        (await EndAsync(page, preview.Id)).Should().BeEquivalentTo(new { State = "done", Made = 2L, Failed = 0L, TotalRows = 2L, By = "Sara Conti", LastRow = 5L });
        (await CardAsync("+74957654321")).Should().BeEquivalentTo(new { Name = "ООО \"Ромашка\"", Email = "info@romashka.example", City = "Москва", ResponsibleId = Seeds.Anna, Note = "Скидка 7,5 %", Source = "import", Numbers = "+74957654321 ;12" });
        (await CardAsync("+79167654322")).Should().BeEquivalentTo(new { Name = "Петров Пётр Петрович", City = "Тверь", ResponsibleId = Seeds.Luca, Note = "Две\nстроки" });
    }

    [PostgresFact]
    public async Task Cells_of_workbooks_are_what_a_person_sees()
    {
        await using var page = await host.SignInAsync("marco");
        object?[][] rows = [["Name", "Mobile phone", "Note", "Segment", "Responsible"], ["Olga Xls", 393480000001d, new DateTime(2026, 3, 1), "VIP", "Luca Neri"], ["Ugo Xls", "+39 348 000 0002", 12.5d, "new", "anna"]];
        foreach (var (name, content) in new[] { ("clients.xlsx", await TableFiles.XlsxAsync(rows)), ("old.xls", TableFiles.Xls(rows)) })
        {
            var run = await LoadAsync(page, name, content, "overwrite");
            run.Should().BeEquivalentTo(new { State = "done", Failed = 0L, TotalRows = 2L }, name);
            (await CardAsync("+393480000001")).Should().BeEquivalentTo(new { Name = "Olga Xls", Note = "2026-03-01", Segment = "vip", ResponsibleId = Seeds.Luca, Kind = "person", Numbers = "+393480000001 mobile" }, name);
            (await CardAsync("+393480000002")).Should().BeEquivalentTo(new { Note = "12.5", Segment = "new", ResponsibleId = Seeds.Anna }, name);
        }
    }

    [PostgresFact]
    public async Task What_is_there_already_is_left_filled_or_overwritten_as_chosen()
    {
        await using var page = await host.SignInAsync("sara");
        byte[] File(string name, string city, string phone2) => TableFiles.Text($"Name;Phone;Phone 2;City;E-mail\r\n{name};+39 347 555 0001;{phone2};{city};dup@example.com\r\n", Encoding.UTF8, true);
        (await LoadAsync(page, "a.csv", File("First", "", ""))).Made.Should().Be(1);
        var first = await CardAsync("+393475550001");

        (await LoadAsync(page, "b.csv", File("Second", "Roma", ""))).Should().BeEquivalentTo(new { Made = 0L, Changed = 0L, Skipped = 1L });
        (await CardAsync("+393475550001")).Should().Be(first);

        (await LoadAsync(page, "c.csv", File("Second", "Roma", "+39 347 555 0009"), "fill_empty")).Should().BeEquivalentTo(new { Changed = 1L, Skipped = 0L });
        (await CardAsync("+393475550001")).Should().BeEquivalentTo(new { Name = "First", City = "Roma", Version = 2, Numbers = "+393475550001 ,+393475550009 " });

        (await LoadAsync(page, "d.csv", File("Third", "Bari", ""), "overwrite")).Changed.Should().Be(1);
        (await CardAsync("+393475550001")).Should().BeEquivalentTo(new { Name = "Third", City = "Bari", Version = 3 });
        // Who changed what, from which value to which.
        var told = (await AskAllAsync<(string Who, string Before, string After)>("select u.name, a.detail ->> 'before', a.detail ->> 'after' from audit a join app_user u on u.id = a.user_id where a.action = 'client.changed' and a.object_id = @id order by a.id",
            new { id = first.Id.ToString() })).ToList();
        told.Should().Equal(("Sara Conti", """{"phones":"\u002B393475550001","city":""}""", """{"phones":"\u002B393475550001; \u002B393475550009","city":"Roma"}"""), ("Sara Conti", """{"name":"First","city":"Roma"}""", """{"name":"Third","city":"Bari"}"""));

        var byMail = TableFiles.Text("Name;Phone;E-mail\nFourth;+39 347 555 0008;DUP@example.com\n", Encoding.UTF8);
        (await LoadAsync(page, "e.csv", byMail, "fill_empty", number: false)).Changed.Should().Be(1);
        (await CardAsync("+393475550008")).Should().BeEquivalentTo(new { first.Id, Name = "Third" });

        (await LoadAsync(page, "f.csv", byMail, "always_new")).Made.Should().Be(1);
        (await AskAsync<long>("select count(*) from client where lower(email) = 'dup@example.com'")).Should().Be(2);
    }

    [PostgresFact]
    public async Task Rows_of_one_file_are_duplicates_of_each_other()
    {
        await using var page = await host.SignInAsync("sara");
        var file = TableFiles.Text("Name,Phone,City\nUno,+39 347 556 0001,\nDue,0039 347 5560001,Como\nTre,+39 347 556 0002,\n", Encoding.UTF8);
        (await LoadAsync(page, "twice.csv", file, "fill_empty")).Should().BeEquivalentTo(new { Made = 2L, Changed = 1L });
        (await CardAsync("+393475560001")).Should().BeEquivalentTo(new { Name = "Uno", City = "Como" });
    }

    [PostgresFact]
    public async Task A_card_that_a_call_made_is_filled_and_confirmed_even_when_duplicates_are_skipped()
    {
        var directory = host.Services.GetRequiredService<ClientDirectory>();
        var made = await directory.IdentifyAsync(new PhoneNumber("+393475570001", NumberKind.E164, "+393475570001"), "", "web", true, CancellationToken.None);
        await using var page = await host.SignInAsync("sara");
        (await LoadAsync(page, "call.csv", TableFiles.Text("Name;Phone\nGino;+39 347 557 0001\n", Encoding.UTF8))).Changed.Should().Be(1);
        (await CardAsync("+393475570001")).Should().BeEquivalentTo(new { made.Candidates[0].Client, Id = made.Candidates[0].Client, Name = "Gino", Confirmed = true, Source = "web" }, o => o.Excluding(x => x.Client));
    }

    [PostgresFact]
    public async Task Calls_that_come_while_the_file_is_loaded_make_no_second_card()
    {
        const int Rows = 2_000;
        static string Number(int n) => $"+3936{n + 70_000_000}";
        var text = new StringBuilder("Name;Phone\n");
        for (var n = 0; n < Rows; n++) text.Append($"Both {n};{Number(n)}\n");
        var directory = host.Services.GetRequiredService<ClientDirectory>();
        await using var page = await host.SignInAsync("sara");
        var preview = await UploadAsync(page, "both.csv", TableFiles.Text(text.ToString(), Encoding.UTF8));
        await StartAsync(page, preview.Id, Plan(preview));
        // From the other end, as the rows come.
        for (var n = Rows - 1; n >= 0; n -= 10) await directory.IdentifyAsync(new PhoneNumber(Number(n), NumberKind.E164, Number(n)), "", "web", true, CancellationToken.None);
        var run = await EndAsync(page, preview.Id);
        (run.State, run.Failed, run.Made + run.Changed).Should().Be(("done", 0L, (long)Rows));
        (await AskAsync<long>("select count(*) from (select e164 from client_phone where e164 like '+3936%' group by e164 having count(*) > 1) twice")).Should().Be(0);
        (await AskAsync<long>("select count(*) from client where name like 'Both %' and confirmed")).Should().Be(Rows);
    }

    [PostgresFact]
    public async Task Failing_rows_come_back_in_a_file_to_mend_and_load_again()
    {
        await using var page = await host.SignInAsync("sara");
        var file = TableFiles.Text(
            "ФИО;Телефон;Почта;Сегмент;Ответственный;Комментарий\r\nХороший Клиент;+7 916 100-20-01;a@example.com;VIP;anna;\r\nКороткий Номер;12;b@example.com;;;\r\n;+7 916 100-20-02;;;;\r\nЭксель;7,91612E+10;c@example.com;;;\r\nПлохой;+7 916 100-20-03;нет;золото;никто;=1+1\r\n",
            TableFiles.Windows1251);
        var run = await LoadAsync(page, "base.csv", file, language: "ru");
        run.Should().BeEquivalentTo(new { State = "done", Made = 1L, Failed = 4L });
        run.Errors.Select(e => (e.Row, e.Column)).Should().Equal((3, "Телефон"), (4, "ФИО"), (5, "Телефон"), (6, "Почта"), (6, "Сегмент"), (6, "Ответственный"));
        run.Errors[0].Should().Be(new ImportErrorView(3, "Телефон", "12", "номер телефона вида +7 495 123-45-67"));
        run.Errors[4].Expected.Should().Be("один из сегментов: New, VIP");

        using var answer = await page.Http.GetAsync($"api/imports/{run.Id}/failed");
        answer.Content.Headers.ContentDisposition!.DispositionType.Should().Be("attachment");
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        bytes.Take(3).Should().Equal(Encoding.UTF8.Preamble.ToArray());
        var text = Encoding.UTF8.GetString(bytes[3..]);
        text.Split("\r\n")[0].Should().Be("ФИО;Телефон;Почта;Сегмент;Ответственный;Комментарий;Что ожидалось");
        text.Should().Contain("\r\nПлохой;+7 916 100-20-03;нет;золото;никто;'=1+1;\"Почта: адрес вида anna@example.com; Сегмент: один из сегментов: New, VIP; Ответственный: ");

        var mended = text.Replace(";12;", ";+7 916 100-20-04;", StringComparison.Ordinal).Replace("7,91612E+10", "+7 916 100-20-05", StringComparison.Ordinal).Replace("\r\n;+7", "\r\nИмя;+7", StringComparison.Ordinal)
            .Replace(";нет;золото;никто;", ";d@example.com;vip;luca;", StringComparison.Ordinal);
        var again = await UploadAsync(page, "base - errors.csv", TableFiles.Text(mended, Encoding.UTF8, true));
        again.Remembered.Should().BeTrue();
        await StartAsync(page, again.Id, Plan(again));
        (await EndAsync(page, again.Id)).Should().BeEquivalentTo(new { State = "done", Made = 4L, Failed = 0L });
        (await CardAsync("+79161002003")).Should().BeEquivalentTo(new { Name = "Плохой", Email = "d@example.com", Segment = "vip", ResponsibleId = Seeds.Luca, Note = "=1+1" });
    }

    [PostgresFact]
    public async Task Many_errors_are_bounded_in_memory_and_whole_in_the_file()
    {
        await using var page = await host.SignInAsync("ada");
        const int Rows = 20_000;
        var text = new StringBuilder("Name;Phone\n");
        for (var n = 0; n < Rows; n++) text.Append("Someone;not a number ").Append(n).Append('\n');
        var run = await LoadAsync(page, "wrong.csv", TableFiles.Text(text.ToString(), Encoding.UTF8));
        run.Should().BeEquivalentTo(new { State = "done", Made = 0L, Failed = (long)Rows });
        run.Errors.Should().HaveCount(100);
        (await page.Http.GetStringAsync($"api/imports/{run.Id}/failed")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(Rows + 1);
    }

    [PostgresFact]
    public async Task A_restart_in_the_middle_loads_every_row_once()
    {
        const int Rows = 12_000;
        var text = new StringBuilder("Name;Phone\n");
        for (var n = 0; n < Rows; n++) text.Append(n % 100 == 7 ? $"Restart {n};x\n" : $"Restart {n};+3934{n + 70_000_000}\n");
        Guid id;
        await using (var page = await host.SignInAsync("sara"))
        {
            var preview = await UploadAsync(page, "restart.csv", TableFiles.Text(text.ToString(), Encoding.UTF8));
            id = preview.Id;
            // Always new: a row that came twice would be seen.
            await StartAsync(page, id, Plan(preview, "always_new"));
            while ((await page.GetAsync($"api/imports/{id}", ContractsJson.Default.ImportRunView)).LastRow == 0) await Task.Delay(10);
        }

        await host.RestartAsync();
        await using var later = await host.SignInAsync("sara");
        var run = await EndAsync(later, id);
        run.Should().BeEquivalentTo(new { State = "done", Made = Rows - 120L, Failed = 120L, TotalRows = (long)Rows, LastRow = Rows + 1L });
        (await AskAsync<long>("select count(*) from client where name like 'Restart %'")).Should().Be(Rows - 120);
        (await AskAsync<long>("select count(distinct name) from client where name like 'Restart %'")).Should().Be(Rows - 120);
        (await later.Http.GetStringAsync($"api/imports/{id}/failed")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(121).And.OnlyHaveUniqueItems();
    }

    [PostgresFact]
    public async Task An_import_whose_files_are_gone_with_their_folder_ends_and_says_so()
    {
        var text = new StringBuilder("Name;Phone\n");
        for (var n = 0; n < 30_000; n++) text.Append($"Gone {n};+3938{n + 70_000_000}\n");
        Guid id;
        await using (var page = await host.SignInAsync("sara"))
        {
            var preview = await UploadAsync(page, "gone.csv", TableFiles.Text(text.ToString(), Encoding.UTF8));
            id = preview.Id;
            await StartAsync(page, id, Plan(preview));
            while ((await page.GetAsync($"api/imports/{id}", ContractsJson.Default.ImportRunView)).LastRow == 0) await Task.Delay(10);
        }

        Directory.Delete(Path.Combine(Path.GetDirectoryName(host.RecordingFolder)!, "imports"), recursive: true);
        await host.RestartAsync();
        await using var later = await host.SignInAsync("sara");
        (await EndAsync(later, id)).State.Should().Be("broken");
    }

    [PostgresFact]
    public async Task An_import_can_be_cancelled_and_what_was_loaded_stays()
    {
        var text = new StringBuilder("Name;Phone\n");
        for (var n = 0; n < 30_000; n++) text.Append($"Cancel {n};+3935{n + 70_000_000}\n");
        await using var page = await host.SignInAsync("sara");
        var preview = await UploadAsync(page, "cancel.csv", TableFiles.Text(text.ToString(), Encoding.UTF8));
        await StartAsync(page, preview.Id, Plan(preview));
        while ((await page.GetAsync($"api/imports/{preview.Id}", ContractsJson.Default.ImportRunView)).LastRow == 0) await Task.Delay(10);
        (await page.Http.PostAsync($"api/imports/{preview.Id}/cancel", null)).StatusCode.Should().Be(HttpStatusCode.OK);
        var run = await EndAsync(page, preview.Id);
        run.State.Should().Be("cancelled");
        run.Made.Should().BeInRange(500, 29_500);
        (await AskAsync<long>("select count(*) from client where name like 'Cancel %'")).Should().Be(run.Made);
    }

    [PostgresFact]
    public async Task Deals_come_with_their_clients_and_stages_are_told_by_name()
    {
        await using var page = await host.SignInAsync("marco");
        var file = TableFiles.Text(
            "ID;Название сделки;Стадия сделки;Тип;Сумма;Валюта;Контакт;Контакт: Мобильный телефон;Ответственный;Дата начала;Дата создания\r\n1;Котёл;Negotiation;Order;1 234,56;RUB;Deal One;+7 916 200-00-01;Anna Verdi [12];46354;28.11.2026\r\n2;Насос;Где-то;Order;5;RUB;Deal Two;+7 916 200-00-02;;;\r\n3;Труба;;;;;Deal One;+7 916 200-00-01;;;\r\n",
            Encoding.UTF8, true);
        var preview = await UploadAsync(page, "DEAL.csv", file);
        preview.Preset.Should().Be("bitrix24_deals");
        await StartAsync(page, preview.Id, Plan(preview));
        var run = await EndAsync(page, preview.Id);
        run.Should().BeEquivalentTo(new { State = "done", Made = 1L, Skipped = 1L, Failed = 1L, Deals = 2L });
        run.Errors.Should().ContainSingle().Which.Should().Be(new ImportErrorView(3, "Стадия сделки", "Где-то", "one of the stages: Open, Negotiation"));
        var deal = await AskAsync<(string Stage, decimal Amount, string Currency, Guid? Responsible, DateTimeOffset Since)>(
            "select d.stage, d.amount, d.currency, d.responsible_id, d.stage_since from deal d join client c on c.id = d.client_id where d.title = 'Котёл' and c.name = 'Deal One'");
        deal.Should().Be(("negotiation", 1234.56m, "RUB", Seeds.Anna, new DateTimeOffset(2026, 11, 27, 23, 0, 0, TimeSpan.Zero)));
        (await AskAsync<string>("select stage from deal where title = 'Труба'")).Should().Be("open");
    }

    [PostgresFact]
    public async Task What_is_no_table_is_refused_by_its_content_and_nothing_stays()
    {
        await using var page = await host.SignInAsync("sara");
        foreach (var (content, errorId, words) in new[]
        {
            ("%PDF-1.7"u8.ToArray(), "not_a_table", "This is a PDF document. Expected a table"), ([0x4D, 0x5A, 0x90, 0x00, 0x03, 0], "not_a_table", "This is a Windows program."), (Array.Empty<byte>(), "file_unreadable", "The file is empty."),
            ("PK\x03\x04 nothing"u8.ToArray(), "not_a_table", "data of an unknown kind"), ((await TableFiles.XlsxAsync(["a", "b"]))[..^200], "not_a_table", "data of an unknown kind"),
        })
        {
            using var answer = await SendAsync(page, "clients.csv", content);
            answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
            var problem = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
            (problem.ErrorId, problem.Detail).Should().Be((errorId, problem.Detail));
            problem.Detail.Should().Contain(words);
        }

        Directory.EnumerateFiles(ImportFolder, "*.part").Should().BeEmpty();
    }

    string ImportFolder => Path.Combine(Path.GetDirectoryName(host.RecordingFolder)!, "imports");

    [PostgresFact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        await using var page = await host.SignInAsync("sara");
        var id = Guid.CreateVersion7();
        using (var line = new TcpClient())
        {
            await line.ConnectAsync(host.Address.Host, host.Address.Port);
            var head = $"POST /api/imports?id={id}&name=a.csv HTTP/1.1\r\nHost: {host.Address.Authority}\r\nOrigin: {page.Origin}\r\nCookie: {page.Cookies.GetCookieHeader(host.Address)}\r\nContent-Length: 1000000\r\n\r\nName;Phone\n";
            await line.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head));
            await Eventually(() => Directory.Exists(ImportFolder) && Directory.EnumerateFiles(ImportFolder, "*.part").Any());
        }

        await Eventually(() => !Directory.EnumerateFiles(ImportFolder, "*.part").Any());
        (await page.Http.GetAsync($"api/imports/{id}")).StatusCode.Should().Be(HttpStatusCode.NotFound);

        static async Task Eventually(Func<bool> condition)
        {
            for (var n = 0; !condition(); n++)
            {
                if (n > 200) throw new TimeoutException("It did not come so.");
                await Task.Delay(50);
            }
        }
    }

    [PostgresFact]
    public async Task A_file_over_100_MB_is_refused()
    {
        await using var page = await host.SignInAsync("sara");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/imports?id={Guid.CreateVersion7()}&name=big.csv") { Content = new ByteArrayContent(new byte[(100 << 20) + 1]) };
        request.Headers.ExpectContinue = true;
        using var answer = await page.Http.SendAsync(request);
        answer.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
        (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.ErrorId.Should().Be("too_large");
    }

    [PostgresFact]
    public async Task Wrong_choices_are_named_by_field_and_an_upload_is_begun_once()
    {
        await using var page = await host.SignInAsync("sara");
        var preview = await UploadAsync(page, "x.csv", TableFiles.Text("Name;Phone\nOnce;+39 347 558 0001\n", Encoding.UTF8));
        using (var wrong = await page.Http.PostAsJsonAsync($"api/imports/{preview.Id}/start", new ImportStart([new ImportColumn(0, "phone"), new ImportColumn(1, "nonsense")], 1, "robot", "skip", false, false, "koi8", Language: "de", MatchTaxId: false), ContractsJson.Default.ImportStart))
        {
            wrong.StatusCode.Should().Be(HttpStatusCode.BadRequest);
            (await wrong.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().BeEquivalentTo("columns[1].target", "columns", "matchNumber", "kind", "language");
        }

        (await page.ProblemAsync(HttpMethod.Get, $"api/imports/{preview.Id}/preview?encoding=koi8")).Problem.Errors!.Keys.Should().Equal("encoding");
        await StartAsync(page, preview.Id, Plan(preview));
        await StartAsync(page, preview.Id, Plan(preview));
        (await EndAsync(page, preview.Id)).Made.Should().Be(1);
        (await AskAsync<long>("select count(*) from audit where action = 'import' and object_id like @id", new { id = $"%{preview.Id}" })).Should().Be(1);
        (await page.ProblemAsync(HttpMethod.Get, $"api/imports/{preview.Id}/preview")).Problem.ErrorId.Should().Be("import_begun");
    }

    [PostgresFact]
    public async Task A_wrong_encoding_can_be_seen_and_put_right_before_loading()
    {
        await using var page = await host.SignInAsync("sara");
        var preview = await UploadAsync(page, "ru.csv", TableFiles.Text("Имя клиента;Телефон\nАнна;+7 916 300-00-01\n", TableFiles.Windows1251));
        preview.Rows[0].Cells[0].Should().Be("Анна");
        var other = await page.GetAsync($"api/imports/{preview.Id}/preview?encoding=windows-1252&header=0", ContractsJson.Default.ImportPreview);
        other.HeaderRow.Should().BeNull();
        other.Rows[1].Cells[0].Should().Be("Àííà");
        (await page.GetAsync($"api/imports/{preview.Id}/preview?encoding=windows-1251", ContractsJson.Default.ImportPreview)).Rows[0].Cells[0].Should().Be("Анна");
    }

    static async Task FieldAsync(Page admin, string code, string name, string kind, params NamedCode[] options)
    {
        using var answer = await admin.Http.PutAsJsonAsync($"api/admin/client-fields/{code}", new ClientFieldSetup(code, name, kind, options, 10, false, 0), ContractsJson.Default.ClientFieldSetup);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
    }

    [PostgresFact]
    public async Task Two_columns_of_tax_ids_fill_both_and_either_finds_the_client_again()
    {
        await using var admin = await host.SignInAsync("ada");
        const string File = "Nome;Partita IVA;Codice fiscale;Città\nDitta Doppia;01114601006;RSSMRA85T10A562S;Lodi\nDitta Storta;00484960588;RSSMRA85T10A562A;Lodi\nFirma Polska;5260250995;;Lodi\n";
        var preview = await UploadAsync(admin, "two.csv", Encoding.UTF8.GetBytes(File));
        preview.Columns.Select(c => c.Target).Should().Equal("name", "tax_id", "second_tax_id", "city");
        await StartAsync(admin, preview.Id, Plan(preview));
        var run = await EndAsync(admin, preview.Id);
        (run.State, run.Made, run.Failed).Should().Be(("done", 2, 1), string.Join(' ', run.Errors.Select(e => e.ToString())));
        run.Errors.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Column = "Codice fiscale", Row = 3L });
        async Task<ClientCardView> CardAsync(string name) => await admin.GetAsync($"api/clients/{(await admin.GetAsync($"api/clients?query={Uri.EscapeDataString(name)}", ContractsJson.Default.ListPageClientRow)).Items.Single().Id}", ContractsJson.Default.ClientCardView);
        var card = await CardAsync("Ditta Doppia");
        (card.TaxId, card.SecondTaxId).Should().Be(("01114601006", "RSSMRA85T10A562S"));
        (await CardAsync("Firma Polska")).TaxId.Should().Be("5260250995", "ten digits are no INN where nobody says so");
        // Another program knows the one id alone, and calls it by another heading.
        var again = await UploadAsync(admin, "again.csv", Encoding.UTF8.GetBytes("Nome;Codice fiscale;Telefono\nDitta Doppia Srl;RSSMRA85T10A562S;+39 0371 555 001\n"));
        await StartAsync(admin, again.Id, Plan(again, "fill_empty"));
        run = await EndAsync(admin, again.Id);
        (run.State, run.Made, run.Changed).Should().Be(("done", 0, 1));
        card = await CardAsync("Ditta Doppia");
        (card.TaxId, card.SecondTaxId, card.Phones.Count).Should().Be(("01114601006", "RSSMRA85T10A562S", 1));
        // Nor does it push the other one out where the file goes before the card.
        var over = await UploadAsync(admin, "over.csv", Encoding.UTF8.GetBytes("Nome;Codice fiscale;Città\nDitta Doppia;RSSMRA85T10A562S;Crema\n"));
        await StartAsync(admin, over.Id, Plan(over, "overwrite"));
        run = await EndAsync(admin, over.Id);
        (run.State, run.Changed).Should().Be(("done", 1));
        card = await CardAsync("Ditta Doppia");
        (card.TaxId, card.SecondTaxId, card.City).Should().Be(("01114601006", "RSSMRA85T10A562S", "Crema"));
    }

    [PostgresFact]
    public async Task A_file_that_has_the_ids_the_other_way_round_loses_none()
    {
        await using var admin = await host.SignInAsync("ada");
        foreach (var (file, how) in new[] { ("Nome;Codice fiscale\nDitta Incrociata;MRTMTT25D09F205Z\n", "fill_empty"), ("Nome;Partita IVA;Codice fiscale\nDitta Incrociata;00905811006;MRTMTT25D09F205Z\n", "fill_empty") })
        {
            var preview = await UploadAsync(admin, "crossed.csv", Encoding.UTF8.GetBytes(file));
            await StartAsync(admin, preview.Id, Plan(preview, how));
            (await EndAsync(admin, preview.Id)).State.Should().Be("done");
        }

        var row = (await admin.GetAsync("api/clients?query=Incrociata", ContractsJson.Default.ListPageClientRow)).Items.Single();
        var card = await admin.GetAsync($"api/clients/{row.Id}", ContractsJson.Default.ClientCardView);
        (card.TaxId, card.SecondTaxId).Should().Be(("MRTMTT25D09F205Z", "00905811006"));
    }

    [PostgresFact]
    public async Task The_site_s_own_fields_and_tax_ids_are_loaded_as_programs_write_them_and_a_wrong_one_is_named()
    {
        await using var admin = await host.SignInAsync("ada");
        await FieldAsync(admin, "turnover", "Оборот", "money");
        await FieldAsync(admin, "founded", "Основана", "date");
        await FieldAsync(admin, "staff", "Сотрудников", "number");
        await FieldAsync(admin, "vat", "НДС", "yes_no");
        await FieldAsync(admin, "goods", "Товары", "choices", new NamedCode("heat", "Котлы"), new NamedCode("cool", "Холод"));
        const string Header = "Название компании;ИНН/КПП;Телефон;Оборот;Основана;Сотрудников;НДС;Товары\n";
        var file = Header
            + "ООО Тепло;7707083893/773601001;+7 495 700-10-01;1 234 567,50 руб.;31.12.1998;1\u00a0200;да;Котлы\n"
            + "ООО Холод;7707083894;+7 495 700-10-02;много;вчера;12;да;Лыжи\n"
            + "ООО Дата;;+7 495 700-10-03;;45000;0,5;нет;\"Холод, Котлы\"\n";
        var preview = await UploadAsync(admin, "own.csv", Encoding.UTF8.GetBytes(file));
        preview.Columns.Select(c => c.Target).Should().Equal("company", "tax_id", "phone", "custom.turnover", "custom.founded", "custom.staff", "custom.vat", "custom.goods");
        preview.Targets.Should().Contain(t => t.Code == "custom.goods" && t.Name == "Товары");
        await StartAsync(admin, preview.Id, Plan(preview, "fill_empty"));
        var run = await EndAsync(admin, preview.Id);
        (run.State, run.Made, run.Failed).Should().Be(("done", 2, 1));
        run.Errors.Select(e => e.Column).Should().BeEquivalentTo("ИНН/КПП", "Оборот", "Основана", "Товары");
        run.Errors.Single(e => e.Column == "Товары").Expected.Should().Contain("Товары").And.Contain("heat, cool");
        run.Errors.Single(e => e.Column == "ИНН/КПП").Expected.Should().Contain("INN");
        async Task<ClientCardView> FoundAsync(string name) => await admin.GetAsync($"api/clients/{(await admin.GetAsync($"api/clients?query={Uri.EscapeDataString(name)}", ContractsJson.Default.ListPageClientRow)).Items.Single().Id}", ContractsJson.Default.ClientCardView);
        var card = await FoundAsync("ООО Тепло");
        card.TaxId.Should().Be("7707083893");
        card.Custom!.Select(c => $"{c.Key} {c.Value.GetRawText()}").Should().BeEquivalentTo(
            """turnover {"amount":1234567.50,"currency":"RUB"}""", "founded \"1998-12-31\"", "staff 1200", "vat true", """goods ["heat"]""");
        var third = await FoundAsync("ООО Дата");
        (third.Custom!["founded"].GetString(), third.Custom["staff"].GetDecimal(), third.Custom["vat"].GetBoolean()).Should().Be(("2023-03-15", 0.5m, false));
        third.Custom["goods"].EnumerateArray().Select(g => g.GetString()).Should().Equal("heat", "cool");

        // What is there already: kept where only gaps are filled, replaced where the file wins.
        var more = Header + "ООО Тепло;;+7 495 700-10-01;5;;7;нет;\n";
        preview = await UploadAsync(admin, "own.csv", Encoding.UTF8.GetBytes(more));
        preview.Remembered.Should().BeTrue();
        await StartAsync(admin, preview.Id, Plan(preview, "fill_empty"));
        (await EndAsync(admin, preview.Id)).Skipped.Should().Be(1);
        preview = await UploadAsync(admin, "own.csv", Encoding.UTF8.GetBytes(more));
        await StartAsync(admin, preview.Id, Plan(preview, "overwrite"));
        (await EndAsync(admin, preview.Id)).Changed.Should().Be(1);
        var after = (await FoundAsync("ООО Тепло")).Custom!;
        (after["staff"].GetDecimal(), after["vat"].GetBoolean(), after["founded"].GetString(), after["turnover"].GetProperty("currency").GetString()).Should().Be((7m, false, "1998-12-31", "EUR"));
    }

    [PostgresFact]
    public async Task A_column_goes_to_no_field_that_is_not_in_use()
    {
        await using var admin = await host.SignInAsync("ada");
        var preview = await UploadAsync(admin, "none.csv", Encoding.UTF8.GetBytes("Name;Thing\nAnna;1\n"));
        var (status, problem) = await admin.ProblemAsync(HttpMethod.Post, $"api/imports/{preview.Id}/start",
            System.Text.Json.JsonSerializer.Serialize(Plan(preview) with { Columns = [new ImportColumn(0, "name"), new ImportColumn(1, "custom.nothing")] }, ContractsJson.Default.ImportStart));
        (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "columns[1].target"));
    }
}
