using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using CallCrm.TestKit.Host;

namespace CallCrm.TestKit.Lab;

/// <summary>A SIP phone whose keys a test presses (baresip over its control port).</summary>
public sealed class LabSoftphone : IAsyncDisposable
{
    readonly LabProgram _program;
    readonly TcpClient _tcp = new();

    LabSoftphone(LabProgram program) => _program = program;

    internal static async Task<LabSoftphone> StartAsync(AsteriskLab lab, string extension)
    {
        var control = Ports.Free();
        var phone = new LabSoftphone(LabProgram.Start("softphone",
            [lab.Name, extension, "--control", control.ToString(CultureInfo.InvariantCulture)]));
        try
        {
            await phone._program.ReadyAsync(TimeSpan.FromSeconds(15));
            await phone._tcp.ConnectAsync("127.0.0.1", control);
        }
        catch
        {
            await phone.DisposeAsync();
            throw;
        }

        return phone;
    }

    /// <summary>As typed on its keypad.</summary>
    public Task DialAsync(string number) => PressAsync("dial", number);

    public Task AcceptAsync() => PressAsync("accept");

    public Task HoldAsync() => PressAsync("hold");

    public Task ResumeAsync() => PressAsync("resume");

    public Task HangupAsync() => PressAsync("hangup");

    /// <summary>Blind transfer by REFER.</summary>
    public Task TransferAsync(string target) => PressAsync("transfer", target);

    /// <summary>Sends a command; the events that show its effect come from the PBX.</summary>
    async Task PressAsync(string command, string parameters = "")
    {
        var json = JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["command"] = command,
            ["params"] = parameters,
            ["token"] = "t",
        });
        await _tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{json.Length}:{json},"));
    }

    public ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        return _program.DisposeAsync();
    }
}
