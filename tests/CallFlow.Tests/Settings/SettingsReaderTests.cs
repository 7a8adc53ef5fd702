using CallCrm.Engine;
using CallCrm.TestKit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CallCrm.CallFlow.Tests;

public sealed class SettingsReaderTests(PostgresFixture postgres) : TestDatabase(postgres)
{
    static readonly IConfiguration Configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Pbx:0:Node"] = "milan-1",
        ["Pbx:0:TrunkEndpoints:0"] = "provider",
        ["Pbx:0:DefaultQueue"] = "support",
        ["Router:LookupTimeout"] = "00:00:00.200",
    }).Build();

    SettingsReader Reader(TimeProvider? time = null, ILogger<SettingsReader>? log = null) =>
        new(Router, Configuration, time ?? TimeProvider.System, log ?? NullLogger<SettingsReader>.Instance);

    [PostgresFact]
    public async Task The_snapshot_holds_what_the_tables_hold()
    {
        await ExecuteAsync($$"""
            update queue set ring_s = 15, after_wrap_up = 'paused', after_max_wait = '{"kind":"queue","target":"{{Support}}"}', hours = '{"mon":["09:00-18:00"]}' where id = '{{Sales}}';
            insert into queue_agent (queue_id, user_id, level) values ('{{Sales}}', '{{Luca}}', 2), ('{{Sales}}', '{{Anna}}', 1);
            insert into extension (node, number, domain) values ('milan-1', '101', 'main');
            insert into device (node, name, extension, can_answer) values ('milan-1', 'PJSIP/101', '101', true);
            insert into dialled_number (number, domain, name, queue_id, source) values ('0212345', 'main', 'Main line', '{{Sales}}', 'website');
            """);
        var settings = await Reader().LoadAsync("main", default);
        settings.Version.Should().Be(1);
        var sales = settings.Queues.Single(q => q.Id == Sales);
        (sales.PauseAfterWrapUp, settings.Queues.Single(q => q.Id == Support).PauseAfterWrapUp).Should().Be((true, false));
        sales.RingTime.Should().Be(TimeSpan.FromSeconds(15));
        sales.AfterMaxWait.Should().Be(new Overflow(AfterWait.Queue, Support.ToString()));
        sales.OpenSpans!.Value.Should().HaveCountGreaterThan(1);
        sales.Agents.Should().Equal(new QueueAgent(Anna, 1), new QueueAgent(Luca, 2));
        settings.Queues.Single(q => q.Id == Support).OpenSpans.Should().BeNull();
        settings.Agents.Select(a => a.Id).Should().Equal(Anna, Luca);
        settings.Extensions.Single().Devices.Should().Equal(new DeviceSettings("PJSIP/101", true, false));
        settings.DialledNumbers.Single().Should().Be(new DialledNumberSettings("0212345", "Main line", Sales, "website", "en"));
        settings.Pbxs.Single().TrunkEndpoints.Should().Equal("PJSIP/provider");
        settings.Pbxs.Single().DefaultQueue.Should().Be(Support);
        settings.Options.LookupTimeout.Should().Be(TimeSpan.FromMilliseconds(200));
    }

    [PostgresFact]
    public async Task A_number_has_its_campaign_with_the_days_as_the_queues_zone_has_them_and_one_put_away_is_none()
    {
        await ExecuteAsync($$"""
            update queue set time_zone = 'Europe/Rome' where id = '{{Sales}}';
            insert into campaign (code, name, from_day, to_day, position) values ('winter', 'Winter', '2026-03-29', '2026-10-24', 1), ('open', 'Open', null, null, 2);
            insert into campaign (code, name, position, retired) values ('old', 'Old', 3, true);
            insert into dialled_number (number, domain, name, queue_id, source, campaign) values ('1', 'main', 'a', '{{Sales}}', 'x', 'winter'), ('2', 'main', 'b', '{{Sales}}', 'x', 'open'),
              ('3', 'main', 'c', '{{Sales}}', 'x', 'old'), ('4', 'main', 'd', '{{Sales}}', 'x', null);
            """);
        // Both days on which the clocks change: it begins at midnight of winter time, and ends at midnight of summer time.
        (await Reader().LoadAsync("main", default)).DialledNumbers.Select(n => n.Campaign).Should().Equal(
            new CampaignSettings("winter", "Winter", new DateTimeOffset(2026, 3, 28, 23, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 10, 24, 22, 0, 0, TimeSpan.Zero)),
            new CampaignSettings("open", "Open", null, null), null, null);
    }

    [PostgresFact]
    public async Task Who_has_all_the_skills_that_a_queue_asks_for_serves_it_at_the_weakest_of_them()
    {
        await ExecuteAsync($$"""
            insert into skill (code, name, position) values ('russian', 'Russian', 1), ('technical', 'Technical', 2), ('old', 'Old', 3);
            update skill set retired = true where code = 'old';
            insert into queue_skill (queue_id, skill, least) values ('{{Support}}', 'russian', 3), ('{{Support}}', 'technical', 9), ('{{Support}}', 'old', 1), ('{{Sales}}', 'old', 9);
            insert into agent_skill (user_id, skill, level) values ('{{Luca}}', 'russian', 3), ('{{Luca}}', 'technical', 5), ('{{Anna}}', 'russian', 4), ('{{Anna}}', 'technical', 1), ('{{Anna}}', 'old', 1);
            """);
        async Task<IEnumerable<QueueAgent>> ServeAsync(Guid queue) => (await Reader().LoadAsync("main", default)).Queues.Single(q => q.Id == queue).Agents;
        (await ServeAsync(Support)).Should().Equal([new QueueAgent(Luca, 5)], "Anna's Russian will not do");
        (await ServeAsync(Sales)).Should().BeEmpty("what was put away is asked of nobody");

        await ExecuteAsync($"update agent_skill set level = 2 where user_id = '{Anna}' and skill = 'russian'");
        (await ServeAsync(Support)).Should().Equal(new QueueAgent(Anna, 2), new QueueAgent(Luca, 5));
        // Who is named for the queue serves it at that level.
        await ExecuteAsync($"insert into queue_agent (queue_id, user_id, level) values ('{Support}', '{Luca}', 1); delete from agent_skill where user_id = '{Anna}' and skill = 'technical'");
        (await ServeAsync(Support)).Should().Equal(new QueueAgent(Luca, 1));
        await ExecuteAsync("truncate agent_skill, queue_skill; delete from skill");
        (await ServeAsync(Support)).Should().Equal(new QueueAgent(Luca, 1));
    }

    [PostgresFact]
    public async Task Take_a_message_is_a_place_of_the_snippet()
    {
        await ExecuteAsync($$"""update queue set when_closed = '{"kind":"voicemail","target":""}' where id = '{{Sales}}'""");
        var settings = await Reader().LoadAsync("main", default);
        settings.Queues.Single(q => q.Id == Sales).WhenClosed.Should().Be(new Overflow(AfterWait.Goto, "callcrm-message,s,1"));
    }

    [PostgresFact]
    public async Task Blocked_numbers_come_side_by_side_without_those_whose_time_is_over()
    {
        await ExecuteAsync($$"""
            update queue set when_blocked = '{"kind":"play","target":"custom/no"}', block_withheld = true where id = '{{Sales}}';
            update queue set when_blocked = '{"kind":"queue","target":"{{Sales}}"}' where id = '{{Support}}';
            insert into blocked_number (id, domain, e164, queue_id, reason, made_by, made_at, until, removed_at) values
              (gen_random_uuid(), 'main', '+390200000002', '{{Support}}', 'spam', '{{Anna}}', '2026-07-01', '2026-07-02 10:00+00', null),
              (gen_random_uuid(), 'main', '+390200000001', null, 'spam', '{{Anna}}', '2026-07-01', null, null),
              (gen_random_uuid(), 'main', '+390200000002', '{{Sales}}', 'abuse', '{{Anna}}', '2026-07-01', null, null),
              (gen_random_uuid(), 'main', '+390200000003', null, 'spam', '{{Anna}}', '2026-06-01', '2026-07-01 09:59:59+00', null),
              (gen_random_uuid(), 'main', '+390200000004', null, 'spam', '{{Anna}}', '2026-06-01', null, '2026-06-02');
            """);
        var now = DateTimeOffset.Parse("2026-07-01T10:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
        var log = new Problems();
        var settings = await Reader(new FakeTimeProvider(now), log).LoadAsync("main", default);
        settings.Blocked.Should().Equal(new BlockedNumber("+390200000001", null, null), new BlockedNumber("+390200000002", Sales, null), new BlockedNumber("+390200000002", Support, now.AddDays(1)));
        var sales = settings.Queues.Single(q => q.Id == Sales);
        (sales.WhenBlocked, sales.BlockWithheld).Should().Be((new Overflow(AfterWait.Play, "custom/no"), true));
        settings.Queues.Single(q => q.Id == Support).Should().BeEquivalentTo(new { WhenBlocked = (Overflow?)null, BlockWithheld = false });
        log.Lines.Should().ContainSingle().Which.Should().Contain("when_blocked");
    }

    [PostgresFact]
    public async Task Bad_rows_are_named_and_get_safe_defaults()
    {
        await ExecuteAsync($$"""
            update queue set time_zone = 'Mars/Olympus', hours = '{"mon":["late"]}', after_max_wait = '{"kind":"goto","target":"a;b"}',
              when_closed = '{"kind":"queue","target":"{{Sales}}"}', when_nobody = '[]' where id = '{{Sales}}'
            """);
        var log = new Problems();
        var settings = await Reader(log: log).LoadAsync("main", default);
        var sales = settings.Queues.Single(q => q.Id == Sales);
        new[] { sales.AfterMaxWait, sales.WhenClosed, sales.WhenNobody }.Should().AllBeEquivalentTo(new Overflow(AfterWait.Reject, ""));
        log.Lines.Should().HaveCount(5).And.OnlyContain(l => l.Contains("queue 'Sales'"));
    }

    [PostgresFact]
    public async Task Watching_gives_the_present_each_new_version_and_once_a_day_new_hours()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-07-01T10:00:00Z", System.Globalization.CultureInfo.InvariantCulture));
        await ExecuteAsync($$"""update queue set hours = '{"mon":["09:00-18:00"]}' where id = '{{Sales}}'""");
        await using var watch = Reader(time).WatchAsync("main", limit.Token).GetAsyncEnumerator(limit.Token);
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Version.Should().Be(1);

        var next = watch.MoveNextAsync();
        await using (var connection = await Source.OpenConnectionAsync(limit.Token))
        await using (var transaction = await connection.BeginTransactionAsync(limit.Token))
        {
            await SettingsReader.RaiseVersionAsync(transaction, "main", limit.Token);
            await transaction.CommitAsync(limit.Token);
        }

        await ExecuteAsync("notify callcrm_settings");
        (await next).Should().BeTrue();
        watch.Current.Version.Should().Be(2);
        var before = watch.Current.Queues.Single(q => q.Id == Sales).OpenSpans!.Value;

        time.Advance(TimeSpan.FromDays(8));
        (await watch.MoveNextAsync()).Should().BeTrue();
        watch.Current.Version.Should().Be(2);
        watch.Current.Queues.Single(q => q.Id == Sales).OpenSpans!.Value.Last().To.Should().BeAfter(before.Last().To);
    }

    sealed class Problems : ILogger<SettingsReader>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
