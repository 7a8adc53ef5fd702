using System.Text.RegularExpressions;

namespace CallCrm.DemoPbx.Core;

/// <summary>The snippet's <c>callcrm-consult</c>, acted out for an agent's or a target's leg that left its Dial: rings the target, waits, is brought into talks.</summary>
internal sealed partial class ConsultLeg(Exchange exchange, PbxChannel leg)
{
    private const int MostRounds = 20;
    private static readonly TimeSpan Aside = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(300);

    public static bool IsTarget(string exten) => exten is "wait" or "held" || Target().IsMatch(exten);

    public async Task RunAsync()
    {
        var cdr = new CdrKeeper(exchange, leg);
        leg.Onward = true;
        for (var round = 0; round < MostRounds && !Over; round++)
        {
            // Taken straight into another talk: what follows it comes afterwards.
            if (leg.Bridge is not null)
            {
                await new WaitingPlace(exchange, leg).StayAsync(Timeout.InfiniteTimeSpan, null);
            }
            else
            {
                await StepAsync(leg.Exten, cdr);
            }

            if (leg.Pending != Interruption.Redirect)
            {
                continue;
            }

            leg.Exten = leg.Target.Exten;
            leg.Resume();
        }

        exchange.Part(leg);
        cdr.TellAll(cancelled: false);
        exchange.End(leg, leg.Gone.Task.IsCompleted ? await leg.Gone.Task : HangupCause.Normal);
    }

    private bool Over => leg.Ended || leg.Gone.Task.IsCompleted || leg.Pending == Interruption.Hangup;

    private async Task StepAsync(string exten, CdrKeeper cdr)
    {
        switch (exten)
        {
            case "held":
                exchange.Step(leg, SnippetContexts.Consult, "held", 1, "BridgeWait");
                await new WaitingPlace(exchange, leg).WaitAsync(Held, music: true);
                break;
            case "wait":
                exchange.Step(leg, SnippetContexts.Consult, "wait", 1, "BridgeWait");
                await new WaitingPlace(exchange, leg).WaitAsync(Aside, music: false);
                break;
            default:
                exchange.Step(leg, SnippetContexts.Consult, exten, 7, "Dial", $"{exten},25,gF");
                var dial = new DialApplication(exchange, leg, cdr, call: null) { GoesOn = true };
                var ring = TimeSpan.FromSeconds(25);
                await (exten.Contains('/', StringComparison.Ordinal) ? dial.RunAsync(exten, ring) : dial.RunAsync(new CustomerPhone(exchange, exten), ring));
                leg.Exten = "wait";
                break;
        }
    }

    [GeneratedRegex(@"^([A-Z][A-Za-z0-9]*/[A-Za-z0-9_.-]{1,64}|[0-9+][0-9+*#]*)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Target();
}
