using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallFlow.Tests;

public sealed class ClientDirectoryTests(PostgresFixture postgres) : TestDatabase(postgres)
{
    ClientDirectory directory = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        directory = new ClientDirectory(Source, Router, Hints, TimeProvider.System);
    }

    static PhoneNumber Number(string e164) => new(e164, NumberKind.E164, e164);

    Task<LookupResult> IdentifyAsync(string e164, string name = "", bool mayCreate = true) => directory.IdentifyAsync(Number(e164), name, "website", mayCreate, CancellationToken.None);

    static ClientFields Fields(string name, params string[] numbers) =>
        new("person", name, "", "", "", "", null, null, null, [.. numbers.Select(n => new ClientNumber(n, "", false))]);

    async Task<Guid> ClientAsync(string name, string number, bool confirmed = true, Guid? responsible = null)
    {
        var id = Guid.CreateVersion7();
        await directory.CreateAsync(id, Fields(name, number), "test", "IT", CancellationToken.None);
        await ExecuteAsync("update client set confirmed = @confirmed, responsible_id = @responsible where id = @id", new { confirmed, responsible, id });
        return id;
    }

    Task TalkAsync(Guid client, Guid agent, int talk_s, int daysAgo) => ExecuteAsync(
        "insert into client_contact (client_id, call_id, agent_id, at, talk_ms) values (@client, gen_random_uuid(), @agent, now() - make_interval(days => @daysAgo), @ms)",
        new { client, agent, daysAgo, ms = talk_s * 1000 });

    [PostgresFact]
    public async Task Fifty_first_calls_of_one_number_at_once_make_one_card()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => IdentifyAsync("+393331234567", "Mario Rossi")));
        results.Count(r => r.Outcome == LookupOutcome.Created).Should().Be(1);
        results.Count(r => r.Outcome == LookupOutcome.Known).Should().Be(49);
        results.Select(r => r.Candidates.Single().Client).Distinct().Should().HaveCount(1);
        (await ScalarAsync<long>("select count(*) from client")).Should().Be(1);
        (await ScalarAsync<string>("select name || '|' || source || '|' || confirmed from client")).Should().Be("Mario Rossi|website|false");
        (await ScalarAsync<string>("select e164 || '|' || is_main from client_phone")).Should().Be("+393331234567|true");
    }

    [PostgresFact]
    public async Task Withheld_numbers_extensions_and_garbage_make_no_card()
    {
        (await directory.IdentifyAsync(PhoneNumber.Withheld, "x", null, true, default)).Outcome.Should().Be(LookupOutcome.Withheld);
        (await directory.IdentifyAsync(new PhoneNumber("101", NumberKind.Extension), "x", null, true, default)).Outcome.Should().Be(LookupOutcome.Internal);
        (await directory.IdentifyAsync(new PhoneNumber("abc", NumberKind.Unparsed), "x", null, true, default)).Outcome.Should().Be(LookupOutcome.Unknown);
        (await IdentifyAsync("+390200000001", mayCreate: false)).Outcome.Should().Be(LookupOutcome.Unknown);
        (await ScalarAsync<long>("select count(*) from client")).Should().Be(0);
    }

    [PostgresTheory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("'); drop table client; --")]
    [InlineData("a\u0000\ud83d")]
    public async Task A_hostile_caller_name_does_no_harm(string name)
    {
        (await IdentifyAsync("+390200000002", name)).Outcome.Should().Be(LookupOutcome.Created);
        (await ScalarAsync<string>("select name from client")).Should().NotContainAny("<", ";", "\u0000");
    }

    [PostgresFact]
    public async Task A_shared_number_gives_all_who_have_it_best_first()
    {
        var old = await ClientAsync("Old", "+390211111111");
        var unconfirmed = await ClientAsync("Unconfirmed", "+390211111111", confirmed: false);
        var responsible = await ClientAsync("With responsible", "+390211111111", responsible: Anna);
        var spoken = await ClientAsync("Spoken", "+390211111111", confirmed: false);
        await TalkAsync(spoken, Luca, 60, 400);
        var found = await IdentifyAsync("+390211111111");
        found.Outcome.Should().Be(LookupOutcome.Several);
        found.Candidates.Select(c => c.Client).Should().Equal(spoken, responsible, old, unconfirmed);
        found.Candidates[1].Responsible.Should().Be(Anna);
    }

    [PostgresFact]
    public async Task Contacts_are_the_latest_long_enough_talk_per_agent_newest_first()
    {
        var client = await ClientAsync("Client", "+390222222222");
        await TalkAsync(client, Anna, 300, 20);
        await TalkAsync(client, Anna, 5, 1);
        await TalkAsync(client, Luca, 40, 10);
        await TalkAsync(client, Luca, 50, 30);
        var contacts = (await IdentifyAsync("+390222222222")).Candidates.Single().Contacts;
        contacts.Select(c => (c.Agent, c.Talk.TotalSeconds)).Should().Equal((Luca, 40d), (Anna, 300d));
    }

    [PostgresFact]
    public async Task A_merged_card_leads_to_the_one_that_took_it_in_with_its_conversations_and_deal()
    {
        var gone = await ClientAsync("Gone", "+390233333333");
        var middle = await ClientAsync("Middle", "+390244444444");
        var kept = await ClientAsync("Kept", "+390255555555");
        await TalkAsync(gone, Anna, 60, 3);
        await ExecuteAsync($"""
            update client set merged_into = '{middle}' where id = '{gone}';
            update client set merged_into = '{kept}' where id = '{middle}';
            insert into deal_type (code, name) values ('sale', 'Sale');
            insert into stage (deal_type, code, name, position) values ('sale', 'new', 'New', 1);
            insert into deal (id, client_id, deal_type, stage, title, stage_since, created_at) values ('{Sales}', '{kept}', 'sale', 'new', 'Deal', now(), now());
            """);
        var found = await IdentifyAsync("+390233333333");
        found.Outcome.Should().Be(LookupOutcome.Known);
        found.Candidates.Single().Client.Should().Be(kept);
        found.Candidates.Single().Deal.Should().Be(Sales);
        found.Candidates.Single().Contacts.Single().Agent.Should().Be(Anna);
    }

    [PostgresFact]
    public async Task Saving_confirms_the_card_and_a_second_save_of_the_same_version_is_a_conflict()
    {
        var made = (await IdentifyAsync("+390266666666")).Candidates.Single().Client;
        var saved = await directory.SaveAsync(made, Fields("Anna Bianchi", "02 6666 6666", "+44 20 7946 0018"), 1, "IT", null, default);
        saved.Should().Be(new ClientSaved.Done(made, 2));
        (await ScalarAsync<bool>("select confirmed and name = 'Anna Bianchi' from client")).Should().BeTrue();
        (await ScalarAsync<string>("select string_agg(e164 || is_main, ',' order by e164) from client_phone")).Should().Be("+390266666666true,+442079460018false");
        (await directory.SaveAsync(made, Fields("Other", "+390266666666"), 1, "IT", null, default)).Should().Be(new ClientSaved.Conflict(2));
        (await directory.SaveAsync(Guid.NewGuid(), Fields("Other"), 1, "IT", null, default)).Should().Be(new ClientSaved.NotFound());
        (await directory.SaveAsync(made, Fields("No more numbers"), 2, "IT", null, default)).Should().Be(new ClientSaved.Done(made, 3));
        (await IdentifyAsync("+390266666666", mayCreate: false)).Outcome.Should().Be(LookupOutcome.Unknown);
    }

    [PostgresFact]
    public async Task Bad_fields_are_named_with_what_was_expected()
    {
        var fields = Fields("", "12", "hello") with { Kind = "robot", Email = "nowhere", Segment = "none", ResponsibleId = Guid.NewGuid(), Language = "english" };
        var result = await directory.CreateAsync(Guid.NewGuid(), fields, "", "IT", default);
        result.Should().BeOfType<ClientSaved.Invalid>().Which.Errors.Keys.Should()
            .BeEquivalentTo("kind", "name", "email", "language", "phones[0].number", "phones[1].number", "segment", "responsibleId");
    }

    [PostgresFact]
    public async Task Creating_again_with_the_same_id_changes_nothing()
    {
        var id = Guid.CreateVersion7();
        (await directory.CreateAsync(id, Fields("One", "+390277777777"), "", "IT", default)).Should().Be(new ClientSaved.Done(id, 1));
        (await directory.CreateAsync(id, Fields("Two"), "", "IT", default)).Should().Be(new ClientSaved.Done(id, 1));
        (await ScalarAsync<string>("select name from client")).Should().Be("One");
    }
}
