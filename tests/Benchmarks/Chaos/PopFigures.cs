using System.Globalization;
using CallCrm.TestKit;
using CallCrm.TestKit.Lab;
using Microsoft.Playwright;
using Npgsql;

namespace CallCrm.Benchmarks.Chaos;

/// <summary>
/// The lab at 20 calls/s for five minutes: three agents at real Chromium pages, and others whose pages are real feed clients without a
/// browser, as so many browsers would eat the cores that are measured. What counts is painted in a browser. Calls go to all alike, one
/// every seven seconds to each: still many more than a person takes, as a talk lasts a second here.
/// </summary>
static class PopRun
{
    const int Browsers = 3;
    const int Agents = 144;

    /// <summary>Calls a second; CALLCRM_POP_RATE=2 tries the harness where the cores are not free (the figure is then none), as does a shorter CALLCRM_POP_SECONDS.</summary>
    static readonly int s_rate = Setting("CALLCRM_POP_RATE", 20);
    static readonly int s_seconds = Setting("CALLCRM_POP_SECONDS", 300);
    static readonly Lazy<Task<(double[] Waits_ms, double[] Leads_ms)>> s_run = new(MeasureAsync);

    static int Setting(string name, int normally) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : normally;

    public static async Task<double> WaitP99Async() => (await s_run.Value).Waits_ms is var waits ? waits[Math.Min(waits.Length - 1, (int)(waits.Length * 0.99))] : 0;

    /// <summary>Percent of the pops that were painted before the phone had its INVITE.</summary>
    public static async Task<double> BeforeRingAsync() => (await s_run.Value).Leads_ms is var leads ? 100.0 * leads.Count(l => l >= 0) / leads.Length : 0;

    public static async Task<double> LatestAsync() => -(await s_run.Value).Leads_ms.Min();

    static async Task<(double[] Waits_ms, double[] Leads_ms)> MeasureAsync()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        var database = await new PostgresFixture().NewDatabaseAsync();
        await using var site = await LabSite.StartAsync(lab, database, Agents,
            // All sign in from one address.
            new Dictionary<string, string>(StringComparer.Ordinal) { ["Access:SignInsPerMinute"] = "1000" });
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var pages = new List<PopPage>();
        var (phones, rest) = (new List<LabPhone>(), new List<LabPhone>());
        try
        {
            // Calls go round by who has been free the longest, first as they sat down: those with browsers a third of the round apart, as three pops at once
            // would share the cores with each other, which agents at machines of their own do not.
            foreach (var some in site.Extensions.Chunk(Agents / Browsers))
            {
                phones.Add(await lab.PhoneAsync(LabPhoneKind.Answer, some[0], ring: TimeSpan.FromMilliseconds(300)));
                pages.Add(await PopPage.OpenAsync(browser, site.Host.Address, LabSite.LoginAt(some[0]), some[0]));
                rest.Add(await lab.PhoneAsync(LabPhoneKind.Answer, string.Join(',', some[1..]), ring: TimeSpan.FromMilliseconds(300)));
                await site.SitDownAsync(some[1..]);
            }

            // The first calls warm everything up.
            await CallAsync(lab, 2_000_000, 5 * s_rate);
            var calls = await CallAsync(lab, 3_000_000, s_seconds * s_rate);
            var pairs = new List<Pair>();
            var painted = 0;
            for (var i = 0; i < Browsers; i++)
            {
                var pops = await pages[i].PaintedAsync();
                painted += pops.Length;
                pairs.AddRange(Match(calls, phones[i].Steps, pops));
            }

            if (pairs.Count == 0)
                throw new InvalidOperationException($"No call reached a browser's agent without waiting first; {painted} pops were painted.");
            double[] waits = [.. pairs.Select(p => p.Wait_ms).Order()];
            await Console.Error.WriteLineAsync(FormattableString.Invariant($"  {waits.Length} pops measured ({painted} painted with the warm-up) in {Browsers} browsers, of {s_seconds * s_rate} calls at {s_rate}/s; the latest {-pairs.Min(p => p.Lead_ms):F0} ms after the phone's INVITE; median wait {waits[waits.Length / 2]:F0} ms"));
            await TellSlowestAsync(database, pairs);
            return (waits, [.. pairs.Select(p => p.Lead_ms)]);
        }
        finally
        {
            foreach (var phone in phones.Concat(rest))
                await phone.DisposeAsync();
        }
    }

    static async Task<IReadOnlyList<LabStep>> CallAsync(AsteriskLab lab, int first, int count)
    {
        await using var traffic = LabTraffic.Start(lab, LabSite.Sales, first, count, rate: s_rate * 60, patience: TimeSpan.FromSeconds(20), talk: TimeSpan.FromSeconds(1));
        await traffic.EndAsync(TimeSpan.FromMinutes(8));
        return traffic.Steps;
    }

    /// <summary>A call's moments in Unix seconds: the caller's INVITE, the pop painted, the INVITE at the agent's phone.</summary>
    sealed record Pair(string Caller, double Invited, double Painted, double Rang)
    {
        public double Wait_ms => (Painted - Invited) * 1000;

        public double Lead_ms => (Rang - Painted) * 1000;
    }

    /// <summary>Each ring of the phone with its caller's INVITE and the pop painted nearest to it. A caller who was held first is no measure; a ring without a pop counts as late as can be.</summary>
    static IEnumerable<Pair> Match(IReadOnlyList<LabStep> calls, IReadOnlyList<LabStep> rings, double[] painted)
    {
        var invites = calls.Where(s => s.What == "invite").ToDictionary(s => s.Rest.Trim(), StringComparer.Ordinal);
        var answers = calls.Where(s => s.What == "answered").ToDictionary(s => s.SipCallId, s => s.AtSeconds, StringComparer.Ordinal);
        foreach (var ring in rings.Where(s => s.What == "ringing"))
        {
            var from = ring.Rest.IndexOf("+39347", StringComparison.Ordinal);
            if (from < 0 || !invites.TryGetValue(ring.Rest[from..(from + 13)], out var invite) || (answers.TryGetValue(invite.SipCallId, out var answered) && answered < ring.AtSeconds))
                continue;
            var pop = painted.Where(p => p >= invite.AtSeconds && p < ring.AtSeconds + 2).DefaultIfEmpty(ring.AtSeconds + 2).Min();
            yield return new Pair(ring.Rest[from..(from + 13)], invite.AtSeconds, pop, ring.AtSeconds);
        }
    }

    /// <summary>Where the slowest ones spent their time: milliseconds after the INVITE at which each entry of the call was made, up to the ring.</summary>
    static async Task TellSlowestAsync(string database, IReadOnlyList<Pair> pairs)
    {
        await using var source = NpgsqlDataSource.Create(database);
        foreach (var slow in pairs.OrderByDescending(p => p.Wait_ms).Take(5))
        {
            await using var command = source.CreateCommand("""
                select string_agg(j.kind || ' ' || round(extract(epoch from j.at) * 1000 - $2::numeric), ', ' order by j.seq) from call c join journal j on j.call_id = c.id
                where c.caller_e164 = $1 and j.at < to_timestamp($3)
                """);
            command.Parameters.AddWithValue(slow.Caller);
            command.Parameters.AddWithValue((decimal)slow.Invited * 1000);
            command.Parameters.AddWithValue(Math.Max(slow.Rang, slow.Painted));
            await Console.Error.WriteLineAsync(FormattableString.Invariant($"  {slow.Caller}: {await command.ExecuteScalarAsync()}; painted {slow.Wait_ms:F0}, phone's INVITE {slow.Wait_ms + slow.Lead_ms:F0}"));
        }
    }
}

/// <summary>From the caller's INVITE to the pop painted in the agent's browser, 99 of 100.</summary>
sealed class PopLabP99Figure : IFigure
{
    public string Name => "pop.lab_p99";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 150";

    public async Task<double[]> RunAsync() => [await PopRun.WaitP99Async()];
}

/// <summary>Share of the pops that were painted before the agent's phone got its INVITE.</summary>
sealed class PopBeforeRingFigure : IFigure
{
    public string Name => "pop.before_ring";

    public string Unit => "%";

    public string Better => "higher";

    public string Goal => "≥ 99";

    public async Task<double[]> RunAsync() => [await PopRun.BeforeRingAsync()];
}

/// <summary>How long after the INVITE at the agent's phone the latest pop was painted: the other half of <c>pop.before_ring</c>. One that never came counts 2 s.</summary>
sealed class PopLatestFigure : IFigure
{
    public string Name => "pop.latest";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 50";

    public async Task<double[]> RunAsync() => [await PopRun.LatestAsync()];
}
