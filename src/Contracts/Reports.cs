namespace CallCrm.Contracts;

/// <summary>
/// GET /api/reports?by=queue|agent|number|campaign&amp;step=hour|day|whole&amp;period=today|yesterday|last_7_days|this_month (or from=&amp;to=, days, both counted in)&amp;zone=&amp;of=:
/// the figures of docs/reports.md; the same as CSV: /api/reports/csv. Rows in order of time, then name; where nothing happened there is no row.
/// </summary>
/// <param name="Zone">IANA zone in which days and hours are meant.</param>
/// <param name="Total">Over all rows; its service level is for the shortest target of all queues, as on the live board.</param>
/// <param name="More">There are more rows than are given here; the CSV has them all, and the total counts them.</param>
public sealed record ReportView(string By, string Step, DateOnly From, DateOnly To, string Zone, IReadOnlyList<ReportRow> Rows, ReportFigures Total, bool More);

/// <param name="At">When the hour or day began, at the zone's offset of then: an hour that comes twice differs by it.</param>
/// <param name="Id">Of queue or agent; the number as it was dialled; the campaign's code. Null: of no queue, no campaign.</param>
/// <param name="Name">Null: it has none (any more).</param>
public sealed record ReportRow(DateTimeOffset At, [property: NotANumber] string? Id, string? Name, ReportFigures Figures);

/// <summary>Denominator 0 → null. Seconds are whole, rounded after adding up milliseconds.</summary>
/// <param name="ServiceLevel_s">The target T that the percentage is for.</param>
/// <param name="Handled">Conversations of agents that ended: what AHT divides by.</param>
/// <param name="Blocked">Callers who were not let through; they are in no other figure. Not of agents.</param>
/// <param name="OutboundMade">Calls out that the agent began; agents only, as the other Outbound and Internal.</param>
/// <param name="Observed">Calls from outside that the PBX led by itself; of dialled numbers only. ObservedAnswered and ObservedTalk_s: of agents, too.</param>
/// <param name="Internal">Conversations with colleagues.</param>
/// <param name="CalledBackInTime">Of those called back, within <c>Missed:CallBackWithin</c> (30 minutes) of the first miss.</param>
/// <param name="InTimePercent">CalledBackInTime ÷ (these + who was not reached when that time was over); who rang again or was dealt with otherwise before is in neither. Of agents ÷ all that they called back.</param>
/// <param name="CallBack_s">From the first miss to our call that reached them, on average.</param>
/// <param name="OccupancyPercent">Agents only, as Busy_s and Ready_s.</param>
public sealed record ReportFigures(long Offered, long Answered, long Abandoned, long ShortAbandoned, int ServiceLevel_s, decimal? ServiceLevelPercent, decimal? AbandonPercent, int? Asa_s, int? Aht_s,
    long Handled, long Talk_s, long Hold_s, long WrapUp_s, decimal? OccupancyPercent, long Busy_s, long Ready_s, long Missed, long CalledBack, long Blocked = 0,
    long OutboundMade = 0, long OutboundAnswered = 0, long OutboundTalk_s = 0, long Observed = 0, long ObservedAnswered = 0, long ObservedTalk_s = 0, long Internal = 0, long InternalTalk_s = 0,
    long CalledBackInTime = 0, decimal? InTimePercent = null, int? CallBack_s = null);

/// <summary>
/// GET /api/reports/scripts?script=&amp;period=…(or from=&amp;to=)&amp;zone=&amp;agent=: how one script was used, over the wrap-ups of calls that began in these days.
/// Without script= the one used most.
/// </summary>
/// <param name="Script">Null: no script was used in these days.</param>
/// <param name="Scripts">All that were used in these days, by whomever, most used first.</param>
/// <param name="People">Who wrapped up with this script in these days.</param>
/// <param name="Paths">The commonest ways through it.</param>
/// <param name="OtherCalls">Calls on ways too rare to be listed.</param>
/// <param name="Steps">In the order of the script; those it no longer has at the end.</param>
/// <param name="Answers">Of questions with answers to choose from, in the order of the script; the most frequent answer first.</param>
public sealed record ScriptReportView(string? Script, Guid? Agent, DateOnly From, DateOnly To, string Zone, IReadOnlyList<ScriptUseRow> Scripts, IReadOnlyList<ScriptAgentRow> People, long Calls, long Finished,
    IReadOnlyList<ScriptPathRow> Paths, long OtherCalls, IReadOnlyList<ScriptStepRow> Steps, IReadOnlyList<ScriptAnswerRow>? Answers = null);

/// <summary>A script and the wrap-ups it led to.</summary>
public sealed record ScriptUseRow(string Id, string Title, long Calls);

/// <summary>One agent's use of the script.</summary>
/// <param name="Finished">Calls in which the script was walked to its end.</param>
public sealed record ScriptAgentRow(Guid Id, string Name, long Calls, long Finished);

/// <summary>A way through the script, without the detours, and how its calls came out.</summary>
/// <param name="Steps">Code and title of each step; without the end.</param>
/// <param name="Finished">It went to the end; else it was left at the last step.</param>
/// <param name="Dispositions">Most frequent first.</param>
/// <param name="Stages">Where deals were moved in the course of these calls, most frequent first.</param>
public sealed record ScriptPathRow(IReadOnlyList<NamedCode> Steps, bool Finished, long Calls, IReadOnlyList<ScriptOutcomeRow> Dispositions, IReadOnlyList<ScriptStageRow>? Stages = null);

/// <summary>A move of a deal from where it stood before the call to where it stood after the wrap-up.</summary>
/// <param name="Before">Null: the deal was made.</param>
/// <param name="Outcome">won or lost, of a stage that ends the deal.</param>
public sealed record ScriptStageRow(NamedCode DealType, NamedCode? Before, NamedCode After, string? Outcome, long Calls);

/// <summary>An answer that was chosen, and how its calls came out.</summary>
/// <param name="Calls">Wrap-ups with this answer.</param>
public sealed record ScriptAnswerRow(NamedCode Question, NamedCode Answer, long Calls, IReadOnlyList<ScriptOutcomeRow> Dispositions, IReadOnlyList<ScriptStageRow> Stages);

/// <summary>A disposition at the end of a way.</summary>
/// <param name="Outcome">positive, neutral or negative.</param>
public sealed record ScriptOutcomeRow(string Code, string Name, string Outcome, long Calls);

/// <summary>One step: how many came to it, went back from it or left the script there, and how long it took.</summary>
/// <param name="Calls">Wrap-ups whose way came by it, detours counted in.</param>
/// <param name="LeftHere">Wrap-ups for which the script stopped here before its end.</param>
/// <param name="Backs">Times that an agent went back from here.</param>
/// <param name="Timed">Stays that began before the call ended: what average and median are over.</param>
/// <param name="Average_s">Until the next move or the end of the call.</param>
public sealed record ScriptStepRow(string Id, string Title, long Calls, long LeftHere, long Backs, long Timed, int? Average_s, int? Median_s);

/// <summary>GET /api/reports/filling?period=&amp;from=&amp;to=&amp;zone=: the cards as they stand now; of the days asked for the wrap-ups.</summary>
/// <param name="Fields">As errors and rules name them; the site's own are <c>custom.CODE</c>.</param>
/// <param name="Own">Names of the site's own fields.</param>
/// <param name="Same">The commonest values that stand on more than 20 cards of one person, at most 200.</param>
public sealed record FillingView(DateOnly From, DateOnly To, string Zone, IReadOnlyList<string> Fields, IReadOnlyList<NamedCode> Own, IReadOnlyList<FillingRow> People, IReadOnlyList<SameValueRow> Same);

/// <param name="Id">Null: cards that nobody is responsible for.</param>
/// <param name="Filled">Cards with something in the field, in the order of the view's fields.</param>
/// <param name="SameValue">Values that stand on more than 20 cards of this person, counted on each.</param>
/// <param name="ShortCardNotes">Cards whose note has under 5 characters.</param>
/// <param name="NeverChanged">Cards whose numbers, mails and addresses are those with which they were made, 90 days ago or longer.</param>
/// <param name="ShortNotes">Wrap-ups with a note under 5 characters.</param>
/// <param name="QuickWrapUps">Of under 3 s.</param>
public sealed record FillingRow(Guid? Id, string? Name, long Cards, IReadOnlyList<long> Filled, long SameValue, long ShortCardNotes, long NeverChanged, long WrapUps, long ShortNotes, long QuickWrapUps);

public sealed record SameValueRow(Guid? Id, string? Name, string Field, string Value, long Cards);

/// <summary>
/// GET /api/reports/clients?by=&amp;sum=&amp;period=…(or from=&amp;to=)&amp;zone=: the clients that one sees, as they stand now, by a field of their cards or one of the site's own, with what happened with them in these days.
/// </summary>
/// <param name="By">segment, source, tag, language, city, kind, responsible, department, or <c>custom.CODE</c>.</param>
/// <param name="Sum">The own number or amount that is added up, as <c>custom.CODE</c>.</param>
/// <param name="Calls">False: one sees no calls, and their figures are 0; likewise Deals.</param>
/// <param name="Total">Each client once: where one stands in several rows (tags, choices, departments), the rows add up to more.</param>
/// <param name="Fields">What there is to group by and to add up, for whom it asks.</param>
public sealed record ClientsReportView(string By, string? Sum, DateOnly From, DateOnly To, string Zone, bool Calls, bool Deals, IReadOnlyList<ClientsReportRow> Rows, ClientsReportFigures Total,
    IReadOnlyList<ClientsReportField> Fields);

/// <param name="Code">As <c>by</c> and <c>sum</c> take it.</param>
/// <param name="Name">Null: of the card's own head, which pages name themselves.</param>
/// <param name="Kind">list, or what an own field holds (of a calculated one: its result): text, number, money, date, choice, choices, yes_no, link.</param>
public sealed record ClientsReportField(string Code, string? Name, string Kind, bool Sums = false);

/// <param name="Kind">value; others: values beyond the most frequent ones, and links to what one does not see or that is gone; without: nothing stands there.</param>
/// <param name="Key">The value as it is stored; of a day its month (2026-03); null of a range, others and without.</param>
/// <param name="Name">As people read it; null: the key says it.</param>
/// <param name="Currency">Of a range of amounts.</param>
/// <param name="From">A range begins here; null: it has no beginning.</param>
/// <param name="Below">It ends before this; null: it has no end.</param>
/// <param name="Filter">Of <c>GET /api/clients</c>, that lists these clients; null: it has none for them.</param>
public sealed record ClientsReportRow(string Kind, string? Key, string? Name, ClientsReportFigures Figures, [property: NotANumber] string? Currency = null, decimal? From = null, decimal? Below = null,
    [property: NotANumber] string? Filter = null);

/// <summary>Clients and open deals as they are now; all else is of the days asked for.</summary>
/// <param name="Called">Clients with at least one call, either way.</param>
/// <param name="CallsIn">Without those that were not let through.</param>
/// <param name="Missed">Calls in after which the client is to be called back, or was.</param>
/// <param name="Reached">Calls out that the client answered.</param>
/// <param name="Won">Deals that were closed as won in these days; likewise Lost.</param>
/// <param name="WonAmounts">Of the won deals, by currency.</param>
/// <param name="Sums">Of the own field that is added up, by currency; of a number one, without a currency.</param>
public sealed record ClientsReportFigures(long Clients, long New, long Called, long CallsIn, long Answered, long Missed, long CallsOut, long Reached, long Talk_s, long DealsOpened, long Won, long Lost, long OpenDeals,
    IReadOnlyList<CurrencySum> WonAmounts, IReadOnlyList<CurrencySum> Sums);

/// <param name="Count">How many values were added up.</param>
/// <param name="Average">Sum ÷ count, to two decimals.</param>
public sealed record CurrencySum(string? Currency, decimal Sum, long Count, decimal Average);
