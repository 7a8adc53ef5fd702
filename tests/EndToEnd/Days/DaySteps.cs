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

    /// <summary>May we notify phones: the line that manager-callcrm.conf has ready, in a comment.</summary>
    public static async Task GrantSystemAsync(AsteriskLab lab, bool granted)
    {
        var file = Path.Combine(lab.Folder, "etc/manager-callcrm.conf");
        var text = await File.ReadAllTextAsync(file);
        const string Plain = "write = call,originate,reporting,agent,user\n", WithSystem = "write = call,originate,reporting,agent,user,system\n";
        text = text.Replace("; " + WithSystem, "", StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, granted ? text.Replace("\n" + Plain, "\n" + WithSystem, StringComparison.Ordinal) : text.Replace("\n" + WithSystem, "\n" + Plain, StringComparison.Ordinal));
        await lab.CliAsync("manager reload");
    }

    public static async Task<SessionView> MeAsync(AgentPage page) => (await page.Http.GetFromJsonAsync("api/session", ContractsJson.Default.SessionView))!;

    public static async Task WrapUpAsync(AgentPage page, Guid call)
    {
        var catalog = await page.Http.GetFromJsonAsync("api/catalog", ContractsJson.Default.CatalogView);
        using var saved = await page.Http.PutAsJsonAsync($"api/calls/{call}/wrap-up", new WrapUpSave(catalog!.Dispositions[0].Code, "", "", true, page.PageId, Guid.CreateVersion7()), ContractsJson.Default.WrapUpSave);
        saved.StatusCode.Should().Be(HttpStatusCode.OK, await saved.Content.ReadAsStringAsync());
    }
}
