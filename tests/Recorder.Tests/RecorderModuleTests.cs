using CallCrm.Recorder.Tests.Intake;
using CallCrm.TestKit;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CallCrm.Recorder.Tests;

[Trait("Category", "Slow")]
public sealed class RecorderModuleTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [PostgresFact]
    public async Task The_running_host_takes_a_recording_in()
    {
        var root = Directory.CreateTempSubdirectory("callcrm-recorder-").FullName;
        var incoming = Directory.CreateDirectory(Path.Combine(root, "incoming")).FullName;
        var database = await postgres.NewDatabaseAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration["ConnectionStrings:CallCrm"] = database;
        builder.Configuration["Recorder:StoreFolder"] = Path.Combine(root, "store");
        builder.Configuration["Recorder:PollInterval"] = "00:00:00.100";
        builder.Configuration["Pbx:0:RecordingFolder"] = incoming;
        builder.Services.AddCallFlow(builder.Configuration);
        builder.Services.AddRecorder(builder.Configuration);
        await using (var app = builder.Build())
        {
            await app.StartAsync();
            await File.WriteAllBytesAsync(Path.Combine(incoming, "milan-1.1-in.wav"), WavFiles.Tone(1));
            await File.WriteAllBytesAsync(Path.Combine(incoming, "milan-1.1-out.wav"), WavFiles.Tone(1));
            await File.WriteAllBytesAsync(Path.Combine(incoming, "milan-1.1.done"), []);

            await using var connection = new NpgsqlConnection(database);
            var status = "";
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (status != "ready")
            {
                await Task.Delay(50, limit.Token);
                status = await connection.ExecuteScalarAsync<string>("select status from recording");
            }

            await app.StopAsync();
        }

        Directory.GetFiles(Path.Combine(root, "store"), "*.opus", SearchOption.AllDirectories).Should().ContainSingle();
        Directory.Delete(root, recursive: true);
    }
}
