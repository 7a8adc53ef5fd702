using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using CallCrm.Contracts;
using CallCrm.TestKit.Host;

namespace CallCrm.Benchmarks.Database;

/// <summary>
/// One run for both figures: the published host on a database of 1,000,000 clients with names as people have them, 300,000 deals and 5,000,000 calls, asked over HTTP
/// by one signed-in agent, one request after the other, as an agent's page does. 200 requests warm up; then three times 400 of each.
/// </summary>
static class ClientRun
{
    const int WarmUp = 200;
    const int Each = 400;
    static readonly Lazy<Task<(double[][] Cards, double[][] Searches)>> s_runs = new(MeasureAsync);

    /// <summary>What people type: whole and half names, two fragments, ends of numbers, companies, a deal, two letters, and what is nowhere.</summary>
    static readonly string[] Fragments = ["rossi", "ferr", "mario bian", "giulia russo", "olga sm", "anova", "comp 12", "company 4711", "@mail", "client48", "roof 77", "ma", "xyzzy", "smith leed", "brunetti"];

    public static async Task<double[]> CardsAsync() => P95((await s_runs.Value).Cards);

    public static async Task<double[]> SearchesAsync() => P95((await s_runs.Value).Searches);

    static double[] P95(double[][] runs) => [.. runs.Select(run => run[(int)(run.Length * 0.95)])];

    static async Task<(double[][], double[][])> MeasureAsync()
    {
        await using var database = await BenchDatabase.StartAsync(clients: true, history: true);
        var token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        await using (var link = database.Pages.CreateCommand("insert into user_link (token_hash, user_id, created_at, expires_at) values ($1, $2, now(), now() + interval '1 day')"))
        {
            link.Parameters.AddWithValue(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
            link.Parameters.AddWithValue(BenchDatabase.Agent(1));
            await link.ExecuteNonQueryAsync();
        }

        await using var host = await CallCrmHost.StartAsync(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CallCrm:DataFolder"] = Directory.CreateTempSubdirectory("callcrm-bench").FullName,
            ["ConnectionStrings:CallCrm"] = database.Pages.ConnectionString,
            ["Demo:Enabled"] = "false",
            ["Access:RequestsPerSecond"] = "10000",
        });
        using var page = await SignInAsync(host.Address, token);
        await AskAsync(page, WarmUp, CardPath);
        await AskAsync(page, WarmUp, SearchPath);
        var (cards, searches) = (new double[3][], new double[3][]);
        for (var run = 0; run < 3; run++)
        {
            cards[run] = await AskAsync(page, Each, CardPath);
            searches[run] = await AskAsync(page, Each, SearchPath);
        }

        return (cards, searches);
    }

    static async Task<HttpClient> SignInAsync(Uri address, string token)
    {
        const string Password = "a password for the bench";
        var page = new HttpClient(new SocketsHttpHandler { CookieContainer = new CookieContainer() }) { BaseAddress = address };
        page.DefaultRequestHeaders.Add("Origin", address.GetLeftPart(UriPartial.Authority));
        using var set = await page.PostAsJsonAsync("api/session/link", new LinkUse(token, Password), ContractsJson.Default.LinkUse);
        set.EnsureSuccessStatusCode();
        using var signedIn = await page.PostAsJsonAsync("api/session", new SignInRequest("agent1", Password), ContractsJson.Default.SignInRequest);
        signedIn.EnsureSuccessStatusCode();
        return page;
    }

    static string CardPath(Random random) => $"api/clients/{BenchDatabase.Client(random.Next(1, BenchDatabase.Clients))}";

    static string SearchPath(Random random) => "api/clients?limit=12&query=" + Uri.EscapeDataString(random.Next(3) == 0
        ? random.Next(10_000, 9_999_999).ToString(CultureInfo.InvariantCulture)[..random.Next(4, 6)]
        : Fragments[random.Next(Fragments.Length)]);

    /// <summary>Milliseconds from the request to the last byte, sorted. The same requests in every run.</summary>
    static async Task<double[]> AskAsync(HttpClient page, int times, Func<Random, string> path)
    {
        var (random, took) = (new Random(20261128), new double[times]);
        for (var n = 0; n < times; n++)
        {
            var from = Stopwatch.GetTimestamp();
            using var answer = await page.GetAsync(path(random));
            await answer.Content.ReadAsByteArrayAsync();
            took[n] = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
            answer.EnsureSuccessStatusCode();
        }

        return [.. took.Order()];
    }
}

/// <summary>A client's card over HTTP, 95 of 100, among 1,000,000.</summary>
sealed class CardP95Figure : IFigure
{
    public string Name => "card.p95";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 60";

    public Task<double[]> RunAsync() => ClientRun.CardsAsync();
}

/// <summary>A search by a fragment over HTTP, 95 of 100: the same data.</summary>
sealed class SearchP95Figure : IFigure
{
    public string Name => "search.p95";

    public string Unit => "ms";

    public string Better => "lower";

    public string Goal => "≤ 50";

    public Task<double[]> RunAsync() => ClientRun.SearchesAsync();
}
