using CallCrm.Recorder;

var builder = WebApplication.CreateBuilder(args);
if (builder.Configuration["CallCrm:ConfigFile"] is { Length: > 0 } file)
{
    builder.Configuration.AddJsonFile(Path.GetFullPath(file), optional: false).AddEnvironmentVariables().AddCommandLine(args);
}

builder.Services.AddCallFlow(builder.Configuration);
builder.Services.AddRecorder(builder.Configuration);

var app = builder.Build();
app.MapGet("/health/live", () => "ok");
await app.RunAsync();
