namespace CallCrm.Engine;

/// <summary>All that the engine can ask of the shell. Order is kept; effects that others can see leave after the entries before them are safe.</summary>
public abstract record EngineEffect
{
    public sealed record Write(JournalEntry Entry) : EngineEffect;

    /// <summary>Answer a FastAGI request.</summary>
    /// <param name="AwaitPop">Hold the answer until this offer's pop is painted, or PopLead has passed.</param>
    public sealed record AnswerRoute(Guid Request, Guid Call, RouteAnswer Answer, Guid? AwaitPop) : EngineEffect;

    /// <summary>Do something at the PBX; the result comes back as ActionDone with the same number.</summary>
    public sealed record Act(long Action, string Node, PbxAction What, Guid? AwaitPop) : EngineEffect;

    /// <summary>Identify the caller, or who is called. <paramref name="Late"/>: the call is already routed, take up to 10 s.</summary>
    /// <param name="MayCreate">A number that nobody has makes a card; not one that we dialled.</param>
    /// <param name="Node">The PBX that dialled it, or that sent a caller's number as it came: what the digits mean follows from that.</param>
    public sealed record LookUp(Guid Call, PhoneNumber Caller, string CallerName, PhoneNumber Dialled, string? Source, bool Late, bool MayCreate = true, string Node = "") : EngineEffect;

    /// <param name="Other">Of a refusal: the agent who stands in the way.</param>
    public sealed record AnswerCommand(Guid Command, bool Accepted, string? Reason, Guid? Other = null) : EngineEffect;

    /// <summary>Something that must always hold did not; mended as far as possible. The PBX named is to be asked for its snapshot.</summary>
    public sealed record Breach(string Code, string Detail, Guid? Call, Guid? Agent, string? Node) : EngineEffect;

    /// <summary>Take this PBX's snapshot: somebody who looks doubts what we show of it.</summary>
    public sealed record Look(string Node) : EngineEffect;

    /// <summary>An input made no sense: counted and logged, never thrown.</summary>
    public sealed record Report(string Code, string Detail) : EngineEffect;
}

/// <summary>What the PBX is told (see the dialplan contract).</summary>
public abstract record RouteAnswer
{
    /// <param name="Lift">With headers that make the phone answer by itself.</param>
    public sealed record Dial(string Device, TimeSpan Ring, bool Record, bool Lift = false) : RouteAnswer;

    public sealed record Hold(TimeSpan Turn, int Place) : RouteAnswer;

    /// <summary>Calls the outside, for a client who is handed on.</summary>
    /// <param name="From">The sender's extension.</param>
    public sealed record Call(PhoneNumber Number, string From, TimeSpan Ring) : RouteAnswer;

    /// <summary>Waits with music for the agent who has it, for at most so long, then asks again.</summary>
    public sealed record Keep(TimeSpan Turn) : RouteAnswer;

    /// <summary>Into the talk that this channel is in.</summary>
    public sealed record Join(string Channel) : RouteAnswer;

    public sealed record Goto(string Target) : RouteAnswer;

    public sealed record Play(string Sound) : RouteAnswer;

    public sealed record Reject(int Cause) : RouteAnswer;

    /// <summary>Close without an answer: the dialplan serves the caller by itself.</summary>
    public sealed record Fallback : RouteAnswer;
}

public abstract record PbxAction
{
    /// <summary>To <c>callcrm-route,s,callcrm</c>; the channel then asks again with state=redirected.</summary>
    /// <param name="UnlessBridged">
    /// Look at the channel first: what we know of it is what did not come in time, and AMI itself may be late. One who talks is left alone.
    /// </param>
    public sealed record Redirect(string Channel, bool UnlessBridged = false) : PbxAction;

    /// <summary>Rings the device and, when it is answered, sends it to the dialplan that calls the number.</summary>
    /// <param name="ChannelId">The unique id its channel gets.</param>
    /// <param name="From">The agent's extension.</param>
    /// <param name="Lift">With headers that make the phone answer by itself.</param>
    public sealed record Originate(string ChannelId, string Device, PhoneNumber Number, string From, Guid Call, TimeSpan Ring, bool Record, bool Lift = false) : PbxAction;

    /// <summary>Rings the device and, when it is answered, lets it hear that channel by ChanSpy: no word of it is heard there.</summary>
    /// <param name="From">The extension that is heard.</param>
    public sealed record Listen(string ChannelId, string Device, string Heard, string From, TimeSpan Ring, bool Lift = false) : PbxAction;

    /// <summary>The client to <c>callcrm-route</c>, as by <see cref="Redirect"/>, and in the same moment the agent's own leg to <c>callcrm-consult</c>, which rings the target.</summary>
    /// <param name="Device">Of the target; null: its number is called.</param>
    public sealed record Consult(string Client, string Own, string? Device, PhoneNumber? Number) : PbxAction;

    /// <summary>A leg of a consultation that is no client's out of its ring or talk: to wait with music (held), or in silence for what comes at once.</summary>
    public sealed record Aside(string Channel, bool Held) : PbxAction;

    /// <summary>Brings two together that wait, or takes one out of its talk for it.</summary>
    public sealed record Bridge(string First, string Second) : PbxAction;

    /// <param name="Cause">Q.850.</param>
    public sealed record HangUp(string Channel, int Cause) : PbxAction;

    /// <summary>SIP NOTIFY with <c>Event: talk</c> to the device: a ringing phone answers, a held call resumes.</summary>
    public sealed record Answer(string Device, string? Channel) : PbxAction;

    /// <summary>SIP NOTIFY with <c>Event: hold</c>.</summary>
    public sealed record Hold(string Device, string? Channel) : PbxAction;
}
