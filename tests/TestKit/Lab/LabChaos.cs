using System.Globalization;
using System.Text;

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
/// <param name="AfterFaults">What did not agree with <c>core show channels</c> after one of the faults, and invariants that broke without being named and mended.</param>
/// <param name="ByCdr">Calls that a CDR told of as well.</param>
/// <param name="Left">What is still open in CallCrm when the PBX has no channel any more.</param>
/// <param name="Evidence">Of what is wrong: CEL and journal.</param>
/// <param name="ReadsCel">The host imports CEL: then a call that ended unseen has no excuse.</param>
public sealed record LabChaosResult(bool ReadsCel, int Calls, IReadOnlyDictionary<CallEndKind, int> Truth, IReadOnlyList<CallLogDifference> Differences, IReadOnlyList<string> AfterFaults, int ByCdr, IReadOnlyList<string> Left, string Story,
    string Evidence)
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
        return text.AppendJoin('\n', Left).Append(Evidence).ToString();
    }
}

/// <summary>
/// Real calls on the real Asterisk while the host is killed, its AMI connection cut or slow, PostgreSQL stopped, Asterisk itself killed, at times drawn from a
/// seed. After each fault what is live here is held against <c>core show channels</c>, and the invariants' metric is read; at the end the call log is held
/// against Asterisk's CEL, its CDR and sipp's log.
/// </summary>
public static class LabChaos
{
    /// <summary>After its last channel: look-ups, the CEL's import and the last commits.</summary>
    static readonly TimeSpan Settle = TimeSpan.FromSeconds(12);

    /// <param name="database">Where the plan stops PostgreSQL: that server, which <paramref name="connection"/> names.</param>
    public static async Task<LabChaosResult> RunAsync(AsteriskLab lab, string connection, LabChaosPlan plan, StoppablePostgres? database = null)
    {
        await lab.QuietAsync();
        await using var relay = new TcpRelay(lab.AmiPort);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["Pbx:0:AmiPort"] = relay.Port.ToString(CultureInfo.InvariantCulture) };
        if (ReadsCel())
            settings["Pbx:0:CelFile"] = Path.Combine(lab.Folder, "log/cel-custom/cel.csv");
        await using var site = await LabSite.StartAsync(lab, connection, plan.Agents, settings);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, string.Join(',', site.Extensions), ring: TimeSpan.FromMilliseconds(400));
        await using var fallback = await lab.PhoneAsync(LabPhoneKind.Answer, "110", ring: TimeSpan.FromMilliseconds(200));
        await site.SitDownAsync(site.Extensions);
        var since = Now();
        var earlier = lab.Cel().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
        var run = new Run(site, relay, plan, database);
        var earlierRecords = lab.Cdr().Count;
        var callers = await run.GoAsync(lab);
        await lab.QuietAsync();
        await Task.Delay(Settle);
        await run.CountBreachesAsync();
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

        var told = Records().Select(r => r.Uniqueid).ToHashSet(StringComparer.Ordinal);
        return new LabChaosResult(ReadsCel(), truth.Count, truth.CountBy(c => c.End).ToDictionary(), differences, run.Wrong, truth.Count(c => told.Contains(c.UniqueId)), left, run.Story,
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

    sealed class Run(LabSite site, TcpRelay relay, LabChaosPlan plan, StoppablePostgres? database)
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
            // Seven of ten talk for a while, two give up while it rings, one has much to say.
            (int Share, double Patience_s, double Talk_s)[] kinds = [(7, 30, 3), (2, 0.25, 3), (1, 30, 9)];
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

        async Task KillAsync()
        {
            var from = Seconds();
            await CountBreachesAsync();
            await site.Host.KillAsync();
            var said = site.Host.Output.Length;
            await site.Host.StartAgainAsync();
            await SnapshotAsync(said);
            await site.ConnectAgainAsync();
            Note("killed", from);
        }

        /// <summary>Once before each end of a host, whose metric begins anew then: each breach stands by name in its log, mended.</summary>
        public async Task CountBreachesAsync()
        {
            using var http = new HttpClient();
            var lines = (await http.GetStringAsync(new Uri(site.Host.Address, "metrics"))).Split('\n').Where(l => l.StartsWith("callcrm_invariant_breaches", StringComparison.Ordinal)).ToArray();
            _breaches += (int)lines.Sum(l => double.Parse(l[(l.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
            foreach (var line in lines)
                Tell(line);
            var named = site.Host.Output.Split('\n').Count(l => l.Contains("Invariant ", StringComparison.Ordinal) && l.Contains(" broken, call ", StringComparison.Ordinal));
            if (_breaches != named)
                Wrong.Add($"{_breaches} invariants broke, {named} are named in the log");
        }

        async Task CutAsync(TimeSpan length)
        {
            var from = Seconds();
            var said = site.Host.Output.Length;
            await relay.CutAsync(length);
            await SnapshotAsync(said);
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
            await SnapshotAsync(said);
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

        /// <summary>Until the router has the whole picture again.</summary>
        async Task SnapshotAsync(int after)
        {
            try
            {
                await Eventually.BeAsync(
                    () => site.Host.Output is var said && said.Length > after && said.IndexOf("snapshot with", after, StringComparison.Ordinal) >= 0, TimeSpan.FromSeconds(30), "a snapshot of the PBX");
            }
            catch (TimeoutException e)
            {
                throw new TimeoutException($"{e.Message}; {Story}\n{string.Join('\n', site.Host.Output.Split('\n').TakeLast(60))}", e);
            }
        }

        void Note(string what, double from)
        {
            // What happens within a breath of it may have been seen or not.
            Unseen.Add((from - 1, Seconds() + 1));
            Tell(string.Create(CultureInfo.InvariantCulture, $"{what} for {Seconds() - from:F1} s"));
        }

        static double Seconds() => Now().ToUnixTimeMilliseconds() / 1000.0;
    }
}
