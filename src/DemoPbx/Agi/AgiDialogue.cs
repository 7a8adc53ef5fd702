using System.Globalization;
using System.Net.Sockets;
using System.Text;
using CallCrm.DemoPbx.Core;

namespace CallCrm.DemoPbx.Agi;

/// <summary>The FastAGI client: what Asterisk's <c>AGI(agi://…)</c> does, with AGIEXITONHANGUP=yes.</summary>
internal sealed class AgiDialogue(Exchange exchange, PbxChannel channel)
{
    private const int LongestLine_bytes = 64 * 1024;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Runs the dialogue and gives <c>AGISTATUS</c>: SUCCESS, FAILURE or HANGUP.</summary>
    public async Task<string> RunAsync(params IReadOnlyList<string> arguments)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(channel.Interrupted, exchange.PowerCut.Token);
        var address = new Uri(exchange.Options.AgiAddress);
        using var client = new TcpClient { NoDelay = true };
        if (!await ConnectAsync(client, address, stop.Token))
        {
            return stop.IsCancellationRequested ? "HANGUP" : "FAILURE";
        }

        try
        {
            var stream = client.GetStream();
            await stream.WriteAsync(Utf8.GetBytes(Environment(address, arguments)), stop.Token);
            return await TalkAsync(stream, stop.Token);
        }
        catch (OperationCanceledException)
        {
            exchange.PowerCut.Token.ThrowIfCancellationRequested();
            await SayHangupAsync(client);
            return "HANGUP";
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // A server that resets the connection counts as one that closed it: the dialplan goes on.
            return "SUCCESS";
        }
    }

    private async Task<bool> ConnectAsync(TcpClient client, Uri address, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), exchange.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            await client.ConnectAsync(address.Host, address.Port > 0 ? address.Port : 4573, both.Token);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            exchange.PowerCut.Token.ThrowIfCancellationRequested();
            return false;
        }
    }

    private async Task<string> TalkAsync(NetworkStream stream, CancellationToken cancel)
    {
        var commands = new AgiCommands(exchange, channel);
        var lines = new AgiReader(stream, LongestLine_bytes);
        while (await lines.ReadAsync(cancel) is { } line)
        {
            var reply = commands.Execute(line);
            await stream.WriteAsync(Utf8.GetBytes(reply + "\n"), cancel);
            if (commands.HangupAsked)
            {
                channel.Cause ??= HangupCause.Normal;
                channel.Interrupt(Interruption.Hangup);
            }
        }

        return "SUCCESS";
    }

    /// <summary>With AGIEXITONHANGUP=yes Asterisk says HANGUP twice, then closes (trace 23e).</summary>
    private static async Task SayHangupAsync(TcpClient client)
    {
        try
        {
            await client.GetStream().WriteAsync("HANGUP\nHANGUP\n"u8.ToArray(), CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidOperationException)
        {
            // The server was gone first.
        }
    }

    private string Environment(Uri address, IReadOnlyList<string> arguments)
    {
        var text = new StringBuilder();
        void Add(string key, string value) =>
            text.Append("agi_").Append(key).Append(": ").Append(value.ReplaceLineEndings(" ")).Append('\n');

        Add("network", "yes");
        Add("network_script", address.PathAndQuery.TrimStart('/'));
        Add("request", exchange.Options.AgiAddress);
        Add("channel", channel.Name);
        Add("language", "en");
        Add("type", channel.Device[..channel.Device.IndexOf('/', StringComparison.Ordinal)]);
        Add("uniqueid", channel.Uniqueid);
        Add("version", "22.10.1");
        Add("callerid", channel.CallerNumber.Length > 0 ? channel.CallerNumber : "unknown");
        Add("calleridname", channel.CallerName.Length > 0 ? channel.CallerName : "unknown");
        Add("callingpres", channel.Presentation.AgiNumber().ToString(CultureInfo.InvariantCulture));
        Add("callingani2", "0");
        Add("callington", "0");
        Add("callingtns", "0");
        Add("dnid", channel.Dnid.Length > 0 ? channel.Dnid : "unknown");
        Add("rdnis", "unknown");
        Add("context", channel.Context);
        Add("extension", channel.Exten);
        Add("priority", channel.Priority.ToString(CultureInfo.InvariantCulture));
        Add("enhanced", "0.0");
        Add("accountcode", "");
        Add("threadid", "139929810757312");
        for (var i = 0; i < arguments.Count; i++)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"arg_{i + 1}"), arguments[i]);
        }

        return text.Append('\n').ToString();
    }
}
