using System.Net.Http.Json;
using System.Reflection;
using System.Text.RegularExpressions;
using CallCrm.CallFlow;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.CrmApi.Tests.Live;
using CallCrm.Engine;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using static CallCrm.CrmApi.Tests.Access.ReachPlants;

namespace CallCrm.CrmApi.Tests.Access;

/// <summary>
/// Endpoint × right × scope × whose: each endpoint that holds what is in somebody's name, asked in every scope for what is one's own, of the own department, of one below it and of another. What is
/// out of reach is not answered, not counted, not changed, and, where one sees nothing of it, no different from what is not there. Rights and scopes are those of the catalog, endpoints those of the running host.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class ReachTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    IEnumerable<RouteEndpoint> Endpoints => host.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
        .Where(e => Path(e).StartsWith("/api", StringComparison.Ordinal) && Path(e) != "/api/{**rest}");

    static string Path(RouteEndpoint e) => "/" + e.RoutePattern.RawText!.Trim('/');

    static IEnumerable<string> Names(RouteEndpoint e) => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {Path(e)}");

    /// <summary>As the endpoint states them itself.</summary>
    static IEnumerable<string> ScopedRights(RouteEndpoint e) => e.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => RightCatalog.OrOwnCall.FirstOrDefault(p => p.Policy == a.Policy).Right ?? a.Policy)
        .OfType<string>().Where(r => RightCatalog.ByCode.GetValueOrDefault(r) is { Scoped: true }).Distinct();

    static bool Covers(RightScope scope, Things whose) => scope == RightScope.All || whose == Me || (scope == RightScope.Department && whose != Other);

    static readonly string[] Codes = [.. RightCatalog.All.Where(r => r.Scoped).Select(r => r.Code)];

    /// <summary>Each right alone is narrow, then all at once.</summary>
    public static IEnumerable<object[]> Cases => Codes.Append("all").SelectMany(_ => Enum.GetNames<RightScope>(), (r, s) => new object[] { r, s }).Where(c => (string)c[0] == "all" || (string)c[1] != nameof(RightScope.All));

    public async Task InitializeAsync()
    {
        await PeopleAsync(host);
        await PlantAsync(host);
        if (host.Feed.State.Agent(Me.Person).State != AgentState.SignedOut) return;
        await using var story = await SeatedAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [PostgresFact]
    public void Every_endpoint_has_a_line_and_none_whose_right_has_a_scope_is_nobodys()
    {
        var probed = ReachProbes.All.Select(p => p.Endpoint).ToHashSet();
        static bool Unowned(string name) => ReachProbes.Unowned.Keys.Any(u => u.Contains('#', StringComparison.Ordinal)
            ? name == $"{u.Split('#')[1]} {u.Split('#')[0]}" : name.Split(' ')[1] is var path && (path == u || path.StartsWith(u + "/", StringComparison.Ordinal)));
        Endpoints.SelectMany(Names).Where(n => !probed.Contains(n) && !Unowned(n)).Should().BeEmpty("an endpoint that holds what is somebody's needs a line in ReachProbes.All");
        probed.Except(Endpoints.SelectMany(Names)).Should().BeEmpty("what is asked is there");
        Endpoints.Where(e => ScopedRights(e).Any()).SelectMany(Names).Except(probed).Should().BeEmpty("whose right has a scope, holds what is somebody's");
        Codes.Except(Endpoints.SelectMany(e => ReachProbes.All.Where(p => Names(e).Contains(p.Endpoint)).SelectMany(p => Narrows(p, e)))).Should().BeEmpty("each right is tried at an endpoint");
    }

    static IEnumerable<string> Narrows(Probe probe, RouteEndpoint endpoint) => probe.IsOwn ? [] : probe.By ?? ScopedRights(endpoint).Concat(probe.Also);

    [PostgresTheory]
    [MemberData(nameof(Cases))]
    public async Task What_is_out_of_reach_is_neither_answered_nor_counted_nor_changed(string right, string scopeName)
    {
        var (scope, all) = (Enum.Parse<RightScope>(scopeName), right == "all");
        var endpoints = Endpoints.SelectMany(e => Names(e).Select(n => (n, e))).ToDictionary(e => e.n, e => e.e);
        var probes = ReachProbes.All.Where(p => all || Narrows(p, endpoints[p.Endpoint]).Contains(right)).ToList();
        // Whatever answers with a card answers with what hangs on it: on one's own, which all rights reach.
        var cards = Foreign.ContainsKey(right) && scope == RightScope.Own ? ReachProbes.All.Except(probes).Where(p => p.Endpoint.Contains("/api/clients/{id}", StringComparison.Ordinal)).ToList() : [];
        foreign = scope == RightScope.All ? [] : all ? [.. Foreign.Values, Linked] : right == Rights.WorkWithClients ? [Foreign[right], Linked] : Foreign.TryGetValue(right, out var one) ? [one] : [];
        await GrantAsync(right, scope);
        await using var page = await host.SignInAsync(Login);
        var wrong = new List<string>();
        foreach (var probe in probes) await TryAsync(page, probe, scope == RightScope.All && !probe.IsList ? [Me, Other] : People, t => probe.IsOwn ? t == Me : Covers(scope, t), all, wrong);
        foreach (var probe in cards) await TryAsync(page, probe, [Me], _ => true, blind: false, wrong);
        foreach (var url in foreign.Length > 0 ? ReachProbes.MayTell : []) Look(url, await page.Http.GetStringAsync(url), wrong);
        string.Join("\n", wrong).Should().BeEmpty();
    }

    /// <summary>What must not be told at all in this case.</summary>
    string[] foreign = [];

    void Look(string where, string body, List<string> wrong) => wrong.AddRange(foreign.Where(f => body.Contains(f, StringComparison.Ordinal)).Select(f => $"{where} tells {f}"));

    /// <param name="things">Whose are asked for.</param>
    /// <param name="blind">Of what is out of reach nothing at all is seen.</param>
    async Task TryAsync(Page page, Probe probe, Things[] things, Func<Things, bool> reaches, bool blind, List<string> wrong)
    {
        if (probe.IsList)
        {
            var (status, body) = await AskAsync(page, probe, Me);
            Look(probe.ToString(), body, wrong);
            if (status != 200) wrong.Add($"{probe} gave {status} {body}");
            else if (probe.Count is { } count)
            {
                if (count(body) != things.Count(reaches)) wrong.Add($"{probe} counted {count(body)} of {things.Count(reaches)}");
            }
            else wrong.AddRange(things.Where(t => body.Contains(probe.Mark!(t), StringComparison.Ordinal) != reaches(t)).Select(t => $"{probe}: {probe.Mark!(t)} {(reaches(t) ? "is missing" : "is told")}"));
            return;
        }

        foreach (var t in probe.Merged ? People : []) await MergeAsync(t.Client, t.Twin, t.Merge);
        var nothing = await AskAsync(page, probe, Ghost);
        var before = probe.Writes ? await SumAsync(host) : "";
        foreach (var of in things.Where(t => !reaches(t)))
        {
            var (status, body) = await AskAsync(page, probe, of);
            Look(probe.ToString(), body, wrong);
            if (probe.Mark is null ? status is 200 or 204 : body.Contains(probe.Mark(of), StringComparison.Ordinal)) wrong.Add($"{probe}: {of.Mark("all")} gave {status} {body}");
            // What one sees for another right's sake may be told apart; of a card that is seen, a part may be out of reach.
            if (blind && (Named(body, of) != Named(nothing.Body, Ghost) || status != nothing.Status)) wrong.Add($"{probe}: {of.Mark("all")} gave {status} {body}, and what is not there {nothing.Status} {nothing.Body}");
        }

        if (probe.Writes && await SumAsync(host) != before) wrong.Add($"{probe}: something changed");
        foreach (var of in things.Where(reaches))
        {
            if (probe.Shared) await PlantAsync(host);
            var (status, body) = await AskAsync(page, probe, of);
            Look(probe.ToString(), body, wrong);
            if (status is not (200 or 204) || (probe.Mark is { } mark && !body.Contains(mark(of), StringComparison.Ordinal))) wrong.Add($"{probe}: own {of.Mark("all")} gave {status} {body}");
        }

        if (probe.Writes || probe.Merged) await PlantAsync(host);
    }

    [PostgresFact]
    public async Task A_merge_is_undone_by_who_reaches_both_cards()
    {
        await MergeAsync(Me.Client, Other.Twin, Me.Merge);
        await using var page = await host.SignInAsync(Login);
        foreach (var scope in Enum.GetValues<RightScope>())
        {
            await GrantAsync(Rights.MergeClients, scope);
            var before = await SumAsync(host);
            using var undone = await page.Http.PostAsync($"api/clients/merges/{Me.Merge}/undo", null);
            ((int)undone.StatusCode).Should().Be(scope == RightScope.All ? 200 : 404, scope.ToString());
            (await SumAsync(host) == before).Should().Be(scope != RightScope.All, scope.ToString());
        }
    }

    static async Task<(int Status, string Body)> AskAsync(Page page, Probe probe, Things of)
    {
        using var request = probe.Request(of);
        using var answer = await page.Http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Without what tells requests apart: its trace, and ids that stood in it.</summary>
    static string Named(string body, Things of) => Ids().Replace(Trace().Replace(body, ""), "id").Replace(of.Number, "number", StringComparison.Ordinal);

    [GeneratedRegex("\"traceId\":\"[^\"]*\"")]
    private static partial Regex Trace();

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Ids();

    async Task MergeAsync(Guid winner, Guid loser, Guid merge)
    {
        await using var ada = await host.SignInAsync("ada");
        using var merged = await ada.Http.PostAsJsonAsync($"api/clients/{winner}/merge", new ClientMergeRequest(merge, loser, 1, 1, []), ContractsJson.Default.ClientMergeRequest);
        merged.StatusCode.Should().Be(System.Net.HttpStatusCode.OK, await merged.Content.ReadAsStringAsync());
    }

    /// <summary>Whatever there is, but this right in this scope.</summary>
    async Task GrantAsync(string right, RightScope scope)
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            "delete from role_right where role = @Role; insert into role_right (role, right_code, scope) select @Role, r, s from unnest(@rights, @scopes) as x(r, s); update access_version set version = version + 1",
            new
            {
                Role,
                rights = RightCatalog.All.Select(r => r.Code).ToArray(),
                scopes = RightCatalog.All.Select(r => RightCatalog.NameOf(r.Scoped && (right == "all" || r.Code == right) ? scope : RightScope.All)).ToArray(),
            });
    }

    static readonly Dictionary<string, string> HubMethods = new() { [nameof(LiveHub.Resume)] = Rights.SeeBoard, [nameof(LiveHub.PopSeen)] = "the person's own offers" };

    [PostgresTheory]
    [InlineData(nameof(RightScope.Own))]
    [InlineData(nameof(RightScope.Department))]
    [InlineData(nameof(RightScope.All))]
    public async Task The_live_feed_tells_of_whom_the_scope_reaches_and_takes_no_pop_of_others(string scopeName)
    {
        typeof(LiveHub).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Select(m => m.Name).Should().BeEquivalentTo(HubMethods.Keys, "a new hub method needs its own test here");
        var scope = Enum.Parse<RightScope>(scopeName);
        await using var story = await SeatedAsync();
        await GrantAsync("all", scope);
        await using var page = await host.SignInAsync(Login);
        await using var live = await page.OpenAsync();
        live.Answer.Board!.Agents.Select(a => a.AgentId).Intersect(People.Select(t => t.Person)).Should().BeEquivalentTo(People.Where(t => Covers(scope, t)).Select(t => t.Person));

        // What follows: to the last of all who is told of, nothing of the others has come.
        await story.WriteAsync([.. People.Reverse().Select(t => story.Agent(t.Person, AgentState.Paused, $"20{t.N}", null))]);
        await live.NextAsync<AgentEvent>(e => e.Agent.AgentId == Me.Person && e.Agent.State == "Paused");
        live.Events.OfType<AgentEvent>().Where(e => e.Agent.State == "Paused").Select(e => e.Agent.AgentId).Intersect(People.Select(t => t.Person)).Should().BeEquivalentTo(People.Where(t => Covers(scope, t)).Select(t => t.Person));

        foreach (var t in People)
        {
            var (call, offer) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            await story.WriteAsync([story.Agent(t.Person, AgentState.Ready, $"20{t.N}", null), .. story.Arrives(call, Story.From(t.Number), LookupOutcome.Known, t.Client), .. story.Offers(call, offer, t.Person, $"20{t.N}", t.Client)]);
            await story.WrittenAsync(host);
            await live.PopSeenAsync(offer, true);
            host.Router.PopsSeen.Any(p => p.Offer == offer).Should().Be(t == Me, $"the pop of {t.Mark("person")}");
            await story.WriteAsync([.. story.Fails(call, offer, t.Person, $"20{t.N}", OfferOutcome.NoAnswer), story.Abandons(call, 1000)]);
        }

        await story.WrittenAsync(host);
        live.Events.OfType<PopEvent>().Select(e => e.Pop.Card?.Id).Should().Equal(Me.Client);
    }

    /// <summary>Everybody at a place, and known to the board by name.</summary>
    async Task<Story> SeatedAsync()
    {
        var story = await Story.BeginAsync(host);
        await story.WriteAsync([.. People.Select(t => story.Agent(t.Person, AgentState.Ready, $"20{t.N}", null))]);
        await story.WrittenAsync(host);
        await host.Services.GetRequiredService<ChangeHints>().AddAsync("settings", "reach", null, null, CancellationToken.None);
        while (!host.Services.GetRequiredService<LiveFacts>().Names.People.ContainsKey(Other.Person)) await Task.Delay(20);
        return story;
    }
}
