using System.Text.Json;
using Bunit;
using CallCrm.AgentWeb.Admin;
using CallCrm.AgentWeb.Frame;
using CallCrm.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace CallCrm.Agent.Web.Tests;

/// <summary>The bands that tell administrators that backups are not made, and that the certificate ends.</summary>
public sealed class HostNoticeTests : PageContext
{
    BackupView _view = new(Some.Noon.AddDays(-2), true);

    CertificateView _certificate = new(null, false, false);

    async Task<(IRenderedComponent<MainFrame> Frame, HostNotice Notice)> FrameAsync(string role)
    {
        Server.Answer = r => r.RequestUri!.AbsolutePath switch
        {
            "/api/session" => FakeServer.Json(JsonSerializer.Serialize(Some.As(role), ContractsJson.Default.SessionView)),
            "/api/admin/backup" => FakeServer.Json(JsonSerializer.Serialize(_view, ContractsJson.Default.BackupView)),
            "/api/admin/certificate" => FakeServer.Json(JsonSerializer.Serialize(_certificate, ContractsJson.Default.CertificateView)),
            _ => null,
        };
        JSInterop.Setup<Dictionary<string, string>>("callcrm.drafts", _ => true).SetResult([]);
        await Session.LoadAsync();
        Feed.Take(new FeedMessage("1", [], Snapshot: true, Desk: Some.Desk()));
        var notice = Services.GetRequiredService<HostNotice>();
        var frame = Render<MainFrame>();
        await notice.AskAsync();
        return (frame, notice);
    }

    [Fact]
    public async Task An_administrator_reads_how_old_the_last_backup_is_until_there_is_a_new_one()
    {
        var (frame, _) = await FrameAsync("admin");
        frame.WaitForAssertion(() => frame.Find("[data-test=backup-band]").TextContent.Should().Contain("The last backup is of").And.Contain("./callcrm backup"));
        _view = new BackupView(Some.Noon, false);
        Time.Advance(TimeSpan.FromMinutes(31));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=backup-band]").Should().BeEmpty());
    }

    [Fact]
    public async Task Where_none_was_ever_made_it_says_so()
    {
        _view = new BackupView(null, true);
        var (frame, _) = await FrameAsync("admin");
        frame.WaitForAssertion(() => frame.Find("[data-test=backup-band]").TextContent.Should().Contain("No backup has been made yet"));
    }

    [Theory]
    [InlineData(9, false, "ends")]
    [InlineData(-1, false, "ended")]
    [InlineData(200, true, "the former one is still in use")]
    public async Task An_administrator_reads_that_the_certificate_ends_or_that_a_new_one_is_broken(int days, bool refused, string expected)
    {
        _view = new BackupView(Some.Noon, false);
        _certificate = new CertificateView(Some.Noon.AddDays(days), Soon: days < 14, refused);
        var (frame, _) = await FrameAsync("admin");
        frame.WaitForAssertion(() => frame.Find("[data-test=certificate-band]").TextContent.Should().Contain(expected));
        _certificate = new CertificateView(Some.Noon.AddDays(397), false, false);
        Time.Advance(TimeSpan.FromMinutes(31));
        frame.WaitForAssertion(() => frame.FindAll("[data-test=certificate-band]").Should().BeEmpty());
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("supervisor")]
    [InlineData("manager")]
    public async Task Others_neither_see_it_nor_ask(string role)
    {
        var (frame, notice) = await FrameAsync(role);
        notice.Late.Should().BeNull();
        frame.FindAll("[data-test=backup-band]").Should().BeEmpty();
        Server.Asked.Should().NotContain(a => a.Path == "api/admin/backup" || a.Path == "api/admin/certificate");
    }
}
