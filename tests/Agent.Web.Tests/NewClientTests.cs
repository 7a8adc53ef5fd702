using System.Net;
using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Clients;
using CallCrm.Contracts;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

/// <summary>A card that is made outside a call.</summary>
public sealed class NewClientTests : PageContext
{
    ClientCreate[] Sent => [.. Server.Asked.Where(a => a is { Method: "POST", Path: "api/clients" }).Select(a => JsonSerializer.Deserialize(a.Body, ContractsJson.Default.ClientCreate)!)];

    IRenderedComponent<NewClient> Form(HttpStatusCode? refused = null)
    {
        Server.Answer = r => r.Method != HttpMethod.Post || r.RequestUri!.AbsolutePath != "/api/clients" ? null
            : refused is { } status ? FakeServer.Text("""{"status":400,"errorId":"invalid","errors":{"phones":["not a number"]}}""", "application/problem+json", status)
            : FakeServer.Json(JsonSerializer.Serialize(Some.Card(), ContractsJson.Default.ClientCardView));
        return Render<NewClient>();
    }

    [Fact]
    public async Task A_person_with_numbers_is_sent_once_and_the_card_opened()
    {
        var form = Form();
        form.Find("[data-test=new-client-create]").HasAttribute("disabled").Should().BeTrue("nobody is named yet");
        form.Input("[data-test=new-client-name]", " Ada Neri ");
        form.Input("[data-test=new-client-phones]", "+39 02 1, +39 02 2");
        await form.Find("form").SubmitAsync();
        form.WaitForAssertion(() => Services.GetRequiredService<NavigationManager>().Uri.Should().EndWith($"clients/{Some.ClientId}"));
        var client = Sent.Should().ContainSingle().Which.Client;
        (client.Kind, client.Name, string.Join('|', client.Phones.Select(p => $"{p.Number} {p.IsMain}"))).Should().Be(("person", "Ada Neri", "+39 02 1 True|+39 02 2 False"));
    }

    [Fact]
    public void A_company_needs_no_persons_name()
    {
        var form = Form();
        form.Find("[data-test=new-client-kind]").Change("company");
        form.FindAll("[data-test=new-client-name]").Should().BeEmpty();
        form.Input("[data-test=new-client-company]", "Neri Srl");
        form.Find("form").Submit();
        form.WaitForAssertion(() => Sent.Should().ContainSingle().Which.Client.Should().BeEquivalentTo(new { Kind = "company", Name = "", Company = "Neri Srl" }));
    }

    [Fact]
    public async Task What_is_refused_stays_typed_and_the_second_try_is_the_same_card()
    {
        var form = Form(HttpStatusCode.BadRequest);
        form.Input("[data-test=new-client-name]", "Ada");
        form.Input("[data-test=new-client-phones]", "hello");
        await form.Find("form").SubmitAsync();
        form.WaitForAssertion(() => form.Find("[role=alert]").TextContent.Should().NotBeEmpty());
        form.Find("[data-test=new-client-phones]").GetAttribute("value").Should().Be("hello");
        await form.Find("form").SubmitAsync();
        form.WaitForAssertion(() => Sent.Should().HaveCount(2));
        Sent.Select(s => s.Id).Distinct().Should().ContainSingle();
    }
}
