namespace CallCrm.Engine.Tests;

/// <summary>
/// Each agent's wrap-up, held against their legs alone: who spoke with a client writes up from the end of their last leg on, for as long as the settings say, until they
/// have said what came of the call, or until the next call.
/// </summary>
internal static class TruthWrapUps
{
    private static readonly TimeSpan Rounding = TimeSpan.FromMilliseconds(1.01);

    /// <param name="disposedAfter">So long after its beginning each is finished by its agent.</param>
    /// <returns>How many there were.</returns>
    public static int Check(IReadOnlyList<JournalEntry> entries, TimeSpan length, TimeSpan? disposedAfter = null) =>
        entries.OfType<AgentChanged>().Select(c => c.Agent).Distinct().Sum(agent => Check(agent, entries, length, disposedAfter < length ? disposedAfter.Value : length));

    private static int Check(Guid agent, IReadOnlyList<JournalEntry> entries, TimeSpan settings, TimeSpan length)
    {
        var (living, spoke) = (new HashSet<string>(), new HashSet<string>());
        var count = 0;
        // The end of the leg that is to be written up, and of the last that it waits for.
        (bool IsDue, LegEnded? After) due = (false, null);
        AgentChanged? running = null;
        foreach (var entry in entries)
        {
            switch (entry)
            {
                case LegStarted { UniqueId: var leg } started when started.Agent == agent:
                    living.Add(leg);
                    break;
                case CallAnswered { UniqueId: var leg } answered when answered.Agent == agent:
                    spoke.Add(leg);
                    break;
                case LegEnded { UniqueId: var leg } ended when ended.Agent == agent:
                    living.Remove(leg);
                    due = (due.IsDue || spoke.Contains(leg), due.After);
                    if (living.Count == 0 && due.IsDue)
                        due = (false, ended);
                    break;
                case AgentChanged changed when changed.Agent == agent:
                    if (changed.Before == AgentState.WrapUp && changed.State != AgentState.WrapUp)
                    {
                        running.Should().NotBeNull();
                        var over = running!.Until!.Value - settings + length;
                        ((double)changed.Before_ms).Should().BeApproximately((changed.At - running.At).TotalMilliseconds, 1, "{0}", changed);
                        if (changed.State == AgentState.Talking || living.Count > 0)
                            changed.At.Should().BeOnOrBefore(over + Rounding, "{0}: another call came before {1:O}", changed, over);
                        else
                            changed.At.Should().BeCloseTo(over, Rounding, "{0} after {1}", changed, running);
                        running = null;
                    }

                    if (changed is { State: AgentState.WrapUp, Before: not AgentState.WrapUp })
                    {
                        due.After.Should().NotBeNull("{0}: nobody wraps up who did not speak", changed);
                        changed.At.Should().Be(due.After!.At, "{0}", changed);
                        // Of an end that nobody saw the agent has the whole time from when it is known.
                        if (due.After.Estimated)
                            changed.Until.Should().BeOnOrAfter(changed.At + settings, "{0}", changed);
                        else
                            changed.Until.Should().Be(changed.At + settings, "{0}", changed);
                        (running, due.After) = (changed, null);
                        count++;
                    }

                    due.After.Should().BeNull("{0}: the wrap-up comes first", changed);
                    break;
            }
        }

        due.After.Should().BeNull("agent {0} spoke, and did not wrap up", TraceRun.NumberOf(agent));
        running.Should().BeNull("agent {0} never ended to wrap up", TraceRun.NumberOf(agent));
        return count;
    }
}
