using System.Net;
using System.Net.Http.Json;
using System.Text;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Imports;

/// <summary>Who is there already, and by what: the rule of typing, applied to files.</summary>
[Trait("Category", "Slow")]
public sealed class ImportLikenessTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<ImportRunView> LoadAsync(Page page, string text, Func<ImportStart, ImportStart>? change = null)
    {
        var preview = await ClientImportTests.UploadAsync(page, "likeness.csv", Encoding.UTF8.GetBytes(text));
        var plan = ClientImportTests.Plan(preview);
        await ClientImportTests.StartAsync(page, preview.Id, change?.Invoke(plan) ?? plan);
        return await ClientImportTests.EndAsync(page, preview.Id);
    }

    async Task<T> AskAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await host.Database.OpenConnectionAsync();
        return (await connection.QuerySingleAsync<T>(sql, parameters))!;
    }

    async Task<Guid> NewAsync(Page page, string name, string phone = "", string mail = "", string taxId = "", string[]? mails = null, string company = "", string city = "", string kind = "person")
    {
        var id = Guid.CreateVersion7();
        var save = new ClientSave(kind, name, company, mail, city, "", null, null, null, phone.Length > 0 ? [new PhoneSave(phone, "", true)] : [], Emails: mails?.Select(m => new EmailView(m)).ToList(), TaxId: taxId);
        using var answer = await page.Http.PostAsJsonAsync("api/clients", new ClientCreate(id, save), ContractsJson.Default.ClientCreate);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return id;
    }

    [PostgresFact]
    public async Task A_client_is_found_by_any_number_any_address_of_mail_and_the_tax_id_and_the_reasons_are_told()
    {
        await using var page = await host.SignInAsync("ada");
        var byPhone = await NewAsync(page, "Zeno Quaranta", "+39 347 640 0001");
        var byMail = await NewAsync(page, "Ulisse Brambilla", mail: "main@brambilla.example", mails: ["Second@Brambilla.example"]);
        var byTax = await NewAsync(page, "Calderoni Srl", taxId: "IT 0123456 7897", kind: "company");
        var run = await LoadAsync(page, "Name;Phone;Phone 2;E-mail;Tax id\nAlfa;+39 02 640 0002;0039 347 6400001;;\nBeta;;;other@brambilla.example, second@brambilla.example;\nGamma;;;;it01234567897\nDelta;+39 02 640 0009;;;\n");
        run.Should().BeEquivalentTo(new { State = "done", Made = 1L, Skipped = 3L, Failed = 0L, Alike = 0L });
        run.Matches!.Select(m => (m.Row, m.Client, string.Join(' ', m.Reasons), m.Outcome)).Should().Equal((2, byPhone, "phone", "skipped"), (3, byMail, "email", "skipped"), (4, byTax, "tax_id", "skipped"));
        run.Reasons.Should().BeEquivalentTo(new Dictionary<string, long> { ["phone"] = 1, ["email"] = 1, ["tax_id"] = 1 });

        // What is not to count does not.
        run = await LoadAsync(page, "Name;Tax id\nGamma Zwei;IT01234567897\n", p => p with { MatchTaxId = false });
        run.Made.Should().Be(1);
    }

    [PostgresFact]
    public async Task A_client_of_an_alike_name_is_made_and_stands_among_the_possible_duplicates_until_somebody_says_that_they_are_two()
    {
        await using var page = await host.SignInAsync("ada");
        var old = await NewAsync(page, "Bartolomeo Ferrante", city: "Lecce");
        var run = await LoadAsync(page, "Name;Phone;City\nFerrante Bartolomeo;+39 02 641 0001;lecce\nBartolomeo Ferrantes;+39 02 641 0002;\nNobody Like That;+39 02 641 0003;\n");
        run.Should().BeEquivalentTo(new { State = "done", Made = 3L, Alike = 2L, Failed = 0L });
        run.Matches!.Select(m => (m.Row, m.Client, string.Join(' ', m.Reasons), m.AlikePercent == 100, m.Outcome)).Should().Equal((2, old, "name city", true, "made"), (3, old, "name", false, "made"));
        run.Reasons.Should().BeEquivalentTo(new Dictionary<string, long> { ["name"] = 2 });
        (await AskAsync<long>("select count(*) from client where name = 'Bartolomeo Ferrante' and version > 1", null)).Should().Be(0, "nothing is merged");

        async Task<List<DuplicatePair>> PairsAsync() => [.. (await page.GetAsync("api/clients/duplicates?limit=100", ContractsJson.Default.ListPageDuplicatePair)).Items.Where(p => p.Older.Id == old)];
        var pairs = await PairsAsync();
        pairs.Select(p => p.Newer.Name).Should().BeEquivalentTo("Ferrante Bartolomeo", "Bartolomeo Ferrantes");
        async Task SayAsync(Guid one, Guid other, bool different) =>
            (await page.Http.PutAsJsonAsync("api/clients/duplicates/different", new DifferentSet(one, other, different), ContractsJson.Default.DifferentSet)).StatusCode.Should().Be(HttpStatusCode.NoContent);
        await SayAsync(old, pairs[0].Newer.Id, true);
        await SayAsync(pairs[0].Newer.Id, old, true);
        (await PairsAsync()).Should().ContainSingle().Which.Newer.Id.Should().Be(pairs[1].Newer.Id);
        (await AskAsync<long>("select count(*) from audit where action = 'client.different' and object_id = @id", new { id = old.ToString() })).Should().Be(1, "said twice is said once");
        var typed = await page.Http.PostAsJsonAsync("api/clients/duplicates/check", new DuplicateAsk(pairs[0].Newer.Id, "Ferrante Bartolomeo", "", "", [], [], ""), ContractsJson.Default.DuplicateAsk);
        (await typed.Content.ReadFromJsonAsync(ContractsJson.Default.IReadOnlyListDuplicateView))!.Should().NotContain(d => d.Id == old);
        await SayAsync(pairs[0].Newer.Id, old, false);
        (await PairsAsync()).Should().HaveCount(2);

        // Not for who may not merge, nor of cards that are not there.
        await using var agent = await host.SignInAsync("luca");
        (await agent.Http.PutAsJsonAsync("api/clients/duplicates/different", new DifferentSet(old, pairs[0].Newer.Id, true), ContractsJson.Default.DifferentSet)).StatusCode.Should().Be(HttpStatusCode.Forbidden);
        (await page.Http.PutAsJsonAsync("api/clients/duplicates/different", new DifferentSet(old, Guid.NewGuid(), true), ContractsJson.Default.DifferentSet)).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await page.Http.PutAsJsonAsync("api/clients/duplicates/different", new DifferentSet(old, old, true), ContractsJson.Default.DifferentSet)).StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [PostgresFact]
    public async Task A_row_of_an_alike_name_comes_back_with_the_failing_ones_when_that_is_chosen()
    {
        await using var page = await host.SignInAsync("ada");
        var old = await NewAsync(page, "Gherardesca Malaspina");
        const string File = "Name;Phone\nGerardesca Malaspina;+39 02 642 0001\n";
        var run = await LoadAsync(page, File, p => p with { Alike = "file", Language = "it" });
        run.Should().BeEquivalentTo(new { Made = 0L, Failed = 1L, Alike = 0L });
        var number = await AskAsync<long>("select number from client where id = @old", new { old });
        run.Errors.Single().Should().BeEquivalentTo(new { Row = 2L, Column = "Name", Value = "Gerardesca Malaspina" });
        run.Errors.Single().Expected.Should().Contain($"#{number}").And.Contain("crea comunque");
        run.Matches!.Single().Should().BeEquivalentTo(new { Client = old, Outcome = "failed" });
        var mended = await page.Http.GetStringAsync($"api/imports/{run.Id}/failed");
        (await LoadAsync(page, mended, p => p with { Alike = "make" })).Should().BeEquivalentTo(new { Made = 1L, Alike = 1L });
        (await LoadAsync(page, "Name;Phone\nGherardesca Malaspine;+39 02 642 0002\n", p => p with { Alike = "ignore" })).Should().BeEquivalentTo(new { Made = 1L, Alike = 0L });
        (await page.ProblemAsync(HttpMethod.Post, $"api/imports/{Guid.NewGuid()}/check", "{}")).Status.Should().Be(HttpStatusCode.BadRequest);
    }

    [PostgresFact]
    public async Task What_would_become_of_the_first_rows_is_told_before_and_nothing_is_written()
    {
        await using var page = await host.SignInAsync("ada");
        var there = await NewAsync(page, "Settimia Passalacqua", "+39 347 643 0001");
        var preview = await ClientImportTests.UploadAsync(page, "check.csv", "Name;Phone\nOther Name;+39 347 643 0001\nPassalacqua Settimia;+39 347 643 0002\nBad;12\nQuite New;+39 347 643 0003\n"u8.ToArray());
        using var answer = await page.Http.PostAsJsonAsync($"api/imports/{preview.Id}/check", ClientImportTests.Plan(preview, "overwrite"), ContractsJson.Default.ImportStart);
        var check = (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ImportCheckView))!;
        check.Should().BeEquivalentTo(new { Rows = 4, Made = 2, Changed = 1, Skipped = 0, Failed = 1 });
        check.Matches.Select(m => (m.Row, m.Client, m.Outcome, string.Join(' ', m.Reasons))).Should().Equal((2, there, "changed", "phone"), (3, there, "made", "name"));
        check.Errors.Should().ContainSingle().Which.Row.Should().Be(4);
        (await AskAsync<long>("select count(*) from client where name in ('Other Name', 'Passalacqua Settimia', 'Quite New')")).Should().Be(0);
        using var wrong = await page.Http.PostAsJsonAsync($"api/imports/{preview.Id}/check", ClientImportTests.Plan(preview) with { Alike = "maybe", Companies = "all", MatchMail = false, MatchNumber = false, MatchTaxId = false, Source = new string('x', 101) }, ContractsJson.Default.ImportStart);
        (await wrong.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!.Errors!.Keys.Should().BeEquivalentTo("alike", "companies", "matchNumber", "source");
    }

    [PostgresFact]
    public async Task A_file_of_many_rows_finds_the_same_names_as_a_short_one()
    {
        await using var page = await host.SignInAsync("ada");
        await NewAsync(page, "Иннокентий Сухоруков");
        await NewAsync(page, "O’Shaughnessy & Sons", kind: "company");
        string[] asked = ["Сухоруков Иннокентий", "иннокентий сухорукова", "OShaughnessy and Sons", "O'Shaughnessy, Sons", "Innokentij", "Сух"];
        async Task<string[]> FoundAsync(IEnumerable<string> rows)
        {
            var preview = await ClientImportTests.UploadAsync(page, "many.csv", Encoding.UTF8.GetBytes("Name\n" + string.Join('\n', rows) + "\n"));
            await ClientImportTests.StartAsync(page, preview.Id, ClientImportTests.Plan(preview) with { Alike = "file" });
            var run = await ClientImportTests.EndAsync(page, preview.Id);
            run.State.Should().Be("done");
            return [.. run.Matches!.Where(m => m.Outcome == "failed").Select(m => m.Name)];
        }

        var few = await FoundAsync(asked);
        few.Should().Contain("Сухоруков Иннокентий").And.NotContain("Innokentij").And.NotContain("Сух");
        // Those that were made by the first file are there for the second; both begin alike.
        await using (var connection = await host.Database.OpenConnectionAsync()) await connection.ExecuteAsync("delete from client where source = 'import' and name = any(@asked)", new { asked });
        (await FoundAsync(asked.Concat(Enumerable.Range(0, 300).Select(n => $"{(char)('a' + n % 26)}{n:x3}{n * 7:x4}")))).Should().Equal(few);
    }

    [PostgresTheory]
    [InlineData("Mario Rossi", "mario rossi")]
    [InlineData("Rossi Impianti Srl", "Rossi Impianti S.r.l.")]
    [InlineData("Анна-Мария Ёлкина", "анна мария елкина")]
    [InlineData("Café Zürich", "Cafe Zurich")]
    [InlineData("Client 12", "Client 123")]
    [InlineData("ab12cd", "ab12 cd")]
    [InlineData("x_y z", "x y z")]
    public async Task Trigrams_are_those_of_the_database(string one, string other)
    {
        foreach (var name in (string[])[one, other])
            (await AskAsync<int>("select cardinality(show_trgm(@name))", new { name })).Should().Be(NameBook.Trigrams(name).Count, name);
        var (a, b) = (NameBook.Trigrams(one), NameBook.Trigrams(other));
        var alike = await AskAsync<float>("select similarity(@one, @other)", new { one, other });
        (a.Intersect(b).Count() / (float)a.Union(b).Count()).Should().BeApproximately(alike, 0.0001f);
        NameBook.Of([(Guid.NewGuid(), "Somebody Else"), (Seeds.Rossi, one)]).Near(other, 5).Should().Equal(alike >= ClientLikeness.Least ? [Seeds.Rossi] : []);
    }

    [Fact]
    public void The_book_of_names_finds_what_a_comparison_of_each_with_each_finds()
    {
        var random = new Random(7);
        string[] parts = ["mario", "maria", "marino", "rossi", "rosso", "russo", "bianchi", "bianco", "impianti", "srl", "ivanov", "ivanova", "петров", "петрова", "12", "3"];
        string Name() => string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => parts[random.Next(parts.Length)]));
        var cards = Enumerable.Range(0, 1_000).Select(_ => (Id: Guid.NewGuid(), Name: Name())).ToList();
        var book = NameBook.Of(cards);
        for (var n = 0; n < 300; n++)
        {
            var name = Name();
            var own = NameBook.Trigrams(name);
            var alike = cards.Where(c => NameBook.Trigrams(c.Name) is var theirs && own.Intersect(theirs).Count() / (double)own.Union(theirs).Count() >= ClientLikeness.Least).Select(c => c.Id).ToList();
            var exact = cards.Count(c => NameBook.Trigrams(c.Name).ToHashSet().SetEquals(own));
            // Those equal word for word may end the search.
            var found = book.Near(name, 3_000);
            if (exact < 3_000) found.Should().BeEquivalentTo(alike, name);
        }
    }

    [Fact]
    public void Of_thousands_of_numbered_names_the_one_that_is_meant_is_found_first()
    {
        var cards = Enumerable.Range(1, 5_000).Select(n => (Id: Guid.NewGuid(), Name: $"Client {n}")).ToList();
        var book = NameBook.Of(cards.Append((Guid.NewGuid(), "Client 4711")));
        book.Near("client 4711", 5).Should().HaveCount(5).And.HaveElementAt(0, cards[4710].Id);
        book.Near("Client 99999", 5).Should().HaveCount(5);
        book.Near("Rossi 4711", 5).Should().BeEmpty();
    }
}
