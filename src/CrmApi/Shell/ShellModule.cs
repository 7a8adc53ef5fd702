namespace CallCrm.CrmApi.Shell;

/// <summary>Serves the pages: the document at every address that is no file, and the files of Agent.Web.</summary>
internal static class ShellModule
{
    public static void AddShell(this IServiceCollection services) =>
        services.AddRazorComponents().AddInteractiveWebAssemblyComponents();

    public static void MapShell(this WebApplication app)
    {
        app.MapStaticAssets().AllowAnonymous();
        app.MapRazorComponents<ShellDocument>().AddInteractiveWebAssemblyRenderMode().AllowAnonymous().DisableAntiforgery();
    }
}
