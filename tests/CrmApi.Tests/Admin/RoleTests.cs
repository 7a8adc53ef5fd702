using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CallCrm.Contracts;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.TestKit;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CrmApi.Tests.Admin;

[Trait("Category", "Slow")]
public sealed class RoleTests(ApiHost host) : IClassFixture<ApiHost>
{
    static async Task<AdminView> DoneAsync(Task<HttpResponseMessage> asked)
    {
        using var answer = await asked;
        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.AdminView))!;
    }

    static Task<AdminView> SaveAsync(Page page, RoleSetup role) => DoneAsync(page.Http.PutAsJsonAsync($"api/admin/roles/{role.Code}", role, ContractsJson.Default.RoleSetup));

    static Task<AdminView> SaveAsync(Page page, DepartmentSetup department) => DoneAsync(page.Http.PutAsJsonAsync($"api/admin/departments/{department.Id}", department, ContractsJson.Default.DepartmentSetup));

    static async Task<IReadOnlyDictionary<string, string[]>> RefusedAsync<T>(Page page, string path, T item, JsonTypeInfo<T> type)
    {
        var (status, problem) = await page.ProblemAsync(HttpMethod.Put, path, JsonSerializer.Serialize(item, type));
        status.Should().Be(HttpStatusCode.BadRequest);
        return problem.Errors!;
    }

    static Task<IReadOnlyDictionary<string, string[]>> RefusedAsync(Page page, RoleSetup role) => RefusedAsync(page, $"api/admin/roles/{role.Code}", role, ContractsJson.Default.RoleSetup);

    static Task<IReadOnlyDictionary<string, string[]>> RefusedAsync(Page page, DepartmentSetup department) =>
        RefusedAsync(page, $"api/admin/departments/{department.Id}", department, ContractsJson.Default.DepartmentSetup);

    static Task<AdminView> ViewAsync(Page page) => page.GetAsync("api/admin", ContractsJson.Default.AdminView);

    [PostgresFact]
    public async Task The_builtin_roles_stand_there_with_the_catalogs_rights()
    {
        await using var ada = await host.SignInAsync("ada");
        var view = await ViewAsync(ada);
        view.Rights!.Select(r => (r.Code, r.Scoped)).Should().Equal(RightCatalog.All.Select(r => (r.Code, r.Scoped)));
        view.Roles!.Where(r => r.Builtin).Select(r => r.Code).Should().Equal(RightCatalog.BuiltinRoles);
        foreach (var role in view.Roles!.Where(r => r.Builtin && r.Version == 1))
            role.Rights.Should().BeEquivalentTo(RightCatalog.All.Where(r => r.Defaults.ContainsKey(role.Code)).ToDictionary(r => r.Code, r => RightCatalog.NameOf(r.Defaults[role.Code])), role.Code);
    }

    [PostgresFact]
    public async Task A_role_is_made_from_a_copy_renamed_given_out_and_taken_away_when_nobody_has_it()
    {
        await using var ada = await host.SignInAsync("ada");
        var agent = (await ViewAsync(ada)).Roles!.Single(r => r.Code == "agent");
        var role = new RoleSetup("night_shift", "Night shift", false, new Dictionary<string, string>(agent.Rights) { ["board.view"] = "department" }, 0, "agent");
        var made = (await SaveAsync(ada, role)).Roles!.Single(r => r.Code == "night_shift");
        made.Should().BeEquivalentTo(role with { Version = 1, CopyOf = null });
        (await SaveAsync(ada, made with { Name = "Nights" })).Roles!.Single(r => r.Code == "night_shift").Should().BeEquivalentTo(made with { Name = "Nights", Version = 2 });
        (await ada.ProblemAsync(HttpMethod.Put, "api/admin/roles/night_shift", JsonSerializer.Serialize(made, ContractsJson.Default.RoleSetup))).Problem.ErrorId.Should().Be("edit_conflict");

        var luca = (await ViewAsync(ada)).Users.Single(u => u.Login == "luca");
        await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{luca.Id}", luca with { Role = "night_shift" }, ContractsJson.Default.UserSetup));
        await using (var page = await host.SignInAsync("luca"))
        {
            page.Session.Should().BeEquivalentTo(new { Roles = new[] { "night_shift", "agent" }, Model = "agent" });
            page.Session.Rights.Should().Contain("board.view", "department");
            (await page.GetAsync("api/live/board", ContractsJson.Default.BoardView)).Should().NotBeNull();
        }

        var (status, problem) = await ada.ProblemAsync(HttpMethod.Delete, "api/admin/roles/night_shift");
        (status, problem.Errors!["role"].Single()).Should().Be((HttpStatusCode.BadRequest, "that nobody has: Luca Neri does"));
        await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{luca.Id}", luca with { Version = luca.Version + 1 }, ContractsJson.Default.UserSetup));
        (await DoneAsync(ada.Http.DeleteAsync("api/admin/roles/night_shift"))).Roles.Should().NotContain(r => r.Code == "night_shift");
        (await ada.ProblemAsync(HttpMethod.Delete, "api/admin/roles/night_shift")).Status.Should().Be(HttpStatusCode.NotFound);
        (await ada.ProblemAsync(HttpMethod.Delete, "api/admin/roles/manager")).Problem.Errors.Should().ContainKey("role", "builtin roles stay");
        var kept = (await ada.GetAsync("api/admin/changes", ContractsJson.Default.ListPageSettingsChangeView)).Items.Where(c => c.Kind == "role").Select(c => (c.Name, c.Before is null, c.After is null));
        kept.Take(3).Should().Equal(("Nights", false, true), ("Nights", false, false), ("Night shift", true, false));
    }

    [PostgresFact]
    public async Task A_bad_role_names_its_fields()
    {
        await using var ada = await host.SignInAsync("ada");
        var errors = await RefusedAsync(ada, new RoleSetup("bad-code", " ", false, new Dictionary<string, string> { ["fly"] = "all", ["client.view"] = "half", ["client.create"] = "own" }, 0, "nobody"));
        errors.Keys.Should().BeEquivalentTo("code", "name", "copyOf", "rights");
        errors["rights"].Should().BeEquivalentTo("known rights: fly is none", "own, department or all for client.view", "all for client.create, which has no scope");
    }

    [PostgresFact]
    public async Task The_last_role_by_which_somebody_administers_keeps_that_right()
    {
        await using var ada = await host.SignInAsync("ada");
        var admin = (await ViewAsync(ada)).Roles!.Single(r => r.Code == "admin");
        var less = admin.Rights.Where(r => r.Key != Rights.Configure).ToDictionary(r => r.Key, r => r.Value);
        (await RefusedAsync(ada, admin with { Rights = less }))["rights"].Single().Should().Contain("settings.configure");

        // Another role with it, that nobody has, is not enough; with somebody in it, it is.
        var other = (await SaveAsync(ada, new RoleSetup("deputy", "Deputy", false, admin.Rights, 0, "admin"))).Roles!.Single(r => r.Code == "deputy");
        (await RefusedAsync(ada, admin with { Rights = less })).Should().ContainKey("rights");
        var marco = (await ViewAsync(ada)).Users.Single(u => u.Login == "marco");
        await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{marco.Id}", marco with { Role = "deputy" }, ContractsJson.Default.UserSetup));
        await SaveAsync(ada, admin with { Rights = less });
        (await ada.ProblemAsync(HttpMethod.Get, "api/admin")).Status.Should().Be(HttpStatusCode.Forbidden, "from the next request on");

        await using var deputy = await host.SignInAsync("marco");
        (await RefusedAsync(deputy, other with { Rights = less })).Should().ContainKey("rights");
        var (status, problem) = await deputy.ProblemAsync(HttpMethod.Put, $"api/admin/users/{marco.Id}", JsonSerializer.Serialize(marco with { Version = marco.Version + 1 }, ContractsJson.Default.UserSetup));
        (status, problem.Errors!["role"].Single()).Should().Be((HttpStatusCode.BadRequest, "one active administrator must remain"));
        await SaveAsync(deputy, (await ViewAsync(deputy)).Roles!.Single(r => r.Code == "admin") with { Rights = admin.Rights });
        await DoneAsync(deputy.Http.PutAsJsonAsync($"api/admin/users/{marco.Id}", marco with { Version = marco.Version + 1 }, ContractsJson.Default.UserSetup));
        await DoneAsync(ada.Http.DeleteAsync("api/admin/roles/deputy"));
    }

    [PostgresFact]
    public async Task An_administrator_who_never_set_a_password_keeps_nobody_else_from_being_the_last()
    {
        await using var ada = await host.SignInAsync("ada");
        var olga = new UserSetup(Guid.CreateVersion7(), "olga.admin", "Olga", "admin", "en", "Europe/Rome", false, false, true, 0);
        var view = await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{olga.Id}", olga, ContractsJson.Default.UserSetup));
        var own = view.Users.Single(u => u.Login == "ada");
        (await RefusedAsync(ada, $"api/admin/users/{own.Id}", own with { Role = "agent" }, ContractsJson.Default.UserSetup))["role"].Should().Equal("one active administrator must remain");
        var (status, problem) = await ada.ProblemAsync(HttpMethod.Post, $"api/admin/users/{own.Id}/leave", JsonSerializer.Serialize(new LeaveRequest(Guid.CreateVersion7(), own.Version), ContractsJson.Default.LeaveRequest));
        (status, problem.Errors!["role"].Single()).Should().Be((HttpStatusCode.BadRequest, "one active administrator must remain"));

        var admin = view.Roles!.Single(r => r.Code == "admin");
        await SaveAsync(ada, new RoleSetup("spare", "Spare", false, admin.Rights, 0, "admin"));
        view = await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{olga.Id}", olga with { Role = "spare", Version = 1, HasPassword = true }, ContractsJson.Default.UserSetup));
        var less = admin.Rights.Where(r => r.Key != Rights.Configure).ToDictionary(r => r.Key, r => r.Value);
        (await RefusedAsync(ada, view.Roles!.Single(r => r.Code == "admin") with { Rights = less })).Should().ContainKey("rights", "what a page says of a password counts for nothing");
        (await ActivatorUtilities.CreateInstance<FirstAdmin>(host.Services).FindOrMakeAsync(CancellationToken.None)).Should().BeNull("the start goes by the same rule");

        await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{olga.Id}", olga with { Role = "agent", Version = 2 }, ContractsJson.Default.UserSetup));
        await DoneAsync(ada.Http.DeleteAsync("api/admin/roles/spare"));
    }

    [PostgresFact]
    public async Task Departments_are_a_tree_without_cycles_and_leave_when_they_are_empty()
    {
        await using var ada = await host.SignInAsync("ada");
        DepartmentSetup Made(string name, Guid? parent) => new(Guid.CreateVersion7(), name, parent, 0);
        var sales = Made("Sales dept", null);
        var north = Made("North", sales.Id);
        var milan = Made("Milan", north.Id);
        foreach (var department in new[] { sales, north, milan }) await SaveAsync(ada, department);
        foreach (var parent in new[] { sales.Id, north.Id, milan.Id })
            (await RefusedAsync(ada, sales with { Parent = parent, Version = 1 }))["parent"].Should().Equal("a department that is not this one, nor below it");
        (await RefusedAsync(ada, Made(" ", Guid.NewGuid()))).Keys.Should().BeEquivalentTo("name", "parent");
        (await RefusedAsync(ada, Made("north", sales.Id)))["name"].Should().Equal("a name that no other department beside it has");
        await SaveAsync(ada, milan with { Parent = null, Version = 1 });
        (await SaveAsync(ada, sales with { Parent = milan.Id, Version = 1 })).Departments!.Single(d => d.Id == sales.Id).Should().Be(sales with { Parent = milan.Id, Version = 2 });

        var mila = (await ViewAsync(ada)).Users.Single(u => u.Login == "mila");
        var moved = await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{mila.Id}", mila with { Department = north.Id }, ContractsJson.Default.UserSetup));
        moved.Users.Single(u => u.Id == mila.Id).Department.Should().Be(north.Id);
        (await RefusedAsync(ada, $"api/admin/users/{mila.Id}", mila with { Department = Guid.NewGuid(), Version = mila.Version + 1 }, ContractsJson.Default.UserSetup)).Keys.Should().Equal("department");
        (await ada.ProblemAsync(HttpMethod.Delete, $"api/admin/departments/{north.Id}")).Problem.Errors!["department"].Should().Equal("that nobody is in: Mila Orlova is");
        (await ada.ProblemAsync(HttpMethod.Delete, $"api/admin/departments/{sales.Id}")).Problem.Errors!["department"].Should().Equal("with none below it: North is");
        await DoneAsync(ada.Http.PutAsJsonAsync($"api/admin/users/{mila.Id}", mila with { Version = mila.Version + 1 }, ContractsJson.Default.UserSetup));
        foreach (var gone in new[] { north.Id, sales.Id, milan.Id }) await DoneAsync(ada.Http.DeleteAsync($"api/admin/departments/{gone}"));
        (await ada.ProblemAsync(HttpMethod.Delete, $"api/admin/departments/{north.Id}")).Status.Should().Be(HttpStatusCode.NotFound);
    }

    [PostgresFact]
    public async Task A_right_of_a_later_release_is_given_as_to_the_model_and_what_was_taken_away_stays_away()
    {
        await using var database = await host.Database.OpenConnectionAsync();
        await database.ExecuteAsync(
            """
            insert into role (code, name, model) values ('floor', 'Floor', 'supervisor');
            insert into role_right (role, right_code, scope) values ('floor', 'call.view', 'own');
            delete from known_right where code = 'board.view';
            delete from role_right where right_code = 'board.view' or role = 'reviewer' and right_code = 'call.view';
            """);
        await host.Services.GetRequiredService<RoleStore>().GiveDefaultsAsync(default);
        (await database.QueryAsync<string>("select role from role_right where right_code = 'board.view' order by role")).Should()
            .Equal(RightCatalog.ByCode[Rights.SeeBoard].Defaults.Keys.Append("floor").Order(StringComparer.Ordinal));
        (await database.QueryAsync<string>("select scope from role_right where role = 'floor' order by right_code")).Should().Equal("all", "own");
        (await database.ExecuteScalarAsync<bool>("select exists (select from role_right where role = 'reviewer' and right_code = 'call.view')")).Should().BeFalse();
        await database.ExecuteAsync("insert into role_right (role, right_code, scope) values ('reviewer', 'call.view', 'all'); delete from role where code = 'floor'; update access_version set version = version + 1");
    }
}
