using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using CallCrm.CallFlow.Https;
using CallCrm.Contracts;
using CallCrm.TestKit;
using CallCrm.TestKit.Host;

namespace CallCrm.EndToEnd.Https;

/// <summary>A real nginx with the very file of deploy/nginx in front of the published host.</summary>
[Trait("Category", "EndToEnd")]
public sealed class BehindNginx(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    const string Claimed = "203.0.113.7";
    readonly string _folder = DemoSite.Folder("callcrm-nginx");
    readonly int _port = Ports.Free();
    Process? _nginx;

    public void Dispose()
    {
        if (_nginx is { HasExited: false })
        {
            using var stop = Process.Start("kill", ["-TERM", $"{_nginx.Id}"]);
            stop.WaitForExit();
            _nginx.WaitForExit(TimeSpan.FromSeconds(10));
        }

        _nginx?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [ProgramsFact("nginx")]
    public async Task Pops_come_by_the_live_feed_and_a_clients_address_is_its_own_whatever_it_claims()
    {
        var settings = DemoSite.Settings(await postgres.NewDatabaseAsync());
        settings["Web:TrustedProxies:0"] = "127.0.0.1";
        await using var host = await CallCrmHost.StartAsync(settings);
        var authority = await StartNginxAsync(host.Port);
        var https = new Uri($"https://localhost:{_port}/");

        // Through nginx: the address that nginx saw, not the one that was claimed to it.
        var (seen, cookie) = await SignInAsync(https, "127.0.0.5", authority);
        seen.Should().Be("127.0.0.5");
        cookie.Should().Contain("secure", "the host knows that the browser speaks HTTPS");

        // Past nginx, from an address that is no trusted proxy: nothing of the claim is believed.
        (seen, cookie) = await SignInAsync(host.Address, "127.0.0.6", authority);
        seen.Should().Be("127.0.0.6");
        cookie.Should().NotContain("secure");

        // The live feed is a WebSocket, and nothing else, through nginx: a call pops.
        await using var page = await AgentPage.OpenAsync(https, "demo", "demo", "demo", "110", authority: authority);
        (await page.NextAsync<PopEvent>(within: TimeSpan.FromSeconds(60))).Pop.Caller.Number.Should().NotBeNull();
        (await page.CommandAsync("pause", reason: "break")).Should().BeOfType<CommandAnswer>("commands go the same way");
    }

    [PostgresFact]
    public async Task A_proxy_that_is_no_address_ends_the_start_and_is_named()
    {
        var settings = DemoSite.Settings("Host=127.0.0.1;Port=1;Database=none;Username=none");
        settings["Web:TrustedProxies:0"] = "my-proxy";
        var (code, output) = await CallCrmHost.RunAsync(settings);
        code.Should().Be(78, output);
        output.Should().Contain("Web:TrustedProxies: 'my-proxy' is neither an address nor a network");
    }

    async Task<(string Address, string Cookie)> SignInAsync(Uri address, string from, X509Certificate2 authority)
    {
        var handler = AgentPage.Trusting(authority, new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancel) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var http = new HttpClient(handler) { BaseAddress = address };
        http.DefaultRequestHeaders.Add("Origin", address.GetLeftPart(UriPartial.Authority));
        http.DefaultRequestHeaders.Add("X-Forwarded-For", Claimed);
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", address.Scheme == "http" ? "https" : "http");
        using var answer = await http.PostAsJsonAsync("api/session", new SignInRequest("supervisor", "demo"), ContractsJson.Default.SignInRequest);
        answer.EnsureSuccessStatusCode();
        // The cookie is not sent back by itself over plain HTTP when it is marked secure; here it need not be.
        http.DefaultRequestHeaders.Add("Cookie", answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        var sessions = await http.GetFromJsonAsync("api/sessions", ContractsJson.Default.OpenSessionsView);
        return (sessions!.Items.Single(s => s.This).Address, answer.Headers.GetValues("Set-Cookie").Single());
    }

    async Task<X509Certificate2> StartNginxAsync(int hostPort)
    {
        var own = new OwnAuthority(_folder);
        own.MakeAuthority(["localhost"], TimeProvider.System.GetUtcNow());
        own.MakeServer(["localhost"], TimeProvider.System.GetUtcNow());
        var site = await File.ReadAllTextAsync(Path.Combine(Repository.Folder, "deploy/nginx/callcrm.conf"));
        foreach (var (from, to) in new[]
        {
            ("listen 443 ssl", $"listen 127.0.0.1:{_port} ssl"), ("server 127.0.0.1:8080", $"server 127.0.0.1:{hostPort}"), ("callcenter.example.com", "localhost"),
            ("/etc/ssl/callcrm/fullchain.pem", own.ServerFile), ("/etc/ssl/callcrm/privkey.pem", own.ServerKeyFile),
        })
        {
            site.Should().Contain(from);
            site = site.Replace(from, to, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(Path.Combine(_folder, "site.conf"), site);
        var user = Environment.IsPrivilegedProcess ? "user root;" : "";
        await File.WriteAllTextAsync(Path.Combine(_folder, "nginx.conf"), $$"""
            {{user}}
            daemon off;
            pid {{_folder}}/nginx.pid;
            error_log {{_folder}}/error.log;
            events {}
            http {
              access_log off;
              client_body_temp_path {{_folder}}/body; proxy_temp_path {{_folder}}/proxy; fastcgi_temp_path {{_folder}}/fastcgi; uwsgi_temp_path {{_folder}}/uwsgi; scgi_temp_path {{_folder}}/scgi;
              include {{_folder}}/site.conf;
            }
            """);
        var program = File.Exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
        _nginx = Process.Start(program, ["-p", _folder, "-c", Path.Combine(_folder, "nginx.conf"), "-e", Path.Combine(_folder, "error.log")]);
        await Eventually.BeAsync(() => _nginx.HasExited || Answers(), TimeSpan.FromSeconds(10), "nginx to listen");
        _nginx.HasExited.Should().BeFalse(await File.ReadAllTextAsync(Path.Combine(_folder, "error.log")));
        return own.Authority();
    }

    bool Answers()
    {
        try
        {
            using var tcp = new TcpClient("127.0.0.1", _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
