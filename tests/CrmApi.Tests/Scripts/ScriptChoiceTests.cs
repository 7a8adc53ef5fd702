using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

public sealed class ScriptChoiceTests
{
    private static readonly Script[] Library =
    [
        Script("any"),
        Script("new", "{ client: new }"),
        Script("new-inbound", "{ client: new, direction: inbound }"),
        Script("known", "{ client: known, deal: none }"),
        Script("vip", "{ segment: vip }"),
        Script("vip-first", "{ segment: [vip, gold] }", priority: 5),
        Script("negotiation", "{ client: known, deal_stage: [proposal, negotiation] }"),
        Script("sale-negotiation", "{ client: known, deal_type: sale, deal_stage: negotiation }"),
        Script("open", "{ deal: open }"),
        Script("any-it", "{}", "it"),
        Script("nuovo-it", "{ client: new }", "it"),
        Script("twin-b", "{ direction: outbound, segment: twin }"),
        Script("twin-a", "{ direction: outbound, segment: twin }"),
        Script("only-new-de", "{ client: new }", "de"),
        Script("winter", "{ campaign: [winter, spring] }"),
        Script("winter-known", "{ campaign: winter, client: known }"),
        Script("winter-help-desk", "{ campaign: winter, queue: help desk }", priority: -9),
        Script("help-desk", "{ queue: [Help desk, Assistenza] }"),
        Script("help-desk-new", "{ queue: help desk, client: new }", priority: -5),
    ];

    private static readonly ScriptCall New = new(ClientKind.New, ScriptDirection.Inbound);
    private static readonly ScriptCall Known = new(ClientKind.Known, ScriptDirection.Inbound);
    private static readonly ScriptCall Deal = Known with { HasOpenDeal = true, DealType = "rent", DealStage = "negotiation" };

    public static TheoryData<string, string, string> Calls => new()
    {
        { "new inbound", "new-inbound", "two conditions beat one" },
        { "new outbound", "new", "a condition that does not fit rules a script out" },
        { "known", "known", "client and deal beat the general script" },
        { "known with a deal in no stage known here", "open", "an open deal is a condition met" },
        { "known in negotiation", "negotiation", "client and stage" },
        { "a sale in negotiation", "sale-negotiation", "type and stage beat stage alone" },
        { "a deal that is closed", "known", "type and stage of no open deal count nothing" },
        { "new vip outbound", "vip-first", "one condition each: the highest priority" },
        { "VIP written large", "vip-first", "codes are compared without case" },
        { "twin outbound", "twin-a", "same conditions, same priority: the id decides" },
        { "new, client Italian", "nuovo-it", "the client's language first" },
        { "new, client it-IT", "nuovo-it", "a regional variant is its language" },
        { "known, client Italian", "any-it", "a general script in the client's language beats a fitting one in another" },
        { "new, number Italian", "nuovo-it", "then the dialled number's language" },
        { "new, client English, number Italian", "new-inbound", "the client's language beats the number's" },
        { "new, agent Italian", "nuovo-it", "then the agent's language" },
        { "known, client German", "known", "no German script fits, so English" },
        { "known, client German, agent Italian", "any-it", "no German script fits, so the agent's language" },
        { "known with a deal in negotiation, at the help desk", "help-desk", "the queue says what the call is about, so it goes before all else" },
        { "new inbound, at the help desk", "help-desk-new", "among those for the queue the most conditions met, whatever the priority" },
        { "known, client Italian, at the help desk", "any-it", "the language comes before the queue" },
        { "new, of the campaign", "winter", "the campaign says what the call is about, so it goes before all else" },
        { "known, of the campaign", "winter-known", "among those for the campaign the most conditions met" },
        { "new, of the campaign, at the help desk", "winter-help-desk", "for this queue and campaign goes before for one of them" },
        { "new, of another campaign", "new-inbound", "a script for a campaign fits its calls alone" },
        { "new, client Finnish", "new-inbound", "a language without scripts falls back to English" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void The_most_specific_script_in_the_right_language_is_chosen(string call, string script, string because)
    {
        ScriptChoice.Choose(Library, Call(call))!.Script.Id.Should().Be(script, because);
        ScriptChoice.Choose(Library.Reverse(), Call(call))!.Script.Id.Should().Be(script, "the order of the files plays no part");
    }

    [Fact]
    public void No_script_fits_when_none_is_general()
    {
        ScriptChoice.Choose(Library.Where(s => s.Id == "known"), New).Should().BeNull();
        ScriptChoice.Choose([], New).Should().BeNull();
    }

    [Fact]
    public void The_reason_names_what_the_call_met_and_whose_language_it_is()
    {
        Why(New).Should().Be("client new, direction inbound · en Nobody");
        Why(Known with { ClientLanguage = "it" }).Should().Be(" · it Client");
        Why(New with { NumberLanguage = "it-IT", AgentLanguage = "en" }).Should().Be("client new · it Number");
        Why(Deal with { AgentLanguage = "en", DealStageName = "Negotiation" }).Should().Be("client known, deal_stage Negotiation · en Agent", "what people call the stage, and that there is a deal goes without saying");
        Why(Known with { Segment = "VIP", SegmentName = "Very important", ClientLanguage = "en" }).Should().Be("client known, deal none · en Client", "two conditions beat one");
        Why(New with { Direction = ScriptDirection.Outbound, Segment = "gold", SegmentName = "Gold" }).Should().Be("segment Gold · en Nobody");
        Why(Known with { Queue = "Help desk" }).Should().Be("queue Help desk · en Nobody");
        Why(Known with { Campaign = "SPRING", CampaignName = "Spring sale" }).Should().Be("campaign Spring sale · en Nobody");

        static string Why(ScriptCall call)
        {
            var why = ScriptChoice.Choose(Library, call)!.Why;
            return $"{string.Join(", ", why.Met.Select(m => $"{m.Kind} {m.Value}"))} · {why.Language} {why.LanguageOf}";
        }
    }

    [Fact]
    public void The_delivered_scripts_serve_every_inbound_call()
    {
        var delivered = new ScriptFolder(ScriptLibraryTests.Folder, ScriptShape.Library, TimeProvider.System, _ => null).Read().Scripts;

        ScriptChoice.Choose(delivered, New)!.Script.Id.Should().Be("new-caller");
        ScriptChoice.Choose(delivered, Known)!.Script.Id.Should().Be("known-client");
        ScriptChoice.Choose(delivered, Deal)!.Script.Id.Should().Be("deal-in-negotiation");
        ScriptChoice.Choose(delivered, Deal with { DealStage = "proposal" })!.Script.Id.Should().Be("deal-in-negotiation");
        ScriptChoice.Choose(delivered, Deal with { DealStage = "lead" })!.Script.Id.Should().Be("open-deal");
        foreach (var (language, suffix) in new[] { ("it", "-it"), ("ru", "-ru") })
        {
            ScriptChoice.Choose(delivered, New with { ClientLanguage = language })!.Script.Id.Should().Be("new-caller" + suffix);
            ScriptChoice.Choose(delivered, Known with { NumberLanguage = language })!.Script.Id.Should().Be("known-client" + suffix);
            ScriptChoice.Choose(delivered, Deal with { AgentLanguage = language })!.Script.Id.Should().Be("deal-in-negotiation" + suffix);
        }
    }

    [Fact]
    public void Each_delivered_script_has_calls_of_its_own()
    {
        var delivered = new ScriptFolder(ScriptLibraryTests.Folder, ScriptShape.Library, TimeProvider.System, _ => null).Read().Scripts;
        var calls = new Dictionary<string, ScriptCall>
        {
            ["new-caller"] = New,
            ["known-client"] = Known,
            ["open-deal"] = Deal with { DealStage = "lead" },
            ["deal-in-negotiation"] = Deal,
            ["support"] = Deal with { Queue = "Support" },
            ["complaint"] = Deal with { Queue = "Complaints" },
            ["cold-call"] = New with { Direction = ScriptDirection.Outbound },
            ["appointment-confirmation"] = Deal with { Direction = ScriptDirection.Outbound, DealStage = "appointment" },
            ["receivables-reminder"] = Deal with { Direction = ScriptDirection.Outbound, Segment = "overdue" },
            ["client-check-in"] = Known with { Direction = ScriptDirection.Outbound },
        };

        calls.Should().OnlyContain(c => ScriptChoice.Choose(delivered, c.Value)!.Script.Id == c.Key);
        delivered.Where(s => s.Language == "en").Select(s => s.Id).Should().BeEquivalentTo(calls.Keys, "no script lies in the library without a call that it serves");
    }

    private static ScriptCall Call(string name) => name switch
    {
        "new inbound" => New,
        "new outbound" => New with { Direction = ScriptDirection.Outbound },
        "known" => Known,
        "known with a deal in no stage known here" => Deal with { DealStage = "strange" },
        "known in negotiation" => Deal,
        "a sale in negotiation" => Deal with { DealType = "sale" },
        "a deal that is closed" => Deal with { HasOpenDeal = false },
        "new vip outbound" => New with { Direction = ScriptDirection.Outbound, Segment = "vip" },
        "VIP written large" => New with { Direction = ScriptDirection.Outbound, Segment = "VIP" },
        "twin outbound" => New with { Direction = ScriptDirection.Outbound, Segment = "twin" },
        "new, client Italian" => New with { ClientLanguage = "it" },
        "new, client it-IT" => New with { ClientLanguage = "it-IT" },
        "known, client Italian" => Known with { ClientLanguage = "it" },
        "new, number Italian" => New with { NumberLanguage = "it", AgentLanguage = "en" },
        "new, client English, number Italian" => New with { ClientLanguage = "en", NumberLanguage = "it" },
        "new, agent Italian" => New with { AgentLanguage = "it" },
        "known, client German" => Known with { ClientLanguage = "de" },
        "known, client German, agent Italian" => Known with { ClientLanguage = "de", AgentLanguage = "it" },
        "known with a deal in negotiation, at the help desk" => Deal with { Queue = "Help Desk" },
        "new inbound, at the help desk" => New with { Queue = "help desk" },
        "known, client Italian, at the help desk" => Known with { ClientLanguage = "it", Queue = "Assistenza" },
        "new, of the campaign" => New with { Campaign = "winter" },
        "known, of the campaign" => Known with { Campaign = "winter" },
        "new, of the campaign, at the help desk" => New with { Campaign = "winter", Queue = "Help desk" },
        "new, of another campaign" => New with { Campaign = "summer" },
        "new, client Finnish" => New with { ClientLanguage = "fi" },
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    private static Script Script(string id, string conditions = "{}", string language = "en", int priority = 0) =>
        ScriptText.Good(ScriptText.Minimal(id, conditions, language, priority));
}
