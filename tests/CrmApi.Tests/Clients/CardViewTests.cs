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

    static async Task OpenAsync(Page page, Guid card)
    {
        using var answer = await page.Http.GetAsync($"api/clients/{card}");
        answer.StatusCode.Should().Be(HttpStatusCode.OK);
    }
}
