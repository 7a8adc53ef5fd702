using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CallCrm.CrmApi.Admin;

/// <summary>Administration in the page: people, roles, departments, queues, extensions, numbers, lists. Every change has effect at once and is kept.</summary>
internal static class AdminModule
{
    public static void AddAdmin(this IServiceCollection services)
    {
        services.AddSingleton<AdminStore>();
        services.AddSingleton<AdminWriter>();
        services.AddSingleton<HandoverStore>();
    }

    public static void Map(IEndpointRouteBuilder api)
    {
        var admin = api.MapGroup("/admin").RequireAuthorization(Rights.Configure).WithTags("Administration");
        admin.MapGet("/", async Task<Ok<AdminView>> (Person person, AdminStore store, CancellationToken cancel) => TypedResults.Ok(await store.ReadAsync(person.Id, cancel)))
            .WithName("GetSettings").WithSummary("All settings: people, roles, departments, queues, extensions, numbers, lists");
        admin.MapGet("/changes", async Task<Ok<ListPage<SettingsChangeView>>> (Person person, AdminStore store, CancellationToken cancel, string? cursor = null, int? limit = null) =>
                TypedResults.Ok(await store.ChangesAsync(person.Id, cursor, Cursor.Limit(limit), cancel)))
            .WithName("ListSettingsChanges").WithSummary("Who changed which setting when, from what to what; newest first");
        UserAdmin.Map(admin);
        UserAdmin.MapOwn(api);
        RoleAdmin.Map(admin);
        DepartmentAdmin.Map(admin);
        LeavingAdmin.Map(admin);
        QueueAdmin.Map(admin);
        CallAdmin.Map(admin);
        PlaceAdmin.Map(admin);
        ListAdmin.Map(admin);
        SkillAdmin.Map(admin);
        CampaignAdmin.Map(admin);
        PbxAdmin.Map(admin);
        FieldAdmin.Map(admin);
        SensitiveAdmin.Map(admin);
        LayoutAdmin.Map(admin);
        RequiredRuleAdmin.Map(admin);
    }

    public static Results<Ok<AdminView>, ProblemHttpResult> Answer(this AdminWriter.Written written) =>
        written.Refusal is { } refusal ? refusal : TypedResults.Ok(written.View!);
}
