using CallCrm.AgentWeb.Live;

namespace CallCrm.Agent.Web.Tests;

public sealed class OneReadingTests
{
    [Fact]
    public async Task Whatever_asks_while_it_is_read_makes_one_more_reading()
    {
        var (reads, answer) = (0, new TaskCompletionSource());
        var look = new OneReading(() =>
        {
            reads++;
            return answer.Task;
        });
        var first = look.AskAsync();
        for (var n = 0; n < 5; n++)
            await look.AskAsync();
        reads.Should().Be(1);
        answer.SetResult();
        await first;
        reads.Should().Be(2);
        await look.AskAsync();
        reads.Should().Be(3);
    }

    [Fact]
    public async Task One_that_fails_holds_up_none_after_it()
    {
        var reads = 0;
        var look = new OneReading(() => ++reads == 1 ? Task.FromException(new InvalidOperationException("once")) : Task.CompletedTask);
        await look.Invoking(l => l.AskAsync()).Should().ThrowAsync<InvalidOperationException>();
        await look.AskAsync();
        reads.Should().Be(2);
    }
}
