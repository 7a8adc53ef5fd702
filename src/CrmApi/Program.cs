using CallCrm.CrmApi;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddCallFlow(builder.Configuration);
builder.Services.AddCrmApi(builder.Configuration);

var app = builder.Build();
app.MapCrmApi();
await app.RunAsync();
