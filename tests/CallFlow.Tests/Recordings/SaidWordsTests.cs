namespace CallCrm.CallFlow.Tests.Recordings;

public sealed class SaidWordsTests
{
    [Theory]
    [InlineData("Perché l'ordine n. 3.50?", "3 50 l n ordine perche")]
    [InlineData("Ёлка, ЙОД и ёлка", "елка и иод")]
    [InlineData("e-mail: a@b.it", "a b e it mail")]
    [InlineData(" … ", "")]
    public void Words_are_small_without_accents_and_each_once(string text, string expected) => string.Join(' ', SaidWords.Of([text])).Should().Be(expected);

    [Theory]
    [InlineData("Prev CALDAIE", "'prev':* & 'caldaie':*")]
    [InlineData("a' & !b | (c):*", "'a':* & 'b':* & 'c':*")]
    [InlineData("ещё", "'еще':*")]
    [InlineData("!?", null)]
    [InlineData("", null)]
    public void A_question_is_all_its_words_as_beginnings_and_never_an_operator(string text, string? expected) => SaidWords.Query(text).Should().Be(expected);

    [Theory]
    [InlineData("prev CALD", "Un preventivo: due caldaie.", 2)]
    [InlineData("prev prev", "Un preventivo.", 1)]
    [InlineData("еще entivo", "Ещё preventivo", 1)]
    [InlineData("", "Un preventivo.", 0)]
    public void A_line_has_as_many_of_the_asked_words_as_begin_words_in_it(string asked, string line, int expected) => SaidWords.In(line, SaidWords.Asked(asked)).Should().Be(expected);

    [Fact]
    public void No_word_and_no_question_is_too_long_for_the_database()
    {
        SaidWords.Of([new string('я', 5000)]).Single().Should().HaveLength(60);
        SaidWords.Query(string.Join(' ', Enumerable.Range(0, 50)))!.Split('&').Should().HaveCount(12);
    }
}
