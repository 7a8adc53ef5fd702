using System.Net;
using System.Net.Http.Json;
using CallCrm.Contracts;
using CallCrm.TestKit.Host;
using CallCrm.TestKit.Lab;

namespace CallCrm.EndToEnd.Days;

/// <summary>What the agents of several tests do.</summary>
static class DaySteps
{
    public static async Task<AsteriskLab> LabAsync()
    {
        var lab = await AsteriskLab.SharedAsync();
        await lab.QuietAsync();
        return lab;
    }

    public static async Task<SessionView> MeAsync(AgentPage page) => (await page.Http.GetFromJsonAsync("api/session", ContractsJson.Default.SessionView))!;

    public static async Task WrapUpAsync(AgentPage page, Guid call)
    {
        var catalog = await page.Http.GetFromJsonAsync("api/catalog", ContractsJson.Default.CatalogView);
        using var saved = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave(catalog!.Dispositions[0].Code, "", "", true, page.PageId, Guid.CreateVersion7()), ContractsJson.Default.WrapUpSave);
        saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
    }
}
