using System.Globalization;
using CallCrm.AgentWeb.Api;
using CallCrm.AgentWeb.Desk;
using CallCrm.AgentWeb.Drafts;
using CallCrm.AgentWeb.Frame;
using CallCrm.AgentWeb.Live;
using CallCrm.AgentWeb.Session;
using Microsoft.AspNetCore.Components.WebAssembly.Hosting;

var builder = WebAssemblyHostBuilder.CreateDefault(args);
var host = new Uri(builder.HostEnvironment.BaseAddress);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddLocalization(o => o.ResourcesPath = "Resources");
builder.Services.AddSingleton(s => new ApiClient(new HttpClient { BaseAddress = host, Timeout = TimeSpan.FromSeconds(20) }, s.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton(s => new FeedClient(new Uri(host, "hubs/live"), s.GetRequiredService<TimeProvider>()));
builder.Services.AddSingleton<Browser>();
builder.Services.AddSingleton<Ticker>();
builder.Services.AddSingleton<SignedIn>();
builder.Services.AddSingleton<DeskActions>();
builder.Services.AddSingleton<DraftBook>();

var app = builder.Build();
var session = app.Services.GetRequiredService<SignedIn>();
await session.LoadAsync();
var culture = CultureInfo.GetCultureInfo(session.Language);
(CultureInfo.DefaultThreadCurrentCulture, CultureInfo.DefaultThreadCurrentUICulture) = (culture, culture);
(CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, culture);
await app.Services.GetRequiredService<Browser>().SetLanguageAsync(session.Language);
await app.RunAsync();
