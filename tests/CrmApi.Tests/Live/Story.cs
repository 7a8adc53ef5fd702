using CallCrm.CallFlow;
using CallCrm.CrmApi.Tests.Host;
using CallCrm.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CallCrm.CrmApi.Tests.Live;

/// <summary>Tells calls as the router journals them, through the real journal writer.</summary>
sealed class Story : IAsyncDisposable
{
    readonly RouterDatabase database;
    readonly JournalWriter writer;
    readonly DirectoryInfo spill;
    readonly Dictionary<Guid, (AgentState State, DateTimeOffset Since)> agents = [];
    long next;

    Story(RouterDatabase database, JournalWriter writer, DirectoryInfo spill)
    {
        (this.database, this.writer, this.spill) = (database, writer, spill);
        next = writer.Restored.NextSeq;
    }

    public static async Task<Story> BeginAsync(ApiHost host)
    {
        var folder = Directory.CreateTempSubdirectory("callcrm-spill-");
        var pool = RouterDatabase.Create(host.ConnectionString, 2);
        var journal = await JournalWriter.OpenAsync(pool, "main", new JournalOptions { SpillFolder = folder.FullName }, TimeProvider.System, NullLogger.Instance, CancellationToken.None);
        return new Story(pool, journal, folder);
    }

    public long Last => next - 1;

    static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async Task WriteAsync(params JournalEntry[] entries) => await writer.AppendAsync(entries, CancellationToken.None);

    /// <summary>Under load an append may lie in the spill for a moment; a reader of the tables waits for it.</summary>
    public async Task WrittenAsync(ApiHost host)
    {
        var journal = host.Services.GetRequiredService<JournalReader>();
        while (await journal.LastSeqAsync("main", CancellationToken.None) < Last || host.Feed.State.Seq < Last) await Task.Delay(20);
    }

    T Seq<T>(T entry, Guid? call = null) where T : JournalEntry => entry with { Seq = next++, At = Now, Call = call };

    public static readonly PhoneNumber Dialled = new("390233334444", NumberKind.E164, "+390233334444");

    public JournalEntry[] Arrives(Guid call, PhoneNumber caller, LookupOutcome outcome, Guid? client, Guid[]? candidates = null, Guid? deal = null, string name = "", string? campaign = null) =>
    [
        Seq(new CallStarted("pbx", $"{call:N}.1", $"{call:N}.1", CallDirection.Inbound, caller, Dialled, name, true, false, campaign) { Seq = 0, At = default }, call),
        Seq(new CallIdentified(outcome, client, deal, [.. candidates ?? (client is { } c ? [c] : [])], null, false) { Seq = 0, At = default }, call),
        Seq(new CallQueued(Seeds.Sales, 1) { Seq = 0, At = default }, call),
    ];

    public JournalEntry[] Offers(Guid call, Guid offer, Guid agent, string extension, Guid? client = null) =>
    [
        Seq(new RouteDecided(RouteRule.LeastBusy, agent, Seeds.Sales, null, Seeds.Anna, RouteRule.Responsible, AgentState.Talking, null, [new RouteCandidate(agent, 1, 18.5m, 40)], 1, null) { Seq = 0, At = default }, call),
        Seq(new CallOffered(offer, agent, "pbx", extension, $"PJSIP/{extension}", Seeds.Sales, client, 1, 20, RouteRule.LeastBusy, true, true) { Seq = 0, At = default }, call),
        Agent(agent, AgentState.Reserved, extension, call),
    ];

    public JournalEntry Say(JournalEntry entry, Guid call) => Seq(entry, call);

    public JournalEntry Listens(Guid call, Guid by, Guid agent, string channel, bool listens) =>
        Seq(new CallListened(by, agent, "pbx", channel, listens) { Seq = 0, At = default }, call);

    public JournalEntry[] Rings(Guid call, Guid offer, Guid agent, string extension) =>
        [Seq(new OfferRang(offer, agent) { Seq = 0, At = default }, call), Agent(agent, AgentState.Ringing, extension, call)];

    public JournalEntry[] Answers(Guid call, Guid offer, Guid agent, string extension, int wait_ms = 4000) =>
    [
        Seq(new OfferEnded(offer, agent, OfferOutcome.Answered, null, 2000) { Seq = 0, At = default }, call),
        Seq(new LegStarted("pbx", $"{call:N}.2", $"PJSIP/{extension}-1", agent, false, false, CanHold: true) { Seq = 0, At = default }, call),
        Seq(new CallAnswered(offer, agent, "pbx", $"{call:N}.2", wait_ms) { Seq = 0, At = default }, call),
        Agent(agent, AgentState.Talking, extension, call),
    ];

    public JournalEntry[] Ends(Guid call, Guid agent, string extension, Guid? client, int wait_ms = 4000, int talk_ms = 60_000, int leg = 2) =>
    [
        Seq(new LegEnded("pbx", $"{call:N}.{leg}", agent, 16, null, talk_ms, 0, false) { Seq = 0, At = default }, call),
        Seq(new CallEnded(CallOutcome.Answered, EndedBy.Caller, 16, agent, client, Seeds.Sales, wait_ms, talk_ms, 0, false) { Seq = 0, At = default }, call),
        Agent(agent, AgentState.WrapUp, extension, call, until: Now.AddSeconds(30)),
    ];

    public JournalEntry[] Fails(Guid call, Guid offer, Guid agent, string extension, OfferOutcome outcome) =>
        [Seq(new OfferEnded(offer, agent, outcome, null, 20_000) { Seq = 0, At = default }, call), Agent(agent, AgentState.Ready, extension, null)];

    /// <summary>A blind transfer: the second agent's phone is answered, then the first is out.</summary>
    public JournalEntry[] Transfers(Guid call, Guid from, Guid to, string extension, int talk_ms) =>
    [
        Seq(new CallTransferred(TransferKind.Blind, from, to, extension) { Seq = 0, At = default }, call),
        Seq(new LegStarted("pbx", $"{call:N}.3", $"PJSIP/{extension}-3", to, false, false, CanHold: true) { Seq = 0, At = default }, call),
        Seq(new LegEnded("pbx", $"{call:N}.2", from, 16, null, talk_ms, 0, false) { Seq = 0, At = default }, call),
        Seq(new CallAnswered(null, to, "pbx", $"{call:N}.3", 0) { Seq = 0, At = default }, call),
    ];

    public JournalEntry Transfer(Guid call, TransferStep step, Guid from, Guid to, bool attended = true, string? reason = null) =>
        Seq(new TransferChanged(step, attended ? TransferKind.Attended : TransferKind.Blind, from, to, null, null, reason) { Seq = 0, At = default }, call);

    /// <summary>A colleague's phone is to ring about it.</summary>
    public JournalEntry[] OffersBy(RouteRule rule, Guid call, Guid offer, Guid agent, string extension, Guid? client) =>
        [Seq(new CallOffered(offer, agent, "pbx", extension, $"PJSIP/{extension}", Seeds.Sales, client, 2, 20, rule, true, true) { Seq = 0, At = default }, call), Agent(agent, AgentState.Reserved, extension, call)];

    public JournalEntry[] ClientLeg(Guid call) =>
        [Seq(new LegStarted("pbx", $"{call:N}.1", "PJSIP/trunk-1", null, true, false) { Seq = 0, At = default }, call), Seq(new RecordingStarted("pbx", $"{call:N}.1") { Seq = 0, At = default }, call)];

    /// <summary>An agent's own call, only watched.</summary>
    public JournalEntry[] Dials(Guid call, Guid agent, string extension, string? campaign = null) =>
    [
        Seq(new CallStarted("pbx", $"{call:N}.1", $"{call:N}.1", CallDirection.Outbound, new PhoneNumber(extension, NumberKind.Extension), From("+390699998888"), "", false, false, campaign) { Seq = 0, At = default }, call),
        Seq(new LegStarted("pbx", $"{call:N}.1", $"PJSIP/{extension}-1", agent, false, false, CanHold: true) { Seq = 0, At = default }, call),
        Agent(agent, AgentState.Talking, extension, call),
    ];

    public JournalEntry Recognises(Guid call, Guid client) => Seq(new CallIdentified(LookupOutcome.Known, client, null, [client], null, false) { Seq = 0, At = default }, call);

    /// <summary>The number itself is called.</summary>
    public JournalEntry Reaches(Guid call) => Seq(new LegStarted("pbx", $"{call:N}.2", "PJSIP/trunk-2", null, true, false) { Seq = 0, At = default }, call);

    public JournalEntry Fails(Guid call, CallOutcome outcome, Guid? client) => Seq(new CallEnded(outcome, EndedBy.Agent, 17, null, client, null, 0, 0, 0, false) { Seq = 0, At = default }, call);

    /// <summary>The same numbers, other things under them.</summary>
    public JournalEntry[] InOrder(params JournalEntry[] entries)
    {
        var numbers = entries.Select(e => e.Seq).Order().ToArray();
        return [.. entries.Select((e, n) => e with { Seq = numbers[n] })];
    }

    public JournalEntry Outward(Guid call) => Seq(new CallDialled(CallDirection.Outbound, From("+390699998888")) { Seq = 0, At = default }, call);

    static ImportedLeg[] Seen(Guid call, Guid agent, DateTimeOffset began, int talk_ms) =>
    [
        new ImportedLeg($"{call:N}.1", "PJSIP/trunk-1", null, true, began, began.AddSeconds(4), began.AddSeconds(4).AddMilliseconds(talk_ms), 16, 0),
        new ImportedLeg($"{call:N}.2", "PJSIP/102-1", agent, false, began.AddSeconds(1), began.AddSeconds(4), began.AddSeconds(4).AddMilliseconds(talk_ms), 16, talk_ms),
    ];

    /// <summary>From the PBX's own record, of a call that nobody saw.</summary>
    public JournalEntry Imports(Guid call, Guid agent, Guid client, DateTimeOffset began, int talk_ms) =>
        Seq(new CallImported("pbx", $"{call:N}.1", CallDirection.Inbound, From("+390212345678"), Dialled, "", began, began.AddSeconds(4), began.AddSeconds(4).AddMilliseconds(talk_ms), CallOutcome.Fallback, EndedBy.Caller, 16,
            agent, client, LookupOutcome.Known, [client], 4000, talk_ms, true, false, [.. Seen(call, agent, began, talk_ms)])
        { Seq = 0, At = default }, call);

    /// <summary>From the PBX's own record, of a call whose end nobody saw.</summary>
    public JournalEntry Corrects(Guid call, Guid agent, DateTimeOffset began, int talk_ms) =>
        Seq(new CallCorrected(CallOutcome.Answered, EndedBy.Agent, 16, agent, began.AddSeconds(4), began.AddSeconds(4).AddMilliseconds(talk_ms), 4000, talk_ms, false,
            [.. Seen(call, agent, began, talk_ms)])
        { Seq = 0, At = default }, call);

    public JournalEntry Abandons(Guid call, int wait_ms, bool brief = false) =>
        Seq(new CallEnded(brief ? CallOutcome.ShortAbandon : CallOutcome.Abandoned, EndedBy.Caller, 16, null, null, Seeds.Sales, wait_ms, 0, 0, false) { Seq = 0, At = default }, call);

    /// <summary>The caller spoke after the tone until the end.</summary>
    public JournalEntry Speaks(Guid call, int seconds) =>
        Seq(new LegSpan("pbx", $"{call:N}.1", null, SpanKind.Message, null, Now.AddSeconds(-seconds), Now, null) { Seq = 0, At = default }, call);

    /// <summary>A message in the PBX's mailbox 101, as its folder has it.</summary>
    public JournalEntry Leaves(Guid call, Guid message, MailboxState state = MailboxState.New) =>
        Seq(new MessageLeft(message, "pbx", $"{call:N}.1", "101@default", $"1795449851 PJSIP/trunk-{message:N}", Now.AddSeconds(-12), 12_000, state) { Seq = 0, At = default }, call);

    public JournalEntry Holds(Guid call, Guid agent) => Seq(new CallHeld(agent) { Seq = 0, At = default }, call);

    public JournalEntry Resumes(Guid call, Guid agent) => Seq(new CallResumed(agent) { Seq = 0, At = default }, call);

    public JournalEntry Extends(Guid call, Guid agent) => Seq(new WrapUpExtended(agent, Now.AddSeconds(60)) { Seq = 0, At = default }, call);

    public JournalEntry Asks(Guid ask, Guid agent, Guid holder, string extension, DateTimeOffset until) => Seq(new SeatAsked(ask, "pbx", extension, agent, holder, until) { Seq = 0, At = default });

    public JournalEntry AnswersSeat(Guid ask, Guid agent, Guid holder, string extension, SeatOutcome outcome) => Seq(new SeatAnswered(ask, "pbx", extension, agent, holder, outcome) { Seq = 0, At = default });

    public JournalEntry Pbx(bool connected) => Seq(new PbxChanged("pbx", connected, connected ? null : "connection lost", "22.10.1") { Seq = 0, At = default });

    public JournalEntry Agent(Guid agent, AgentState state, string? extension, Guid? call, string? reason = null, DateTimeOffset? until = null, bool leaves = false)
    {
        var (before, since) = agents.GetValueOrDefault(agent, (AgentState.SignedOut, Now));
        agents[agent] = (state, Now);
        return Seq(new AgentChanged(agent, state, reason, extension is null ? null : "pbx", extension, until, before, (int)(Now - since).TotalMilliseconds, leaves) { Seq = 0, At = default }, call);
    }

    public static PhoneNumber From(string e164) => new(e164, NumberKind.E164, e164);

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        await database.DisposeAsync();
        spill.Delete(recursive: true);
    }
}
