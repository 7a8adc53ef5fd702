using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Clients;
using CallCrm.CrmApi.Hiding;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Clients;

/// <summary>Indexes of own fields come with many cards and go with their fields.</summary>
[Trait("Category", "Slow")]
public sealed class OwnIndexTests(ApiHost host) : IClassFixture<ApiHost>
{
    [PostgresFact]
    public async Task A_rare_range_is_looked_up_once_there_are_many_cards()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into client_field (code, name, kind, options, position) values ('size', 'Size', 'number', '[]', 1), ('budget', 'Budget', 'money', '[]', 2), ('renewal', 'Renewal', 'date', '[]', 3), ('word', 'Word', 'text', '[]', 4), ('gone', 'Gone', 'number', '[]', 5);
            update client_field set archived = true where code = 'gone';
            insert into client (id, name, custom, created_at, updated_at)
            select gen_random_uuid(), 'Indexed ' || n, jsonb_build_object('size', n, 'budget', jsonb_build_object('amount', n + 0.5, 'currency', 'EUR'), 'renewal', (date '2000-01-01' + n)::text), now(), now() from generate_series(1, 20000) n;
            analyze client;
            """);
        var indexes = host.Services.GetRequiredService<OwnIndexes>();
        async Task<IEnumerable<string>> NamesAsync() => await database.QueryAsync<string>("select relname from pg_class where relname like 'client\\_own\\_%' order by 1");
        await indexes.StepAsync(CancellationToken.None);
        (await NamesAsync()).Should().BeEmpty("there are few cards");
        indexes.FromCards = 10_000;
        await indexes.StepAsync(CancellationToken.None);
        (await NamesAsync()).Should().Equal("client_own_date_renewal", "client_own_money_budget", "client_own_number_size");
        foreach (var (condition, index) in new[]
        {
            (OwnCondition.Bound("size", "number", ">=", 19_990m), "client_own_number_size"), (OwnCondition.Bound("budget", "money", "<", 12m), "client_own_money_budget"), (OwnCondition.Bound("renewal", "date", "<=", "2000-01-09"), "client_own_date_renewal"),
        })
        {
            var (sql, parameters) = host.Services.GetRequiredService<ClientStore>().Listing(null, ClientFilter.None with { Own = [condition] }, Reach.Everyone, Reach.Everyone, Veil.None, ClientStore.Order(null, Veil.None, null, null).Order!, 50);
            (await database.ExecuteScalarAsync<string>("explain (format json) " + sql, parameters)).Should().Contain(index);
        }

        // What was broken off is made anew, what holds something else or is put away loses its index.
        await database.ExecuteAsync("drop index client_own_number_size");
        await database.Invoking(d => d.ExecuteAsync("create unique index concurrently client_own_number_size on client (kind)")).Should().ThrowAsync<Npgsql.PostgresException>();
        await database.ExecuteAsync("update client_field set archived = true where code = 'budget'; update client_field set kind = 'text' where code = 'renewal'");
        await indexes.StepAsync(CancellationToken.None);
        (await database.QueryAsync<(string, bool)>("select indexrelid::regclass::text, indisvalid from pg_index where indexrelid::regclass::text like 'client\\_own\\_%'")).Should().Equal(("client_own_number_size", true));
    }
}
