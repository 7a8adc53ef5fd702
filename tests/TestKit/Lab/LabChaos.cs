using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace CallCrm.TestKit.Lab;

/// <summary>What goes wrong.</summary>
public enum LabFault
{
    /// <summary>kill -9 of the host.</summary>
    Kill,

    /// <summary>Its AMI connection is reset, and nothing connects for a moment.</summary>
    Cut,

    /// <summary>What the PBX says arrives late for some seconds.</summary>
    Slow,

    /// <summary>kill -9 of Asterisk, and a new start.</summary>
    Asterisk,

    /// <summary>PostgreSQL is stopped for some seconds.</summary>
    Database,
}

/// <summary>How much of it.</summary>
/// <param name="Faults">In an order that the seed draws.</param>
public sealed record LabChaosPlan(int Calls, int PerSecond, int Agents, IReadOnlyList<LabFault> Faults, int Seed)
{
    public static IEnumerable<LabFault> Of(int kills, int cuts) => [.. Enumerable.Repeat(LabFault.Kill, kills), .. Enumerable.Repeat(LabFault.Cut, cuts)];
}

/// <param name="Differences">What the call log has wrong against Asterisk's CEL and the callers' own list.</param>
/// <param name="AfterFaults">What did not agree with <c>core show channels</c> after one of the faults, or only after more than a second; faults that hit no call; invariants that broke.</param>
/// <param name="Orphans">Recordings that belong to no call, by the metric and by the tables.</param>
/// <param name="Recordings">How many there are.</param>
/// <param name="ByCdr">Calls that a CDR told of as well.</param>
/// <param name="Left">What is still open in CallCrm when the PBX has no channel any more.</param>
/// <param name="Evidence">Of what is wrong: CEL and journal.</param>
/// <param name="ReadsCel">The host imports CEL: then a call that ended unseen has no excuse.</param>
public sealed record LabChaosResult(bool ReadsCel, int Calls, IReadOnlyDictionary<CallEndKind, int> Truth, IReadOnlyList<CallLogDifference> Differences, IReadOnlyList<string> AfterFaults, int ByCdr, IReadOnlyList<string> Left,
    IReadOnlyList<string> Orphans, int Recordings, string Story, string Evidence)
{
    /// <summary>Those that the host had a chance to get right.</summary>
    public IEnumerable<CallLogDifference> Inexcusable => Differences.Where(d => ReadsCel || !d.NeedsCel);

    public override string ToString()
    {
        var text = new StringBuilder().AppendLine(Story);
        text.AppendLine(CultureInfo.InvariantCulture, $"{Calls} calls ({string.Join(", ", Truth.Select(t => $"{t.Value} {t.Key}"))}), {Differences.Count} wrong, {Differences.Count(d => d.NeedsCel)} of them ended unseen");
        foreach (var difference in Differences)
            text.AppendLine(difference.ToString());
        text.AppendLine(CultureInfo.InvariantCulture, $"{ByCdr} of them also told by CDR; after the faults: {(AfterFaults.Count == 0 ? "all as the PBX has it" : string.Join("; ", AfterFaults))}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Recordings} recordings, of no call: {(Orphans.Count == 0 ? "none" : string.Join("; ", Orphans))}");
        return text.AppendJoin('\n', Left).Append(Evidence).ToString();
    }
}

/// <summary>
/// Real calls on the real Asterisk while the host is killed, its AMI connection cut or slow, PostgreSQL stopped, Asterisk itself killed, at times drawn from a
/// seed, and never while no call is on. After each fault what is live here is held against <c>core show channels</c> (after a login within a second of it, by the host's own
/// clock), and the invariants' metric is read: one breach is too many. At the end the call log is held against Asterisk's CEL, its CDR and sipp's log, and no recording may
/// belong to nobody.
/// </summary>
public static class LabChaos
{
    /// <summary>After its last channel: look-ups, the CEL's import and the last commits.</summary>
    static readonly TimeSpan Settle = TimeSpan.FromSeconds(12);

    /// <summary>"Right within 1 s of the new login."</summary>
    static readonly TimeSpan Right = TimeSpan.FromSeconds(1);

    /// <summary>From when on a recording without a call is one of nobody, here; and how often that is looked at.</summary>
    static readonly TimeSpan OrphanAfter = TimeSpan.FromSeconds(10), OrphanLook = TimeSpan.FromSeconds(16);

    /// <summary>A fault waits so long for calls to disturb.</summary>
    static readonly TimeSpan CallsWithin = TimeSpan.FromSeconds(20);

    /// <param name="database">Where the plan stops PostgreSQL: that server, which <paramref name="connection"/> names.</param>
    public static async Task<LabChaosResult> RunAsync(AsteriskLab lab, string connection, LabChaosPlan plan, StoppablePostgres? database = null)
    {
        await lab.QuietAsync();
        // What calls before have left, whose host is gone and took it not in: to this one they are calls of nobody.
        foreach (var file in Directory.GetFiles(lab.RecordingFolder))
            File.Delete(file);
        await using var relay = new TcpRelay(lab.AmiPort);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Pbx:0:AmiPort"] = relay.Port.ToString(CultureInfo.InvariantCulture), ["Recorder:MissingAfter"] = OrphanAfter.ToString() };
        if (ReadsCel())
            settings["Pbx:0:CelFile"] = Path.Combine(lab.Folder, "log/cel-custom/cel.csv");
        await using var site = await LabSite.StartAsync(lab, connection, plan.Agents, settings);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, string.Join(',', site.Extensions), ring: TimeSpan.FromMilliseconds(400));
        await using var fallback = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(200));
        await site.SitDownAsync(site.Extensions);
        var since = Now();
        var earlier = lab.Cel().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
        await using var starvation = new Starvation();
        var run = new Run(site, relay, plan, database, starvation);
        var earlierRecords = lab.Cdr().Count;
        var callers = await run.GoAsync(lab);
        await lab.QuietAsync();
        await Task.Delay(Settle);
        var oracle = new CallLogOracle("PJSIP/trunk", AgentAt);
        var truth = oracle.Read([.. lab.Cel().Where(r => !earlier.Contains(r.Uniqueid))], run.Crashes);
        var differences = oracle.Compare(truth, callers, Records(), await CallLogOracle.LogAsync(connection, since), run.Unseen);
        var left = await LeftAsync(connection);
        // A slow machine may not be through with it; what is wrong for good stays wrong.
        for (var n = 0; n < 20 && differences.Count + left.Count > 0; n++)
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            truth = oracle.Read([.. lab.Cel().Where(r => !earlier.Contains(r.Uniqueid))], run.Crashes);
            differences = oracle.Compare(truth, callers, Records(), await CallLogOracle.LogAsync(connection, since), run.Unseen);
            left = await LeftAsync(connection);
        }

        await Task.Delay(OrphanLook);
        await run.CountBreachesAsync();
        run.JudgeBreaches();
        var (orphans, recordings) = await OrphansAsync(site.Host.Address, connection);
        var told = Records().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
        return new LabChaosResult(ReadsCel(), truth.Count, truth.CountBy(c => c.End).ToDictionary(), differences, run.Wrong, truth.Count(c => told.Contains(c.UniqueId)), left, orphans, recordings, run.Story,
            await EvidenceAsync(lab, connection, differences));

        CdrRow[] Records() => [.. lab.Cdr().Skip(earlierRecords)];
    }

    /// <summary>110 is the fallback's.</summary>
    static string? AgentAt(string device) => device.StartsWith("PJSIP/1", StringComparison.Ordinal) && device != "PJSIP/110" ? LabSite.LoginAt(device[6..]) : null;

    static async Task<string> EvidenceAsync(AsteriskLab lab, string connection, IReadOnlyList<CallLogDifference> differences)
    {
        if (differences.Count == 0)
            return "";
        var text = new StringBuilder("\n");
        await using var source = Npgsql.NpgsqlDataSource.Create(connection);
        foreach (var difference in differences)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{difference}").AppendJoin('\n', lab.Cel().Where(r => r.Linkedid == difference.UniqueId)).AppendLine();
            await using var command = source.CreateCommand("""
                select to_char(at at time zone 'utc', 'HH24:MI:SS.MS') || ' ' || seq || ' ' || kind || ' ' || body::text from journal
                where call_id in (select call_id from call_leg where unique_id = $1) order by seq
                """);
            command.Parameters.AddWithValue(difference.UniqueId);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                text.AppendLine(reader.GetString(0));
        }

        return text.ToString();
    }

    /// <summary>A host that does not know the setting would refuse to start.</summary>
    static bool ReadsCel() =>
        File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(Host.PublishedHost.FindAssembly())!, "CallCrm.CallRouter.dll")).AsSpan().IndexOf("get_CelFile"u8) >= 0;

    static DateTimeOffset Now() => TimeProvider.System.GetUtcNow();

    /// <summary>Nobody is stuck: no call is open, no agent speaks or is kept, once the PBX is silent.</summary>
    static async Task<IReadOnlyList<string>> LeftAsync(string connection)
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand("""
            select 'call ' || id || ' is ' || state from call where state <> 'Ended'
            union all select 'agent ' || agent_id || ' is ' || state from agent_state where state in ('Talking', 'Ringing', 'Reserved')
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var left = new List<string>();
        while (await reader.ReadAsync())
            left.Add(reader.GetString(0));
        return left;
    }

    /// <summary>The recorder's own count, and a look of our own that knows no time limits.</summary>
    static async Task<(IReadOnlyList<string> Orphans, int Recordings)> OrphansAsync(Uri host, string connection)
    {
        var orphans = new List<string>();
        if (await MetricAsync(host, "callcrm_recordings_orphaned") is not [var counted])
            orphans.Add("the metric is not there");
        else if (counted.Value != 0)
            orphans.Add(counted.Line);
        await using var source = Npgsql.NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand("""
            select r.node || '-' || r.pbx_unique_id, exists (select from call_leg l join call c on c.id = l.call_id where l.node = r.node and l.unique_id = r.pbx_unique_id) from recording r
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var count = 0;
        for (; await reader.ReadAsync(); count++)
        {
            if (!reader.GetBoolean(1))
                orphans.Add(reader.GetString(0));
        }

        return (orphans, count);
    }

    static async Task<IReadOnlyList<(string Line, double Value)>> MetricAsync(Uri host, string name)
    {
        using var http = new HttpClient();
        return [.. (await http.GetStringAsync(new Uri(host, "metrics"))).Split('\n').Where(l => l.StartsWith(name, StringComparison.Ordinal)).Select(l => (l, ValueOf(l)))];

        static double ValueOf(string line) => double.Parse(line[(line.IndexOf('}') is >= 0 and var end ? end + 1 : line.IndexOf(' '))..].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    sealed class Run(LabSite site, TcpRelay relay, LabChaosPlan plan, StoppablePostgres? database, Starvation starvation)
    {
        readonly StringBuilder _story = new($"seed {plan.Seed}: ");

        public List<(double From, double To)> Unseen { get; } = [];

        /// <summary>When Asterisk was killed (Unix seconds).</summary>
        public List<double> Crashes { get; } = [];

        public string Story => _story.ToString();

        /// <summary>What did not agree with the PBX after a fault, and what broke unnamed.</summary>
        public List<string> Wrong { get; } = [];

        int _breaches;

        /// <summary>When each fault ended.</summary>
        void Tell(string what) => _story.Append(CultureInfo.InvariantCulture, $"{Now():HH:mm:ss.fff} {what}; ");

        public async Task<IReadOnlyList<CallerLog>> GoAsync(AsteriskLab lab)
        {
            // Seven of ten talk for a while, two give up while it rings, one has so much to say that the host is back before the end.
            (int Share, double Patience_s, double Talk_s)[] kinds = [(7, 30, 3), (2, 0.25, 3), (1, 30, 15)];
            var callers = new List<LabTraffic>();
            try
            {
                for (var (i, first) = (0, 1_000_000 + (plan.Seed % 8_000 * 1_000)); i < kinds.Length; i++)
                {
                    var count = plan.Calls * kinds[i].Share / 10;
                    callers.Add(LabTraffic.Start(lab, LabSite.Sales, first, count, Math.Max(1, plan.PerSecond * 60 * kinds[i].Share / 10), TimeSpan.FromSeconds(kinds[i].Patience_s), TimeSpan.FromSeconds(kinds[i].Talk_s)));
                    first += count;
                }

                await FaultsAsync(TimeSpan.FromSeconds(plan.Calls / (double)plan.PerSecond));
                foreach (var caller in callers)
                    await caller.EndAsync(TimeSpan.FromMinutes(3));
                return CallerLog.Of(callers.SelectMany(c => c.Steps));
            }
            finally
            {
                foreach (var caller in callers)
                    await caller.DisposeAsync();
            }
        }

        /// <summary>The faults in a random order, spread over the time in which calls come.</summary>
        async Task FaultsAsync(TimeSpan length)
        {
            var random = new Random(plan.Seed);
            LabFault[] faults = [.. plan.Faults];
            random.Shuffle(faults);
            var began = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < faults.Length; i++)
            {
                var at = length * ((i + 0.2 + (random.NextDouble() * 0.6)) / faults.Length);
                if (at - TimeProvider.System.GetElapsedTime(began) is { Ticks: > 0 } wait)
                    await Task.Delay(wait);
                var hit = await LiveAsync();
                Tell($"{faults[i]} hits {hit.Calls} calls, {hit.Talks} of them in talk");
                if (hit.Calls == 0)
                    Wrong.Add($"{faults[i]} hit no call");
                await (faults[i] switch
                {
                    LabFault.Kill => KillAsync(),
                    LabFault.Cut => CutAsync(TimeSpan.FromMilliseconds(random.Next(50, 1_500))),
                    LabFault.Slow => SlowAsync(TimeSpan.FromMilliseconds(random.Next(100, 800)), TimeSpan.FromSeconds(random.Next(2, 5))),
                    LabFault.Asterisk => CrashAsync(),
                    _ => DatabaseAsync(TimeSpan.FromSeconds(random.Next(2, 6))),
                });
                Wrong.AddRange((await LabSight.CompareAsync(site.Lab, site.Connection, AgentAt)).Select(w => $"after {faults[i]}: {w}"));
            }
        }

        /// <summary>Calls of clients that are on, once there is one that an agent talks in.</summary>
        async Task<(int Calls, int Talks)> LiveAsync()
        {
            var began = TimeProvider.System.GetTimestamp();
            while (true)
            {
                var channels = await site.Lab.SnapshotAsync();
                var (calls, talks) = (channels.Count(c => c.Device == "PJSIP/trunk"), channels.Count(c => c.Bridge.Length > 0 && AgentAt(c.Device) is not null));
                if (talks > 0 || TimeProvider.System.GetElapsedTime(began) > CallsWithin)
                    return (calls, talks);
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }

        async Task KillAsync()
        {
            var from = Seconds();
            await CountBreachesAsync();
            await site.Host.KillAsync();
            var said = site.Host.Output.Length;
            await site.Host.StartAgainAsync();
            await RightAsync("a kill", said);
            await site.ConnectAgainAsync();
            Note("killed", from);
        }

        /// <summary>Once before each end of a host, whose metric begins anew then.</summary>
        public async Task CountBreachesAsync()
        {
            foreach (var (line, value) in await MetricAsync(site.Host.Address, "callcrm_invariant_breaches"))
            {
                _breaches += (int)value;
                Tell(line);
            }
        }

        /// <summary>None is allowed, mended or not: neither counted nor named in the log, which also has those of a host's last moment.</summary>
        public void JudgeBreaches()
        {
            var named = site.Host.Output.Split('\n').Where(l => l.Contains("Invariant ", StringComparison.Ordinal) && l.Contains(" broken, call ", StringComparison.Ordinal)).Select(l => l.Trim()).ToArray();
            if (_breaches > 0 || named.Length > 0)
                Wrong.Add($"{_breaches} invariants broke, {named.Length} are named in the log: {string.Join(" | ", named)}");
        }

        async Task CutAsync(TimeSpan length)
        {
            var from = Seconds();
            var said = site.Host.Output.Length;
            await relay.CutAsync(length);
            await RightAsync("a cut", said);
            Note("cut", from);
        }

        async Task SlowAsync(TimeSpan late, TimeSpan length)
        {
            relay.Delay = late;
            await Task.Delay(length);
            relay.Delay = TimeSpan.Zero;
            Tell(string.Create(CultureInfo.InvariantCulture, $"slow by {late.TotalMilliseconds:F0} ms for {length.TotalSeconds:F0} s"));
        }

        async Task CrashAsync()
        {
            var (from, said) = (Seconds(), site.Host.Output.Length);
            await site.Lab.CrashAsync();
            Crashes.Add(Seconds());
            await site.Lab.RestartAsync();
            await RightAsync("Asterisk's death", said);
            Note("Asterisk killed", from);
        }

        async Task DatabaseAsync(TimeSpan length)
        {
            var server = database ?? throw new InvalidOperationException("This plan needs a PostgreSQL of its own.");
            await server.StopAsync();
            await Task.Delay(length);
            await server.StartAgainAsync();
            Tell(string.Create(CultureInfo.InvariantCulture, $"no database for {length.TotalSeconds:F0} s"));
        }

        /// <summary>
        /// Until the router has the whole picture again: by its own clock within a second of its login, and so it is shown. The look is made when that second is over, or later
        /// where we were late ourselves, and counts only what was so before the login: that has no excuse.
        /// </summary>
        async Task RightAsync(string fault, int after)
        {
            try
            {
                await Eventually.BeAsync(() => Logins(after).Count > 0, TimeSpan.FromSeconds(30), "the whole picture of the PBX");
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException($"{e.Message}; {Story}\n{string.Join('\n', site.Host.Output.Split('\n').TakeLast(60))}", e);
            }

            var last = Logins(after)[^1];
            if (last.At + Right - Now() is { Ticks: > 0 } wait)
                await Task.Delay(wait);
            var look = await LabSight.LookStrictlyAsync(site.Lab, site.Connection, AgentAt, last.At.ToUnixTimeMilliseconds() / 1000.0, Crashes);
            var late = Now() - last.At;
            Wrong.AddRange(look.Wrong.Select(w => string.Create(CultureInfo.InvariantCulture, $"{late.TotalSeconds:F1} s after the login that followed {fault}: {w}")));
            foreach (var login in Logins(after))
            {
                var starved = starvation.Between(login.At, login.At + login.Took);
                Tell(string.Create(CultureInfo.InvariantCulture, $"whole {login.Took.TotalMilliseconds:F0} ms after the login, {starved.TotalMilliseconds:F0} ms of them the machine's"));
                if (login.Took - starved > Right)
                    Wrong.Add(string.Create(CultureInfo.InvariantCulture, $"after {fault} the picture was whole only {login.Took.TotalSeconds:F3} s after the login"));
            }

            Tell(string.Create(CultureInfo.InvariantCulture, $"looked after {late.TotalSeconds:F1} s at {look.Channels} channels and {look.Talks} talks from before"));
        }

        /// <summary>As the host itself tells of them: when it logged in, and how long it took from there until all that followed from the snapshot was in the tables.</summary>
        IReadOnlyList<(DateTimeOffset At, TimeSpan Took)> Logins(int after) =>
            [.. s_whole.Matches(site.Host.Output, after).Select(m => (DateTimeOffset.Parse(m.Groups["at"].Value, CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(double.Parse(m.Groups["took"].Value, CultureInfo.InvariantCulture))))];

        static readonly Regex s_whole = new("whole again (?<took>[0-9]+) ms after the login of (?<at>[-0-9T:.+]+)\n", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));

        void Note(string what, double from)
        {
            // What happens within a breath of it may have been seen or not.
            Unseen.Add((from - 1, Seconds() + 1));
            Tell(string.Create(CultureInfo.InvariantCulture, $"{what} for {Seconds() - from:F1} s"));
        }

        static double Seconds() => Now().ToUnixTimeMilliseconds() / 1000.0;
    }
}
