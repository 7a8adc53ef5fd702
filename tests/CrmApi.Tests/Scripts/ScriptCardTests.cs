using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using CallCrm.Contracts;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>What a script's answers fill of the card beside its plain texts: roles, source, tax ids, the address in its parts, segment, time zone; and where the deal stands.</summary>
[Trait("Category", "Slow")]
public sealed class ScriptCardTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    const string Yaml = """
        id: fills-cards
        title: Fills cards
        language: en
        priority: 900
        for:
          direction: inbound
          queue: Sales
        greeting: "Hello, {{client.postal_code|there}}."
        steps:
          - id: ask
            title: Ask
            questions:
              - { id: role, ask: "Do you sell to us?", kind: choice, fills: client.roles, answers: [{ id: supplier, label: "Yes" }, { id: partner, label: "Together" }, { id: odd, label: "No", value: client }] }
              - { id: roles, ask: "What are you to us?", kind: choices, fills: client.roles, answers: [{ id: client, label: "Buyer" }, { id: supplier, label: "Seller" }] }
              - { id: source, ask: "Where did you hear of us?", kind: choice, fills: client.source, answers: [{ id: fair, label: "At a fair" }, { id: friend, label: "From a friend" }] }
              - { id: tax, ask: "Your tax id?", kind: text, fills: client.tax_id }
              - { id: segment, ask: "Which kind?", kind: choice, fills: client.segment, answers: [{ id: vip, label: "VIP" }, { id: gone, label: "Old" }] }
              - { id: zone, ask: "Where are you?", kind: choice, fills: client.time_zone, answers: [{ id: here, label: "Rome", value: Europe/Rome }, { id: moon, label: "Moon", value: Moon/Sea }] }
              - { id: street, ask: "Street?", kind: text, fills: client.address }
              - { id: city, ask: "City?", kind: text, fills: client.city }
              - { id: code, ask: "Postal code?", kind: text, fills: client.postal_code }
              - { id: country, ask: "Country?", kind: text, fills: client.country }
              - { id: currency, ask: "Which money?", kind: choice, fills: deal.currency, answers: [{ id: usd, label: "Dollars", value: USD }, { id: odd, label: "Shells", value: shells }] }
              - { id: stage, ask: "How far?", kind: choice, fills: deal.stage, answers: [{ id: negotiation, label: "We talk" }, { id: nowhere, label: "Else" }] }
          - id: way
            title: Way
            questions: [{ id: way, ask: "Which way?", kind: yes/no, answers: [{ id: yes, goto: end }, { id: no, goto: five }] }]
          - { id: three, title: Three, say: "Three." }
          - { id: five, title: Five, say: "Five." }
          - id: six
            title: Six
            questions: [{ id: other, ask: "Other?", kind: yes/no, answers: [{ id: yes, goto: three }, { id: no, goto: seven }] }]
          - { id: seven, title: Seven, say: "Seven." }
        objections:
          - { id: a, when: "A", say: "A." }
          - { id: b, when: "B", say: "B." }
          - { id: c, when: "C", say: "C." }
        """;

    /// <summary>Right ones: two of a kind, one of another.</summary>
    const string Iva = "01114601006", OtherIva = "00743110157", CodiceFiscale = "RSSMRA85T10A562S", Wrong = "01114601007";

    Page anna = null!, marco = null!;
    Story story = null!;
    LedCalls calls = null!;

    public async Task InitializeAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            delete from wrap_up_effect; delete from wrap_up; delete from call_stage_change; delete from deal where id <> @RossiDeal; delete from required_rule; delete from card_layout;
            update deal set title = 'Boilers', amount = 100, currency = 'EUR', stage = 'open', responsible_id = @Anna, closed_at = null, deleted_at = null, deleted_by = null, version = 1 where id = @RossiDeal;
            delete from client_address where client_id = @Rossi;
            update client set roles = '{client}', source = 'web', tax_id = '', second_tax_id = '', segment = null, time_zone = '', address = '', city = 'Milano', language = null, responsible_id = @Anna where id = @Rossi;
            delete from audit where object in ('deal', 'client')
            """, new { Seeds.RossiDeal, Seeds.Anna, Seeds.Rossi });
        (anna, marco) = (await host.SignInAsync("anna"), await host.SignInAsync("marco"));
        await LedCalls.PublishAsync(host, marco, "fills-cards", Yaml);
        story = await Story.BeginAsync(host);
        calls = new LedCalls(host, anna, story, "fills-cards");
    }

    public async Task DisposeAsync()
    {
        if (story is null) return;
        await story.DisposeAsync();
        await anna.DisposeAsync();
        await marco.DisposeAsync();
    }

    static readonly WrapUpSave Plain = new("callback", "", "", false, "p", Guid.Empty);

    /// <returns>The notice.</returns>
    async Task<string?> WrapUpAsync(Guid call, WrapUpSave? save = null)
    {
        using var answer = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", save ?? Plain, ContractsJson.Default.WrapUpSave);
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.CommandAnswer))!.Notice;
    }

    Task<ClientCardView> CardAsync() => marco.GetAsync($"api/clients/{Seeds.Rossi}", ContractsJson.Default.ClientCardView);

    async Task<string[]> NotTakenAsync(Guid call) =>
        [.. (await anna.GetAsync($"api/calls/{call}", ContractsJson.Default.CallDetailView)).WrapUps!.Single().Answers!.Where(a => a.NotTaken is not null).Select(a => $"{a.Id} {a.Text}: {a.NotTaken}")];

    async Task<(string Stage, string Currency)> DealAsync()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        return await database.QuerySingleAsync<(string, string)>("select stage, currency::text from deal where id = @RossiDeal", new { Seeds.RossiDeal });
    }

    [PostgresFact]
    public async Task Answers_fill_roles_source_tax_id_segment_zone_and_the_address_in_its_parts_and_the_book_says_so()
    {
        var call = await calls.AnsweredAsync(("role", "supplier"), ("source", "fair"), ("tax", " 0111 4601006 "), ("segment", "vip"), ("zone", "here"), ("street", "Via Roma 1"), ("city", "Torino"), ("code", "10121"), ("country", "Italia"));
        (await WrapUpAsync(call)).Should().BeNull();
        var card = await CardAsync();
        card.Should().BeEquivalentTo(new { Source = "fair", TaxId = Iva, Segment = "vip", TimeZone = "Europe/Rome", City = "Torino", Address = "Via Roma 1, 10121 Torino, Italia" });
        card.Roles.Should().BeEquivalentTo("client", "supplier");
        card.Addresses.Should().Equal(new AddressView("actual", "Via Roma 1", "Torino", "10121", "", "Italia"));
        (await NotTakenAsync(call)).Should().BeEmpty();
        await using var database = await host.Database.OpenConnectionAsync();
        var after = JsonSerializer.Deserialize<Dictionary<string, string>>(await database.ExecuteScalarAsync<string>("select detail ->> 'after' from audit where action = 'client.filled' and object_id = @id", new { id = Seeds.Rossi.ToString() }) ?? "")!;
        after.Should().Contain("source", "fair").And.Contain("taxId", Iva).And.ContainKeys("roles", "segment", "timeZone", "address", "city");

        // The same again changes nothing; otherwise, it does, and what was not asked stays.
        await WrapUpAsync(call);
        (await CardAsync()).Version.Should().Be(card.Version);
        await calls.AnswerAsync(call, ("source", "friend"), ("code", "10122"), ("street", ""), ("roles", "supplier"));
        await WrapUpAsync(call);
        var changed = await CardAsync();
        changed.Source.Should().Be("friend");
        changed.Roles.Should().Equal("supplier");
        changed.Addresses.Should().Equal(new AddressView("actual", "Via Roma 1", "Torino", "10122", "", "Italia"));
    }

    [PostgresFact]
    public async Task A_wrong_tax_id_is_told_kept_with_the_call_and_takes_nothing_with_it()
    {
        var call = await calls.AnsweredAsync(("tax", Wrong), ("source", "fair"), ("segment", "gone"), ("zone", "moon"), ("code", new string('1', 101)));
        (await WrapUpAsync(call)).Should().Be("answers_not_taken");
        (await CardAsync()).Should().BeEquivalentTo(new { TaxId = "", Source = "fair", Segment = (string?)null, TimeZone = (string?)null, Address = "" });
        (await NotTakenAsync(call)).Should().Equal($"tax {Wrong}: expected a Partita IVA whose check digit is right", "segment Old: expected the code of a segment", "zone Moon: expected an IANA time zone such as Europe/Rome", $"code {new string('1', 101)}: at most 100 characters");
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.ExecuteScalarAsync<string>("select answers ->> 'tax' from wrap_up where call_id = @call", new { call })).Should().Be(Wrong);
        await calls.AnswerAsync(call, ("tax", Iva), ("segment", ""), ("zone", ""), ("code", ""));
        (await WrapUpAsync(call)).Should().BeNull();
        (await CardAsync()).TaxId.Should().Be(Iva);
    }

    [PostgresFact]
    public async Task Whose_check_digits_hold_is_told_by_the_country_of_the_address_that_is_said_with_it()
    {
        var call = await calls.AnsweredAsync(("tax", Wrong), ("country", "Polska"));
        (await WrapUpAsync(call)).Should().BeNull("eleven digits are a PESEL there");
        (await CardAsync()).Should().BeEquivalentTo(new { TaxId = Wrong, Address = "Polska" });
    }

    [PostgresFact]
    public async Task A_second_kind_of_tax_id_goes_beside_the_first_one_of_the_same_kind_takes_its_place_and_none_is_there_twice()
    {
        var call = await calls.AnsweredAsync(("tax", Iva));
        async Task<(string, string)> AfterAsync(string said)
        {
            await calls.AnswerAsync(call, ("tax", said));
            await WrapUpAsync(call);
            var card = await CardAsync();
            return (card.TaxId, card.SecondTaxId);
        }

        (await AfterAsync(Iva)).Should().Be((Iva, ""));
        (await AfterAsync(CodiceFiscale)).Should().Be((Iva, CodiceFiscale));
        (await AfterAsync(OtherIva)).Should().Be((OtherIva, CodiceFiscale));
        (await AfterAsync(CodiceFiscale)).Should().Be((OtherIva, CodiceFiscale));
        (await NotTakenAsync(call)).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_wrong_tax_id_does_not_meet_a_rule_that_asks_for_one_and_a_right_one_does()
    {
        await using var ada = await host.SignInAsync("ada");
        var rule = new RequiredRuleSetup(Guid.CreateVersion7(), "Who pays", "wrap_up", null, null, null, null, ["taxId", "address"], true, 0);
        using (var made = await ada.Http.PutAsJsonAsync($"api/admin/required-rules/{rule.Id}", rule, ContractsJson.Default.RequiredRuleSetup)) made.StatusCode.Should().Be(HttpStatusCode.OK, await made.Content.ReadAsStringAsync());
        var call = await calls.AnsweredAsync(("tax", Wrong), ("street", "Via Roma 1"));
        using (var refused = await anna.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", Plain, ContractsJson.Default.WrapUpSave))
        {
            var problem = (await refused.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemView))!;
            (refused.StatusCode, problem.ErrorId).Should().Be((HttpStatusCode.BadRequest, "fields_missing"));
            problem.Errors!.Keys.Should().Equal(["taxId"], "the address is filled by an answer");
        }

        await calls.AnswerAsync(call, ("tax", Iva));
        await WrapUpAsync(call);
        (await CardAsync()).Should().BeEquivalentTo(new { TaxId = Iva, Address = "Via Roma 1" });
    }

    [PostgresFact]
    public async Task What_the_layout_closes_and_what_is_not_ones_to_change_stays_with_the_call()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync("insert into card_layout (role, deal_type, groups) values ('agent', null, '[{\"name\":\"Main\",\"fields\":[{\"code\":\"address\",\"mode\":\"read_only\"},{\"code\":\"taxId\",\"mode\":\"read_only\"},{\"code\":\"roles\",\"mode\":\"read_only\"}]}]')");
        var call = await calls.AnsweredAsync(("role", "partner"), ("tax", Iva), ("street", "Via Roma 1"), ("country", "Italia"), ("source", "fair"));
        await WrapUpAsync(call);
        (await CardAsync()).Should().BeEquivalentTo(new { TaxId = "", Address = "", Roles = new[] { "client" }, Source = "fair" });
        (await NotTakenAsync(call)).Should().BeEquivalentTo(new[] { "role Together", $"tax {Iva}", "street Via Roma 1", "country Italia" }.Select(a => a + ": a field that your card lets you change"));
        await database.ExecuteAsync("delete from card_layout");
    }

    [PostgresFact]
    public async Task A_deal_takes_its_currency_and_moves_by_the_rules_of_its_stage()
    {
        var call = await calls.AnsweredAsync(("currency", "usd"), ("stage", "negotiation"));
        await WrapUpAsync(call);
        (await DealAsync()).Should().Be(("negotiation", "USD"));
        (await NotTakenAsync(call)).Should().BeEmpty();
        await using var database = await host.Database.OpenConnectionAsync();
        (await database.QuerySingleAsync<(string, string)>("select before, after from call_stage_change where call_id = @call", new { call })).Should().Be(("open", "negotiation"));
        (await database.ExecuteScalarAsync<long>("select count(*) from audit where action = 'deal.moved' and object_id = @id and user_id = @Anna", new { id = Seeds.RossiDeal.ToString(), Seeds.Anna })).Should().Be(1);
        await WrapUpAsync(call);
        (await database.ExecuteScalarAsync<long>("select count(*) from call_stage_change where call_id = @call", new { call })).Should().Be(1, "the same again moves nothing");

        // What somebody moved after the answer stays theirs.
        using (var moved = await marco.Http.PutAsJsonAsync($"api/deals/{Seeds.RossiDeal}/stage", new DealMove("open", (await marco.GetAsync($"api/deals/{Seeds.RossiDeal}", ContractsJson.Default.DealDetailView)).Version), ContractsJson.Default.DealMove))
            moved.StatusCode.Should().Be(HttpStatusCode.OK, await moved.Content.ReadAsStringAsync());
        await WrapUpAsync(call);
        (await DealAsync()).Stage.Should().Be("open");
        (await NotTakenAsync(call)).Should().Equal("stage We talk: no newer value in the deal: it was changed after the answer");
    }

    [PostgresFact]
    public async Task A_stage_that_is_none_one_that_the_wrap_up_gives_and_one_that_a_rule_forbids_are_not_taken_from_answers()
    {
        var call = await calls.AnsweredAsync(("currency", "odd"), ("stage", "nowhere"));
        await WrapUpAsync(call);
        (await DealAsync()).Should().Be(("open", "EUR"));
        (await NotTakenAsync(call)).Should().Equal("currency Shells: three capital letters, such as EUR", "stage Else: a stage of the deal's type");

        await calls.AnswerAsync(call, ("currency", ""), ("stage", "negotiation"));
        await WrapUpAsync(call, Plain with { Deal = Seeds.RossiDeal, Stage = "open" });
        (await DealAsync()).Stage.Should().Be("open", "the agent says where it is");
        (await NotTakenAsync(call)).Should().Equal("stage We talk: the stage that the wrap-up or its outcome gives");

        await using var ada = await host.SignInAsync("ada");
        var rule = new RequiredRuleSetup(Guid.CreateVersion7(), "Before it moves", "stage", null, null, null, null, ["taxId"], true, 0);
        using (var made = await ada.Http.PutAsJsonAsync($"api/admin/required-rules/{rule.Id}", rule, ContractsJson.Default.RequiredRuleSetup)) made.StatusCode.Should().Be(HttpStatusCode.OK, await made.Content.ReadAsStringAsync());
        await WrapUpAsync(call);
        (await DealAsync()).Stage.Should().Be("open");
        (await NotTakenAsync(call)).Should().Equal("stage We talk: the fields that must be filled before the deal leaves its stage");
        await calls.AnswerAsync(call, ("tax", Iva));
        await WrapUpAsync(call);
        (await DealAsync()).Stage.Should().Be("negotiation", "an answer fills what the rule asks for");
    }

    [PostgresFact]
    public async Task The_check_knows_the_fields_and_what_a_client_can_be_to_us()
    {
        async Task<IEnumerable<string>> ProblemsAsync(string from, string to)
        {
            using var answer = await marco.Http.PostAsJsonAsync("api/script-edits/try", new ScriptTry(Yaml.Replace(from, to, StringComparison.Ordinal), "fills-cards", null), ContractsJson.Default.ScriptTry);
            return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.ScriptTryView))!.Problems.Select(p => p.Message);
        }

        (await ProblemsAsync("{ id: partner,", "{ id: rival,")).Should().Equal("field \"client.roles\" is set to \"rival\", expected one of: client, supplier, partner");
        (await ProblemsAsync("fills: client.postal_code", "fills: client.postal_cod")).Should().Equal("unknown field \"client.postal_cod\", did you mean \"client.postal_code\"?");
        (await ProblemsAsync("{ id: tax, ask: \"Your tax id?\", kind: text, fills: client.tax_id }", "{ id: tax, ask: \"Your tax id?\", kind: number, fills: client.tax_id }")).Should().ContainSingle().Which.Should().StartWith("field \"client.tax_id\" cannot take the answers of a number question");
    }

    [Fact]
    public void Who_does_not_see_tax_ids_and_addresses_sees_them_in_no_script()
    {
        var veil = new Veil(false, ["taxId", "address"]);
        new[] { "client.tax_id", "client.address", "client.postal_code", "client.region", "client.country" }.Should().OnlyContain(p => veil.HidesPlaceholder(p));
        veil.HidesPlaceholder("client.roles").Should().BeFalse();
        Veil.None.HidesPlaceholder("client.tax_id").Should().BeFalse();
    }
}
