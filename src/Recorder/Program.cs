using CallCrm.CallFlow;
using CallCrm.Recorder;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddCallCrmDefaults([.. RecorderModule.Sections]);
    builder.Services.AddCallFlow(builder.Configuration);
    builder.Services.AddRecorder(builder.Configuration);

    var app = builder.Build();
    app.MapCallCrmDefaults();
    await app.RunCallCrmAsync();
    return 0;
}
catch (ConfigurationException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 78; // EX_CONFIG of sysexits.h
}
