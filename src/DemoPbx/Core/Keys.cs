using CallCrm.DemoPbx.Ami;

namespace CallCrm.DemoPbx.Core;

/// <summary>Pressed keys: each is told for the channel that received it and, in a bridge, for the one it is sent to (trace 20b).</summary>
internal static class Keys
{
    private const int Press_ms = 180;

    public static void Press(Exchange exchange, PbxChannel channel, char digit)
    {
        if (channel.Ended || channel.State != ChannelState.Up || "0123456789*#ABCD".IndexOf(digit, StringComparison.Ordinal) < 0)
        {
            return;
        }

        exchange.Loop.Spawn(async () =>
        {
            // It may have hung up before its turn came.
            if (channel.Ended)
            {
                return;
            }

            var hearers = channel.Bridge?.Channels.Where(c => c != channel).ToList() ?? [];
            Tell(exchange, "DTMFBegin", channel, hearers, digit);
            await exchange.WaitAsync(TimeSpan.FromMilliseconds(Press_ms), CancellationToken.None);
            if (!channel.Ended)
            {
                Tell(exchange, "DTMFEnd", channel, hearers, digit);
            }
        }, "a key");
    }

    private static void Tell(Exchange exchange, string name, PbxChannel from, List<PbxChannel> to, char digit)
    {
        One(from, "Received");
        to.FindAll(c => !c.Ended).ForEach(c => One(c, "Sent"));

        void One(PbxChannel channel, string direction) => exchange.Emit(name, channel, t =>
        {
            t.Line("Digit", digit.ToString());
            if (name == "DTMFEnd")
            {
                t.Line("DurationMs", Press_ms);
            }

            t.Line("Direction", direction);
        }, AmiClasses.Dtmf);
    }
}
