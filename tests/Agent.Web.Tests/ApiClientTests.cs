using System.Net;
using Bunit;
using CallCrm.AgentWeb.Api;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

public sealed class ApiClientTests : PageContext
{
    ApiClient Api => Services.GetRequiredService<ApiClient>();

    [Fact]
    public async Task A_page_instead_of_an_answer_is_a_bad_answer()
    {
        Server.Answer = _ => FakeServer.Text("<!DOCTYPE html><p>Sign in to the network", "text/html");
        (await Api.Invoking(a => a.BoardAsync()).Should().ThrowAsync<ApiException>()).Which.ErrorId.Should().Be("bad_answer");
    }

    [Fact]
    public async Task Broken_JSON_is_a_bad_answer()
    {
        Server.Answer = _ => FakeServer.Json("{\"items\":[");
        (await Api.Invoking(a => a.ClientsAsync("")).Should().ThrowAsync<ApiException>()).Which.ErrorId.Should().Be("bad_answer");
    }

    [Fact]
    public async Task A_server_that_is_away_or_too_slow_is_offline()
    {
        Server.Answer = _ => throw new HttpRequestException("TypeError: Failed to fetch");
        (await Api.Invoking(a => a.BoardAsync()).Should().ThrowAsync<ApiException>()).Which.ErrorId.Should().Be("offline");
        Server.Answer = _ => throw new TaskCanceledException("timeout");
        (await Api.Invoking(a => a.BoardAsync()).Should().ThrowAsync<ApiException>()).Which.ErrorId.Should().Be("offline");
    }

    [Fact]
    public async Task A_wait_that_was_given_up_is_no_failure()
    {
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        Server.Answer = _ => throw new TaskCanceledException("given up");
        await Api.Invoking(a => a.ClientsAsync("x", cancel: given.Token)).Should().ThrowAsync<OperationCanceledException>();
    }

    [Fact]
    public async Task A_refusal_carries_its_id_and_fields()
    {
        Server.Answer = _ => FakeServer.Text("""{"title":"Bad","status":400,"detail":"Name is needed.","errorId":"invalid","errors":{"name":["1 to 200 characters"]}}""", "application/problem+json", HttpStatusCode.BadRequest);
        var e = (await Api.Invoking(a => a.ClientAsync(Some.ClientId)).Should().ThrowAsync<ApiException>()).Which;
        (e.ErrorId, e.Message).Should().Be(("invalid", "Name is needed."));
        e.Errors["name"].Should().Equal("1 to 200 characters");
    }

    [Fact]
    public async Task An_ended_session_signs_the_page_out()
    {
        await Session.LoadAsync();
        Session.View.Should().NotBeNull();
        Server.Answer = _ => new HttpResponseMessage(HttpStatusCode.Unauthorized);
        await Api.Invoking(a => a.BoardAsync()).Should().ThrowAsync<ApiException>();
        Session.View.Should().BeNull();
    }

    [Fact]
    public async Task A_page_instead_of_the_session_says_the_server_is_away()
    {
        Server.Answer = _ => FakeServer.Text("<html>", "text/html");
        await Session.LoadAsync();
        Session.View.Should().BeNull();
        Session.Failure!.ErrorId.Should().Be("bad_answer");
    }
}
