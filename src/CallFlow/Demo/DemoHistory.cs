using System.Globalization;
using CallCrm.Engine;

namespace CallCrm.CallFlow.Demo;

/// <summary>
/// Acts the past days out, call after call, with agents who are busy, at lunch or at home, and writes down what the journal would have
/// projected. So waits, loads and outcomes follow from each other, and all pages show the same figures.
/// </summary>
internal sealed class DemoHistory(DemoRandom random, DemoOptions options, List<DemoClient> clients, int oldClients, DateTimeOffset now)
{
    static readonly TimeZoneInfo Zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");

    /// <summary>Share of a day's calls by hour, 8 to 19.</summary>
    static readonly int[] Hours = [5, 10, 13, 13, 9, 6, 8, 11, 11, 8, 4, 2];

    readonly Dictionary<Guid, (Guid Agent, DateTimeOffset At)> last = [];
    const int FewWaiting = 3;

    readonly List<(DemoClient Client, DateTimeOffset At)> missed = [];
    readonly Dictionary<string, int> channels = new(StringComparer.Ordinal);
    int known = oldClients;
    long seq;

    public List<CallRow> Calls { get; } = [];

    public List<LegRow> Legs { get; } = [];

    public List<OfferRow> Offers { get; } = [];

    public List<DecisionRow> Decisions { get; } = [];

    public List<ContactRow> Contacts { get; } = [];

    public List<SpanRow> Spans { get; } = [];

    public List<DemoWrapUp> WrapUps { get; } = [];

    public DemoScripts Scripts { get; } = new(options.Seed + 1);

    /// <summary>Clients who exist by now.</summary>
    public int Known => known;

    /// <summary>Patience, talk and wrap-up together: later ones might end after now.</summary>
    static readonly TimeSpan LongestCall = TimeSpan.FromMinutes(45);

    public void Run()
    {
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, Zone).DateTime);
        for (var day = today.AddDays(-options.Days); day <= today; day = day.AddDays(1)) RunDay(day);
    }

    void RunDay(DateOnly day)
    {
        var shifts = Shifts(day);
        var weight = day.DayOfWeek switch { DayOfWeek.Saturday => 0.3, DayOfWeek.Sunday => 0.1, DayOfWeek.Monday => 1.15, DayOfWeek.Friday => 0.9, _ => 1.0 };
        var count = (int)(options.CallsPerDay * weight * random.Between(0.9, 1.1));
        var starts = Enumerable.Range(0, count).Select(_ => Local(day, ArrivalHour(day.DayOfWeek))).Order().ToList();
        foreach (var at in starts.TakeWhile(s => s < now - LongestCall))
        {
            if (random.Percent(12)) Outbound(at, shifts);
            else Inbound(at, shifts);
        }

        foreach (var shift in shifts.Where(s => s.From < now))
        {
            foreach (var (state, reason, from, to, call) in shift.Whole(now))
                Spans.Add(new SpanRow { AgentId = shift.Person.Id, Domain = options.Domain, Seq = --seq, State = state, Reason = reason, FromAt = from, SpanMs = (long)(to - from).TotalMilliseconds, CallId = call });
        }
    }

    static DateTimeOffset Local(DateOnly day, double hour)
    {
        var local = day.ToDateTime(TimeOnly.MinValue).AddHours(hour);
        return new DateTimeOffset(local, Zone.GetUtcOffset(local)).ToUniversalTime();
    }

    double ArrivalHour(DayOfWeek day)
    {
        if (day == DayOfWeek.Saturday) return random.Between(9, 13.9);
        if (day == DayOfWeek.Sunday) return random.Between(10, 13.9);
        var pick = random.Next(Hours.Sum());
        var hour = 0;
        while (pick >= Hours[hour]) pick -= Hours[hour++];
        return 8 + hour + random.Next();
    }

    List<DemoShift> Shifts(DateOnly day)
    {
        var shifts = new List<DemoShift>();
        var agents = DemoCompany.People.Where(p => p.IsAgent).ToArray();
        for (var n = 0; n < agents.Length; n++)
        {
            var weekend = day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
            // At weekends they take turns; on a workday one in twenty is away.
            var there = day.DayOfWeek switch { DayOfWeek.Saturday => (n + day.DayNumber / 7) % 2 == 0, DayOfWeek.Sunday => (n + day.DayNumber / 7) % 3 == 0, _ => !random.Percent(5) };
            if (!there) continue;
            var from = weekend ? 8.9 : n % 2 == 0 ? 7.9 : 10.9;
            var to = weekend ? 14.1 : n % 2 == 0 ? 17 : 20;
            shifts.Add(new DemoShift(agents[n], Local(day, from + random.Between(-0.05, 0.05)), Local(day, to + random.Between(0, 0.1)), Local(day, 12.2 + n * 0.3), TimeSpan.FromMinutes(weekend ? 0 : 30 + n)));
        }

        return shifts;
    }

    DemoClient Caller(DateTimeOffset at)
    {
        if (known < clients.Count && random.Percent(12))
        {
            var fresh = clients[known++];
            (fresh.CreatedAt, fresh.UpdatedAt, fresh.Id, fresh.Confirmed) = (at, at, random.Id(at), false);
            return fresh;
        }

        // Some call often, most seldom. The order was drawn, so this favours nobody by age.
        return clients[(int)(known * Math.Pow(random.Next(), 2.5)) is var n && n % 2 == 0 ? n : known - 1 - n / 2];
    }

    DemoQueue Queue()
    {
        var pick = random.Next(100);
        return pick < 40 ? DemoCompany.Queues[0] : pick < 80 ? DemoCompany.Queues[1] : DemoCompany.Queues[2];
    }

    CallRow Begin(DateTimeOffset at, DemoClient client, CallDirection direction, DemoQueue? queue)
    {
        var fresh = client.CreatedAt == at;
        var call = new CallRow
        {
            Id = random.Id(at),
            Domain = options.Domain,
            Node = options.Node,
            Direction = direction,
            State = CallState.Ended,
            Routed = queue is not null,
            CallerRaw = client.E164,
            CallerKind = NumberKind.E164,
            CallerE164 = client.E164,
            DialledRaw = queue?.Number ?? client.E164,
            DialledE164 = queue?.Number ?? client.E164,
            QueueId = queue?.Id,
            Campaign = IsOfCampaign(queue, at) ? DemoCompany.Campaign : null,
            ClientId = client.Id,
            Candidates = [client.Id],
            Lookup = fresh ? LookupOutcome.Created : LookupOutcome.Known,
            DealId = client.OpenDealSince <= at ? client.OpenDeal : null,
            StartedAt = at,
            QueuedAt = queue is null ? null : at.AddMilliseconds(40),
            TalkMs = 0,
            HoldMs = 0,
            WaitMs = 0,
        };
        if (direction == CallDirection.Outbound) (call.CallerRaw, call.CallerE164, call.CallerKind) = ("", null, NumberKind.Extension);
        Calls.Add(call);
        if (!fresh || queue is null) return call;
        client.Source = IsOfCampaign(queue, at) ? $"{queue.Source} · {DemoCompany.CampaignName}" : queue.Source;
        client.ResponsibleId = null;
        return call;
    }

    bool IsOfCampaign(DemoQueue? queue, DateTimeOffset at) => queue?.Number == DemoCompany.Queues[0].Number && at >= now.AddDays(-DemoCompany.CampaignDays);

    void Inbound(DateTimeOffset at, List<DemoShift> shifts)
    {
        var queue = Queue();
        var client = Caller(at);
        var call = Begin(at, client, CallDirection.Inbound, queue);
        // One in four has little patience, and half of those are gone before anybody answers; the others wait as long as people do.
        var patience_s = random.Percent(25) ? random.Between(2, 12) : Math.Min(600, 40 + random.Exponential(110));
        var leaves = at.AddSeconds(patience_s);
        var members = shifts.Where(s => queue.Members.Any(m => m.Login == s.Person.Login)).ToList();
        var clock = at.AddMilliseconds(random.Between(60, 160));
        var refused = new HashSet<Guid>();
        for (var attempt = 1; ; attempt++)
        {
            var free = members.Where(m => !refused.Contains(m.Person.Id) || members.Count <= refused.Count).Select(m => (Shift: m, At: m.FreeAt(clock))).Where(m => m.At is not null).ToList();
            if (free.Count == 0 || free.Min(f => f.At) is not { } soonest || soonest >= leaves)
            {
                Decide(call, clock, RouteRule.Hold, null, queue, client, [], 1);
                Abandon(call, client, leaves);
                return;
            }

            if (soonest > clock.AddSeconds(1)) Decide(call, clock, RouteRule.Hold, null, queue, client, [], 1);
            var now_ = soonest;
            var choice = Choose(client, queue, [.. free.Where(f => f.At <= now_).Select(f => f.Shift)], now_, out var rule);
            Decide(call, now_, rule, choice.Person.Id, queue, client, [.. free.Where(f => f.At <= now_).Select(f => f.Shift)], null);
            var answers = random.Next(100) switch { < 5 => OfferOutcome.NoAnswer, < 7 => OfferOutcome.Declined, _ => OfferOutcome.Answered };
            var ring_s = answers switch { OfferOutcome.NoAnswer => 20, OfferOutcome.Declined => random.Between(2, 6), _ => random.Between(2.5, 8) };
            var ends = now_.AddSeconds(ring_s);
            if (ends > leaves) (answers, ends) = (OfferOutcome.CallerGaveUp, leaves);
            Offer(call, choice, queue, attempt, rule, now_, ends, answers);
            if (answers == OfferOutcome.Answered)
            {
                Talk(call, client, choice, queue, ends);
                return;
            }

            if (answers == OfferOutcome.CallerGaveUp)
            {
                Abandon(call, client, leaves);
                return;
            }

            refused.Add(choice.Person.Id);
            clock = ends;
        }
    }

    DemoShift Choose(DemoClient client, DemoQueue queue, List<DemoShift> free, DateTimeOffset at, out RouteRule rule)
    {
        rule = RouteRule.LastContacted;
        if (last.TryGetValue(client.Id, out var contact) && at - contact.At < TimeSpan.FromDays(90) && free.Find(f => f.Person.Id == contact.Agent) is { } known_) return known_;
        rule = RouteRule.Responsible;
        if (free.Find(f => f.Person.Id == client.ResponsibleId) is { } responsible) return responsible;
        rule = RouteRule.LeastBusy;
        return free.OrderBy(f => Level(queue, f)).ThenBy(f => Load(f, at)).ThenBy(f => f.BusyUntil).First();
    }

    static int Level(DemoQueue queue, DemoShift shift) => queue.Members.First(m => m.Login == shift.Person.Login).Level;

    static decimal Load(DemoShift shift, DateTimeOffset at) => Math.Round((decimal)Math.Min(100, 100 * shift.Busy_s / Math.Max(900, (at - shift.From).TotalSeconds)), 1);

    void Decide(CallRow call, DateTimeOffset at, RouteRule rule, Guid? agent, DemoQueue queue, DemoClient client, List<DemoShift> free, int? place)
    {
        var before = last.TryGetValue(client.Id, out var contact) ? contact : default;
        Guid? preferred = before.Agent != Guid.Empty ? before.Agent : client.ResponsibleId;
        var decision = new RouteDecided(rule, agent, queue.Id, null, preferred, preferred is null ? null : before.Agent != Guid.Empty ? RouteRule.LastContacted : RouteRule.Responsible,
            preferred is null ? null : preferred == agent ? AgentState.Ready : AgentState.Talking, before.Agent != Guid.Empty ? before.At : null,
            [.. free.Select(f => new RouteCandidate(f.Person.Id, Level(queue, f), Load(f, at), (int)(at - f.BusyUntil).TotalSeconds))], free.Count, place)
        { Seq = 0, At = at, Call = call.Id };
        call.Decision = new RawJson(CallAggregate.Text(decision));
        Decisions.Add(new DecisionRow { Domain = options.Domain, Seq = --seq, CallId = call.Id, At = at, Body = call.Decision.Value });
    }

    void Offer(CallRow call, DemoShift shift, DemoQueue queue, int attempt, RouteRule rule, DateTimeOffset at, DateTimeOffset ends, OfferOutcome outcome)
    {
        var extension = shift.Person.Extension!;
        var rang = at.AddMilliseconds(180);
        Offers.Add(new OfferRow
        {
            Id = DerivedId.From(call.Id, DerivedId.Offer, attempt),
            CallId = call.Id,
            AgentId = shift.Person.Id,
            Node = options.Node,
            Extension = extension,
            Device = $"PJSIP/{extension}",
            QueueId = queue.Id,
            ClientId = call.ClientId,
            Attempt = attempt,
            Rule = rule,
            CanAnswer = true,
            CanHold = true,
            OfferedAt = at,
            RangAt = rang < ends ? rang : null,
            EndedAt = ends,
            Outcome = outcome,
            TechCause = outcome == OfferOutcome.Declined ? 603 : null,
            RingMs = (int)Math.Max(0, (ends - rang).TotalMilliseconds),
        });
        shift.Do(AgentState.Reserved, at, rang < ends ? rang : ends, call.Id);
        shift.Do(AgentState.Ringing, rang, ends, call.Id);
    }

    void Talk(CallRow call, DemoClient client, DemoShift shift, DemoQueue queue, DateTimeOffset at)
    {
        var talk_ms = (int)(Math.Clamp(random.LogNormal(queue.Talk_s, 0.6), 12, 1500) * 1000);
        var hold_ms = random.Percent(14) ? (int)(random.Between(8, 70) * 1000) : 0;
        call.WaitMs = (int)(at - call.QueuedAt!.Value).TotalMilliseconds;
        var ends = at.AddMilliseconds(talk_ms + hold_ms);
        Close(call, client, shift, at, ends, talk_ms, hold_ms, random.Percent(65) ? EndedBy.Caller : EndedBy.Agent);
        call.Outcome = CallOutcome.Answered;
        Leg(call, "PJSIP/trunk", null, true, call.StartedAt, at, ends, 0, 0, null);
        WrapUp(call, client, shift, queue, ends, talk_ms, hold_ms, at);
    }

    void Close(CallRow call, DemoClient client, DemoShift shift, DateTimeOffset answered, DateTimeOffset ends, int talk_ms, int hold_ms, EndedBy by)
    {
        (call.AnsweredAt, call.EndedAt, call.TalkMs, call.HoldMs, call.AgentId, call.EndedBy, call.Cause) = (answered, ends, talk_ms, hold_ms, shift.Person.Id, by, 16);
        missed.RemoveAll(m => m.Client == client);
        Contacts.Add(new ContactRow { ClientId = client.Id, CallId = call.Id, AgentId = shift.Person.Id, At = ends, TalkMs = talk_ms });
        if (talk_ms >= 20_000) last[client.Id] = (shift.Person.Id, ends);
        client.ResponsibleId ??= random.Percent(30) ? shift.Person.Id : null;
    }

    void WrapUp(CallRow call, DemoClient client, DemoShift shift, DemoQueue? queue, DateTimeOffset ends, int talk_ms, int hold_ms, DateTimeOffset answered)
    {
        var wrapUp_ms = (int)(Math.Clamp(6 + random.Exponential(14), 6, 60) * 1000);
        // One of them hurries, which the report on filling is there to show.
        var hurries = shift.Person.Login == "james" && Calls.Count % 11 == 0;
        if (hurries) wrapUp_ms = 2_000;
        shift.Do(AgentState.Talking, answered, ends, call.Id);
        shift.Do(AgentState.WrapUp, ends, ends.AddMilliseconds(wrapUp_ms), call.Id);
        Leg(call, $"PJSIP/{shift.Person.Extension}", shift.Person.Id, false, answered.AddSeconds(-5), answered, ends, talk_ms, hold_ms, wrapUp_ms);
        // What nobody finished at once is finished the days after; some of the last days are still to be done.
        if (random.Percent(8) && ends > now.AddDays(-3)) return;
        var (disposition, notes) = (Disposition(queue), queue?.Notes ?? DemoNames.SalesNotes);
        var (script, version, path, answers) = Scripts.Walk(call.Id, shift.Person.Id, queue?.Name, client.Language, answered, ends);
        WrapUps.Add(new DemoWrapUp(call.Id, shift.Person.Id, disposition, hurries ? "ok" : random.Percent(75) ? random.One(notes) : "", disposition == "callback" || random.Percent(12) ? random.One(DemoNames.NextSteps) : "",
            ends.AddMilliseconds(wrapUp_ms), answers, script, version, path));
        client.Confirmed = true;
    }

    string Disposition(DemoQueue? queue) => (queue?.Name, random.Next(100)) switch
    {
        ("Support", < 60) or ("Billing", < 55) => "solved",
        ("Support", < 75) or ("Billing", < 75) => "info",
        ("Support", < 85) or ("Billing", < 85) => "passed_on",
        ("Support", < 94) or ("Billing", < 93) => "complaint",
        ("Sales", < 18) or (null, < 12) => "order",
        ("Sales", < 45) or (null, < 40) => "offer",
        ("Sales", < 70) or (null, < 55) => "info",
        ("Sales", < 82) or (null, < 80) => "callback",
        ("Sales", < 96) or (null, < 97) => "no_interest",
        _ => "wrong_number",
    };

    void Abandon(CallRow call, DemoClient client, DateTimeOffset at)
    {
        call.WaitMs = (int)Math.Max(0, (at - call.QueuedAt!.Value).TotalMilliseconds);
        (call.EndedAt, call.EndedBy, call.Cause) = (at, EndedBy.Caller, 16);
        call.Outcome = call.WaitMs < 5000 ? CallOutcome.ShortAbandon : CallOutcome.Abandoned;
        if (call.Outcome == CallOutcome.Abandoned) missed.Add((client, at));
        Leg(call, "PJSIP/trunk", null, true, call.StartedAt, null, at, 0, 0, null);
    }

    void Outbound(DateTimeOffset at, List<DemoShift> shifts)
    {
        var free = shifts.Where(s => s.FreeAt(at) is { } f && f <= at).ToList();
        if (free.Count == 0) return;
        var shift = random.One(free);
        var client = clients[random.Next(known)];
        // Who was missed in the last hours is called back first; who does not answer comes up again later. A few of the last days always wait.
        if (missed.Count(m => at - m.At < TimeSpan.FromDays(3)) > FewWaiting && missed.FindIndex(m => m.At < at && at - m.At < TimeSpan.FromHours(3)) is >= 0 and var back)
        {
            var waits = missed[back];
            client = waits.Client;
            missed.RemoveAt(back);
            missed.Add(waits);
        }

        if (client.CreatedAt >= at) return;
        var call = Begin(at, client, CallDirection.Outbound, null);
        var rings = at.AddSeconds(random.Between(4, 18));
        call.CallerRaw = shift.Person.Extension!;
        call.AgentId = shift.Person.Id;
        shift.Do(AgentState.Talking, at, rings, call.Id);
        if (random.Percent(28))
        {
            (call.EndedAt, call.Outcome, call.EndedBy, call.Cause) = (rings, CallOutcome.NoAnswer, EndedBy.Agent, 19);
            Leg(call, $"PJSIP/{shift.Person.Extension}", shift.Person.Id, false, at, null, rings, 0, 0, null);
            return;
        }

        var talk_ms = (int)(Math.Clamp(random.LogNormal(140, 0.7), 10, 1200) * 1000);
        var ends = rings.AddMilliseconds(talk_ms);
        call.Outcome = CallOutcome.Answered;
        Close(call, client, shift, rings, ends, talk_ms, 0, random.Percent(50) ? EndedBy.Caller : EndedBy.Agent);
        Leg(call, "PJSIP/trunk", null, true, at.AddMilliseconds(300), rings, ends, 0, 0, null);
        WrapUp(call, client, shift, null, ends, talk_ms, 0, rings);
    }

    void Leg(CallRow call, string device, Guid? agent, bool isClient, DateTimeOffset from, DateTimeOffset? answered, DateTimeOffset ends, int talk_ms, int hold_ms, int? wrapUp_ms)
    {
        var count = channels[device] = channels.GetValueOrDefault(device) + 1;
        var unique = string.Create(CultureInfo.InvariantCulture, $"{options.Node}-{from.ToUnixTimeSeconds()}.{Legs.Count + 1}");
        Legs.Add(new LegRow
        {
            Node = options.Node,
            UniqueId = unique,
            CallId = call.Id,
            Channel = string.Create(CultureInfo.InvariantCulture, $"{device}-{count:x8}"),
            AgentId = agent,
            IsClient = isClient,
            StartedAt = from < call.StartedAt ? call.StartedAt : from,
            AnsweredAt = answered,
            EndedAt = ends,
            Cause = 16,
            TalkMs = talk_ms,
            HoldMs = hold_ms,
            WrapUpMs = wrapUp_ms,
        });
    }
}
