using CallCrm.CallFlow;
using CallCrm.CrmApi.Access;
using CallCrm.CrmApi.Live;
using CallCrm.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.CrmApi.Tests.Host;

/// <summary>The whole API on Kestrel, with real PostgreSQL and a database of its own.</summary>
public sealed class ApiHost : IAsyncLifetime
{
    readonly DirectoryInfo data = Directory.CreateTempSubdirectory("callcrm-api-");
    WebApplication app = null!;

    internal FakeRouter Router { get; private set; } = null!;

    /// <summary>Over the usual settings; with effect after <see cref="RestartAsync"/>.</summary>
    internal Dictionary<string, string?> Settings { get; } = [];

    /// <summary>Of a password made or checked; with effect after <see cref="RestartAsync"/>.</summary>
    internal int PasswordRounds { get; set; } = Seeds.PasswordRounds;

    public string ConnectionString { get; private set; } = "";

    public Uri Address => new(app.Urls.First());

    public IServiceProvider Services => app.Services;

    public string RecordingFolder => Path.Combine(data.FullName, "recordings");

    internal NpgsqlDataSource Database => Services.GetRequiredService<NpgsqlDataSource>();

    internal Feed Feed => Services.GetRequiredService<Feed>();

    public async Task InitializeAsync()
    {
        ConnectionString = await new PostgresFixture().NewDatabaseAsync();
        Router = await FakeRouter.StartAsync();
        await using (var database = NpgsqlDataSource.Create(ConnectionString)) await Seeds.PlantAsync(database, Router.Address);
        app = Build();
        await app.StartAsync();
        await Feed.Loaded;
        // Roles that a test makes get none of the first defaults.
        await Services.GetRequiredService<RoleStore>().GiveDefaultsAsync(CancellationToken.None);
    }

    /// <summary>The process ends and another starts on the same database and address.</summary>
    public async Task RestartAsync()
    {
        var address = Address;
        await app.StopAsync();
        await app.DisposeAsync();
        app = Build(address.ToString());
        await app.StartAsync();
        await Feed.Loaded;
    }

    WebApplication Build(string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "CallCrm.CrmApi", EnvironmentName = "Production", ContentRootPath = data.FullName });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:CallCrm"] = ConnectionString,
            ["CallCrm:DataFolder"] = data.FullName,
            ["Pbx:0:Node"] = "pbx",
            ["Router:InternalKey"] = FakeRouter.Key,
            ["Access:SignInsPerMinute"] = "10000",
            ["Access:RequestsPerSecond"] = "10000",
            ["Access:KeyRequestsPerSecond"] = "10000",
            ["Scripts:Folder"] = Path.Combine(Repository.Folder, "scripts-library"),
            ["Site:CompanyName"] = "Example",
        });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.Logging.ClearProviders();
        if (Environment.GetEnvironmentVariable("CALLCRM_TEST_LOG") is not null) builder.Logging.AddConsole();
        builder.WebHost.UseUrls(url);
        builder.Services.AddCallFlow(builder.Configuration);
        builder.Services.AddCrmApi(builder.Configuration);
        builder.Services.Configure<PasswordHasherOptions>(o => o.IterationCount = PasswordRounds);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var built = builder.Build();
        built.MapCrmApi();
        return built;
    }

    internal Task<Page> SignInAsync(string login) => Page.SignInAsync(Address, login, Seeds.Password);

    public async Task DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await Router.DisposeAsync();
        data.Delete(recursive: true);
    }
}
