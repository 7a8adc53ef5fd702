using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Calls;

/// <summary>What the host did not see, or saw too late: the call log tells the truth all the same.</summary>
[Collection(LabCollection.Name)]
[Trait("Category", "Lab")]
public sealed class Healing(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    static readonly LabCallPlan Plan = new(LabHost.Sales) { Talk = TimeSpan.FromSeconds(2) };

    [LabFact]
    public async Task Calls_of_the_time_in_which_the_host_was_dead_are_in_the_log_with_their_true_ends()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        var shown = new HashSet<Guid>();
        await using (var anna = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101"))
        await using (var page = await AgentPage.OpenAsync(host.Address, "supervisor", "demo"))
        {
            // The demo company's own history stands in the log already.
            shown.UnionWith((await RowsAsync(page)).Select(r => r.Id));

            // One is in talk when the host dies, and ends before it is back.
            await using var running = lab.Call(Plan with { From = "+393471112261", Talk = TimeSpan.FromSeconds(6) });
            await running.StepAsync("answered");
            await EventuallyAsync(async () => (await RowsAsync(page)).Any(r => r is { State: "Talking" } && Number(r) == "+393471112261"), "the call is shown as talking");
            await host.KillAsync();

            // Two come and go meanwhile, one of them without saying who it is.
            await using var known = lab.Call(Plan with { From = "+393471112262" });
            (await known.EndAsync()).Should().Be(0);
            await using var withheld = lab.Call(Plan with { From = "+393471112263", Withheld = true });
            (await withheld.EndAsync()).Should().Be(0);
            await running.EndAsync();
        }

        await host.StartAgainAsync();
        await using var again = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        List<CallRow> rows = [];
        await EventuallyAsync(async () =>
        {
            rows = [.. (await RowsAsync(again)).Where(r => !shown.Contains(r.Id))];
            return rows.Count(r => r.Outcome == "Fallback") == 2 && rows.Any(r => r is { Outcome: "Answered", Estimated: false });
        }, "the two calls of the fallback, and the true end of the third");

        var (first, second, third) = (rows[2], rows[1], rows[0]);
        Number(first).Should().Be("+393471112261");
        first.Talk_s.Should().BeInRange(5, 7, "it was told by the PBX, not guessed");
        Number(second).Should().Be("+393471112262");
        second.Talk_s.Should().BeInRange(0, 3);
        Number(third).Should().NotContain("347", "the number was withheld");
        rows.Should().OnlyContain(r => r.State == "Ended" && !r.Estimated);
        await Task.Delay(TimeSpan.FromSeconds(4));
        (await RowsAsync(again)).Count(r => !shown.Contains(r.Id)).Should().Be(3, "each once and no more");
    }

    [LabTheory]
    [InlineData(1)]
    [InlineData(5)]
    public Task Frozen_host_loses_no_caller(int seconds) => FreezeAsync(TimeSpan.FromSeconds(seconds));

    [LabFact]
    [Trait("Category", "Long")]
    public Task Host_frozen_for_a_minute_loses_no_caller() => FreezeAsync(TimeSpan.FromMinutes(1));

    /// <summary>A new caller is in the fallback within 2.5 s (or served, should the host be back before), one on hold within 23 s; then all goes on.</summary>
    async Task FreezeAsync(TimeSpan length)
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        await using var host = await LabHost.StartAsync(postgres, lab);
        await using var phones = await lab.PhoneAsync(LabPhoneKind.Answer, "101,110", ring: TimeSpan.FromMilliseconds(300), talk: TimeSpan.FromSeconds(60));
        await using var page = await AgentPage.OpenAsync(host.Address, "anna", "demo", lab.Node, "101", ready: false);
        await using var watch = await lab.WatchAsync();
        await using var held = lab.Call(Plan with { From = "+393471112271", Talk = TimeSpan.FromSeconds(90) });
        await watch.UserEventAsync("CallCrmHold", TimeSpan.FromSeconds(10));

        await host.FreezeAsync();
        var frozen = TimeProvider.System.GetTimestamp();
        try
        {
            await using var caller = lab.Call(Plan with { From = "+393471112272", Talk = TimeSpan.FromSeconds(1) });
            var invited = TimeProvider.System.GetTimestamp();
            if (length > TimeSpan.FromSeconds(3))
            {
                var invite = await caller.StepAsync("invite");
                var fallback = await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(15));
                (LabAmi.AtSeconds(fallback) - invite.AtSeconds).Should().BeLessThan(2.5);
                (await caller.EndAsync()).Should().Be(0);
            }

            if (length > TimeSpan.FromSeconds(25))
            {
                await watch.UserEventAsync("LabFallback", TimeSpan.FromSeconds(45), index: 1);
                TimeProvider.System.GetElapsedTime(frozen).Should().BeLessThan(TimeSpan.FromSeconds(23), "a turn on hold is 20 s at most, whatever is said in it");
            }

            var left = length - TimeProvider.System.GetElapsedTime(invited);
            if (left > TimeSpan.Zero)
                await Task.Delay(left);
        }
        finally
        {
            await host.ThawAsync();
        }

        await host.WaitReadyAsync(TimeSpan.FromSeconds(20));
        await page.CommandAsync("ready");
        if (length < TimeSpan.FromSeconds(15))
            await held.StepAsync("answered", TimeSpan.FromSeconds(40));
        await lab.CliAsync("channel request hangup all");
        await using var supervisor = await AgentPage.OpenAsync(host.Address, "supervisor", "demo");
        await EventuallyAsync(async () => (await RowsAsync(supervisor)).Take(2).All(r => r.State == "Ended"), "no call stays open");
    }

    /// <summary>As people see it, but without the gaps.</summary>
    static string Number(CallRow row) => (row.Caller.Number ?? "").Replace(" ", "", StringComparison.Ordinal);

    static async Task<IReadOnlyList<CallRow>> RowsAsync(AgentPage page) =>
        (await page.Http.GetFromJsonAsync("api/calls?limit=10", ContractsJson.Default.ListPageCallRow))!.Items;

    static async Task EventuallyAsync(Func<Task<bool>> ask, string what)
    {
        for (var left = 450; left > 0; left--)
        {
            if (await ask())
                return;
            await Task.Delay(100);
        }

        throw new TimeoutException($"Not within 45 s: {what}");
    }
}
