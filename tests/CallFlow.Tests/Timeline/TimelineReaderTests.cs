using CallCrm.Engine;
using CallCrm.TestKit;

namespace CallCrm.CallFlow.Tests.Timeline;

public sealed class TimelineReaderTests(PostgresFixture postgres) : JournalDatabase(postgres)
{
    async Task<string> TextAsync(Guid call)
    {
        var timeline = await new TimelineReader(Router.Source).ReadAsync(call, CancellationToken.None);
        return new TimelineText(id => id == Anna ? "anna" : id == Sales ? "sales" : id == Mario ? "mario" : "?").Of(timeline!);
    }

    [PostgresFact]
    public async Task When_the_journal_is_gone_the_projections_tell_the_same_but_for_the_place_of_the_hold()
    {
        await using (var writer = await OpenAsync()) await AppendAsync(writer, new CallScript().WholeCall(Id(1), Mario, Anna, Sales));
        var whole = await TextAsync(Id(1));
        whole.Should().StartWith("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–0:28.000 with anna, Hold 0:28.000–0:38.000 with anna, Talk 0:38.000–1:18.000 with anna
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–0:28.000, Hold 0:28.000–0:38.000, Talk 0:38.000–1:18.000, WrapUp 1:18.000–1:38.000
            """);
        await ExecuteAsync("truncate journal");
        (await TextAsync(Id(1))).Should().Be("""
            client: Wait 0:00.000–0:08.000 sales, Talk 0:08.000–1:18.000 with anna estimated
            anna: Ring 0:03.000–0:08.000 Answered, Talk 0:08.000–1:18.000 estimated, WrapUp 1:18.000–1:38.000
            0:00.000 Inbound call from +390212345678 to 0200000
            0:00.000 identified: Known mario
            0:00.000 entered queue sales
            0:00.000 leg PJSIP/trunk-1 of the client
            0:00.000 recording began
            0:03.000 routed by LeastBusy to anna of 1: anna level 1 load 12.5 % idle 60 s
            0:03.000 leg PJSIP/101-2 of anna
            0:03.000 offered to anna at 101 (PJSIP/101), attempt 1
            0:03.000 rings at anna
            0:08.000 offer to anna ended: Answered
            0:08.000 anna answered after 8.0 s
            1:18.000 leg ended, cause 16
            1:18.000 leg ended, cause 16 anna talk 60.0 s hold 10.0 s
            1:18.000 ended: Answered by Caller, wait 8.0 s talk 60.0 s hold 10.0 s
            """);
    }

    [PostgresFact]
    public async Task What_was_one_moment_is_told_in_its_order_although_columns_keep_less_of_it()
    {
        var script = new CallScript().WholeCall(Id(1), Mario, Anna, Sales);
        for (var i = 0; i < script.Entries.Count; i++) script.Entries[i] = script.Entries[i] with { At = script.Entries[i].At.AddTicks(4) };
        await using (var writer = await OpenAsync()) await AppendAsync(writer, script);
        await ExecuteAsync("truncate journal");
        var text = await TextAsync(Id(1));
        text.IndexOf("routed by", StringComparison.Ordinal).Should().BePositive().And.BeLessThan(text.IndexOf("offered to", StringComparison.Ordinal));
    }

    [PostgresFact]
    public async Task An_imported_call_is_read_from_the_journal_and_when_that_is_gone_from_the_projections()
    {
        var legs = new[]
        {
            new ImportedLeg("9.1", "PJSIP/trunk-1", null, true, CallScript.Begin, null, CallScript.Begin.AddSeconds(20), 16, 0),
            new ImportedLeg("9.2", "PJSIP/101-2", Anna, false, CallScript.Begin.AddSeconds(1), CallScript.Begin.AddSeconds(5), CallScript.Begin.AddSeconds(20), 16, 15_000),
        };
        var script = new CallScript().After(1500).Say(new CallImported("n1", "9.1", CallDirection.Inbound, CallScript.Caller, CallScript.Dialled, "", CallScript.Begin, CallScript.Begin.AddSeconds(5),
            CallScript.Begin.AddSeconds(20), CallOutcome.Fallback, EndedBy.Caller, 16, Anna, Mario, LookupOutcome.Known, [Mario], 5000, 15_000, true, false, [.. legs])
        { Seq = 0, At = default }, Id(1));
        await using (var writer = await OpenAsync()) await AppendAsync(writer, script);
        const string Lanes = """
            client: Talk 0:05.000–0:20.000 with anna
            anna: Talk 0:05.000–0:20.000
            0:00.000
            """;
        (await TextAsync(Id(1))).Should().StartWith(Lanes + " not seen: told from the PBX's own record");
        await ExecuteAsync("truncate journal");
        (await TextAsync(Id(1))).Should().StartWith(Lanes + " Inbound call");
    }

    [PostgresFact]
    public async Task A_call_that_became_part_of_another_leads_to_it_whichever_id_is_asked()
    {
        var script = new CallScript().Start(Id(1)).After(1).Start(Id(2), "2.1").After(1).Say(new CallMerged(Id(2)) { Seq = 0, At = default }, Id(1))
            .After(1).Start(Id(3), "3.1").Say(new CallMerged(Id(1)) { Seq = 0, At = default }, Id(3));
        await using (var writer = await OpenAsync()) await AppendAsync(writer, script);
        var reader = new TimelineReader(Router.Source);
        foreach (var asked in new[] { Id(1), Id(2), Id(3) })
        {
            var timeline = await reader.ReadAsync(asked, CancellationToken.None);
            timeline!.Call.Should().Be(Id(3));
            timeline.Events.Count(e => e.Kind == "leg_started").Should().Be(3);
        }

        (await reader.ReadAsync(Guid.NewGuid(), CancellationToken.None)).Should().BeNull();
    }

    [PostgresFact]
    public async Task A_running_wrap_up_is_open_and_an_entry_of_a_newer_version_is_passed_over()
    {
        var script = new CallScript().WholeCall(Id(1), Mario, Anna, Sales);
        script.Entries.RemoveAt(script.Entries.Count - 1);
        await using (var writer = await OpenAsync()) await AppendAsync(writer, script);
        await ExecuteAsync($$"""insert into journal select domain, max(seq) + 1, max(at), 'call_dreamt', '{{Id(1)}}', '{"kind":"call_dreamt","seq":99,"at":"2026-11-23T10:01:18Z"}' from journal group by domain""");
        (await TextAsync(Id(1))).Should().Contain("WrapUp 1:18.000–…");
    }
}
