using CallCrm.CallRouter.Cel;

namespace CallCrm.CallRouter.Tests;

/// <summary>Every whole line once, whatever is done to the file meanwhile.</summary>
public sealed class CelFileTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("cel").FullName;

    string FilePath => Path.Combine(_folder, "cel.csv");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_there_at_the_first_look_is_the_past()
    {
        Write("a\nb\n");
        var file = New(null);
        Read(file).Should().BeEmpty();
        Write("c\nd");
        Read(file).Should().Equal("c@3");
        Write("d\n");
        Read(file).Should().Equal("dd@4");
        Read(file).Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_comes_later_is_read_from_its_beginning(bool emptyAtFirst)
    {
        var file = New(null);
        Read(file).Should().BeEmpty();
        if (emptyAtFirst)
        {
            Write("");
            Read(file).Should().BeEmpty();
        }

        Write("a\n");
        Read(file).Should().Equal("a@1");
    }

    [Fact]
    public void Where_there_was_no_file_when_we_ended_all_of_it_is_new()
    {
        Write("a\n");
        Read(New(CelPlace.Nowhere)).Should().Equal("a@1");
    }

    [Fact]
    public void Reading_goes_on_at_the_place_that_was_kept()
    {
        Write("a\n");
        var first = New(null);
        Read(first);
        Write("b\nc\n");
        var places = first.Read().ToList();
        var again = New(places[1].Place);
        Read(again).Should().Equal("c@3");
    }

    [Fact]
    public void A_renamed_file_is_read_to_its_end_before_the_new_one()
    {
        Write("a\n");
        var file = New(null);
        Read(file);
        Write("b\n");
        File.Move(FilePath, FilePath + ".1");
        Read(file).Should().Equal("b@2");
        File.AppendAllText(FilePath + ".1", "c\n");
        Write("d\ne\n");
        Read(file).Should().Equal("c@3", "d@1", "e@2");
        file.Gaps.Should().Be(0);
    }

    [Fact]
    public void Files_renamed_twice_while_nobody_read_are_all_read()
    {
        Write("a\n");
        var file = New(null);
        Read(file);
        Write("b\n");
        var kept = file.At;
        File.Move(FilePath, FilePath + ".2");
        File.SetLastWriteTimeUtc(FilePath + ".2", new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Write("c\nd\n");
        File.Move(FilePath, FilePath + ".1");
        File.SetLastWriteTimeUtc(FilePath + ".1", new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc));
        File.WriteAllText(FilePath + ".0.gz", "z\n");
        Write("e\n");
        Read(New(kept)).Should().Equal("b@2", "c@1", "d@2", "e@1");
    }

    [Fact]
    public void Copied_and_truncated_is_the_same_as_renamed()
    {
        Write("a\nb\n");
        var file = New(null);
        Read(file);
        Write("c\n");
        File.Copy(FilePath, FilePath + ".1");
        File.WriteAllText(FilePath, "");
        Read(file).Should().BeEmpty();
        Write("d\n");
        Read(file).Should().Equal("c@3", "d@1");
    }

    [Fact]
    public void A_part_that_is_gone_is_told_and_the_rest_is_read()
    {
        Write("a\nb\n");
        var file = New(null);
        Read(file);
        File.Delete(FilePath);
        Write("x\n");
        Read(file).Should().Equal("x@1");
        file.Gaps.Should().Be(1);
    }

    CelFile New(CelPlace? from)
    {
        var file = new CelFile(FilePath);
        file.Attach(from);
        return file;
    }

    void Write(string text) => File.AppendAllText(FilePath, text);

    static List<string> Read(CelFile file) => [.. file.Read().Select(l => $"{l.Text}@{l.Place.Line}")];
}
