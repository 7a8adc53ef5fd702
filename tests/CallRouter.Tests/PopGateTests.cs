using Microsoft.Extensions.Time.Testing;

namespace CallCrm.CallRouter.Tests;

public sealed class PopGateTests
{
    static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(150);

    readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Offer_leaves_as_soon_as_its_pop_is_painted()
    {
        var gate = new PopGate(_time);
        var offer = Guid.NewGuid();
        gate.Expect(offer);

        var waiting = gate.WaitAsync(offer, Lead, CancellationToken.None);
        waiting.IsCompleted.Should().BeFalse();
        gate.Seen(offer).Should().BeTrue();

        await waiting.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Offer_leaves_without_a_pop_when_the_lead_is_over()
    {
        var gate = new PopGate(_time);
        var offer = Guid.NewGuid();
        gate.Expect(offer);

        var waiting = gate.WaitAsync(offer, Lead, CancellationToken.None);
        _time.Advance(Lead);

        await waiting.WaitAsync(TimeSpan.FromSeconds(5));
        gate.Seen(offer).Should().BeFalse("nobody waits for it any more");
    }

    [Fact]
    public async Task Page_quicker_than_the_commit_is_not_missed()
    {
        var gate = new PopGate(_time);
        var offer = Guid.NewGuid();
        gate.Expect(offer);
        gate.Seen(offer);

        await gate.WaitAsync(offer, Lead, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5));
    }
}
