using CallCrm.CallFlow;
using CallCrm.CallRouter;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddCallCrmDefaults([.. CallRouterModule.Sections]);
    builder.Services.AddCallFlow(builder.Configuration);
    builder.Services.AddCallRouter(builder.Configuration);

    var app = builder.Build();
    app.MapCallCrmDefaults();
    app.MapCallRouter();
    await app.RunCallCrmAsync();
    return 0;
}
catch (ConfigurationException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 78; // EX_CONFIG of sysexits.h
}
