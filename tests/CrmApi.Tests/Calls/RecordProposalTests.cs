using CallCrm.Contracts;
using CallCrm.CrmApi.Calls;
using CallCrm.CrmApi.Scripts;
using CallCrm.CrmApi.Tests.Scripts;

namespace CallCrm.CrmApi.Tests.Calls;

/// <summary>The proposal for a record, from a call given by hand.</summary>
public sealed class RecordProposalTests
{
    static readonly Script Script = ScriptText.Good(ScriptText.WithSteps("""
        steps:
          - id: why
            title: Reason
            say: "One."
            questions:
              - id: reason
                ask: "Why do you call?"
                kind: choice
                fills: call.topic
                required: true
                answers:
                  - { id: price, label: "The price", value: price }
                  - { id: fault, label: "A fault", value: fault }
          - id: wish
            title: Wish
            say: "Two."
            questions:
              - id: what
                ask: "What shall we do next?"
                kind: text
                fills: deal.next_step
              - id: day
                ask: "Which day?"
                kind: date
                fills: call.callback_date
              - id: how
                ask: "How did it end?"
                kind: choice
                fills: call.outcome
                answers:
                  - { id: later, label: "Later", value: callback }
                  - { id: odd, label: "Odd", value: nothing_known }
        """));

    static readonly DispositionView Sale = new("sale", "Sale", "positive"), Info = new("info", "Information", "neutral"), No = new("no", "No interest", "negative");
    static readonly DispositionView Later = new("callback", "Call back", "neutral", Rule: new DispositionRule(Callback: new FollowUpRule("Call back", 2, "10:00")));
    static readonly DateTimeOffset Ended = new(2026, 3, 5, 12, 0, 0, TimeSpan.Zero);
    static readonly TimeZoneInfo Rome = TimeZoneInfo.FindSystemTimeZoneById("Europe/Rome");
    static readonly Guid Mara = Guid.CreateVersion7(), Piero = Guid.CreateVersion7();

    static CallRecord Call(Script? script, string path, int talk_s = 100, params (string Question, string Answer)[] answers) =>
        new(script, path.Split(' ', StringSplitOptions.RemoveEmptyEntries), answers.ToDictionary(a => a.Question, a => a.Answer), talk_s, [Sale, Info, Later, No], [], [],
            new Dictionary<Guid, string>(), "+390212345678", [], Ended, Rome, Rome);

    static LikeCall[] Like(int count, string disposition, string path, int talk_s) => [.. Enumerable.Repeat(new LikeCall(disposition, path.Split(' '), talk_s), count)];

    static DealView Deal(string type, Guid id) => new(id, 1, type, type, "open", "Open", "A deal", null, "EUR", null, Ended, 1);

    static readonly (string Why, string Path, int Talk_s, LikeCall[] Like, string Expected, string Because)[] Dispositions =
    [
        ("to the end in a talk", "why wish end", 100, [], "sale", "talk"),
        ("to the end without a talk", "why wish end", 10, [], "info", "talk"),
        ("left after a talk", "why", 60, [], "info", "talk"),
        ("most of the like calls", "why wish", 100, [.. Like(3, "no", "why wish", 90), .. Like(1, "sale", "why wish", 90)], "no", "history"),
        ("two like calls say nothing", "why wish", 100, Like(2, "no", "why wish", 90), "info", "talk"),
        ("ended elsewhere", "why wish", 100, Like(9, "no", "why", 90), "info", "talk"),
        ("as long a talk counts more", "why wish", 100, [.. Like(3, "no", "why wish", 90), .. Like(4, "sale", "why wish", 900)], "no", "history"),
        ("the same way counts more", "why wish end", 100, [.. Like(3, "no", "why wish end", 90), .. Like(4, "sale", "why end", 90)], "no", "history"),
        ("no half of all", "why wish", 100, [.. Like(2, "no", "why wish", 90), .. Like(2, "sale", "why wish", 90), .. Like(2, "info", "why wish", 90)], "info", "talk"),
        ("what is not offered is not proposed", "why wish", 100, Like(9, "put_away", "why wish", 90), "info", "talk"),
    ];

    [Fact]
    public void The_disposition_comes_from_like_calls_or_from_way_and_talk()
    {
        foreach (var (why, path, talk_s, like, expected, because) in Dispositions)
        {
            var proposal = RecordProposal.Of(Call(Script, path, talk_s) with { Like = like });
            (proposal.Fields["disposition"], proposal.Because).Should().Be((expected, because), why);
        }
    }

    [Fact]
    public void Of_who_was_gone_at_once_none_is_proposed_unless_like_calls_tell()
    {
        var call = Call(Script, "why", 5);
        RecordProposal.Of(call).Fields.Should().NotContainKey("disposition");
        RecordProposal.Of(call with { Like = Like(3, "no", "why", 4) }).Fields["disposition"].Should().Be("no");
    }

    [Fact]
    public void An_outcome_that_the_script_names_goes_before_all()
    {
        var call = Call(Script, "why wish end", 100, ("how", "later")) with { Like = Like(9, "no", "why wish end", 90) };
        var proposal = RecordProposal.Of(call);
        (proposal.Fields["disposition"], proposal.Because).Should().Be(("callback", "script"));
        (proposal.Fields["next_step"], proposal.Fields["next_at"]).Should().Be(("Call back", "2026-03-07T09:00Z"), "the disposition's rule says so");
        RecordProposal.Of(Call(Script, "why wish end", 100, ("how", "odd"))).Because.Should().Be("talk", "no disposition has this code");
    }

    [Fact]
    public void Subject_summary_and_next_step_are_what_was_answered()
    {
        var proposal = RecordProposal.Of(Call(Script, "why wish end", 100, ("what", "send the offer"), ("reason", "price"), ("day", "2026-04-01")));
        proposal.Fields.Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["disposition"] = "sale",
            ["subject"] = "The price",
            ["next_step"] = "send the offer",
            ["next_at"] = "2026-04-01T08:00Z",
            ["note"] = "Why do you call? – The price\nWhat shall we do next? – send the offer\nWhich day? – 2026-04-01",
        });
        RecordProposal.Of(Call(Script, "why wish end", 100, ("what", "send it"), ("day", "2026-03-01"))).Fields.Should().NotContainKey("next_at", "that day is over");
    }

    [Fact]
    public void Without_a_script_it_proposes_only_what_the_card_tells()
    {
        var deal = Guid.CreateVersion7();
        var proposal = RecordProposal.Of(Call(null, "") with { Deals = [Deal("order", deal)], Contacts = [new ContactView(Mara, "Mara", null)] });
        proposal.Because.Should().BeNull();
        proposal.Fields.Should().BeEquivalentTo(new Dictionary<string, string> { ["deal"] = deal.ToString(), ["contact"] = Mara.ToString() });
    }

    [Fact]
    public void The_contact_is_who_has_the_callers_number()
    {
        var call = Call(null, "") with { Contacts = [new ContactView(Mara, "Mara", null), new ContactView(Piero, "Piero", null)] };
        RecordProposal.Of(call).Fields.Should().NotContainKey("contact", "it could be either");
        RecordProposal.Of(call with { ContactNumbers = new Dictionary<Guid, string> { [Piero] = "+390212345678" } }).Fields["contact"].Should().Be(Piero.ToString());
        RecordProposal.Of(call with { ContactNumbers = new Dictionary<Guid, string> { [Piero] = "+390212345678", [Mara] = "+390212345678" } }).Fields.Should().NotContainKey("contact");
    }

    [Fact]
    public void Of_several_deals_it_is_the_one_moved_last()
    {
        var (last, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        RecordProposal.Of(Call(Script, "why") with { Deals = [Deal("order", last), Deal("service", other)] }).Fields["deal"].Should().Be(last.ToString());
    }
}
