using CallCrm.CallFlow;
using CallCrm.CallRouter.Mailboxes;
using CallCrm.CallRouter.Pbx;
using CallCrm.DemoPbx;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace CallCrm.CallRouter.Tests;

/// <summary>Messages in the PBX's mailboxes find their calls, once each, whatever is away meanwhile.</summary>
[Trait("Category", "Slow")]
public sealed class MailboxImportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime, IInputs, IExtensions
{
    const string Number = "+393471110003";
    static readonly DateTimeOffset Noon = new(2026, 3, 5, 12, 0, 0, TimeSpan.Zero);

    readonly string _folder = Directory.CreateTempSubdirectory("voicemail").FullName;
    readonly FakeTimeProvider _time = new(Noon);
    readonly PbxOptions _pbx = new() { Node = "pbx1" };
    readonly List<MailboxFinding> _found = [];
    NpgsqlDataSource _database = null!;
    MailboxImport _import = null!;
    bool _behind;

    public async Task InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(await postgres.NewDatabaseAsync());
        Restart();
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>As a new process would begin: nothing remembered.</summary>
    void Restart() => _import = new MailboxImport(new VoicemailFolder("pbx1", _folder, true), _pbx, new VoicemailSpool(_folder, _time), new MailboxStore(_database, "main", "pbx1", _time), this, () => _behind, _time,
        NullLogger<MailboxImport>.Instance);

    ValueTask IInputs.PutAsync(EngineInput input, CancellationToken cancel)
    {
        _found.AddRange(((EngineInput.MailboxRead)input).Findings);
        return ValueTask.CompletedTask;
    }

    ValueTask IInputs.PutAsync(EngineInput input, Action safe, CancellationToken cancel) => throw new InvalidOperationException("no snapshot is told here");

    bool IExtensions.Contains(string number) => number == "101";

    /// <summary>What a look hands over.</summary>
    async Task<IReadOnlyList<MailboxFinding>> LookAsync(double after = 0)
    {
        _time.Advance(TimeSpan.FromSeconds(after));
        _found.Clear();
        await _import.LookAsync(this, CancellationToken.None);
        return [.. _found];
    }

    string Write(string name, DateTimeOffset at, string channel, string caller = Number, string folder = "INBOX", string mailbox = "145")
    {
        var file = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "default", mailbox, folder)).FullName, name + ".txt");
        File.WriteAllText(file, $"[message]\norigmailbox={mailbox}\ncallerchan={channel}\ncallerid={caller}\norigtime={at.ToUnixTimeSeconds()}\nmsg_id=1-1\nduration=12\n");
        return file;
    }

    async Task ExecuteAsync(string sql, object? with = null)
    {
        await using var connection = await _database.OpenConnectionAsync();
        await connection.ExecuteAsync(sql, with);
    }

    async Task<Guid> CallAsync(string uniqueId, string channel, DateTimeOffset from, DateTimeOffset? until, string caller = Number)
    {
        var call = Guid.CreateVersion7();
        await ExecuteAsync(
            """
            insert into call (id, domain, node, direction, state, routed, caller_raw, caller_kind, caller_e164, dialled_raw, started_at, ended_at, last_seq)
            values (@call, 'main', 'pbx1', 'Inbound', case when @until::timestamptz is null then 'Routing' else 'Ended' end, true, @caller, 'E164', @caller, '', @from, @until, 1);
            insert into call_leg (node, unique_id, call_id, channel, is_client, started_at, ended_at) values ('pbx1', @uniqueId, @call, @channel, true, @from, @until)
            """,
            new { call, uniqueId, channel, from, until, caller });
        return call;
    }

    /// <summary>As the journal does with what was handed over.</summary>
    Task TakeInAsync(IEnumerable<MailboxFinding> findings) => ExecuteAsync(
        """
        insert into call_message (id, domain, call_id, node, unique_id, mailbox, message_key, left_at, duration_ms, state, state_at, last_seq)
        values (@Id, 'main', @Call, 'pbx1', @UniqueId, @Mailbox, @Key, @LeftAt, @Duration_ms, @state, now(), 1) on conflict (id) do update set state = excluded.state;
        delete from call_message where message_key is null and unique_id = @UniqueId
        """, findings.Select(f => new { f.Id, f.Call, f.UniqueId, f.Mailbox, f.Key, f.LeftAt, f.Duration_ms, state = f.State.ToString() }).ToArray());

    [PostgresFact]
    public async Task Two_messages_at_once_from_one_number_in_one_mailbox_go_to_their_own_calls()
    {
        (await LookAsync()).Should().BeEmpty("the first look ever");
        var (first, second) = (await CallAsync("1.2", "PJSIP/trunk-00000002", Noon, Noon.AddSeconds(30)), await CallAsync("1.3", "PJSIP/trunk-00000003", Noon, Noon.AddSeconds(30)));
        Write("msg0000", Noon.AddSeconds(10), "PJSIP/trunk-00000003");
        Write("msg0001", Noon.AddSeconds(10), "PJSIP/trunk-00000002");
        (await LookAsync(40)).Select(f => (f.Call, f.UniqueId, f.Adds, f.Duration_ms, f.Mailbox)).Should().BeEquivalentTo([(second, "1.3", false, 12_000, "145@default"), (first, "1.2", false, 12_000, "145@default")]);
    }

    [PostgresFact]
    public async Task A_channel_name_that_comes_again_after_a_restart_of_the_PBX_means_the_call_of_that_time()
    {
        await LookAsync();
        await CallAsync("1.2", "PJSIP/trunk-00000002", Noon.AddHours(-3), Noon.AddHours(-3).AddMinutes(1));
        var call = await CallAsync("9.2", "PJSIP/trunk-00000002", Noon, Noon.AddSeconds(30));
        Write("msg0000", Noon.AddSeconds(10), "PJSIP/trunk-00000002");
        (await LookAsync(40)).Should().ContainSingle().Which.Call.Should().Be(call);
    }

    [PostgresFact]
    public async Task Through_a_Local_channel_the_caller_is_told_by_time_and_number_and_rather_by_what_AMI_said()
    {
        await LookAsync();
        await CallAsync("1.1", "PJSIP/trunk-00000001", Noon, Noon.AddSeconds(30), "+390255555555");
        var (silent, spoke) = (await CallAsync("1.2", "PJSIP/trunk-00000002", Noon, Noon.AddSeconds(30)), await CallAsync("1.3", "PJSIP/trunk-00000003", Noon, Noon.AddSeconds(30)));
        await ExecuteAsync("insert into call_message (id, domain, call_id, node, unique_id, mailbox, left_at, state, state_at, last_seq) values (@id, 'main', @spoke, 'pbx1', '1.3', '145@default', now(), 'New', now(), 1)",
            new { id = Guid.CreateVersion7(), spoke });
        Write("msg0000", Noon.AddSeconds(10), "Local/145@vm-00000001;2");
        var found = await LookAsync(40);
        found.Should().ContainSingle().Which.Call.Should().Be(spoke);
        await TakeInAsync(found);
        // A second one can then only be the other's.
        Write("msg0001", Noon.AddSeconds(11), "Local/145@vm-00000002;2");
        (await LookAsync(1)).Should().ContainSingle().Which.Call.Should().Be(silent);
    }

    [PostgresFact]
    public async Task A_message_is_handed_over_when_its_call_is_over_and_once()
    {
        await LookAsync();
        var call = await CallAsync("1.2", "PJSIP/trunk-00000002", Noon, null);
        Write("msg0000", Noon.AddSeconds(10), "PJSIP/trunk-00000002");
        (await LookAsync(40)).Should().BeEmpty("they are still there");
        await ExecuteAsync("update call set state = 'Ended', ended_at = @at where id = @call; update call_leg set ended_at = @at where call_id = @call", new { call, at = Noon.AddSeconds(41) });
        var found = await LookAsync(2);
        found.Should().ContainSingle();
        (await LookAsync(2)).Should().BeEmpty("the journal has it and the tables will");
        (await LookAsync(40)).Should().BeEquivalentTo(found, "it was lost on the way: the same once more");
        await TakeInAsync(found);
        (await LookAsync(40)).Should().BeEmpty();
        Restart();
        (await LookAsync()).Should().BeEmpty("killed and begun again");
    }

    [PostgresFact]
    public async Task Heard_and_deleted_on_the_phone_are_told_once_each_and_an_unreadable_folder_deletes_nothing()
    {
        await LookAsync();
        await CallAsync("1.2", "PJSIP/trunk-00000002", Noon, Noon.AddSeconds(30));
        var file = Write("msg0000", Noon.AddSeconds(10), "PJSIP/trunk-00000002");
        await TakeInAsync(await LookAsync(40));
        File.Delete(file);
        file = Write("msg0000", Noon.AddSeconds(10), "PJSIP/trunk-00000002", folder: "Old");
        var heard = await LookAsync(10);
        heard.Should().ContainSingle().Which.State.Should().Be(MailboxState.Heard);
        await TakeInAsync(heard);

        Directory.Move(_folder, _folder + "-away");
        var look = () => LookAsync(10);
        await look.Should().ThrowAsync<IOException>();
        // Not mounted: an empty folder in its place.
        Directory.CreateDirectory(_folder);
        (await LookAsync(10)).Should().BeEmpty();
        Directory.Delete(_folder);
        Directory.Move(_folder + "-away", _folder);
        (await LookAsync(10)).Should().BeEmpty();

        File.Delete(file);
        var removed = await LookAsync(10);
        removed.Should().ContainSingle().Which.Should().BeEquivalentTo(new { heard[0].Id, heard[0].Call, State = MailboxState.Removed, Adds = false });
        await TakeInAsync(removed);
        (await LookAsync(60)).Should().BeEmpty();
    }

    [PostgresFact]
    public async Task A_message_from_a_time_when_nobody_looked_waits_for_its_call_and_becomes_one_of_its_own()
    {
        Write("msg0000", Noon.AddDays(-1), "PJSIP/trunk-00000009");
        (await LookAsync()).Should().BeEmpty("from before CallCrm came: none of ours");
        Restart();
        _time.Advance(TimeSpan.FromHours(1));
        Write("msg0001", Noon.AddMinutes(30), "PJSIP/trunk-00000002", "\"Mario\" <+393471110003>");
        (await LookAsync()).Should().BeEmpty("the record of its call may come");
        (await LookAsync(20)).Should().BeEmpty();
        var added = (await LookAsync(15)).Should().ContainSingle().Which;
        added.Should().BeEquivalentTo(new { Adds = true, CallerName = "Mario", LeftAt = Noon.AddMinutes(30), Caller = new { E164 = Number } });
        Restart();
        await LookAsync();
        (await LookAsync(31)).Should().ContainSingle().Which.Should().BeEquivalentTo(new { added.Id, added.Call, added.UniqueId }, "killed in between: the same again");

        // With a CEL file the call itself is waited for longer.
        _pbx.CelFile = "/cel.csv";
        Restart();
        await LookAsync();
        (await LookAsync(60)).Should().BeEmpty();
        var call = await CallAsync("9.2", "PJSIP/trunk-00000002", Noon.AddMinutes(29), Noon.AddMinutes(31));
        (await LookAsync(2)).Should().ContainSingle().Which.Should().BeEquivalentTo(new { added.Id, Call = call, Adds = false });
    }

    [PostgresFact]
    public async Task A_broken_text_hides_no_other_and_nothing_is_handed_over_while_the_database_is_behind()
    {
        await LookAsync();
        await CallAsync("1.2", "PJSIP/trunk-00000002", Noon, Noon.AddSeconds(30));
        File.WriteAllText(Path.ChangeExtension(Write("msg0001", Noon.AddSeconds(10), "PJSIP/trunk-00000002"), null)[..^1] + "0.txt", "[message]\n");
        _behind = true;
        (await LookAsync(40)).Should().BeEmpty();
        _behind = false;
        (await LookAsync(2)).Should().ContainSingle();
    }

    [PostgresFact]
    public async Task Through_a_router_a_message_stands_in_the_tables_with_its_call()
    {
        await using var bench = await RouterBench.StartAsync(postgres, new Dictionary<string, string?> { ["Pbx:0:VoicemailFolder"] = _folder });
        await Eventually.BeAsync(() =>
        {
            using var connection = bench.Database.OpenConnection();
            return connection.ExecuteScalar<long>("select count(*) from mailbox_look") == 1;
        }, TimeSpan.FromSeconds(10), "the first look");
        bench.Pbx.PlaceCall(new DemoCaller("+393471234567", RouterBench.Dialled) { Patience = TimeSpan.FromMilliseconds(500), HoldPatience = TimeSpan.FromMilliseconds(500) });
        var leg = await bench.UntilAsync<LegStarted>(l => l.IsClient);
        var ended = await bench.UntilAsync<CallEnded>();
        Write("msg0000", TimeProvider.System.GetUtcNow(), leg.ChannelName, "+393471234567");
        var left = await bench.UntilAsync<MessageLeft>();
        left.Should().BeEquivalentTo(new { Call = ended.Call, leg.UniqueId, Mailbox = "145@default", Duration_ms = 12_000, State = MailboxState.New });

        await bench.StopRouterAsync();
        await bench.StartRouterAsync();
        File.Delete(Path.Combine(_folder, "default/145/INBOX/msg0000.txt"));
        (await bench.UntilAsync<MessageLeft>(m => m.State == MailboxState.Removed)).Id.Should().Be(left.Id);
        bench.Entries.OfType<MessageLeft>().Should().HaveCount(2, "nothing came twice");
        await using var database = await bench.Database.OpenConnectionAsync();
        (await database.QueryAsync<string>("select concat_ws(' ', m.kind, b.state, b.mailbox) from missed_call m join call_message b on b.call_id = m.call_id")).Should().Equal("Voicemail Removed 145@default");
    }
}
