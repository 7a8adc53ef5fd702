using System.Net;
using CallCrm.Contracts;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;

namespace CallCrm.CrmApi.Tests.Clients;

[Trait("Category", "Slow")]
public sealed class CardViewTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task Who_opens_a_card_is_written_down_once_and_who_opens_too_many_is_told_to_those_who_see_their_work()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        var cards = Enumerable.Range(0, 101).Select(n => Seeds.Id(0x800 + n)).ToArray();
        await database.ExecuteAsync("insert into client (id, name, created_at, updated_at) select id, 'Many', now(), now() from unnest(@cards) id", new { cards });
        Task<long> WrittenAsync(string action) => database.ExecuteScalarAsync<long>("select count(*) from audit where user_id = @Anna and action = @action", new { Seeds.Anna, action });
        await using var anna = await host.SignInAsync("anna");
        await using var sara = await host.SignInAsync("sara");
        await using var luca = await host.SignInAsync("luca");
        await using var lead = await sara.OpenAsync();
        await using var peer = await luca.OpenAsync();

        foreach (var card in cards.Take(100).Concat(cards.Take(1))) await OpenAsync(anna, card);
        (await WrittenAsync("client.viewed")).Should().Be(100, "the first was opened again within minutes");
        (await WrittenAsync("client.viewed_many")).Should().Be(0);
        await OpenAsync(anna, cards[100]);
        var told = await lead.NextAsync<HintEvent>(e => e.Subject == "many_cards");
        (told.Key, told.Version).Should().Be((Seeds.Anna.ToString(), 101));
        await OpenAsync(anna, Seeds.Rossi);
        (await WrittenAsync("client.viewed_many")).Should().Be(1, "once an hour");

        await using var later = await sara.OpenAsync();
        later.Answer.Events.OfType<HintEvent>().Should().ContainSingle(e => e.Subject == "many_cards" && e.Key == Seeds.Anna.ToString() && e.At == told.At);
        peer.Events.OfType<HintEvent>().Should().NotContain(e => e.Subject == "many_cards");
    }

    [PostgresFact]
    public async Task Reading_a_history_is_opening_the_card_and_counts_once_with_it()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await using var mila = await host.SignInAsync("mila");
        Task<long> WrittenAsync(Guid card) => database.ExecuteScalarAsync<long>("select count(*) from audit where user_id = @Mila and action = 'client.viewed' and object_id = @card", new { Seeds.Mila, card = card.ToString() });
        async Task HistoryAsync(Guid card, HttpStatusCode expected = HttpStatusCode.OK)
        {
            using var answer = await mila.Http.GetAsync($"api/clients/{card}/timeline");
            answer.StatusCode.Should().Be(expected);
        }

        await HistoryAsync(Seeds.Ivanov);
        (await WrittenAsync(Seeds.Ivanov)).Should().Be(1);
        await HistoryAsync(Seeds.Ivanov);
        await OpenAsync(mila, Seeds.Ivanov);
        (await WrittenAsync(Seeds.Ivanov)).Should().Be(1, "it was opened just now");
        await OpenAsync(mila, Seeds.Bianchi);
        await HistoryAsync(Seeds.Bianchi);
        (await WrittenAsync(Seeds.Bianchi)).Should().Be(1);
        // Of a card that was merged it is the other one's.
        await database.ExecuteAsync("update client set merged_into = @Twin2 where id = @Twin1", new { Seeds.Twin1, Seeds.Twin2 });
        await HistoryAsync(Seeds.Twin1);
        await HistoryAsync(Seeds.Twin2);
        (await WrittenAsync(Seeds.Twin1), await WrittenAsync(Seeds.Twin2)).Should().Be((0, 1));
        await database.ExecuteAsync("update client set merged_into = null where id = @Twin1", new { Seeds.Twin1 });
        var nobody = Guid.NewGuid();
        await HistoryAsync(nobody, HttpStatusCode.NotFound);
        (await WrittenAsync(nobody)).Should().Be(0);
    }

    static async Task OpenAsync(Page page, Guid card)
    {
        using var answer = await page.Http.GetAsync($"api/clients/{card}");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }
}
