using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CallCrm.TestKit;

namespace CallCrm.EndToEnd.Install;

/// <summary><c>./callcrm install</c> on a machine with a real systemd.</summary>
[Trait("Category", "EndToEnd")]
[Trait("Category", "Long")]
public sealed class InstallTests
{
    [ProgramsFact("systemd-nspawn", "nsenter")]
    public async Task A_service_of_its_own_user_runs_survives_a_crash_is_backed_up_and_keeps_its_data_when_it_is_taken_away()
    {
        await using var machine = await SystemdMachine.BootAsync();

        // A first installation.
        var installed = await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm install --port 8090 --https callcenter.example.com,127.0.0.1 --https-port 8443 --backup /srv/backups");
        installed.Should().Contain("CallCrm runs as the service callcrm: http://127.0.0.1:8090").And.Contain("sets the first administrator's password");
        installed.Should().Contain("for other machines by HTTPS, port 8443").And.Contain("/var/lib/callcrm/tls/ca.pem", "how browsers come to trust it");
        (await DoAsync(machine, "curl -sS -o /dev/null -w '%{http_code}' --cacert /var/lib/callcrm/tls/ca.pem https://127.0.0.1:8443/health/ready")).Should().Be("200");
        (await DoAsync(machine, "stat -c '%a %U' /var/lib/callcrm/tls/ca.key")).Should().Be("600 callcrm");
        (await DoAsync(machine, "systemctl is-active callcrm callcrm-backup.timer")).Should().Be("active\nactive");
        (await DoAsync(machine, "ps -o user= -p $(systemctl show -p MainPID --value callcrm)")).Should().Be("callcrm");
        (await DoAsync(machine, "ps -C postgres -o user= | sort -u")).Should().Be("callcrm", "the database runs as the same user");
        (await DoAsync(machine, "stat -c '%a %U:%G' /etc/callcrm/callcrm.json /etc/callcrm/environment /var/lib/callcrm")).Should().Be("640 callcrm:callcrm\n600 root:root\n750 callcrm:callcrm");
        (await DoAsync(machine, "stat -c %U /opt/callcrm/host/CallCrm.AllInOne.dll")).Should().Be("root", "the service cannot write its own program");
        (await DoAsync(machine, "journalctl -u callcrm -o cat")).Should().Contain("Sign in: http://127.0.0.1:8090");
        (await StatusAsync(machine, 8090)).Should().Be("200");
        var exposure = await DoAsync(machine, "systemd-analyze verify /etc/systemd/system/callcrm*.service /etc/systemd/system/callcrm*.timer; systemd-analyze security --no-pager callcrm.service | tail -n 1");
        exposure.Should().MatchRegex("Overall exposure level for callcrm.service: [0-2]\\.[0-9] OK").And.NotContain("/etc/systemd/system/callcrm");

        // Once more: nothing is changed, nothing restarts.
        var process = await DoAsync(machine, "systemctl show -p MainPID --value callcrm");
        await DoAsync(machine, "echo ' ' >> /etc/callcrm/callcrm.json");
        var settings = await DoAsync(machine, "sha256sum /etc/callcrm/callcrm.json /etc/callcrm/environment");
        await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm install");
        (await DoAsync(machine, "systemctl show -p MainPID --value callcrm")).Should().Be(process);
        (await DoAsync(machine, "sha256sum /etc/callcrm/callcrm.json /etc/callcrm/environment")).Should().Be(settings);

        // A crash: it comes back by itself, on the same database.
        await DoAsync(machine, $"kill -KILL {process}");
        await DoAsync(machine, $"for n in $(seq 60); do sleep 1; systemctl is-active --quiet callcrm && [ $(systemctl show -p MainPID --value callcrm) != {process} ] && exit 0; done; exit 1");
        (await DoAsync(machine, "systemctl show -p MainPID --value callcrm")).Should().NotBe(process);

        // The nightly backup, and the installed command, as the service's user.
        await DoAsync(machine, "systemctl start callcrm-backup.service");
        (await DoAsync(machine, "ls /srv/backups")).Should().MatchRegex("^callcrm-[0-9TZ-]+$");
        (await DoAsync(machine, "/opt/callcrm/callcrm doctor --port 8090")).Should().Contain("No faults").And.Contain("The last good backup is of");
        (await DoAsync(machine, "/opt/callcrm/callcrm certificate callcenter.example.com 127.0.0.1 && stat -c '%a %U' /var/lib/callcrm/tls/ca.key")).Should().EndWith("600 callcrm");
        (await machine.RunAsync("/opt/callcrm/callcrm restore /srv/backups")).Output.Should().Contain("systemctl stop callcrm");
        await DoAsync(machine, "systemctl stop callcrm && /opt/callcrm/callcrm restore /srv/backups --replace --yes && systemctl start callcrm");
        (await DoAsync(machine, "stat -c '%a %U:%G' /etc/callcrm/callcrm.json")).Should().Be("640 callcrm:callcrm");
        (await StatusAsync(machine, 8090)).Should().Be("200");

        // Stopping ends the database too, in order.
        await DoAsync(machine, "systemctl stop callcrm");
        (await machine.RunAsync("pgrep -u callcrm -l")).Output.Should().BeEmpty();
        (await DoAsync(machine, "tail -n 1 /var/lib/callcrm/postgres/server.log")).Should().Contain("database system is shut down");

        // Taken away: data and settings stay, and a new installation takes them up.
        (await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm install --uninstall")).Should().Contain("stay");
        (await machine.RunAsync("ls -d /opt/callcrm /etc/systemd/system/callcrm.service")).Code.Should().NotBe(0);
        (await DoAsync(machine, "cat /var/lib/callcrm/postgres/PG_VERSION && cat /etc/callcrm/callcrm.json")).Should().Contain("8090");
        (await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm install")).Should().Contain("http://127.0.0.1:8090");
        (await StatusAsync(machine, 8090)).Should().Be("200");
    }

    [ProgramsFact("systemd-nspawn", "nsenter")]
    public async Task A_given_certificate_is_served_to_other_machines()
    {
        await using var machine = await SystemdMachine.BootAsync();
        await DoAsync(machine, """
            mkdir -p /etc/ssl/own && cd /etc/ssl/own
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -addext subjectAltName=DNS:cc.example.com,IP:127.0.0.1 -days 30 -keyout a.key -out a.pem
            chmod 600 a.key
            """);
        var install = $"cd {Repository.Folder} && ./callcrm install --port 8090 --https cc.example.com,127.0.0.1 --https-port 8443 --certificate /etc/ssl/own/a.pem --key /etc/ssl/own/a.key";
        var (code, output) = await machine.RunAsync(install, 900);
        code.Should().Be(1, output);
        output.Should().Contain("the user callcrm cannot read /etc/ssl/own/a.key");
        await DoAsync(machine, "chgrp callcrm /etc/ssl/own/a.key && chmod 640 /etc/ssl/own/a.key");
        (await DoAsync(machine, install)).Should().Contain("for other machines by HTTPS, port 8443");
        (await DoAsync(machine, "curl -sS -o /dev/null -w '%{http_code}' --cacert /etc/ssl/own/a.pem https://127.0.0.1:8443/health/ready")).Should().Be("200");
        // At an address of this machine that others see, by the certificate's name; and nothing there without HTTPS.
        await DoAsync(machine, "ip address add 192.0.2.10/32 dev lo");
        (await DoAsync(machine, "curl -sS -o /dev/null -w '%{http_code}' --cacert /etc/ssl/own/a.pem --resolve cc.example.com:8443:192.0.2.10 https://cc.example.com:8443/")).Should().Be("200");
        (await machine.RunAsync("curl -sS http://192.0.2.10:8090/")).Code.Should().Be(7, "refused");
        (await machine.RunAsync("ls /var/lib/callcrm/tls")).Code.Should().NotBe(0, "no authority of its own is made beside it");
        (await DoAsync(machine, install)).Should().Contain("8443", "once more does no harm");

        // What a second run would change is said, not passed over.
        foreach (var (change, message) in new[] { ("--port 8091", "--port is for the first installation"), ("--https cc.example.com", "--https is for the first installation"), ("--https cc.example.com --https-port 8443", "--https is for the first installation") })
        {
            (code, output) = await machine.RunAsync($"cd {Repository.Folder} && ./callcrm install {change}");
            code.Should().Be(1, output);
            output.Should().Contain(message);
        }
    }

    [ProgramsFact("systemd-nspawn", "nsenter")]
    [Trait("Category", "Long")]
    public async Task An_upgrade_of_the_service_backs_up_first_and_a_source_that_does_not_build_changes_nothing()
    {
        await using var machine = await SystemdMachine.BootAsync();
        await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm install --port 8090");
        var (process, stamp) = (await DoAsync(machine, "systemctl show -p MainPID --value callcrm"), await DoAsync(machine, "cat /opt/callcrm/host.stamp"));
        (await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm upgrade /srv/before")).Should().Contain("nothing to upgrade");

        // New source that does not build.
        await DoAsync(machine, $"echo 'no code' >> {Repository.Folder}/src/AllInOne/Program.cs");
        var (code, output) = await machine.RunAsync($"cd {Repository.Folder} && ./callcrm upgrade /srv/before", 900);
        code.Should().Be(1, output);
        output.Should().Contain("The upgrade failed before anything was changed");
        (await DoAsync(machine, "systemctl show -p MainPID --value callcrm")).Should().Be(process);
        (await machine.RunAsync("ls /srv/before")).Output.Should().BeEmpty();

        // One that does, but no room for the backup: without it nothing is upgraded.
        await DoAsync(machine, $"cd {Repository.Folder} && sed -i '$ d' src/AllInOne/Program.cs && echo '// newer' >> src/AllInOne/Program.cs");
        await DoAsync(machine, "mkdir /srv/small && mount -t tmpfs -o size=1m,uid=$(id -u callcrm),mode=700 none /srv/small");
        (code, output) = await machine.RunAsync($"cd {Repository.Folder} && ./callcrm upgrade /srv/small", 900);
        code.Should().Be(1, output);
        output.Should().Contain("without a backup nothing is upgraded").And.Contain("The upgrade failed before anything was changed");
        (await DoAsync(machine, "systemctl show -p MainPID --value callcrm")).Should().Be(process);
        (await DoAsync(machine, "cat /opt/callcrm/host.stamp")).Should().Be(stamp);
        (await machine.RunAsync("ls -A /srv/small")).Output.Should().Be(".callcrm-backup.lock", "nothing half is left");

        // And with room.
        (code, output) = await machine.RunAsync($"cd {Repository.Folder} && ./callcrm upgrade /srv/before", 900);
        code.Should().Be(0, output);
        output.Should().Contain("Upgraded. The backup before it: /srv/before/callcrm-").And.Contain("the former program: /opt/callcrm/host.old");
        (await DoAsync(machine, "systemctl is-active callcrm")).Should().Be("active");
        (await DoAsync(machine, "systemctl show -p MainPID --value callcrm")).Should().NotBe(process);
        (await DoAsync(machine, "cat /opt/callcrm/host.stamp")).Should().NotBe(stamp);
        (await DoAsync(machine, "stat -c '%U %n' /opt/callcrm/host/CallCrm.AllInOne.dll /opt/callcrm/host.old/CallCrm.AllInOne.dll | sort -u | wc -l")).Should().Be("2");
        (await StatusAsync(machine, 8090)).Should().Be("200");
        (await DoAsync(machine, $"cd {Repository.Folder} && ./callcrm upgrade /srv/before")).Should().Contain("nothing to upgrade");
    }

    [ProgramsFact("systemd-nspawn", "nsenter")]
    public async Task What_stands_in_the_way_is_said_before_anything_is_changed()
    {
        await using var machine = await SystemdMachine.BootAsync();
        await RefusedAsync("setpriv --reuid nobody --regid nogroup --clear-groups", "", "install needs root: sudo ./callcrm install");
        await RefusedAsync("", "--port 99999", "--port wants a number from 1 to 65535, not '99999'");
        await RefusedAsync("", "--backup some/folder", "--backup wants a whole path");
        await RefusedAsync("", "--https", "--https needs the name by which browsers come");
        await RefusedAsync("", "--https 'a b'", "--https wants names or addresses with commas");
        await RefusedAsync("", "--https cc.example.com --https-port 0", "--https-port wants a number");
        await RefusedAsync("", "--certificate /etc/hostname --key /etc/hostname", "go with --https NAME");
        await RefusedAsync("", "--https cc.example.com --certificate /etc/hostname", "are given together");
        await RefusedAsync("", "--https cc.example.com --certificate /none.pem --key /none.key", "there is no file /none.pem");
        await RefusedAsync("", "--https cc.example.com --certificate /etc/hostname --key /etc/hostname", "/etc/hostname is no certificate in PEM form");
        const string Pair = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -addext subjectAltName=DNS:cc.example.com";
        await DoAsync(machine, $"mkdir -p /etc/ssl/own && cd /etc/ssl/own && {Pair} -days 30 -keyout a.key -out a.pem && {Pair} -days 30 -keyout b.key -out b.pem && cp a.pem a.key /root/");
        await DoAsync(machine, $"cd /etc/ssl/own && cat > old.pem <<'PEM'\n{Ended()}\nPEM\ncp old.pem old.key");
        await RefusedAsync("", "--https cc.example.com --certificate /root/a.pem --key /root/a.key", "/root/a.pem is where the service cannot look");
        await RefusedAsync("", "--https cc.example.com --certificate /etc/ssl/own/a.pem --key /etc/ssl/own/b.key", "is not the key of the certificate");
        await DoAsync(machine, "openssl pkey -in /etc/ssl/own/a.key -aes256 -passout pass:x -out /etc/ssl/own/locked.key");
        await RefusedAsync("", "--https cc.example.com --certificate /etc/ssl/own/a.pem --key /etc/ssl/own/locked.key", "or has a password");
        await RefusedAsync("", "--https other.example.com --certificate /etc/ssl/own/a.pem --key /etc/ssl/own/a.key", "is not for other.example.com");
        await RefusedAsync("", "--https cc.example.com,127.0.0.1 --certificate /etc/ssl/own/a.pem --key /etc/ssl/own/a.key", "is not for 127.0.0.1");
        await RefusedAsync("", "--https cc.example.com --certificate /etc/ssl/own/old.pem --key /etc/ssl/own/old.key", "has ended");
        await RefusedAsync("", "--https cc.example.com --https-port 8080", "two services cannot share a port");
        await RefusedAsync("", "--what", "install does not know '--what'");
        await RefusedAsync("", "--uninstall", "CallCrm is not installed here");
        await DoAsync(machine, "systemd-run --quiet --unit=other python3 -m http.server --bind 127.0.0.1 8090 && sleep 1");
        await RefusedAsync("", "--port 8090", "port 8090 is in use by another program");
        await RefusedAsync("", "--agi-port 8090", "port 8090, where the PBX asks for routes, is in use");
        await DoAsync(machine, "mv /run/systemd/system /run/systemd/system.away");
        await RefusedAsync("", "", "no systemd runs this machine");
        (await machine.RunAsync("ls -d /opt/callcrm /etc/callcrm /var/lib/callcrm; id callcrm")).Output.Should().NotMatchRegex("^/", "nothing was made").And.Contain("no such user");

        async Task RefusedAsync(string by, string args, string message)
        {
            var (code, output) = await machine.RunAsync($"cd {Repository.Folder} && {by} ./callcrm install {args}");
            code.Should().Be(1, output);
            output.Should().Contain(message);
        }
    }

    /// <summary>A certificate whose last day was yesterday, with its key: openssl req makes none.</summary>
    static string Ended()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("cc.example.com");
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256) { CertificateExtensions = { names.Build() } };
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-30), now.AddDays(-1));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem();
    }

    static async Task<string> DoAsync(SystemdMachine machine, string command)
    {
        var (code, output) = await machine.RunAsync(command);
        code.Should().Be(0, $"{command}: {output}");
        return output;
    }

    static async ValueTask<string> StatusAsync(SystemdMachine machine, int port) =>
        (await machine.RunAsync($"repo={Repository.Folder} parts={Repository.Folder}/deploy/command; . $parts/common.sh; http_status 127.0.0.1 {port} /health/ready")).Output;
}
