using System.Globalization;
using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Live;
using CallCrm.AgentWeb.Session;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;
using MudBlazor.Services;

var builder = WebAssemblyHostBuilder.CreateDefault(args);
var host = new Uri(builder.HostEnvironment.BaseAddress);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddLocalization(o => o.ResourcesPath = "Resources");
builder.Services.AddMudServices();
builder.Services.AddSingleton(s => new ApiClient(new HttpClient { BaseAddress = host }, s.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton(s => new FeedClient(new Uri(host, "hubs/live"), s.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton<SignedIn>();

var app = builder.Build();
var session = app.Services.GetRequiredService<SignedIn>();
await session.LoadAsync();
var culture = CultureInfo.GetCultureInfo(session.Language);
(CultureInfo.DefaultThreadCurrentCulture, CultureInfo.DefaultThreadCurrentUICulture) = (culture, culture);
await app.RunAsync();
