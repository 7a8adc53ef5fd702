using System.Collections.Immutable;

namespace CallCrm.Engine;

public enum RequestState { New, Next, Held, Redirected }

/// <summary>All that can happen to the engine. Everything it knows came in as one of these, so a log of them replays it.</summary>
public abstract partial record EngineInput
{
    /// <param name="NewCall">The call's id should this fact begin one (LegCreated, Snapshot); several are derived by <see cref="DerivedId"/>.</param>
    public sealed record Fact(PbxFact Value, Guid NewCall = default) : EngineInput;

    /// <summary>The PBX asks where a call shall go (FastAGI).</summary>
    /// <param name="Request">Made by the shell, one per AGI session.</param>
    /// <param name="NewCall">The call's id should this be its first sign; made by the shell, as ids are not the engine's to invent.</param>
    /// <param name="TellsFallback">This dialplan says when it takes a caller to its fallback (<see cref="PbxFact.FellBack"/>).</param>
    public sealed record RouteAsked(Guid Request, Guid NewCall, LegId Leg, string ChannelName, RequestState State, PhoneNumber Caller,
        string CallerName, PhoneNumber Dialled, DialResult? LastDial, bool TellsFallback = false) : EngineInput;

    /// <summary>The last SET VARIABLE got its 200: the PBX has the answer.</summary>
    public sealed record RouteTaken(Guid Request) : EngineInput;

    /// <summary>The AGI socket ended before it took an answer. Not the end of the call: only a LegEnded or a snapshot is.</summary>
    public sealed record RouteClosed(Guid Request) : EngineInput;

    public sealed record LookupArrived(Guid Call, LookupResult Result) : EngineInput;

    /// <summary>The PBX's answer to an action, or that none came.</summary>
    public sealed record ActionDone(long Action, bool Ok, string Message) : EngineInput;

    /// <param name="Id">UUID v7 made by the page; a repeated id gets its first answer.</param>
    /// <param name="By">The supervisor who asks in the agent's place; null: the agent.</param>
    public sealed record Command(Guid Id, Guid Agent, AgentCommand What, Guid? By = null) : EngineInput;

    /// <summary>Which agents have a page open, as one CrmApi sees it. Repeated at least every 10 s.</summary>
    public sealed record PagesReported(string Reporter, ImmutableHashSet<Guid> Agents) : EngineInput;

    public sealed record SettingsChanged(EngineSettings Settings) : EngineInput;

    /// <summary>First input after a start: what the journal's projections say.</summary>
    public sealed record Restored(RestoredState State) : EngineInput;

    /// <summary>What the PBX wrote down of calls that ended while nobody looked.</summary>
    public sealed record CelRead(string Node, ImmutableArray<CelFinding> Findings) : EngineInput;

    /// <summary>What lies in the PBX's mailboxes, of ended calls; or what became of it.</summary>
    public sealed record MailboxRead(string Node, ImmutableArray<MailboxFinding> Findings) : EngineInput;

    /// <summary>Time passed; sent when the engine's deadline is due.</summary>
    public sealed record Tick : EngineInput
    {
        public static Tick Instance { get; } = new();
    }
}

/// <summary>What an agent (or the page for them) asks for.</summary>
public abstract record AgentCommand
{
    /// <summary>Sits down at an extension that nobody holds.</summary>
    public sealed record SignIn(string Node, string Extension) : AgentCommand;

    /// <summary>Asks for an extension that another holds; the outcome comes as <see cref="SeatAnswered"/>. The command's id is the question's.</summary>
    /// <param name="Holder">Whom the asker saw there.</param>
    public sealed record TakeOver(string Node, string Extension, Guid Holder) : AgentCommand;

    /// <summary>The holder's word to a question.</summary>
    public sealed record AnswerSeat(Guid Ask, bool Allows) : AgentCommand;

    /// <summary>Who asked wants it no more.</summary>
    public sealed record WithdrawSeat(Guid Ask) : AgentCommand;

    public sealed record SignOut : AgentCommand;

    /// <summary>Signed out when the call and its wrap-up are over.</summary>
    public sealed record SignOutAfter : AgentCommand;

    /// <summary>Takes back the pause or the sign-out that was to follow the call.</summary>
    public sealed record KeepOn : AgentCommand;

    /// <param name="Anyway">Also at a phone that is not registered, where the site allows it.</param>
    public sealed record Ready(bool Anyway = false) : AgentCommand;

    /// <summary>In a call or its wrap-up: after it.</summary>
    public sealed record Pause(string Reason) : AgentCommand;

    public sealed record Answer(Guid Call) : AgentCommand;

    public sealed record HangUp(Guid Call) : AgentCommand;

    /// <summary>A caller nobody wants to speak with: the call ends, and rings at nobody else.</summary>
    public sealed record TurnAway(Guid Call) : AgentCommand;

    public sealed record Hold(Guid Call) : AgentCommand;

    public sealed record Resume(Guid Call) : AgentCommand;

    /// <summary>Wrap-up is done: ready again (or paused).</summary>
    public sealed record FinishWrapUp(Guid Call) : AgentCommand;

    /// <summary>Once per wrap-up, as long again.</summary>
    public sealed record ExtendWrapUp(Guid Call) : AgentCommand;

    /// <summary>Calls a number: the agent's own phone first, then the other side.</summary>
    /// <param name="Number">As typed, with what it means; an own extension counts as one whatever its kind says.</param>
    /// <param name="Client">Whose number it is, when it was clicked on their card; null: whoever has it.</param>
    /// <param name="Campaign">The code of the one it is made for, which runs; null: none. A call to a colleague is for none.</param>
    public sealed record Dial(PhoneNumber Number, Guid? Client = null, string? Campaign = null) : AgentCommand;

    /// <summary>Hands the client on at once. Should nobody take it there, it comes back to the agent.</summary>
    public sealed record Transfer(Guid Call, TransferTarget To) : AgentCommand;

    /// <summary>Speaks with the target first, while the client waits.</summary>
    public sealed record Consult(Guid Call, TransferTarget To) : AgentCommand;

    /// <summary>From the target to the client, or back; the other one waits.</summary>
    public sealed record Swap(Guid Call) : AgentCommand;

    /// <summary>All three talk.</summary>
    public sealed record Join(Guid Call) : AgentCommand;

    /// <summary>Back to the client, without the target.</summary>
    public sealed record CancelTransfer(Guid Call) : AgentCommand;

    /// <summary>The client is the target's; the agent is out.</summary>
    public sealed record CompleteTransfer(Guid Call) : AgentCommand;

    /// <summary>A supervisor (<see cref="EngineInput.Command.By"/>) hears the agent's talk in this call: their phone rings.</summary>
    /// <param name="Extension">Where, for one who sits at none.</param>
    public sealed record Listen(Guid Call, string? Node = null, string? Extension = null) : AgentCommand;

    /// <summary>A supervisor ends a call, whoever is in it or waits in it.</summary>
    public sealed record EndCall(Guid Call) : AgentCommand;

    /// <summary>The supervisor who asks hears this call no longer.</summary>
    public sealed record StopListening(Guid Call) : AgentCommand;

    /// <summary>The agent chose among several candidates, attached a client to a withheld number, or corrected the match.</summary>
    public sealed record AttachClient(Guid Call, Guid Client) : AgentCommand;
}

/// <summary>One of the three. An agent stands for whoever sits there; asked first, a queue means its best agent of that moment.</summary>
/// <param name="Number">As typed, with what it means; an own extension counts as one whatever its kind says.</param>
public sealed record TransferTarget(Guid? Agent = null, Guid? Queue = null, PhoneNumber? Number = null);

public enum LookupOutcome { Known, Several, Created, Withheld, Internal, Unknown, TimedOut, Failed }

/// <param name="Candidates">Best first. One for Known and Created.</param>
/// <param name="Late">Came after the call was routed: the card follows, the route stays.</param>
/// <param name="Number">What a number dialled on a phone means, when it was asked for as it was dialled.</param>
public sealed record LookupResult(LookupOutcome Outcome, ImmutableArray<ClientMatch> Candidates, bool Late = false, PhoneNumber? Number = null);

/// <summary>What routing knows of a client.</summary>
/// <param name="Contacts">Latest conversations, newest first, at most one per agent, already over the shortest talk any queue asks for.</param>
public sealed record ClientMatch(Guid Client, Guid? Responsible, Guid? Deal, ImmutableArray<Contact> Contacts);

public readonly record struct Contact(Guid Agent, DateTimeOffset At, TimeSpan Talk);

/// <summary>Open state read from the projections at start.</summary>
/// <param name="Listeners">Supervisors who listened: whoever still does, the snapshot shows, and is hung up.</param>
public sealed record RestoredState(long NextSeq, ImmutableArray<RestoredAgent> Agents, ImmutableArray<RestoredCall> Calls, ImmutableArray<RestoredSeatAsk> SeatAsks = default,
    ImmutableArray<RestoredListener> Listeners = default);

/// <summary>A question for an extension that nobody had answered.</summary>
public sealed record RestoredSeatAsk(Guid Ask, string Node, string Extension, Guid Asker, Guid Holder, DateTimeOffset Until);

public sealed record RestoredListener(LegId Leg, Guid Call, Guid By, Guid? Agent);

/// <param name="Load">Busy and signed-in (not paused) milliseconds per minute for the last 60 min, newest first.</param>
/// <param name="Until">When the wrap-up ends by itself.</param>
/// <param name="Queue">Of the call.</param>
/// <param name="Leaves">To be signed out after the call.</param>
public sealed record RestoredAgent(Guid Agent, string? Node, string? Extension, AgentState State, string? Reason, DateTimeOffset Since, Guid? Call,
    ImmutableArray<LoadMinute> Load, DateTimeOffset? Until = null, Guid? Queue = null, bool Leaves = false);

public readonly record struct LoadMinute(int Busy_ms, int SignedIn_ms);

/// <param name="State">Ended: its client has gone, and agents still speak in it.</param>
/// <param name="Attempts">Offers made so far: the next one's number, and id, follow from it.</param>
/// <param name="Rings">Further offers that had not ended: the PBX rang several agents.</param>
/// <param name="Held">Its agent had pressed hold.</param>
public sealed record RestoredCall(Guid Call, PhoneNumber Caller, string CallerName, PhoneNumber Dialled, CallDirection Direction, bool Routed, Guid? Queue,
    Guid? Client, DateTimeOffset StartedAt, DateTimeOffset? QueuedAt, DateTimeOffset? AnsweredAt, CallState State, ImmutableArray<RestoredLeg> Legs, LookupResult? Lookup,
    int Attempts = 0, RestoredOffer? Offer = null, ImmutableArray<RestoredOffer> Rings = default, RestoredConsult? Consult = null, bool Held = false);

/// <summary>A colleague, or a number, who was being asked when the last router ended. The client waits meanwhile.</summary>
public sealed record RestoredConsult(TransferStep Step, Guid From, Guid? To, Guid? ToQueue, string? Number);

/// <summary>An offer that had not ended.</summary>
public sealed record RestoredOffer(Guid Offer, Guid Agent);

/// <param name="DoneUntil">The end of its last journaled span; null without one.</param>
/// <param name="Talk_ms">What its journaled spans sum to.</param>
public sealed record RestoredLeg(LegId Leg, Guid? Agent, string ChannelName, bool IsClient, DateTimeOffset StartedAt, DateTimeOffset? AnsweredAt,
    DateTimeOffset? DoneUntil = null, int Talk_ms = 0, int Hold_ms = 0);
