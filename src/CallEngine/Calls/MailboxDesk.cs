namespace CallCrm.Engine;

/// <summary>A message in a mailbox of the PBX, with the call it was left in.</summary>
/// <param name="Id">Made from node and key, so that a second look makes the same.</param>
/// <param name="Call">An ended call of ours; or, with <paramref name="Adds"/>, the id of one that nobody saw.</param>
/// <param name="Adds">The call itself is to be added: no record tells of it but the message.</param>
/// <param name="Caller">Of a call that is added.</param>
public sealed record MailboxFinding(Guid Id, Guid Call, bool Adds, string UniqueId, string ChannelName, string Mailbox, string Key, DateTimeOffset LeftAt, int Duration_ms, MailboxState State,
    PhoneNumber Caller, string CallerName);

/// <summary>Messages in the PBX's own mailboxes: what AMI says when one is left, and what the PBX's folder says of them later.</summary>
internal sealed class MailboxDesk(EngineState state, CallBook book, LegFacts legs)
{
    public void Left(PbxFact.MessageLeft fact)
    {
        if (legs.Live(fact.Leg) is not { } leg)
            return;
        book.Announce(leg.Call);
        var number = Math.Min(++leg.Call.Messages, ushort.MaxValue);
        Write(leg.Call.Id, new MessageLeft(DerivedId.From(leg.Call.Id, DerivedId.Message, number), fact.Node, fact.Leg.UniqueId, fact.Mailbox, null, state.Happened.Utc, null, MailboxState.New)
        {
            Seq = 0,
            At = state.Happened.Utc,
        });
    }

    public void Take(EngineInput.MailboxRead read)
    {
        foreach (var found in read.Findings)
        {
            if (found.Adds && !state.Calls.ContainsKey(found.Call))
                Add(read.Node, found);
            Write(found.Call, new MessageLeft(found.Id, read.Node, found.UniqueId, found.Mailbox, found.Key, found.LeftAt, found.Duration_ms, found.State) { Seq = 0, At = state.Now.Utc });
        }
    }

    /// <summary>Neither we nor the PBX's own record saw the call: it lasted as long as the message, at least.</summary>
    private void Add(string node, MailboxFinding found)
    {
        var ended = found.LeftAt.AddMilliseconds(found.Duration_ms);
        var call = book.Begin(found.Call, node);
        call.Announced = true;
        call.State = CallState.Ended;
        state.OpenCalls--;
        book.ForgetLater(call);
        state.Out.Write(new CallImported(node, found.UniqueId, CallDirection.Inbound, found.Caller, new PhoneNumber("", NumberKind.Unparsed), found.CallerName, found.LeftAt, null, ended,
            CallOutcome.Observed, EndedBy.Unknown, 16, null, null, null, [], found.Duration_ms, 0, Routed: false, Estimated: true,
            [new ImportedLeg(found.UniqueId, found.ChannelName, null, true, found.LeftAt, null, ended, 16, 0)])
        {
            Seq = state.Out.TakeSeq(),
            At = state.Now.Utc,
            Call = found.Call,
        });
    }

    private void Write(Guid call, MessageLeft entry) => state.Out.Write(entry with { Seq = state.Out.TakeSeq(), Call = call });
}
