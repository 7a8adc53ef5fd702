using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Files;
using CallCrm.CrmApi.Mails;
using CallCrm.CrmApi.Tests.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Mails;

/// <summary>Mails on clients' histories, by hand and from a gateway.</summary>
[Trait("Category", "Slow")]
public sealed class MailTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Rossi = "mario@rossi.example", Bianchi = "info@bianchi.example";

    Page anna = null!;

    public async Task InitializeAsync()
    {
        anna = await host.SignInAsync("anna");
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from client_mail; delete from file where mail_id is not null; delete from client_email where address like '%.example';
            update client set email = '', merged_into = null, deleted_at = null, deleted_by = null where id <> @erased;
            update client set email = @Rossi where id = @of; insert into client_email (client_id, address, position) values (@of, 'Second@Rossi.example', 1); update client set email = @Bianchi where id = @other
            """, new { Rossi, of = Seeds.Rossi, Bianchi, other = Seeds.Bianchi, erased = Seeds.Ivanov });
    }

    public async Task DisposeAsync() => await anna.DisposeAsync();

    static string Mail(string from = "Mario Rossi <mario@rossi.example>", string to = "sales@example.org", string subject = "The offer", string text = "Could you send it?", string? id = "1@rossi.example", string more = "") =>
        $"From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\n{(id is null ? "" : $"Message-ID: <{id}>\r\n")}Date: Sat, 28 Nov 2026 10:00:00 +0100\r\n{more}\r\n{text}\r\n";

    static string With(string name, string base64, string type = "application/octet-stream", string id = "2@rossi.example") =>
        Mail(id: id, more: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", text:
            $"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHere it is.\r\n--b\r\nContent-Type: {type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64}\r\n--b--");

    static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    static async Task<HttpResponseMessage> SendAsync(Page page, string path, byte[] mail)
    {
        using var body = new ByteArrayContent(mail);
        body.Headers.ContentType = new MediaTypeHeaderValue("message/rfc822");
        return await page.Http.PostAsync(path, body);
    }

    static async Task<MailTaken> PutAsync(Page page, Guid client, string mail)
    {
        using var answer = await SendAsync(page, $"api/clients/{client}/mails", Encoding.UTF8.GetBytes(mail));
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.MailTaken))!;
    }

    static async Task<(HttpStatusCode Status, ProblemView Problem)> RefusedAsync(Page page, string path, byte[] mail)
    {
        using var answer = await SendAsync(page, path, mail);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!);
    }

    static async Task<List<TimelineItem>> HistoryAsync(Page page, Guid client, string kind = "mail") =>
        [.. (await page.GetAsync($"api/clients/{client}/timeline?limit=100", ContractsJson.Default.ListPageTimelineItem)).Items.Where(i => i.Kind == kind)];

    static Task<MailView> OpenAsync(Page page, Guid client, Guid mail) => page.GetAsync($"api/clients/{client}/mails/{mail}", ContractsJson.Default.MailView);

    async Task<Page> GatewayAsync(params (string Right, string Scope)[] rights)
    {
        await using var ada = await host.SignInAsync("ada");
        return Page.OfKey(host.Address, (await ApiKeyTests.MakeAsync(ada, Seeds.Ada, null, rights.Length > 0 ? rights : [(Rights.TakeMails, "all")])).Secret);
    }

    [PostgresFact]
    public async Task A_mail_stands_on_the_history_once_with_its_direction_and_opens_to_its_text()
    {
        await using var sara = await host.SignInAsync("sara");
        var live = await sara.OpenAsync();
        var taken = await PutAsync(anna, Seeds.Rossi, Mail());
        (taken.ClientId, taken.Added).Should().Be((Seeds.Rossi, true));
        await live.NextAsync<HintEvent>(h => h.Subject == "client" && h.Key == Seeds.Rossi.ToString());
        (await PutAsync(anna, Seeds.Rossi, Mail(more: "Received: from another.server\r\nX-Spam: no\r\n", text: "Could you\r\nsend it? "))).Should().Be(taken with { Added = false }, "servers on the way add headers and break lines");
        (await PutAsync(anna, Seeds.Rossi, Mail(from: "Anna <anna@example.org>", to: Rossi, subject: "=?utf-8?b?0J/RgNC10LTQu9C+0LbQtdC90LjQtQ==?=", id: "3@example.org"))).Added.Should().BeTrue();
        (await HistoryAsync(anna, Seeds.Rossi)).Select(m => (m.Title, m.Way, m.AgentName, m.Text, m.Mine)).Should().BeEquivalentTo(
            [("The offer", "in", "Mario Rossi", "Could you send it?", true), ("Предложение", "out", "Anna", "Could you send it?", true)]);
        (await HistoryAsync(sara, Seeds.Rossi)).Should().OnlyContain(m => !m.Mine && m.At == new DateTimeOffset(2026, 11, 28, 9, 0, 0, TimeSpan.Zero));
        (await OpenAsync(sara, Seeds.Rossi, taken.Id)).Should().BeEquivalentTo(new { Direction = "in", From = Rossi, To = "sales@example.org", Text = "Could you send it?", Cut = false, AddedBy = "Anna Verdi", Mine = false });
        // By any of the client's addresses, in large or small letters.
        (await PutAsync(anna, Seeds.Rossi, Mail(from: "SECOND@rossi.example", id: "4@x.example"))).Added.Should().BeTrue();
        (await HistoryAsync(anna, Seeds.Rossi)).Count(m => m.Way == "in").Should().Be(2);
        // Without an id of its own, by its content.
        var nameless = await PutAsync(anna, Seeds.Rossi, Mail(id: null));
        (await PutAsync(anna, Seeds.Rossi, Mail(id: null))).Should().Be(nameless with { Added = false });
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select detail ->> 'after' from audit where action = 'client.mail_added' and object_id = @id order by id limit 1", new { id = Seeds.Rossi.ToString() })).Should().Be("The offer");
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'client.viewed' and object_id = @id and user_id = @Sara", new { id = Seeds.Rossi.ToString(), Seeds.Sara })).Should().Be(1, "who reads the mail, opens the card");
    }

    [PostgresFact]
    public async Task Two_mails_of_one_id_are_two_unless_their_content_is_the_same()
    {
        var first = await PutAsync(anna, Seeds.Rossi, Mail());
        var other = await PutAsync(anna, Seeds.Rossi, Mail(text: "Another one, under the same id"));
        (other.Added, other.Id).Should().Match<(bool, Guid)>(o => o.Item1 && o.Item2 != first.Id);
        var third = await PutAsync(anna, Seeds.Rossi, Mail(subject: "Another subject"));
        third.Added.Should().BeTrue();
        (await PutAsync(anna, Seeds.Rossi, Mail(text: "Another one, under the same id"))).Should().Be(other with { Added = false });
        (await PutAsync(anna, Seeds.Rossi, Mail())).Should().Be(first with { Added = false });
        (await HistoryAsync(anna, Seeds.Rossi)).Select(m => m.Text).Should().BeEquivalentTo("Could you send it?", "Another one, under the same id", "Could you send it?");

        // An attachment that was put in, taken out, or is another one makes another mail; how it was written for the way does not.
        var with = await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\na plan")));
        (await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\na plan").Insert(8, "\r\n")))).Should().Be(with with { Added = false });
        (await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\nanother plan")))).Added.Should().BeTrue();
        (await PutAsync(anna, Seeds.Rossi, Mail(id: "2@rossi.example", text: "Here it is."))).Added.Should().BeTrue();

        // The gateway's copy is the same one; on two cards that become one it is shown once, and what is another one stays.
        await using var gateway = await GatewayAsync();
        using (var sent = await SendAsync(gateway, "api/mails", Encoding.UTF8.GetBytes(Mail(to: Bianchi, text: "Another one, under the same id"))))
        {
            var taken = (await sent.Content.ReadFromJsonAsync(ContractsJson.Default.MailsTaken))!;
            taken.Mails.Select(t => (t.ClientId, t.Added)).Should().BeEquivalentTo([(Seeds.Rossi, false), (Seeds.Bianchi, true)]);
        }

        await using var database = await host.Database.OpenConnectionAsync();
        (await HistoryAsync(anna, Seeds.Rossi)).Should().HaveCount(6);
        await database.ExecuteAsync("update client set merged_into = @Rossi where id = @Bianchi", new { Seeds.Rossi, Seeds.Bianchi });
        (await HistoryAsync(anna, Seeds.Rossi)).Should().HaveCount(6);

        // Of before contents were kept: subject and text tell.
        await database.ExecuteAsync("update client set merged_into = null where id = @Bianchi; update client_mail set content = null where id = @Id", new { Seeds.Bianchi, first.Id });
        (await PutAsync(anna, Seeds.Rossi, Mail())).Should().Be(first with { Added = false });
        (await PutAsync(anna, Seeds.Rossi, Mail(text: "And a last one"))).Added.Should().BeTrue();
    }

    [PostgresFact]
    public async Task Attachments_are_files_of_the_client_and_what_is_not_what_it_says_is_left_out_and_told()
    {
        var taken = await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\na plan")));
        var view = await OpenAsync(anna, Seeds.Rossi, taken.Id);
        view.Files.Select(f => (f.Name, f.Kind)).Should().Equal(("plan.pdf", "pdf"));
        (await anna.GetAsync($"api/files?kind=client&object={Seeds.Rossi}", ContractsJson.Default.FilesView)).Files.Should().Contain(f => f.Id == view.Files[0].Id);
        (await (await anna.Http.GetAsync($"api/files/{view.Files[0].Id}/content")).Content.ReadAsStringAsync()).Should().Be("%PDF-1.7\na plan");
        (await HistoryAsync(anna, Seeds.Rossi, "file")).Should().BeEmpty("it stands with its mail");
        // The same again adds neither mail nor file.
        await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\na plan")));
        (await OpenAsync(anna, Seeds.Rossi, taken.Id)).Files.Should().HaveCount(1);

        var original = With("invoice.pdf", Convert.ToBase64String([.. "MZ"u8, 0, 0, 0]), id: "5@x.example");
        var told = await PutAsync(anna, Seeds.Rossi, original);
        told.LeftOut.Should().Equal("invoice.pdf");
        var wrong = await OpenAsync(anna, Seeds.Rossi, told.Id);
        (wrong.Text, wrong.LeftOut.Single()).Should().Be(("Here it is.", "invoice.pdf"));
        var whole = wrong.Files.Should().ContainSingle().Subject;
        whole.Name.Should().Be("mail.eml");
        (await (await anna.Http.GetAsync($"api/files/{whole.Id}/content")).Content.ReadAsStringAsync()).Should().Be(original, "nothing of a mail is lost");
    }

    [PostgresFact]
    public async Task Every_text_of_a_mail_is_read_in_its_order_and_a_named_one_is_a_file()
    {
        var taken = await PutAsync(anna, Seeds.Rossi, Mail(more: "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n", text: """
            --b
            Content-Type: multipart/alternative; boundary=c

            --c
            Content-Type: text/plain

            Before the picture.
            --c
            Content-Type: text/html

            <p>Before the <b>picture</b>, as HTML.</p>
            --c--
            --b
            Content-Type: image/gif
            Content-Disposition: inline
            Content-Transfer-Encoding: base64

            R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==
            --b
            Content-Type: text/html

            <p>After the picture.</p>
            --b
            Content-Type: text/csv; name="prices.csv"
            Content-Disposition: inline; filename="prices.csv"

            item;price
            seat;12
            --b--
            """.ReplaceLineEndings("\r\n")));
        var view = await OpenAsync(anna, Seeds.Rossi, taken.Id);
        view.Text.Should().Be("Before the picture.\n\nAfter the picture.");
        view.Files.Select(f => f.Name).Should().Equal("prices.csv");
    }

    static string Path(Guid client, Guid mail, int version = 1) => $"api/clients/{client}/mails/{mail}?version={version}";

    static Task<ListPage<MailRowView>> ListAsync(Page page, string filter = "") => page.GetAsync($"api/mails?{filter}", ContractsJson.Default.ListPageMailRowView);

    static async Task<List<MailBinRow>> BinAsync(Page page) => [.. (await page.GetAsync("api/mails/bin", ContractsJson.Default.ListPageMailBinRow)).Items];

    async Task<List<string>> AuditedAsync(Guid client)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return [.. await database.QueryAsync<string>("select action || ' ' || (detail ->> 'before') || '>' || (detail ->> 'after') from audit where object = 'client' and object_id = @id and (action like 'client.mail%' or action like 'file.%') order by id desc limit 4", new { id = client.ToString() })];
    }

    [PostgresFact]
    public async Task Taken_off_a_mail_lies_in_the_bin_with_its_files_and_comes_back_with_them()
    {
        var taken = await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\na plan")));
        using (var read = await anna.Http.GetAsync($"api/clients/{Seeds.Rossi}/mails/{taken.Id}")) read.Headers.ETag!.Tag.Should().StartWith("\"1-");
        (await anna.Http.DeleteAsync(Path(Seeds.Rossi, taken.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await anna.Http.DeleteAsync(Path(Seeds.Rossi, taken.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent, "twice is as once");
        (await HistoryAsync(anna, Seeds.Rossi)).Should().BeEmpty();
        (await HistoryAsync(anna, Seeds.Rossi, "file")).Should().BeEmpty();
        (await ListAsync(anna)).Items.Should().BeEmpty();
        (await anna.GetAsync($"api/files?kind=client&object={Seeds.Rossi}&bin=true", ContractsJson.Default.FilesView)).Files.Should().Contain(f => f.Name == "plan.pdf");
        (await BinAsync(anna)).Should().ContainSingle().Which.Should().BeEquivalentTo(new { taken.Id, ClientId = Seeds.Rossi, ClientName = "Mario Rossi", Subject = "The offer", From = Rossi, Who = "Anna Verdi" });
        (await OpenAsync(anna, Seeds.Rossi, taken.Id)).Should().BeEquivalentTo(new { MayRemove = true, Version = 2 }, "who may take it out reads it there");
        (await AuditedAsync(Seeds.Rossi)).Take(2).Should().Equal("client.mail_removed The offer>", "file.deleted plan.pdf>");

        (await anna.Http.PostAsync($"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore", null)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await anna.Http.PostAsync($"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore", null)).StatusCode.Should().Be(HttpStatusCode.NoContent, "twice is as once");
        (await HistoryAsync(anna, Seeds.Rossi)).Should().ContainSingle();
        var back = await OpenAsync(anna, Seeds.Rossi, taken.Id);
        (back.Version, back.DeletedAt).Should().Be((3, null));
        back.Files.Select(f => f.Name).Should().Equal("plan.pdf");
        (await BinAsync(anna)).Should().BeEmpty();
        (await AuditedAsync(Seeds.Rossi)).Take(2).Should().Equal("client.mail_restored >The offer", "file.restored >plan.pdf");
        // Removed as it was read before all that: it is another version now.
        (await anna.ProblemAsync(HttpMethod.Delete, Path(Seeds.Rossi, taken.Id))).Problem.ErrorId.Should().Be("edit_conflict");
        using var late = new HttpRequestMessage(HttpMethod.Delete, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}");
        late.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        (await anna.Http.SendAsync(late)).StatusCode.Should().Be(HttpStatusCode.PreconditionFailed);
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}")).Problem.Errors!.Keys.Should().Equal("version");
        (await HistoryAsync(anna, Seeds.Rossi)).Should().ContainSingle("nothing of that was done");
    }

    [PostgresFact]
    public async Task A_file_that_was_deleted_by_itself_stays_in_the_bin_and_one_taken_out_alone_stands_in_the_history()
    {
        var taken = await PutAsync(anna, Seeds.Rossi, With("plan.pdf", Base64("%PDF-1.7\na plan")));
        var file = (await OpenAsync(anna, Seeds.Rossi, taken.Id)).Files.Single();
        (await anna.Http.DeleteAsync($"api/files/{file.Id}?version=1")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await anna.Http.DeleteAsync(Path(Seeds.Rossi, taken.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await anna.Http.PostAsync($"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore", null)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await OpenAsync(anna, Seeds.Rossi, taken.Id)).Files.Should().BeEmpty();

        (await anna.Http.DeleteAsync(Path(Seeds.Rossi, taken.Id, 3))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await anna.Http.PostAsync($"api/files/{file.Id}/restore", null)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await HistoryAsync(anna, Seeds.Rossi, "file")).Should().ContainSingle(f => f.Title == "plan.pdf", "its mail is not there");
        (await anna.Http.PostAsync($"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore", null)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await HistoryAsync(anna, Seeds.Rossi, "file")).Should().BeEmpty();
        (await OpenAsync(anna, Seeds.Rossi, taken.Id)).Files.Select(f => f.Name).Should().Equal("plan.pdf");
    }

    [PostgresFact]
    public async Task Whoever_may_change_the_card_takes_a_mail_off_and_out_and_nobody_else()
    {
        var taken = await PutAsync(anna, Seeds.Rossi, Mail());
        await using var sara = await host.SignInAsync("sara");
        await using (var luca = await host.SignInAsync("luca"))
        {
            (await OpenAsync(luca, Seeds.Rossi, taken.Id)).MayRemove.Should().BeFalse("it is Anna's client");
            (await luca.ProblemAsync(HttpMethod.Delete, Path(Seeds.Rossi, taken.Id))).Problem.ErrorId.Should().Be("not_yours");
            (await OpenAsync(sara, Seeds.Rossi, taken.Id)).Should().BeEquivalentTo(new { MayRemove = true, Mine = false });
            (await sara.ProblemAsync(HttpMethod.Delete, Path(Seeds.Bianchi, taken.Id))).Status.Should().Be(HttpStatusCode.NotFound, "it is on another card");
            (await sara.Http.DeleteAsync(Path(Seeds.Rossi, taken.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent);
            (await luca.ProblemAsync(HttpMethod.Get, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}")).Status.Should().Be(HttpStatusCode.NotFound);
            (await luca.ProblemAsync(HttpMethod.Post, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
            (await BinAsync(luca)).Should().BeEmpty();
        }

        (await BinAsync(anna)).Should().ContainSingle().Which.Who.Should().Be("Sara Conti");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<Guid>("select user_id from audit where action = 'client.mail_removed' order by id desc limit 1")).Should().Be(Seeds.Sara);
        // Of a card in the bin, the card comes first.
        await database.ExecuteAsync("update client set deleted_at = now(), deleted_by = @Sara where id = @Rossi", new { Seeds.Sara, Seeds.Rossi });
        (await BinAsync(sara)).Should().BeEmpty();
        (await sara.ProblemAsync(HttpMethod.Post, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
        await database.ExecuteAsync("update client set deleted_at = null, deleted_by = null where id = @Rossi", new { Seeds.Rossi });
        // On a card in nobody's name everybody who may change cards at all.
        var nobodys = await PutAsync(sara, Seeds.Bianchi, Mail(from: Bianchi, id: "5@x.example"));
        (await anna.Http.DeleteAsync(Path(Seeds.Bianchi, nobodys.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await BinAsync(anna)).Select(m => m.Id).Should().Equal(nobodys.Id, taken.Id);
    }

    [PostgresFact]
    public async Task Out_of_the_bin_brings_it_who_puts_it_there_again_and_no_gateway()
    {
        var mail = With("plan.pdf", Base64("%PDF-1.7\na plan"));
        var taken = await PutAsync(anna, Seeds.Rossi, mail);
        (await anna.Http.DeleteAsync(Path(Seeds.Rossi, taken.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        await using (var gateway = await GatewayAsync())
        {
            using var again = await SendAsync(gateway, "api/mails", Encoding.UTF8.GetBytes(mail));
            (await again.Content.ReadFromJsonAsync(ContractsJson.Default.MailsTaken))!.Mails.Should().Equal(taken with { Added = false });
        }

        (await HistoryAsync(anna, Seeds.Rossi)).Should().BeEmpty("somebody took it off");
        (await PutAsync(anna, Seeds.Rossi, mail)).Should().Be(taken);
        (await OpenAsync(anna, Seeds.Rossi, taken.Id)).Files.Select(f => f.Name).Should().Equal("plan.pdf");
        (await AuditedAsync(Seeds.Rossi))[0].Should().Be("client.mail_restored >The offer");
    }

    [PostgresFact]
    public async Task After_30_days_in_the_bin_a_mail_is_erased()
    {
        var (old, young) = (await PutAsync(anna, Seeds.Rossi, Mail(id: "old@x.example")), await PutAsync(anna, Seeds.Rossi, Mail(id: "young@x.example")));
        foreach (var mail in new[] { old, young }) (await anna.Http.DeleteAsync(Path(Seeds.Rossi, mail.Id))).StatusCode.Should().Be(HttpStatusCode.NoContent);
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client_mail set deleted_at = now() - interval '31 days' where id = @Id", new { old.Id });
        (await host.Services.GetRequiredService<MailStore>().EraseAsync(default)).Should().Be(1);
        (await BinAsync(anna)).Select(m => m.Id).Should().Equal(young.Id);
        (await anna.ProblemAsync(HttpMethod.Post, $"api/clients/{Seeds.Rossi}/mails/{old.Id}/restore")).Status.Should().Be(HttpStatusCode.NotFound);
        (await PutAsync(anna, Seeds.Rossi, Mail(id: "old@x.example"))).Id.Should().NotBe(old.Id);
    }

    [PostgresFact]
    public async Task The_list_of_mails_is_filtered_ordered_and_read_page_by_page()
    {
        await using var sara = await host.SignInAsync("sara");
        var one = await PutAsync(sara, Seeds.Rossi, Mail(subject: "First 100%"));
        var two = await PutAsync(sara, Seeds.Rossi, Mail(from: "Anna <anna@example.org>", to: Rossi, subject: "Second", id: "2@x.example").Replace("28 Nov", "20 Nov", StringComparison.Ordinal).Replace("Sat,", "Fri,", StringComparison.Ordinal));
        var three = await PutAsync(sara, Seeds.Bianchi, Mail(from: Bianchi, subject: "Third", id: "3@x.example").Replace("28 Nov", "27 Nov", StringComparison.Ordinal).Replace("Sat,", "Fri,", StringComparison.Ordinal));
        async Task<List<Guid>> IdsAsync(string filter) => [.. (await ListAsync(sara, filter)).Items.Select(m => m.Id)];
        (await IdsAsync("")).Should().Equal(one.Id, three.Id, two.Id);
        (await ListAsync(sara)).Items[0].Should().BeEquivalentTo(new { ClientId = Seeds.Rossi, ClientName = "Mario Rossi", Direction = "in", From = Rossi, To = "sales@example.org", Subject = "First 100%", Text = "Could you send it?", AddedBy = "Sara Conti", Version = 1 });
        (await IdsAsync("sort=sent")).Should().Equal(two.Id, three.Id, one.Id);
        (await IdsAsync("sort=added")).Should().Equal(one.Id, two.Id, three.Id);
        (await IdsAsync($"client={Seeds.Rossi}")).Should().Equal(one.Id, two.Id);
        (await IdsAsync("direction=out")).Should().Equal(two.Id);
        (await IdsAsync("query=BIANCHI.ex")).Should().Equal(three.Id);
        (await IdsAsync("query=100%25")).Should().Equal(one.Id);
        (await IdsAsync("from=2026-11-27T00:00:00Z&to=2026-11-28T00:00:00Z")).Should().Equal(three.Id);
        var (paged, cursor) = (new List<Guid>(), "");
        do
        {
            var page = await ListAsync(sara, $"limit=1{cursor}");
            paged.AddRange(page.Items.Select(m => m.Id));
            cursor = page.Next is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        paged.Should().Equal(one.Id, three.Id, two.Id);

        foreach (var (wrong, field) in new[] { ("direction=both", "direction"), ("sort=subject", "sort"), ("subject=x", "subject") })
            (await sara.ProblemAsync(HttpMethod.Get, $"api/mails?{wrong}")).Problem.Errors!.Keys.Should().Equal(field);
        var first = (await ListAsync(sara, "limit=1")).Next;
        (await sara.ProblemAsync(HttpMethod.Get, $"api/mails?sort=sent&cursor={first}")).Problem.ErrorId.Should().Be("bad_cursor");
        await using (var nobody = Page.Nobody(host.Address)) (await nobody.ProblemAsync(HttpMethod.Get, "api/mails")).Status.Should().Be(HttpStatusCode.Unauthorized);
        // Of a merged card under the one that it went into; of one in the bin not at all.
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set merged_into = @Rossi where id = @Bianchi", new { Seeds.Rossi, Seeds.Bianchi });
        (await ListAsync(sara, $"client={Seeds.Rossi}")).Items.Select(m => (m.Id, m.ClientId)).Should().Equal((one.Id, Seeds.Rossi), (three.Id, Seeds.Rossi), (two.Id, Seeds.Rossi));
        await database.ExecuteAsync("update client set deleted_at = now(), deleted_by = @Sara where id = @Rossi", new { Seeds.Sara, Seeds.Rossi });
        (await IdsAsync("")).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task What_is_no_mail_or_too_large_and_whoever_may_not_is_refused_and_nothing_is_kept()
    {
        var path = $"api/clients/{Seeds.Rossi}/mails";
        foreach (var wrong in new[] { "", "Just words\nand more words", "{\"a\":1}", "Subject: No sender\r\n\r\nText", "From: nobody\r\n\r\nText" })
        {
            var (status, problem) = await RefusedAsync(anna, path, Encoding.UTF8.GetBytes(wrong));
            (status, problem.Errors!.Keys.Single()).Should().Be((HttpStatusCode.BadRequest, "mail"), wrong);
        }

        var large = await RefusedAsync(anna, path, [.. Encoding.UTF8.GetBytes(Mail()), .. new byte[25 << 20]]);
        (large.Status, large.Problem.ErrorId).Should().Be((HttpStatusCode.RequestEntityTooLarge, "mail_too_large"));
        var mail = Encoding.UTF8.GetBytes(Mail());
        (await RefusedAsync(anna, $"api/clients/{Guid.NewGuid()}/mails", mail)).Status.Should().Be(HttpStatusCode.NotFound);
        await using (var luca = await host.SignInAsync("luca")) (await RefusedAsync(luca, path, mail)).Problem.ErrorId.Should().Be("not_allowed", "it is Anna's client");
        (await RefusedAsync(anna, "api/mails", mail)).Status.Should().Be(HttpStatusCode.Forbidden);
        await using (var nobody = Page.Nobody(host.Address))
        {
            using var stranger = await SendAsync(nobody, path, mail);
            stranger.IsSuccessStatusCode.Should().BeFalse();
        }

        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from client_mail")).Should().Be(0);
        Directory.EnumerateFiles(host.Services.GetRequiredService<CallFlow.StoredFiles>().IncomingFolder).Should().BeEmpty();
        // In the bin a card takes nothing more, but what it has is read there.
        var taken = await PutAsync(anna, Seeds.Rossi, Mail());
        await database.ExecuteAsync("update client set deleted_at = now(), deleted_by = @Anna where id = @Rossi", new { Seeds.Anna, Seeds.Rossi });
        (await RefusedAsync(anna, path, mail)).Status.Should().Be(HttpStatusCode.NotFound);
        await using var sara = await host.SignInAsync("sara");
        (await OpenAsync(sara, Seeds.Rossi, taken.Id)).Subject.Should().Be("The offer");
    }

    [PostgresFact]
    public async Task Who_does_not_see_mail_addresses_sees_no_mails_and_puts_none_there()
    {
        var taken = await PutAsync(anna, Seeds.Rossi, Mail());
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into sensitive_field (field) values ('email') on conflict do nothing; update access_version set version = version + 1");
        try
        {
            await using var again = await host.SignInAsync("anna");
            (await HistoryAsync(again, Seeds.Rossi)).Should().BeEmpty();
            (await ListAsync(again)).Items.Should().BeEmpty();
            (await BinAsync(again)).Should().BeEmpty();
            (await again.ProblemAsync(HttpMethod.Get, $"api/clients/{Seeds.Rossi}/mails/{taken.Id}")).Status.Should().Be(HttpStatusCode.NotFound);
            (await RefusedAsync(again, $"api/clients/{Seeds.Rossi}/mails", Encoding.UTF8.GetBytes(Mail(id: "9@x.example")))).Problem.Errors!["mail"].Should().Equal("a field that you see");
        }
        finally
        {
            await database.ExecuteAsync("delete from sensitive_field; update access_version set version = version + 1");
        }
    }

    [PostgresFact]
    public async Task A_gateways_mail_goes_to_every_client_with_one_of_its_addresses_and_to_nobody_nothing_is_kept()
    {
        await using var gateway = await GatewayAsync();
        async Task<MailsTaken> HandInAsync(string mail)
        {
            using var answer = await SendAsync(gateway, "api/mails", Encoding.UTF8.GetBytes(mail));
            answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.MailsTaken))!;
        }

        var plan = With("plan.pdf", Base64("%PDF-1.7\na plan")).Replace("To: sales@example.org", "To: sales@example.org\r\nCc: Info <INFO@bianchi.example>", StringComparison.Ordinal);
        var taken = await HandInAsync(plan);
        taken.Mails.Select(m => (m.ClientId, m.Added)).Should().BeEquivalentTo([(Seeds.Rossi, true), (Seeds.Bianchi, true)]);
        (await HandInAsync(plan)).Mails.Should().BeEquivalentTo(taken.Mails.Select(m => m with { Added = false }));
        await using var sara = await host.SignInAsync("sara");
        (await HistoryAsync(sara, Seeds.Rossi)).Single().Way.Should().Be("in");
        (await HistoryAsync(sara, Seeds.Bianchi)).Single().Way.Should().Be("out", "it is not from them");
        foreach (var mail in taken.Mails) (await OpenAsync(sara, mail.ClientId, mail.Id)).Files.Should().ContainSingle(f => f.Name == "plan.pdf");

        var (status, problem) = await RefusedAsync(gateway, "api/mails", Encoding.UTF8.GetBytes(Mail(from: "x@stranger.example", id: "7@x.example")));
        (status, problem.ErrorId).Should().Be((HttpStatusCode.UnprocessableEntity, "mail_no_client"));
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from client_mail")).Should().Be(2);
        // A card in the bin is no longer written to.
        await database.ExecuteAsync("update client set deleted_at = now(), deleted_by = @Anna where id = @Bianchi", new { Seeds.Anna, Seeds.Bianchi });
        (await HandInAsync(Mail(to: Bianchi, id: "8@x.example"))).Mails.Select(m => m.ClientId).Should().Equal(Seeds.Rossi);
        // A person who may hand mails in puts them on a card that they may change.
        (await RefusedAsync(sara, "api/mails", Encoding.UTF8.GetBytes(Mail()))).Problem.Errors!.Keys.Should().Equal("authorization");
        await using var weak = await GatewayAsync((Rights.SubmitForms, "all"));
        (await RefusedAsync(weak, "api/mails", Encoding.UTF8.GetBytes(Mail()))).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    [PostgresFact]
    public async Task Mails_are_on_the_card_that_theirs_was_merged_into_and_back_when_it_is_undone()
    {
        await using var sara = await host.SignInAsync("sara");
        var taken = await PutAsync(sara, Seeds.Bianchi, Mail(from: Bianchi));
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set merged_into = @Rossi where id = @Bianchi", new { Seeds.Rossi, Seeds.Bianchi });
        (await HistoryAsync(sara, Seeds.Rossi)).Single().Id.Should().Be(taken.Id.ToString());
        (await OpenAsync(sara, Seeds.Rossi, taken.Id)).Subject.Should().Be("The offer");
        (await PutAsync(sara, Seeds.Rossi, Mail(from: Bianchi))).Should().Be(new MailTaken(taken.Id, Seeds.Rossi, false), "it is there already");
        await database.ExecuteAsync("update client set merged_into = null where id = @Bianchi", new { Seeds.Bianchi });
        (await HistoryAsync(sara, Seeds.Rossi)).Should().BeEmpty();
        (await HistoryAsync(sara, Seeds.Bianchi)).Should().ContainSingle();
    }

    [PostgresFact]
    public async Task An_erased_card_has_no_mail_and_its_files_go()
    {
        await using var sara = await host.SignInAsync("sara");
        var taken = await PutAsync(sara, Seeds.Ivanov, With("plan.pdf", Base64("%PDF-1.7\nof an erased one")));
        var file = (await OpenAsync(sara, Seeds.Ivanov, taken.Id)).Files.Single();
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("update client set deleted_at = now() - interval '400 days', deleted_by = @Sara where id = @Ivanov", new { Seeds.Sara, Seeds.Ivanov });
        await host.Services.GetRequiredService<CallFlow.ClientDirectory>().EraseAsync(default);
        (await database.ExecuteScalarAsync<long>("select count(*) from client_mail")).Should().Be(0);
        await host.Services.GetRequiredService<FileStore>().PurgeAsync(TimeProvider.System.GetUtcNow().AddDays(-30), default);
        (await database.ExecuteScalarAsync<long>("select count(*) from file where id = @Id", new { file.Id })).Should().Be(0);
    }

    [Theory]
    [InlineData("<p>One</p><p>Two&nbsp;&amp; three</p>", "One\n\nTwo & three")]
    [InlineData("<html><head><title>T</title><style>p{}</style></head><body>Hello<br>there<script>alert(1)</script></body></html>", "Hello\nthere")]
    [InlineData("<img src=\"https://spy.example/x.png\">A <b>bold</b>\r\nword", "A bold word")]
    [InlineData("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc")]
    [InlineData("<ul><li>a</li><li>b</li></ul>", "a\n\nb")]
    [InlineData("never closed <script>x", "never closed")]
    public void A_mail_of_markup_alone_is_read_as_its_words(string html, string text) => MailText.OfHtml(html).Should().Be(text);

    [Fact]
    public async Task A_mail_is_read_with_names_and_a_text_that_is_cut()
    {
        async Task<ReadMail?> ReadAsync(string mail) => await ReadMail.OfAsync(new MemoryStream(Encoding.UTF8.GetBytes(mail)), default);
        var html = (await ReadAsync(Mail(more: "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n", text: "<p>Ciao &egrave;</p><script>x</script>")))!;
        (html.Text, html.Cut).Should().Be(("Ciao è", false));
        var longest = (await ReadAsync(Mail(text: new string('x', 100_001))))!;
        (longest.Text.Length, longest.Cut).Should().Be((100_000, true));
        (await ReadAsync(Mail(to: "A B <a@b.example>, c@d.example")))!.Should().BeEquivalentTo(new { To = "A B <a@b.example>, c@d.example", All = new[] { Rossi, "a@b.example", "c@d.example" }, Senders = new[] { Rossi } });
    }
}
