using CallCrm.CallFlow;
using CallCrm.CrmApi;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddCallCrmDefaults([.. CrmApiModule.Sections]);
    builder.Services.AddCallFlow(builder.Configuration);
    builder.Services.AddCrmApi(builder.Configuration);

    var app = builder.Build();
    app.MapCrmApi();
    app.MapCallCrmDefaults();
    await app.RunCallCrmAsync();
    return 0;
}
catch (ConfigurationException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 78; // EX_CONFIG of sysexits.h
}
