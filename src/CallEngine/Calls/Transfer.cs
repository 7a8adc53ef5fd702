namespace CallCrm.Engine;

/// <summary>What is to become of a client about whom the sender speaks with the target.</summary>
internal enum TransferWish
{
    /// <summary>Sender and target talk, the client waits.</summary>
    Target,

    /// <summary>Sender and client talk; the target waits, or is released.</summary>
    Client,

    /// <summary>All three talk.</summary>
    Together,

    /// <summary>Client and target talk, the sender is out.</summary>
    Complete,
}

/// <summary>A client on the way from one agent's desk to somebody else. The call keeps its last one.</summary>
internal sealed class Transfer(Call call, TransferKind kind, Agent sender, Leg leg, TransferTarget to, Agent? target)
{
    public Call Call { get; } = call;

    /// <summary>Attended becomes blind when the sender hangs up before the target has answered.</summary>
    public TransferKind Kind { get; set; } = kind;

    public Agent Sender { get; } = sender;

    public Leg SenderLeg { get; } = leg;

    public TransferTarget To { get; } = to;

    /// <summary>Also the one chosen from a queue, or who sits at the number.</summary>
    public Agent? Target { get; } = target;

    /// <summary>Who answered for the target.</summary>
    public Leg? TargetLeg { get; set; }

    public TransferStep Step { get; set; }

    public bool Over => Step is TransferStep.Done or TransferStep.Failed or TransferStep.Cancelled;

    /// <summary>Stable code, why it came to nothing.</summary>
    public string? Reason { get; set; }

    /// <summary>The target was rung, or its number called, or its queue entered.</summary>
    public bool Tried { get; set; }

    /// <summary>The client was answered to wait for another moment, so often.</summary>
    public int Waited { get; set; }

    public TransferWish Wish { get; set; }

    /// <summary>The sender's leg has left its dial, and waits between the talks.</summary>
    public bool Aside { get; set; }

    /// <summary>The sender's phone holds the client, and was asked to take them back: only then do they part.</summary>
    public bool Resumes { get; set; }

    /// <summary>The sender's phone holds whom they speak with, and was asked to take them back.</summary>
    public bool TakesBack { get; set; }

    /// <summary>With the client again, the target is let go.</summary>
    public bool Releases { get; set; }

    /// <summary>How the target's ring ended last.</summary>
    public DialResult? Result { get; set; }

    /// <summary>What the PBX was asked last to bring them together as wished, and may still be doing.</summary>
    public PbxAction? Doing { get; set; }

    public int Tries { get; set; }

    public EngineTimer? Timer { get; set; }

    /// <summary>The client waits for the sender, who is with the target or waits too.</summary>
    public bool Consults => Kind == TransferKind.Attended && !Over;
}
