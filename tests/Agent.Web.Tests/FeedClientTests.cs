using CallCrm.AgentWeb.Live;
using CallCrm.Contracts;
using Microsoft.Extensions.Time.Testing;

namespace CallCrm.Agent.Web.Tests;

public sealed class FeedClientTests
{
    [Fact]
    public async Task A_lost_network_is_told_at_once_and_what_is_known_stays()
    {
        var time = new FakeTimeProvider(Some.Noon);
        await using var feed = new FeedClient(new Uri("http://server/hubs/live"), time);
        feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call())));
        feed.LineChanged(online: false);
        time.Advance(TimeSpan.FromSeconds(5));
        feed.LineChanged(online: false);
        feed.LostSince.Should().Be(Some.Noon, "the age of the loss counts from its first sign");
        feed.State.Call.Should().NotBeNull();
    }

    [Fact]
    public async Task Own_text_is_known_without_its_echo()
    {
        await using var feed = new FeedClient(new Uri("http://server/hubs/live"), new FakeTimeProvider(Some.Noon));
        feed.Take(Some.Snapshot(Some.Desk("Talking", call: Some.Call())));
        FeedMessage? told = null;
        feed.Changed += m => told = m;
        feed.TakeOwn(Some.CallId, Some.Field("note", "mine", 3));
        feed.State.Draft["note"].Value.Should().Be("mine");
        told.Should().BeNull("it did not come from the feed");
    }
}
