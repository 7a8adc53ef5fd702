using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Files;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Files;

[Trait("Category", "Slow")]
public sealed class FileTests(ApiHost host) : IClassFixture<ApiHost>
{
    static readonly byte[] Pdf = "%PDF-1.7\nan offer"u8.ToArray();

    StoredFiles Stored => host.Services.GetRequiredService<StoredFiles>();

    static async Task<HttpResponseMessage> SendAsync(Page page, string kind, Guid subject, string name, byte[] content, Guid? id = null)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return await page.Http.PostAsync($"api/files?id={id ?? Guid.CreateVersion7()}&kind={kind}&object={subject}&name={Uri.EscapeDataString(name)}", body);
    }

    static async Task<FileView> UploadAsync(Page page, string kind, Guid subject, string name, byte[] content, Guid? id = null)
    {
        using var answer = await SendAsync(page, kind, subject, name, content, id);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.FileView))!;
    }

    static async Task<IReadOnlyList<FileView>> ListAsync(Page page, string kind, Guid subject, bool bin = false) =>
        (await page.GetAsync($"api/files?kind={kind}&object={subject}{(bin ? "&bin=true" : "")}", ContractsJson.Default.FilesView)).Files;

    [PostgresFact]
    public async Task A_file_on_a_client_is_listed_stands_on_the_timeline_and_comes_back_as_an_attachment()
    {
        await using var page = await host.SignInAsync("anna");
        var id = Guid.CreateVersion7();
        var file = await UploadAsync(page, "client", Seeds.Rossi, "Offerta è pronta.pdf", Pdf, id);
        file.Should().BeEquivalentTo(new { Id = id, Kind = "pdf", Name = "Offerta è pronta.pdf", Size_bytes = (long)Pdf.Length, UploadedBy = "Anna Verdi", MayDelete = true });
        (await UploadAsync(page, "client", Seeds.Rossi, "Offerta è pronta.pdf", Pdf, id)).Id.Should().Be(id);
        var ofDeal = await UploadAsync(page, "deal", Seeds.RossiDeal, "plan.txt", "plan"u8.ToArray());
        (await ListAsync(page, "client", Seeds.Rossi)).Select(f => (f.Id, f.ObjectName)).Should().Equal((ofDeal.Id, "New boilers"), (id, null));
        (await ListAsync(page, "deal", Seeds.RossiDeal)).Should().ContainSingle();
        var items = (await page.GetAsync($"api/clients/{Seeds.Rossi}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items;
        items.Where(i => i.Id == file.Id.ToString() || i.Id == ofDeal.Id.ToString()).Select(i => (i.Title, i.Text)).Should().Equal(("plan.txt", "4"), ("Offerta è pronta.pdf", $"{Pdf.Length}"));

        using var answer = await page.Http.GetAsync($"api/files/{id}/content");
        (await answer.Content.ReadAsByteArrayAsync()).Should().Equal(Pdf);
        answer.Content.Headers.ContentType!.MediaType.Should().Be("application/pdf");
        answer.Content.Headers.ContentDisposition!.DispositionType.Should().Be("attachment");
        answer.Content.Headers.ContentDisposition.FileNameStar.Should().Be("Offerta è pronta.pdf");
        answer.Headers.GetValues("X-Content-Type-Options").Should().Equal("nosniff");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'download' and object = 'file' and object_id = @id", new { id = id.ToString() })).Should().Be(1);
        File.Exists(Stored.PathOf(await database.ExecuteScalarAsync<string>("select sha256 from file where id = @id", new { id }) ?? "")).Should().BeTrue();
    }

    [PostgresFact]
    public async Task Files_of_deals_out_of_sight_are_not_named_and_those_of_a_merged_card_are()
    {
        await using var sara = await host.SignInAsync("sara");
        await UploadAsync(sara, "deal", Seeds.RossiDeal, "secret plan.txt", "plan"u8.ToArray());
        await UploadAsync(sara, "client", Seeds.Evil, "of the loser.txt", "l"u8.ToArray());
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into role (code, name, model) values ('few_deals', 'few_deals', 'agent');
                insert into role_right (role, right_code, scope) values ('few_deals', 'client.view', 'all'), ('few_deals', 'deal.view', 'own'), ('few_deals', 'file.use', 'all');
                update app_user set role = 'few_deals' where login = 'mila';
                update access_version set version = version + 1;
                update client set merged_into = @Twin2 where id = @Evil;
                """, new { Seeds.Twin2, Seeds.Evil });
        }

        await using var mila = await host.SignInAsync("mila");
        (await ListAsync(sara, "client", Seeds.Rossi)).Should().Contain(f => f.Name == "secret plan.txt");
        (await ListAsync(mila, "client", Seeds.Rossi)).Should().NotContain(f => f.Name == "secret plan.txt");
        (await ListAsync(sara, "client", Seeds.Twin2)).Should().Contain(f => f.Name == "of the loser.txt", "a merge keeps the whole history");
        await using var back = await host.Database.OpenConnectionAsync();
        await back.ExecuteAsync("update client set merged_into = null where id = @Evil", new { Seeds.Evil });
    }

    [PostgresFact]
    public async Task A_name_that_lies_about_the_content_is_refused_and_nothing_stays()
    {
        await using var page = await host.SignInAsync("anna");
        byte[] program = [0x4D, 0x5A, 0x90, 0x00, 0x03, 0, 0, 0, 7, 7, 7];
        foreach (var (name, content, words) in new[]
        {
            ("invoice.pdf", program, "The name ends in .pdf, but the content is a Windows program."), ("photo.JPG", Pdf, "The name ends in .JPG, but the content is a PDF document."),
            ("page.txt", "<html><script>"u8.ToArray(), "The name ends in .txt, but the content is a web page (HTML)."), ("offer.pdf", "PK\x03\x04"u8.ToArray(), "The name ends in .pdf, but the content is data of an unknown kind."),
        })
        {
            using var answer = await SendAsync(page, "client", Seeds.Bianchi, name, content);
            answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
            var problem = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
            (problem.ErrorId, problem.Detail).Should().Be(("file_type_differs", words));
            (problem.Claimed, problem.Found).Should().Be((Path.GetExtension(name).ToLowerInvariant(), name switch { "invoice.pdf" => "exe", "photo.JPG" => "pdf", "page.txt" => "html", _ => "binary" }));
        }

        using var empty = await SendAsync(page, "client", Seeds.Bianchi, "empty.txt", []);
        (await empty.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Equal("file");
        (await ListAsync(page, "client", Seeds.Bianchi)).Should().BeEmpty();
        Directory.EnumerateFiles(Stored.IncomingFolder).Should().BeEmpty();
        // What it is may be said.
        (await UploadAsync(page, "client", Seeds.Ivanov, "setup.exe", program)).Kind.Should().Be("exe");
        (await UploadAsync(page, "client", Seeds.Ivanov, "../../no extension", Pdf)).Name.Should().Be("no extension");
    }

    [PostgresFact]
    public async Task What_is_deleted_is_in_the_bin_for_30_days_and_its_content_goes_with_the_last_that_has_it()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        var (one, two) = (await UploadAsync(anna, "client", Seeds.Twin1, "a.txt", "the same"u8.ToArray()), await UploadAsync(luca, "client", Seeds.Twin2, "b.txt", "the same"u8.ToArray()));
        (await luca.ProblemAsync(HttpMethod.Delete, $"api/files/{one.Id}?version=1")).Problem.ErrorId.Should().Be("not_yours");
        (await ListAsync(luca, "client", Seeds.Twin1)).Single().MayDelete.Should().BeFalse();
        (await anna.Http.DeleteAsync($"api/files/{one.Id}?version={one.Version}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await anna.Http.DeleteAsync($"api/files/{one.Id}?version={one.Version}")).StatusCode.Should().Be(HttpStatusCode.NoContent, "twice is as once");
        (await ListAsync(anna, "client", Seeds.Twin1)).Should().BeEmpty();
        (await ListAsync(anna, "client", Seeds.Twin1, bin: true)).Should().ContainSingle().Which.DeletedAt.Should().NotBeNull();
        (await anna.Http.GetAsync($"api/files/{one.Id}/content")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await sara.Http.PostAsync($"api/files/{one.Id}/restore", null)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        (await ListAsync(anna, "client", Seeds.Twin1)).Should().ContainSingle();

        (await sara.Http.DeleteAsync($"api/files/{one.Id}?version={one.Version + 2}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        var store = host.Services.GetRequiredService<FileStore>();
        await using var database = await host.Database.OpenConnectionAsync();
        var path = Stored.PathOf((await database.ExecuteScalarAsync<string>("select sha256 from file where id = @Id", new { one.Id }))!);
        var later = TimeProvider.System.GetUtcNow().AddMinutes(1);
        await store.PurgeAsync(later.AddDays(-30), CancellationToken.None);
        (await ListAsync(anna, "client", Seeds.Twin1, bin: true)).Should().ContainSingle();
        await store.PurgeAsync(later, CancellationToken.None);
        (await ListAsync(anna, "client", Seeds.Twin1, bin: true)).Should().BeEmpty();
        File.Exists(path).Should().BeTrue("the other client has the same content");
        (await sara.Http.DeleteAsync($"api/files/{two.Id}?version={two.Version}")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        await store.PurgeAsync(later, CancellationToken.None);
        File.Exists(path).Should().BeFalse();
    }

    [PostgresFact]
    public async Task A_content_without_a_row_is_swept_and_one_with_a_row_stays()
    {
        await using var page = await host.SignInAsync("anna");
        var file = await UploadAsync(page, "client", Seeds.Evil, "kept.txt", "kept"u8.ToArray());
        var orphan = Stored.PathOf(new string('a', 64));
        Directory.CreateDirectory(Path.GetDirectoryName(orphan)!);
        await File.WriteAllTextAsync(orphan, "left");
        var store = host.Services.GetRequiredService<FileStore>();
        await store.SweepAsync(TimeProvider.System.GetUtcNow().AddMinutes(-5), CancellationToken.None);
        File.Exists(orphan).Should().BeTrue("it may belong to an upload that is in its last step");
        await store.SweepAsync(TimeProvider.System.GetUtcNow().AddMinutes(5), CancellationToken.None);
        File.Exists(orphan).Should().BeFalse();
        (await page.Http.GetAsync($"api/files/{file.Id}/content")).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task Files_of_a_call_are_for_who_sees_the_call()
    {
        var call = Guid.CreateVersion7();
        await using (var database = await host.Database.OpenConnectionAsync())
        {
            await database.ExecuteAsync(
                """
                insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, dialled_raw, client_id, started_at, last_seq) values (@call, 'main', 'pbx', 'Inbound', 'Ended', true, '1', 'Unparsed', '2', @Rossi, @Then, 1);
                insert into call_leg (node, unique_id, call_id, channel, agent_id, is_client, started_at) values ('pbx', @call::text, @call, 'PJSIP/101', @Anna, false, @Then)
                """, new { call, Seeds.Rossi, Seeds.Anna, Seeds.Then });
        }

        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        await using var sara = await host.SignInAsync("sara");
        var file = await UploadAsync(anna, "call", call, "photo.png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        (await luca.ProblemAsync(HttpMethod.Get, $"api/files?kind=call&object={call}")).Status.Should().Be(HttpStatusCode.NotFound);
        (await luca.Http.GetAsync($"api/files/{file.Id}/content")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        using (var refused = await SendAsync(luca, "call", call, "a.txt", "a"u8.ToArray())) refused.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await ListAsync(sara, "call", call)).Should().ContainSingle();

        // It stands on the client's timeline for whom the call is theirs to see.
        async Task<IEnumerable<string?>> ToldAsync(Page page) => (await page.GetAsync($"api/clients/{Seeds.Rossi}/timeline", ContractsJson.Default.ListPageTimelineItem)).Items.Where(i => i.Kind == "file").Select(i => i.Title);
        (await ToldAsync(anna)).Should().Contain("photo.png");
        (await ToldAsync(sara)).Should().Contain("photo.png");
        (await ToldAsync(luca)).Should().NotContain("photo.png");
        (await sara.Http.GetAsync($"api/files/{file.Id}/content")).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [PostgresFact]
    public async Task A_list_comes_in_pages_each_file_once()
    {
        await using var page = await host.SignInAsync("anna");
        var made = new List<Guid>();
        for (var n = 0; n < 5; n++) made.Add((await UploadAsync(page, "client", Seeds.Bianchi, $"page {n}.txt", "p"u8.ToArray())).Id);
        var (all, cursor) = (new List<Guid>(), (string?)null);
        do
        {
            var part = await page.GetAsync($"api/files?kind=client&object={Seeds.Bianchi}&limit=2{(cursor is null ? "" : "&cursor=" + cursor)}", ContractsJson.Default.FilesView);
            part.Files.Should().HaveCountLessThanOrEqualTo(2);
            all.AddRange(part.Files.Select(f => f.Id));
            cursor = part.Next;
        }
        while (cursor is not null);
        all.Should().Equal(Enumerable.Reverse(made));
        (await page.ProblemAsync(HttpMethod.Get, $"api/files?kind=client&object={Seeds.Bianchi}&cursor=none")).Status.Should().Be(HttpStatusCode.BadRequest);
        foreach (var id in made) await page.Http.DeleteAsync($"api/files/{id}?version=1");
    }

    [PostgresFact]
    public async Task A_file_gets_another_name_and_goes_under_the_version_that_was_read()
    {
        await using var anna = await host.SignInAsync("anna");
        await using var luca = await host.SignInAsync("luca");
        var file = await UploadAsync(anna, "client", Seeds.Ivanov, "draft.pdf", Pdf);
        async Task<HttpResponseMessage> RenameAsync(Page page, string name, int version = 0, string? tag = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"api/files/{file.Id}") { Content = JsonContent.Create(new FileSave(name, version), ContractsJson.Default.FileSave) };
            if (tag is not null) request.Headers.TryAddWithoutValidation("If-Match", tag);
            return await page.Http.SendAsync(request);
        }

        using var read = await anna.Http.GetAsync($"api/files/{file.Id}");
        var tag = read.Headers.ETag!.ToString();
        using (var others = await RenameAsync(luca, "mine.pdf", 1)) (await others.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.ErrorId.Should().Be("not_yours");
        using (var lie = await RenameAsync(anna, "offer.docx", tag: tag))
        {
            var problem = (await lie.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
            (problem.ErrorId, problem.Claimed, problem.Found).Should().Be(("file_type_differs", ".docx", "pdf"));
        }

        using (var none = await RenameAsync(anna, "..", tag: tag)) (await none.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().Equal("name");
        using (var unread = await RenameAsync(anna, "offer.pdf")) unread.StatusCode.Should().Be(HttpStatusCode.BadRequest, "whoever changes it says which one they read");
        using (var renamed = await RenameAsync(anna, "dir/offer.pdf", tag: tag)) (await renamed.Content.ReadFromJsonAsync(ContractsJson.Default.FileView)).Should().BeEquivalentTo(new { Name = "offer.pdf", Version = 2 });
        using (var stale = await RenameAsync(anna, "again.pdf", tag: tag)) stale.StatusCode.Should().Be(HttpStatusCode.PreconditionFailed);
        using (var late = await RenameAsync(anna, "again.pdf", 1)) late.StatusCode.Should().Be(HttpStatusCode.Conflict);
        (await anna.ProblemAsync(HttpMethod.Delete, $"api/files/{file.Id}?version=1")).Problem.ErrorId.Should().Be("edit_conflict");
        (await anna.Http.DeleteAsync($"api/files/{file.Id}?version=2")).StatusCode.Should().Be(HttpStatusCode.NoContent);
        using (var gone = await RenameAsync(anna, "again.pdf", 3)) gone.StatusCode.Should().Be(HttpStatusCode.NotFound);
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select detail ->> 'after' from audit where action = 'file.renamed' and object_id = @Ivanov::text", new { Seeds.Ivanov })).Should().Be("offer.pdf");
    }

    [PostgresFact]
    public async Task What_is_asked_wrongly_is_named()
    {
        await using var page = await host.SignInAsync("anna");
        (await page.ProblemAsync(HttpMethod.Get, $"api/files?kind=house&object={Seeds.Rossi}")).Problem.Errors!.Keys.Should().Equal("kind");
        (await page.ProblemAsync(HttpMethod.Get, $"api/files?kind=client&object={Guid.NewGuid()}")).Status.Should().Be(HttpStatusCode.NotFound);
        using var big = new HttpRequestMessage(HttpMethod.Post, $"api/files?id={Guid.CreateVersion7()}&kind=client&object={Seeds.Rossi}&name=big.txt") { Content = new ByteArrayContent(new byte[(100 << 20) + 1]) };
        big.Headers.ExpectContinue = true;
        using var answer = await page.Http.SendAsync(big);
        answer.StatusCode.Should().Be(HttpStatusCode.RequestEntityTooLarge);
    }
}
