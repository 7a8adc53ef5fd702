using System.Net;
using System.Text;
using CallCrm.Telephony.FastAgi;
using CallCrm.TestKit;

namespace CallCrm.Telephony.Tests.FastAgi;

/// <summary>Every captured FastAGI dialogue: its bytes cut at every position, and as a whole over a real socket.</summary>
public sealed class AgiTraceTests
{
    public static TheoryData<string> Scenarios()
    {
        var data = new TheoryData<string>();
        foreach (var scenario in TraceLibrary.Scenarios.Where(s => TraceLibrary.Load(s).AgiDialogues.Count > 0))
            data.Add(scenario);
        return data;
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Dialogue_reads_the_same_wherever_its_bytes_are_cut(string scenario)
    {
        foreach (var dialogue in TraceLibrary.Load(scenario).AgiDialogues.Where(d => d.Environment.Count > 0))
        {
            var bytes = Encoding.UTF8.GetBytes(string.Concat(dialogue.Lines.Where(l => l.Direction == '<').Select(l => l.Text + "\n")));
            var expected = await ReadAsync(bytes, bytes.Length);
            expected.Should().StartWith(string.Join("\n", dialogue.Environment.Select(e => $"{e.Key}={e.Value}")));
            // Dialogues are much alike, and some hold 10 kB of usage text: every position only of the first in a scenario.
            for (var cut = 1; cut < bytes.Length; cut += dialogue.Number == 1 && cut < 1200 ? 1 : 29)
            {
                if (await ReadAsync(bytes, cut) is var read && read != expected)
                    read.Should().Be(expected, "cut at {0}", cut);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Dialogue_over_a_socket_gives_each_command_its_reply(string scenario)
    {
        foreach (var dialogue in TraceLibrary.Load(scenario).AgiDialogues.Where(d => d.Environment.Count > 0))
        {
            var exchanges = Exchanges(dialogue);
            var replies = new List<AgiReply>();
            var hungUp = false;
            var hangsUp = exchanges.Exists(e => e.Answer.Contains("HANGUP"));
            await using var server = new AgiServer(new AgiServerOptions { Port = 0 }, async (session, token) =>
            {
                foreach (var (command, _) in exchanges)
                    replies.Add(await session.SendAsync(command, token));
                // It stands behind the last reply, which may be told before the line after it is read.
                for (var waited = 0; hangsUp && !session.IsHungUp && waited < 500; waited++)
                    await Task.Delay(10, CancellationToken.None);
                hungUp = session.IsHungUp;
            });
            server.Start();
            using var peer = await AgiPeer.ConnectAsync(server.LocalEndPoint);
            await peer.SendAsync(string.Concat(dialogue.Environment.Select(e => $"{e.Key}: {e.Value}\n")) + "\n");
            foreach (var (command, answer) in exchanges)
            {
                (await peer.CommandAsync()).Should().Be(command);
                await peer.SendAsync(string.Concat(answer.Select(l => l + "\n")));
            }

            (await peer.CommandAsync()).Should().BeNull();
            replies.Select(r => r.Text).Should().Equal(exchanges.Select(e => string.Join('\n', e.Answer.Where(l => l != "HANGUP"))));
            replies.Should().NotContain(r => r.Outcome == AgiOutcome.Other);
            if (hangsUp)
                hungUp.Should().BeTrue();
        }
    }

    [Fact]
    public void Replies_of_the_command_trace_are_told_apart()
    {
        var lines = TraceLibrary.Load("23f").AgiDialogues.SelectMany(d => d.Commands).Where(l => l.Direction == '<');
        var parser = new AgiReplyParser();
        var replies = lines.Select(l => parser.Add(l.Text, out var reply) == AgiLineKind.Reply ? reply : null).OfType<AgiReply>().ToArray();

        replies.Select(r => r.Outcome).Distinct().Should().BeEquivalentTo([AgiOutcome.UnknownCommand, AgiOutcome.WrongSyntax, AgiOutcome.Ok]);
        replies.Should().ContainEquivalentOf(new { Result = "1", Value = "žluťoučký 🙂" });
        replies.Should().ContainEquivalentOf(new { Result = "1", Value = "a \"b\" c\\d, e;f ${EXTEN}" });
        replies.Should().ContainEquivalentOf(new { Result = "1", Value = "" }, "a variable set to nothing");
        replies.Should().ContainEquivalentOf(new { Result = "0", Value = (string?)null }, "a variable that is not set");
        replies.Should().ContainEquivalentOf(new { Result = "", Value = "timeout" });
        replies.Should().ContainEquivalentOf(new { Result = "0", Value = "timeout", Text = "200 result=0 (timeout) endpos=6400" });
        replies.Should().ContainEquivalentOf(new { Result = "-2" });
        replies.Where(r => r.Outcome == AgiOutcome.WrongSyntax).Should().OnlyContain(r => r.Text.EndsWith("520 End of proper usage."));
    }

    /// <summary>Each command with the lines that came before the next one; a dialogue cut amid a command loses it.</summary>
    static List<(string Command, List<string> Answer)> Exchanges(AgiDialogue dialogue)
    {
        var result = new List<(string Command, List<string> Answer)>();
        foreach (var line in dialogue.Commands)
        {
            if (line.Direction == '>')
                result.Add((line.Text, []));
            else if (line.Direction == '<' && result.Count > 0)
                result[^1].Answer.Add(line.Text);
        }

        return result.TakeWhile(e => e.Answer.Exists(l => l != "HANGUP")).ToList();
    }

    static async Task<string> ReadAsync(byte[] bytes, int cut)
    {
        var lines = new AgiLines(new CutStream(bytes, cut));
        var request = await AgiEnvironment.ReadAsync(lines, IPAddress.Loopback, CancellationToken.None);
        var result = new StringBuilder(string.Join("\n", request!.Environment.Select(e => $"{e.Key}={e.Value}")));
        var parser = new AgiReplyParser();
        while (await lines.ReadAsync(CancellationToken.None) is { } line)
            result.Append('\n').Append(parser.Add(line, out var reply)).Append(' ').Append(reply);
        return result.ToString();
    }

    /// <summary>Gives its bytes in two reads.</summary>
    sealed class CutStream(byte[] bytes, int cut) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(Position < cut ? buffer.Span[..Math.Min(buffer.Length, cut - (int)Position)] : buffer.Span));
    }
}
