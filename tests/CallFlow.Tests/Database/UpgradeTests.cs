using CallCrm.Engine;
using CallCrm.TestKit;
using DbUp;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.CallFlow.Tests;

/// <summary>A database that was in use before the latest migrations: what people wrote is there after them, in its new form.</summary>
[Trait("Category", "Slow")]
public sealed class UpgradeTests(PostgresFixture postgres) : TestDatabase(postgres)
{
    /// <summary>The migrations from here on are the upgrade.</summary>
    const string From = "2026-11-29_410";

    static readonly Guid Company = Guid.CreateVersion7(), Person = Guid.CreateVersion7(), Other = Guid.CreateVersion7(), Merge = Guid.CreateVersion7(), Call = Guid.CreateVersion7();

    async Task MigrateToAsync(string before)
    {
        await ExecuteAsync("drop schema public cascade; create schema public");
        var done = await Task.Run(() => DeployChanges.To.PostgresqlDatabase(ConnectionString)
            .WithScriptsEmbeddedInAssembly(typeof(Migrator).Assembly, name => name.IndexOf(".Migrations.", StringComparison.Ordinal) is > 0 and var at && string.CompareOrdinal(name[(at + ".Migrations.".Length)..], before) < 0)
            .WithVariablesDisabled().WithTransactionPerScript().JournalToPostgresqlTable("public", "schema_version").LogToNowhere().Build().PerformUpgrade());
        done.Successful.Should().BeTrue(done.Error?.ToString());
        (await ScalarAsync<bool>("select exists (select from information_schema.tables where table_schema = 'public' and table_name = 'client_address')")).Should().BeFalse("it is the schema of before");
    }

    Task FillAsync() => ExecuteAsync(
        """
        insert into domain (name, command_address) values ('main', 'http://nowhere');
        insert into app_user (id, login, name, password_hash, role, language, is_agent, domain, security_stamp, created_at, active) values (@Anna, 'anna', 'Anna Verdi', 'x', 'agent', 'en', true, 'main', @Anna, now(), true);
        insert into queue (id, domain, name, service_level_s, position) values (@Anna, 'main', 'Sales', 20, 1);
        insert into queue_agent (queue_id, user_id) values (@Anna, @Anna);
        insert into disposition (code, name, outcome, position) values ('sale', 'Sale', 'positive', 1);
        insert into deal_type (code, name) values ('order', 'Order');
        insert into stage (deal_type, code, name, position) values ('order', 'open', 'Open', 1);
        insert into client (id, kind, name, company, city, address, email, tags, custom, confirmed, source, company_id, created_at, updated_at) values
          (@Company, 'company', 'Prima Srl', 'Prima Srl', 'Milano', 'Via Roma 1', 'info@prima.example', '{fair}', '{"roof":"flat"}', true, 'web', null, now(), now()),
          (@Person, 'person', 'Ada Prima', '', '', '', '', '{}', '{}', true, '', @Company, now(), now()), (@Other, 'person', 'Ada Primo', '', '', '', '', '{}', '{}', true, '', null, now(), now());
        insert into client_phone (client_id, e164, raw, label, is_main, added_at) values
          (@Company, '+390212345678', '02 12345678', '', true, now()), (@Person, '+390212345678', '02 12345678', 'office ext. 12', true, now()), (@Person, '+390255500001', '02 55500001', 'ext. 7', false, now()),
          (@Person, '+393475550001', '347 5550001', 'next. 5', false, now()), (@Other, '+390255500001', '02 55500001', 'ext. 7', true, now());
        insert into client_email (client_id, address, label, position) values (@Company, 'second@prima.example', 'office', 1);
        -- The other card was merged into the person, and its number became the person's.
        insert into client_merge (id, winner_id, loser_id, made_by, made_at, taken, winner_before, loser_before, winner_after)
        select @Merge, @Person, @Other, @Anna, now(), '{}', w || '{"emails":[],"phones":[{"e164":"+390212345678"},{"e164":"+393475550001"}]}', l || '{"emails":[],"phones":[{"e164":"+390255500001"}]}',
          w || '{"emails":[],"phones":[{"e164":"+390212345678"},{"e164":"+393475550001"},{"e164":"+390255500001"}]}'
        from (select (select to_jsonb(c) - 'search' from client c where id = @Person) as w, (select to_jsonb(c) - 'search' from client c where id = @Other) as l) both_sides;
        update client set merged_into = @Person where id = @Other;
        insert into deal (id, client_id, deal_type, stage, title, amount, stage_since, created_at, responsible_id) values (@Call, @Company, 'order', 'open', 'Boilers', 12.50, now(), now(), @Anna);
        insert into task (id, client_id, user_id, title, due_at, created_at) values (@Call, @Person, @Anna, 'Ring', now(), now());
        insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, dialled_raw, client_id, agent_id, started_at, ended_at, outcome, last_seq) values
          (@Call, 'main', 'pbx', 'Inbound', 'Ended', true, '02 12345678', 'E164', '+390212345678', '39', @Company, @Anna, now(), now(), 'Answered', 1);
        insert into wrap_up (call_id, agent_id, disposition, note, created_at) values (@Call, @Anna, 'sale', 'a note', now());
        """, new { Anna, Company, Person, Other, Merge, Call });

    static readonly string[] Kept = ["app_user", "queue", "queue_agent", "client", "client_phone", "client_email", "client_merge", "deal", "task", "call", "wrap_up", "disposition"];

    [PostgresFact]
    public async Task What_was_written_before_the_upgrade_is_there_after_it_in_its_new_form()
    {
        await MigrateToAsync(From);
        await FillAsync();
        var before = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in Kept) before[table] = await ScalarAsync<long>($"select count(*) from {table}");
        await Migrator.MigrateAsync(ConnectionString, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        foreach (var table in Kept) (await ScalarAsync<long>($"select count(*) from {table}")).Should().Be(before[table], table);

        (await ScalarAsync<string>("select string_agg(e164 || ';' || extension || ' ' || label, ', ' order by e164, client_id <> @Person) from client_phone where client_id in (@Person, @Other)", new { Person, Other })).Should()
            .Be("+390212345678;12 office, +390255500001;7 , +390255500001;7 , +393475550001; next. 5");
        (await ScalarAsync<string>("select kind || ' ' || text from client_address where client_id = @Company", new { Company })).Should().Be("actual Via Roma 1");
        (await ScalarAsync<long>("select count(*) from queue_member")).Should().Be(1);
        var directory = new ClientDirectory(Source, Router, Hints, TimeProvider.System);
        var caller = await directory.IdentifyAsync(new PhoneNumber("+390212345678", NumberKind.E164, "+390212345678"), "", null, true, CancellationToken.None);
        caller.Candidates.Select(c => c.Client).Should().BeEquivalentTo([Company, Person]);

        // A merge of before is undone after it: its numbers had no extensions when it was made.
        await using var connection = await Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        (await directory.UnmergeAsync(transaction, Merge, Anna, CancellationToken.None)).Should().BeOfType<ClientUnmerged.Done>();
        await transaction.CommitAsync();
        (await ScalarAsync<string>("select string_agg(e164, ',' order by e164) from client_phone where client_id = @Person", new { Person })).Should().Be("+390212345678,+393475550001");
        (await ScalarAsync<string>("select string_agg(e164, ',') from client_phone where client_id = @Other", new { Other })).Should().Be("+390255500001");
    }
}
