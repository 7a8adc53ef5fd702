using CallCrm.CrmApi.Calls;

namespace CallCrm.CrmApi.Tests.Calls;

/// <summary>Who sees whose text of a call that went from Anna to Luca.</summary>
public sealed class CallDraftTests
{
    static readonly Guid Call = Guid.CreateVersion7(), Anna = Guid.CreateVersion7(), Luca = Guid.CreateVersion7();
    static readonly DateTimeOffset Noon = new(2026, 3, 5, 12, 0, 0, TimeSpan.Zero);

    static DraftRow Row(Guid by, string field, string value, int minute, long version = 1) => new(Call, field, by, by, value, version, "p", Noon.AddMinutes(minute));

    static string[] Seen(Guid person, IReadOnlyDictionary<Guid, DateTimeOffset> came, params DraftRow[] rows) =>
        [.. new CallDraft(rows, came).SeenBy(person, id => id == Anna ? "Anna" : "Luca").Select(f => $"{f.Field.Split('.')[0]}{(f.By is null ? "" : " by " + f.By)}: {f.Value}")];

    static readonly Dictionary<Guid, DateTimeOffset> AnnaThenLuca = new() { [Anna] = Noon, [Luca] = Noon.AddMinutes(5) };

    [Fact]
    public void Who_gets_the_call_starts_with_the_answers_as_they_stand_and_a_note_of_their_own()
    {
        DraftRow[] rows = [Row(Anna, "note", "red", 1), Row(Anna, "answer.size", "small", 2), Row(Anna, "disposition", "sale", 3)];
        Seen(Luca, AnnaThenLuca, rows).Should().Equal("answer: small", "note by Anna: red");
        Seen(Anna, AnnaThenLuca, rows).Should().Equal("answer: small", "disposition: sale", "note: red");
    }

    [Fact]
    public void Who_handed_it_on_is_not_answered_for()
    {
        Seen(Anna, AnnaThenLuca, Row(Luca, "answer.size", "large", 6), Row(Luca, "script.step", "close", 6), Row(Luca, "card.x_name", "Mario", 6)).Should().BeEmpty();
        Seen(Luca, AnnaThenLuca, Row(Anna, "answer.size", "small", 7), Row(Luca, "answer.size", "", 6)).Should().Equal("answer: ");
    }

    [Fact]
    public void Who_gets_it_back_goes_on_from_where_the_colleague_left_it()
    {
        var back = new Dictionary<Guid, DateTimeOffset> { [Anna] = Noon.AddMinutes(10), [Luca] = Noon.AddMinutes(5) };
        DraftRow[] rows = [Row(Anna, "script.step", "need", 2), Row(Luca, "script.step", "need close", 7, 2)];
        Seen(Anna, back, rows).Should().Equal("script: need close");
        Seen(Anna, back, [.. rows, Row(Luca, "answer.size", "large", 12)]).Should().Equal("answer: large", "script: need close");
        Seen(Anna, back, [Row(Anna, "script.step", "need close end", 11, 3), rows[1]]).Should().Equal("script: need close end");
        Seen(Luca, back, rows).Should().Equal("script: need close");
    }

    [Fact]
    public void What_was_shared_before_is_of_who_wrote_it()
    {
        var shared = Row(Anna, "note", "red", 1) with { OwnerId = Guid.Empty };
        Seen(Anna, AnnaThenLuca, shared).Should().Equal("note: red");
        Seen(Anna, AnnaThenLuca, shared, Row(Anna, "note", "red, hurry", 6)).Should().Equal("note: red, hurry");
        Seen(Luca, AnnaThenLuca, shared).Should().Equal("note by Anna: red");
    }
}
