using CallCrm.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.CallFlow.Tests;

[Trait("Category", "Slow")]
public sealed class HostDefaultsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    sealed class SampleOptions
    {
        public int Port { get; set; }

        public TimeSpan Limit { get; set; }

        public bool On { get; set; }

        public List<SampleItem> Items { get; } = [];
    }

    sealed class SampleItem
    {
        public string Name { get; set; } = "";
    }

    static string Problem(string json, params KnownSection[] sections)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json);
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.Configuration["CallCrm:ConfigFile"] = file;
            var add = () => builder.AddCallCrmDefaults(sections);
            return add.Should().Throw<ConfigurationException>().Which.ToString();
        }
        finally
        {
            File.Delete(file);
        }
    }

    static readonly KnownSection Router = new("Router", typeof(SampleOptions));

    [Fact]
    public void All_unknown_keys_and_wrong_types_are_named_with_what_was_expected()
    {
        var text = Problem("""{"Router":{"Prt":1,"Port":"many","Limit":"soon","On":"maybe","Items":[{"Nme":"x"}]},"Databse":{}}""", Router);
        text.Should().Contain("Databse: unknown section (did you mean Database?)")
            .And.Contain("Router:Prt: unknown key (did you mean Port?)")
            .And.Contain("Router:Port is 'many': expected a whole number")
            .And.Contain("Router:Limit is 'soon': expected a duration")
            .And.Contain("Router:On is 'maybe': expected true or false")
            .And.Contain("Router:Items:0:Nme: unknown key (did you mean Name?)");
        text.Should().NotContain("   at ");
    }

    [Fact]
    public void A_section_of_which_another_process_reads_more_may_have_other_keys_but_no_other_types() =>
        Problem("""{"Router":{"AgiPort":4573,"Port":"many"}}""", new KnownSection("Router", typeof(SampleOptions), IsPart: true)).Should().Contain("Router:Port is 'many'").And.NotContain("AgiPort");

    [Fact]
    public void A_bare_number_is_no_duration() => Problem("""{"Router":{"Limit":"150"}}""", Router).Should().Contain("Router:Limit is '150', which would be days: expected a duration such as 00:00:05");

    [Fact]
    public void Broken_JSON_names_the_file_and_the_line() => Problem("{\n  \"Router\": {,}\n}").Should().Contain("cannot be read").And.Contain("LineNumber: 1");

    [Fact]
    public void A_named_file_that_is_not_there_is_an_error()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration["CallCrm:ConfigFile"] = "/nowhere/callcrm.json";
        var add = () => builder.AddCallCrmDefaults();
        add.Should().Throw<ConfigurationException>().WithMessage("*/nowhere/callcrm.json does not exist*");
    }

    [Fact]
    public void The_delivered_file_is_good()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration["CallCrm:ConfigFile"] = Path.Combine(Repository.Folder, "deploy", "callcrm.json");
        builder.AddCallCrmDefaults();
        builder.Configuration["Router:Domain"].Should().Be("main");
    }

    [PostgresFact]
    public async Task A_host_migrates_before_it_serves_and_shows_health_and_metrics()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["ConnectionStrings:CallCrm"] = await postgres.NewDatabaseAsync();
        builder.AddCallCrmDefaults();
        builder.Services.AddCallFlow(builder.Configuration);
        await using var app = builder.Build();
        app.MapCallCrmDefaults();
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        (await http.GetStringAsync("/health/live")).Should().Be("Healthy");
        (await http.GetStringAsync("/health/ready")).Should().Be("Healthy");
        (await http.GetStringAsync("/metrics")).Should().Contain("dotnet_");
        app.Services.GetRequiredService<ClientDirectory>().Should().NotBeNull();
        app.Services.GetRequiredService<SettingsReader>().Should().NotBeNull();
        await app.StopAsync();
    }
}
