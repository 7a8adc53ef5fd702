namespace CallCrm.CrmApi.Shell;

/// <summary>Serves the pages: the document at every address that is no file, and the files of Agent.Web.</summary>
internal static class ShellModule
{
    public static void AddShell(this IServiceCollection services) =>
        services.AddRazorComponents().AddInteractiveWebAssemblyComponents();

    public static void MapShell(this WebApplication app)
    {
        var manifest = Manifest(app.Environment.ApplicationName);
        app.MapStaticAssets(manifest).AllowAnonymous();
        app.MapRazorComponents<ShellDocument>().AddInteractiveWebAssemblyRenderMode().WithStaticAssets(manifest).AllowAnonymous().DisableAntiforgery();
    }

    /// <summary>All parts of a published host lie in one folder, with one list of the page's files, which has the host's name. Null: the one of this program.</summary>
    static string? Manifest(string application) =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, $"{application}.staticwebassets.endpoints.json"))
            ? null
            : Directory.GetFiles(AppContext.BaseDirectory, "*.staticwebassets.endpoints.json") is [var only] ? only : null;
}
